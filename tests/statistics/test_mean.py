"""Intervals of means against closed forms, scipy, and hand-made tables."""

import numpy as np
import pytest
from scipy import stats

from sdn_mc.statistics import instants_interval, mean_interval, paired_difference


def one_epoch(values):
    return np.zeros(len(values), np.int64)


def test_symmetric_draws_of_one_epoch_give_the_t_interval_of_scipy():
    half = np.random.default_rng(1).normal(size=20)
    values = np.concatenate([half, -half]) + 3.0
    found = mean_interval(values, one_epoch(values))
    truth = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    # Third moment 0, so no skewness correction: equal to rounding.
    np.testing.assert_allclose([found.low, found.high], [truth.low, truth.high], rtol=1e-12)
    assert found.standard_error == pytest.approx(stats.sem(values), rel=1e-12)
    assert found.dof == pytest.approx(39)


def test_epochs_that_differ_a_lot_give_the_t_interval_over_epochs():
    epoch = np.repeat(np.arange(4), 10)
    values = np.array([1.0, 2.0, 3.0, 4.0])[epoch] + np.tile([-0.01, 0.01], 20)
    found = mean_interval(values, epoch)
    truth = stats.ttest_1samp([1.0, 2.0, 3.0, 4.0], 0).confidence_interval(0.95)
    np.testing.assert_allclose([found.low, found.high], [truth.low, truth.high], rtol=1e-9)
    assert found.dof == pytest.approx(3)


def test_epochs_that_agree_too_well_do_not_shrink_the_error_of_draws():
    epoch = np.repeat(np.arange(4), 10)
    values = np.tile([-1.0, 1.0], 20)  # every epoch has mean 0
    found = mean_interval(values, epoch)
    # Sum of squares 40 on 36 degrees of freedom, over 40 draws.
    assert found.standard_error == pytest.approx(np.sqrt(40 / 36 / 40), rel=1e-12)
    assert found.dof == pytest.approx(36)


def test_skewed_draws_agree_with_the_bca_bootstrap_of_scipy():
    rng = np.random.default_rng(2)
    values = rng.exponential(size=200)
    found = mean_interval(values, one_epoch(values))
    truth = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="BCa", batch=2000, rng=rng
    ).confidence_interval
    # Monte Carlo error of a 2.5 % quantile from 20,000 resamples: 0.019 standard errors; 4 sigma is
    # 0.076. Student against normal at 199 degrees of freedom adds 0.012.
    tolerance = 0.09 * found.standard_error
    assert abs(found.low - truth.low) < tolerance
    assert abs(found.high - truth.high) < tolerance


@pytest.mark.parametrize("events", [1, 2, 5, 20])
def test_rare_total_losses_come_close_to_the_exact_poisson_limits(events):
    values = np.zeros(1024)
    values[:events] = 1.0
    found = mean_interval(values, one_epoch(values), within=(0.0, 1.0))
    low, high = stats.chi2.ppf([0.025, 0.975], [2 * events, 2 * events + 2]) / 2
    # Second-order accurate: the rest is of order 1 / events, near 10 % for the fewest.
    assert found.high * 1024 == pytest.approx(high, rel=0.1)
    assert found.low * 1024 == pytest.approx(low, rel=0.1, abs=0.05)


def test_a_mean_near_one_mirrors_a_mean_near_zero():
    loss = np.where(np.arange(500) % 100 == 0, 0.3, 0.0)
    near_zero = mean_interval(loss, one_epoch(loss), within=(0.0, 1.0))
    near_one = mean_interval(1 - loss, one_epoch(loss), within=(0.0, 1.0))
    assert near_one.low == pytest.approx(1 - near_zero.high, rel=1e-12)
    assert near_one.high == pytest.approx(1 - near_zero.low, rel=1e-12)


@pytest.mark.parametrize("bound", [0.0, 1.0])
def test_no_event_at_all_leaves_the_one_sided_bound(bound):
    found = mean_interval(np.full(1000, bound), one_epoch(np.zeros(1000)), within=(0.0, 1.0))
    far = found.high if bound == 0 else 1 - found.low
    assert far == pytest.approx(2.99e-3, abs=0.005e-3)  # 1 - 0.05^(1/1000), two digits published
    assert found.value == bound
    assert found.standard_error > 0


def test_always_up_in_four_epochs_of_96_instants_is_bounded_by_the_instants():
    found = instants_interval(np.ones((4, 96)))
    assert found.value == 1.0
    assert found.low == pytest.approx(0.05 ** (1 / 384), rel=1e-12)
    assert found.high == 1.0
    # Two pseudo events in 388: sqrt(2) / 388.
    assert found.standard_error == pytest.approx(np.sqrt(2) / 388, rel=1e-12)


def test_one_lost_instant_counts_as_one_event():
    up = np.ones((4, 96))
    up[2, 40] = 0.0
    found = instants_interval(up)
    # One event makes two differences of 1, half of which is 1, scaled by 96 / 95 for the ends; then
    # two pseudo events. Epochs agree within that, so they add nothing.
    assert found.value == pytest.approx(383 / 384)
    assert found.standard_error == pytest.approx(np.sqrt(96 / 95 + 2) / 388, rel=1e-12)


