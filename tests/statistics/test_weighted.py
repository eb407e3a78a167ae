"""Estimates from weighted draws, from strata and from nets, against closed forms."""

import numpy as np
import pytest

from sdn_mc.core.protocols import Output
from sdn_mc.statistics import Design, as_plain, effective_draws, summarise, variances
from sdn_mc.statistics.mean import mean_interval
from sdn_mc.statistics.quantile import quantile_interval
from sdn_mc.statistics.weighted import weighted_mean, weighted_quantile

RARE, TILTED = 1e-4, 0.2
YES_NO = (0.0, 1.0)


def tilted(n: int, generator: np.random.Generator) -> tuple[np.ndarray, Design]:
    """A rare yes or no, drawn often."""
    yes = generator.random(n) < TILTED
    return yes.astype(float), Design(np.where(yes, RARE / TILTED, (1 - RARE) / (1 - TILTED)))


def one_epoch(n: int) -> np.ndarray:
    return np.zeros(n, int)


def test_effective_draws_are_those_of_kish():
    assert effective_draws(np.ones(7)) == 7
    assert effective_draws(np.array([3.0, 1.0])) == pytest.approx(16 / 10)


def test_weights_that_miss_where_they_would_be_large_stand_for_nothing():
    """Their mean is 1; where none of those that make it so was drawn, all look alike and small."""
    generator = np.random.default_rng(4)
    for spread, holds in ((0.3, True), (1.0, True), (4.0, False)):
        weight = np.exp(spread * generator.standard_normal(1000) - spread**2 / 2)
        assert (Design(weight).lacks() == "") == holds, spread
    missed = Design(np.exp(-20 + 0.1 * generator.standard_normal(1000)))
    assert effective_draws(missed.weight) > 900 and "the mean 2.1e-09, not 1" in missed.lacks()
    found = weighted_mean(generator.random(1000), one_epoch(1000), missed, within=YES_NO)
    assert np.isnan(found.value) and (found.low, found.high) == YES_NO
    assert Design(np.ones(3)).lacks() == ""


def test_a_tilted_mean_is_unbiased_and_its_intervals_cover():
    """Noise of its own in each value, so that weights do not tell it all."""
    generator, n, repeats = np.random.default_rng(5), 400, 600
    found, covered = [], 0
    truth = 0.7 * RARE
    for _ in range(repeats):
        yes, design = tilted(n, generator)
        values = yes * (generator.random(n) < 0.7)
        each = weighted_mean(values, one_epoch(n), design, within=YES_NO)
        found.append(each.value)
        covered += each.low <= truth <= each.high
    sigma = np.std(found) / np.sqrt(repeats)
    assert abs(np.mean(found) - truth) < 4 * sigma
    # By the unbiased estimate: variance 0.7 RARE^2 / TILTED - truth^2, which is not exceeded.
    assert np.var(found) < (0.7 * RARE**2 / TILTED - truth**2) / n * (1 + 4 * np.sqrt(2 / repeats))
    assert covered / repeats > 0.95 - 4 * np.sqrt(0.05 * 0.95 / repeats)


def test_availability_and_unavailability_add_up_and_what_all_have_is_exact():
    generator, n = np.random.default_rng(6), 500
    yes, design = tilted(n, generator)
    epoch = np.arange(n) // 250
    values = yes * generator.random(n)
    up, down = (weighted_mean(x, epoch, design, within=YES_NO) for x in (1 - values, values))
    assert up.value + down.value == pytest.approx(1, abs=1e-12)
    assert up.standard_error == pytest.approx(down.standard_error, rel=1e-9)
    alike = weighted_mean(np.full(n, 0.3), epoch, design, within=YES_NO)
    assert alike.value == pytest.approx(0.3, rel=1e-12) and alike.standard_error < 1e-15
    none = weighted_mean(np.zeros(n), epoch, design, within=YES_NO)
    largest = design.weight.max() / design.weight.sum()
    assert none.high == pytest.approx(-np.log(0.05) * largest, rel=0.05)  # epochs weigh unequally


def test_equal_weights_give_the_plain_interval():
    values = np.random.default_rng(7).random(300)
    epoch = np.arange(300) // 100
    plain = mean_interval(values, epoch, within=YES_NO)
    same = weighted_mean(values, epoch, Design(np.ones(300)), within=YES_NO)
    assert (same.low, same.value, same.high) == pytest.approx(
        (plain.low, plain.value, plain.high), rel=1e-12
    )


