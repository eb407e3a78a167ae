"""Who does what, in which order: the streams that `cuda_elimination.cu` reads.

An instruction is a head of four words and, for each part of a warp, eight words of operands. Work
goes to the warp with the least of it, the largest pieces first. Instructions of one wave that lower
the same row (of neighbours or answers that groups share) go to one warp, so nothing is ever lowered
by two warps at once, and no atomic operation is needed.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Int32, Int64, UInt32

from sdn_mc.core.compiled import entry, kernel
from sdn_mc.routing.streams.access_runs import Hung
from sdn_mc.routing.streams.layout import NOTHING, Layout, inside_at
from sdn_mc.routing.streams.rows import Answers, Rows, row_between, site_row
from sdn_mc.routing.streams.waves import PAIRS, WIDEST, Geometry, Waves, first_column

# As in the kernel's source.
END, INSIDE_2, INSIDE_4, FETCH_1, FETCH_2, FETCH_4, JOIN_1, JOIN_2, JOIN_4, JOIN_8 = range(10)
TO_COLD, LINK = 4, 14
COLD, UNREAD, ABSENT = (np.uint32(1 << bit) for bit in (29, 30, 31))
BARRIER = 256  # in a head, next to the operation

FETCH_COST = 24  # against a load or store of shared memory, which is 1; measured in instructions
JOIN_COST = 16


class Stream(NamedTuple):
    """The instructions of one run of times, and what the kernel must know beside them."""

    program: UInt32[np.ndarray, "word four"]
    start: Int32[np.ndarray, " warp"]  # in rows of four words
    answer: UInt32[np.ndarray, " answer"]  # row addresses
    n_hot: int
    n_cold: int
    n_buffer: int
    n_relaxation: int  # of a draw
    n_barrier: int


class _Tape(NamedTuple):
    """Instructions as they are made, and the order in which warps take them."""

    head: UInt32[np.ndarray, "instruction four"]
    operand: UInt32[np.ndarray, "instruction part eight"]
    queue: Int32[np.ndarray, " queued"]
    warp: Int32[np.ndarray, " queued"]
    waiting: Int32[np.ndarray, " warp"]  # barriers before the warp's next instruction
    cost: Int64[np.ndarray, " warp"]  # of this phase
    n: Int64[np.ndarray, " two"]  # instructions, and queued ones


class _Pool(NamedTuple):
    """Addresses of rows, and those free: hot ones by the part that they suit."""

    address: Int32[np.ndarray, " row"]  # hot ones first; or nothing
    hot_free: Int32[np.ndarray, "part hot"]
    n_hot_free: Int64[np.ndarray, " part"]
    cold_free: Int32[np.ndarray, " cold"]
    n_cold: Int64[np.ndarray, " two"]  # free ones, and those ever used
    freed: Int32[np.ndarray, " row"]


class _Tiles(NamedTuple):
    """Instructions that join, of one wave: how they hang together."""

    cost: Int64[np.ndarray, " tile"]
    above: Int32[np.ndarray, " tile"]  # towards the first that it shares a row with
    together: Int64[np.ndarray, " tile"]  # cost of all that hang on a first one
    order: Int32[np.ndarray, " tile"]
    lowered_by: Int32[np.ndarray, " row"]  # last instruction of the wave, from the tape's beginning


def stream_of(
    layout: Layout, hung: Hung, answers: Answers, waves: Waves, rows: Rows, geometry: Geometry,
    no_link: int, first_access: int,
) -> Stream:  # fmt: skip
    """The streams of one run of times; links and access links as the kernel counts them."""
    parts, n_row = geometry.parts, len(rows.birth)
    n_instruction = int(_room(layout, hung, waves, geometry))
    tape = _Tape(
        head=np.zeros((n_instruction, 4), np.uint32),
        operand=np.zeros((n_instruction, parts, 8), np.uint32),
        queue=np.empty(n_instruction, np.int32),
        warp=np.empty(n_instruction, np.int32),
        waiting=np.zeros(geometry.warps, np.int32),
        cost=np.zeros(geometry.warps, np.int64),
        n=np.zeros(2, np.int64),
    )
    hot = np.arange(rows.n_hot, dtype=np.int32)[::-1]
    pool = _Pool(
        address=np.full(n_row, NOTHING, np.int32),
        hot_free=np.zeros((parts, rows.n_hot), np.int32),
        n_hot_free=np.zeros(parts, np.int64),
        cold_free=np.empty(n_row, np.int32),
        n_cold=np.zeros(2, np.int64),
        freed=np.empty(n_row, np.int32),
    )
    for part in range(parts):
        own = hot[hot % parts == part]
        pool.hot_free[part, : len(own)] = own
        pool.n_hot_free[part] = len(own)
    tiles = _Tiles(
        cost=np.empty(n_instruction, np.int64),
        above=np.empty(n_instruction, np.int32),
        together=np.empty(n_instruction, np.int64),
        order=np.empty(n_instruction, np.int32),
        lowered_by=np.full(n_row, NOTHING, np.int32),
    )
    order = np.empty(max(len(waves.group), geometry.warps), np.int32)
    links = np.int32(no_link), np.int32(first_access)
    n_relaxation = _write(
        layout, hung, answers.of_sites, waves, rows, geometry, links, tape, pool, tiles,
        order, np.empty(geometry.warps, np.int32),
    )  # fmt: skip
    program, start = _by_warp(tape, geometry)
    address = pool.address[n_row - answers.n_answer :]
    answer = np.full(answers.n_answer, UNREAD, np.uint32)
    cold = address >= rows.n_hot
    answer[address >= 0] = (address[address >= 0] * geometry.lanes).astype(np.uint32)
    answer[cold] = COLD | ((address[cold] - rows.n_hot) * geometry.lanes).astype(np.uint32)
    n_barrier = 2 * (len(waves.start) - 1)
    return Stream(
        program, start, answer, rows.n_hot, int(pool.n_cold[1]), waves.n_buffer,
        int(n_relaxation), n_barrier,
    )  # fmt: skip


def _by_warp(
    tape: _Tape, geometry: Geometry
) -> tuple[UInt32[np.ndarray, "word four"], Int32[np.ndarray, " warp"]]:
    """Each warp's stream after the other's, with a spare instruction at its end."""
    n, size = int(tape.n[1]), 1 + 2 * geometry.parts
    queue, warp = tape.queue[:n], tape.warp[:n]
    by_warp = np.argsort(warp, kind="stable")
    queue, warp = queue[by_warp], warp[by_warp]
    length = np.bincount(warp, minlength=geometry.warps) + 1
    start = np.concatenate([[0], np.cumsum(length)])
    program = np.zeros((start[-1], size, 4), np.uint32)
    place = np.arange(n) + warp
    program[place, 0] = tape.head[queue]
    program[place, 1:] = tape.operand[queue].reshape(n, size - 1, 4)
    return program.reshape(-1, 4), (start[:-1] * size).astype(np.int32)


@entry
@no_type_check
def _room(layout, hung, waves, geometry):
    """At least as many instructions as will be made."""
    parts, n = 32 // geometry.lanes, geometry.warps
    step = PAIRS // geometry.rows * parts
    for group in range(len(layout.first)):
        n_member = waves.n_member[group]
        n += 2 * (n_member + WIDEST + 1) + geometry.warps
        n += (waves.n_left[group] // geometry.rows + 1) * (n_member // step + 2)
    return n + len(layout.further) + len(hung.further)


@entry
@no_type_check
def _write(
    layout, hung, of_sites, waves, rows, geometry, links, tape, pool, tiles, order, warp_order
):
    """All instructions, wave by wave; returns the relaxations of a draw."""
    _add_links(layout, hung, rows, geometry, links, tape, pool)
    n_relaxation = 0
    for wave in range(len(waves.start) - 1):
        begin, end = waves.start[wave], waves.start[wave + 1]
        _by_size(waves, begin, end, order)
        n_freed = 0
        tape.cost[:] = 0
        for i in range(end - begin):
            group = order[i]
            n_freed = _fetch_group(
                layout, hung, waves, rows, geometry, links, tape, pool, warp_order, group, n_freed
            )
        _wait(tape)
        for i in range(n_freed):
            _give_back(pool, rows, pool.freed[i])
        first = tape.n[0]
        for i in range(begin, end):
            n_relaxation += _join_group(
                layout, hung, of_sites, waves, rows, geometry, tape, pool, tiles,
                waves.group[i], first,
            )  # fmt: skip
        _deal(tape, tiles, first)
        _wait(tape)
    for warp in range(geometry.warps):
        at = _new(tape)
        tape.head[at, 0] = END
        _queue(tape, at, warp)
    return n_relaxation


@kernel
@no_type_check
def _new(tape):
    """The next instruction of the tape."""
    at = tape.n[0]
    tape.n[0] += 1
    return at


@kernel
@no_type_check
def _queue(tape, at, warp):
    """Let a warp take an instruction after all it has so far, and after its barriers."""
    tape.head[at, 0] += np.uint32(tape.waiting[warp] * BARRIER)
    tape.waiting[warp] = 0
    tape.queue[tape.n[1]] = at
    tape.warp[tape.n[1]] = warp
    tape.n[1] += 1


@kernel
@no_type_check
def _wait(tape):
    """A barrier for all warps."""
    for warp in range(len(tape.waiting)):
        tape.waiting[warp] += 1


@kernel
@no_type_check
def _absent(tape, at, no_link):
    """Operands that name no row."""
    tape.operand[at, :, :4] = ABSENT | UNREAD
    tape.operand[at, :, 4:] = no_link


@kernel
@no_type_check
def _address(pool, rows, geometry, row):
    """Where a row is, as the kernel reads it."""
    address = NOTHING if row == NOTHING else pool.address[row]
    if address == NOTHING:
        return UNREAD
    if address < rows.n_hot:
        return np.uint32(address * geometry.lanes)
    return np.uint32(COLD | np.uint32((address - rows.n_hot) * geometry.lanes))


@kernel
@no_type_check
def _take(pool, rows, row, part):
    """Give a row a place; a hot one where the part's lanes meet no others, if there is one."""
    if rows.is_hot[row]:
        n_part = len(pool.n_hot_free)
        for i in range(n_part):
            own = (part + i) % n_part
            if pool.n_hot_free[own] > 0:
                pool.n_hot_free[own] -= 1
                pool.address[row] = pool.hot_free[own, pool.n_hot_free[own]]
                return
    if pool.n_cold[0] > 0:
        pool.n_cold[0] -= 1
        pool.address[row] = pool.cold_free[pool.n_cold[0]]
    else:
        pool.address[row] = rows.n_hot + pool.n_cold[1]
        pool.n_cold[1] += 1


