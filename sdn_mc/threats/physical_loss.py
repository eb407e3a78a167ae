"""A given loss of some satellites of an altitude band, and a higher hazard there from then on.

Model: no cause is modelled, only what is gone. At the onset `count` satellites of the band are lost
for good, drawn without replacement from those that carry traffic (all of them where there are
fewer). From then on each that is left in the band fails, for good, at the extra rate

    (hazard_multiplier - 1) * base_rate_per_year,

so that with a `satellite_failure` of the same base rate beside it the total is the multiple. A band
is between two mean altitudes (mean semi-major axis less 6,378.135 km, at the epoch's start). For
65,000 satellites one large fragmentation means a chance of over 25 % that a fragment of 1 cm or
more hits at least one (Thiele & Boley 2021, arXiv:2111.12196); for one fleet and band nothing is
public: count and multiplier are assumptions to sweep. Limits: the band, not the orbit, decides; the
multiplier is constant over the scene, of at most 30 days: for later months, take epochs and a
larger count.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from sdn_mc.core.constants import S_PER_YEAR
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.fleet import CARRIES_TRAFFIC
from sdn_mc.core.outage import Outage, windows
from sdn_mc.core.random import fine_uniform
from sdn_mc.core.scene import Scene
from sdn_mc.core.selection import largest
from sdn_mc.propagation.sgp4 import mean_elements


class PhysicalLoss(eqx.Module):
    """So many satellites of a band are gone at the onset; the others fail more often afterwards."""

    count: Scalar = field(
        unit="1", within=(0, 1e6), doc="Satellites lost at the onset, rounded.", assumed=True
    )
    min_altitude_km: Scalar | None = field(
        unit="km", within=(0, 1e6), doc="Lower end of the band; null: none."
    )
    max_altitude_km: Scalar | None = field(
        unit="km", within=(0, 1e6), doc="Upper end of the band; null: none."
    )
    hazard_multiplier: Scalar = field(
        unit="1",
        within=(1, 1e9),
        doc="Failure rate in the band from the onset on, over the usual one.",
        assumed=True,
    )
    base_rate_per_year: Scalar = field(
        unit="1/year", within=(0, 1e3), doc="The usual failure rate of a satellite.", assumed=True
    )
    onset_s: Scalar | None = field(
        unit="s",
        within=(0, 2_592_000),
        doc="Onset in the scene; null: the scene's own, or uniform over the window.",
    )
    event: str = eqx.field(static=True, default="given")

    def prepare(self, scene: Scene) -> dict[str, np.ndarray]:
        """Mean altitude of every satellite, km, and which carry traffic."""
        return {"altitude_km": mean_altitude_km(scene), "there": in_service(scene)}

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """One endless window for each satellite lost at the onset, or failing after it."""
        del scene
        first, later = jax.random.split(key)
        altitude_km, inside = prepared["altitude_km"], jnp.asarray(prepared["there"])
        if self.min_altitude_km is not None:
            inside &= altitude_km >= self.min_altitude_km
        if self.max_altitude_km is not None:
            inside &= altitude_km <= self.max_altitude_km
        lot = jnp.where(inside, fine_uniform(first, inside.shape), 0.0)
        gone = inside & largest(lot, jnp.int32(jnp.round(self.count)))
        extra_per_s = (self.hazard_multiplier - 1) * self.base_rate_per_year / S_PER_YEAR
        wait_s = -jnp.log1p(-fine_uniform(later, inside.shape)) / extra_per_s
        start_s = macros["onset_s"] + jnp.where(gone, 0.0, wait_s)
        return windows(start_s, jnp.inf, of="sat", when=gone | (inside & (extra_per_s > 0)))


def mean_altitude_km(scene: Scene) -> np.ndarray:
    """Mean semi-major axis less the equatorial radius, at the epoch's start, [sat]."""
    return mean_elements(scene.fleet.elements, scene.start).altitude_km


def in_service(scene: Scene) -> np.ndarray:
    """Satellites that carry traffic without any threat, [sat]."""
    assert scene.status is not None
    return np.isin(scene.status, CARRIES_TRAFFIC)