def test_a_stratified_mean_has_the_variances_of_its_strata():
    generator = np.random.default_rng(8)
    stratum = np.repeat([0, 1, 2], [30, 50, 20])
    chance = np.array([0.9, 0.09, 0.01])
    weight = (chance / np.array([0.3, 0.5, 0.2]))[stratum]
    values = stratum + generator.random(100)
    design = Design(weight, stratum.astype(np.int32))
    of = [values[stratum == k] for k in range(3)]
    mean = sum(p * x.mean() for p, x in zip(chance, of, strict=True))
    variance = sum(p**2 * x.var(ddof=1) / len(x) for p, x in zip(chance, of, strict=True))
    found = weighted_mean(values, one_epoch(100), design, within=(-np.inf, np.inf))
    assert found.value == pytest.approx(mean, rel=1e-12)
    # The plain variance of 100 divides by 99 once more.
    assert found.standard_error == pytest.approx(np.sqrt(variance), rel=0.01)
    own, plain = variances(values, one_epoch(100), design)
    assert own == pytest.approx(100 * variance, rel=0.02)
    second = sum(p * np.mean((x - mean) ** 2) for p, x in zip(chance, of, strict=True))
    assert plain == pytest.approx(second, rel=1e-12)


def test_a_net_counts_as_one_draw():
    net = np.repeat(np.arange(40), 8).astype(np.int32)
    generator = np.random.default_rng(9)
    values = generator.random(40)[net] + np.tile(np.linspace(-1, 1, 8), 40)
    design = Design(np.ones(320), net=net)
    found = weighted_mean(values, one_epoch(320), design, within=(-np.inf, np.inf))
    means = values.reshape(40, 8).mean(axis=1)
    assert found.value == pytest.approx(values.mean())
    assert found.standard_error == pytest.approx(means.std(ddof=1) / np.sqrt(40))
    assert found.n_draw == 320


def test_paired_differences_of_weighted_draws_are_those_of_the_differences():
    generator, n = np.random.default_rng(10), 300
    yes, design = tilted(n, generator)
    a, b = yes + generator.random(n), generator.random(n)
    first, _ = as_plain(a, one_epoch(n), design)
    second, _ = as_plain(b, one_epoch(n), design)
    both, _ = as_plain(a - b, one_epoch(n), design)
    np.testing.assert_allclose(first - second, both, rtol=1e-9)


def test_a_median_over_few_epochs_that_differ_a_lot_has_the_ends_of_the_plain_one():
    """As with plain draws: Student's interval on the medians of the epochs, which stays finite."""
    generator, n = np.random.default_rng(14), 400
    epoch = np.arange(n) // 100
    values = epoch + 0.1 * generator.random(n)
    within = (0.0, np.inf)
    plain = quantile_interval(values, 0.5, epoch, within=within)
    equal = weighted_quantile(values, 0.5, epoch, Design(np.ones(n)), within=within)
    assert plain.method == "t over the medians of 4 epochs" and np.isfinite(plain.high)
    assert (equal.low, equal.value, equal.high) == (plain.low, plain.value, plain.high)
    yes = generator.random(n) < 0.5
    design = Design(np.where(yes, 0.4, 1.6))
    weighed = weighted_quantile(values, 0.5, epoch, design, within=within)
    assert weighed.low == pytest.approx(plain.low, abs=0.2) and weighed.dof == 3
    assert weighed.high == pytest.approx(plain.high, abs=0.2)


def test_whole_weights_give_the_quantile_of_repeated_draws():
    generator = np.random.default_rng(11)
    values, weight = generator.random(101), generator.integers(1, 6, 101)
    values[:20] = np.inf
    design = Design(weight / weight.mean())
    repeated = np.sort(np.repeat(values, weight))
    for q in (0.2, 0.5, 0.7, 0.95):
        found = weighted_quantile(values, q, one_epoch(101), design, within=(0.0, np.inf))
        rank = int(np.ceil(q * len(repeated) - 1e-9))
        assert found.value == repeated[rank - 1]
        assert found.low <= found.value <= found.high


@pytest.mark.parametrize("interval", ["mean", "share", "quantile", "survival", "tail"])
def test_every_method_has_a_weighted_form_that_covers(interval):
    """Uniform values (yes or no of them) drawn by a density that rises with x."""
    generator, n, repeats = np.random.default_rng(12), 300, 200
    tail = 0.2 if interval == "tail" else None
    output = Output("x", "1", "x", "x", interval, within=(0.0, 1.0), tail=tail)
    truth, covered = {"tail": 0.9, "share": 0.3}.get(interval, 0.5), 0
    for _ in range(repeats):
        x = np.sqrt(generator.uniform(0.01, 1, n))  # from 0.1 on
        u = (x - 0.1) / 0.9  # uniform under these weights, the ratio of 1 / 0.9 and 2 x / 0.99
        design = Design(1.1 / (2 * x))
        values = (u < 0.3).astype(float) if interval == "share" else u
        row = summarise(output, values[:, None], one_epoch(n), design=design)
        assert row["count"][0] == n and "weighted" in row["method"][0]
        covered += row["low"][0] <= truth <= row["high"][0]
    # Quantiles and tails are short by a few percent at this size.
    assert covered / repeats > 0.93 - 4 * np.sqrt(0.05 * 0.95 / repeats)
