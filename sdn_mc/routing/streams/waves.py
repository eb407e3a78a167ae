"""Which groups are done together, and where in the buffer each has its rows.

A group may be done once its children are. One at a time would cost two barriers for each, and most
groups are tiny; so from a window in postorder all that are ready are taken until there is enough
work for all warps: a *wave*, of two phases with a barrier after each. First every group of it
fetches its rows into the buffer, then each lowers the rows between its neighbours.

Where a group of four and its parent of four have the same neighbours, the child leaves all pairs
but the parent's own to the parent, which then does both with one load and store of each row.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Int32, Int64

from sdn_mc.core.compiled import entry, kernel
from sdn_mc.routing.streams.access_runs import Hung
from sdn_mc.routing.streams.layout import NOTHING, Layout

PAIRS = 8  # that a thread holds: rows times columns of an instruction
WINDOW = 64  # groups looked at for a wave
WIDEST = 4


class Geometry(NamedTuple):
    """How a block of threads works."""

    lanes: int  # draws: 8, 16 or 32; a warp of fewer works in 32 / lanes parts
    warps: int
    rows: int  # of the 8 pairs that an instruction lowers; 8 / rows columns
    tiles_per_wave: int

    @property
    def parts(self) -> int:
        """Parts of a warp, each with columns of its own."""
        return 32 // self.lanes

    @property
    def columns(self) -> int:
        """Columns of an instruction, in one part."""
        return PAIRS // self.rows


class Waves(NamedTuple):
    """When and where the groups are done. Members: upper neighbours, then sites, sources first."""

    n_member: Int32[np.ndarray, " group"]
    n_left: Int32[np.ndarray, " group"]  # members without those sites that are no sources
    defers_to: Int32[np.ndarray, " group"]  # the parent that does what is left
    host_of: Int32[np.ndarray, " group"]  # the child that it does that for
    wave: Int32[np.ndarray, " group"]
    group: Int32[np.ndarray, " group"]  # wave by wave
    start: Int64[np.ndarray, " waveboundary"]
    stride: Int32[np.ndarray, " group"]  # columns of the buffer
    offset: Int32[np.ndarray, " group"]  # rows of the buffer before its own
    n_buffer: int  # rows


class _Live(NamedTuple):
    """Stretches of the buffer in use, by where they begin; the wave they are needed to."""

    begin: Int32[np.ndarray, " live"]
    end: Int32[np.ndarray, " live"]
    wave: Int32[np.ndarray, " live"]


def waves_of(layout: Layout, hung: Hung, n_source: int, geometry: Geometry) -> Waves:
    """Waves of one run of times."""
    n_group = len(layout.first)
    empty = np.full((8, n_group), NOTHING, np.int32)
    waves = Waves(
        n_member=empty[0],
        n_left=empty[1],
        defers_to=empty[2],
        host_of=empty[3],
        wave=empty[4],
        group=empty[5],
        start=np.zeros(n_group + 1, np.int64),
        stride=empty[6],
        offset=empty[7],
        n_buffer=0,
    )
    _members(layout, hung, n_source, waves)
    n_wave = _fill_waves(layout, geometry, waves, np.zeros(n_group, np.int32))
    waves = waves._replace(start=waves.start[: n_wave + 1])
    live = _Live(*(np.empty(n_group, np.int32) for _ in range(3)))
    return waves._replace(n_buffer=_place_buffers(layout, geometry, waves, live))


@entry
@no_type_check
def _members(layout, hung, n_source, waves):
    """Counts, and which groups leave pairs to their parents."""
    for group in range(len(layout.first)):
        n_upper = layout.upper_start[group + 1] - layout.upper_start[group]
        waves.n_left[group] = n_upper
        for i in range(hung.start[group], hung.start[group + 1]):
            waves.n_left[group] += hung.site[i] < n_source
        waves.n_member[group] = n_upper + hung.start[group + 1] - hung.start[group]
    for group in range(len(layout.first)):
        parent = layout.parent[group]
        if parent != NOTHING and _same_members(layout, waves, group, parent):
            waves.defers_to[group] = parent
            waves.host_of[parent] = group


@kernel
@no_type_check
def _same_members(layout, waves, child, parent):
    """Are both of four, the parent free, and the child's members the parent and its members?"""
    if layout.width[child] < WIDEST or layout.width[parent] < WIDEST:
        return False
    if waves.host_of[child] != NOTHING or waves.host_of[parent] != NOTHING:
        return False
    if waves.n_member[child] != waves.n_member[parent] + WIDEST:
        return False
    own = layout.upper[layout.upper_start[child] : layout.upper_start[child + 1]]
    far = layout.upper[layout.upper_start[parent] : layout.upper_start[parent + 1]]
    if len(own) != len(far) + WIDEST:  # then the sites are the same too: the child's pass on
        return False
    for i in range(WIDEST):
        if own[i] != layout.first[parent] + i:
            return False
    for i in range(len(far)):  # noqa: SIM110
        if own[WIDEST + i] != far[i]:
            return False
    return True


