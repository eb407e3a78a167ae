"""Mean of the worst draws (CVaR, expected shortfall), by the mean of a transformed sample.

With q the 1 - tail quantile over draws, the mean of the highest share `tail` of them is

    CVaR = q + mean(max(x - q, 0)) / tail

(Rockafellar & Uryasev 2000, Journal of Risk 2:21), and q minimises the right side, so an error in q
enters only at second order: CVaR is the mean over draws of q + max(x - q, 0) / tail with the
sample's q as if it were known (Trindade et al. 2007, Journal of Banking & Finance 31:3524). Its
interval is that of any mean, with epochs and skewness (`mean`): the BCa bootstrap in closed form,
hence without a seed.

Where the worst draws are all alike (nothing lost in any draw, or nothing back within the horizon)
the transformed sample is constant and tells no error. The lower end is then that of the quantile,
and not above the worst draw of any epoch; the upper one leaves room for the greatest loss in a
share of draws that was not seen in n of them: (1 - 0.05^(1/n)) / tail of what is left, n the draws,
or the epochs where not all of them have such draws.

Limits: where fewer than one draw is in the tail nothing is known of it and the interval is all that
is possible; with few it is short (50 draws in the tail are covered:
tests/statistics/test_coverage.py), and so it is where epochs differ so much that one or two of
eight hold nearly all the worst draws. Of a snapshot, the instants' own error is not in it.
"""

import numpy as np
from jaxtyping import Float, Float64, Int

from sdn_mc.statistics.estimate import LEVEL, UNBOUNDED, Estimate
from sdn_mc.statistics.mean import mean_interval
from sdn_mc.statistics.proportion import zero_events_bound
from sdn_mc.statistics.quantile import order_statistic, quantile_interval
from sdn_mc.statistics.spread import Bounds


def tail_mean_interval(
    values: Float[np.ndarray, " draw"],
    epoch: Int[np.ndarray, " draw"],
    tail: float,
    *,
    within: Bounds = UNBOUNDED,
    level: float = LEVEL,
) -> Estimate:
    """Mean of the highest share `tail` of the draws, a part of a draw counting as such."""
    if not np.all(np.isfinite(values)):
        raise ValueError("the mean of a tail needs finite values")
    values = np.asarray(values, np.float64)
    count, method = len(values), f"mean of the worst {100 * tail:g} % of draws"
    start, worst = order_statistic(values, 1 - tail), worst_part(values, tail)
    if tail * count < 1:
        method += f": fewer than one of {count}, no interval"
        return Estimate(float(values.max()), *within, np.inf, count, 0.0, method)
    found = mean_interval(
        worst, epoch, within=(start, start + (within[1] - start) / tail), level=level
    )
    low, high = max(found.low, within[0]), min(found.high, within[1])
    if values.max() == start:
        low, high, more = _alike(values, epoch, tail, within, level)
        method += more
    else:
        method += f", {found.method}"
    return found._replace(low=low, high=high, method=method)


def _alike(
    values: Float[np.ndarray, " draw"],
    epoch: Int[np.ndarray, " draw"],
    tail: float,
    within: Bounds,
    level: float,
) -> tuple[float, float, str]:
    """Ends where the worst draws are all alike, and how they were found."""
    worst = float(values.max())
    by_epoch = [float(values[epoch == k].max()) for k in np.unique(epoch)]
    in_all = min(by_epoch) == worst
    units = len(values) if in_all else len(by_epoch)
    reach = min(zero_events_bound(units, 1 - level) / tail, 1.0)
    room = within[1] - worst if np.isfinite(within[1]) else 0.0
    low = quantile_interval(values, 1 - tail, epoch, within=within, level=level).low
    words = f", all alike: none worse in {units} {'draws' if in_all else 'epochs'}"
    return min(low, *by_epoch), worst + room * reach, words


def worst_part(values: Float[np.ndarray, " draw"], tail: float) -> Float64[np.ndarray, " draw"]:
    """Values whose mean is the mean of the highest `tail` of the draws, one for each draw."""
    quantile = order_statistic(values, 1 - tail)
    return quantile + np.maximum(values - quantile, 0) / tail
