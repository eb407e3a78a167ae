"""Nested dissection by level sets: which satellites to eliminate before which (George 1973).

A part of the mesh is searched breadth-first from a satellite at its edge; the satellites at one
distance in links separate the nearer from the farther ones. The best level of several searches,
small and in the middle, is eliminated after both halves, which are divided in the same way. Of a
level only those with a neighbour in the next one are needed. Parts of at most `n_leaf` satellites,
and parts that no level divides, stay whole. A *stage* is such a part or separator: stages follow
each other, and the order inside a stage is the business of `elimination_order`.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Int32

from sdn_mc.core.compiled import entry, kernel

# Found by trying: from 6 to 24 searches, and from 0.15 to 0.35, relaxations differ by 3 % on a
# +Grid of 1,584 and on the planned mesh of 10,746 real satellites.
N_SEARCH = 12
LEAST_SIDE = 0.25
IMBALANCE_COST = 0.5  # a separator beside the smallest part counts up to half as much again


class DissectionScratch(NamedTuple):
    """Working memory: where each satellite belongs, and one search."""

    part: Int32[np.ndarray, " sat"]
    level: Int32[np.ndarray, " sat"]
    queue: Int32[np.ndarray, " sat"]
    line: Int32[np.ndarray, " sat"]
    in_level: Int32[np.ndarray, " sat"]
    needed: Int32[np.ndarray, " sat"]  # of a level, satellites with a neighbour in the next one
    first: Int32[np.ndarray, " part"]  # parts still to divide
    after: Int32[np.ndarray, " part"]


def dissect(
    start: Int32[np.ndarray, " boundary"], far: Int32[np.ndarray, " link"], n_leaf: int
) -> tuple[Int32[np.ndarray, " sat"], Int32[np.ndarray, " stageboundary"]]:
    """Satellites stage by stage, and where each stage begins (with the end of the last)."""
    n_sat = len(start) - 1
    line, begins = np.arange(n_sat, dtype=np.int32), np.zeros(n_sat + 1, np.int32)
    scratch = DissectionScratch(
        *(np.zeros(n_sat, np.int32) for _ in range(6)),
        *(np.zeros(2 * n_sat + 1, np.int32) for _ in range(2)),
    )
    _dissect(start, far, n_leaf, line, begins, scratch)
    return line, np.append(np.flatnonzero(begins[:n_sat]), n_sat).astype(np.int32)


@entry
@no_type_check
def _dissect(start, far, n_leaf, line, begins, scratch):
    """Divide the whole, then the parts; every stage ends as a piece of `line`."""
    n_part, n_named = 1, 1
    scratch.first[0], scratch.after[0] = 0, len(line)
    scratch.part[:] = 0
    while n_part > 0:
        n_part -= 1
        first, after = scratch.first[n_part], scratch.after[n_part]
        if first == after:
            continue
        begins[first] = 1
        if after - first <= n_leaf:
            continue
        near, beyond = _divide(start, far, line, first, after, scratch)
        if near == after:
            continue
        for i in range(first, beyond):
            scratch.part[line[i]] = n_named + (1 if i >= near else 0)
        for i in range(beyond, after):
            scratch.part[line[i]] = -1
        if beyond < after:
            begins[beyond] = 1
        n_named += 2
        scratch.first[n_part], scratch.after[n_part] = first, near
        scratch.first[n_part + 1], scratch.after[n_part + 1] = near, beyond
        n_part += 2


@kernel
@no_type_check
def _divide(start, far, line, first, after, scratch):
    """Reorder a part of `line` into near side, far side and separator; where the last two begin.

    Both are `after` where nothing divides the part.
    """
    n, best_score, best_root, best_level = after - first, np.inf, -1, -1
    for search in range(N_SEARCH):
        root = line[first + (search * n) // N_SEARCH]
        for _ in range(2):  # the satellite found last is at the edge
            n_found = _search(start, far, root, scratch)
            if n_found < n:
                return _split_off(line, first, after, n_found, scratch)
            root_searched, root = root, scratch.queue[n - 1]
        n_level = scratch.level[root] + 1
        _count_levels(start, far, n, n_level, scratch)
        n_before = 0
        for level in range(n_level - 1):
            needed = scratch.needed[level]
            near = n_before + scratch.in_level[level] - needed
            beyond = n - near - needed
            score = needed * (1 + IMBALANCE_COST * abs(near - beyond) / n)
            if min(near, beyond) >= LEAST_SIDE * n and score < best_score:
                best_score, best_root, best_level = score, root_searched, level
            n_before += scratch.in_level[level]
    if best_root < 0:
        return after, after
    _search(start, far, best_root, scratch)
    return _rearrange(start, far, line, first, after, best_level, scratch)


@kernel
@no_type_check
def _search(start, far, root, scratch):
    """Breadth-first inside the root's part: levels, and the number of satellites found."""
    part = scratch.part[root]
    scratch.queue[0], n_found, at = root, 1, 0
    scratch.part[root] = -2 - part  # found
    scratch.level[root] = 0
    while at < n_found:
        sat = scratch.queue[at]
        at += 1
        for link in range(start[sat], start[sat + 1]):
            other = far[link]
            if scratch.part[other] == part:
                scratch.part[other] = -2 - part
                scratch.level[other] = scratch.level[sat] + 1
                scratch.queue[n_found] = other
                n_found += 1
    for i in range(n_found):
        scratch.part[scratch.queue[i]] = part
    return n_found


@kernel
@no_type_check
def _split_off(line, first, after, n_found, scratch):
    """What a search found, then what it did not; no separator."""
    for i in range(n_found):
        scratch.level[scratch.queue[i]] = -1
    at = first + n_found
    for i in range(first, after):
        if scratch.level[line[i]] >= 0:
            scratch.line[at] = line[i]
            at += 1
    for i in range(n_found):
        scratch.line[first + i] = scratch.queue[i]
        scratch.level[scratch.queue[i]] = 0
    for i in range(first, after):
        line[i] = scratch.line[i]
    return first + n_found, after


@kernel
@no_type_check
def _reaches_next(start, far, sat, scratch):
    """Whether a satellite has a neighbour of its part in the next level."""
    for link in range(start[sat], start[sat + 1]):
        other = far[link]
        if (
            scratch.part[other] == scratch.part[sat]
            and scratch.level[other] == scratch.level[sat] + 1
        ):
            return True
    return False


@kernel
@no_type_check
def _count_levels(start, far, n, n_level, scratch):
    """Satellites of each level, and how many of them separate."""
    scratch.in_level[:n_level] = 0
    scratch.needed[:n_level] = 0
    for i in range(n):
        sat = scratch.queue[i]
        scratch.in_level[scratch.level[sat]] += 1
        if _reaches_next(start, far, sat, scratch):
            scratch.needed[scratch.level[sat]] += 1


@kernel
@no_type_check
def _rearrange(start, far, line, first, after, level, scratch):
    """Near side, far side and separator at a level of the last search."""
    n = after - first
    n_near, n_beyond, n_between = 0, 0, 0
    for i in range(n):
        sat = scratch.queue[i]
        if scratch.level[sat] > level:
            scratch.line[n - 1 - n_beyond] = sat
            n_beyond += 1
        elif scratch.level[sat] < level or not _reaches_next(start, far, sat, scratch):
            line[first + n_near] = sat
            n_near += 1
        else:
            line[after - 1 - n_between] = sat
            n_between += 1
    for i in range(n_beyond):
        line[first + n_near + i] = scratch.line[n - 1 - i]
    return first + n_near, first + n_near + n_beyond