@entry
@no_type_check
def _fill_waves(layout, geometry, waves, n_child):
    """From the first open group in postorder on, take those that are ready."""
    n_group = len(layout.first)
    for group in range(n_group):
        if layout.parent[group] != NOTHING:
            n_child[layout.parent[group]] += 1
    n_done = n_wave = first = 0
    while n_done < n_group:
        begin, n_tile, group = n_done, 0, first
        while group < min(n_group, first + WINDOW) and n_tile < geometry.tiles_per_wave:
            if waves.wave[group] == NOTHING and n_child[group] == 0:
                waves.wave[group] = n_wave
                waves.group[n_done] = group
                n_done += 1
                n_tile += _n_tile(layout, waves, geometry, group)
            group += 1
        for i in range(begin, n_done):
            parent = layout.parent[waves.group[i]]
            if parent != NOTHING:
                n_child[parent] -= 1
        n_wave += 1
        waves.start[n_wave] = n_done
        while first < n_group and waves.wave[first] != NOTHING:
            first += 1
    return n_wave


@kernel
@no_type_check
def _n_tile(layout, waves, geometry, group):
    """Instructions that lower all pairs of a group, nearly."""
    n_upper = layout.upper_start[group + 1] - layout.upper_start[group]
    rows, step, n = geometry.rows, PAIRS // geometry.rows * (32 // geometry.lanes), 0
    for row in range(0, waves.n_left[group], rows):
        first = first_column(row, n_upper, step)
        n += max(0, -(-(waves.n_member[group] - first) // step))
    return n


@kernel
@no_type_check
def first_column(row, n_upper, step):
    """Where the columns of an instruction on the rows from `row` on begin."""
    return (row + 1 if row < n_upper else n_upper) // step * step


@entry
@no_type_check
def _place_buffers(layout, geometry, waves, live):
    """Each group's rows at the first place that is free as long as they are needed."""
    rows, parts = geometry.rows, 32 // geometry.lanes
    step, n_live, n_buffer = PAIRS // rows * parts, 0, 0
    for i in range(len(waves.group)):
        group = waves.group[i]
        wave, child, parent = waves.wave[group], waves.host_of[group], waves.defers_to[group]
        if child != NOTHING:
            waves.stride[group] = waves.stride[child]
            waves.offset[group] = waves.offset[child]
            continue
        n = waves.n_member[group]
        stride = max(-(-n // step) * step, -(-n // rows) * rows + rows)
        waves.stride[group] = -(-stride // parts) * parts
        width = layout.width[group] if parent == NOTHING else 2 * WIDEST
        until = wave if parent == NOTHING else waves.wave[parent]
        n_live = _forget(live, n_live, wave)
        at = _place(live, n_live, width * waves.stride[group], until)
        n_live += 1
        waves.offset[group] = at
        n_buffer = max(n_buffer, at + width * waves.stride[group])
    return n_buffer


@kernel
@no_type_check
def _forget(live, n_live, wave):
    """Drop what no later wave needs; how many stay."""
    n = 0
    for i in range(n_live):
        if live.wave[i] >= wave:
            live.begin[n], live.end[n] = live.begin[i], live.end[i]
            live.wave[n] = live.wave[i]
            n += 1
    return n


@kernel
@no_type_check
def _place(live, n_live, size, wave):
    """Take the first gap of that size; where it begins."""
    at, place = 0, 0
    while place < n_live and live.begin[place] - at < size:
        at = max(at, live.end[place])
        place += 1
    for i in range(n_live, place, -1):
        live.begin[i], live.end[i] = live.begin[i - 1], live.end[i - 1]
        live.wave[i] = live.wave[i - 1]
    live.begin[place], live.end[place], live.wave[place] = at, at + size, wave
    return at
