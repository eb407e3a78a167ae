"""Intervals: published values, then how often nominal 95 % ones hold a known truth.

Coverage by repetition: a case fails if its number of hits is less likely than four sigma at 93 %,
or at 97 % from above where the method is not conservative by construction (exact binomial).
"""

from collections.abc import Iterator

import numpy as np
from scipy import stats

from scripts.validation.rows import FOUR_SIGMA, Row, Setting, between, equal, near
from sdn_mc.statistics import (
    Estimate,
    clopper_pearson,
    instants_interval,
    mean_interval,
    paired_difference,
    quantile_interval,
    share_interval,
    survival_interval,
    wilson,
)
from sdn_mc.statistics.decision import FIRST, OPEN, decide
from tests.statistics import test_coverage as cases
from tests.statistics.test_quantile import RANKS
from tests.statistics.test_survival import PUBLISHED, remission

LEAST, MOST = 0.93, 0.97
NEWCOMBE = "Newcombe 1998, table I"


def published_values(setting: Setting) -> Iterator[Row]:
    """Order statistics, Student, Wilson, Clopper-Pearson, Kaplan-Meier, paired differences."""
    del setting
    for n, q, *expected in RANKS:
        found = quantile_interval(np.arange(1.0, n + 1), q)
        ranks = f"{np.ceil(round(q * n, 6)):.0f} in {expected[0]} to {expected[1]}"
        got = f"{found.value:.0f} in {found.low:.0f} to {found.high:.0f}"
        yield equal(f"rank of q = {q:g} of {n:,} and its interval", got, ranks, "", "binomial")
    five = np.array([-2.0, -1, 0, 1, 2])
    found = mean_interval(five, np.zeros(5, int))
    # Student's 2.776445 at 4 degrees of freedom, times sqrt(2.5 / 5).
    yield near("half-width of the mean of -2 to 2", found.high, 1.963243, 5e-7, "", "t table")
    for name, method, ends in (
        ("Wilson", wilson, (0.2553, 0.3662)),
        ("Clopper-Pearson", clopper_pearson, (0.2527, 0.3676)),
    ):
        for end, got, expected in zip(("low", "high"), method(81, 263), ends, strict=True):
            yield near(f"{name}, 81 of 263, {end}", got, expected, 5e-5, "", NEWCOMBE)
    curve = remission()
    for week, _, expected, _ in PUBLISHED[::3]:
        got = float(curve.share[np.flatnonzero(curve.time == week)[0]])
        yield near(f"6-MP remission at week {week}", got, expected, 5.1e-4, "", "Freireich 1963")
    yield from _of_pairs()


def _of_pairs() -> Iterator[Row]:
    """Draws of two cases, of which the first is better by 0.1 in every pair of neighbours."""
    noise = np.tile([0.02, -0.02], 32)
    base = np.linspace(0.3, 0.7, 64)
    better, epoch = base + 0.1 + noise, np.zeros(64, int)
    found = paired_difference(better, base, epoch)
    yield near("paired difference, first less second", found.value, 0.1, 1e-12, "", "by hand")
    rule = {"higher_is_better": True, "margin": 0.01, "reach": 1.0}
    word = decide(better, base, epoch, **rule).word
    yield equal("verdict where the first is better", word, FIRST, "", "by hand")
    word = decide(base + 5 * noise, base, epoch, **rule).word
    yield equal("verdict where neither is", word, OPEN, "", "by hand")


def coverage(setting: Setting) -> Iterator[Row]:
    """Known laws, correlated inside draws, eight epochs with and without an effect."""
    n = 400 if setting.quick else 4000
    rng = np.random.default_rng([setting.seed, 95])
    epoch = np.repeat(np.arange(8), 64)

    def normal(effect: float) -> np.ndarray:
        return cases.normal(rng, epoch, effect)

    few = np.zeros(6, int)
    found = [mean_interval(rng.normal(size=6), few) for _ in range(n)]
    yield _covered("mean of 6 draws", found, 0.0)
    for effect in (0.0, 0.3, 2.0):
        found = [mean_interval(normal(effect), epoch) for _ in range(n)]
        yield _covered(f"mean, epoch effect {effect:g}", found, 0.0)
    for effect in (0.0, 0.5):
        truth = float(stats.norm.cdf(-1 / np.sqrt(1 + effect**2)))
        found = [share_interval((normal(effect) < -1).astype(float), epoch) for _ in range(n)]
        yield _covered(f"share, epoch effect {effect:g}", found, truth, 1.0)
        for q in (0.5, 0.95):
            truth = float(stats.norm.ppf(q) * np.sqrt(1 + effect**2))
            found = [quantile_interval(normal(effect), q, epoch) for _ in range(n)]
            yield _covered(f"quantile {q:g}, epoch effect {effect:g}", found, truth, 1.0)
    found = []
    for _ in range(n):
        time_s = np.exp(normal(0.5))
        found.append(survival_interval(np.where(time_s > 2.0, np.inf, time_s), epoch))
    yield _covered("median time with a horizon, epoch effect 0.5", found, 1.0, 1.0)
    found = [instants_interval(cases.sampled(rng, 4)) for _ in range(n)]
    yield _covered("healthy column, correlated instants", found, cases.AVAILABILITY, 1.0)
    yield _covered(*_attacked(rng, n), 1.0)


def _attacked(rng: np.random.Generator, n: int) -> tuple[str, list[Estimate], float]:
    """Draws that share instants of four epochs and each lose a part of their own."""
    epoch, found = np.repeat(np.arange(4), 16), []
    for _ in range(n):
        up = cases.sampled(rng, 4)
        working = rng.random((64, cases.INSTANTS)) < rng.beta(4, 1, 64)[:, None]
        series = up[epoch] * working
        means = series.reshape(4, 16, cases.INSTANTS).mean(axis=1)
        values = series.mean(axis=1)
        found.append(mean_interval(values, epoch, per_instant=means, within=(0.0, 1.0)))
    return "attacked column, correlated inside draws", found, 0.8 * cases.AVAILABILITY


def _covered(name: str, found: list[Estimate], truth: float, most: float = MOST) -> Row:
    """Share of the intervals that hold the truth, against the bounds on their number."""
    n, hits = len(found), sum(e.low <= truth <= e.high for e in found)
    low, high = stats.binom.ppf(FOUR_SIGMA, n, LEAST), stats.binom.isf(FOUR_SIGMA, n, most)
    source = f"{LEAST:.0%} to {most:.0%}, {n:,} times"
    return between(f"coverage: {name}", hits / n, low / n, high / n, "", source)


CHECKS = (published_values, coverage)
