"""The mean-motion convention, both ways and against the `sgp4` package."""

import numpy as np
from sgp4.api import WGS72, Satrec

from sdn_mc.core.constants import WGS72_RADIUS_KM
from sdn_mc.propagation import kozai

AXIS_KM = np.array([6728.0, 6928.137, 7378.0, 7578.0, 26_600.0, 42_164.0])
ECCENTRICITY = np.array([0.0, 0.001, 0.0, 0.02, 0.7, 1e-4])
INCLINATION_RAD = np.radians([53.0, 97.6, 81.0, 87.9, 63.4, 0.1])


def test_the_inverse_gives_back_the_axis_to_the_last_digits():
    motion = kozai.kozai_mean_motion_rad_min(AXIS_KM, ECCENTRICITY, INCLINATION_RAD)
    brouwer = kozai.brouwer_mean_motion_rad_min(motion, ECCENTRICITY, INCLINATION_RAD)
    axis_km = kozai.brouwer_axis_radii(brouwer) * WGS72_RADIUS_KM
    # 1e-15 is 4 to 5 units of the last place, for a power of 2/3 and a division each way.
    np.testing.assert_allclose(axis_km, AXIS_KM, rtol=1e-15)


def test_the_sgp4_package_recovers_the_same_axis():
    motion = kozai.kozai_mean_motion_rad_min(AXIS_KM, ECCENTRICITY, INCLINATION_RAD)
    for k, axis_km in enumerate(AXIS_KM):
        record = Satrec()
        orbit = (ECCENTRICITY[k], 0.0, INCLINATION_RAD[k], 0.0, motion[k], 0.0)
        record.sgp4init(WGS72, "i", 1, 27_000.0, 0.0, 0.0, 0.0, *orbit)
        found_km = record.a * WGS72_RADIUS_KM
        np.testing.assert_allclose(found_km, axis_km, rtol=1e-14)  # the package's own rounding


def test_kozais_motion_exceeds_brouwers_below_the_critical_inclination_of_the_correction():
    axis_km, e = np.full(2, 6928.0), np.zeros(2)
    inclination_rad = np.radians([53.0, 60.0])  # 3 cos^2 i = 1 at 54.74 deg
    motion = kozai.kozai_mean_motion_rad_min(axis_km, e, inclination_rad)
    two_body = kozai.MOTION_AT_SURFACE_RAD_MIN / (axis_km / WGS72_RADIUS_KM) ** 1.5
    np.testing.assert_array_equal(np.sign(motion - two_body), [1, -1])
