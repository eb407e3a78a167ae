"""Where emitters are: listed places, or places drawn from a disc; standing still or moving.

A drawn place is uniform over the area of a spherical cap: sin^2(c / 2) = u sin^2(C / 2), with c the
angle from its centre and C that of its rim; the bearing is uniform. Emitters that move start there
at the scene's start and keep to a great circle: p(t) = p cos(w t) + |p| h sin(w t), w = v / |p|,
with h the horizontal unit vector of the course. Earth-fixed coordinates, WGS-84.

Limits: a mover keeps its distance from the Earth's centre, so its height drifts by up to 21 km over
a quarter of the globe; all emitters have one speed and one course.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from sdn_mc.core.constants import (
    MEAN_RADIUS_KM,
    S_PER_H,
    WGS84_FLATTENING,
    WGS84_RADIUS_KM,
)
from sdn_mc.core.distributions import Distribution, Uniform
from sdn_mc.core.fields import Constant, field


class Tracks(NamedTuple):
    """Emitters at the start of the scene, and where they head."""

    start_km: Float[Array, "emitter xyz"]  # Earth-fixed
    heading: Float[Array, "emitter xyz"]  # horizontal unit vector
    altitude_km: Float[Array, " emitter"]


class Emitters(eqx.Module):
    """Places of emitters on or above the ground."""

    places: tuple[tuple[Constant, ...], ...] | None = field(
        doc="Each [latitude deg, longitude deg, altitude m]; null: drawn from the disc."
    )
    latitude_deg: Constant = field(unit="deg", within=(-90, 90), doc="Centre of the disc.")
    longitude_deg: Constant = field(unit="deg", within=(-180, 360), doc="Centre of the disc.")
    radius_km: Constant = field(
        unit="km", within=(0, 20_000), doc="Radius of the disc, along the ground.", assumed=True
    )
    altitude_m: Constant = field(
        unit="m", within=(0, 1e5), doc="Of those drawn, above the ellipsoid.", assumed=True
    )
    count: int = field(within=(1, 64), doc="How many are drawn.", assumed=True, static=True)
    speed_km_h: Constant = field(unit="km/h", within=(0, 30_000), doc="Speed; 0: standing still.")
    course_deg: Constant = field(
        unit="deg", within=(0, 360), doc="Course at the start, from north over east."
    )

    def problems(self) -> list[str]:
        """Places that are not on the Earth."""
        if self.places is None:
            return []
        wrong = [
            f"emitters.places[{k}]: {list(place)} given; write [latitude, longitude, altitude_m]"
            for k, place in enumerate(self.places)
            if len(place) != 3 or not -90 <= place[0] <= 90
        ]
        return wrong if self.places else ["emitters.places: no place is listed; list one, or null"]

    def macros(self) -> dict[str, Distribution]:
        """Where in the disc each one is, if that is drawn."""
        if self.places is not None:
            return {}
        return {
            "bearing_deg": Uniform(0.0, 360.0, shape=(self.count,)),
            "area_share": Uniform(0.0, 1.0, shape=(self.count,)),  # of the disc, nearer the centre
        }

    def tracks(self, macros: Mapping[str, Any]) -> Tracks:
        """All emitters of one draw."""
        if self.places is None:
            latitude_rad, longitude_rad = self._drawn_rad(macros)
            altitude_m = jnp.full(latitude_rad.shape, self.altitude_m, jnp.float32)
        else:
            latitude_deg, longitude_deg, altitude_m = jnp.asarray(self.places, jnp.float32).T
            latitude_rad, longitude_rad = jnp.radians(latitude_deg), jnp.radians(longitude_deg)
        start_km = _earth_fixed_km(latitude_rad, longitude_rad, altitude_m / 1000.0)
        heading = _heading(start_km, longitude_rad, jnp.radians(self.course_deg))
        return Tracks(start_km, heading, altitude_m / 1000.0)

    def position_km(self, tracks: Tracks, time_s: Float[Array, ""]) -> Float[Array, "emitter xyz"]:
        """Earth-fixed positions at a time of the scene."""
        radius_km = _length(tracks.start_km)[:, None]
        angle_rad = self.speed_km_h / S_PER_H * time_s / radius_km
        along = radius_km * tracks.heading
        return tracks.start_km * jnp.cos(angle_rad) + along * jnp.sin(angle_rad)

    def _drawn_rad(
        self, macros: Mapping[str, Any]
    ) -> tuple[Float[Array, " emitter"], Float[Array, " emitter"]]:
        """Latitude and longitude of places uniform over the disc."""
        centre_rad = jnp.radians(self.latitude_deg)
        bearing_rad = jnp.radians(macros["bearing_deg"])
        rim_rad = self.radius_km / MEAN_RADIUS_KM
        away = 2 * jnp.arcsin(jnp.sqrt(macros["area_share"]) * jnp.sin(rim_rad / 2))
        sine = jnp.sin(centre_rad) * jnp.cos(away)
        sine += jnp.cos(centre_rad) * jnp.sin(away) * jnp.cos(bearing_rad)
        east = jnp.arctan2(
            jnp.sin(bearing_rad) * jnp.sin(away) * jnp.cos(centre_rad),
            jnp.cos(away) - jnp.sin(centre_rad) * sine,
        )
        return jnp.arcsin(jnp.clip(sine, -1.0, 1.0)), jnp.radians(self.longitude_deg) + east


def _earth_fixed_km(
    latitude_rad: Float[Array, " emitter"],
    longitude_rad: Float[Array, " emitter"],
    altitude_km: Float[Array, " emitter"],
) -> Float[Array, "emitter xyz"]:
    """As `geometry.geodetic_to_ecef`, inside compiled code (float32: within a metre)."""
    sine, cosine = jnp.sin(latitude_rad), jnp.cos(latitude_rad)
    axis_ratio_sq = (1 - WGS84_FLATTENING) ** 2
    normal_km = WGS84_RADIUS_KM / jnp.sqrt(cosine**2 + axis_ratio_sq * sine**2)
    flat_km = (normal_km + altitude_km) * cosine
    up_km = (normal_km * axis_ratio_sq + altitude_km) * sine
    x_km, y_km = flat_km * jnp.cos(longitude_rad), flat_km * jnp.sin(longitude_rad)
    return jnp.stack([x_km, y_km, up_km], axis=-1)


def _heading(
    start_km: Float[Array, "emitter xyz"],
    longitude_rad: Float[Array, " emitter"],
    course_rad: Float[Array, ""],
) -> Float[Array, "emitter xyz"]:
    """Horizontal unit vector of a course."""
    sine, cosine = jnp.sin(longitude_rad), jnp.cos(longitude_rad)
    east = jnp.stack([-sine, cosine, jnp.zeros_like(sine)], axis=-1)
    north = jnp.cross(start_km / _length(start_km)[:, None], east)
    return jnp.cos(course_rad) * north + jnp.sin(course_rad) * east


def _length(vector: Float[Array, "emitter xyz"]) -> Float[Array, " emitter"]:
    x, y, z = vector[:, 0], vector[:, 1], vector[:, 2]
    return jnp.sqrt(x * x + y * y + z * z)
