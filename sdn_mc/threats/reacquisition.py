"""Reacquisition: after a loss, a laser terminal must find its partner before its links carry again.

Model: a terminal that was out, by itself or with its satellite, whatever the cause, is out for
another

    T = n * acquisition_s * exp(sigma * z),    z ~ N(0, 1),    P(n) = q (1 - q)^(n - 1),

from the end of the loss, in continuous time: n attempts, each of which succeeds with chance q =
`attempt_success`; mean acquisition_s * exp(sigma^2 / 2) / q. Causes that follow each other without
a break are one loss; a loss that comes while it is acquiring ends the attempt, and T is drawn anew
after it. Radio access returns at once.

The numbers of a loss come from threefry2x32 under a key of the draw, with the terminal and the
float32 bits of the loss's end as counter: as many as there are losses, the same in any block, and
the same in every column that has this loss.

Who owns what, so that nothing is charged twice: this reaction owns acquisitions after a loss;
`repointing` the routine ones, after whose windows nothing is added here; `topology.retarget_s` the
time until a bypass past a lost satellite carries, whose terminals were never out. The far terminal
acquires at the same time, and a link needs both: extending those that were out is enough.

Sources: the SDA's standard (OCT 3.2.0) allows 100 s; Starlink's link uptime of over 99 % (SpaceX at
SPIE Photonics West 2024-01, as PCMag reports) leaves about 15 s on average if all downtime were
acquisition. Median, spread and chance are assumptions to sweep; real times have several modes and
depend on the geometry before (arXiv:2511.16063). Limits: losses of links alone (`link_loss`,
interoperability, sun) and of sites are followed by no acquisition; what ended before the first
instant that is asked for is not seen, so that a scene's first T or so is a little too good.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, no_type_check

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float32, Float64, Int64, Key, UInt32
from scipy.special import ndtri

from sdn_mc.core.compiled import entry
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.outage import Outage, Spans
from sdn_mc.core.scene import Scene
from sdn_mc.core.spans import (
    TERMINAL,
    Losses,
    in_order,
    losses_of,
    of_satellites,
    rows_of,
    takes_satellites,
)
from sdn_mc.core.threefry import threefry


class Reacquisition(eqx.Module):
    """Every laser terminal that was out acquires its partner anew."""

    acquisition_s: Scalar = field(
        unit="s", within=(0, 86_400), doc="Median time of one attempt.", assumed=True
    )
    sigma: Scalar = field(
        unit="1", within=(0, 3), doc="Spread of the logarithm of that time.", assumed=True
    )
    attempt_success: Scalar = field(
        unit="1", within=(0.01, 1), doc="Chance that an attempt succeeds.", assumed=True
    )
    reacts: ClassVar[str] = "reacquisition"

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """The key of the draw."""
        del macros, scene, prepared
        return Outage(state=jax.random.key_data(key))

    def react(
        self, state: UInt32[np.ndarray, "two draw"], spans: list[Spans], scene: Scene, prepared: Any
    ) -> list[Spans]:
        """The spans as they are, and terminals that acquire."""
        del prepared
        assert scene.links is not None
        n_terminal, n_sat, window_s = scene.links.n_terminal, scene.fleet.n_sat, scene.window_s
        lost = losses_of_terminals(spans, scene, n_terminal)
        at = np.flatnonzero(lost.until_s <= window_s)
        following = np.append(lost.since_s[1:], np.float32(np.inf))
        for each in (lost.thing, lost.draw):
            following[:-1][each[1:] != each[:-1]] = np.inf
        thing, draw, until_s = lost.thing[at], lost.draw[at], lost.until_s[at]
        end_s = np.minimum(until_s + self._lasts_s(state, thing, draw, until_s), following[at])
        n_word = state.shape[-1] // 32
        own = in_order(thing, draw, until_s, end_s.astype(np.float32), TERMINAL,
                       n_sat * n_terminal, n_word)  # fmt: skip
        return [*spans, own]

    def _lasts_s(
        self,
        key: UInt32[np.ndarray, "two draw"],
        terminal: Int64[np.ndarray, " loss"],
        draw: Int64[np.ndarray, " loss"],
        until_s: Float32[np.ndarray, " loss"],
    ) -> Float64[np.ndarray, " loss"]:
        """How long each acquisition lasts."""
        u = np.empty((2, len(draw)))
        _fill_uniform(np.ascontiguousarray(key), terminal, draw, until_s.view(np.uint32), u)
        median_s, sigma, success = (
            np.asarray(each, np.float64)[draw]
            for each in (self.acquisition_s, self.sigma, self.attempt_success)
        )
        with np.errstate(divide="ignore"):
            n_failed = np.floor(np.log(u[1]) / np.log1p(-success))
        return (1 + n_failed) * median_s * np.exp(sigma * ndtri(u[0]))


def losses_of_terminals(spans: list[Spans], scene: Scene, n_terminal: int) -> Losses:
    """When each terminal is out without a break, by itself or with its satellite."""
    sats = [of_satellites(each, scene) for each in spans if takes_satellites(each)]
    sat = losses_of(*rows_of(sats))
    every = np.arange(n_terminal, dtype=np.int64)
    with_sat = (
        (sat.thing[:, None] * n_terminal + every).ravel(),
        *(np.repeat(each, n_terminal) for each in (sat.draw, sat.since_s, sat.until_s)),
    )
    alone = rows_of([each for each in spans if each.of == TERMINAL])
    return losses_of(*(np.concatenate(each) for each in zip(with_sat, alone, strict=True)))


@entry
@no_type_check
def _fill_uniform(key, terminal, draw, bits, u):
    """Two numbers in (0, 1) for each loss."""
    for loss in range(len(draw)):
        at = draw[loss]
        x, y = threefry((key[0, at], key[1, at]), np.uint32(terminal[loss]), bits[loss])
        u[0, loss] = (np.float64(x) + 0.5) * 2.0**-32
        u[1, loss] = (np.float64(y) + 0.5) * 2.0**-32
