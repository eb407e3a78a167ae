"""Points, lines and rotations about the Earth: pure functions in numpy float64; units in the names.

The Earth is an ellipsoid for places on it (geodetic latitude, height along the vertical; NGA.STND.
0036, 2014) and a sphere for lines of sight and great circles. It turns by Greenwich mean sidereal
time of 1982 (Aoki et al. 1982) with UT1 = UTC and no polar motion: tens of metres at the equator.
Refraction is ignored.
"""

import numpy as np
from jaxtyping import Float64

from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.constants import S_PER_DAY, TWO_PI

J2000_JD = 2451545.0  # 2000-01-01 12:00
DAYS_PER_CENTURY = 36525.0
TINY_KM2 = 1e-12  # a micrometre: keeps a segment of no length from dividing by zero
LATITUDE_STEPS = 7  # each leaves at most 0.0067, the eccentricity squared, of the error before it

# GMST in seconds at 0 h UT1 as a polynomial in centuries; the day itself is counted apart, so that
# no large number loses digits (Aoki et al. 1982, eq. 14; 67310.54841 s is its value at 12 h).
GMST82_S = (67310.54841, 8640184.812866, 0.093104, -6.2e-6)

Number = float | Float64[np.ndarray, "*#batch"]  # shapes broadcast
Vectors = Float64[np.ndarray, "*#batch xyz"]


def gmst82_rad(start: JulianDate, time_s: Number) -> Number:
    """Greenwich mean sidereal time, rad in [0, 2 pi), `time_s` after an instant (UT1 = UTC)."""
    days = start.day - J2000_JD
    fraction = start.fraction + np.asarray(time_s) / S_PER_DAY
    centuries = (days + fraction) / DAYS_PER_CENTURY
    c0, c1, c2, c3 = GMST82_S
    sidereal_s = c0 + centuries * (c1 + centuries * (c2 + centuries * c3))
    turns = (days % 1.0 + fraction) % 1.0 + sidereal_s / S_PER_DAY
    return TWO_PI * (turns % 1.0)


def geodetic_to_ecef(
    latitude_rad: Number,
    longitude_rad: Number,
    altitude_km: Number,
    radius_km: float,
    flattening: float,
) -> tuple[Vectors, Vectors]:
    """Earth-fixed position, km, and local vertical (unit vector) of places on an ellipsoid.

    A flattening of 0 is a sphere of the given radius.
    """
    sine, cosine = np.sin(latitude_rad), np.cos(latitude_rad)
    vertical = np.stack(
        np.broadcast_arrays(cosine * np.cos(longitude_rad), cosine * np.sin(longitude_rad), sine),
        axis=-1,
    )
    axis_ratio_sq = (1 - flattening) ** 2
    normal_km = radius_km / np.sqrt(cosine**2 + axis_ratio_sq * sine**2)
    stretch = np.array([1.0, 1.0, axis_ratio_sq])
    height_km = np.asarray(altitude_km)[..., None]
    return (normal_km[..., None] * stretch + height_km) * vertical, vertical


def ecef_to_geodetic(
    place_km: Vectors, radius_km: float, flattening: float
) -> tuple[Number, Number, Number]:
    """Geodetic latitude and longitude, rad, and height, km, of Earth-fixed places.

    The inverse of `geodetic_to_ecef` outside the Earth's core, to 1e-12 rad.
    """
    eccentricity_sq = flattening * (2 - flattening)
    axis_km, across_km = place_km[..., 2], np.hypot(place_km[..., 0], place_km[..., 1])
    latitude_rad = np.arctan2(axis_km, (1 - eccentricity_sq) * across_km)
    for _ in range(LATITUDE_STEPS):
        sine = np.sin(latitude_rad)
        normal_km = radius_km / np.sqrt(1 - eccentricity_sq * sine**2)
        latitude_rad = np.arctan2(axis_km + eccentricity_sq * normal_km * sine, across_km)
    sine = np.sin(latitude_rad)
    ground_km = radius_km * np.sqrt(1 - eccentricity_sq * sine**2)
    height_km = across_km * np.cos(latitude_rad) + axis_km * sine - ground_km
    return latitude_rad, np.arctan2(place_km[..., 1], place_km[..., 0]), height_km


def rotate_z(vector: Vectors, angle_rad: Number) -> Vectors:
    """Vectors turned eastward about the z axis."""
    sine, cosine = np.sin(angle_rad), np.cos(angle_rad)
    x, y, z = vector[..., 0], vector[..., 1], vector[..., 2]
    turned = (cosine * x - sine * y, sine * x + cosine * y, z)
    return np.stack(np.broadcast_arrays(*turned), axis=-1)


def elevation_rad(
    observer_km: Vectors,
    vertical: Vectors,
    target_km: Vectors,
) -> Number:
    """Angle of the target above the plane normal to the local vertical, rad."""
    line_km = target_km - observer_km
    up_km = np.sum(line_km * vertical, axis=-1)
    return np.arcsin(np.clip(up_km / np.linalg.norm(line_km, axis=-1), -1.0, 1.0))


def grazing_altitude_km(
    a_km: Vectors,
    b_km: Vectors,
    radius_km: float,
) -> Number:
    """Lowest altitude on the straight segment between two points above a sphere, km.

    Negative where the segment passes through it.
    """
    line_km = b_km - a_km
    length_km2 = np.maximum(np.sum(line_km**2, axis=-1), TINY_KM2)
    along = np.clip(-np.sum(a_km * line_km, axis=-1) / length_km2, 0.0, 1.0)
    return np.linalg.norm(a_km + along[..., None] * line_km, axis=-1) - radius_km


def great_circle_km(
    latitude_a_rad: Number,
    longitude_a_rad: Number,
    latitude_b_rad: Number,
    longitude_b_rad: Number,
    radius_km: float,
) -> Number:
    """Shortest distance along a sphere, km (haversine form: exact for near points too)."""
    across = np.sin((latitude_b_rad - latitude_a_rad) / 2) ** 2
    along = np.sin((longitude_b_rad - longitude_a_rad) / 2) ** 2
    haversine = across + np.cos(latitude_a_rad) * np.cos(latitude_b_rad) * along
    return 2 * radius_km * np.arcsin(np.sqrt(np.minimum(haversine, 1.0)))


def slant_range_km(altitude_km: Number, elevation: Number, radius_km: float) -> Number:
    """Distance from the surface of a sphere to a satellite seen at an elevation (rad), km."""
    drop_km = radius_km * np.sin(elevation)
    return np.sqrt(drop_km**2 + altitude_km * (2 * radius_km + altitude_km)) - drop_km


def circular_period_s(semi_major_axis_km: Number, mu_km3_s2: float) -> Number:
    """Period of two-body motion, s (Kepler's third law)."""
    return TWO_PI * np.sqrt(semi_major_axis_km**3 / mu_km3_s2)
