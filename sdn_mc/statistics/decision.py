"""Which of two is better: from paired differences over common draws to a verdict.

With d the mean difference (first less second) over common draws and [l, h] its 95 % interval,

    the one that is better    if the interval excludes 0;
    no matter                 if it does not, and lies inside +- margin;
    not decided               otherwise.

Without a margin nothing is ever called no matter.

Draws that would decide: the half-width falls as 1 / sqrt(draws), as far as draws make it; with the
half-width at max(|d|, margin - |d|) the interval would leave 0, or fit the margin. The number is
an estimate from what d says now, no promise; what epochs and instants add to the width, more draws
do not take away.

Where no draw differs from another, the interval is the bound of no events: a difference as large
as `reach` in a share 1 - 0.05^(1 / draws) of the draws would not have been seen.

A tail mean, CVaR, is compared through its own mean form (Rockafellar & Uryasev 2000, Journal of
Risk 2:21): with q the quantile of all draws, the mean of z = q + max(loss - q, 0) / tail is the
mean of the worst, and to first order the error of q does not enter, since the derivative with
respect to q is 0 there. So differences of z are paired as any others.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from sdn_mc.statistics.estimate import LEVEL, Estimate
from sdn_mc.statistics.mean import paired_difference
from sdn_mc.statistics.proportion import zero_events_bound

FIRST, SECOND, NO_MATTER, OPEN = "first", "second", "no matter", "open"
MOST_DRAWS = 10**9  # of a run; without a margin a difference near 0 would ask for more


class Verdict(NamedTuple):
    """Which is better, by a paired interval."""

    word: str  # FIRST, SECOND, NO_MATTER or OPEN
    difference: Estimate  # first less second
    draws_needed: int | None  # where open, and known


def decide(
    first: Float[np.ndarray, " draw"],
    second: Float[np.ndarray, " draw"],
    epoch: Int[np.ndarray, " draw"],
    *,
    higher_is_better: bool,
    margin: float | None,
    reach: float,
    per_instant: Float[np.ndarray, "epoch time"] | None = None,
) -> Verdict:
    """The verdict on two columns of values of the same draws.

    `reach` is the largest difference, inf where there is none.
    """
    if np.ptp(first - second) == 0:
        return _all_alike(first - second, higher_is_better, margin, reach)
    found = paired_difference(first, second, epoch, per_instant=per_instant)
    found = found._replace(low=max(found.low, -reach), high=min(found.high, reach))
    word = _word(found, higher_is_better, margin)
    return Verdict(word, found, _draws_needed(found, margin) if word == OPEN else None)


def _word(found: Estimate, higher_is_better: bool, margin: float | None) -> str:
    if found.low > 0 or found.high < 0:
        return FIRST if (found.value > 0) == higher_is_better else SECOND
    if margin is None:
        return OPEN
    return NO_MATTER if -margin <= found.low and found.high <= margin else OPEN


def _all_alike(
    difference: Float[np.ndarray, " draw"],
    higher_is_better: bool,
    margin: float | None,
    reach: float,
) -> Verdict:
    """No draw differs from another: what none shows is rarer than the bound of no events."""
    count, value = len(difference), float(difference[0])
    unseen = reach * zero_events_bound(count)
    method = f"zero events in {count} draws"
    found = Estimate(value, value - unseen, value + unseen, np.inf, count, np.inf, method)
    word, share = _word(found, higher_is_better, margin), _wanted(value, margin) / reach
    if word != OPEN or share == 0:
        return Verdict(word, found, None)
    needed = math.ceil(math.log(1 - LEVEL) / math.log1p(-min(share, 0.5)))
    return Verdict(word, found, _told(needed, margin))


def _draws_needed(found: Estimate, margin: float | None) -> int | None:
    half_width = max(found.high - found.value, found.value - found.low)
    wanted = _wanted(found.value, margin)
    if wanted == 0:
        return None
    return _told(math.ceil(found.n_draw * (half_width / wanted) ** 2), margin)


def _wanted(value: float, margin: float | None) -> float:
    """The half-width that would decide."""
    return max(abs(value), (margin or 0.0) - abs(value))


def _told(needed: int, margin: float | None) -> int | None:
    return None if margin is None and needed > MOST_DRAWS else needed
