"""The forward pass of `elimination`, compiled: from links to the latencies of the pairs.

Group by group: fetch the group's rows, add its own links, eliminate it inside, join each two upper
neighbours, hand its sites on to them, and join each pair of sites. Draws are lanes, and nothing
that is computed decides what is done next.

A group's rows stand in `group_rows`: between its satellites first, then satellite by satellite. For
the way back, and where sources are too many to be taken at once, they are all kept, each group's
after the other's.
"""

from typing import no_type_check

import numpy as np

from sdn_mc.core.compiled import inlined, kernel
from sdn_mc.core.network import NO_PATH_TICKS
from sdn_mc.core.simd import (
    add_rows,
    every_lane,
    least_sum,
    lesser,
    load_row,
    load_rows,
    store_row,
    where_bit,
)
from sdn_mc.routing.elimination_access import NOWHERE

_ZERO, _ONE, _TWO = np.uint64(0), np.uint64(1), np.uint64(2)


@kernel
@no_type_check
def forwards(stretch, slots, starts, keeps, scratch, best):
    """One word at one time, into the rows `best` of the pairs.

    `keeps` says which rows stay for the way back: the groups' (for other tiles too), the sites'.
    """
    width = stretch.program.width
    begin = (_ZERO, _ZERO, _ZERO, _ZERO)
    for group in range(np.uint64(len(width))):
        if width[group] == 1:
            sats = (0,)
            begin = _group(sats, stretch, slots, starts, keeps, scratch, best, group, begin)
        elif width[group] == 2:
            pair = (0, 0)
            begin = _group(pair, stretch, slots, starts, keeps, scratch, best, group, begin)
        else:
            four = (0, 0, 0, 0)
            begin = _group(four, stretch, slots, starts, keeps, scratch, best, group, begin)


@kernel
@no_type_check
def forwards_again(stretch, slots, starts, keeps, scratch, best):
    """The sites of a further tile, on the groups' rows that were kept."""
    program = stretch.program
    at_fetch, at_upper = _ZERO, _ZERO
    for group in range(np.uint64(len(program.width))):
        n_upper, n_sat = np.uint64(program.n_upper[group]), np.uint64(program.width[group])
        first_row = at_fetch + n_sat * (n_sat - _ONE) // _TWO
        where = group, at_fetch, first_row, n_upper, at_upper
        if n_sat == _ONE:
            _sites((0,), stretch, slots, starts, keeps, scratch, best, where)
        elif n_sat == _TWO:
            _sites((0, 0), stretch, slots, starts, keeps, scratch, best, where)
        else:
            _sites((0, 0, 0, 0), stretch, slots, starts, keeps, scratch, best, where)
        at_fetch, at_upper = first_row + n_sat * n_upper, at_upper + n_upper


@inlined
@no_type_check
def _group(sats, stretch, slots, starts, keeps, scratch, best, group, begin):
    """One group. `sats` is as long as the group is wide: its length is a constant.

    `begin` says where the group's entries begin in the program; returns it for the next group.
    """
    program = stretch.program
    at_fetch, at_target, at_upper, at_link = begin
    n_upper, n_link = np.uint64(program.n_upper[group]), np.uint64(program.n_link[group])
    n_sat = np.uint64(len(sats))
    n_inside = n_sat * (n_sat - _ONE) // _TWO
    n_fetch = n_inside + n_sat * n_upper
    between = at_fetch if keeps[0] else _ZERO
    first_row = between + n_inside
    rows = scratch.group_rows
    _fetch(program.fetch, scratch.pool, rows, at_fetch, n_fetch, between)
    for link in range(at_link, at_link + n_link):
        row, slot = between + np.uint64(program.link_at[link]), np.uint64(program.link_slot[link])
        _lower_by_link(rows, row, slots.link_ticks[slot], slots.link_up[slot])
    _eliminate_between(sats, rows, between)
    _eliminate_inside(sats, rows, between, rows, first_row, n_upper)
    _join_upper(sats, rows, first_row, n_upper, scratch.pool, program.target, at_target)
    where = group, between, first_row, n_upper, at_upper
    _sites(sats, stretch, slots, starts, keeps, scratch, best, where)
    n_target = n_upper * (n_upper - _ONE) // _TWO
    return at_fetch + n_fetch, at_target + n_target, at_upper + n_upper, at_link + n_link


