"""Two-body motion against closed forms and its conserved quantities."""

import dataclasses

import numpy as np
import pytest

from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.constants import EARTH_MU_KM3_S2, TWO_PI
from sdn_mc.core.fleet import Elements, Fleet, Status
from sdn_mc.propagation.two_body import TwoBody, eccentric_anomaly_rad

START = JulianDate.parse("2027-01-01T00:00:00Z")
PLAIN = TwoBody(mu_km3_s2=EARTH_MU_KM3_S2, period_s=None, semi_major_axis_km=None)


def fleet_of(n_sat: int, **given) -> Fleet:
    """Satellites with the given elements, one value or one each; the rest circular and 0."""
    values = {"epoch_day": START.day, "epoch_fraction": START.fraction, "mean_motion_rad_min": 0.06}
    values |= given
    names = [field.name for field in dataclasses.fields(Elements)]
    arrays = {name: np.broadcast_to(values.get(name, 0.0), n_sat) * 1.0 for name in names}
    none = np.zeros(n_sat, np.int64)
    return Fleet(
        elements=Elements(**arrays),
        status=np.zeros(n_sat, np.int8),
        plane=none,
        slot=none,
        shell=none,
        layer=none,
        n_terminal=none,
        unit_cost_musd=np.full(n_sat, np.nan),
        group={},
        labels=(),
        reference=START,
        catalogue=None,
    )


def test_a_circular_shell_of_a_stated_period_is_the_closed_form_of_the_cross_check():
    # 72 planes of 22 with phasing 17: the cross-check's network of the simulator DSNS.
    plane, slot = np.divmod(np.arange(1584), 22)
    axis_km, period_s, tilt = 6928.1, 5738.931703358754, np.radians(53.0)
    fleet = fleet_of(
        1584,
        inclination_rad=tilt,
        raan_rad=np.radians(360 * plane / 72),
        mean_anomaly_rad=np.radians(360 * slot / 22 + plane * (360 * 17 / 1584)),
    )
    time_s = np.array([0.0, 60.0, 3600.0, 86_400.0])
    motion = TwoBody(mu_km3_s2=EARTH_MU_KM3_S2, period_s=period_s, semi_major_axis_km=axis_km)
    found_km = motion.ephemeris(fleet, START, time_s).position_km
    node = np.radians(360 * plane / 72)
    turns = time_s[:, None] / period_s + slot / 22
    u = np.radians(360 * turns + plane * (360 * 17 / 1584))
    expected_km = axis_km * np.stack(
        [
            np.cos(node) * np.cos(u) - np.sin(node) * np.sin(u) * np.cos(tilt),
            np.sin(node) * np.cos(u) + np.cos(node) * np.sin(u) * np.cos(tilt),
            np.sin(u) * np.sin(tilt),
        ],
        axis=-1,
    )
    # An angle of 100 rad is rounded to 1.4e-14 rad = 1e-10 km.
    np.testing.assert_allclose(found_km, expected_km, atol=1e-9)


def test_keplers_equation_of_vallados_example():
    # Vallado 2013, example 2-1: M = 235.4 deg, e = 0.4, E = 220.512074 deg.
    found = eccentric_anomaly_rad(np.radians([[235.4]]), np.array([0.4]))
    assert np.degrees(found[0, 0]) % 360 == pytest.approx(220.512074, abs=1e-6)


def test_newtons_method_solves_keplers_equation_for_every_ellipse():
    e = np.array([0, 1e-7, 0.1, 0.7, 0.9, 0.99])
    mean = np.repeat(np.linspace(-20, 20, 4001)[:, None], len(e), axis=1)
    angle = eccentric_anomaly_rad(mean, e)
    apart = (angle - e * np.sin(angle) - mean + np.pi) % TWO_PI - np.pi
    assert np.abs(apart).max() < 1e-14  # rounding of angles up to 20 rad


