"""+Grid against its definition, other programs' convention, and the geometry of Walker patterns."""

import dataclasses

import numpy as np
import pytest

from sdn_mc.core.constants import LIGHT_KM_S, WGS72_RADIUS_KM
from sdn_mc.core.problems import InputError
from sdn_mc.topology.plus_grid import PlusGrid, nearest_shift
from tests.orbit_fleets import walker
from tests.topology.mesh_checks import check_mesh, link_list, n_component


def grid(**changed) -> PlusGrid:
    fields = {
        "slot_shift": None,
        "seam": None,
        "max_range_km": 5400.0,
        "grazing_km": 80.0,
        "max_rate_deg_s": None,
        "mend": "fixed",
        "skip": 2,
        "retarget_s": 100.0,
    }
    return PlusGrid(**(fields | changed))


def test_fixed_shift_and_closed_seam_are_the_links_of_other_programs():
    """(p, s)-(p, s + 1 mod 22) and (p, s)-(p + 1 mod 72, s), as Hypatia and DSNS wire them."""
    orbits = walker(72, 22, 17, 53.0, 550.0)
    unlimited = {"max_range_km": None, "grazing_km": None}
    links = grid(slot_shift=0, seam=True, **unlimited).build(*orbits)
    p, s = np.divmod(np.arange(1584), 22)
    along, across = p * 22 + (s + 1) % 22, (p + 1) % 72 * 22 + s
    sat = np.arange(1584)
    expected = {(min(a, b), max(a, b)) for a, b in np.c_[np.r_[sat, sat], np.r_[along, across]]}
    assert link_list(links) == expected and len(expected) == 3168
    assert np.all(np.isfinite(links.delay_s))
    assert np.array_equal(links.neighbour, np.stack(
        [along, p * 22 + (s - 1) % 22, across, (p - 1) % 72 * 22 + s], axis=1))  # fmt: skip


def test_a_fixed_shift_of_one_wraps_within_the_plane_and_across_the_seam():
    links = grid(slot_shift=1, seam=True).build(*walker(12, 10, 0, 53.0, 1200.0))
    p, s = np.divmod(np.arange(120), 10)
    assert np.array_equal(links.neighbour[:, 2], (p + 1) % 12 * 10 + (s + 1) % 10)


@pytest.mark.parametrize(
    ("pattern", "n_link"),
    [
        ((72, 22, 17, 53.0, 550.0), 3168),
        ((24, 20, 13, 70.0, 577.0), 960),
        ((6, 11, 3, 86.4, 780.0, 180.0), 121),
        ((12, 49, 6, 87.9, 1200.0, 182.7), 1127),
    ],
)
def test_deltas_close_their_seam_and_stars_leave_it_open(pattern, n_link):
    links = grid().build(*walker(*pattern))
    assert len(link_list(links)) == n_link
    assert n_component(links) == 1


@pytest.mark.parametrize("phasing", [0, 1, 13, 17, 40, 71])
def test_by_geometry_every_cross_link_is_as_long_over_an_orbit_seam_included(phasing):
    """In a Walker delta all planes are alike, so all partners have one mean square distance:
    2 a^2 (1 - cos^2(gamma / 2) cos D), with D from the mutual node, least over the shifts."""
    time_s = tuple(np.linspace(0, 5738.3, 90, endpoint=False))  # an orbit at 550 km
    orbits = walker(72, 22, phasing, 53.0, 550.0, time_s=time_s)
    links = grid(max_range_km=None, grazing_km=None).build(*orbits)
    square_km2 = ((links.delay_s[:, :, 2] * LIGHT_KM_S) ** 2).mean(axis=0)
    radius_km, tilt, node = WGS72_RADIUS_KM + 550, np.radians(53.0), np.radians(5.0)
    cos_gamma = np.cos(tilt) ** 2 + np.sin(tilt) ** 2 * np.cos(node)
    turn = 2 * np.arctan(np.tan(node / 2) * np.cos(tilt))  # phase between nodes on the sphere
    phase = turn + np.radians(360 * phasing / 1584 + np.arange(22) * 360 / 22)
    by_shift_km2 = 2 * radius_km**2 * (1 - (1 + cos_gamma) / 2 * np.cos(phase))
    # the mean over 90 instants of a sinusoid is exact; the period is right to 1e-4
    assert square_km2 == pytest.approx(np.full(1584, by_shift_km2.min()), rel=2e-3)


