"""The way back of `elimination`, compiled: from every source to every satellite, only for walks.

From the root of the elimination down, the distance to a satellite is the least of its own row and,
over its upper neighbours, of their distance plus the row between: a triangular solve in the
min-plus algebra. It needs the rows that the forward pass keeps.
"""

from typing import no_type_check

import numpy as np

from sdn_mc.core.compiled import inlined, kernel
from sdn_mc.core.network import NO_PATH_TICKS
from sdn_mc.core.simd import (
    add_rows,
    every_lane,
    load_grid,
    load_row,
    load_rows,
    lower_each,
    store_grid,
    store_row,
)
from sdn_mc.routing.elimination_forwards import inside, lower

_ZERO, _ONE, _TWO = np.uint64(0), np.uint64(1), np.uint64(2)


@kernel
@no_type_check
def back(stretch, start, scratch):
    """Distances from every source to every satellite, from the root down."""
    program = stretch.program
    width = program.width
    end = np.uint64(len(program.fetch)), np.uint64(len(program.upper))
    n_group = np.uint64(len(width))
    for i in range(n_group):
        group = n_group - _ONE - i
        site = stretch.hanging.site[np.uint64(start[group]) : np.uint64(start[group + _ONE])]
        rank, n_sat = np.uint64(program.first[group]), np.uint64(width[group])
        _take_sites(site, stretch.n_source, scratch, rank, n_sat)
        if width[group] == 1:
            end = _pull_back((0,), (0, 0, 0, 0), program, scratch, group, end)
        elif width[group] == 2:
            end = _pull_back((0, 0), (0, 0, 0, 0), program, scratch, group, end)
        else:
            end = _pull_back((0, 0, 0, 0), (0, 0), program, scratch, group, end)


@inlined
@no_type_check
def _take_sites(site, n_source, scratch, rank, n_sat):
    """Begin with the sources' own rows, and leave "no path" behind."""
    none = every_lane(np.int32(NO_PATH_TICKS))
    step = np.uint64(scratch.distance_step)
    for row in range(rank * step, (rank + n_sat) * step):
        store_row(scratch.distance, row, none)
    for i in range(np.uint64(len(site))):
        for k in range(n_sat):
            row = (rank + k) * np.uint64(scratch.site_step) + np.uint64(site[i])
            if site[i] < n_source:
                own = load_row(scratch.site_rows, row)
                store_row(scratch.distance, (rank + k) * step + np.uint64(site[i]), own)
            store_row(scratch.site_rows, row, none)


@inlined
@no_type_check
def _pull_back(sats, sources, program, scratch, group, end):
    """Lower the distances to a group's satellites, as many sources at once as `sources` is long.

    `end` says where the group's entries end in the program; returns where they begin.
    """
    rows, distance, step = scratch.group_rows, scratch.distance, np.uint64(scratch.distance_step)
    n_upper, rank = np.uint64(program.n_upper[group]), np.uint64(program.first[group])
    n_sat = np.uint64(len(sats))
    first, at_upper = end[0] - n_sat * n_upper, end[1] - n_upper
    between = first - n_sat * (n_sat - _ONE) // _TWO
    upper = program.upper[at_upper : end[1]]
    source, n_source = _ZERO, np.uint64(len(sources))
    while source + n_source <= step:
        _pull_tile(sats, sources, rows, first, upper, distance, rank, step, source)
        source += n_source
    if source < step:
        _pull_tile(sats, (0, 0), rows, first, upper, distance, rank, step, source)
    for j in range(_ONE, n_sat):
        k = n_sat - _ONE - j
        for m in range(k + _ONE, n_sat):
            link = load_row(rows, between + inside(n_sat, k, m))
            for i in range(step):
                onwards = load_row(distance, (rank + m) * step + i)
                lower(distance, (rank + k) * step + i, add_rows(link, onwards))
    return between, at_upper


@inlined
@no_type_check
def _pull_tile(sats, sources, rows, first, upper, distance, rank, step, source):
    """A group's satellites and a few sources, by way of all upper neighbours."""
    n_upper, own = np.uint64(len(upper)), rank * step + source
    best = load_grid(distance, own, step, sats, sources)
    for i in range(n_upper):
        links = load_rows(rows, first + i, n_upper, sats)
        onwards = load_rows(distance, np.uint64(upper[i]) * step + source, _ONE, sources)
        best = lower_each(best, links, onwards)
    store_grid(distance, own, step, sats, sources, best)
