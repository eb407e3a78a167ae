"""Compiled parts of `pull_push`: the layout, the pull sweeps, the push worklist.

Everything here runs without the GIL and allocates nothing. Nodes are numbered by their *position*
in the order; the row after the last position is the dead row, always at `NO_PATH_TICKS`, which
every slot without a link points at (a slot that pointed at its own node would wait for itself).
"""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Int, Int32, UInt32, UInt64

from sdn_mc.core.compiled import entry, kernel
from sdn_mc.core.network import NO_PATH_TICKS
from sdn_mc.core.simd import (
    LANES,
    add_rows,
    count_bits,
    every_lane,
    highest_bit,
    lanes_less,
    lesser,
    load_row,
    lowest_bit,
    store_row,
    where_bit,
)
from sdn_mc.routing.walk_kernel import Distances, Trail, forget, mesh_at, tell, walk_pair

# Sweep on while more than this share of the nodes changes, then push; 0.3 and 0.5 measure equal
# within 2 %, 0.1 costs 14-27 %.
PUSH_BELOW = 0.3
N_PER_FLAG_WORD = 64

_ONE = np.uint64(1)
_SIX = np.uint64(6)
_LOW_SIX = np.uint64(63)


class Plan(NamedTuple):
    """One epoch, ready for the kernel. Pairs are sorted by source: those of source s are
    `pair_start[s]` to `pair_start[s + 1]`, and pair i answers column `pair_column[i]`."""

    neighbour: Int32[np.ndarray, "epochtime sat port"]
    link_ticks: Int32[np.ndarray, "time sat port"]
    access_sat: Int32[np.ndarray, "time site candidate"]
    access_ticks: Int32[np.ndarray, "time site candidate"]
    source: Int32[np.ndarray, " source"]
    pair_start: Int32[np.ndarray, " boundary"]
    pair_column: Int32[np.ndarray, " pair"]
    pair_site: Int32[np.ndarray, " pair"]
    order: Int[np.ndarray, "order source position"]
    times_per_order: int


class Scratch(NamedTuple):
    """Working memory of one call: rows of distances, and one (time, source) in sweep order."""

    distance: Int32[np.ndarray, " element"]  # a row of 32 draws for each position, and the dead row
    position: Int[np.ndarray, " sat"]
    neighbour: Int[np.ndarray, " slot"]
    ticks: Int32[np.ndarray, " slot"]
    up: UInt32[np.ndarray, " slot"]
    changed: UInt64[np.ndarray, " flagword"]
    way: Trail