@inlined
@no_type_check
def _sites(sats, stretch, slots, starts, keeps, scratch, best, where):
    """The sites that hang on a group: from their access links to its upper neighbours."""
    group, between, first_row, n_upper, at_upper = where
    program, rows = stretch.program, scratch.group_rows
    first, after = np.uint64(starts[0][group]), np.uint64(starts[0][group + _ONE])
    if first < after:
        site = stretch.hanging.site[first:after]
        step = np.uint64(scratch.site_step)
        own = np.uint64(program.first[group]) * step
        _add_access(stretch.hanging, slots, starts[1], group, scratch.site_rows)
        _eliminate_sites(sats, rows, between, scratch.site_rows, own, step, site)
        upper = program.upper[at_upper : at_upper + n_upper]
        _hand_on_sites(sats, rows, first_row, upper, scratch.site_rows, own, step, site)
        _join_pairs(sats, group, own, starts[2], scratch, best)
        if not keeps[1]:
            _leave_no_path(sats, scratch.site_rows, own, step, site)


@inlined
@no_type_check
def _lower_by_link(array, row, ticks, up):
    """Where the bit is set, a row is at most the link's delay."""
    before = load_row(array, row)
    store_row(array, row, where_bit(up, lesser(before, every_lane(ticks)), before))


@inlined
@no_type_check
def _fetch(fetch, pool, rows, at, n_row, base):
    """Move rows out of the pool, leaving "no path"."""
    none = every_lane(np.int32(NO_PATH_TICKS))
    for i in range(n_row):
        row = np.uint64(fetch[at + i])
        store_row(rows, base + i, load_row(pool, row))
        store_row(pool, row, none)


@inlined
@no_type_check
def _eliminate_between(sats, rows, between):
    """Lower the rows between a group's satellites by way of earlier ones."""
    n_sat = np.uint64(len(sats))
    for k in range(n_sat):
        for m in range(k + _ONE, n_sat):
            link = load_row(rows, between + inside(n_sat, k, m))
            for far in range(m + _ONE, n_sat):
                onwards = load_row(rows, between + inside(n_sat, k, far))
                lower(rows, between + inside(n_sat, m, far), add_rows(link, onwards))


@inlined
@no_type_check
def _eliminate_inside(sats, links, between, rows, first, n_row):
    """Lower the rows of each satellite of a group by way of earlier ones."""
    n_sat = np.uint64(len(sats))
    for k in range(n_sat):
        for m in range(k + _ONE, n_sat):
            link = load_row(links, between + inside(n_sat, k, m))
            for i in range(n_row):
                onwards = load_row(rows, first + k * n_row + i)
                lower(rows, first + m * n_row + i, add_rows(link, onwards))


@kernel
@no_type_check
def _join_upper(sats, rows, first, n_upper, pool, target, at):
    """Lower the row of each two upper neighbours, two by two."""
    i = _ZERO
    while i + _ONE < n_upper:
        left = load_rows(rows, first + i, n_upper, sats)
        right = load_rows(rows, first + i + _ONE, n_upper, sats)
        lower(pool, np.uint64(target[at]), least_sum(left, right))
        at += _ONE
        for j in range(i + _TWO, n_upper):
            other = load_rows(rows, first + j, n_upper, sats)
            lower(pool, np.uint64(target[at]), least_sum(left, other))
            lower(pool, np.uint64(target[at + _ONE]), least_sum(right, other))
            at += _TWO
        i += _TWO


@inlined
@no_type_check
def _add_access(hanging, slots, link_start, group, site_rows):
    """Access links that enter the group."""
    for link in range(np.uint64(link_start[group]), np.uint64(link_start[group + _ONE])):
        row, slot = np.uint64(hanging.link_row[link]), np.uint64(hanging.link_slot[link])
        _lower_by_link(site_rows, row, slots.access_ticks[slot], slots.access_up[slot])


