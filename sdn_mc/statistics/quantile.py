"""Quantiles over draws by order statistics, so that undelivered (inf) is a value like any other.

With independent draws the number below the q-quantile is binomial, and the l-th and u-th smallest
values cover it, l and u - 1 being the binomial's own quantiles (David & Nagaraja 2003, section
7.1): exact for every distribution. Draws that share an epoch are not independent: the two ranks are
moved apart by the factor by which the interval of the share of draws at or below the estimate is
wider than with independent draws (Woodruff 1952, J. Am. Stat. Assoc. 47:635).

Where that asks for ranks beyond the sample (few epochs that differ a lot, or one draw in each, as
in the healthy column), the end is open; but for a median over epochs whose own medians are finite,
the interval is Student's on those, since a shift of epochs to either side leaves the middle where
it is. The error of the instants enters by the spread between epochs alone, so a quantile in a
single epoch is that of its instants.
"""

import math

import numpy as np
from jaxtyping import Float, Int
from scipy import special, stats

from sdn_mc.statistics.estimate import LEVEL, UNBOUNDED, Estimate
from sdn_mc.statistics.spread import Bounds, Spread, spread_of_mean

MEDIAN = 0.5
ROUNDING = 1e-9  # 0.95 * 1000 must count as 950


def order_ranks(n: int, q: float, level: float = LEVEL) -> tuple[int, int]:
    """Ranks, from 1, that enclose the q-quantile; 0 and n + 1 mean open ends."""
    tail = (1 - level) / 2
    return int(stats.binom.ppf(tail, n, q)), int(stats.binom.ppf(1 - tail, n, q)) + 1


def order_statistic(values: Float[np.ndarray, " draw"], q: float) -> float:
    """The ceil(q n)-th smallest value."""
    rank = _rank(q, len(values))
    return float(np.partition(values, rank - 1)[rank - 1])


def quantile_interval(
    values: Float[np.ndarray, " draw"],
    q: float,
    epoch: Int[np.ndarray, " draw"] | None = None,
    *,
    within: Bounds = UNBOUNDED,
    level: float = LEVEL,
) -> Estimate:
    """The ceil(q n)-th smallest value and its interval; without `epoch` draws are independent."""
    ordered = np.sort(np.asarray(values, np.float64))
    n = len(ordered)
    value = float(ordered[_rank(q, n) - 1])
    lower, upper = order_ranks(n, q, level)
    epoch = np.zeros(n, np.int64) if epoch is None else epoch
    below = (np.asarray(values) <= value).astype(np.float64)
    spread = spread_of_mean(below, epoch, level=level)
    widening = 1.0 if spread.n_epoch == n else over_independent(spread, q, n, level)
    if widening > 1:
        lower, upper = _apart(lower, upper, q * n, widening, n)
    method = "order statistics" + (f", {spread.n_epoch} epochs" if spread.n_epoch > 1 else "")
    low, high, dof = within[0], within[1], np.inf
    if lower >= 1 and upper <= n:
        low, high = float(ordered[lower - 1]), float(ordered[upper - 1])
    elif q == MEDIAN and (found := over_medians(_medians(values, epoch), level)) is not None:
        low, high, dof = found
        low, high = max(min(low, value), within[0]), min(max(high, value), within[1])
        method = f"t over the medians of {spread.n_epoch} epochs"
    else:
        low = float(ordered[lower - 1]) if lower >= 1 else low
        high = float(ordered[upper - 1]) if upper <= n else high
    error = _half_width(low, high) / float(special.ndtri((1 + level) / 2))
    return Estimate(value, low, high, error, n, dof, method)


def over_independent(spread: Spread, q: float, n: int, level: float) -> float:
    """Half-width for the share at or below the q-quantile over that of independent draws; >= 1."""
    if spread.n_epoch == 1:
        return 1.0
    critical = float(special.stdtrit(spread.dof, (1 + level) / 2) / special.ndtri((1 + level) / 2))
    return max(1.0, critical * math.sqrt(spread.variance * n / (q * (1 - q))))


def _rank(q: float, n: int) -> int:
    return min(max(math.ceil(q * n - ROUNDING), 1), n)


def _apart(lower: int, upper: int, middle: float, factor: float, n: int) -> tuple[int, int]:
    """Ranks moved away from the middle; open where they leave the sample."""
    if not np.isfinite(factor):
        return 0, n + 1
    low = round(middle - factor * (middle - lower))
    high = round(middle + factor * (upper - middle))
    return max(low, 0), min(high, n + 1)


def _medians(
    values: Float[np.ndarray, " draw"], epoch: Int[np.ndarray, " draw"]
) -> Float[np.ndarray, " epoch"]:
    groups = [np.sort(values[epoch == k]) for k in np.unique(epoch)]
    return np.array([float(group[_rank(MEDIAN, len(group)) - 1]) for group in groups])


def over_medians(
    medians: Float[np.ndarray, " epoch"], level: float
) -> tuple[float, float, float] | None:
    """Student's interval on the medians of the epochs, and its degrees of freedom."""
    n = len(medians)
    if n == 1 or not np.all(np.isfinite(medians)):
        return None
    arm = special.stdtrit(n - 1, (1 + level) / 2) * medians.std(ddof=1) / math.sqrt(n)
    return float(medians.mean() - arm), float(medians.mean() + arm), float(n - 1)


def _half_width(low: float, high: float) -> float:
    return (high - low) / 2 if np.isfinite(low) and np.isfinite(high) else np.inf
