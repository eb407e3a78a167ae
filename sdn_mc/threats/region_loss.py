"""A given loss of a region: satellites above a disc on the ground, and sites inside, at the onset.

Model: the event is given. The disc has a centre (fixed, or drawn: uniform on the sphere by default)
and a radius along the ground. A satellite is inside if its ground point is,

    |u - c| <= 2 sin(radius / 2 R)    with unit vectors u of the satellite, c of the centre,

a site if it is itself; each inside is lost with a probability, independently, and all that are lost
return together after `repair_h`, wherever they have moved by then. R is the mean radius, 6,371 km,
and latitudes are taken as geocentric (geodetic ones differ by at most 0.19 deg, 21 km). The default
radius, 3,000 km, is that of Ouyang et al. 2023, who find at most 8 % of the users cut.

Positions are those of the scene's instant nearest to the onset, because none lie between: in a
snapshot, whose instants are minutes apart, the disc hits the fleet as it is at another time of the
same day, which is as likely as its own. Limits: a disc only, on or off at once, no height.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Float64, Key

from sdn_mc.core.constants import MEAN_RADIUS_KM, S_PER_H
from sdn_mc.core.distributions import Distribution
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.outage import Outage, windows
from sdn_mc.core.scene import Scene


class RegionLoss(eqx.Module):
    """Satellites above a disc and sites inside it are lost at the onset."""

    latitude_deg: Scalar = field(unit="deg", within=(-90, 90), doc="Latitude of the disc's centre.")
    longitude_deg: Scalar = field(
        unit="deg", within=(-180, 360), doc="Longitude of the disc's centre."
    )
    radius_km: Scalar = field(
        unit="km", within=(0, 20_038), doc="Radius of the disc along the ground.", assumed=True
    )
    severity: Scalar = field(
        unit="1", within=(0, 1), doc="Chance that a satellite inside is lost.", assumed=True
    )
    site_severity: Scalar = field(
        unit="1", within=(0, 1), doc="Chance that a site inside is lost.", assumed=True
    )
    repair_h: Scalar = field(
        unit="h", within=(0, 87_660), doc="Time from the onset to the return.", assumed=True
    )
    onset_s: Scalar | None = field(
        unit="s",
        within=(0, 2_592_000),
        doc="Onset in the scene; null: the scene's own, or uniform over the window.",
    )
    event: str = eqx.field(static=True, default="given")

    def prepare(self, scene: Scene) -> dict[str, np.ndarray]:
        """Unit vectors of the satellites at the instants an onset may be nearest to, and sites."""
        sites, time_s = scene.sites, np.asarray(scene.time_s)
        assert scene.geometry is not None
        onset_s = self.onset_s if self.onset_s is not None else scene.onset_s
        at = np.arange(len(time_s))
        if onset_s is not None and not isinstance(onset_s, Distribution):
            at = at[[np.argmin(np.abs(time_s - float(onset_s)))]]
        km = scene.geometry.fixed_sat_km(at)
        latitude, longitude = np.radians(sites.latitude_deg), np.radians(sites.longitude_deg)
        return {
            "time_s": time_s[at].astype(np.float32),
            "sat": (km / np.linalg.norm(km, axis=-1, keepdims=True)).astype(np.float32),
            "site": _unit(latitude, longitude).astype(np.float32),
            "on_earth": sites.on_earth,
        }

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """One window for each satellite and site that is lost."""
        del scene
        onset_s = macros["onset_s"]
        end_s = onset_s + self.repair_h * S_PER_H
        sat = jnp.asarray(prepared["sat"])[jnp.argmin(jnp.abs(prepared["time_s"] - onset_s))]
        found = Outage()
        for k, (of, unit, severity) in enumerate(
            (("sat", sat, self.severity), ("site", prepared["site"], self.site_severity))
        ):
            u = jax.random.uniform(jax.random.fold_in(key, k), (len(unit),), dtype=jnp.float32)
            lost = self._inside(unit) & (u < severity)
            if of == "site":
                lost &= jnp.asarray(prepared["on_earth"])
            found += windows(onset_s, end_s, of=of, when=lost)
        return found

    def _inside(self, unit: Float[Array, "entity xyz"]) -> Bool[Array, " entity"]:
        """Whose ground point lies in the disc, by the chord: exact for small discs too."""
        latitude, longitude = jnp.radians(self.latitude_deg), jnp.radians(self.longitude_deg)
        x = unit[:, 0] - jnp.cos(latitude) * jnp.cos(longitude)
        y = unit[:, 1] - jnp.cos(latitude) * jnp.sin(longitude)
        z = unit[:, 2] - jnp.sin(latitude)
        half_rad = self.radius_km / (2 * MEAN_RADIUS_KM)
        chord = 2 * jnp.sin(jnp.minimum(half_rad, jnp.pi / 2))
        return (x * x + y * y + z * z <= chord * chord) | (half_rad >= jnp.pi / 2)


def _unit(
    latitude_rad: Float64[np.ndarray, " site"], longitude_rad: Float64[np.ndarray, " site"]
) -> Float64[np.ndarray, "site xyz"]:
    across = np.cos(latitude_rad)
    return np.stack(
        [across * np.cos(longitude_rad), across * np.sin(longitude_rad), np.sin(latitude_rad)], 1
    )