@kernel
@no_type_check
def _give_back(pool, rows, row):
    """A row is dead: its place is free."""
    address = pool.address[row]
    pool.address[row] = NOTHING
    if address < rows.n_hot:
        part = address % len(pool.n_hot_free)
        pool.hot_free[part, pool.n_hot_free[part]] = address
        pool.n_hot_free[part] += 1
    else:
        pool.cold_free[pool.n_cold[0]] = address
        pool.n_cold[0] += 1


@kernel
@no_type_check
def _add_links(layout, hung, rows, geometry, links, tape, pool):
    """Links beside the first one between two nodes: the first warp writes them before all."""
    for i in range(len(layout.further)):
        _add_link(rows, geometry, links[0], tape, pool, layout.further[i, 0], layout.further[i, 1])
    for i in range(len(hung.further)):
        row, link = layout.n_row + hung.further[i, 0], links[1] + hung.further[i, 1]
        _add_link(rows, geometry, links[0], tape, pool, row, link)
    if len(layout.further) + len(hung.further) > 0:
        _wait(tape)


@kernel
@no_type_check
def _add_link(rows, geometry, no_link, tape, pool, row, link):
    at = _new(tape)
    tape.head[at, 0] = LINK
    _absent(tape, at, no_link)
    address = _address(pool, rows, geometry, row)
    if address == UNREAD:
        _take(pool, rows, row, 0)
        address = _address(pool, rows, geometry, row) | UNREAD
    tape.operand[at, 0, 0] = address
    tape.operand[at, 0, 4] = link
    _queue(tape, at, 0)


