"""Means over draws, with intervals clustered by epoch and corrected for skewness.

The interval is BCa in closed form. For a mean, the bias-corrected accelerated bootstrap has the
second-order limit (ABC: DiCiccio & Efron 1992, Biometrika 79:231; DiCiccio & Efron
1996, Statistical Science 11:189, section 4)

    value + se * w / (1 - a w)^2,   w = a +- z,   a = third moment / (6 se^3),

without resampling, hence without a seed, at any number of draws. Here z is Student's quantile, so
that the interval without skewness (a = 0) is the t interval, and se, a and the degrees of freedom
are those of `spread`: the moments of independent errors add. It is used everywhere, near 0 and 1
included, where it comes close to the exact Poisson limits (tests/statistics/test_mean.py).

Instants of values with bounds are a sample of events, often few, whose limits are known without
expansion. With m the mean as a share of the span, v the variance by the events seen and u the
weight of one instant, the upper limit is the quantile of the beta variable of mean m + s and
variance v + s^2, s = (1 - m) u: one event of the largest size is added to those seen. This is Fay &
Feuer (1997, Statistics in Medicine 16:791), with a beta in place of the gamma variable since values
have bounds on both sides; for hundreds of independent yes or no it is within 1 % of Clopper &
Pearson (1934). The lower limit is its mirror image. Its arms are stretched by Student's over
the normal quantile, and joined with those of draws and epochs by the root of the sum of their
squares (Zou & Donner 2008, Statistics in Medicine 27:1693). So a flow that is up at every instant
in the healthy column, and loses a little in a few draws, keeps nearly the healthy interval.

Limits: where every draw sits on a bound of what is possible (no loss seen at all), the far end is
the one-sided 95 % bound at zero events, 1 - 0.05^(1/n), with n the draws or the instants, whichever
are fewer. Where no draw differs between two columns, that bound stands on both sides of the
difference. One draw in one epoch says nothing of its error: the standard error is inf.
"""

import numpy as np
from jaxtyping import Float, Int
from scipy import special

from sdn_mc.statistics.estimate import LEVEL, UNBOUNDED, Estimate
from sdn_mc.statistics.proportion import zero_events_bound
from sdn_mc.statistics.spread import (
    PSEUDO_COUNT,
    PSEUDO_EVENTS,
    Bounds,
    Spread,
    spread_of_mean,
)

LARGEST_SHIFT = 0.5  # of a w: (1 - a w)^-2 has its pole at 1; one event in any number has 0.35


def mean_interval(
    values: Float[np.ndarray, " draw"],
    epoch: Int[np.ndarray, " draw"],
    *,
    per_instant: Float[np.ndarray, "epoch time"] | None = None,
    within: Bounds = UNBOUNDED,
    paired: bool = False,
    level: float = LEVEL,
    size: float | None = None,
) -> Estimate:
    """Mean over draws; arguments as in `spread_of_mean`.

    `size` is what the draws count for where no two differ; None: each for one.
    """
    if not np.all(np.isfinite(values)):
        raise ValueError("a mean needs finite values; use a quantile where inf is possible")
    values = np.asarray(values, np.float64)
    count, value = len(values), float(values.mean())
    spread = spread_of_mean(values, epoch, per_instant, within, paired=paired, level=level)
    if count == 1 and not spread.n_instant:
        return Estimate(value, *within, np.inf, 1, 0.0, "mean of one draw: no interval")
    if np.isfinite(within[1] - within[0]):
        for at, bound in enumerate(within):
            if np.all(values == bound):
                return _at_bound(spread, within, at, size or float(count), 1 - level)
    low, high = _ends(value, spread, within, level)
    low, high = min(max(low, within[0]), value), max(min(high, within[1]), value)
    method = _method(spread, paired)
    return Estimate(value, low, high, spread.standard_error, count, spread.dof, method)


def instants_interval(
    per_instant: Float[np.ndarray, "epoch time"],
    *,
    within: Bounds = (0.0, 1.0),
    level: float = LEVEL,
) -> Estimate:
    """Mean over stratified jittered instants of several epochs: the healthy column."""
    n_epoch = len(per_instant)
    value = np.asarray(per_instant, np.float64).mean(axis=1)
    return mean_interval(
        value, np.arange(n_epoch), per_instant=per_instant, within=within, level=level
    )


