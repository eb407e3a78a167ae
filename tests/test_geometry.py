"""Geometry against published values and closed forms."""

from fractions import Fraction

import numpy as np
import pytest
from sgp4.propagation import gstime

from sdn_mc import geometry
from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.constants import (
    EARTH_MU_KM3_S2,
    WGS84_FLATTENING,
    WGS84_RADIUS_KM,
)

# Spherical Earth of 6378.137 km, mu 398600.4418: altitude km, period s, slant range km at
# elevations of 10, 25 and 40 deg, longest link km that stays 80 km above the surface. 5,014 km
# (550 km, with a radius of 6371) and 5,440 km (630 km) are published for the last column.
ORACLES = [
    (480.0, 5652.2, (1645.6, 994.9, 712.9), 4616),
    (550.0, 5739.0, (1815.7, 1123.4, 812.1), 5017),
    (630.0, 5838.7, (2000.5, 1266.7, 924.3), 5443),
    (780.0, 6027.1, (2325.4, 1526.3, 1131.5), 6175),
    (1000.0, 6307.1, (2763.2, 1889.5, 1428.7), 7136),
    (1200.0, 6565.3, (3132.0, 2204.8, 1692.9), 7930),
]
HALF_DIGIT = 0.0501  # of a value printed to one decimal


@pytest.mark.parametrize(("altitude_km", "period_s", "ranges_km", "link_km"), ORACLES)
def test_period_slant_range_and_longest_link_are_those_of_the_table(
    altitude_km, period_s, ranges_km, link_km
):
    radius_km = WGS84_RADIUS_KM + altitude_km
    assert geometry.circular_period_s(radius_km, EARTH_MU_KM3_S2) == pytest.approx(
        period_s, abs=HALF_DIGIT
    )
    elevation = np.radians([10.0, 25.0, 40.0])
    range_km = geometry.slant_range_km(altitude_km, elevation, WGS84_RADIUS_KM)
    np.testing.assert_allclose(range_km, ranges_km, atol=HALF_DIGIT)
    # The chord that grazes 80 km; printed without decimals, so half a unit of length.
    half = np.arccos((WGS84_RADIUS_KM + 80) / radius_km)
    a_km = radius_km * np.array([np.cos(half), np.sin(half), 0.0])
    b_km = radius_km * np.array([np.cos(half), -np.sin(half), 0.0])
    assert np.linalg.norm(a_km - b_km) == pytest.approx(link_km, abs=0.501)
    grazing_km = geometry.grazing_altitude_km(a_km, b_km, WGS84_RADIUS_KM)
    assert grazing_km == pytest.approx(80.0, abs=1e-9)  # rounding of 6,458 km


def test_the_lowest_point_of_a_link_may_be_its_end_or_inside_the_earth():
    a_km = np.array([[7000.0, 0, 0], [7000, 0, 0], [7000, 0, 0]])
    b_km = np.array([[8000.0, 0, 0], [-7000, 0, 0], [7000, 0, 0]])
    lowest_km = geometry.grazing_altitude_km(a_km, b_km, 6378.0)
    np.testing.assert_allclose(lowest_km, [622.0, -6378.0, 622.0], atol=1e-9)


def test_sidereal_time_is_that_of_vallados_example():
    # Vallado 2013, example 3-5: 1992-08-20 12:14 UT1, 152.578787810 deg. It was computed with the
    # date in one double, which rounds it by up to 2e-10 d = 8e-8 deg.
    angle = geometry.gmst82_rad(JulianDate.parse("1992-08-20T12:14:00Z"), 0.0)
    assert np.degrees(angle) == pytest.approx(152.578787810, abs=8e-8)


@pytest.mark.parametrize("instant", ["2000-01-01T00:00:00Z", "2026-08-22T03:04:05.678Z"])
def test_sidereal_time_agrees_with_exact_arithmetic_and_with_the_sgp4_package(instant):
    start, later_s = JulianDate.parse(instant), 12_345.5
    days = Fraction(start.day) - 2451545 + Fraction(start.fraction) + Fraction(later_s) / 86400
    century = days / 36525
    seconds = (
        Fraction("67310.54841")
        + (876600 * 3600 + Fraction("8640184.812866")) * century
        + Fraction("0.093104") * century**2
        - Fraction("6.2e-6") * century**3
    )
    exact = 2 * np.pi * float(seconds / 86400 % 1)
    angle = geometry.gmst82_rad(start, np.array([later_s]))
    np.testing.assert_allclose(angle, exact, atol=1e-12)  # 6 um at the equator
    one_number = start.day + start.fraction + later_s / 86400
    np.testing.assert_allclose(angle, gstime(one_number), atol=2e-9)  # a date in one double


def test_the_earth_turns_once_in_a_sidereal_day_and_angles_are_wrapped():
    start = JulianDate.parse("2027-01-01T00:00:00Z")
    time_s = np.linspace(0, 30 * 86400, 1001)
    angle = geometry.gmst82_rad(start, time_s)
    assert angle.min() >= 0 and angle.max() < 2 * np.pi
    # 86164.090535 s: mean sidereal day, 86400 / 1.00273790935 (Aoki et al. 1982).
    again = geometry.gmst82_rad(start, time_s + 86400 / 1.00273790935)
    apart = (again - angle + np.pi) % (2 * np.pi) - np.pi
    assert np.abs(apart).max() < 1e-9


