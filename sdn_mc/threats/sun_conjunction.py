"""Sun conjunction: an optical terminal is blind while the sun is near its line of sight.

Model: deterministic geometry. A link is out while, seen from either of its ends, the sun's centre
is less than `angle_deg` from the direction of the other end and not hidden by the Earth (a sphere,
no refraction). Of all directions a cone of half-angle a holds the share (1 - cos a) / 2: 0.0076 %,
0.030 %, 0.069 % and 0.19 % at 1, 2, 3 and 5 degrees. If asked, optical downlinks too: a site loses
the candidates that stand before the sun (from the satellite, the sun is never behind the site).

The sun's place is that of `sun`, good to 0.01 deg; the parallax of a low orbit is 0.003 deg. The
angle itself is an assumption: published systems state none.
Limits: no dazzling by reflections, no gradual loss, no terminal that looks away in time.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Float64, Key

from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.outage import Effect, Instant, Outage
from sdn_mc.core.scene import Scene
from sdn_mc.threats.sun import in_sunlight, sun_of_scene

HIDDEN_RAD = 4.0  # beyond pi: never within any angle


class SunAngles(NamedTuple):
    """Angle between line of sight and sun at every instant, the smaller of both ends, rad."""

    slot_rad: Float32[np.ndarray, "time sat port"] | Float32[Array, "time sat port"]
    candidate_rad: Float32[np.ndarray, "time site candidate"] | Float32[Array, "*rest"] | None


class SunConjunction(eqx.Module):
    """Links that look into the sun are out."""

    angle_deg: Scalar = field(
        unit="deg", within=(0, 180), doc="Out while the sun is nearer than this.", assumed=True
    )
    downlinks: bool = field(doc="Are access links optical, and so out too?", static=True)

    def prepare(self, scene: Scene) -> SunAngles:
        """The sun's angle at every link and every candidate."""
        links, access, places = scene.links, scene.access, scene.geometry
        assert links is not None and access is not None and places is not None
        sun = sun_of_scene(scene)
        n_time, n_sat, n_port = links.delay_s.shape
        slot = np.empty((n_time, n_sat, n_port), np.float32)
        candidate = np.empty(access.sat.shape, np.float32) if self.downlinks else None
        for t in range(n_time):
            sat_km = places.sat_km[t]
            neighbour = links.neighbour if links.neighbour.ndim == 2 else links.neighbour[t]
            slot[t] = link_sun_rad(sat_km, neighbour, sun[t])
            if candidate is not None:
                line_km = sat_km[access.sat[t]] - places.site_km[t][:, None]
                angle_rad = _angle_rad(line_km, sun[t])
                # Users aboard need no link, and targets send no light.
                candidate[t] = np.where(scene.sites.on_earth[:, None], angle_rad, HIDDEN_RAD)
        return SunAngles(slot, candidate)

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: SunAngles
    ) -> Outage:
        """Nothing is drawn."""
        del key, macros, scene, prepared
        return Outage()

    def at(self, state: Any, instant: Instant, prepared: SunAngles) -> Effect:
        """Links, and candidates where asked, that look into the sun."""
        del state
        least_rad = jnp.radians(self.angle_deg)
        slot = jnp.asarray(prepared.slot_rad)[instant.time] < least_rad
        if prepared.candidate_rad is None:
            return Effect(slot=slot)
        candidate = jnp.asarray(prepared.candidate_rad)[instant.time] < least_rad
        return Effect(slot=slot, candidate=candidate)


def link_sun_rad(
    sat_km: Float64[np.ndarray, "sat xyz"],
    neighbour: np.ndarray,
    sun: Float64[np.ndarray, " xyz"],
) -> Float[np.ndarray, "sat port"]:
    """Angle of the sun from each link, at the end where it is smaller; beyond pi if never seen."""
    lit = in_sunlight(sat_km, sun)
    one = np.broadcast_to(np.arange(len(sat_km))[:, None], neighbour.shape)
    low, high = np.minimum(one, neighbour), np.maximum(one, neighbour)  # both slots alike
    from_low_rad = _angle_rad(sat_km[high] - sat_km[low], sun)
    at_low_rad = np.where(lit[low], from_low_rad, HIDDEN_RAD)
    at_high_rad = np.where(lit[high], np.pi - from_low_rad, HIDDEN_RAD)
    return np.where(low == high, HIDDEN_RAD, np.minimum(at_low_rad, at_high_rad))


def _angle_rad(
    line_km: Float64[np.ndarray, "*batch xyz"], sun: Float64[np.ndarray, " xyz"]
) -> Float64[np.ndarray, "*batch"]:
    """Angle between lines and a unit vector; exact near 0 too, where arccos is not."""
    return np.arctan2(np.linalg.norm(np.cross(line_km, sun), axis=-1), line_km @ sun)
