"""Sites in the frame of the satellites: a stated sphere, and WGS-84 under sidereal time."""

import numpy as np

from sdn_mc.access.earth import Earth
from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.constants import WGS84_RADIUS_KM
from sdn_mc.core.scene import Sites
from tests.small_run import small_run

MIDNIGHT = JulianDate.parse("2027-01-01T00:00:00Z")


def sites(latitude_deg, longitude_deg, altitude_m=0.0) -> Sites:
    values = [np.atleast_1d(np.float64(v)) for v in (latitude_deg, longitude_deg, altitude_m)]
    return Sites(*values, name=("here",))


def test_on_a_stated_sphere_a_site_turns_once_in_a_stated_day():
    fleet = small_run().fleet
    earth = Earth(radius_m=6_378_100.0, day_s=86_400.0)
    times = np.array([0.0, 21_600.0, 86_400.0])
    position_km, vertical = earth.site_km(sites(0.0, 0.0), fleet, fleet.reference, times)
    expected = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0]])
    assert np.allclose(position_km[:, 0] / 6378.1, expected, atol=1e-12)
    assert np.allclose(vertical[:, 0], expected, atol=1e-12)


def test_the_angle_counts_from_the_reference_whatever_the_start():
    fleet = small_run().fleet
    earth = Earth(radius_m=6_378_100.0, day_s=86_400.0)
    early, _ = earth.site_km(sites(10.0, 20.0), fleet, fleet.reference, np.array([7200.0]))
    late, _ = earth.site_km(
        sites(10.0, 20.0), fleet, fleet.reference.plus_s(7200.0), np.array([0.0])
    )
    assert np.allclose(early, late, atol=1e-8)  # km; rounding of a Julian date is 1e-10 d


def test_on_wgs84_the_pole_is_21_km_nearer_than_the_equator():
    fleet = small_run().fleet
    earth = Earth(radius_m=None, day_s=None)
    equator, _ = earth.site_km(sites(0.0, 0.0), fleet, MIDNIGHT, np.zeros(1))
    pole, up = earth.site_km(sites(90.0, 0.0), fleet, MIDNIGHT, np.zeros(1))
    assert np.isclose(np.linalg.norm(equator), WGS84_RADIUS_KM, atol=1e-9)
    # Semi-minor axis of WGS-84: 6356.7523142 km (NGA.STND.0036).
    assert np.isclose(np.linalg.norm(pole), 6356.7523142, atol=1e-7)
    assert np.allclose(up[0, 0], [0, 0, 1], atol=1e-15)


def test_a_sidereal_day_brings_a_site_back():
    fleet = small_run().fleet
    earth = Earth(radius_m=None, day_s=None)
    # One turn of the Earth takes 86,164.0905 s of UT1 (Explanatory Supplement, 1992).
    position_km, _ = earth.site_km(sites(30.0, 40.0), fleet, MIDNIGHT, np.array([0.0, 86_164.0905]))
    assert np.linalg.norm(position_km[1, 0] - position_km[0, 0]) < 1e-3
