"""Links between members of a federation: only where allowed, and never beyond the terminals."""

import dataclasses

import numpy as np
import pytest

from sdn_mc.constellation.recover import Recovered
from sdn_mc.core.problems import InputError
from sdn_mc.core.scene import MeanElements
from sdn_mc.topology.bent_pipe import BentPipe
from sdn_mc.topology.federated import Federated
from sdn_mc.topology.planned import Planned
from sdn_mc.topology.plus_grid import PlusGrid
from tests.orbit_fleets import Orbits, circular, fleet_of, walker_elements
from tests.topology.mesh_checks import check_mesh, link_list, n_component

GRID = PlusGrid(
    slot_shift=None, seam=None, max_range_km=5400.0, grazing_km=80.0, max_rate_deg_s=1.0,
    mend="fixed", skip=2, retarget_s=100.0,
)  # fmt: skip
PLANNED = Planned(
    terminals=3, max_range_km=5400.0, grazing_km=80.0, max_rate_deg_s=1.0, least_km=50.0,
    horizon_s=7200.0, fill="auto", inter_shell_share=0.0, mend="fixed", skip=2, retarget_s=100.0,
)  # fmt: skip
TIMES_S = (0.0, 1500.0, 9000.0)
NAMES = ("a", "b", "c")
SIZES = (12 * 10, 8 * 9, 6 * 7)


def federated(**changes) -> Federated:
    made = Federated(
        label="constellation", members={}, otherwise=GRID, allowed=(), cross="lasting",
        keep_free=0.3, max_range_km=5400.0, grazing_km=80.0, max_rate_deg_s=1.0, least_km=50.0,
        horizon_s=7200.0,
    )  # fmt: skip
    return dataclasses.replace(made, **changes)


