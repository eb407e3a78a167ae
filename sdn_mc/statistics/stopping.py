"""When a run knows enough: looks at its interval, each with its part of the error probability.

A run that stops as soon as its interval is short has as many chances of a wrong interval as it
looks. So it looks seldom, at n, 2n, 4n, … draws, with n one group of draws in every epoch, and look
k takes the interval at level 1 - a_k,

    a_k = 0.05 / (k (k + 1)),   so that a_1 + a_2 + … = 0.05.

By Bonferroni's inequality all these intervals hold together with the probability 0.95 of a single
one, hence also that of the look which ends the run, for whatever reason it does: the error is spent
over the looks (Lan & DeMets 1983, Biometrika 70:659; Jennison & Turnbull 1989, J. R. Stat. Soc. B
51:305, repeated confidence intervals). No joint law of the looks is needed, which share their draws
and epochs, and a_k does not depend on how many looks may follow, so a run that is given more draws
stops where it would have with them from the beginning.

A look ends the run if the longer arm of this interval is at most the half-width asked for, so that
value +- half-width holds too, and if each stratum has had ten draws with an event: with fewer the
width itself is not known. What the summary then gives is the plain 95 % interval, which is shorter;
it holds the truth in 93 % of the cases or more (tests/statistics/test_proof_of_coverage.py).

Limits: what the epochs bring to the width no draw takes away; where that is more than the
half-width, the run goes on to its last draw.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from sdn_mc.statistics.estimate import LEVEL, Estimate

LEAST_EVENTS = 10  # in each stratum


class Look(NamedTuple):
    """What is known after so many draws."""

    number: int  # from 1
    n_draw: int

    @property
    def level(self) -> float:
        """Of the interval that this look takes."""
        return 1 - (1 - LEVEL) / (self.number * (self.number + 1))


def looks(n_first: int, n_draw: int) -> Iterator[Look]:
    """All looks of a run of at most `n_draw` draws, of which `n_first` use every epoch once."""
    number, at = 1, n_first
    while at <= n_draw:
        yield Look(number, at)
        number, at = number + 1, 2 * at


def half_width(found: Estimate) -> float:
    """The longer arm; inf where the interval is open."""
    if not np.isfinite(found.value):
        return np.inf
    return max(found.high - found.value, found.value - found.low)


def least_events(
    changed: Bool[np.ndarray, " draw"], stratum: Int[np.ndarray, " draw"] | None = None
) -> int:
    """Draws with an event, in the stratum that has the fewest; None: all are one stratum."""
    of = np.zeros(len(changed), np.int64) if stratum is None else stratum
    return int(np.bincount(np.unique(of, return_inverse=True)[1], changed).min())


def is_enough(
    found: Estimate,
    wanted: float,
    changed: Bool[np.ndarray, " draw"],
    stratum: Int[np.ndarray, " draw"] | None = None,
) -> bool:
    """Does a look with this interval end the run?"""
    return half_width(found) <= wanted and least_events(changed, stratum) >= LEAST_EVENTS
