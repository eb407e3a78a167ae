"""Groups of users in the configuration: sites from them, and one clear message for each fault."""

import numpy as np
import pytest

from sdn_mc import config
from sdn_mc.core.problems import InputError
from tests.users_run import TERMINAL, aboard, fixed, group, target, users_tree

PLACES = fixed(A=[0, 0, 0], B=[10, 20, 0])
LEGS = [[0.0, 0.0, 5e4], [0.0, 20.0, 5e4]]


def moving(route, **changes):
    given = {"kind": "ship", "speed_m_s": 10.0, "phase": 0.25, "terminal": TERMINAL} | changes
    return group("Moving", routes={"S": route}, **given)


def sites_of(users):
    job = config.load(users_tree({"base": PLACES} | users, [["A", "B"]]))
    return job.parts["sites"].build(job.parts["constellation"].build(None))


def test_users_of_every_kind_become_sites():
    terminal = TERMINAL | {"min_elevation_deg": 8.0, "last_mile_s": 12.0, "rate_bps": 28_800.0}
    sites = sites_of(
        {
            "ships": moving([[0, 0, 0], [0, 90, 0]], terminal=terminal),
            "sensor": aboard(satellites={"software": "green"}, index=3),
            "target": target(*LEGS, sensors={"software": "blue"}),
        }
    )
    assert sites.name == ("A", "B", "S", "sensor shell p01 s03", "T")
    assert sites.kind == ("ground", "ground", "ship", "satellite", "target")
    assert sites.on_earth.tolist() == [True, True, True, False, False]
    assert sites.moves.tolist() == [False, False, True, True, True]
    assert sites.last_mile_s.tolist() == [0, 0, 12.0, 0, 0]
    assert sites.rate_bps.tolist() == [np.inf, np.inf, 28_800.0, np.inf, np.inf]
    assert [user.aboard for user in sites.users] == [None, None, None, 11, None]
    ship = sites.users[2].track
    assert np.isclose(ship.lasts_s, 6371e3 * np.pi / 2 / 10)  # a quarter of the equator at 10 m/s
    assert np.isclose(ship.lead_s, ship.lasts_s / 2)  # a quarter of there and back


def test_all_satellites_of_a_group_are_users_in_the_order_of_the_fleet():
    sites = sites_of({"on": aboard(satellites={"software": "blue"}, names="*s0[1-3]")})
    assert sites.name[2:] == tuple(f"on shell p00 s0{k}" for k in (1, 2, 3))


CASES = [
    ({"x": fixed(C=[91, 0, 0])}, "x.places.C: latitude 91 deg given"),
    ({"x": fixed(C=[0, 0])}, "x.places.C: [0.0, 0.0] given; write [lat"),
    ({"x": fixed(A=[1, 1, 0])}, "two sites are named 'A'"),
    ({"x": fixed()}, "x: nothing is listed"),
    ({"x": fixed("target", C=[0, 0, 0])}, "x.kind: 'target' given; allowed are ground, command,"),
    (
        {"x": fixed(C=[0, 0, 0], terminal={"uses": {"color": "x"}})},
        "the fleet has no label 'color'",
    ),
    ({"x": fixed(C=[0, 0, 0], terminal={"last_mile_s": -1})}, "allowed are 0 to 3600 s"),
    ({"x": moving([[0, 0, 0], [0, 90, 0]], speed_m_s=0)}, "x.speed_m_s: 0 m/s given"),
    ({"x": moving([[0, 0, 0]])}, "x.routes.S: 1 waypoints given; give two or more"),
    ({"x": moving([[0, 0, 0], [0, 180, 0]])}, "the same place or opposite ones"),
    ({"x": moving([[5, 5, 0], [5, 5, 9]])}, "the same place or opposite ones"),
    ({"x": aboard(satellites={"software": "red"})}, "'software' is named 'red'; there are blue"),
    ({"x": aboard(names="nobody*")}, "x.names: no such satellite is named 'nobody*'"),
    ({"x": aboard(index=99)}, "x.index: 99 given, but 16 satellites are chosen"),
    ({"x": target(*LEGS, sensors={"software": "red"})}, "is named 'red'; there are blue"),
    ({"x": target(*LEGS, speed_km_s=0)}, "x.speed_km_s: 0 km/s given"),
    ({"x": target(*LEGS, elevation_deg=[50, 10])}, "x.elevation_deg: [50.0, 10.0] given; write"),
    ({"x": target(*LEGS, grazing_km=40)}, "lower grazing_km to 35.7 or less"),
    ({"x": {"_target_": "sdn_mc.earth.Nothing"}}, "x._target_: there is no sdn_mc.earth.Nothing"),
    ({"x": TERMINAL}, "x: a Terminal given; give a UserGroup"),
]


@pytest.mark.parametrize("users, words", CASES, ids=[words for _, words in CASES])
def test_a_fault_is_one_clear_message(users, words):
    with pytest.raises(InputError) as caught:
        config.load(users_tree({"base": PLACES} | users, [["A", "B"]]))
    assert sum(words in problem for problem in caught.value.problems) == 1, caught.value.problems
    assert len(caught.value.problems) == 1, caught.value.problems


@pytest.mark.parametrize("sites", ["users", "users_and_target", "user_grid"])
def test_ready_made_users_stand_apart_from_each_other(sites):
    job = config.load(config.compose([f"sites={sites}", "flows=to_any", "columns=null"]))
    made = job.parts["sites"].build(job.parts["constellation"].build(None))
    flows = job.parts["flows"].build(made)
    ground = [name for name, kind in zip(made.name, made.kind, strict=True) if kind == "ground"]
    assert flows.source == tuple(ground) and set(flows.destination) == {"any command node"}


def test_a_grid_puts_equal_numbers_into_equal_areas():
    node = {
        "_target_": "sdn_mc.access.user_grid.UserGrid", "kind": "ground", "count": 500,
        "latitude_deg": [-30.0, 90.0], "altitude_m": 0.0, "terminal": TERMINAL,
    }  # fmt: skip
    sites = sites_of({"g": node})
    latitude, longitude = (
        np.radians(each[2:]) for each in (sites.latitude_deg, sites.longitude_deg)
    )
    counts, _ = np.histogram(np.sin(latitude), np.linspace(-0.5, 1.0, 11))
    assert np.all(np.abs(counts - 50) <= 1)
    level = np.cos(latitude)
    unit = np.stack([level * np.cos(longitude), level * np.sin(longitude), np.sin(latitude)], 1)
    octant = (unit[:, 2] > 0) & (unit[:, 0] > 0) & (unit[:, 1] > 0)
    assert abs(octant.sum() - 500 / 6) < 3  # an eighth of the sphere, of the zone's 3/4
    apart = np.arccos(np.clip(unit @ unit.T - 2 * np.eye(500), -1, 1)).min(axis=1)
    # A square lattice of the same density has a spacing of sqrt(area a point).
    assert apart.min() > 0.7 * np.sqrt(3 * np.pi / 500)
