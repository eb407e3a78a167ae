"""Standby links on meshes small enough to write down."""

import numpy as np

from sdn_mc.topology.standby import mended, with_standby
from sdn_mc.topology.wiring import Wiring, wire

AHEAD, BEHIND, EAST, WEST = range(4)


def chain(n_sat: int, closed: bool = False, n_terminal: int = 4) -> Wiring:
    """Satellites in line, each looking ahead at the next."""
    sat = np.array([[k, (k + 1) % n_sat] for k in range(n_sat if closed else n_sat - 1)])
    return wire(n_sat, n_terminal, sat, np.tile([AHEAD, BEHIND], (len(sat), 1)))


def slot(port: int, k: int, skip: int) -> int:
    """The standby slot of a port that bridges k + 1 lost neighbours."""
    return 4 + port * skip + k


def test_a_line_of_four_has_the_bridges_that_can_be_drawn():
    found = with_standby(chain(4), 2)
    one, two = slot(AHEAD, 0, 2), slot(AHEAD, 1, 2)
    assert found.neighbour[:, one].tolist() == [2, 3, 2, 3]  # 2 and 3 have nobody to reach
    assert found.neighbour[:, two].tolist() == [3, 1, 2, 3]
    assert found.wakes_on[0, one].tolist() == [1, -1]
    assert found.wakes_on[0, two].tolist() == [1, 2]
    back = slot(BEHIND, 1, 2)
    assert found.neighbour[3, back] == 0 and found.peer[3, back] == two
    assert found.wakes_on[3, back].tolist() == [2, 1]
    assert found.terminal[3, back] == BEHIND


def test_a_bridge_arrives_on_the_terminal_that_lost_its_neighbour():
    found = with_standby(chain(5), 2)
    here, port = np.nonzero(found.neighbour != np.arange(5)[:, None])
    far = found.terminal[found.neighbour[here, port], found.peer[here, port]]
    ahead = found.terminal[here, port] == AHEAD
    assert np.array_equal(far, np.where(ahead, BEHIND, AHEAD))


def test_a_ring_of_three_has_no_bridge_and_a_ring_of_four_one_each_way_at_most():
    assert np.all(with_standby(chain(3, closed=True), 2).neighbour[:, 4:] == [[0], [1], [2]])
    found = with_standby(chain(4, closed=True), 3)
    here, _ = np.nonzero(found.neighbour[:, 4:] != np.arange(4)[:, None])
    assert np.bincount(here).tolist() == [1, 1, 1, 1]  # 0-2 and 1-3, once


def test_a_line_runs_straight_through_crossings():
    """Along the plane stays along the plane, across stays across."""
    sat = np.array([[0, 1], [1, 2], [3, 1], [1, 4]])
    port = np.array([[AHEAD, BEHIND], [AHEAD, BEHIND], [EAST, WEST], [EAST, WEST]])
    found = with_standby(wire(5, 4, sat, port), 1)
    bridges = {(a, int(b)) for a in range(5) for b in found.neighbour[a, 4:] if b != a}
    assert bridges == {(0, 2), (2, 0), (3, 4), (4, 3)}


def test_a_single_cross_port_is_not_bridged():
    sat, port = np.array([[0, 1], [1, 2], [0, 3]]), np.array([[0, 1], [0, 1], [2, 2]])
    found = with_standby(wire(4, 3, sat, port), 2)
    assert found.neighbour.shape == (4, 9)
    bridges = {(a, int(b)) for a in range(4) for b in found.neighbour[a, 3:] if b != a}
    assert bridges == {(0, 2), (2, 0)}


def test_fixed_adds_nothing():
    wiring = chain(4)
    assert mended(wiring, "fixed", 2) is wiring