def test_shifts_that_are_as_near_are_settled_the_same_way_in_every_plane():
    """Polar planes half a slot apart: shifts 0 and -1 tie, and the smaller number of slots wins."""
    mean = walker(6, 10, 0, 90.0, 800.0, 90.0).ephemeris.mean
    mean.argument_of_latitude_deg[10:20] += 18.0
    assert nearest_shift(mean, np.arange(10), np.arange(10, 20)) == 0


@pytest.mark.parametrize(("skip", "reconnected"), [(1, True), (2, True)])
def test_bypass_joins_all_survivors_of_every_third_plane_lost(skip, reconnected):
    orbits = walker(72, 22, 17, 53.0, 550.0)
    lost = np.arange(1584) // 22 % 3 == 0
    assert n_component(grid().build(*orbits), lost) == 24  # pairs of planes, each by itself
    bypass = grid(mend="bypass", skip=skip).build(*orbits)
    assert (n_component(bypass, lost) == 1) == reconnected
    check_mesh(bypass, lost)


def test_two_lost_planes_in_a_row_need_a_bypass_of_two():
    orbits = walker(72, 22, 17, 53.0, 550.0)
    plane = np.arange(1584) // 22
    lost = plane % 4 < 2
    assert n_component(grid(mend="bypass", skip=1).build(*orbits), lost) == 18
    assert n_component(grid(mend="bypass", skip=2).build(*orbits), lost) == 1


def test_the_first_slots_of_a_bypass_mesh_are_the_fixed_mesh():
    orbits = walker(24, 20, 13, 70.0, 577.0, time_s=(0.0, 900.0))
    fixed, bypass = grid().build(*orbits), grid(mend="bypass").build(*orbits)
    assert bypass.neighbour.shape == (480, 12) and bypass.n_terminal == 4
    assert np.array_equal(bypass.neighbour[:, :4], fixed.neighbour)
    assert np.array_equal(bypass.delay_s[:, :, :4], fixed.delay_s)
    assert np.all(bypass.wakes_on[:, :4] == -1)
    assert bypass.retarget_s == 100.0


def test_small_rings_have_no_double_links():
    """Two planes of two: one link along each plane and one across for every satellite."""
    links = grid(mend="bypass", seam=True).build(*walker(2, 2, 0, 86.4, 780.0, 30.0))
    assert len(link_list(links)) == 4
    three = grid(mend="bypass", seam=True, max_range_km=None, grazing_km=None).build(
        *walker(3, 3, 0, 53.0, 780.0)
    )
    assert len(link_list(three)) == 18
    assert np.all(three.neighbour[:, 4:] == np.arange(9)[:, None])  # next but one is next


def test_shells_are_wired_each_by_itself():
    one, other = walker(6, 11, 3, 86.4, 780.0, 180.0), walker(12, 10, 1, 53.0, 780.0)
    fleet, ephemeris = one
    joined = type(ephemeris)(
        ephemeris.start,
        ephemeris.time_s,
        np.concatenate([ephemeris.position_km, other.ephemeris.position_km], axis=1),
        np.zeros(186, np.int8),
        type(ephemeris.mean)(
            *(np.r_[a, b] for a, b in zip(ephemeris.mean, other.ephemeris.mean, strict=True))
        ),
    )
    place = {
        "shell": np.r_[fleet.shell, other.fleet.shell + 1],
        "plane": np.r_[fleet.plane, other.fleet.plane + 6],
        "slot": np.r_[fleet.slot, other.fleet.slot],
    }
    both = dataclasses.replace(walker(1, 186, 0, 53.0, 780.0).fleet, **place)
    links = link_list(grid().build(both, joined))
    shifted = {(a + 66, b + 66) for a, b in link_list(grid().build(*other))}
    assert links == link_list(grid().build(*one)) | shifted


def test_planes_of_different_size_are_refused_with_a_way_out():
    orbits = walker(6, 11, 3, 86.4, 780.0, 180.0)
    plane = orbits.fleet.plane.copy()
    plane[0] = 1
    with pytest.raises(InputError, match=r"from 10 to 12 satellites.*topology=planned"):
        grid().build(dataclasses.replace(orbits.fleet, plane=plane), orbits.ephemeris)


def test_satellites_with_two_terminals_keep_to_their_plane():
    links = grid().build(*walker(12, 10, 1, 53.0, 1200.0, n_terminal=2))
    assert len(link_list(links)) == 120
    assert any("120 links of the grid are left out" in note for note in links.notes)
