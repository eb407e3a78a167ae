"""Order-statistic intervals against the published ranks of `reference/domain.md` section 5.2."""

import numpy as np
import pytest

from sdn_mc.statistics import quantile_interval
from sdn_mc.statistics.quantile import order_ranks

RANKS = [
    (1000, 0.5, 469, 532),
    (1000, 0.95, 936, 964),
    (1000, 0.99, 983, 997),
    (4096, 0.95, 3863, 3919),
    (4096, 0.99, 4042, 4068),
    (4096, 0.999, 4088, 4096),
    (10_000, 0.95, 9457, 9543),
    (10_000, 0.99, 9880, 9920),
    (10_000, 0.999, 9983, 9997),
]


@pytest.mark.parametrize(("n", "q", "lower", "upper"), RANKS)
def test_ranks_are_the_published_ones(n, q, lower, upper):
    assert order_ranks(n, q) == (lower, upper)
    values = np.random.default_rng(n).permutation(np.arange(1, n + 1)).astype(float)
    found = quantile_interval(values, q)
    assert (found.value, found.low, found.high) == (np.ceil(round(q * n, 6)), lower, upper)


def test_undelivered_draws_are_values_like_any_other():
    values = np.concatenate([np.arange(1.0, 61.0), np.full(40, np.inf)])
    median = quantile_interval(values, 0.5)
    assert median.value == 50.0
    # Ranks 40 and 61: the upper one is already undelivered.
    assert (median.low, median.high) == (40.0, np.inf)
    assert quantile_interval(values, 0.95).value == np.inf


def test_too_few_draws_leave_an_open_end():
    found = quantile_interval(np.arange(1.0, 41.0), 0.95, within=(0.0, np.inf))
    assert found.value == 38.0
    assert np.isfinite(found.low)
    assert found.high == np.inf
    assert found.standard_error == np.inf


def test_equal_draws_have_no_width():
    found = quantile_interval(np.full(100, 0.05), 0.5, np.repeat(np.arange(4), 25))
    assert (found.low, found.value, found.high) == (0.05, 0.05, 0.05)


def test_epochs_that_differ_widen_the_median():
    rng = np.random.default_rng(7)
    epoch = np.repeat(np.arange(8), 64)
    noise = rng.normal(size=512)
    apart = quantile_interval(noise + 3 * rng.normal(size=8)[epoch], 0.5, epoch)
    alike = quantile_interval(noise, 0.5, epoch)
    assert apart.high - apart.low > 5 * (alike.high - alike.low)


def test_the_healthy_column_has_the_t_interval_over_its_epochs():
    found = quantile_interval(np.array([2.0, 1.0, 4.0, 3.0]), 0.5, np.arange(4))
    # Mean 2.5, standard deviation 1.29099, t_3 = 3.18245: arm 2.05426.
    assert found.value == 2.0
    assert found.low == pytest.approx(0.44574, abs=1e-5)
    assert found.high == pytest.approx(4.55426, abs=1e-5)


def test_an_epoch_without_delivery_leaves_the_healthy_column_open():
    found = quantile_interval(
        np.array([2.0, 1.0, np.inf, 3.0]), 0.5, np.arange(4), within=(0.0, np.inf)
    )
    assert (found.value, found.low, found.high) == (2.0, 0.0, np.inf)
