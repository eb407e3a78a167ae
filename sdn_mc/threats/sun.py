"""Where the sun is, and which satellites it shines on.

Model: the low-precision formulas of the Astronomical Almanac (page C5), good to 0.01 deg from 1950
to 2050, for the mean equator and equinox of date. They are put over the right longitude by sidereal
time and then turned with the Earth, so any frame of the ephemeris will do. TEME has the true
equator, up to 0.0026 deg away; UTC for terrestrial time (70 s) costs 0.0008 deg. The shadow is a
cylinder of the Earth's mean radius behind it: no penumbra, no refraction, no flattening.
"""

import numpy as np
from jaxtyping import Bool, Float64

from sdn_mc import geometry
from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.constants import MEAN_RADIUS_KM, S_PER_DAY
from sdn_mc.core.scene import Scene

# Astronomical Almanac, page C5: degrees, and degrees a day from J2000.
LONGITUDE_DEG = (280.460, 0.9856474)  # mean, aberration included
ANOMALY_DEG = (357.528, 0.9856003)
CENTRE_DEG = (1.915, 0.020)  # of the sine of the anomaly, and of twice it
OBLIQUITY_DEG = (23.439, -0.0000004)


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


def sun_of_scene(scene: Scene) -> Float64[np.ndarray, "time xyz"]:
    """Unit vector to the sun at every instant, in the frame of the scene's geometry."""
    assert scene.geometry is not None
    fixed = sun_earth_fixed(scene.start, np.asarray(scene.time_s))
    return np.einsum("tij,ti->tj", scene.geometry.axes, fixed)


def in_sunlight(
    sat_km: Float64[np.ndarray, "sat xyz"], sun: Float64[np.ndarray, " xyz"]
) -> Bool[np.ndarray, " sat"]:
    """Which satellites are outside the Earth's shadow; `sun` is a unit vector."""
    along_km = sat_km @ sun
    across_km = np.linalg.norm(sat_km - along_km[:, None] * sun, axis=-1)
    return (along_km > 0) | (across_km > MEAN_RADIUS_KM)