@pytest.mark.parametrize("lost", [1, 2, 6, 40, 190, 378])
def test_limits_of_instants_are_those_of_clopper_and_pearson(lost):
    # Lost instants apart from each other and from the ends, all in one epoch: independent events.
    up = np.ones((1, 384))
    if lost <= 190:
        up[0, 2 * np.arange(lost) + 1] = 0.0
    else:
        up[0] = 0.0
        up[0, 2 * np.arange(384 - lost) + 1] = 1.0
    found = instants_interval(up)
    exact = stats.binomtest(384 - lost, 384).proportion_ci(method="exact")
    kept = 1 - lost / 384
    # Differences of such instants count k events, not the k (1 - k / n) of a binomial: for a fair
    # comparison, the exact arms are stretched by what that adds to the standard error. The
    # moments of the beta variable add up to 1 %.
    more = np.sqrt(1 / max(kept, 1 - kept))
    assert found.high - kept == pytest.approx((exact.high - kept) * more, rel=0.02)
    assert kept - found.low == pytest.approx((kept - exact.low) * more, rel=0.02)


def test_what_a_few_draws_lose_leaves_nearly_the_healthy_interval():
    # Up at every instant; one draw in a hundred loses 5 % of the time.
    epoch = np.repeat(np.arange(4), 250)
    values = np.where(np.arange(1000) % 100 == 0, 0.95, 1.0)
    per_instant = np.full((4, 96), values.mean())
    found = mean_interval(values, epoch, per_instant=per_instant, within=(0.0, 1.0))
    healthy = instants_interval(np.ones((4, 96)))
    # 3.7 possible events (two-sided) against 3.0 (one-sided), and the 0.19 that were lost.
    assert 1 - found.low < 1.45 * (1 - healthy.low)
    assert found.low < healthy.low
    # The draws' own: sqrt(0.01 * 0.99) * 0.05 / sqrt(1000) is 1.6e-4, twice that less the skewness.
    assert found.high == pytest.approx(values.mean() + 3e-4, abs=1e-4)


def test_a_slow_daily_cycle_costs_no_precision():
    # Up for the first half of each day: the strata know it, but for one difference in 96.
    up = np.tile(np.arange(96) < 48, (4, 1)).astype(np.float64)
    found = instants_interval(up)
    # Four differences of 1, halved, scaled by 96 / 95, and two pseudo events; independent instants
    # would have 0.5 / sqrt(384) = 0.0255.
    assert found.standard_error == pytest.approx(np.sqrt(2 * 96 / 95 + 2) / 388, rel=1e-12)


def test_draws_and_instants_both_count():
    rng = np.random.default_rng(3)
    epoch = np.repeat(np.arange(4), 50)
    up = rng.random((4, 96)) < 0.7
    draws = up.mean(axis=1)[epoch] * rng.uniform(0.5, 1.0, 200)
    both = mean_interval(draws, epoch, per_instant=up * 0.75, within=(0.0, 1.0))
    draws_only = mean_interval(draws - up.mean(axis=1)[epoch], epoch, within=(-1.0, 1.0))
    instants_only = instants_interval(up * 0.75)
    assert both.standard_error > draws_only.standard_error
    # Within 20 % of the sum of squares: the epochs' part differs between the three.
    total = np.hypot(draws_only.standard_error, instants_only.standard_error)
    assert both.standard_error == pytest.approx(total, rel=0.2)


def test_epochs_without_draws_are_left_out():
    values = np.random.default_rng(4).random(30)
    up = np.ones((4, 96))
    up[3] = 0.0
    found = mean_interval(values, one_epoch(values), per_instant=up, within=(0.0, 1.0))
    again = mean_interval(values, one_epoch(values), per_instant=up[:1], within=(0.0, 1.0))
    assert found == again


def test_a_paired_difference_is_the_paired_t_of_scipy_in_one_epoch():
    rng = np.random.default_rng(5)
    half = rng.normal(size=15)
    b = rng.normal(size=30)
    a = b + np.concatenate([half, -half]) + 0.4
    found = paired_difference(a, b, one_epoch(a))
    truth = stats.ttest_rel(a, b).confidence_interval(0.95)
    np.testing.assert_allclose([found.low, found.high], [truth.low, truth.high], rtol=1e-9)
    assert found.method.startswith("paired")


def test_columns_that_never_differ_may_differ_in_draws_not_seen():
    same = np.random.default_rng(7).random(1000)
    found = paired_difference(same, same, one_epoch(same), within=(-1.0, 1.0))
    assert found.value == 0
    # 1 - 0.05^(1/1000), two digits published, to either side.
    assert (found.low, found.high) == pytest.approx((-2.99e-3, 2.99e-3), abs=0.005e-3)


def test_one_draw_says_nothing_of_its_error():
    found = mean_interval(np.array([0.4]), np.array([0]), within=(0.0, 1.0))
    assert (found.value, found.low, found.high) == (0.4, 0.0, 1.0)
    assert found.standard_error == np.inf


def test_one_draw_with_instants_has_the_error_of_its_instants():
    up = (np.arange(96)[None] % 2).astype(np.float64)
    found = mean_interval(np.array([0.5]), np.array([0]), per_instant=up, within=(0.0, 1.0))
    # 95 differences of 1, halved, times 96 / 95, plus two; over 100 pseudo instants.
    assert found.standard_error == pytest.approx(np.sqrt(48 + 2) / 100, rel=1e-12)


def test_a_mean_refuses_infinite_values():
    with pytest.raises(ValueError, match="quantile"):
        mean_interval(np.array([1.0, np.inf]), np.array([0, 0]))


def test_the_order_of_draws_inside_an_epoch_is_free():
    rng = np.random.default_rng(6)
    epoch = np.repeat(np.arange(3), 20)
    values = rng.random(60)
    order = np.concatenate([e * 20 + rng.permutation(20) for e in range(3)])
    a = mean_interval(values, epoch, within=(0.0, 1.0))
    b = mean_interval(values[order], epoch, within=(0.0, 1.0))
    np.testing.assert_allclose([a.low, a.high], [b.low, b.high], rtol=1e-12)  # rounding of sums
