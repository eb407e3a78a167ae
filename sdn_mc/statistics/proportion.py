"""Shares of draws that each give one yes or no.

Wilson (1927) by default; Clopper & Pearson (1934), exact and never short, where fewer than ten
draws are on the rarer side, since Wilson's coverage there falls well below its level; a one-sided
bound where there is none. Draws that share an epoch count for less: the sample is shrunk to its
effective size n / deff (Korn & Graubard 1998, Survey Methodology 24:193), deff from `spread`.
"""

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import special, stats

from sdn_mc.statistics.estimate import LEVEL, Estimate
from sdn_mc.statistics.spread import PSEUDO_COUNT, PSEUDO_EVENTS, spread_of_mean

FEW_EVENTS = 10


def wilson(k: int | float, n: int | float, level: float = LEVEL) -> tuple[float, float]:
    """Score interval for k of n; both may be fractions of an effective sample."""
    z = float(special.ndtri((1 + level) / 2))
    share, shrink = k / n, 1 + z * z / n
    middle = (share + z * z / (2 * n)) / shrink
    arm = z / shrink * np.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    return max(0.0, float(middle - arm)), min(1.0, float(middle + arm))


def clopper_pearson(k: int | float, n: int | float, level: float = LEVEL) -> tuple[float, float]:
    """Exact two-sided interval for k of n."""
    tail = (1 - level) / 2
    low = float(stats.beta.ppf(tail, k, n - k + 1)) if k > 0 else 0.0
    high = float(stats.beta.isf(tail, k + 1, n - k)) if k < n else 1.0
    return low, high


def zero_events_bound(n: int | float, alpha: float = 1 - LEVEL) -> float:
    """Largest share that leaves no event in n independent trials with probability `alpha`."""
    return float(-np.expm1(np.log(alpha) / n))


def share_interval(
    values: Float[np.ndarray, " draw"] | Bool[np.ndarray, " draw"],
    epoch: Int[np.ndarray, " draw"],
    *,
    level: float = LEVEL,
) -> Estimate:
    """Share of draws that are 1 (the others are 0), clustered by epoch."""
    values = np.asarray(values, np.float64)
    if not np.all((values == 0) | (values == 1)):
        raise ValueError("a share needs values that are 0 or 1; use a mean")
    n, k = len(values), int(values.sum())
    if min(k, n - k) == 0:
        return _one_sided(k, n, 1 - level)
    spread = spread_of_mean(values, epoch, level=level)
    share, n_effective = k / n, float(n)
    if n > spread.n_epoch and spread.widening > 1:
        wide = float(stats.t.ppf((1 + level) / 2, spread.dof) / special.ndtri((1 + level) / 2))
        n_effective = min(n_effective, share * (1 - share) / (spread.variance * wide**2))
    few = min(k, n - k) < FEW_EVENTS
    method = clopper_pearson if few else wilson
    low, high = method(share * n_effective, n_effective, level)
    name = "Clopper-Pearson" if few else "Wilson"
    if n_effective < n:
        name += f", effective sample {n_effective:.0f}"
    error = float(np.sqrt(max(spread.variance, _plus_four(k, n))))
    return Estimate(share, low, high, error, n, spread.dof, name)


def _plus_four(k: int, n: int) -> float:
    """Variance of a share from counts with two more of each kind (Agresti & Coull 1998)."""
    share = (k + PSEUDO_EVENTS) / (n + PSEUDO_COUNT)
    return share * (1 - share) / (n + PSEUDO_COUNT)


def _one_sided(k: int, n: int, alpha: float) -> Estimate:
    bound = zero_events_bound(n, alpha)
    ends = (0.0, bound) if k == 0 else (1 - bound, 1.0)
    error = float(np.sqrt(_plus_four(k, n)))
    return Estimate(k / n, *ends, error, n, np.inf, f"one-sided bound, zero events in {n}")
