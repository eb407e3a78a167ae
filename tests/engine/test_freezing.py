"""Which instant's routes are in force, from windows in which the control plane is down."""

import numpy as np
import pytest

from sdn_mc.core.outage import ROUTING
from sdn_mc.engine.causes import spans_of_windows
from sdn_mc.engine.freezing import frozen_instants
from sdn_mc.engine.types import Column

TIME_S = np.array([0, 10, 20, 30, 40, 50], np.float32)
COLUMNS = Column("both", ("one", "other")), Column("single", ("one",)), Column("none", ())
CASES = {
    "between instants": ([(12, 35)], [], [0, 1, 1, 1, 4, 5]),
    "at instants": ([(10, 30)], [], [0, 1, 1, 3, 4, 5]),
    "seen by no instant": ([(11, 19)], [], [0, 1, 2, 3, 4, 5]),
    "under way at the start": ([(-np.inf, 25)], [], [0, 0, 0, 3, 4, 5]),
    "to the end": ([(41, np.inf)], [], [0, 1, 2, 3, 4, 4]),
    "overlapping": ([(12, 25)], [(22, 45)], [0, 1, 1, 1, 1, 5]),
    "one inside the other": ([(12, 45)], [(22, 25)], [0, 1, 1, 1, 1, 5]),
    "touching": ([(12, 25)], [(25, 45)], [0, 1, 1, 1, 1, 5]),
    "routing works for a moment": ([(12, 25)], [(26, 45)], [0, 1, 1, 2, 2, 5]),
    "two of one cause": ([(1, 15), (32, 45)], [], [0, 0, 2, 3, 3, 5]),
}


def spans_of(windows: list[tuple[float, float]], draw: int):
    """Windows of the one control plane in one draw of 64."""
    start, end = np.full((2, 1, max(1, len(windows)), 64), np.inf, np.float32)
    for k, (start_s, end_s) in enumerate(windows):
        start[0, k, draw], end[0, k, draw] = start_s, end_s
    return spans_of_windows(start, end, ROUTING)


@pytest.mark.parametrize("one, other, expected", CASES.values(), ids=CASES)
def test_the_routes_in_force_are_those_of_the_last_instant_before(one, other, expected):
    outages = {"one": (spans_of(one, 33),), "other": (spans_of(other, 33),)}
    both, single, none = frozen_instants(outages, COLUMNS, TIME_S, 64)
    assert both[:, 33].tolist() == expected
    own = np.arange(len(TIME_S))[:, None]
    assert np.array_equal(np.delete(both, 33, axis=1), np.repeat(own, 63, axis=1))
    assert none is None and (other or np.array_equal(single, both))


def test_columns_without_a_window_do_not_freeze():
    outages = {"one": (spans_of([], 0),), "other": (spans_of([(5, 15)], 0),)}
    both, single, _ = frozen_instants(outages, COLUMNS, TIME_S, 64)
    assert single is None and both[1, 0] == 0