def three(n_terminal: int = 4, heights=(800.0, 850.0, 820.0)) -> Orbits:
    """Three members of 12 x 10, 8 x 9 and 6 x 7 satellites in like orbits."""
    shapes = ((12, 10), (8, 9), (6, 7))
    parts = [walker_elements(p, s, 1, 70.0, h) for (p, s), h in zip(shapes, heights, strict=True)]
    mean = MeanElements(*(np.concatenate(values) for values in zip(*parts, strict=True)))
    sizes = [p * s for p, s in shapes]
    member = np.repeat([0, 1, 2], sizes)
    plane = (
        np.concatenate([np.arange(p * s) // s for p, s in shapes]) + np.array([0, 12, 20])[member]
    )
    slot = np.concatenate([np.arange(p * s) % s for p, s in shapes])
    place = Recovered(plane, plane, member, slot, np.zeros(len(slot), np.int8), ())
    fleet = dataclasses.replace(
        fleet_of(place, n_terminal),
        group={"constellation": member, "prime": member // 2},
        labels=(("constellation", NAMES), ("prime", ("X", "Y"))),
    )
    return Orbits(fleet, circular(mean, place.status, np.array(TIMES_S)))


def crossing(links, fleet, time: int = 0) -> set[tuple[str, str]]:
    """Pairs of members between which there are links."""
    member = fleet.group["constellation"]
    found = {(NAMES[member[i]], NAMES[member[j]]) for i, j in link_list(links, time)}
    return {pair for pair in found if pair[0] != pair[1]}


def test_without_an_allowed_pair_each_member_has_just_its_own_mesh():
    fleet, ephemeris = three()
    links = federated().build(fleet, ephemeris)
    assert crossing(links, fleet) == set()
    plain = GRID.build(fleet, ephemeris)  # which wires every shell by itself
    assert link_list(links) == link_list(plain)
    np.testing.assert_array_equal(links.delay_s, plain.delay_s)
    np.testing.assert_array_equal(links.peer, plain.peer)


@pytest.mark.parametrize("cross", ["lasting", "nearest"])
@pytest.mark.parametrize(
    "allowed",
    [(("a", "b"),), (("b", "c"), ("a", "b")), (("c", "a"),), (("a", "b"), ("b", "c"), ("a", "c"))],
)
def test_links_between_members_stand_only_where_they_are_allowed(allowed, cross):
    fleet, ephemeris = three()
    links = federated(allowed=allowed, cross=cross).build(fleet, ephemeris)
    for time in range(len(TIMES_S)):
        expected = {tuple(sorted(pair)) for pair in allowed}
        assert crossing(links, fleet, time) == expected
        check_mesh(links, np.zeros(fleet.n_sat, bool), time)
        assert np.all(np.isfinite(links.delay_s[time]).sum(axis=1) <= fleet.n_terminal)


@pytest.mark.parametrize("cross", ["lasting", "nearest"])
@pytest.mark.parametrize("n_terminal", [0, 1, 3, 4])
def test_no_satellite_uses_more_terminals_than_it_has(n_terminal, cross):
    fleet, ephemeris = three(n_terminal)
    mixed = np.where(np.arange(fleet.n_sat) % 3 == 0, max(n_terminal - 1, 0), n_terminal)
    fleet = dataclasses.replace(fleet, n_terminal=mixed)
    links = federated(allowed=(("a", "b"), ("b", "c")), cross=cross, keep_free=1.0)
    links = links.build(fleet, ephemeris)
    for time in range(len(TIMES_S)):
        assert np.all(np.isfinite(links.delay_s[time]).sum(axis=1) <= mixed)


def test_a_share_of_nobody_leaves_a_grid_of_four_terminals_no_link_outside():
    fleet, ephemeris = three()
    links = federated(allowed=(("a", "b"),), keep_free=0.0).build(fleet, ephemeris)
    assert crossing(links, fleet) == set()


def test_three_terminals_of_a_planned_mesh_leave_the_fourth_to_others():
    fleet, ephemeris = three()
    mesh = federated(otherwise=PLANNED, allowed=(("a", "b"),), keep_free=0.0)
    links = mesh.build(fleet, ephemeris)
    member = fleet.group["constellation"]
    across = [(i, j) for i, j in link_list(links) if member[i] != member[j]]
    assert len(across) > 20
    own = {(i, j) for i, j in link_list(links) if member[i] == member[j]}
    # its own links are those of the mesh with nobody else about
    assert own == link_list(federated(otherwise=PLANNED).build(fleet, ephemeris))


def test_nearest_links_are_those_a_plain_loop_takes_nearest_first():
    fleet, ephemeris = three()
    mesh = federated(otherwise=BentPipe(), allowed=(("b", "c"),), cross="nearest", grazing_km=None,
                     max_rate_deg_s=None, max_range_km=3000.0)  # fmt: skip
    fleet = dataclasses.replace(fleet, n_terminal=np.full(fleet.n_sat, 2))
    links = mesh.build(fleet, ephemeris)
    for time in range(len(TIMES_S)):
        position = ephemeris.position_km[time]
        b, c = range(120, 192), range(192, 234)
        pairs = sorted((np.linalg.norm(position[i] - position[j]), i, j) for i in b for j in c)
        room, expected = np.full(fleet.n_sat, 2), set()
        for distance_km, i, j in pairs:
            if distance_km <= 3000.0 and room[i] and room[j]:
                expected.add((i, j))
                room[[i, j]] -= 1
        assert link_list(links, time) == expected


def test_satellites_that_carry_no_traffic_get_no_link_to_others():
    fleet, ephemeris = three()
    gone = np.arange(fleet.n_sat) % 2 == 0
    status = np.where(gone, 8, 0).astype(np.int8)
    ephemeris = dataclasses.replace(ephemeris, status=status)
    mesh = federated(members={"a": PLANNED, "b": PLANNED, "c": PLANNED}, allowed=(("a", "b"),))
    links = mesh.build(dataclasses.replace(fleet, status=status), ephemeris)
    assert crossing(links, fleet) == {("a", "b")}
    assert not any(gone[i] or gone[j] for i, j in link_list(links))


def test_standby_links_of_members_survive_the_joining():
    fleet, ephemeris = three()
    mending = dataclasses.replace(GRID, mend="bypass")
    mesh = federated(members={"c": mending, "b": BentPipe()}, keep_free=0.0, allowed=(("a", "c"),))
    links = mesh.build(fleet, ephemeris)
    assert links.n_terminal == 4 and links.retarget_s == 100.0
    lost = np.random.default_rng(3).random(fleet.n_sat) < 0.2
    for time in range(len(TIMES_S)):
        check_mesh(links, lost, time)
    # c's are those of a mending grid over the whole fleet, which wires each shell by itself
    whole, c = mending.build(fleet, ephemeris), slice(192, 234)
    for name in ("neighbour", "peer", "terminal", "wakes_on"):
        np.testing.assert_array_equal(getattr(links, name)[c], getattr(whole, name)[c])
    np.testing.assert_array_equal(links.delay_s[:, c], whole.delay_s[:, c])
    assert links.wakes_on[c].max() >= 192
    assert np.all(links.wakes_on[:192] == -1)
    assert not np.isfinite(links.delay_s[0, 120:192]).any()


def test_standby_links_stand_behind_the_terminals_of_the_widest_member():
    # a has three terminals of its own, so its standby slots move from 3 on to 4 on
    fleet, ephemeris = three()
    mending = dataclasses.replace(PLANNED, mend="bypass")
    mesh = federated(members={"a": mending}, keep_free=0.0)
    links, fixed = mesh.build(fleet, ephemeris), federated(members={"a": PLANNED})
    assert link_list(links) == link_list(fixed.build(fleet, ephemeris))
    lost = np.random.default_rng(3).random(fleet.n_sat) < 0.3
    assert np.all(links.wakes_on[:, :4] == -1) and np.any(links.wakes_on[:120, 4:] >= 0)
    check_mesh(links, lost)


def test_the_members_may_be_those_of_any_label():
    fleet, ephemeris = three()
    links = federated(label="prime", allowed=(("X", "Y"),), otherwise=GRID).build(fleet, ephemeris)
    # X has a and b, whose shells a grid does not join; Y is c
    assert crossing(links, fleet) <= {("a", "c"), ("b", "c")} and crossing(links, fleet)


@pytest.mark.parametrize("cross", ["lasting", "nearest"])
def test_notes_say_how_many_links_join_members_and_how_many_pieces_there_are(cross):
    fleet, ephemeris = three()
    apart = federated(otherwise=PLANNED).build(fleet, ephemeris).notes
    together = federated(otherwise=PLANNED, cross=cross, allowed=(("a", "b"), ("b", "c"))).build(
        fleet, ephemeris
    )
    pieces = n_component(together)
    assert together.notes[-1].startswith(f"together: {pieces} connected component")
    assert int(apart[-1].split()[1]) > pieces
    member = fleet.group["constellation"]
    count = []
    for time in range(len(TIMES_S)):
        up = np.isfinite(together.delay_s[time])
        neighbour = together.neighbour if cross == "lasting" else together.neighbour[time]
        count.append(int(np.sum(up & (member[:, None] == 0) & (member[neighbour] == 1))))
    said = next(note for note in together.notes if note.startswith("between a and b"))
    assert f"{np.mean(count):.1f} links stand on average" in said and f"{min(count)} at" in said


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"label": "vendor"}, "no grouping 'vendor'; it has constellation, prime"),
        ({"allowed": (("a", "z"),)}, "allowed: no group of 'constellation' is named 'z'"),
        (
            {"members": {"d": GRID}},
            "members: no group of 'constellation' is named 'd'; there are a",
        ),
        ({"allowed": (("a", "a"),)}, "allowed: a is paired with itself"),
    ],
)
def test_names_that_do_not_fit_the_fleet_are_told(changes, words):
    fleet, ephemeris = three()
    made = federated(**changes)
    assert any(words in problem for problem in made.misfits(fleet))
    with pytest.raises(InputError):
        made.build(fleet, ephemeris)


def test_a_grid_over_planes_that_differ_is_told_with_the_member():
    fleet, _ = three()
    plane = fleet.plane.copy()
    plane[120] = plane[130]
    (problem,) = federated().misfits(dataclasses.replace(fleet, plane=plane))
    assert problem.startswith("b: the planes of shell 1 have from 8 to 10")


def test_meshes_that_do_not_go_together_are_told():
    slow, quick = (dataclasses.replace(GRID, mend="bypass", retarget_s=s) for s in (100.0, 10.0))
    assert "several retarget_s" in federated(members={"a": slow, "b": quick}).problems()[0]
    now = federated(members={"a": slow}, cross="nearest", allowed=(("a", "b"),))
    assert "topology.cross: nearest links change" in now.problems()[0]
    assert federated(members={"a": slow}).problems() == []