def paired_difference(
    a: Float[np.ndarray, " draw"],
    b: Float[np.ndarray, " draw"],
    epoch: Int[np.ndarray, " draw"],
    *,
    per_instant: Float[np.ndarray, "epoch time"] | None = None,
    within: Bounds = UNBOUNDED,
    level: float = LEVEL,
) -> Estimate:
    """Mean of a - b over common draws; `per_instant` and `within` are those of the difference."""
    difference = np.asarray(a, np.float64) - np.asarray(b, np.float64)
    found = mean_interval(
        difference, epoch, per_instant=per_instant, within=within, paired=True, level=level
    )
    if np.ptp(difference) > 0 or found.low < found.high or np.isinf(within).any():
        return found
    unseen = zero_events_bound(len(difference), 1 - level)
    low, high = (found.value + (bound - found.value) * unseen for bound in within)
    return found._replace(low=low, high=high, method=f"paired, zero events in {len(difference)}")


def _ends(value: float, spread: Spread, within: Bounds, level: float) -> tuple[float, float]:
    """End points from the arms of the events and of the rest."""
    critical = float(special.stdtrit(spread.dof, (1 + level) / 2))
    below, above = _rest_arms(spread, critical)
    if spread.events.unseen > 0:
        span = within[1] - within[0]
        share = (value - within[0]) / span
        stretch = span * critical / float(special.ndtri((1 + level) / 2))
        seen = spread.events.seen / span**2
        below = np.hypot(below, stretch * _event_arm(1 - share, seen, spread.events.unseen, level))
        above = np.hypot(above, stretch * _event_arm(share, seen, spread.events.unseen, level))
    return value - float(below), value + float(above)


def _rest_arms(spread: Spread, critical: float) -> tuple[float, float]:
    """Arms of the ABC interval with Student's quantile."""
    if spread.rest == 0:
        return 0.0, 0.0
    error = float(np.sqrt(spread.rest))
    acceleration = spread.third / (6 * error**3)
    w = acceleration + critical * np.array([-1.0, 1.0])
    below, above = error * w / (1 - np.minimum(acceleration * w, LARGEST_SHIFT)) ** 2
    return -float(below), float(above)


def _event_arm(share: float, seen: float, unseen: float, level: float) -> float:
    """Upper limit less the share; `seen` is a variance, `unseen` the weight of one instant."""
    step = (1 - share) * unseen
    mean, variance = share + step, seen + step**2
    if variance <= 0:
        return 0.0
    if variance >= mean * (1 - mean):  # no beta variable spreads so far: nothing is known
        return 1 - share
    size = mean * (1 - mean) / variance - 1
    limit = special.betaincinv(mean * size, (1 - mean) * size, (1 + level) / 2)
    return max(0.0, float(limit) - share)


def _at_bound(spread: Spread, within: Bounds, at: int, count: float, alpha: float) -> Estimate:
    """Every draw is at one bound: nothing was seen of the other side."""
    units = spread.n_instant if spread.n_instant else count
    if count > spread.n_epoch:
        units = min(units, count)
    span = within[1] - within[0]
    variance = spread.variance or PSEUDO_EVENTS * (span / (count + PSEUDO_COUNT)) ** 2
    reach = span * zero_events_bound(units, alpha)
    ends = (within[0], within[0] + reach) if at == 0 else (within[1] - reach, within[1])
    method = f"one-sided bound, zero events in {units:.10g}"
    return Estimate(within[at], *ends, float(np.sqrt(variance)), int(count), spread.dof, method)


def _method(spread: Spread, paired: bool) -> str:
    """What was done, for the summary."""
    words = (
        "paired " if paired else ""
    ) + "t over draws with skewness correction (closed-form BCa)"
    if spread.n_epoch > 1:
        words += f", {spread.n_epoch} epochs"
    if spread.n_instant:
        limits = "beta limits over " if spread.events.unseen else ""
        words += f", {limits}{spread.n_instant} stratified instants"
    return words
