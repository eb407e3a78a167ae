"""Greedy matching with capacities: the cheapest pairs first, while both ends have room.

Every pair asks for one unit at each of two ends (a port of a satellite, or any of its terminals).
Taken one by one, cheapest first, a pair is accepted if both ends have room left. The same answer
comes in rounds: a pair that is among the cheapest `room` open ones at both of its ends is certain
to be accepted, because fewer than `room` pairs come before it there; accept all such pairs, lower
the room, drop the pairs whose end is full, and repeat. Rounds are numpy over all pairs.
"""

import numpy as np
from jaxtyping import Bool, Float64, Int


def cheapest_first(
    cost: Float64[np.ndarray, " pair"],
    a: Int[np.ndarray, " pair"],
    b: Int[np.ndarray, " pair"],
    room: Int[np.ndarray, " end"],
) -> Int[np.ndarray, " accepted"]:
    """Accepted pairs, cheapest first; ties go to the pair listed first.

    Args:
        cost: of each pair.
        a, b: the two ends of each pair, indices into `room`.
        room: pairs that each end can still take; lowered in place.
    """
    open_pair = np.argsort(cost, kind="stable")
    accepted = np.zeros(len(cost), bool)
    while True:
        open_pair = open_pair[(room[a[open_pair]] > 0) & (room[b[open_pair]] > 0)]
        if len(open_pair) == 0:
            break
        certain = _within_room(a[open_pair], b[open_pair], room)
        taken = open_pair[certain]
        accepted[taken] = True
        room -= np.bincount(a[taken], minlength=len(room))
        room -= np.bincount(b[taken], minlength=len(room))
        open_pair = open_pair[~certain]
    found = np.flatnonzero(accepted)
    return found[np.argsort(cost[found], kind="stable")]


def _within_room(
    a: Int[np.ndarray, " open"], b: Int[np.ndarray, " open"], room: Int[np.ndarray, " end"]
) -> Bool[np.ndarray, " open"]:
    """Is the pair, in the order given, among the first `room` ones at both of its ends?"""
    end = np.stack([a, b], axis=1).reshape(-1)
    return np.all((_place_among_equals(end) < room[end]).reshape(-1, 2), axis=1)


def ports_in_turn(ends: Int[np.ndarray, "link end"]) -> Int[np.ndarray, "link end"]:
    """How many links listed before each one its satellites already have: 0 for the first."""
    flat = ends.reshape(-1)
    return _place_among_equals(flat).reshape(-1, 2)


def _place_among_equals(value: Int[np.ndarray, " item"]) -> Int[np.ndarray, " item"]:
    """Of every item, how many before it have the same value."""
    order = np.argsort(value, kind="stable")
    size = np.bincount(value, minlength=1)
    place = np.empty(len(value), int)
    place[order] = np.arange(len(value)) - (np.cumsum(size) - size)[value[order]]
    return place