@kernel
@no_type_check
def _by_size(waves, begin, end, order):
    """Groups of a wave, most members first."""
    for i in range(end - begin):
        group, at = waves.group[begin + i], i
        while at > 0 and waves.n_member[order[at - 1]] < waves.n_member[group]:
            order[at] = order[at - 1]
            at -= 1
        order[at] = group


@kernel
@no_type_check
def _idlest_first(cost, warp_order):
    """Warps by what they have to do in this phase."""
    for warp in range(len(cost)):
        at = warp
        while at > 0 and cost[warp_order[at - 1]] > cost[warp]:
            warp_order[at] = warp_order[at - 1]
            at -= 1
        warp_order[at] = warp


@kernel
@no_type_check
def _fetch_group(
    layout, hung, waves, rows, geometry, links, tape, pool, warp_order, group, n_freed
):
    """A group's rows into the buffer, by as many warps as there are instructions."""
    width, parts = layout.width[group], 32 // geometry.lanes
    columns = WIDEST // width  # of an instruction, in one part
    n_member, stride, row_bytes = waves.n_member[group], waves.stride[group], geometry.lanes * 4
    shift, offset = 0, waves.offset[group]
    if waves.host_of[group] != NOTHING:
        shift = WIDEST  # after the columns of its own satellites among the child's members
        offset += WIDEST * stride
    n_fetch = -(-n_member // (columns * parts))
    n_warp = min(geometry.warps, n_fetch)
    _idlest_first(tape.cost, warp_order)
    for i in range(n_warp):
        warp = warp_order[i]
        if width > 1:
            _fetch_inside(layout, rows, geometry, links, tape, pool, group, warp)
        for n in range(i, n_fetch, n_warp):
            at = _new(tape)
            tape.head[at, 0] = FETCH_1 if width == 1 else (FETCH_2 if width == 2 else FETCH_4)
            tape.head[at, 2] = (offset + shift + n * columns * parts) * row_bytes
            tape.head[at, 3] = stride * row_bytes
            _absent(tape, at, links[0])
            for part in range(parts):
                for column in range(columns):
                    place = n * columns * parts + column * parts + part
                    for k in range(width if place < n_member else 0):
                        row, link = _fetched(layout, hung, links, group, k, place)
                        own = tape.operand[at, part]
                        own[column * width + k] = _address(pool, rows, geometry, row)
                        own[4 + column * width + k] = link
            _queue(tape, at, warp)
            tape.cost[warp] += FETCH_COST
    return _note_freed(layout, hung, pool, group, n_freed)


@kernel
@no_type_check
def _fetched(layout, hung, links, group, k, place):
    """The row between satellite k of a group and a member, or nothing, and the link there."""
    width = layout.width[group]
    n_upper = layout.upper_start[group + 1] - layout.upper_start[group]
    if place < n_upper:
        at = layout.fetch_start[group] + width * (width - 1) // 2 + k * n_upper + place
        link = layout.fetch_link[at]
        return layout.fetch_row[at], links[0] if link == NOTHING else link
    rank = layout.first[group] + k
    site = hung.site[hung.start[group] + place - n_upper]
    access = hung.access[rank, site]
    link = links[0] if access == NOTHING else np.int32(links[1] + access)
    return np.int32(site_row(layout, hung, rank, site)), link


@kernel
@no_type_check
def _fetch_inside(layout, rows, geometry, links, tape, pool, group, warp):
    """The rows between a group's satellites, into a warp's registers."""
    width, at = layout.width[group], _new(tape)
    tape.head[at, 0] = INSIDE_2 if width == 2 else INSIDE_4
    own = tape.operand[at, 0]
    own[:] = np.uint32(0)
    for k in range(width):
        for m in range(k + 1, width):
            n = inside_at(width, k, m)
            place = layout.fetch_start[group] + n
            address = _address(pool, rows, geometry, layout.fetch_row[place])
            link = layout.fetch_link[place]
            link = np.uint32(links[0] if link == NOTHING else link)
            if n < 3:
                tape.head[at, 1 + n] = address
            else:
                own[n - 3] = address
            own[3 + n // 2] |= np.uint32(link << np.uint32(16 * (n % 2)))
    for part in range(1, tape.operand.shape[1]):
        for i in range(PAIRS):
            tape.operand[at, part, i] = own[i]
    _queue(tape, at, warp)
    tape.cost[warp] += FETCH_COST


@kernel
@no_type_check
def _note_freed(layout, hung, pool, group, n_freed):
    """The rows that a group fetched are free once the wave has fetched all."""
    for at in range(layout.fetch_start[group], layout.fetch_start[group + 1]):
        row = layout.fetch_row[at]
        if row != NOTHING and pool.address[row] != NOTHING:
            pool.freed[n_freed] = row
            n_freed += 1
    for k in range(layout.width[group]):
        for i in range(hung.start[group], hung.start[group + 1]):
            row = site_row(layout, hung, layout.first[group] + k, hung.site[i])
            if pool.address[row] != NOTHING:
                pool.freed[n_freed] = row
                n_freed += 1
    return n_freed


@kernel
@no_type_check
def _join_group(layout, hung, of_sites, waves, rows, geometry, tape, pool, tiles, group, first):
    """Instructions that lower the pairs of a group, or of its child and itself; relaxations."""
    width, first_row = layout.width[group], 0
    if waves.host_of[group] != NOTHING:
        group, width, first_row = waves.host_of[group], 2 * WIDEST, WIDEST
    n_row = waves.n_left[group]
    if width == WIDEST and waves.defers_to[group] != NOTHING:
        n_row = WIDEST
    n_upper = layout.upper_start[group + 1] - layout.upper_start[group]
    step = PAIRS // geometry.rows * (32 // geometry.lanes)
    stride, offset = waves.stride[group], waves.offset[group]
    row_bytes, n = geometry.lanes * 4, 0
    for row in range(first_row, n_row, geometry.rows):
        for column in range(first_column(row, n_upper, step), waves.n_member[group], step):
            at = tape.n[0]
            n_pair, to_cold = _fill_tile(
                layout, hung, of_sites, waves, rows, geometry, tape, pool, tiles,
                group, min(n_row, row + geometry.rows), row, column, first,
            )  # fmt: skip
            if n_pair == 0:
                continue
            operation = JOIN_1 if width == 1 else (JOIN_2 if width == 2 else JOIN_4)
            operation = JOIN_8 if width > WIDEST else operation
            tape.n[0] += 1
            tape.head[at, 0] = operation + (TO_COLD if to_cold else 0)
            tape.head[at, 1] = (offset + row) * row_bytes
            tape.head[at, 2] = (offset + column) * row_bytes
            tape.head[at, 3] = stride * row_bytes
            loads = geometry.rows + PAIRS // geometry.rows
            tiles.cost[at - first] = loads * width + JOIN_COST
            n += n_pair * width
    return n


@kernel
@no_type_check
def _fill_tile(
    layout, hung, of_sites, waves, rows, geometry, tape, pool, tiles, group, end_row, row, column,
    first,
):  # fmt: skip
    """Targets of one instruction; how many there are, and whether one is cold."""
    at, parts, columns = tape.n[0], 32 // geometry.lanes, PAIRS // geometry.rows
    tile, n_pair, to_cold = at - first, 0, False
    tape.operand[at, :, :] = ABSENT | UNREAD
    tiles.above[tile] = tile
    n_upper = layout.upper_start[group + 1] - layout.upper_start[group]
    for a in range(row, end_row):
        for c in range(columns):
            for part in range(parts):
                b = column + c * parts + part
                if b >= waves.n_member[group] or b < a + (a < n_upper):
                    continue
                target = row_between(layout, hung, of_sites, group, a, b)
                if target == NOTHING:
                    continue
                unread = np.uint32(0)
                if pool.address[target] == NOTHING:
                    _take(pool, rows, target, b % parts)
                    unread = UNREAD
                address = _address(pool, rows, geometry, target)
                tape.operand[at, part, (a - row) * columns + c] = address | unread
                to_cold |= pool.address[target] >= rows.n_hot
                n_pair += 1
                _tie(tiles, tile, target, at, first)
    return n_pair, to_cold


@kernel
@no_type_check
def _tie(tiles, tile, target, at, first):
    """Instructions of a wave that lower one row belong together."""
    before = tiles.lowered_by[target]
    tiles.lowered_by[target] = at
    if before >= first:
        one, other = _top(tiles.above, before - first), _top(tiles.above, tile)
        tiles.above[max(one, other)] = min(one, other)


@kernel
@no_type_check
def _top(above, tile):
    while above[tile] != tile:
        above[tile] = above[above[tile]]
        tile = above[tile]
    return tile


@kernel
@no_type_check
def _deal(tape, tiles, first):
    """Instructions that belong together to one warp each, the most work first."""
    n, n_top = tape.n[0] - first, 0
    tiles.together[:n] = 0
    for tile in range(n):
        tiles.together[_top(tiles.above, tile)] += tiles.cost[tile]
    for tile in range(n):
        if tiles.above[tile] == tile:
            at = n_top
            while at > 0 and tiles.together[tiles.order[at - 1]] < tiles.together[tile]:
                tiles.order[at] = tiles.order[at - 1]
                at -= 1
            tiles.order[at] = tile
            n_top += 1
    tape.cost[:] = 0
    for i in range(n_top):
        warp = np.argmin(tape.cost)
        tape.cost[warp] += tiles.together[tiles.order[i]]
        tiles.together[tiles.order[i]] = -1 - warp  # from here on: whose it is
    for tile in range(n):
        _queue(tape, first + tile, -1 - tiles.together[_top(tiles.above, tile)])
