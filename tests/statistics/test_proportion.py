"""Intervals of shares against scipy and the exact coverage of `reference/domain.md` section 5.1."""

import numpy as np
import pytest
from scipy import stats

from sdn_mc.statistics import clopper_pearson, share_interval, wilson, zero_events_bound

# n, p, exact coverage of Wilson and of Clopper-Pearson at nominal 95 %, three digits.
COVERAGE = [
    (1024, 0.01, 0.960, 0.958),
    (1024, 0.001, 0.980, 0.980),
    (4096, 0.001, 0.959, 0.959),
    (4096, 0.0001, 0.936, 0.992),
    (16384, 0.0001, 0.974, 0.993),
]


@pytest.mark.parametrize(("k", "n"), [(0, 10), (3, 10), (10, 10), (512, 1024), (1023, 1024)])
def test_both_methods_equal_those_of_scipy(k, n):
    test = stats.binomtest(k, n)
    np.testing.assert_allclose(wilson(k, n), test.proportion_ci(method="wilson"), atol=1e-12)
    # scipy finds the exact limits by root search with a relative tolerance near 1e-9.
    np.testing.assert_allclose(
        clopper_pearson(k, n), test.proportion_ci(method="exact"), rtol=1e-6, atol=1e-12
    )


@pytest.mark.parametrize(("n", "p", "of_wilson", "of_exact"), COVERAGE)
def test_exact_coverage_is_the_published_table(n, p, of_wilson, of_exact):
    # Half a unit of the last published digit.
    assert coverage(wilson, n, p) == pytest.approx(of_wilson, abs=0.0005)
    assert coverage(clopper_pearson, n, p) == pytest.approx(of_exact, abs=0.0005)


@pytest.mark.parametrize(
    ("n", "bound", "tolerance"),
    [(1000, 2.99e-3, 5e-6), (4096, 7.31e-4, 5e-7), (10_000, 3.00e-4, 5e-7)],
)
def test_zero_events_leave_the_published_bound(n, bound, tolerance):
    assert zero_events_bound(n) == pytest.approx(bound, abs=tolerance)


@pytest.mark.parametrize("n", [64, 1024])
def test_the_share_of_draws_is_covered_at_every_probability(n):
    one_epoch = np.zeros(n, np.int64)
    rows = [share_interval((np.arange(n) < k).astype(float), one_epoch) for k in range(n + 1)]
    low, high = np.array([row.low for row in rows]), np.array([row.high for row in rows])
    for p in np.concatenate([np.geomspace(0.1 / n, 0.1, 150), np.linspace(0.1, 0.9, 81)]):
        inside = (low <= p) & (p <= high)
        # Exact sums: nothing random here.
        assert stats.binom.pmf(np.arange(n + 1), n, p)[inside].sum() >= 0.93, p


def test_epochs_that_are_all_or_nothing_count_as_one_draw_each():
    epoch = np.repeat(np.arange(8), 100)
    found = share_interval((epoch < 4).astype(np.float64), epoch)
    # Student's interval of four times 0 and four times 1; half and half have no skewness.
    truth = stats.ttest_1samp([0, 1] * 4, 0).confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(truth.low), pytest.approx(truth.high))


def test_epochs_that_differ_a_little_shrink_the_sample():
    epoch, k = np.repeat(np.arange(8), 100), np.repeat([16, 23, 25, 15, 17, 26, 21, 17], 100)
    values = (np.tile(np.arange(100), 8) < k).astype(np.float64)
    found = share_interval(values, epoch)
    low, high = wilson(160, 800)
    assert "effective sample" in found.method and found.method.startswith("Wilson")
    # Means of epochs vary by 19e-4, those of 100 independent draws by 16e-4.
    assert 1.05 < (found.high - found.low) / (high - low) < 1.7


def test_a_share_refuses_what_is_not_yes_or_no():
    with pytest.raises(ValueError, match="0 or 1"):
        share_interval(np.array([0.5, 1.0]), np.array([0, 0]))


def coverage(method, n, p):
    """Probability that the interval holds p, summed over every count that can matter."""
    k = np.arange(int(stats.binom.ppf(1e-12, n, p)), int(stats.binom.isf(1e-12, n, p)) + 1)
    inside = [low <= p <= high for low, high in (method(int(i), n) for i in k)]
    return stats.binom.pmf(k, n, p)[inside].sum()