@entry
@no_type_check
def solve_block(plan, ports, draws, tasks, scratch, answer):
    """All times, sources and words of a block. `ports` is (0, 1, ...): its length is a constant.

    Returns how often a node was pulled or pushed, in all words together.
    """
    n_time, n_word, n_visit = draws.link_up.shape[0], draws.link_up.shape[1], 0
    for time in range(n_time):
        for source in range(len(plan.source)):
            if plan.pair_start[source] == plan.pair_start[source + 1]:
                continue
            order = plan.order[time // plan.times_per_order, source]
            _lay_out(plan, ports, scratch, order, time)
            for word in range(n_word):
                _take_masks(draws.link_up[time, word], ports, scratch, order)
                _start(plan, draws, scratch, time, source, word)
                n_pull = _pull_sweeps(ports, scratch, len(order))
                n_visit += n_pull * len(order)
                n_visit += _push_rest(ports, scratch, len(order), n_pull)
                for pair in range(plan.pair_start[source], plan.pair_start[source + 1]):
                    _finish(plan, draws, scratch, answer, time, word, pair)
                if tasks.walk:
                    _walk(plan, draws, tasks.check, scratch, answer, time, source, word)
    return n_visit


@kernel
@no_type_check
def _lay_out(plan, ports, scratch, order, time):
    """Neighbours and delays of one (time, source) in sweep order; slots without a link go dead."""
    n_port, n_node = np.uint64(len(ports)), np.uint64(len(order))
    neighbour = plan.neighbour[time if plan.neighbour.shape[0] > 1 else 0]
    ticks = plan.link_ticks[time]
    scratch.position[:] = n_node
    for i in range(n_node):
        scratch.position[order[i]] = i
    for i in range(n_node):
        sat = np.uint64(order[i])
        for port in range(len(ports)):
            slot = i * n_port + np.uint64(port)
            far = np.uint64(neighbour[sat, np.uint64(port)])
            delay = ticks[sat, np.uint64(port)]
            there = delay < NO_PATH_TICKS
            scratch.ticks[slot] = delay
            scratch.neighbour[slot] = scratch.position[far] if there else n_node


@kernel
@no_type_check
def _take_masks(link_up, ports, scratch, order):
    n_port = np.uint64(len(ports))
    for i in range(np.uint64(len(order))):
        sat = np.uint64(order[i])
        for port in range(len(ports)):
            scratch.up[i * n_port + np.uint64(port)] = link_up[sat, np.uint64(port)]


@kernel
@no_type_check
def _start(plan, draws, scratch, time, source, word):
    """No path anywhere, except over the source's own access links."""
    none = every_lane(np.int32(NO_PATH_TICKS))
    for row in range(scratch.distance.size // LANES):
        store_row(scratch.distance, row, none)
    site = plan.source[source]
    for candidate in range(plan.access_sat.shape[2]):
        ticks = plan.access_ticks[time, site, candidate]
        if ticks < NO_PATH_TICKS:
            row = np.int64(scratch.position[plan.access_sat[time, site, candidate]])
            up = draws.access_up[time, word, site, candidate]
            offer = where_bit(up, every_lane(ticks), none)
            store_row(scratch.distance, row, lesser(load_row(scratch.distance, row), offer))


@kernel
@no_type_check
def _pull(ports, scratch, node):
    """Lower one node to the best its neighbours offer; 1 if a lane changed, else 0."""
    before = load_row(scratch.distance, node)
    after = before
    first = node * np.uint64(len(ports))
    for port in range(len(ports)):
        slot = first + np.uint64(port)
        far = load_row(scratch.distance, np.uint64(scratch.neighbour[slot]))
        offer = add_rows(far, every_lane(scratch.ticks[slot]))
        after = where_bit(scratch.up[slot], lesser(after, offer), after)
    store_row(scratch.distance, node, after)
    return np.uint64(lanes_less(after, before) != 0)


@kernel
@no_type_check
def _pull_sweeps(ports, scratch, n_node):
    """Sweep forwards and backwards in turn until few nodes change; those stay flagged."""
    n_flag_word = (n_node + N_PER_FLAG_WORD - 1) // N_PER_FLAG_WORD
    n_changed, n_sweep = n_node, 0
    while n_changed > PUSH_BELOW * n_node:
        n_changed = 0
        for i in range(n_flag_word):
            backwards = n_sweep % 2 == 1
            at = n_flag_word - 1 - i if backwards else i
            first = at * N_PER_FLAG_WORD
            last = min(n_node, first + N_PER_FLAG_WORD) - 1
            flags = np.uint64(0)
            for j in range(last - first + 1):
                node = np.uint64(last - j if backwards else first + j)
                flags |= _pull(ports, scratch, node) << (node & _LOW_SIX)
            scratch.changed[at] = flags
            n_changed += count_bits(flags)
        n_sweep += 1
    return n_sweep


@kernel
@no_type_check
def _push(ports, scratch, node):
    """Offer one node's distance to its neighbours; flag those that change."""
    own = load_row(scratch.distance, node)
    first = node * np.uint64(len(ports))
    for port in range(len(ports)):
        slot = first + np.uint64(port)
        far = np.uint64(scratch.neighbour[slot])
        before = load_row(scratch.distance, far)
        offer = add_rows(own, every_lane(scratch.ticks[slot]))
        after = where_bit(scratch.up[slot], lesser(before, offer), before)
        store_row(scratch.distance, far, after)
        changed = np.uint64(lanes_less(after, before) != 0)
        scratch.changed[far >> _SIX] |= changed << (far & _LOW_SIX)


@kernel
@no_type_check
def _push_rest(ports, scratch, n_node, n_pass):
    """Push flagged nodes, forwards and backwards in turn, until none is left; how many it took."""
    n_flag_word = (n_node + N_PER_FLAG_WORD - 1) // N_PER_FLAG_WORD
    left, n_push = True, 0
    while left:
        backwards = n_pass % 2 == 1
        for i in range(n_flag_word):
            at = n_flag_word - 1 - i if backwards else i
            while scratch.changed[at] != np.uint64(0):
                flags = scratch.changed[at]
                bit = highest_bit(flags) if backwards else lowest_bit(flags)
                scratch.changed[at] = flags ^ (_ONE << bit)
                _push(ports, scratch, np.uint64(at) * np.uint64(N_PER_FLAG_WORD) + bit)
                n_push += 1
        n_pass += 1
        left = False
        for i in range(n_flag_word):
            left |= scratch.changed[i] != np.uint64(0)
    return n_push


@kernel
@no_type_check
def _finish(plan, draws, scratch, answer, time, word, pair):
    """The best access link of a destination."""
    best = every_lane(np.int32(NO_PATH_TICKS))
    site = plan.pair_site[pair]
    for candidate in range(plan.access_sat.shape[2]):
        ticks = plan.access_ticks[time, site, candidate]
        if ticks < NO_PATH_TICKS:
            row = np.int64(scratch.position[plan.access_sat[time, site, candidate]])
            offer = add_rows(load_row(scratch.distance, row), every_lane(ticks))
            up = draws.access_up[time, word, site, candidate]
            best = where_bit(up, lesser(best, offer), best)
    column = plan.pair_column[pair]
    store_row(answer.ticks, column, best)
    tell(answer, time, word, column)


@kernel
@no_type_check
def _walk(plan, draws, check, scratch, answer, time, source, word):
    """Hops and delivery of every pair of a source."""
    forget(scratch.way)
    mesh = mesh_at(plan, draws, time, word, plan.source[source])
    distances = Distances(scratch.distance, scratch.position, 1, 0)
    for pair in range(plan.pair_start[source], plan.pair_start[source + 1]):
        walk_pair(
            plan, draws, check, mesh, distances, scratch.way, answer, (time, word),
            plan.pair_column[pair], plan.pair_site[pair],
        )  # fmt: skip
