"""Planes and shells: exact on patterns that are known, stable and as counted on real files."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix

from sdn_mc.constellation.recover import recover, shell_table
from sdn_mc.core.fleet import Status
from sdn_mc.core.scene import MeanElements
from tests.orbit_fleets import read_sets, secular_elements, walker_elements

# Counts of the five element files of 2026-08-22 at 0 h UTC, by the prototype of the method: per
# shell satellites, median height km, median inclination deg, planes, planes of 8 or more.
SHELLS = {
    "starlink": (
        (327, 357.7, 43.00, 26, 26),
        (3227, 485.0, 43.00, 99, 95),
        (314, 360.0, 53.16, 31, 24),
        (4113, 463.0, 53.16, 191, 161),
        (140, 540.0, 53.16, 27, 9),
        (698, 570.0, 70.00, 35, 34),
        (29, 340.4, 97.28, 4, 1),
        (1035, 462.4, 97.29, 49, 45),
        (235, 546.4, 97.28, 10, 10),
        (19, 452.0, 97.55, 6, 1),
    ),
    "oneweb": ((644, 1198.9, 87.90, 12, 12),),
    "kuiper": ((22, 454.1, 51.88, 6, 1), (309, 630.0, 51.90, 141, 0)),
    "iridium-next": ((67, 774.6, 86.40, 6, 6),),
    "sda": ((15, 942.0, 81.00, 2, 1), (42, 949.7, 81.30, 2, 2)),
}
LEFT_OUT = {
    "starlink": {"OFF_BAND": 593, "DECAYING": 15, "OLD_ELEMENTS": 1, "LONE_PLANE": 24},
    "oneweb": {"OFF_BAND": 6, "ECCENTRIC": 1},
    "kuiper": {"OFF_BAND": 60, "LONE_PLANE": 11},
    "iridium-next": {"OFF_BAND": 13},
    "sda": {"OFF_BAND": 14},
}
READ = {"starlink": 10_746, "oneweb": 651, "kuiper": 391, "iridium-next": 80, "sda": 71}
PATTERNS = (
    (72, 22, 17, 53.0, 550.0, 360.0),
    (34, 34, 1, 51.9, 630.0, 360.0),
    (6, 58, 1, 97.6, 560.0, 360.0),
    (6, 11, 3, 86.4, 780.0, 180.0),
    (12, 49, 6, 87.9, 1200.0, 182.7),
    (1, 22, 0, 53.0, 550.0, 360.0),
    (144, 2, 5, 51.9, 630.0, 360.0),
)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_walker_pattern_gives_back_its_planes_and_slots(pattern):
    n_plane, n_slot = pattern[:2]
    found = recover(walker_elements(*pattern))
    plane, _ = np.divmod(np.arange(n_plane * n_slot), n_slot)
    assert np.array_equal(found.plane, plane)  # planes are numbered by node
    assert np.all(found.shell == 0) and np.all(found.status == Status.IN_SERVICE)
    for members in found.slot.reshape(n_plane, n_slot):  # a rotation of 0, 1, 2, ...
        assert set(np.diff(members) % n_slot) <= {1}


@pytest.mark.parametrize("removed", [0.1, 0.3])
def test_noise_and_missing_satellites_leave_the_planes_as_they_are(removed):
    """0.05 km, 0.05 deg and 0.1 deg: what element sets of one day scatter by inside a layer."""
    random = np.random.default_rng(0)
    true = np.repeat(np.arange(72), 22)
    mean = walker_elements(72, 22, 17, 53.0, 550.0)
    mean = mean._replace(
        altitude_km=mean.altitude_km + 0.05 * random.standard_normal(1584),
        raan_deg=(mean.raan_deg + 0.05 * random.standard_normal(1584)) % 360,
        argument_of_latitude_deg=mean.argument_of_latitude_deg + random.normal(0, 0.1, 1584),
    )
    kept = random.permutation(1584)[: round(1584 * (1 - removed))]
    found = recover(_part(mean, kept))
    assert share_of_same_plane(true[kept], found.plane) == 1.0


def test_every_reason_to_be_left_out_is_told_apart():
    mean = walker_elements(6, 11, 3, 86.4, 780.0, 180.0)
    mean.error[0], mean.age_d[1], mean.altitude_km[2] = 1, 6.0, 200.0
    mean.eccentricity[3], mean.altitude_km[4] = 0.03, 700.0
    found = recover(mean)
    expected = ["PROPAGATION_ERROR", "OLD_ELEMENTS", "DECAYING", "ECCENTRIC", "OFF_BAND"]
    assert [Status(s).name for s in found.status[:5]] == expected
    assert np.all(found.shell[:5] == -1) and np.all(found.plane[:5] == -1)
    assert np.all(found.slot[:5] == -1) and np.all(found.layer[:5] == -1)
    assert np.all(found.shell[5:] == 0)


def test_a_satellite_alone_in_its_plane_stays_in_its_shell():
    mean = walker_elements(6, 11, 3, 86.4, 780.0, 180.0)
    mean.raan_deg[0] = 15.0  # half way between two planes
    found = recover(mean)
    assert found.status[0] == Status.LONE_PLANE
    assert found.shell[0] == 0 and np.sum(found.plane == found.plane[0]) == 1


def test_a_satellite_that_does_not_propagate_may_hold_nan():
    mean = walker_elements(6, 11, 3, 86.4, 780.0, 180.0)
    mean.error[7] = 1
    for values in mean[:6]:
        values[7] = np.nan
    assert recover(mean).status[7] == Status.PROPAGATION_ERROR


def test_nobody_is_a_fleet_too():
    found = recover(_part(walker_elements(2, 2, 0, 53.0, 550.0), np.zeros(0, int)))
    assert len(found.plane) == 0 and found.notes == ()


def test_labels_do_not_depend_on_where_the_nodes_begin_or_on_the_order_of_the_file():
    mean = walker_elements(24, 20, 13, 70.0, 577.0)
    shuffled = np.random.default_rng(3).permutation(480)
    turned = _part(mean._replace(raan_deg=(mean.raan_deg + 352.4) % 360), shuffled)
    plain = recover(mean).plane[shuffled]
    assert share_of_same_plane(plain, recover(turned).plane) == 1.0


@pytest.mark.parametrize("name", SHELLS)
def test_real_files_have_the_shells_and_planes_that_were_counted(name, shared_data):
    mean = secular_elements(read_sets(shared_data, name))
    found = recover(mean)
    table = shell_table(mean, found)
    rows = [
        (r.n_sat, r.altitude_p50_km, r.inclination_deg, r.n_plane, r.n_plane_of_8) for r in table
    ]
    for row, expected in zip(rows, SHELLS[name], strict=True):
        assert (row[0], row[3], row[4]) == (expected[0], expected[3], expected[4])
        assert row[1] == pytest.approx(expected[1], abs=0.05)  # printed to 0.1 km
        assert row[2] == pytest.approx(expected[2], abs=0.005)  # printed to 0.01 deg
    counts = {s.name: int(np.sum(found.status == s)) for s in Status}
    left_out = {s: n for s, n in counts.items() if n and s != "IN_SERVICE"}
    assert left_out == LEFT_OUT[name] and len(found.status) == READ[name]
    lone = left_out.get("LONE_PLANE", 0)
    assert np.sum(found.shell >= 0) == counts["IN_SERVICE"] + lone


@pytest.mark.parametrize("hours", [6, 24])
@pytest.mark.parametrize("name", SHELLS)
def test_the_same_sets_hours_later_give_the_same_planes(name, hours, shared_data):
    sets = read_sets(shared_data, name)
    now, later = recover(secular_elements(sets)), recover(secular_elements(sets, hours))
    both = (now.shell >= 0) & (later.shell >= 0)
    assert both.sum() >= 0.99 * np.sum(now.shell >= 0)
    assert share_of_same_plane(now.plane[both], later.plane[both]) >= 0.99


@pytest.mark.parametrize(
    ("name", "n_plane", "step_deg", "seam_deg"),
    [("iridium-next", 6, 31.6, 22.0), ("oneweb", 12, 15.23, 12.55)],
)
def test_stars_have_the_node_step_and_the_seam_of_their_filings(
    name, n_plane, step_deg, seam_deg, shared_data
):
    """Filed: Iridium 5 x 31.6 + 22.0 = 180 deg; OneWeb 15.225 and 12.525 deg."""
    mean = secular_elements(read_sets(shared_data, name))
    found = recover(mean)
    node = np.radians(mean.raan_deg)
    centre = [np.angle(np.exp(1j * node[found.plane == p]).mean()) for p in range(n_plane)]
    centre_deg = np.sort(np.degrees(centre) % 360)
    gap_deg = np.diff(centre_deg, append=centre_deg[0] + 360)
    assert found.plane.max() + 1 == n_plane
    assert np.median(gap_deg) == pytest.approx(step_deg, abs=0.1)
    assert gap_deg.max() - 180 == pytest.approx(seam_deg, abs=0.1)


def test_irregular_shells_and_many_left_out_are_said(shared_data):
    starlink = recover(secular_elements(read_sets(shared_data, "starlink")))
    said = [note.split(" ")[1] for note in starlink.notes if "irregular" in note]
    assert {"3", "7", "8"} <= set(said) and "1" not in said
    assert not any("warning" in note for note in starlink.notes)  # 5.7 % are left out
    kuiper = recover(secular_elements(read_sets(shared_data, "kuiper")))
    assert "60 of 391" in kuiper.notes[0] and kuiper.notes[0].startswith("warning")


def test_the_table_tells_how_regular_a_shell_is(shared_data):
    """Best comb and its length, as the prototype found them on the satellites' nodes."""
    mean = secular_elements(read_sets(shared_data, "starlink"))
    table = shell_table(mean, recover(mean))
    for shell, comb, length in ((0, 26, 0.993), (1, 99, 0.903), (3, 28, 0.27), (5, 36, 0.994)):
        assert table[shell].comb == comb
        assert table[shell].regularity == pytest.approx(length, abs=0.005)


def share_of_same_plane(one: np.ndarray, other: np.ndarray) -> float:
    """Members that keep their group under the best one-to-one renaming."""
    _, a = np.unique(one, return_inverse=True)
    _, b = np.unique(other, return_inverse=True)
    count = coo_matrix((np.ones(len(a)), (a, b))).toarray()
    row, column = linear_sum_assignment(-count)
    return count[row, column].sum() / len(a)


def _part(mean: MeanElements, chosen: np.ndarray) -> MeanElements:
    return MeanElements(*(values[chosen] for values in mean))
