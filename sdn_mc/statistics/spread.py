"""How far a mean over draws may lie from the truth: draws, instants and epochs.

Draw i of epoch e scores y = mu + E_e + I_e + D_ei. The three errors are, in turn, what is
particular to that epoch, to its instants (the same for all its draws), and to the draw. With n_e
draws in epoch e and w_e = n_e / n, the variance of the mean is estimated from within the epochs as

    base = sum w_e^2 (s^2 / n_e + v_e),

where s^2 is the pooled variance of draws inside epochs and v_e the variance that the instants leave
in the mean of epoch e; and from the spread of the epoch means m_e as

    between = base + sum w_e^2 * (Q - sum w_e (1 - w_e) b_e) / sum w_e (1 - w_e),
    Q = sum w_e (m_e - m)^2,   b_e = s^2 / n_e + v_e,

the analysis of variance estimator for unequal groups (Searle, Casella & McCulloch 1992, section
3.6); for equal groups it is the variance of the epoch means over their number. The larger of the
two is used: an epoch effect cannot make the variance smaller. `base` has many degrees of freedom,
`between` has 1 / sum w_e^2 - 1 (n_epoch - 1 for equal groups), and `Spread.dof` goes from the first
to the second as their ratio rises.

Instants are stratified and jittered, one a stratum, so a stratum's variance cannot be seen from its
one point. Differences of neighbours bound it (collapsed strata, Cochran 1977, section 5A.12, with
overlapping pairs): E (y_{h+1} - y_h)^2 / 2 is the mean of the two variances plus half the squared
difference of the two stratum means, so the estimate errs to the safe side.

Where values have bounds, an instant may also show what none has shown so far, and the standard
error allows for it by two pseudo events ("plus four"): else a flow that happened to be up at every
instant would claim no error at all. They make the error too large where k events were seen, by
sqrt(1 + 2 / k); fewer would leave it too small where, by chance, few of several expected events
were seen. On the default scene (eight starts in each of 100 seeds, six pairs that are ever down,
truth from a 30 s grid over 72 h) the mean square of error / standard error of the five pairs with
2 to 16 expected events is 0.55 to 0.9 with two pseudo events and 0.75 to 1.1 with one, and some
estimate of the 48 is off by more than four standard errors in 2 and in 4 of the 100 seeds. The
interval uses them only to judge whether epochs differ: its limits for events, seen or not, are
better ones (`mean`).

Third moments add too. Those of draws are measured. Epochs are too few to measure one, and where
values have bounds are given that of a beta variable of the same mean and variance. Bounded instants
have none here: their share of the interval is found apart.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float64, Int
from scipy import special

from sdn_mc.statistics.estimate import LEVEL, UNBOUNDED

Bounds = tuple[float, float]

# Two pseudo events of full size in four pseudo instants: "plus four" (Agresti & Coull 1998), so
# that instants which all agree still leave an error.
PSEUDO_EVENTS = 2.0
PSEUDO_COUNT = 4.0

# Where, in the distribution of between / base without any epoch effect, degrees of freedom begin
# and cease to come from `base`. For equal groups coverage then stays between 93 % and 98 % at every
# size of the effect, and the width with 8 epochs and no effect is 1.2 of the ideal (simulated in
# tests/statistics/test_coverage.py). Two epochs need more care; where one of the two is far smaller
# than the other, coverage falls to 85 % all the same: a run should fill its epochs.
RAMP = (0.35, 0.8)
RAMP_TWO_EPOCHS = (0.2, 0.5)


class Events(NamedTuple):
    """What bounded instants leave in the mean, as of events that an instant shows or not."""

    seen: float  # variance by the events that were seen
    allowed: float  # the same with the pseudo events: the part of `Spread.variance` that is theirs
    unseen: float  # weight in the mean of one instant: an event of full size moves it by this


NO_EVENTS = Events(0.0, 0.0, 0.0)


class Spread(NamedTuple):
    """Variance of a mean over draws."""

    variance: float
    dof: float
    third: float  # third central moment of the mean's error, `events` excepted
    widening: float  # half-width over that which draws and instants alone would give
    n_epoch: int
    n_instant: int  # over all epochs; 0 where the instants are no sample
    events: Events = NO_EVENTS

    @property
    def standard_error(self) -> float:
        return float(np.sqrt(self.variance))

    @property
    def rest(self) -> float:
        """Variance by all but the events: draws, epochs, and instants without bounds."""
        return max(self.variance - self.events.allowed, 0.0)


class _Part(NamedTuple):
    """What one source of error leaves in the mean of each epoch."""

    variance: Float64[np.ndarray, " epoch"]
    dof: float
    third: Float64[np.ndarray, " epoch"]


def spread_of_mean(
    values: Float[np.ndarray, " draw"],
    epoch: Int[np.ndarray, " draw"],
    per_instant: Float[np.ndarray, "epoch time"] | None = None,
    within: Bounds = UNBOUNDED,
    *,
    paired: bool = False,
    level: float = LEVEL,
) -> Spread:
    """Variance of the mean of `values`, and the degrees of freedom of its estimate.

    Args:
        values: one value a draw.
        epoch: which epoch each draw belongs to, an index into the rows of `per_instant`.
        per_instant: where the value of a draw is a mean over sampled instants: its mean over the
            epoch's draws at each instant, before the mean over instants.
        within: lowest and highest possible value, infinite where there is none.
        paired: values are differences on common instants: what no instant has shown is in both
            columns alike, and no allowance is made for it.
        level: of the interval that the widening is meant for.
    """
    used, group, count = np.unique(epoch, return_inverse=True, return_counts=True)
    weight = count / len(values)
    mean = np.bincount(group, values) / count
    draws = _draws(values, group, count, mean)
    none = np.zeros(len(used))
    instants, events, n_instant = _Part(none, np.inf, none), NO_EVENTS, 0
    if per_instant is not None and per_instant.shape[1] > 1:
        span = np.inf if paired else within[1] - within[0]
        instants, events = _instants(per_instant[used], span, weight)
        n_instant = len(used) * per_instant.shape[1]
    inside = _Part(
        draws.variance + instants.variance,
        _combined_dof(
            (float(weight**2 @ draws.variance), draws.dof),
            (float(weight**2 @ instants.variance), instants.dof),
        ),
        draws.third + instants.third,
    )
    found = _over_epochs(weight, mean, inside, within, level)
    return found._replace(n_instant=n_instant, events=events)


def _over_epochs(
    weight: Float64[np.ndarray, " epoch"],
    mean: Float64[np.ndarray, " epoch"],
    inside: _Part,
    within: Bounds,
    level: float,
) -> Spread:
    """Adds what epochs bring to what was found inside them."""
    base, third = float(weight**2 @ inside.variance), float(weight**3 @ inside.third)
    n_epoch = len(weight)
    if n_epoch == 1:
        return Spread(base, inside.dof, third, 1.0, 1, 0)
    effect = _epoch_effect(weight, mean, inside.variance)
    between = base + float(weight @ weight) * effect
    few = max(1.0, 1 / float(weight @ weight) - 1)
    dof = _blended_dof(between, base, inside.dof, few)
    variance = max(between, base)
    third += float(np.sum(weight**3)) * _bounded_third(
        float(weight @ mean), max(effect, 0.0), within
    )
    widening = 1.0
    if variance > 0:
        tail = (1 + level) / 2
        critical = float(special.stdtrit(dof, tail) / special.stdtrit(inside.dof, tail))
        widening = float(np.sqrt(variance / base)) * critical if base > 0 else np.inf
    return Spread(variance, dof, third, widening, n_epoch, 0)


def _draws(
    values: Float[np.ndarray, " draw"],
    group: Int[np.ndarray, " draw"],
    count: Int[np.ndarray, " epoch"],
    mean: Float64[np.ndarray, " epoch"],
) -> _Part:
    """Draws inside their epochs; nothing where each epoch has a single draw."""
    dof = len(values) - len(count)
    if dof == 0:
        return _Part(np.zeros(len(count)), np.inf, np.zeros(len(count)))
    residual = values - mean[group]
    pooled = float(residual @ residual) / dof
    third = float(np.sum(residual**3)) / dof
    return _Part(pooled / count, float(dof), third / count**2)


def _instants(
    per_instant: Float[np.ndarray, "epoch time"], span: float, weight: Float64[np.ndarray, " epoch"]
) -> tuple[_Part, Events]:
    """Instants inside their epochs, by differences of neighbours; `span` is inf without bounds.

    Without bounds the degrees of freedom are those of a sum of squares, from its fourth powers:
    half of what independent normal differences have, exact for isolated events, whose two
    differences are one event. With bounds few events mean skewness rather than a variance that is
    ill known on its own, and the limits of `mean` see to that.
    """
    n_epoch, n_time = per_instant.shape
    square = np.diff(per_instant, axis=1) ** 2
    inside = square.sum(axis=1) / 2 * n_time / (n_time - 1)
    none = np.zeros(n_epoch)
    if not np.isfinite(span):
        fourth = float((square**2).sum())
        dof = float(square.sum()) ** 2 / fourth if fourth > 0 else np.inf
        return _Part(inside / n_time**2, dof, none), NO_EVENTS
    pseudo, size = PSEUDO_EVENTS * span**2 / n_epoch, n_time + PSEUDO_COUNT / n_epoch
    variance = (inside + pseudo) / size**2
    events = Events(
        seen=float(weight**2 @ inside) / n_time**2,
        allowed=float(weight**2 @ variance),
        unseen=float(weight.max()) / n_time,
    )
    return _Part(variance, np.inf, none), events


def _combined_dof(*parts: tuple[float, float]) -> float:
    """Satterthwaite's degrees of freedom of a sum of independent variance estimates."""
    total = sum(variance for variance, _ in parts)
    if total == 0:
        return float(min(dof for _, dof in parts))
    return total**2 / max(sum(v**2 / dof for v, dof in parts), 1e-300)