def test_places_lie_on_the_ellipsoid_with_heights_along_its_normal():
    latitude, longitude = np.radians([-90, -34.2, 0, 45, 61]), np.radians([0, 18, 100, -75, 179])
    ground_km, vertical = geometry.geodetic_to_ecef(
        latitude, longitude, 0.0, WGS84_RADIUS_KM, WGS84_FLATTENING
    )
    polar_km = WGS84_RADIUS_KM * (1 - WGS84_FLATTENING)
    assert polar_km == pytest.approx(6356.752314, abs=1e-6)  # NGA.STND.0036, semi-minor axis
    scaled = ground_km / [WGS84_RADIUS_KM, WGS84_RADIUS_KM, polar_km]
    np.testing.assert_allclose(np.sum(scaled**2, axis=-1), 1.0, atol=1e-14)  # rounding
    normal = scaled / [WGS84_RADIUS_KM, WGS84_RADIUS_KM, polar_km]
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    np.testing.assert_allclose(vertical, normal, atol=1e-14)
    np.testing.assert_allclose(np.arcsin(vertical[:, 2]), latitude, atol=1e-7)
    high_km, _ = geometry.geodetic_to_ecef(
        latitude, longitude, np.full(5, 2.5), WGS84_RADIUS_KM, WGS84_FLATTENING
    )
    np.testing.assert_allclose(high_km - ground_km, 2.5 * vertical, atol=1e-11)  # of 6,378 km


def test_without_flattening_a_place_is_on_a_sphere():
    place_km, vertical = geometry.geodetic_to_ecef(0.7, -2.1, 0.4, 6371.0, 0.0)
    np.testing.assert_allclose(place_km, 6371.4 * vertical, rtol=1e-15)
    east = [np.cos(0.7) * np.cos(-2.1), np.cos(0.7) * np.sin(-2.1), np.sin(0.7)]
    np.testing.assert_allclose(vertical, east, rtol=1e-15)


@pytest.mark.parametrize("shape", [(WGS84_RADIUS_KM, WGS84_FLATTENING), (6371.0, 0.0)])
def test_places_come_back_from_their_earth_fixed_positions(shape):
    latitude, longitude = np.radians([-90, -34.2, 0, 45, 89.9]), np.radians([0, 18, 180, -75, 179])
    for altitude_km in (-0.4, 550.0, 35_786.0):
        place_km, _ = geometry.geodetic_to_ecef(latitude, longitude, altitude_km, *shape)
        found = geometry.ecef_to_geodetic(place_km, *shape)
        np.testing.assert_allclose(found[0], latitude, atol=1e-12)  # 6 um on the ground
        np.testing.assert_allclose(found[1][1:], longitude[1:], atol=1e-15)  # none at the pole
        np.testing.assert_allclose(found[2], altitude_km, atol=1e-8)  # rounding of 42,164 km


def test_turning_by_sidereal_time_carries_a_place_eastward():
    place = np.array([[1.0, 2.0, 3.0], [4.0, 0.0, 6.0]])
    turned = geometry.rotate_z(place[None], np.array([[np.pi / 2], [np.pi]]))
    expected = [[[-2.0, 1, 3], [0, 4, 6]], [[-1, -2, 3], [-4, 0, 6]]]
    np.testing.assert_allclose(turned, expected, atol=1e-15)


def test_elevation_and_slant_range_are_two_sides_of_one_triangle():
    elevation = np.radians([1.0, 10.0, 25.0, 89.0])
    range_km = geometry.slant_range_km(550.0, elevation, 6371.0)
    here_km, vertical = geometry.geodetic_to_ecef(0.6, 1.1, 0.0, 6371.0, 0.0)
    across = np.cross(vertical, [0.0, 0.0, 1.0])
    across /= np.linalg.norm(across)
    target_km = here_km + range_km[:, None] * (
        np.sin(elevation)[:, None] * vertical + np.cos(elevation)[:, None] * across
    )
    np.testing.assert_allclose(np.linalg.norm(target_km, axis=-1), 6921.0, atol=1e-9)
    seen = geometry.elevation_rad(here_km, vertical, target_km)
    np.testing.assert_allclose(seen, elevation, atol=1e-12)
    overhead = geometry.elevation_rad(here_km, vertical, here_km + 550 * vertical)
    assert overhead == pytest.approx(np.pi / 2, abs=1e-7)  # arcsin is steep there


def test_great_circles_of_known_length():
    quarter = 6371.0 * np.pi / 2
    assert geometry.great_circle_km(0.0, 0.3, np.pi / 2, 2.0, 6371.0) == pytest.approx(quarter)
    assert geometry.great_circle_km(0.2, 0.3, -0.2, 0.3 + np.pi, 6371.0) == pytest.approx(
        2 * quarter, rel=1e-7
    )
    # A metre north: the haversine keeps its digits where the arc cosine would lose them all.
    north = 1e-3 / 6371.0
    assert geometry.great_circle_km(0.9, 1.0, 0.9 + north, 1.0, 6371.0) == pytest.approx(
        1e-3, rel=1e-9
    )
