"""Shares of draws that each give one yes or no.

Wilson by default; Clopper & Pearson where fewer than ten draws are on the rarer side, since
Wilson's coverage there falls well below its level; a one-sided bound where there is none. Draws
that share an epoch count for less: the sample is shrunk to its effective size n / deff (Korn &
Graubard 1998, Survey Methodology 24:193), deff from `spread`.

Where less than half of the sample is left, the epochs differ more than the draws in them, and what
is sampled is the epochs' own shares, few numbers of any law: the interval is then that of a mean,
which knows how skewed such shares are (`mean`). Of 8 epochs whose scores vary as much between them
as inside, with a share of 0.16, it held the truth in 93 % of 2,000 repetitions, and the effective
sample in 91 %.
"""

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import special

from sdn_mc.statistics.estimate import LEVEL, Estimate
from sdn_mc.statistics.mean import mean_interval
from sdn_mc.statistics.proportion import clopper_pearson, wilson, zero_events_bound
from sdn_mc.statistics.spread import PSEUDO_COUNT, PSEUDO_EVENTS, spread_of_mean

FEW_EVENTS = 10
LEAST_LEFT = 0.5  # of the sample, below which the interval is that of a mean


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
        wide = float(special.stdtrit(spread.dof, (1 + level) / 2) / special.ndtri((1 + level) / 2))
        n_effective = min(n_effective, share * (1 - share) / (spread.variance * wide**2))
    if n_effective < LEAST_LEFT * n:
        return mean_interval(values, epoch, within=(0.0, 1.0), level=level)
    few = min(share, 1 - share) * n_effective < FEW_EVENTS
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