def _epoch_effect(
    weight: Float64[np.ndarray, " epoch"],
    mean: Float64[np.ndarray, " epoch"],
    variance: Float64[np.ndarray, " epoch"],
) -> float:
    """Variance of what is particular to an epoch; negative where the means agree too well."""
    spread = float(weight @ (mean - weight @ mean) ** 2)
    expected = float((weight * (1 - weight)) @ variance)
    return (spread - expected) / float(weight @ (1 - weight))


def _bounded_third(mean: float, variance: float, within: Bounds) -> float:
    """Third moment of a beta variable on `within`, or of a gamma variable where one end is open.

    0 without bounds or outside them.
    """
    low, high = within
    if not low < mean < high or variance == 0:
        return 0.0
    if np.isinf(low) or np.isinf(high):
        above, below = 1 / (mean - low), 1 / (high - mean)  # 0 where the end is open
        return 2 * variance**2 * (above - below)
    span = high - low
    share = (mean - low) / span
    relative = variance / span**2
    return 2 * relative**2 * (1 - 2 * share) / (relative + share * (1 - share)) * span**3


def _blended_dof(between: float, base: float, many: float, few: float) -> float:
    """Degrees of freedom from `many` to `few`, as the ratio of the two estimates rises."""
    if base == 0:
        return few if between > 0 else many
    ramp = RAMP if few >= 1.5 else RAMP_TWO_EPOCHS
    start, end = special.fdtri(few, min(many, 1e6), ramp)
    share = float(np.clip((between / base - start) / (end - start), 0, 1))
    rate = (1 - share) / many + share / few
    return 1 / rate if rate > 0 else np.inf
