"""Vertex elimination: one fixed program for all draws, with no loop that waits for convergence.

Model: satellites are taken out of the mesh one by one; before one goes, each two of its remaining
neighbours i and j are joined by a link of length min(own link, way over the satellite), so that the
distances among those that remain stay what they were (Carré 1971: Gaussian elimination in the
min-plus algebra). Sites are never taken out; when all satellites are gone, a source and a
destination are joined by the least latency between them. The order is fixed by the topology, so the
steps are the same in every draw: a link that is down is a link of length "no path", draws are SIMD
lanes, and the cost does not depend on the failures. All sources share the satellites' part.

Where hops or delivery are asked for, a pass back through the same steps gives the distance of every
satellite from every source (as in a triangular solve), and the walk follows them.

Latencies are int32 ticks of 2 ns. Every sum is that of a path, and the least of whole numbers does
not depend on the order, so the bits are those of every other int32 solver.

Assumptions: both slots of a link have the same delay and the same mask bits; a path of 1.07 s or
more counts as no path. The cost grows with the fill of the order: meshes with many links between
distant parts are for `pull_push`, and so are most walks where failures are few, since the way back
adds half as many relaxations again for each source.

Measured by `scripts/bench/kernel.py` (see the README): 144 and 107 times faster than scipy's
Dijkstra with 340 satellites in a star, at 5 % and 30 % failures, 90 and 55 times with 1,584. What
bounds it is one addition and one comparison a cycle for each register of lanes (half of the time)
and moving rows between the first two caches: rows of 64 lanes are no faster, nor is an order that
takes all leaves first. With hops it takes about twice as long. Preparing an epoch takes 4 ms, 6 ms
and 20 ms for 340, 480 and 1,584 satellites, and 0.2 s for 10,746 real ones.
"""

from typing import Any, NamedTuple

import equinox as eqx
import numpy as np
from jaxtyping import Int32

from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.fields import field
from sdn_mc.core.network import NO_PATH_TICKS, Masks, Network, Routes, to_ticks
from sdn_mc.core.problems import InputError
from sdn_mc.routing.block import aligned, draws_of, empty_answer, frozen, routes_of, tasks_of
from sdn_mc.routing.elimination_access import site_step_of
from sdn_mc.routing.elimination_kernel import solve_stretch
from sdn_mc.routing.elimination_order import find_order, graph_of
from sdn_mc.routing.elimination_program import program_of
from sdn_mc.routing.elimination_tiles import Tiles, hang_tiles, most_used, tiles_of
from sdn_mc.routing.elimination_tree import tree_of
from sdn_mc.routing.elimination_types import N_SOURCE_TILE, Scratch, Stretch
from sdn_mc.routing.topologies import stretches_of
from sdn_mc.routing.walk import link_ticks
from sdn_mc.routing.walk_kernel import Tasks, trail


class Plan(NamedTuple):
    """One epoch: a program for each stretch of times with the same neighbours."""

    stretches: tuple[Stretch, ...]
    n_relaxation: int  # of a draw, mean over times, for all sources together
    n_back_relaxation: int  # the way back's


class Elimination(eqx.Module):
    """Compiled code on the CPU for meshes that eliminate well: thread-safe, releases the GIL."""

    block_draws: int = field(
        within=(32, 256), doc="Draws in one call, a multiple of 32.", static=True
    )
    most_relaxations: int = field(
        within=(1, 10**9),
        doc="Refuse a mesh whose elimination takes more, for all sources, in one draw.",
        static=True,
    )

    def prepare(self, network: Network) -> Plan:
        """Order, program and the sites' places at each time; once an epoch."""
        plan = plan_elimination(network, self.most_relaxations)
        if plan is None:
            raise InputError(
                f"solver: eliminating this mesh of {network.delay_s.shape[1]} satellites takes "
                f"more than solver.most_relaxations = {self.most_relaxations} relaxations a draw; "
                "use solver=auto or solver=pull_push, or raise solver.most_relaxations"
            )
        return plan

    def solve(self, plan: Plan, masks: Masks, truth: Masks | None, walk: bool) -> Routes:
        """Routes on `masks`; scratch memory belongs to the call, so threads may share a plan."""
        return solve_planned(plan, masks, truth, walk)


