"""The compiled entry of `elimination`: forwards, and for walks the way back and the walks."""

from typing import no_type_check

import numpy as np

from sdn_mc.core.compiled import entry, kernel
from sdn_mc.core.network import NO_PATH_TICKS
from sdn_mc.core.simd import every_lane, store_row
from sdn_mc.routing.elimination_access import Hanging
from sdn_mc.routing.elimination_back import back
from sdn_mc.routing.elimination_forwards import forwards, forwards_again, list_meetings
from sdn_mc.routing.elimination_types import Slots, Stretch
from sdn_mc.routing.walk_kernel import Distances, forget, mesh_at, tell, walk_pair


@entry
@no_type_check
def solve_stretch(stretch, draws, tasks, scratch, answer):
    """All words of a block at the times of a stretch."""
    n_tile, n_word = len(stretch.tile_source) - 1, draws.link_up.shape[1]
    for i in range(stretch.n_time):
        n_meeting = 0
        for tile in range(n_tile):
            n_meeting = list_meetings(_tile_of(stretch, tile), i, scratch, tile, n_meeting)
        for word in range(n_word):
            _solve_word(stretch, draws, tasks, scratch, answer, i, word)


@kernel
@no_type_check
def _solve_word(stretch, draws, tasks, scratch, answer, i, word):
    """One word at one time of a stretch: the first tile with the satellites, the others after."""
    time, n_tile = stretch.first_time + i, len(stretch.tile_source) - 1
    slots = Slots(
        stretch.link_ticks[time].reshape(-1),
        draws.link_up[time, word].reshape(-1),
        stretch.access_ticks[time].reshape(-1),
        draws.access_up[time, word].reshape(-1),
    )
    none = every_lane(np.int32(NO_PATH_TICKS))
    for column in range(len(stretch.pair_column)):
        store_row(answer.ticks, column, none)
    for k in range(n_tile):
        tile = _tile_of(stretch, k)
        starts = tile.hanging.start[i], tile.hanging.link_start[i], scratch.meeting_start[k]
        keeps = tasks.walk or n_tile > 1, tasks.walk
        if k == 0:
            forwards(tile, slots, starts, keeps, scratch, answer.ticks)
        else:
            forwards_again(tile, slots, starts, keeps, scratch, answer.ticks)
        if tasks.walk:
            back(tile, starts[0], scratch)
            _walk(tile, draws, tasks.check, scratch, answer, (time, word))
    for column in range(len(stretch.pair_column)):
        tell(answer, time, word, column)


@kernel
@no_type_check
def _tile_of(stretch, tile):
    """The same stretch with the sources of one tile only."""
    first_row, end_row = tile * stretch.n_time, (tile + 1) * stretch.n_time
    first, end = stretch.tile_source[tile], stretch.tile_source[tile + 1]
    hanging = Hanging(
        stretch.hanging.start[first_row:end_row],
        stretch.hanging.site,
        stretch.hanging.link_start[first_row:end_row],
        stretch.hanging.link_row,
        stretch.hanging.link_slot,
    )
    return Stretch(
        stretch.program, hanging, stretch.first_time, stretch.n_time, stretch.n_meeting,
        np.int64(end - first), stretch.tile_source, stretch.tile_used,
        stretch.used[stretch.tile_used[tile] : stretch.tile_used[tile + 1]],
        stretch.pair_start[first : end + 1], stretch.pair_column, stretch.pair_used,
        stretch.neighbour, stretch.link_ticks, stretch.access_sat, stretch.access_ticks,
    )  # fmt: skip


@kernel
@no_type_check
def _walk(stretch, draws, check, scratch, answer, at):
    """Hops and delivery of every pair."""
    for source in range(stretch.n_source):
        distances = Distances(scratch.distance, stretch.program.rank, scratch.distance_step, source)
        forget(scratch.way)
        mesh = mesh_at(stretch, draws, at[0], at[1], stretch.used[source])
        for pair in range(stretch.pair_start[source], stretch.pair_start[source + 1]):
            walk_pair(
                stretch, draws, check, mesh, distances, scratch.way, answer, at,
                stretch.pair_column[pair], stretch.used[stretch.pair_used[pair]],
            )  # fmt: skip
