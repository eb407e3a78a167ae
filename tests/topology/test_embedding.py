"""The lasting distance against sums over an orbit."""

import numpy as np
import pytest

from sdn_mc.core.constants import WGS72_RADIUS_KM
from sdn_mc.core.scene import MeanElements
from sdn_mc.topology.embedding import embed, pair_orbits, wrapped_deg

N_SAT, N_PAIR = 300, 1000


@pytest.fixture
def one_radius() -> MeanElements:
    """Random circular orbits of one radius."""
    random = np.random.default_rng(1)
    zero = np.zeros(N_SAT)
    return MeanElements(
        altitude_km=np.full(N_SAT, 550.0),
        inclination_deg=random.uniform(30, 98, N_SAT),
        raan_deg=random.uniform(0, 360, N_SAT),
        argument_of_latitude_deg=random.uniform(0, 360, N_SAT),
        eccentricity=zero,
        age_d=zero,
        error=np.zeros(N_SAT, int),
    )


def distances_km(mean: MeanElements, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Distance of each pair at 360 phases of the orbit, by Euler rotations."""
    node, tilt = np.radians(mean.raan_deg)[:, None], np.radians(mean.inclination_deg)[:, None]
    step = np.linspace(0, 2 * np.pi, 360, endpoint=False)
    phase = np.radians(mean.argument_of_latitude_deg)[:, None] + step
    x = np.cos(node) * np.cos(phase) - np.sin(node) * np.cos(tilt) * np.sin(phase)
    y = np.sin(node) * np.cos(phase) + np.cos(node) * np.cos(tilt) * np.sin(phase)
    position_km = (WGS72_RADIUS_KM + 550) * np.stack([x, y, np.sin(tilt) * np.sin(phase)], -1)
    return np.linalg.norm(position_km[i] - position_km[j], axis=-1)


def test_the_embedded_distance_is_the_root_mean_square_over_an_orbit(one_radius):
    i, j = np.random.default_rng(2).integers(0, N_SAT, (2, N_PAIR))
    found = pair_orbits(one_radius, embed(one_radius, 0.0), i, j)
    expected_km = np.sqrt((distances_km(one_radius, i, j) ** 2).mean(axis=1))
    # both are float64 sums of a few hundred terms of 1e8 km2
    assert np.abs(found.rms_km - expected_km).max() < 1e-6


def test_nearest_and_farthest_are_those_of_an_orbit(one_radius):
    i, j = np.random.default_rng(3).integers(0, N_SAT, (2, N_PAIR))
    i, j = i[i != j], j[i != j]
    found = pair_orbits(one_radius, embed(one_radius, 0.0), i, j)
    over_orbit_km = distances_km(one_radius, i, j)
    # the square swings by up to 2 a^2 at twice the orbit's rate; a grid of 1 degree misses an
    # extreme by up to half a degree, which is (2 x 0.5 deg)^2 / 2 of the swing
    missed_km2 = np.radians(1.0) ** 2 * (WGS72_RADIUS_KM + 550) ** 2
    assert np.all(np.abs(found.far_km - over_orbit_km.max(axis=1)) < 1.0)
    assert np.all(np.abs(found.near_km**2 - over_orbit_km.min(axis=1) ** 2) < missed_km2)


def test_a_kilometre_of_height_drifts_over_the_horizon(one_radius):
    """1.5 n dh T apart after T, half of it on the mean."""
    pair = MeanElements(*(values[[0, 0]] for values in one_radius))
    pair.altitude_km[1] += 1.0
    found = pair_orbits(pair, embed(pair, 7200.0), np.array([0]), np.array([1]))
    speed_rad_s = 2 * np.pi / 5739.0  # period at 550 km, to a second
    assert found.drift_km[0] == pytest.approx(1.5 * speed_rad_s * 7200 / 2, rel=1e-3)


def test_east_and_ahead_have_the_signs_of_the_words(one_radius):
    pair = MeanElements(*(values[[0, 0]] for values in one_radius))
    pair.inclination_deg[:] = 53.0
    pair.raan_deg[:] = 359.0, 4.0
    pair.argument_of_latitude_deg[:] = 358.0, 3.0
    found = pair_orbits(pair, embed(pair, 0.0), np.array([0, 1]), np.array([1, 0]))
    assert found.east_deg == pytest.approx(np.array([5, -5]) * np.sin(np.radians(53)))
    expected_deg = 5 + 5 * np.cos(np.radians(53))
    assert found.ahead_deg == pytest.approx([expected_deg, -expected_deg])
    assert found.cos_tilt[0] == pytest.approx(
        np.cos(np.radians(53)) ** 2 + np.sin(np.radians(53)) ** 2 * np.cos(np.radians(5))
    )


def test_angles_wrap_to_the_half_open_circle():
    assert list(wrapped_deg(np.array([180.0, -180.0, 190.0, 540.0]))) == [-180, -180, -170, -180]
