"""Where a ground site is in the frame of the satellites.

By default geodetic coordinates on WGS-84, turned by Greenwich mean sidereal time of 1982 with
UT1 = UTC and no polar motion, which costs tens of metres (0.1 s of UT1 - UTC is 47 m at the
equator). For comparison with other programs: a sphere of a stated radius, and a stated length of
day, whose prime meridian meets the x axis at the fleet's reference epoch.
"""

import equinox as eqx
import numpy as np
from jaxtyping import Float64

from sdn_mc import geometry
from sdn_mc.access import tracks
from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.constants import TWO_PI, WGS84_FLATTENING, WGS84_RADIUS_KM
from sdn_mc.core.fields import field
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.scene import Sites
from sdn_mc.core.sites import SHUTTLE

Turned = tuple[Float64[np.ndarray, "time site xyz"], Float64[np.ndarray, "time site xyz"]]


class Earth(eqx.Module):
    """Shape and rotation of the Earth."""

    radius_m: float | None = field(
        unit="m", within=(6e6, 7e6), doc="Radius of a spherical Earth; null: the WGS-84 ellipsoid."
    )
    day_s: float | None = field(
        unit="s", within=(1e3, 1e9), doc="Time of one turn; null: sidereal time of 1982."
    )

    @property
    def shape(self) -> tuple[float, float]:
        """Equatorial radius, km, and flattening."""
        if self.radius_m is None:
            return WGS84_RADIUS_KM, WGS84_FLATTENING
        return self.radius_m / 1000.0, 0.0

    def site_km(
        self, sites: Sites, fleet: Fleet, start: JulianDate, time_s: Float64[np.ndarray, " time"]
    ) -> Turned:
        """Inertial position (km) and local vertical of every site at every time."""
        since_s = start.seconds_since(fleet.reference) + time_s
        if self.day_s is None:
            angle_rad = np.asarray(geometry.gmst82_rad(start, time_s))
        else:
            angle_rad = TWO_PI * (since_s / self.day_s)
        latitude_rad, longitude_rad, altitude_m = where(sites, since_s, time_s)
        position_km, vertical = geometry.geodetic_to_ecef(
            latitude_rad, longitude_rad, altitude_m / 1000.0, *self.shape
        )
        shape = (len(time_s), sites.n_site)
        every = np.broadcast_to(angle_rad[:, None], shape)
        return (
            geometry.rotate_z(np.broadcast_to(position_km, (*shape, 3)), every),
            geometry.rotate_z(np.broadcast_to(vertical, (*shape, 3)), every),
        )


def where(
    sites: Sites, since_s: Float64[np.ndarray, " time"], time_s: Float64[np.ndarray, " time"]
) -> tuple[Float64[np.ndarray, "*time site"], ...]:
    """Latitude, longitude (rad) and height (m); with a time axis where some site has a track.

    `since_s` counts from the fleet's reference, `time_s` from the start of the scene.
    """
    fixed = np.radians(sites.latitude_deg), np.radians(sites.longitude_deg), sites.altitude_m
    if not any(user.track for user in sites.users):
        return fixed
    every = [np.repeat(each[None], len(time_s), axis=0) for each in fixed]
    for k, user in enumerate(sites.users):
        if user.track is not None:
            clock_s = since_s if user.track.course == SHUTTLE else time_s
            at = tracks.places(user.track, clock_s + user.track.lead_s)
            for each, values in zip(every, at, strict=True):
                each[:, k] = values
    return tuple(every)
