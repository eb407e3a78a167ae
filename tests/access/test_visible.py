"""Access by line of sight against the closed form of the slant range on a sphere."""

import numpy as np
import pytest

from sdn_mc import geometry
from sdn_mc.access.visible import Visible
from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.constants import LIGHT_KM_S
from sdn_mc.core.fleet import Status
from sdn_mc.core.problems import InputError
from sdn_mc.core.scene import Ephemeris, MeanElements, Sites
from tests.small_run import small_run

RADIUS_KM, ALTITUDE_KM = 6378.137, 550.0


def overhead(angles_rad, status=None) -> Ephemeris:
    """Satellites over the equator at angles from a site on the x axis."""
    angles_rad = np.asarray(angles_rad, float)
    orbit = RADIUS_KM + ALTITUDE_KM
    at = orbit * np.stack([np.cos(angles_rad), np.sin(angles_rad), 0 * angles_rad], -1)
    zeros = np.zeros(len(at))
    mean = MeanElements(zeros, zeros, zeros, zeros, zeros, zeros, zeros.astype(int))
    code = np.zeros(len(at), np.int8) if status is None else np.array(status, np.int8)
    return Ephemeris(JulianDate(2461000.5, 0.0), np.zeros(1), at[None], code, mean)


FLEET = small_run().fleet
PLACES = Sites(np.zeros(1), np.zeros(1), np.zeros(1), ("here",))
SITE = np.array([[[RADIUS_KM, 0.0, 0.0]]])
UP = np.array([[[1.0, 0.0, 0.0]]])


def rule(**changes) -> Visible:
    given = {
        "min_elevation_deg": 25.0,
        "max_range_km": None,
        "attachment": "any",
        "max_candidates": None,
    }
    return Visible(**(given | changes))


def test_the_mask_is_the_slant_range_of_the_closed_form():
    edge_km = geometry.slant_range_km(ALTITUDE_KM, np.radians(25.0), RADIUS_KM)
    # Central angle of a satellite at that range, from the law of cosines.
    orbit = RADIUS_KM + ALTITUDE_KM
    angle = np.arccos((RADIUS_KM**2 + orbit**2 - edge_km**2) / (2 * RADIUS_KM * orbit))
    access = rule().build(overhead([0.0, angle - 1e-9, angle + 1e-9]), SITE, UP, PLACES, FLEET)
    assert access.sat[0, 0].tolist() == [0, 1]
    assert np.isclose(access.delay_s[0, 0, 1] * LIGHT_KM_S, edge_km, atol=1e-4)


def test_candidates_come_best_elevation_first():
    access = rule().build(overhead([0.08, 0.0, -0.04]), SITE, UP, PLACES, FLEET)
    assert access.sat[0, 0].tolist() == [1, 2, 0]
    assert np.all(np.diff(access.elevation_rad[0, 0]) < 0)


def test_a_range_limit_needs_no_elevation():
    access = rule(min_elevation_deg=None, max_range_km=600.0).build(
        overhead([0.0, 0.02, 0.2]), SITE, UP, PLACES, FLEET
    )
    assert access.sat[0, 0].tolist() == [0, 1]


def test_satellites_left_out_carry_no_traffic():
    status = [Status.IN_SERVICE, Status.OFF_BAND, Status.PROPAGATION_ERROR]
    access = rule().build(overhead([0.0, 0.01, 0.02], status), SITE, UP, PLACES, FLEET)
    assert access.sat[0, 0].tolist() == [0]


def test_too_little_room_is_refused_with_the_number_needed():
    with pytest.raises(InputError, match="raise it to 3"):
        rule(max_candidates=2).build(overhead([0.0, 0.01, 0.02]), SITE, UP, PLACES, FLEET)


def test_no_visible_satellite_is_a_padded_candidate_without_path():
    access = rule().build(overhead([np.pi]), SITE, UP, PLACES, FLEET)
    assert access.sat.shape == (1, 1, 1) and np.isinf(access.delay_s).all()
