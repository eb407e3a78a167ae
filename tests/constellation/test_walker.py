"""Walker shells: separations against published patterns, and the mean-motion convention."""

import dataclasses

import numpy as np
import pytest
from sgp4.api import WGS72, Satrec

from sdn_mc.constellation.labels import AllSame, Alternate
from sdn_mc.constellation.walker import Shell, Walker
from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.constants import WGS84_RADIUS_KM
from sdn_mc.core.distributions import Uniform
from sdn_mc.core.problems import InputError

SHELL = Shell(
    satellites=1584,
    planes=72,
    phasing=65,
    altitude_km=550.0,
    inclination_deg=53.0,
    raan_span_deg=360.0,
    eccentricity=0.0,
    argument_of_perigee_deg=0.0,
    raan_deg=0.0,
    anomaly_deg=0.0,
)
WALKER = Walker(
    name="test",
    shells={"a": SHELL},
    epoch="2027-01-01T00:00:00Z",
    n_terminal=4,
    unit_cost_musd=None,
    labels={},
)


def walker(*shells: Shell, **changes) -> Walker:
    named = {"abc"[k]: shell for k, shell in enumerate(shells)}
    return dataclasses.replace(WALKER, shells=named or WALKER.shells, **changes)


def shell(satellites: int, planes: int, phasing: int, **changes) -> Shell:
    numbers = {"satellites": satellites, "planes": planes, "phasing": phasing}
    return dataclasses.replace(SHELL, **numbers, **changes)


def nearest_km(fleet, axis_km: float) -> float:
    """Least distance that two satellites of circular orbits ever come to, exactly.

    With p the unit position now and q the one a quarter orbit later, the mean square distance over
    an orbit is a^2 (2 - p.p' - q.q'); it swings by a^2 (1 - cos gamma) about that, gamma being the
    angle between the planes.
    """
    e = fleet.elements
    node, tilt = e.raan_rad, e.inclination_rad
    phase = e.argument_of_perigee_rad + e.mean_anomaly_rad

    def unit(angle):
        across = np.sin(angle) * np.cos(tilt)
        return np.stack(
            [
                np.cos(node) * np.cos(angle) - np.sin(node) * across,
                np.sin(node) * np.cos(angle) + np.cos(node) * across,
                np.sin(angle) * np.sin(tilt),
            ],
            axis=1,
        )

    now, later = unit(phase), unit(phase + np.pi / 2)
    normal = np.cross(now, later)
    mean_square = 2 - now @ now.T - later @ later.T
    near_square = mean_square - (1 - normal @ normal.T)
    np.fill_diagonal(near_square, np.inf)
    return axis_km * np.sqrt(max(near_square.min(), 0.0))


@pytest.mark.parametrize(
    "planes, slots, phasing, altitude_km, inclination_deg, published_km",
    [
        (36, 36, 11, 610, 42.0, 55.89),  # Kuiper, arXiv:2109.13994
        (22, 72, 17, 550, 53.0, 61.83),  # Starlink's shell transposed, the same paper
        (72, 22, 65, 550, 53.0, 71.52),  # Starlink's shell, the best F (same formula, recomputed)
        (72, 22, 0, 550, 53.0, 0.0),  # F = 0: satellites meet
        (24, 20, 13, 577, 70.0, 170.51),  # the notional backbone
    ],
)
def test_separations_are_those_published_for_the_pattern(
    planes, slots, phasing, altitude_km, inclination_deg, published_km
):
    made = shell(planes * slots, planes, phasing, inclination_deg=inclination_deg)
    found_km = nearest_km(walker(made).build(None), WGS84_RADIUS_KM + altitude_km)
    # published to two decimals; where satellites meet, the root of the rounding of 1 - cos
    # (1e-15) times 7,000 km is 2e-4 km
    assert found_km == pytest.approx(published_km, abs=0.005)


@pytest.mark.parametrize("altitude_km, inclination_deg, eccentricity", [
    (550.0, 53.0, 0.0), (577.0, 70.0, 0.001), (1200.0, 87.9, 0.0), (340.0, 97.3, 0.01),
])  # fmt: skip
def test_sgp4_finds_the_altitude_that_was_asked_for(altitude_km, inclination_deg, eccentricity):
    made = shell(1, 1, 0, altitude_km=altitude_km, inclination_deg=inclination_deg,
                 eccentricity=eccentricity)  # fmt: skip
    e = walker(made).build(None).elements
    sat = Satrec()
    sat.sgp4init(
        WGS72, "i", 1, e.epoch_day[0] + e.epoch_fraction[0] - 2433281.5, 0.0, 0.0, 0.0,
        e.eccentricity[0], e.argument_of_perigee_rad[0], e.inclination_rad[0],
        e.mean_anomaly_rad[0], e.mean_motion_rad_min[0], e.raan_rad[0],
    )  # fmt: skip
    # the mean motion undoes SGP4's recovery to a few last places: 1e-15 of 7,000 km, kept wide; a
    # first-order inverse is 2e-3 km off, a confusion of the two mean motions several km
    assert sat.a * 6378.135 - 6378.135 == pytest.approx(altitude_km, abs=1e-6)


