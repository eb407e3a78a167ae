"""The compiled entry of `elimination`: forwards, and for walks the way back and the walks."""

from typing import no_type_check

import numpy as np

from sdn_mc.core.compiled import entry, kernel
from sdn_mc.core.network import NO_PATH_TICKS
from sdn_mc.core.simd import every_lane, store_row
from sdn_mc.routing.elimination_back import back
from sdn_mc.routing.elimination_forwards import forwards, list_meetings
from sdn_mc.routing.elimination_types import Slots
from sdn_mc.routing.walk_kernel import Distances, forget, mesh_at, tell, walk_pair


@entry
@no_type_check
def solve_stretch(stretch, draws, tasks, scratch, answer):
    """All words of a block at the times of a stretch."""
    n_time, n_word = stretch.hanging.start.shape[0], draws.link_up.shape[1]
    for i in range(n_time):
        time = stretch.first_time + i
        list_meetings(stretch, i, scratch)
        for word in range(n_word):
            slots = Slots(
                stretch.link_ticks[time].reshape(-1),
                draws.link_up[time, word].reshape(-1),
                stretch.access_ticks[time].reshape(-1),
                draws.access_up[time, word].reshape(-1),
            )
            none = every_lane(np.int32(NO_PATH_TICKS))
            for column in range(len(stretch.pair_column)):
                store_row(answer.ticks, column, none)
            starts = stretch.hanging.start[i], stretch.hanging.link_start[i]
            forwards(stretch, slots, starts, tasks.walk, scratch, answer.ticks)
            for column in range(len(stretch.pair_column)):
                tell(answer, time, word, column)
            if tasks.walk:
                back(stretch, starts[0], scratch)
                _walk(stretch, draws, tasks.check, scratch, answer, (time, word))


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
