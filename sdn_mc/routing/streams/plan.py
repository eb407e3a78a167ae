"""The streams of an epoch, and everything else that the kernel reads beside the masks."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, UInt32

from sdn_mc.core.network import NO_PATH_TICKS, Network, to_ticks
from sdn_mc.routing.elimination_order import find_order, graph_of
from sdn_mc.routing.elimination_program import Program, program_of
from sdn_mc.routing.elimination_tree import Tree, tree_of
from sdn_mc.routing.streams.access_runs import Hung, access_runs
from sdn_mc.routing.streams.instructions import Stream, stream_of
from sdn_mc.routing.streams.layout import NOTHING, Layout, layout_of
from sdn_mc.routing.streams.rows import Answers, rows_of
from sdn_mc.routing.streams.waves import Geometry, Waves, waves_of
from sdn_mc.routing.topologies import stretches_of, used_sites
from sdn_mc.routing.walk import link_ticks

LINK_BYTES = 8  # ticks and mask word of a link in shared memory
ALIGNMENT = 128  # bytes: a row of 32 draws, so no row shares a line of banks with another
MOST_LINKS = 1 << 16  # that an instruction can name
MOST_BYTES = 4 << 30  # of all streams of an epoch


class Streams(NamedTuple):
    """All runs of times of an epoch; a run's arrays are those of its number."""

    program: UInt32[np.ndarray, "word four"]
    start: Int32[np.ndarray, "run warp"]
    answer: UInt32[np.ndarray, "run pair"]
    run_of_time: Int32[np.ndarray, " time"]
    link_slot: Int32[np.ndarray, "run link"]  # sat * n_port + port, or nothing
    access_slot: Int32[np.ndarray, "time access"]  # site * n_candidate + candidate, or nothing
    link_ticks: Int32[np.ndarray, "time slot"]
    access_ticks: Int32[np.ndarray, "time siteslot"]
    geometry: Geometry
    n_hot: int  # rows of shared memory that outlast a wave
    n_buffer: int  # rows of shared memory for the groups at work
    n_cold: int  # rows in global memory
    n_relaxation: int  # of a draw, mean over times, for all sources together


class _Run(NamedTuple):
    """One run of times, half made."""

    program: Program
    layout: Layout
    hung: Hung
    waves: Waves


