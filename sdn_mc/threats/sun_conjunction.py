"""Sun conjunction: an optical terminal is blind while the sun is near its line of sight.

Model: deterministic geometry. A link is out while, seen from either of its ends, the sun's centre
is less than `angle_deg` from the direction of the other end and not hidden by the Earth (a sphere,
no refraction). Of all directions a cone of half-angle a holds the share (1 - cos a) / 2: 0.0076 %,
0.030 %, 0.069 % and 0.19 % at 1, 2, 3 and 5 degrees. If asked, optical downlinks too: a site loses
the candidates that stand before the sun (from the satellite, the sun is never behind the site).

The sun's place: the low-precision formulas of the Astronomical Almanac (page C5), good to 0.01 deg
from 1950 to 2050, for the mean equator and equinox of date. They are put over the right longitude
by sidereal time and then turned with the Earth, so any frame of the ephemeris will do. TEME has the
true equator, up to 0.0026 deg away; UTC for terrestrial time (70 s) costs 0.0008 deg, and the
parallax of a low orbit 0.003 deg. The angle itself is an assumption: published systems state none.
Limits: no dazzling by reflections, no gradual loss, no terminal that looks away in time.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Float64, Key

from sdn_mc import geometry
from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.constants import MEAN_RADIUS_KM, S_PER_DAY
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.outage import Effect, Instant, Outage
from sdn_mc.core.scene import Scene

HIDDEN_RAD = 4.0  # beyond pi: never within any angle

# Astronomical Almanac, page C5: degrees, and degrees a day from J2000.
LONGITUDE_DEG = (280.460, 0.9856474)  # mean, aberration included
ANOMALY_DEG = (357.528, 0.9856003)
CENTRE_DEG = (1.915, 0.020)  # of the sine of the anomaly, and of twice it
OBLIQUITY_DEG = (23.439, -0.0000004)


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
        fixed = sun_earth_fixed(scene.start, np.asarray(scene.time_s))
        sun = np.einsum("tij,ti->tj", places.axes, fixed)
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


def sun_ecliptic_deg(
    start: JulianDate, time_s: Float64[np.ndarray, " time"]
) -> tuple[Float64[np.ndarray, " time"], Float64[np.ndarray, " time"]]:
    """Apparent ecliptic longitude of the sun and obliquity of the ecliptic, of date, deg."""
    days = (start.day - geometry.J2000_JD) + start.fraction + time_s / S_PER_DAY
    anomaly = np.radians(ANOMALY_DEG[0] + ANOMALY_DEG[1] * days)
    mean_deg = LONGITUDE_DEG[0] + LONGITUDE_DEG[1] * days
    centre_deg = CENTRE_DEG[0] * np.sin(anomaly) + CENTRE_DEG[1] * np.sin(2 * anomaly)
    return (mean_deg + centre_deg) % 360.0, OBLIQUITY_DEG[0] + OBLIQUITY_DEG[1] * days


def sun_direction(
    start: JulianDate, time_s: Float64[np.ndarray, " time"]
) -> Float64[np.ndarray, "time xyz"]:
    """Unit vector to the sun, mean equator and equinox of date."""
    longitude_rad, obliquity_rad = np.radians(sun_ecliptic_deg(start, time_s))
    sine = np.sin(longitude_rad)
    return np.stack(
        [np.cos(longitude_rad), np.cos(obliquity_rad) * sine, np.sin(obliquity_rad) * sine], axis=-1
    )


def sun_earth_fixed(
    start: JulianDate, time_s: Float64[np.ndarray, " time"]
) -> Float64[np.ndarray, "time xyz"]:
    """Unit vector to the sun on the Earth's own axes."""
    turned_rad = np.asarray(geometry.gmst82_rad(start, time_s))
    return geometry.rotate_z(sun_direction(start, time_s), -turned_rad)


def link_sun_rad(
    sat_km: Float64[np.ndarray, "sat xyz"],
    neighbour: np.ndarray,
    sun: Float64[np.ndarray, " xyz"],
) -> Float[np.ndarray, "sat port"]:
    """Angle of the sun from each link, at the end where it is smaller; beyond pi if never seen."""
    along_km = sat_km @ sun
    across_km = np.linalg.norm(sat_km - along_km[:, None] * sun, axis=-1)
    sees_sun = (along_km > 0) | (across_km > MEAN_RADIUS_KM)
    one = np.broadcast_to(np.arange(len(sat_km))[:, None], neighbour.shape)
    low, high = np.minimum(one, neighbour), np.maximum(one, neighbour)  # both slots alike
    from_low_rad = _angle_rad(sat_km[high] - sat_km[low], sun)
    at_low_rad = np.where(sees_sun[low], from_low_rad, HIDDEN_RAD)
    at_high_rad = np.where(sees_sun[high], np.pi - from_low_rad, HIDDEN_RAD)
    return np.where(low == high, HIDDEN_RAD, np.minimum(at_low_rad, at_high_rad))


def _angle_rad(
    line_km: Float64[np.ndarray, "*batch xyz"], sun: Float64[np.ndarray, " xyz"]
) -> Float64[np.ndarray, "*batch"]:
    """Angle between lines and a unit vector; exact near 0 too, where arccos is not."""
    return np.arctan2(np.linalg.norm(np.cross(line_km, sun), axis=-1), line_km @ sun)