def test_ellipses_keep_their_axis_plane_and_energy():
    fleet = fleet_of(
        2,
        mean_motion_rad_min=[0.06, 0.0087],
        eccentricity=[0.02, 0.74],
        inclination_rad=[0.9, 1.1],
        raan_rad=[1.0, 5.0],
        argument_of_perigee_rad=[4.0, 4.7],
        mean_anomaly_rad=[0.3, 6.0],
    )
    motion_rad_s = fleet.elements.mean_motion_rad_min / 60
    axis_km = np.cbrt(EARTH_MU_KM3_S2 / motion_rad_s**2)
    time_s = np.linspace(0, TWO_PI / motion_rad_s[1], 20_001)
    position_km = PLAIN.ephemeris(fleet, START, time_s).position_km
    radius_km = np.linalg.norm(position_km, axis=-1)
    e = fleet.elements.eccentricity
    # Extremes are flat: a step of 3 s (2 s of the second's perigee pass) changes them by 0.1 km.
    np.testing.assert_allclose(radius_km.min(axis=0), axis_km * (1 - e), atol=0.1)
    np.testing.assert_allclose(radius_km.max(axis=0), axis_km * (1 + e), atol=0.1)
    node, tilt = fleet.elements.raan_rad, fleet.elements.inclination_rad
    normal = np.stack([np.sin(tilt) * np.sin(node), -np.sin(tilt) * np.cos(node), np.cos(tilt)], -1)
    assert np.abs(np.sum(position_km * normal, axis=-1)).max() < 1e-10  # rounding of 42,000 km
    np.testing.assert_allclose(position_km[0, 1], position_km[-1, 1], atol=1e-9)
    speed_km_s = np.linalg.norm(np.gradient(position_km[:, 0], time_s, axis=0), axis=-1)[1:-1]
    vis_viva = np.sqrt(EARTH_MU_KM3_S2 * (2 / radius_km[1:-1, 0] - 1 / axis_km[0]))
    # Central differences err by (n step)^2 / 6 = 2e-6 of 7.6 km/s, and more off a circle.
    np.testing.assert_allclose(speed_km_s, vis_viva, rtol=5e-6)


def test_mean_elements_advance_from_each_satellites_own_epoch():
    fleet = fleet_of(
        2, epoch_day=START.day - np.array([1.0, 0.5]), raan_rad=[1.0, 2.0], mean_anomaly_rad=0.25
    )
    ephemeris = PLAIN.ephemeris(fleet, START, np.array([0.0]))
    np.testing.assert_array_equal(ephemeris.mean.age_d, [1.0, 0.5])
    expected = np.degrees(0.25 + 0.06 * 1440 * np.array([1.0, 0.5])) % 360
    np.testing.assert_allclose(ephemeris.mean.argument_of_latitude_deg, expected, atol=1e-10)
    x, y, z = ephemeris.position_km[0].T
    in_plane = np.degrees(np.arctan2(y, x) - fleet.elements.raan_rad) % 360
    np.testing.assert_allclose(in_plane, expected, atol=1e-10)
    np.testing.assert_array_equal(z, 0.0)


def test_an_orbit_that_is_no_ellipse_fails_alone():
    fleet = fleet_of(3, eccentricity=[0.0, 1.2, 0.0], mean_anomaly_rad=[0.0, 1.0, 2.0])
    ephemeris = PLAIN.ephemeris(fleet, START, np.array([0.0, 60.0]))
    failed = Status.PROPAGATION_ERROR
    np.testing.assert_array_equal(ephemeris.status, [Status.IN_SERVICE, failed, Status.IN_SERVICE])
    np.testing.assert_array_equal(ephemeris.position_km[:, 1], 0.0)
    alone = PLAIN.ephemeris(fleet_of(3, mean_anomaly_rad=[0.0, 1.0, 2.0]), START, np.array([60.0]))
    np.testing.assert_array_equal(ephemeris.position_km[1, [0, 2]], alone.position_km[0, [0, 2]])