def staged_bytes(n_link: int) -> int:
    """Shared memory for links and access links and one that is none."""
    return -(-(n_link + 1) * LINK_BYTES // ALIGNMENT) * ALIGNMENT


def shared_bytes(streams: Streams) -> int:
    """Shared memory of a block of threads."""
    n_link = streams.link_slot.shape[1] + streams.access_slot.shape[1]
    rows = streams.n_hot + streams.n_buffer
    return staged_bytes(n_link) + rows * streams.geometry.lanes * 4


def streams_of(
    network: Network, geometry: Geometry, shared: int, most_relaxations: int
) -> Streams | None:
    """The streams of an epoch; None if the mesh is not for elimination on such a device.

    That is if it takes more than `most_relaxations`, if its links do not fit into `shared` bytes
    beside the rows of one wave, or if its streams take too much memory.
    """
    used = used_sites(network)
    runs = _runs(network, used, geometry, most_relaxations)
    if runs is None:
        return None
    n_link = max(len(run.program.link_slot) for run in runs)
    n_access = max(run.hung.slot.shape[1] for run in runs)
    n_buffer = max(run.waves.n_buffer for run in runs)
    free = shared - staged_bytes(n_link + n_access)
    most_hot = free // (geometry.lanes * 4) - n_buffer
    if most_hot < 0 or n_link + n_access >= MOST_LINKS:
        return None
    answers, answer_of_pair = _answers(network, used)
    made: list[Stream] = []
    for run in runs:
        rows = rows_of(run.layout, run.hung, answers, run.waves, most_hot)
        made.append(
            stream_of(
                run.layout, run.hung, answers, run.waves, rows, geometry, n_link + n_access, n_link
            )
        )
        if made[0].program.nbytes * len(runs) > MOST_BYTES:
            return None
    return _joined(network, runs, made, answer_of_pair, (n_link, n_access), geometry)


def _runs(
    network: Network, used: Int32[np.ndarray, " usedsite"], geometry: Geometry, most: int
) -> list[_Run] | None:
    """All runs of times, of one topology after the other."""
    runs = []
    access_ticks = to_ticks(network.access_delay_s)
    for first, end, here, linked in stretches_of(network):
        graph = graph_of(here, linked)
        order = find_order(graph, most)
        if order is None:
            return None
        tree: Tree = tree_of(graph, order)
        program = program_of(tree, here, linked)
        layout = layout_of(tree, program)
        for hung in access_runs(program, used, network.access_sat, access_ticks, first, end):
            waves = waves_of(layout, hung, len(network.source), geometry)
            runs.append(_Run(program, layout, hung, waves))
    return runs


def _answers(
    network: Network, used: Int32[np.ndarray, " usedsite"]
) -> tuple[Answers, Int32[np.ndarray, " pair"]]:
    """Pairs of used sites that are asked for, whichever is the source; the answer of each pair."""
    place = np.zeros(network.access_sat.shape[1], np.int32)
    place[used] = np.arange(len(used))
    ends = np.stack([network.pair_source, place[network.pair_site]], axis=1)
    low, high = ends.min(axis=1), ends.max(axis=1)
    key, of_pair = np.unique(low.astype(np.int64) * len(used) + high, return_inverse=True)
    of_sites = np.full((len(used), len(used)), NOTHING, np.int32)
    one, other = np.divmod(key, len(used))
    of_sites[one, other] = of_sites[other, one] = np.arange(len(key))
    return Answers(of_sites, len(key)), of_pair.astype(np.int32)


def _joined(
    network: Network,
    runs: list[_Run],
    made: list[Stream],
    answer_of_pair: Int32[np.ndarray, " pair"],
    n_staged: tuple[int, int],
    geometry: Geometry,
) -> Streams:
    """One program after the other, and tables as wide as the widest."""
    n_time = len(network.delay_s)
    link_slot = np.full((len(runs), n_staged[0]), NOTHING, np.int32)
    access_slot = np.full((n_time, n_staged[1]), NOTHING, np.int32)
    run_of_time = np.empty(n_time, np.int32)
    n_relaxation = 0
    for k, (run, stream) in enumerate(zip(runs, made, strict=True)):
        first, end = run.hung.first_time, run.hung.end_time
        link_slot[k, : len(run.program.link_slot)] = run.program.link_slot
        access_slot[first:end, : run.hung.slot.shape[1]] = run.hung.slot
        run_of_time[first:end] = k
        n_relaxation += (end - first) * stream.n_relaxation
    begin = np.cumsum([0, *(len(stream.program) for stream in made)])
    start = [stream.start + first for stream, first in zip(made, begin, strict=False)]
    n_pair = len(answer_of_pair)
    answer = [stream.answer[answer_of_pair] for stream in made]
    return Streams(
        program=np.concatenate([stream.program for stream in made]),
        start=np.stack(start).astype(np.int32),
        answer=np.stack(answer).reshape(len(runs), n_pair),
        run_of_time=run_of_time,
        link_slot=link_slot,
        access_slot=access_slot,
        link_ticks=link_ticks(network).reshape(n_time, -1),
        access_ticks=np.minimum(to_ticks(network.access_delay_s), NO_PATH_TICKS).reshape(
            n_time, -1
        ),
        geometry=geometry,
        n_hot=max(stream.n_hot for stream in made),
        n_buffer=max(stream.n_buffer for stream in made),
        n_cold=max(stream.n_cold for stream in made),
        n_relaxation=n_relaxation // n_time,
    )
