"""Rounds give what taking the pairs one by one gives."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sdn_mc.topology.matching import cheapest_first, ports_in_turn


def one_by_one(cost, a, b, room) -> list[int]:
    """The definition: cheapest first, while both ends have room."""
    room, accepted = room.copy(), []
    for k in np.argsort(cost, kind="stable"):
        if room[a[k]] > 0 and room[b[k]] > 0:
            room[a[k]] -= 1
            room[b[k]] -= 1
            accepted.append(int(k))
    return accepted


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(0, 200))
def test_rounds_give_the_same_as_one_by_one(seed, n_end, n_pair):
    random = np.random.default_rng(seed)
    a = random.integers(0, n_end - 1, n_pair)
    b = a + 1 + random.integers(0, n_end - 1 - a)  # never itself
    cost = random.integers(0, 8, n_pair).astype(float)  # many ties
    room = random.integers(0, 5, n_end)
    left = room.copy()
    found = cheapest_first(cost, a, b, left)
    assert list(found) == one_by_one(cost, a, b, room)
    used = np.bincount(np.r_[a[found], b[found]], minlength=n_end)
    assert np.array_equal(left, room - used)


def test_a_chain_of_rising_cost_is_taken_link_by_link():
    """The worst case for rounds: every pair waits for the one before it."""
    n_end = 200
    a, b = np.arange(n_end - 1), np.arange(1, n_end)
    found = cheapest_first(a.astype(float), a, b, np.ones(n_end, int))
    assert list(found) == list(range(0, n_end - 1, 2))


def test_ports_are_counted_in_order_of_appearance():
    ends = np.array([[4, 2], [2, 0], [4, 0], [2, 3]])
    assert ports_in_turn(ends).tolist() == [[0, 0], [1, 0], [1, 1], [2, 0]]
