"""What elimination leaves at each satellite: its upper neighbours, by rank (symbolic step).

The upper neighbours of a satellite are those it has left when its turn comes: its own links to
later ones, and what its children in the elimination tree hand on (Liu 1990; the parent is the first
upper neighbour). Ranks are dealt out anew in postorder of that tree, larger children first, which
changes no count, makes chains of satellites with the same upper neighbours consecutive, and keeps
few rows alive at once.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Int32

from sdn_mc.core.compiled import entry, kernel
from sdn_mc.routing.elimination_order import Graph, Order

NOBODY = -1


class Tree(NamedTuple):
    """Satellites by rank, and the ranks of their upper neighbours, ascending."""

    sat: Int32[np.ndarray, " rank"]
    rank: Int32[np.ndarray, " sat"]
    start: Int32[np.ndarray, " boundary"]
    upper: Int32[np.ndarray, " edge"]


def tree_of(graph: Graph, order: Order) -> Tree:
    """Postorder, and upper neighbours."""
    n_sat = len(order.sat)
    rank, parent, scratch = (np.empty(n_sat, np.int32) for _ in range(3))
    rank[order.sat] = np.arange(n_sat, dtype=np.int32)
    _find_parents(graph, order.sat, rank, parent, scratch)
    again = np.empty(n_sat, np.int32)
    by_size = np.argsort(order.n_neighbour, kind="stable").astype(np.int32)
    _postorder(parent, by_size, again, *(np.empty(n_sat, np.int32) for _ in range(3)))
    sat = order.sat[again]
    rank[sat] = np.arange(n_sat, dtype=np.int32)
    start = np.zeros(n_sat + 1, np.int32)
    start[1:] = np.cumsum(order.n_neighbour[again])
    upper = np.empty(start[-1], np.int32)
    first, following = np.full(n_sat, NOBODY, np.int32), np.empty(n_sat, np.int32)
    seen = np.full(n_sat, NOBODY, np.int32)
    _fill_upper(graph, sat, rank, start, upper, first, following, seen)
    return Tree(sat, rank, start, upper)


@entry
@no_type_check
def _find_parents(graph, sat, rank, parent, ancestor):
    """Liu's algorithm: the parent in the elimination tree, in ranks."""
    for i in range(len(sat)):
        parent[i] = ancestor[i] = NOBODY
        for link in range(graph.start[sat[i]], graph.start[sat[i] + 1]):
            j = rank[graph.far[link]]
            while j < i and j != NOBODY:
                above = ancestor[j]
                ancestor[j] = i
                if above == NOBODY:
                    parent[j] = i
                j = i if above == NOBODY else above


@entry
@no_type_check
def _postorder(parent, by_size, again, first, following, waiting):
    """Old ranks in postorder; of two children the one with more upper neighbours comes first."""
    first[:] = NOBODY
    n_waiting = n_done = 0
    for i in range(len(parent)):  # ends with the largest in front
        node = by_size[i]
        if parent[node] == NOBODY:
            waiting[n_waiting] = node
            n_waiting += 1
        else:
            following[node] = first[parent[node]]
            first[parent[node]] = node
    while n_waiting > 0:
        node = waiting[n_waiting - 1]
        child = first[node]
        if child == NOBODY:
            again[n_done] = node
            n_done += 1
            n_waiting -= 1
        else:
            first[node] = following[child]
            waiting[n_waiting] = child
            n_waiting += 1


@entry
@no_type_check
def _fill_upper(graph, sat, rank, start, upper, first, following, seen):
    """Upper neighbours of every rank: own links, and what the children hand on."""
    for i in range(len(sat)):
        n = start[i]
        seen[i] = i
        for link in range(graph.start[sat[i]], graph.start[sat[i] + 1]):
            j = rank[graph.far[link]]
            if j > i and seen[j] != i:
                seen[j] = i
                upper[n] = j
                n += 1
        child = first[i]
        while child != NOBODY:
            for at in range(start[child], start[child + 1]):
                j = upper[at]
                if j > i and seen[j] != i:
                    seen[j] = i
                    upper[n] = j
                    n += 1
            child = following[child]
        _sort(upper, start[i], n)
        if n > start[i]:
            parent = upper[start[i]]
            following[i] = first[parent]
            first[parent] = i


@kernel
@no_type_check
def _sort(values, first, after):
    """Insertion sort: short runs, mostly in order."""
    for i in range(first + 1, after):
        value, at = values[i], i
        while at > first and values[at - 1] > value:
            values[at] = values[at - 1]
            at -= 1
        values[at] = value
