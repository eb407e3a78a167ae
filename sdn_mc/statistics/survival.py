"""Times to an event, some of them censored: Kaplan and Meier's estimate.

Of n draws, those whose event has not happened when their time ends are censored there. With d_i
events at time t_i and r_i draws at risk just before it,

    S(t) = prod over t_i <= t of (1 - d_i / r_i),
    var S(t) = S(t)^2 * sum over t_i <= t of d_i / (r_i (r_i - d_i))

(Kaplan & Meier 1958, J. Am. Stat. Assoc. 53:457; Greenwood 1926), with limits on the scale of
log(-log S) (Kalbfleisch & Prentice 2002, section 1.4). The median is the first time at which S is
at most a half, and its interval the times about it at which the limits of S pass a half
(Brookmeyer & Crowley 1982, Biometrics 38:29).

Here all draws have one horizon, and inf means that the event had not happened by then, so S is the
share of draws still waiting and the product telescopes. Draws that share an epoch count for less:
the variance is multiplied by the square of the factor by which `quantile` moves the median's ranks
apart. Where the upper limit of S never comes down to a half the
interval is open above: inf.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64, Int, Int64
from scipy import special

from sdn_mc.statistics.estimate import LEVEL, Estimate
from sdn_mc.statistics.quantile import over_independent
from sdn_mc.statistics.spread import spread_of_mean

HALF = 0.5
LARGEST_LOG = 700.0  # of what exp takes in float64
ROUNDING = 1e-12  # a product that should be a half is one


class Survival(NamedTuple):
    """A step function: at each event's time and until the next, the share still waiting."""

    time: Float64[np.ndarray, " event"]
    share: Float64[np.ndarray, " event"]
    standard_error: Float64[np.ndarray, " event"]
    n_at_risk: Int64[np.ndarray, " event"]

    def limits(
        self, level: float = LEVEL, inflation: float = 1.0
    ) -> Float64[np.ndarray, "two event"]:
        """Lower and upper limit of `share`, log-log; 0 and 0 where nobody is left."""
        z = float(special.ndtri((1 + level) / 2))
        inside = (self.share > 0) & (self.share < 1)
        share = np.where(inside, self.share, HALF)
        arm = z * inflation * self.standard_error / np.abs(share * np.log(share))
        ends = share ** np.exp(np.clip(np.stack([arm, -arm]), -LARGEST_LOG, LARGEST_LOG))
        return np.where(inside, ends, self.share)


def kaplan_meier(time: Float[np.ndarray, " draw"], happened: Bool[np.ndarray, " draw"]) -> Survival:
    """The estimate from times and whether the event happened then, or the time ended."""
    at, n_event = np.unique(time[happened], return_counts=True)
    n_at_risk = len(time) - np.searchsorted(np.sort(time), at)
    left = n_at_risk - n_event
    share = np.cumprod(left / n_at_risk)
    with np.errstate(divide="ignore"):
        greenwood = np.cumsum(n_event / (n_at_risk * left))
    error = np.where(share > 0, share * np.sqrt(np.where(share > 0, greenwood, 0.0)), 0.0)
    return Survival(at.astype(np.float64), share, error, n_at_risk)


def median_time(
    survival: Survival, level: float = LEVEL, inflation: float = 1.0
) -> tuple[float, float, float]:
    """The median and its interval; inf where the curve, or a limit of it, stays above a half."""
    low, high = survival.limits(level, inflation)
    return (
        _first_at_half(survival.time, survival.share),
        _after_last_above_half(survival.time, low),
        _first_at_half(survival.time, high),
    )


def survival_interval(
    values: Float[np.ndarray, " draw"], epoch: Int[np.ndarray, " draw"], *, level: float = LEVEL
) -> Estimate:
    """Median time to an event over draws; inf: not within the horizon, the same for all."""
    values = np.asarray(values, np.float64)
    n, happened = len(values), np.isfinite(values)
    if not happened.any():
        return Estimate(
            np.inf, 0.0, np.inf, np.inf, n, np.inf, f"Kaplan-Meier: none of {n} in time"
        )
    last = float(values[happened].max())
    survival = kaplan_meier(np.where(happened, values, last), happened)
    below = (values <= _first_at_half(survival.time, survival.share)).astype(np.float64)
    spread = spread_of_mean(below, epoch, level=level)
    inflation = over_independent(spread, HALF, n, level) if spread.n_epoch < n else 1.0
    value, low, high = median_time(survival, level, inflation)
    if np.all(values == values[0]):
        low = high = value
    words = "Kaplan-Meier median, log-log Greenwood limits"
    words += f", {spread.n_epoch} epochs" if spread.n_epoch > 1 else ""
    width = high - low if np.isfinite(high) else np.inf
    error = width / (2 * float(special.ndtri((1 + level) / 2)))
    return Estimate(value, low, high, error, n, spread.dof, words)


def _first_at_half(
    time: Float64[np.ndarray, " event"], share: Float64[np.ndarray, " event"]
) -> float:
    at_half = np.flatnonzero(share <= HALF + ROUNDING)
    return float(time[at_half[0]]) if len(at_half) else np.inf


def _after_last_above_half(
    time: Float64[np.ndarray, " event"], limit: Float64[np.ndarray, " event"]
) -> float:
    """Where the limit goes below a half for good: near S = 1 wide limits begin there too."""
    above = np.flatnonzero(limit > HALF + ROUNDING)
    first = int(above[-1]) + 1 if len(above) else 0
    return float(time[first]) if first < len(time) else np.inf