def plan_elimination(network: Network, most_relaxations: int) -> Plan | None:
    """The plan of one epoch; None if its satellites alone take more than `most_relaxations`."""
    tiles, ticks, n_source = (
        tiles_of(network),
        to_ticks(network.access_delay_s),
        len(network.source),
    )
    common = _common(network, tiles)
    stretches, n_relaxation, n_back = [], 0, 0
    for first, after, here, linked in stretches_of(network):
        graph = graph_of(here, linked)
        order = find_order(graph, most_relaxations)
        if order is None:
            return None
        program = program_of(tree_of(graph, order), here, linked)
        times = slice(first, after)
        hanging, n_meeting = hang_tiles(program, tiles, network.access_sat[times], ticks[times])
        stretch = Stretch(
            program=_frozen_fields(program),
            hanging=_frozen_fields(hanging),
            first_time=first,
            n_time=after - first,
            n_meeting=n_meeting,
            n_source=n_source,
            **common,
        )
        stretches.append(stretch)
        edges = program.width.astype(np.int64) * program.n_upper
        n_relaxation += (after - first) * program.n_relaxation
        n_relaxation += int((np.diff(hanging.start, axis=1) * edges).sum())  # of all tiles
        n_back += (after - first) * n_source * int(edges.sum())
    n_time = len(network.delay_s)
    return Plan(tuple(stretches), n_relaxation // n_time, n_back // n_time)


def solve_planned(plan: Plan, masks: Masks, truth: Masks | None, walk: bool) -> Routes:
    """Routes on `masks` by a plan."""
    draws, tasks = draws_of(masks, truth), tasks_of(truth, walk)
    answer = empty_answer(draws, len(plan.stretches[0].pair_column))
    for stretch in plan.stretches:
        solve_stretch(stretch, draws, tasks, _scratch(stretch, tasks), answer)
    return routes_of(answer, truth, walk)


def _common(network: Network, tiles: Tiles) -> dict[str, np.ndarray]:
    """The fields of a `Stretch` that are the same at all times."""
    arrays = {
        **tiles._asdict(),
        "neighbour": network.neighbour.reshape(-1, *network.neighbour.shape[-2:]),
        "link_ticks": link_ticks(network),
        "access_sat": network.access_sat,
        "access_ticks": to_ticks(network.access_delay_s),
    }
    return {name: frozen(array) for name, array in arrays.items()}


def _frozen_fields(record: Any) -> Any:
    """The same record with its arrays read-only."""
    values = [frozen(value) if isinstance(value, np.ndarray) else value for value in record]
    return type(record)(*values)


def _scratch(stretch: Stretch, tasks: Tasks) -> Scratch:
    program, n_used = stretch.program, most_used(stretch.tile_used)
    n_tile, n_tile_source = len(stretch.tile_used) - 1, int(np.diff(stretch.tile_source).max())
    n_sat, widest = len(program.sat), int(program.width.max())
    n_group_row = widest * (int(program.n_upper.max()) + widest)
    site_step = site_step_of(n_used)
    distance_step = -(-n_tile_source // N_SOURCE_TILE) * N_SOURCE_TILE
    keeps = tasks.walk or n_tile > 1
    return Scratch(
        pool=_no_path(program.n_row),
        group_rows=_rows(len(program.fetch) if keeps else n_group_row),
        site_rows=_no_path(n_sat * site_step),
        site_step=site_step,
        seen=np.empty(n_used, np.int32),
        meeting=np.empty((stretch.n_meeting, 3), np.int32),
        meeting_start=np.empty((n_tile, len(program.first) + 1), np.int64),
        distance=_rows(n_sat * distance_step if tasks.walk else 0),
        distance_step=distance_step,
        way=trail(n_sat),
    )


def _rows(n_row: int) -> Int32[np.ndarray, " element"]:
    return aligned((n_row * DRAWS_PER_WORD,), np.int32)


def _no_path(n_row: int) -> Int32[np.ndarray, " element"]:
    rows = _rows(n_row)
    rows[:] = NO_PATH_TICKS
    return rows