@inlined
@no_type_check
def _eliminate_sites(sats, links, between, site_rows, own, step, site):
    """Lower the sites' rows at each satellite of a group by way of earlier ones."""
    n_sat = np.uint64(len(sats))
    for k in range(n_sat):
        for m in range(k + _ONE, n_sat):
            link = load_row(links, between + inside(n_sat, k, m))
            for i in range(np.uint64(len(site))):
                row = own + np.uint64(site[i])
                onwards = add_rows(link, load_row(site_rows, row + k * step))
                lower(site_rows, row + m * step, onwards)


@kernel
@no_type_check
def _hand_on_sites(sats, rows, first, upper, site_rows, own, step, site):
    """Lower each site's row at each upper neighbour, two neighbours at once."""
    n_upper, n_site = np.uint64(len(upper)), np.uint64(len(site))
    i = _ZERO
    while i < n_upper:
        left = load_rows(rows, first + i, n_upper, sats)
        left_row = np.uint64(upper[i]) * step
        if i + _ONE == n_upper:
            for j in range(n_site):
                other = load_rows(site_rows, own + np.uint64(site[j]), step, sats)
                lower(site_rows, left_row + np.uint64(site[j]), least_sum(left, other))
            return
        right = load_rows(rows, first + i + _ONE, n_upper, sats)
        right_row = np.uint64(upper[i + _ONE]) * step
        for j in range(n_site):
            other = load_rows(site_rows, own + np.uint64(site[j]), step, sats)
            lower(site_rows, left_row + np.uint64(site[j]), least_sum(left, other))
            lower(site_rows, right_row + np.uint64(site[j]), least_sum(right, other))
        i += _TWO


@inlined
@no_type_check
def _leave_no_path(sats, site_rows, own, step, site):
    """Make the rows of a group's sites ready for other words."""
    none = every_lane(np.int32(NO_PATH_TICKS))
    for i in range(np.uint64(len(site))):
        for k in range(np.uint64(len(sats))):
            store_row(site_rows, own + k * step + np.uint64(site[i]), none)


@kernel
@no_type_check
def list_meetings(stretch, at_time, scratch, tile, n):
    """Which pairs have both of their sites on one group, group by group: once for all words.

    `n` were listed before, in other tiles; returns how many are with those of this one.
    """
    start, meeting_start = stretch.hanging.start[at_time], scratch.meeting_start[tile]
    scratch.seen[:] = NOWHERE
    for group in range(len(start) - 1):
        meeting_start[group] = n
        site = stretch.hanging.site[start[group] : start[group + 1]]
        for i in range(len(site)):
            scratch.seen[site[i]] = group
        for i in range(len(site)):
            if site[i] >= stretch.n_source:
                break
            for pair in range(stretch.pair_start[site[i]], stretch.pair_start[site[i] + 1]):
                other = stretch.pair_used[pair]
                if scratch.seen[other] == group:
                    scratch.meeting[n, 0], scratch.meeting[n, 1] = site[i], other
                    scratch.meeting[n, 2] = stretch.pair_column[pair]
                    n += 1
    meeting_start[len(start) - 1] = n
    return n


@inlined
@no_type_check
def _join_pairs(sats, group, own, meeting_start, scratch, best):
    """Lower the row of each pair whose two sites hang on the group."""
    rows, step = scratch.site_rows, np.uint64(scratch.site_step)
    i, end = np.uint64(meeting_start[group]), np.uint64(meeting_start[group + _ONE])
    while i < end:
        source = scratch.meeting[i, 0]
        left = load_rows(rows, own + np.uint64(source), step, sats)
        while i < end and scratch.meeting[i, 0] == source:
            right = load_rows(rows, own + np.uint64(scratch.meeting[i, 1]), step, sats)
            lower(best, np.uint64(scratch.meeting[i, 2]), least_sum(left, right))
            i += _ONE


@inlined
@no_type_check
def lower(array, row, value):
    """A row becomes the lesser of itself and another."""
    store_row(array, row, lesser(load_row(array, row), value))


@inlined
@no_type_check
def inside(n_sat, k, m):
    """Place of the row between satellites k and m > k among those between a group's satellites."""
    return k * (_TWO * n_sat - k - _ONE) // _TWO + m - k - _ONE
