"""What every group of a topology fetches and lowers, without its sites; and names for all rows.

A *row* holds, in every draw, the least latency found so far between two nodes. Rows have numbers:
first those between satellites (the edges of the elimination tree), then those between a satellite
and a site that hangs on it (rank * used sites + site), then those between two sites, which are the
answers.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Int32, Int64

from sdn_mc.core.compiled import entry, inlined
from sdn_mc.routing.elimination_program import Program
from sdn_mc.routing.elimination_tree import Tree

NOTHING = -1


class Layout(NamedTuple):
    """Of a topology. Upper neighbours of a group are places 0, 1, …; its satellites k = 0, 1, …"""

    first: Int32[np.ndarray, " group"]  # rank
    width: Int32[np.ndarray, " group"]
    parent: Int32[np.ndarray, " group"]
    upper_start: Int64[np.ndarray, " groupboundary"]
    upper: Int32[np.ndarray, " upper"]  # rank
    fetch_start: Int64[np.ndarray, " groupboundary"]
    fetch_row: Int32[np.ndarray, " fetch"]  # between two of the group, then k by k over the upper
    fetch_link: Int32[np.ndarray, " fetch"]  # index into the topology's links
    pair_start: Int64[np.ndarray, " groupboundary"]
    pair_row: Int32[np.ndarray, " pair"]  # of each two upper neighbours, by the first
    further: Int32[np.ndarray, "further two"]  # row and link: more links between two satellites
    n_row: int  # between satellites
    n_sat: int


def layout_of(tree: Tree, program: Program) -> Layout:
    """The groups of a program."""
    n_upper = program.n_upper.astype(np.int64)
    inside = program.width * (program.width - 1) // 2
    upper_start, fetch_start, pair_start = (
        np.concatenate([[0], np.cumsum(each, dtype=np.int64)])
        for each in (n_upper, inside + program.width * n_upper, n_upper * (n_upper - 1) // 2)
    )
    some = n_upper > 0
    parent = np.full(len(program.first), NOTHING, np.int32)
    parent[some] = program.group_of[program.upper[upper_start[:-1][some]]]
    layout = Layout(
        first=program.first,
        width=program.width,
        parent=parent,
        upper_start=upper_start,
        upper=program.upper,
        fetch_start=fetch_start,
        fetch_row=np.full(fetch_start[-1], NOTHING, np.int32),
        fetch_link=np.full(fetch_start[-1], NOTHING, np.int32),
        pair_start=pair_start,
        pair_row=np.empty(pair_start[-1], np.int32),
        further=np.empty((len(program.link_slot), 2), np.int32),
        n_row=len(tree.upper),
        n_sat=len(tree.sat),
    )
    place = np.empty(layout.n_sat, np.int32)
    _name_rows(layout, tree.start, tree.upper, place)
    n_further = _place_links(layout, program.n_link, program.link_at)
    return layout._replace(further=layout.further[:n_further])


@entry
@no_type_check
def _name_rows(layout, start, upper, place):
    """Rows that a group fetches, and rows between its upper neighbours."""
    for group in range(len(layout.first)):
        first, width = layout.first[group], layout.width[group]
        own = layout.upper[layout.upper_start[group] : layout.upper_start[group + 1]]
        fetch = layout.fetch_row[layout.fetch_start[group] : layout.fetch_start[group + 1]]
        for i in range(len(own)):
            place[own[i]] = i
        for k in range(width):
            for row in range(start[first + k], start[first + k + 1]):
                far = upper[row] - first
                at = inside_at(width, k, far)
                if far >= width:
                    at = width * (width - 1) // 2 + k * len(own) + place[upper[row]]
                fetch[at] = row
        at = layout.pair_start[group]
        for i in range(len(own)):
            row = start[own[i]]
            for j in range(i + 1, len(own)):
                while upper[row] != own[j]:
                    row += 1
                layout.pair_row[at] = row
                at += 1


@entry
@no_type_check
def _place_links(layout, n_link, link_at):
    """The first link of each row goes with its fetch; the number of further ones."""
    link = n_further = 0
    for group in range(len(n_link)):
        for _ in range(n_link[group]):
            at = layout.fetch_start[group] + link_at[link]
            if layout.fetch_link[at] == NOTHING:
                layout.fetch_link[at] = link
            else:
                layout.further[n_further, 0] = layout.fetch_row[at]
                layout.further[n_further, 1] = link
                n_further += 1
            link += 1
    return n_further


@inlined
@no_type_check
def inside_at(width, k, m):
    """Place of the row between satellites k and m > k of a group, among its fetches."""
    return k * (2 * width - k - 1) // 2 + m - k - 1


@inlined
@no_type_check
def pair_at(n, i, j):
    """Place of the pair (i, j > i) of n, by the first."""
    return i * (2 * n - i - 1) // 2 + j - i - 1
