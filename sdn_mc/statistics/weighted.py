"""Estimates from draws that are no plain sample: weighted, in strata, or in nets of points.

Every mean is told as the plain mean of numbers y_i that have its error too, so that all that is
known of plain means, of epochs, skewness and paired differences, holds for them.

Weighted: the weights w have the known mean 1, which makes them a control variate,

    y_i = w_i x_i - b (w_i - 1),    b = cov(w x, w) / var(w)

(regression estimator; Hesterberg 1995, Technometrics 37:185; Owen 2013, Monte Carlo theory, section
9.10), which is sum W_i x_i with W_i = w_i (1 - (mean w - 1) (w_i - mean w) / var w) / n. With b = 0
it is the unbiased estimate, with b the mean the self-normalised one; with the best b its error is
at most that of either: of a rare event the unbiased one's, while what all draws have alike (b = x)
is exact, and availability and unavailability add up to 1. Fitting b leaves a bias of the order of
1 / draws. In strata, with m_s the mean of the n_s draws of stratum s in an epoch of n, and W_i
their share by weight,

    y_i = mean + n W_i sqrt(n_s / (n_s - 1)) (x_i - m_s),

whose variance of the mean is the sum of P(s)^2 s_s^2 / n_s (Cochran 1977, section 5.4).

Draws of a net hang together: the mean of each net counts as one draw.

Quantiles are those of the weighted distribution; their interval turns the interval of the share
at or below the estimate into values (Woodruff 1952, J. Am. Stat. Assoc. 47:635). Times to an event
with one horizon are such quantiles, inf being "not by then". The mean of the worst is the mean of
q + max(x - q, 0) / tail, as in `tail`.

Where no two values differ the bound of no events takes the largest share that one draw has of the
weights for a draw's: -ln(0.05) max W. Limits: the effective sample sum(w)^2 / sum(w^2) (Kish 1965)
must not be small; where a few draws hold the weights, intervals are too short. Below ten such
draws, or where the mean of the weights, which is 1, is five standard errors away from it, so that
the draws which would hold the weights were not even seen, nothing is estimated: the value is nan,
and the interval is all that the output can be.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float64, Int, Int32
from scipy import stats

from sdn_mc.core.protocols import Output
from sdn_mc.statistics.estimate import LEVEL, NOT_KNOWN, Estimate
from sdn_mc.statistics.mean import mean_interval
from sdn_mc.statistics.proportion import zero_events_bound
from sdn_mc.statistics.quantile import MEDIAN, ROUNDING, over_medians
from sdn_mc.statistics.spread import Bounds, spread_of_mean

LEAST_EFFECTIVE = 10.0  # weighted draws count for fewer: nothing is estimated
MOST_ERRORS = 5.0  # standard errors between the mean of the weights and 1


class Design(NamedTuple):
    """How draws stand for the truth."""

    weight: Float64[np.ndarray, " draw"]
    stratum: Int32[np.ndarray, " draw"] | None = None
    net: Int32[np.ndarray, " draw"] | None = None

    def words(self) -> str:
        """For the method of an estimate."""
        if self.net is not None:
            return "nets of points"
        if self.stratum is not None:
            return f"{len(np.unique(self.stratum))} strata"
        return f"weighted, effective sample {effective_draws(self.weight):.0f}"

    def lacks(self) -> str:
        """Why the draws stand for nothing; empty where they do for something."""
        if self.stratum is not None or self.net is not None:
            return ""
        weight, effective = self.weight, effective_draws(self.weight)
        if effective < min(LEAST_EFFECTIVE, len(weight)):
            return f"{len(weight)} draws weigh as {effective:.1f} equal ones"
        error = float(weight.std()) / np.sqrt(len(weight))
        if abs(weight.mean() - 1) > MOST_ERRORS * error + ROUNDING:
            return f"the weights of {len(weight)} draws have the mean {weight.mean():.2g}, not 1"
        return ""


def not_known(why: str, within: Bounds, n_draw: int) -> Estimate:
    """No value, and all that it may be."""
    return Estimate(np.nan, *within, np.inf, n_draw, np.inf, f"{NOT_KNOWN}: {why}")


def effective_draws(weight: Float64[np.ndarray, " draw"]) -> float:
    """Equally weighted draws that would leave a common mean as sure (Kish)."""
    return float(weight.sum() ** 2 / (weight @ weight))


def shares_of(design: Design, epoch: Int[np.ndarray, " draw"]) -> Float64[np.ndarray, " draw"]:
    """Share of each draw in the estimate of a mean; epochs count by their draws."""
    weight = design.weight
    _, group, count = np.unique(epoch, return_inverse=True, return_counts=True)
    if design.stratum is not None or design.net is not None:
        return weight / np.bincount(group, weight)[group] * count[group] / len(epoch)
    apart = weight - (np.bincount(group, weight) / count)[group]
    square = float(apart @ apart)
    known = (weight.sum() - len(weight)) / square if square else 0.0
    share = weight * np.maximum(1 - known * apart, 0.0)
    return share / share.sum()


def as_plain(
    values: Float[np.ndarray, " draw"], epoch: Int[np.ndarray, " draw"], design: Design
) -> tuple[Float64[np.ndarray, " unit"], Int[np.ndarray, " unit"]]:
    """Values and epochs of a plain sample with this mean and this error."""
    values = np.asarray(values, np.float64)
    if design.net is not None:
        _, first, group = np.unique(design.net, return_index=True, return_inverse=True)
        return _means(values, np.ones(len(values)), group), epoch[first]
    _, of_epoch = np.unique(epoch, return_inverse=True)
    if design.stratum is not None:
        return _in_strata(values, of_epoch, design.weight, design.stratum), epoch
    return _with_known_weight(values, of_epoch, design.weight), epoch


def _with_known_weight(
    values: Float64[np.ndarray, " draw"],
    epoch: Int[np.ndarray, " draw"],
    weight: Float64[np.ndarray, " draw"],
) -> Float64[np.ndarray, " draw"]:
    """The y of weighted draws; from the first value on, so that equal values stay exact."""
    equal = np.ones(len(values))
    weighed = weight * (values - values[0])
    apart = weight - _means(weight, equal, epoch)[epoch]
    square = float(apart @ apart)
    b = float(apart @ (weighed - _means(weighed, equal, epoch)[epoch])) / square if square else 0.0
    return values[0] + weighed - b * (weight - 1)


def _in_strata(
    values: Float64[np.ndarray, " draw"],
    epoch: Int[np.ndarray, " draw"],
    weight: Float64[np.ndarray, " draw"],
    stratum: Int32[np.ndarray, " draw"],
) -> Float64[np.ndarray, " draw"]:
    """The y of draws in strata."""
    cells = np.stack([epoch, stratum])
    _, cell, size = np.unique(cells, axis=1, return_inverse=True, return_counts=True)
    cell = cell.ravel()
    mean = _means(values, weight, epoch)[epoch]
    share = weight / np.bincount(epoch, weight)[epoch]
    scale = np.sqrt(size / np.maximum(size - 1, 1))[cell]
    apart = values - _means(values, weight, cell)[cell]
    return mean + np.bincount(epoch)[epoch] * share * scale * apart


def _means(
    values: Float64[np.ndarray, " draw"],
    weight: Float64[np.ndarray, " draw"],
    group: Int[np.ndarray, " draw"],
) -> Float64[np.ndarray, " group"]:
    """Weighted means; exact where all values of a group are alike."""
    _, first = np.unique(group, return_index=True)
    apart = np.bincount(group, weight * (values - values[first][group]))
    return values[first] + apart / np.bincount(group, weight)


def weighted_mean(
    values: Float[np.ndarray, " draw"],
    epoch: Int[np.ndarray, " draw"],
    design: Design,
    *,
    per_instant: Float[np.ndarray, "epoch time"] | None = None,
    within: Bounds,
    paired: bool = False,
    level: float = LEVEL,
) -> Estimate:
    """Mean over draws; arguments as in `mean_interval`."""
    if why := design.lacks():
        return not_known(why, within, len(values))
    plain, of = as_plain(values, epoch, design)
    found = mean_interval(
        plain, of, per_instant=per_instant, within=within, paired=paired, level=level,
        size=1 / float(shares_of(design, epoch).max()),
    )  # fmt: skip
    value = float(np.clip(found.value, *within))  # a control variate knows no bounds
    return found._replace(
        value=value,
        low=min(found.low, value),
        high=max(found.high, value),
        n_draw=len(values),
        method=f"{found.method}, {design.words()}",
    )


def weighted_quantile(
    values: Float[np.ndarray, " draw"],
    q: float,
    epoch: Int[np.ndarray, " draw"],
    design: Design,
    *,
    within: Bounds,
    level: float = LEVEL,
) -> Estimate:
    """Least value that at least `q` of the weight is at or below, and its interval."""
    if why := design.lacks():
        return not_known(why, within, len(values))
    values = np.asarray(values, np.float64)
    order = np.argsort(values, kind="stable")
    up_to = np.cumsum(shares_of(design, epoch)[order])

    def at(share: float) -> float:
        if not 0 < share < 1:
            return within[share >= 1]
        place = np.searchsorted(up_to, share * up_to[-1] - ROUNDING)
        return float(values[order[min(int(place), len(values) - 1)]])

    value = at(q)
    below, of = as_plain((values <= value).astype(np.float64), epoch, design)
    spread = spread_of_mean(below, of, level=level)
    arm = float(stats.t.ppf((1 + level) / 2, spread.dof)) * spread.standard_error
    low, high = (min(at(q - arm), value), max(at(q + arm), value)) if arm > 0 else (value, value)
    limits, dof = "Woodruff's limits", spread.dof
    if q == MEDIAN and not arm < MEDIAN:  # few epochs that differ a lot, as in `quantile`
        medians = _medians(values, epoch, design.weight)
        if (found := over_medians(medians, level)) is not None:
            low, high, dof = min(found[0], value), max(found[1], value), found[2]
            low, high = max(low, within[0]), min(high, within[1])
            limits = f"t over the medians of {len(medians)} epochs"
    width = high - low if np.isfinite(low) and np.isfinite(high) else np.inf
    error = width / (2 * float(stats.norm.ppf((1 + level) / 2)))
    method = f"{limits}, {design.words()}"
    return Estimate(value, low, high, error, len(values), dof, method)


def _medians(
    values: Float64[np.ndarray, " draw"],
    epoch: Int[np.ndarray, " draw"],
    weight: Float64[np.ndarray, " draw"],
) -> Float64[np.ndarray, " epoch"]:
    """The weighted median of each epoch."""
    found = []
    for k in np.unique(epoch):
        own = np.flatnonzero(epoch == k)
        own = own[np.argsort(values[own], kind="stable")]
        up_to = np.cumsum(weight[own])
        found.append(values[own[np.searchsorted(up_to, MEDIAN * up_to[-1] * (1 - ROUNDING))]])
    return np.array(found)


def weighted_tail(
    values: Float[np.ndarray, " draw"],
    epoch: Int[np.ndarray, " draw"],
    tail: float,
    design: Design,
    *,
    within: Bounds,
    level: float = LEVEL,
) -> Estimate:
    """Mean of the highest share `tail` of the weight."""
    if why := design.lacks():
        return not_known(why, within, len(values))
    edge = weighted_quantile(values, 1 - tail, epoch, design, within=within, level=level)
    worst = edge.value + np.maximum(np.asarray(values, np.float64) - edge.value, 0) / tail
    found = weighted_mean(worst, epoch, design, within=(-np.inf, np.inf), level=level)
    low, high = max(found.low, within[0]), min(found.high, within[1])
    method = f"mean of the worst {100 * tail:g} % by weight, {found.method}"
    if worst.max() == edge.value:
        unseen = zero_events_bound(1 / float(shares_of(design, epoch).max()), 1 - level)
        room = within[1] - edge.value if np.isfinite(within[1]) else 0.0
        low, high = edge.low, edge.value + room * min(unseen / tail, 1.0)
    return found._replace(low=low, high=high, method=method)


def weighted_interval(
    output: Output,
    values: Float[np.ndarray, " draw"],
    epoch: Int[np.ndarray, " draw"],
    per_instant: Float[np.ndarray, "epoch time"] | None,
    design: Design,
    level: float = LEVEL,
) -> Estimate:
    """The method that an output names, for draws that are no plain sample."""
    if output.interval in ("mean", "share"):
        return weighted_mean(
            values,
            epoch,
            design,
            per_instant=per_instant,
            within=(0.0, 1.0) if output.interval == "share" else output.within,
            paired=output.pairs == "difference",
            level=level,
        )
    if output.interval in ("quantile", "survival"):
        within = (0.0, np.inf) if output.interval == "survival" else output.within
        return weighted_quantile(values, MEDIAN, epoch, design, within=within, level=level)
    if output.interval == "tail" and output.tail is not None:
        return weighted_tail(values, epoch, output.tail, design, within=output.within, level=level)
    raise ValueError(f"{output.name}: no interval method is called {output.interval!r}")


def variances(
    values: Float[np.ndarray, " draw"], epoch: Int[np.ndarray, " draw"], design: Design
) -> tuple[float, float]:
    """Variance a draw of the mean inside epochs: as drawn, and of plain draws, by the same draws.

    The mean's own variance by draws is this over the number of draws.
    """
    values = np.asarray(values, np.float64)
    plain, of = as_plain(values, epoch, design)
    _, group, count = np.unique(of, return_inverse=True, return_counts=True)
    free = len(plain) - len(count)
    apart = plain - (np.bincount(group, plain) / count)[group]
    own = float(apart @ apart) / free * len(values) / len(plain) if free else np.nan
    _, group = np.unique(epoch, return_inverse=True)
    apart = values - _means(values, design.weight, group)[group]
    return own, float(shares_of(design, epoch) @ apart**2)
