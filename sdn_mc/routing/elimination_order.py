"""In which order to eliminate the satellites of a mesh, chosen by counting relaxations.

Eliminating a satellite joins all of its remaining neighbours with each other, so d neighbours cost
d (d - 1) / 2 relaxations and leave more neighbours behind. Finding the best order is NP-hard
(Yannakakis 1981). Three heuristics are run and the cheapest result is taken, for each connected
part of the mesh by itself: greedy minimum degree (Tinney and Walker 1967), nested dissection by
level sets with minimum degree inside its stages, and nested dissection by a graph partitioner. All
are exact counts on the full elimination graph, kept as a bit matrix: n^2 / 8 bytes. Counting stops
as soon as the limit is passed.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Bool, Int32, UInt64
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from sdn_mc.core.compiled import entry, kernel
from sdn_mc.core.simd import count_bits, lowest_bit
from sdn_mc.routing.elimination_dissection import dissect
from sdn_mc.routing.elimination_partitioner import partitioned

LEAF_SATS = (8, 20, 40, 80)  # a part of at most so many satellites is one stage
LARGEST_PART = 1 << 15  # 128 MB of bits
TOO_MANY = -1

_ONE = np.uint64(1)
_SIX = np.uint64(6)
_LOW_SIX = np.uint64(63)


class Graph(NamedTuple):
    """Each satellite's different neighbours: those of i are `far[start[i]]` to `start[i + 1]`."""

    start: Int32[np.ndarray, " boundary"]
    far: Int32[np.ndarray, " link"]


class Order(NamedTuple):
    """Satellites in the order of elimination, and what it costs."""

    sat: Int32[np.ndarray, " rank"]
    n_neighbour: Int32[np.ndarray, " rank"]  # when its turn comes
    n_relaxation: int  # between satellites, for all sources together, in one draw


def graph_of(
    neighbour: Int32[np.ndarray, "sat port"], linked: Bool[np.ndarray, "sat port"]
) -> Graph:
    """The graph of the slots that hold a link."""
    sat, port = np.nonzero(linked)
    n_sat = len(neighbour)
    matrix = csr_matrix((np.ones(len(sat), np.int8), (sat, neighbour[sat, port])), (n_sat, n_sat))
    matrix.sum_duplicates()
    return Graph(matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32))


def find_order(graph: Graph, most: int) -> Order | None:
    """The cheapest of the heuristics; None if it takes more than `most` relaxations."""
    n_sat = len(graph.start) - 1
    matrix = csr_matrix((np.ones(len(graph.far), np.int8), graph.far, graph.start), (n_sat, n_sat))
    n_part, part_of = connected_components(matrix, directed=False)
    by_part = np.argsort(part_of, kind="stable")
    boundary = np.searchsorted(part_of[by_part], np.arange(n_part + 1))
    sat, n_neighbour, n_relaxation = [], [], 0
    for i in range(n_part):
        members = by_part[boundary[i] : boundary[i + 1]]
        if len(members) == 1:
            sat.append(members)
            n_neighbour.append(np.zeros(1, np.int32))
            continue
        inside = matrix[members][:, members]
        part = Graph(inside.indptr.astype(np.int32), inside.indices.astype(np.int32))
        found = _order_part(part, most - n_relaxation)
        if found is None:
            return None
        sat.append(members[found.sat])
        n_neighbour.append(found.n_neighbour)
        n_relaxation += found.n_relaxation
    return Order(np.concatenate(sat).astype(np.int32), np.concatenate(n_neighbour), n_relaxation)


def _order_part(graph: Graph, most: int) -> Order | None:
    n_sat = len(graph.start) - 1
    if n_sat > LARGEST_PART:
        return None
    best, order = None, partitioned(graph.start, graph.far)
    if order is not None:
        best = _eliminate_all(graph, order, np.arange(n_sat + 1, dtype=np.int32), most)
        most = most if best is None else best.n_relaxation - 1
    for n_leaf in (*(leaf for leaf in LEAF_SATS if leaf < n_sat), n_sat):
        line, stage = dissect(graph.start, graph.far, n_leaf)
        found = _eliminate_all(graph, line, stage, most)
        if found is not None:
            best, most = found, found.n_relaxation - 1
    return best


def _eliminate_all(
    graph: Graph,
    line: Int32[np.ndarray, " sat"],
    stage: Int32[np.ndarray, " stageboundary"],
    most: int,
) -> Order | None:
    n_sat = len(line)
    bits: UInt64[np.ndarray, "sat flagword"] = np.zeros((n_sat, n_sat // 64 + 1), np.uint64)
    degree, n_neighbour = np.diff(graph.start).astype(np.int32), np.zeros(n_sat, np.int32)
    order = line.copy()
    n_relaxation = _eliminate(graph, stage, most, bits, degree, order, n_neighbour)
    return None if n_relaxation == TOO_MANY else Order(order, n_neighbour, int(n_relaxation))


@entry
@no_type_check
def _eliminate(graph, stage, most, bits, degree, order, n_neighbour):
    """Eliminate stage by stage, least neighbours first; the relaxations, or `TOO_MANY`."""
    for sat in range(len(order)):
        for link in range(graph.start[sat], graph.start[sat + 1]):
            other = np.uint64(graph.far[link])
            bits[sat, other >> _SIX] |= _ONE << (other & _LOW_SIX)
    n_relaxation = 0
    for at_stage in range(len(stage) - 1):
        after = stage[at_stage + 1]
        for rank in range(stage[at_stage], after):
            best = rank
            for i in range(rank + 1, after):
                if degree[order[i]] < degree[order[best]]:
                    best = i
            sat = order[best]
            order[best] = order[rank]
            order[rank] = sat
            d = np.int64(degree[sat])
            n_neighbour[rank] = d
            n_relaxation += d * (d - 1) // 2
            if n_relaxation > most:
                return TOO_MANY
            _join_neighbours(bits, degree, np.uint64(sat))
    return n_relaxation


@kernel
@no_type_check
def _join_neighbours(bits, degree, sat):
    """Take a satellite out of the graph; its neighbours become each other's."""
    for word in range(np.uint64(bits.shape[1])):
        left = bits[sat, word]
        while left != 0:
            bit = lowest_bit(left)
            left ^= _ONE << bit
            other = (word << _SIX) | bit
            n = 0
            for i in range(np.uint64(bits.shape[1])):
                bits[other, i] |= bits[sat, i]
            bits[other, sat >> _SIX] &= ~(_ONE << (sat & _LOW_SIX))
            bits[other, other >> _SIX] &= ~(_ONE << (other & _LOW_SIX))
            for i in range(np.uint64(bits.shape[1])):
                n += count_bits(bits[other, i])
            degree[other] = n
