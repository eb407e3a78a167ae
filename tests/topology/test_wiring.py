"""Delay, range, horizon and turning of a link against closed forms."""

import numpy as np
import pytest

from sdn_mc.core.constants import LIGHT_KM_S, WGS72_MU_KM3_S2, WGS72_RADIUS_KM, WGS84_RADIUS_KM
from sdn_mc.core.fleet import Status
from sdn_mc.topology.wiring import Limits, link_delay_s, links_over_time, orbit_spin_rad_s, wire
from tests.orbit_fleets import circular, walker, walker_elements

NO_LIMITS = Limits(None, None, None)
RADIUS_KM = WGS72_RADIUS_KM + 550


def pair_delay_s(orbits, a: int, b: int, limits: Limits, time: int = 0) -> float:
    return float(link_delay_s(orbits.ephemeris, time, np.array([a]), np.array([b]), limits)[0])


def test_delay_is_the_chord_at_the_speed_of_light():
    ring = walker(1, 22, 0, 53.0, 550.0)
    chord_km = 2 * RADIUS_KM * np.sin(np.pi / 22)
    # float64: nine digits and more
    assert pair_delay_s(ring, 0, 1, NO_LIMITS) == pytest.approx(chord_km / LIGHT_KM_S, rel=1e-12)


def test_range_forbids_just_beyond_its_limit():
    ring = walker(1, 22, 0, 53.0, 550.0)
    chord_km = 2 * RADIUS_KM * np.sin(np.pi / 22)
    assert np.isfinite(pair_delay_s(ring, 0, 1, Limits(chord_km + 1e-6, None, None)))
    assert np.isinf(pair_delay_s(ring, 0, 1, Limits(chord_km - 1e-6, None, None)))


@pytest.mark.parametrize("slots_apart", [1, 2, 3, 10])
def test_the_lowest_point_is_the_middle_of_the_chord(slots_apart):
    ring = walker(1, 22, 0, 53.0, 550.0)
    lowest_km = RADIUS_KM * np.cos(np.pi * slots_apart / 22) - WGS84_RADIUS_KM
    assert np.isfinite(pair_delay_s(ring, 0, slots_apart, Limits(None, lowest_km - 1e-6, None)))
    assert np.isinf(pair_delay_s(ring, 0, slots_apart, Limits(None, lowest_km + 1e-6, None)))


def test_the_lowest_point_of_a_rising_line_is_its_lower_end():
    mean = walker_elements(1, 2, 0, 53.0, 550.0)
    mean.altitude_km[1], mean.argument_of_latitude_deg[1] = 1200.0, 1.0
    pair = circular(mean, np.zeros(2, np.int8), np.zeros(1))
    lowest_km = 550.0 + WGS72_RADIUS_KM - WGS84_RADIUS_KM
    for grazing_km, stands in ((lowest_km - 1e-6, True), (lowest_km + 1e-6, False)):
        found = link_delay_s(pair, 0, np.array([0]), np.array([1]), Limits(None, grazing_km, None))
        assert np.isfinite(found[0]) == stands


def rate_deg_s(ephemeris, a: int, b: int, time: int = 0) -> float:
    """The limit at which the link begins to stand, by bisection."""
    low, high = 0.0, 100.0
    for _ in range(60):
        middle = (low + high) / 2
        found = link_delay_s(
            ephemeris, time, np.array([a]), np.array([b]), Limits(None, None, middle)
        )
        low, high = (low, middle) if np.isfinite(found[0]) else (middle, high)
    return high


def test_a_terminal_looking_along_its_own_plane_does_not_turn():
    ring = walker(1, 22, 0, 53.0, 550.0)
    assert rate_deg_s(ring.ephemeris, 0, 1) < 1e-9


def test_turning_at_the_mutual_node_is_the_closed_form():
    """Polar planes 10 deg apart, a degree behind each other, as far from the pole on both sides."""
    mean = walker_elements(2, 1, 0, 90.0, 550.0, 20.0)
    mean.argument_of_latitude_deg[:] = 89.5, 90.5
    pair = circular(mean, np.zeros(2, np.int8), np.zeros(1))
    speed_rad_s = np.sqrt(WGS72_MU_KM3_S2 / RADIUS_KM**3)
    half_tilt, half_phase = np.radians(5.0), np.radians(0.5)
    near_km = 2 * RADIUS_KM * np.cos(half_tilt) * np.sin(half_phase)
    tilted = np.hypot(np.cos(half_phase), np.sin(half_phase) * np.sin(half_tilt))
    passing_km_s = 2 * speed_rad_s * np.sin(half_tilt) * RADIUS_KM * tilted
    # float64 through a bisection
    assert rate_deg_s(pair, 0, 1) == pytest.approx(np.degrees(passing_km_s / near_km), rel=1e-9)


