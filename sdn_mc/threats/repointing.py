"""Routine re-pointing of laser terminals: each looks for a new partner now and then.

Model: a stationary on-off process for every terminal, exponential in both states, that is acquiring
for `acquisition_s` at a time, once in `interval_min` on average from one beginning to the next:

    P(down) = acquisition / interval,    rate = 1 / (interval - acquisition).

Starlink (SpaceX at SPIE Photonics West 2024-01, as PCMag reports): 266,141 acquisitions a day with
about 9,000 lasers, so that a laser acquires every 49 minutes if each acquisition counts one laser,
every 24 if it counts two: the default is the first, and both are to be compared. An acquisition may
take 100 s by the SDA's standard (OCT 3.2.0); Starlink's link uptime of over 99 % (same source)
leaves about 15 s on average. The mean is an assumption to sweep from 10 to 100 s. Limits: the two
ends of a link turn at times of their own, so that a link is down about twice P(down); real changes
follow a plan, on which routing relies, and are no surprise as these are.

These windows are acquisitions themselves, so that `reacquisition` adds none after them: this cause
owns the routine ones, that reaction those after a loss, `topology.retarget_s` those of a bypass.
Starlink's count holds all three; those after losses are few beside the routine ones.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Key

from sdn_mc.core.constants import S_PER_MIN
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.outage import Outage, renewal
from sdn_mc.core.scene import Scene
from sdn_mc.threats.solar_storm import breaks


class Repointing(eqx.Module):
    """Every terminal is out while it acquires a new partner."""

    interval_min: Scalar = field(
        unit="min", within=(0.01, 1e7), doc="Mean time from one acquisition to the next."
    )
    acquisition_s: Scalar = field(
        unit="s", within=(0, 86_400), doc="Mean time that an acquisition takes.", assumed=True
    )

    unanswered: ClassVar[tuple[str, ...]] = ("terminal",)

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """A law over all terminals; a chain, where the configuration gives numbers."""
        del key, macros, scene, prepared
        share = self.acquisition_s / (self.interval_min * S_PER_MIN)
        rate_per_s, repair_s = breaks(share, jnp.maximum(self.acquisition_s, 1e-3))
        return renewal(rate_per_s, repair_s, of="terminal")
