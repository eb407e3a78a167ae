"""The straight program of one elimination: which rows to fetch, which rows to lower, in order.

Satellites are taken in *groups* of 1, 2 or 4 consecutive ranks, each satellite the parent of the
one before, so that nearly the same upper neighbours serve all of them: the last one's. A group's
rows are fetched from a pool of recycled rows (row 0 always says "no path"), its own links are
added, the group is eliminated inside, and the pair of each two upper neighbours is lowered by all
of its satellites at once. Upper neighbours go two by two: (i, i + 1), then (i, j) and (i + 1, j)
for all j > i + 1. The program is the same for all draws, all times and all sources.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Bool, Int, Int32

from sdn_mc.core.compiled import entry, kernel
from sdn_mc.routing.elimination_tree import Tree

# Upper neighbours that a satellite may lack and still share a group: 0 to 10 measure equal to 5 %.
MOST_PADDING = 2
WIDEST = 4
LARGEST_UINT16 = np.iinfo(np.uint16).max


class Program(NamedTuple):
    """Everything of a topology. Entries of one group follow those of the group before."""

    sat: Int32[np.ndarray, " rank"]
    rank: Int32[np.ndarray, " sat"]
    group_of: Int32[np.ndarray, " rank"]
    first: Int32[np.ndarray, " group"]  # rank
    width: Int32[np.ndarray, " group"]  # satellites
    n_upper: Int32[np.ndarray, " group"]
    n_link: Int32[np.ndarray, " group"]
    upper: Int32[np.ndarray, " upper"]  # ranks
    fetch: Int[np.ndarray, " fetch"]  # rows: between two of the group, then satellite by satellite
    target: Int[np.ndarray, " target"]  # rows
    link_at: Int32[np.ndarray, " link"]  # place in the group's fetches
    link_slot: Int32[np.ndarray, " link"]  # sat * n_port + port
    n_row: int
    n_relaxation: int


def program_of(
    tree: Tree, neighbour: Int32[np.ndarray, "sat port"], linked: Bool[np.ndarray, "sat port"]
) -> Program:
    """The program of a topology whose links are the slots `linked`."""
    n_sat, n_edge = len(tree.sat), len(tree.upper)
    first, group_of = np.empty(n_sat, np.int32), np.empty(n_sat, np.int32)
    n_group = _group(tree, first, group_of)
    first = first[:n_group].copy()
    width = np.diff(first, append=n_sat).astype(np.int32)
    last = first + width - 1
    n_upper = (tree.start[last + 1] - tree.start[last]).astype(np.int32)
    inside = width * (width - 1) // 2
    pairs = n_upper.astype(np.int64) * (n_upper - 1) // 2
    rank_of = tree.rank
    slot_sat, slot_port = np.nonzero(linked & (rank_of[:, None] < rank_of[neighbour]))
    by_rank = np.argsort(rank_of[slot_sat], kind="stable")
    slot_sat, slot_port = slot_sat[by_rank], slot_port[by_rank]
    program = Program(
        sat=tree.sat,
        rank=rank_of,
        group_of=group_of,
        first=first,
        width=width,
        n_upper=n_upper,
        n_link=np.bincount(group_of[rank_of[slot_sat]], minlength=n_group).astype(np.int32),
        upper=np.empty(n_upper.sum(), np.int32),
        fetch=np.empty((inside + width * n_upper).sum(), np.int32),
        target=np.empty(pairs.sum(), np.int32),
        link_at=np.empty(len(slot_sat), np.int32),
        link_slot=(slot_sat * neighbour.shape[1] + slot_port).astype(np.int32),
        n_row=0,
        n_relaxation=int((width * pairs + inside * n_upper).sum()),
    )
    link_rank, link_far = rank_of[slot_sat], rank_of[neighbour[slot_sat, slot_port]]
    row_of, place = np.zeros(n_edge, np.int32), np.empty(n_sat, np.int32)
    n_row = _fill(program, tree, link_rank, link_far, row_of, place, np.empty(n_edge, np.int32))
    rows = np.uint16 if n_row <= LARGEST_UINT16 else np.int32
    return program._replace(
        n_row=n_row, fetch=program.fetch.astype(rows), target=program.target.astype(rows)
    )


@entry
@no_type_check
def _group(tree, first, group_of):
    """First ranks of the groups; their number."""
    n_group = rank = 0
    while rank < len(tree.sat):
        width = 1
        while width < WIDEST and _may_join(tree, rank, rank + width):
            width += 1
        if width == 3:
            width = 2
        first[n_group] = rank
        for i in range(rank, rank + width):
            group_of[i] = n_group
        n_group += 1
        rank += width
    return n_group


@kernel
@no_type_check
def _may_join(tree, first, rank):
    """Whether a rank is the parent of the one before, and has few neighbours the first lacks."""
    if rank >= len(tree.sat):
        return False
    before = tree.start[rank - 1]
    if before == tree.start[rank] or tree.upper[before] != rank:
        return False
    n_own = tree.start[rank + 1] - tree.start[rank]
    n_shared = tree.start[first + 1] - tree.start[first] - (rank - first)
    return n_own - n_shared <= MOST_PADDING


@entry
@no_type_check
def _fill(program, tree, link_rank, link_far, row_of, place, free):
    """Fetches, links and targets of every group; the number of pool rows."""
    at_fetch = at_target = at_upper = at_link = n_free = 0
    n_row = 1
    for group in range(len(program.first)):
        first, width, n_upper = program.first[group], program.width[group], program.n_upper[group]
        after = first + width
        n_inside = width * (width - 1) // 2
        for i in range(n_upper):
            rank = tree.upper[tree.start[after - 1] + i]
            program.upper[at_upper + i] = rank
            place[rank] = n_inside + i
        for i in range(n_inside + width * n_upper):
            program.fetch[at_fetch + i] = 0
        for k in range(width):
            for edge in range(tree.start[first + k], tree.start[first + k + 1]):
                at = _place_of(place, first, width, n_upper, k, tree.upper[edge])
                program.fetch[at_fetch + at] = row_of[edge]
                if row_of[edge] > 0:
                    free[n_free] = row_of[edge]
                    n_free += 1
        for _ in range(program.n_link[group]):
            k = link_rank[at_link] - first
            program.link_at[at_link] = _place_of(place, first, width, n_upper, k, link_far[at_link])
            at_link += 1
        upper = program.upper[at_upper : at_upper + n_upper]
        target = program.target[at_target : at_target + n_upper * (n_upper - 1) // 2]
        n_free, n_row = _name_targets(tree, upper, target, row_of, free, n_free, n_row)
        at_target += len(target)
        at_fetch += n_inside + width * n_upper
        at_upper += n_upper
    return n_row


@kernel
@no_type_check
def _name_targets(tree, upper, target, row_of, free, n_free, n_row):
    """The row of each two upper neighbours: the one in use, else a free one, else a new one."""
    for i in range(len(upper)):
        edge = tree.start[upper[i]]
        for j in range(i + 1, len(upper)):
            while tree.upper[edge] != upper[j]:
                edge += 1
            if row_of[edge] == 0:
                if n_free > 0:
                    n_free -= 1
                    row_of[edge] = free[n_free]
                else:
                    row_of[edge] = n_row
                    n_row += 1
            target[_turn(i, j, len(upper))] = row_of[edge]
    return n_free, n_row


@kernel
@no_type_check
def _place_of(place, first, width, n_upper, k, rank):
    """Place among the group's fetches of the edge from its satellite k to a rank."""
    if rank < first + width:
        return (k * (2 * width - k - 1)) // 2 + rank - first - k - 1
    return place[rank] + k * n_upper


@kernel
@no_type_check
def _turn(i, j, n_upper):
    """When the pair (i, j) comes, in the order that takes upper neighbours two by two."""
    even = i - i % 2
    before = even * (2 * n_upper - even - 1) // 2
    if j == even + 1:
        return before
    return before + 1 + 2 * (j - even - 2) + i % 2