@pytest.mark.parametrize(("a", "b"), [(0, 22), (5, 27), (3, 45), (10, 700)])
def test_turning_is_the_derivative_of_the_direction_in_the_orbit_frame(a, b):
    step_s = 0.01
    times = (0.0, step_s)
    ephemeris = walker(72, 22, 17, 53.0, 550.0, time_s=times).ephemeris
    spin = orbit_spin_rad_s(ephemeris.mean, 0.0)
    turned = []
    for here, there in ((a, b), (b, a)):
        seen = []
        for t in range(2):
            position_km = ephemeris.position_km[t]
            up = position_km[here] / np.linalg.norm(position_km[here])
            normal = spin[here] / np.linalg.norm(spin[here])
            frame = np.stack([up, np.cross(normal, up), normal])
            line_km = position_km[there] - position_km[here]
            seen.append(frame @ line_km / np.linalg.norm(line_km))
        turned.append(np.linalg.norm(seen[1] - seen[0]) / step_s)
    # a difference over 0.01 s: second order, the rate changes by at most 1e-3 of itself a second
    assert rate_deg_s(ephemeris, a, b) == pytest.approx(np.degrees(max(turned)), rel=1e-4)


def test_the_node_moves_as_j2_moves_it():
    """Starlink at 550 km and 53 deg: about -4.5 deg a day; sun-synchronous: +0.9856 deg a day."""
    mean = walker_elements(1, 2, 0, 53.0, 550.0)
    mean.inclination_deg[1] = 97.59  # sun-synchronous at 550 km
    spin = orbit_spin_rad_s(mean, 86_400.0)
    node_deg = np.degrees(np.arctan2(spin[:, 0], -spin[:, 1]))
    # first order of J2; the published daily motions are given to these digits
    assert node_deg == pytest.approx([-4.49, 0.985], abs=0.01)


def test_both_ends_of_a_link_have_the_same_bits():
    orbits = walker(24, 20, 13, 70.0, 577.0, time_s=(0.0, 500.0, 1500.0))
    random = np.random.default_rng(0)
    sat = random.permutation(480).reshape(-1, 2)
    wiring = wire(480, 3, sat, random.integers(0, 3, sat.shape))
    links = links_over_time(wiring, orbits.ephemeris, Limits(5400.0, 80.0, 1.0))
    back = links.delay_s[:, links.neighbour, links.peer]
    linked = links.neighbour != np.arange(480)[:, None]
    assert np.array_equal(back[:, linked], links.delay_s[:, linked])
    assert np.all(np.isinf(links.delay_s[:, ~linked]))


@pytest.mark.parametrize("status", [s for s in Status if s not in (0, Status.LONE_PLANE)])
def test_who_is_left_out_has_no_link(status):
    ring = walker(1, 22, 0, 53.0, 550.0)
    ring.ephemeris.status[3] = status
    ring.ephemeris.position_km[:, 3] = np.nan
    wiring = wire(22, 2, np.array([[2, 3], [3, 4], [4, 5]]), np.array([[0, 1]] * 3))
    links = links_over_time(wiring, ring.ephemeris, Limits(5400.0, 80.0, 1.0))
    assert np.isinf(links.delay_s[0, 2:5, :]).sum() == 5  # all but the slot of 4 to 5
    assert np.isfinite(links.delay_s[0, 4, 0])


def test_two_satellites_at_one_place_do_not_divide_by_zero():
    mean = walker_elements(1, 2, 0, 53.0, 550.0)
    mean.argument_of_latitude_deg[1] = 0.0
    pair = circular(mean, np.zeros(2, np.int8), np.zeros(1))
    found = link_delay_s(pair, 0, np.array([0]), np.array([1]), Limits(5400.0, 80.0, 1.0))
    assert found[0] == 0.0
