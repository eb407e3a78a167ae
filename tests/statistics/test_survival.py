"""Kaplan and Meier against a published example, and counts where all have one horizon.

Remission of leukaemia under 6-mercaptopurine, weeks (Freireich et al. 1963, Blood 21:699; the
estimate is tabulated in textbooks, such as Klein & Moeschberger 2003, chapter 4).
"""

import numpy as np

from sdn_mc.statistics import kaplan_meier, median_time, survival_interval

WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
# Week, at risk, share still in remission, its standard error.
PUBLISHED = [
    (6, 21, 0.857, 0.0764),
    (7, 17, 0.807, 0.0869),
    (10, 15, 0.753, 0.0963),
    (13, 12, 0.690, 0.1068),
    (16, 11, 0.627, 0.1141),
    (22, 7, 0.538, 0.1282),
    (23, 6, 0.448, 0.1346),
]
ONE_EPOCH = np.zeros(200, np.int64)


def remission():
    return kaplan_meier(np.array(WEEKS, float), np.array(RELAPSED, bool))


def test_the_curve_is_the_published_one():
    found = remission()
    week, at_risk, share, error = map(np.array, zip(*PUBLISHED, strict=True))
    np.testing.assert_array_equal(found.time, week)
    np.testing.assert_array_equal(found.n_at_risk, at_risk)
    # As printed: three and four decimals.
    np.testing.assert_allclose(found.share, share, atol=5.1e-4)
    np.testing.assert_allclose(found.standard_error, error, atol=5.1e-5)


def test_the_median_is_the_published_one_between_its_log_log_limits():
    # From the published values, S ** exp(+-1.96 se / |S log S|): at 10 weeks the lower limit is
    # 0.503, at 13 weeks 0.431; the upper one is still 0.68 at 23 weeks.
    assert median_time(remission()) == (23.0, 13.0, np.inf)


def test_with_one_horizon_the_estimate_is_a_count_and_a_binomial_error():
    rng = np.random.default_rng(1)
    values = np.round(rng.exponential(600.0, 200), -1)
    values[values > 900] = np.inf
    found = kaplan_meier(np.minimum(values, 900.0), np.isfinite(values))
    counted = np.array([(values > t).mean() for t in found.time])
    np.testing.assert_allclose(found.share, counted, rtol=1e-12)  # rounding
    binomial = np.sqrt(counted * (1 - counted) / 200)
    np.testing.assert_allclose(found.standard_error, binomial, rtol=1e-9)
    row = survival_interval(values, ONE_EPOCH)
    assert row.low < row.value == np.sort(values)[99] < row.high


def test_what_is_never_restored_has_no_median():
    never = survival_interval(np.full(200, np.inf), ONE_EPOCH)
    assert (never.value, never.low, never.high) == (np.inf, 0.0, np.inf)
    few = survival_interval(np.where(np.arange(200) < 60, 5.0, np.inf), ONE_EPOCH)
    assert (few.value, few.high) == (np.inf, np.inf)


def test_what_is_never_down_has_no_width():
    found = survival_interval(np.zeros(200), ONE_EPOCH)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_wide_limits_about_the_first_events_are_no_limits_of_the_median():
    # Of 1000 draws, with limits five times as wide, the log-log limit is below a half already after
    # the first event; a share of 0.5 +- 0.15 is still waiting within 150 ranks of the median.
    low = median_time(kaplan_meier(np.arange(1.0, 1001.0), np.ones(1000, bool)), inflation=5.0)[1]
    assert 330 < low < 370


def test_epochs_that_differ_widen_the_interval():
    rng = np.random.default_rng(2)
    epoch = np.repeat(np.arange(4), 50)
    noise = rng.exponential(100.0, 200)
    alike, apart = survival_interval(noise, epoch), survival_interval(noise + 300 * epoch, epoch)
    assert apart.high - apart.low > 3 * (alike.high - alike.low)