def test_satellites_stand_plane_by_plane_and_slot_by_slot_over_all_shells():
    fleet = walker(shell(6, 3, 1), shell(4, 2, 0, raan_span_deg=180.0)).build(None)
    assert fleet.n_sat == 10
    assert fleet.plane.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert fleet.slot.tolist() == [0, 1] * 5
    assert fleet.shell.tolist() == [0] * 6 + [1] * 4
    assert fleet.layer.tolist() == fleet.plane.tolist()
    raan_deg = np.rad2deg(fleet.elements.raan_rad)
    np.testing.assert_allclose(raan_deg[::2], [0, 120, 240, 0, 90], atol=1e-12)
    anomaly_deg = np.rad2deg(fleet.elements.mean_anomaly_rad)
    expected = [0, 180, 60, 240, 120, 300, 0, 180, 0, 180]
    np.testing.assert_allclose(anomaly_deg, expected, atol=1e-12)
    assert fleet.catalogue is not None
    assert fleet.catalogue.name[5] == "a p02 s01"
    assert fleet.catalogue.number == tuple(range(1, 11))
    assert fleet.group_names["plane"] == ("a p00", "a p01", "a p02", "b p00", "b p01")
    assert fleet.group_names["shell"] == ("a", "b")
    assert fleet.group_names["constellation"] == ("test",)
    assert np.all(fleet.status == 0)


def test_offsets_turn_the_whole_shell():
    plain = walker(shell(12, 3, 1)).build(None).elements
    turned = shell(12, 3, 1, raan_deg=-10.0, anomaly_deg=5.0, argument_of_perigee_deg=90.0)
    moved = walker(turned).build(None).elements

    def turn_deg(name: str) -> np.ndarray:
        return np.rad2deg(getattr(moved, name) - getattr(plain, name)) % 360

    np.testing.assert_allclose(turn_deg("raan_rad"), 350, atol=1e-9)
    np.testing.assert_allclose(turn_deg("mean_anomaly_rad"), 5, atol=1e-9)
    np.testing.assert_allclose(turn_deg("argument_of_perigee_rad"), 90, atol=1e-9)


def test_oneweb_has_a_seam_of_its_own_width():
    # 12 planes 15.225 deg apart, seam 12.525 deg: 11 * 15.225 + 12.525 = 180; span 12 * 15.225
    made = shell(588, 12, 0, raan_span_deg=182.7, inclination_deg=87.9, altitude_km=1200.0)
    node_deg = np.rad2deg(walker(made).build(None).elements.raan_rad[::49])
    np.testing.assert_allclose(np.diff(node_deg), 15.225, atol=1e-9)
    assert 180 - node_deg[-1] == pytest.approx(12.525, abs=1e-9)


def test_the_epoch_is_the_elements_and_the_reference_whatever_the_start():
    start = JulianDate.parse("2027-03-01T12:00:00Z")
    fleet = walker(epoch="2027-01-01T06:00:00Z").build(start)
    assert fleet.reference.iso() == "2027-01-01T06:00:00Z"
    assert np.all(fleet.elements.epoch_fraction == 0.25)
    assert np.all(fleet.elements.minutes_since_epoch(start) == (59 * 24 + 6) * 60)


def test_labels_costs_and_terminals_reach_the_fleet():
    rules = {"prime": AllSame("X"), "software": Alternate(values=("blue", "green"), by="plane")}
    fleet = walker(shell(12, 4, 1), labels=rules, unit_cost_musd=4.77, n_terminal=3).build(None)
    assert fleet.group_names["software"] == ("blue", "green")
    assert fleet.group["software"].tolist() == [0, 0, 0, 1, 1, 1] * 2
    assert [label for label, _ in fleet.labels] == sorted(fleet.group)
    assert np.all(fleet.unit_cost_musd == 4.77)
    assert np.all(fleet.n_terminal == 3)
    assert np.all(np.isnan(walker().build(None).unit_cost_musd))


@pytest.mark.parametrize(
    "made, part",
    [
        (
            walker(shell(481, 24, 13)),
            "constellation.shells.a: 481 satellites do not divide into 24 planes; set satellites "
            "to a multiple of planes, such as 480",
        ),
        (walker(shell(3, 24, 13)), "such as 24"),
        (walker(epoch="soon"), "constellation.epoch: 'soon' is not an instant"),
        (dataclasses.replace(WALKER, shells={}), "no shell given"),
        (
            walker(shell(4, 2, 0, altitude_km=Uniform(500.0, 600.0))),
            "constellation.shells.a.altitude_km: a distribution given",
        ),
    ],
)
def test_what_makes_no_fleet_is_told_in_one_sentence(made, part):
    assert len(made.problems()) == 1
    assert part in made.problems()[0]
    with pytest.raises(InputError):
        made.build(None)
