"""The walk of `walk.py`, compiled: hops, and whether the route holds in the true masks.

A satellite is *looked at* for 32 draws at once: the port that attains its distance in each draw
leads to the satellite before it. That is done only for satellites that some route of this source
passes, and kept; the routes of 32 draws then go back together, a step of each at a time, so that no
draw waits for the memory of another.

Distances are rows of 32 draws; that of a satellite is row `place[sat] * step + first`.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Bool, Float32, Int, Int16, Int32, UInt32

from sdn_mc.core.compiled import inlined, kernel
from sdn_mc.core.network import NO_HOPS, NO_PATH_TICKS, TICK_S
from sdn_mc.core.simd import (
    LANES,
    add_rows,
    common_bits,
    every_lane,
    lane_elements,
    lanes_equal,
    lanes_less,
    load_row,
    lowest_bit,
    store_row,
    where_bit,
)

NOT_LOOKED_AT = -1
DOWN = 1 << 30  # added where the leg to a satellite is not truly up
_ALL = np.uint32(0xFFFFFFFF)
_ONE = np.uint64(1)


class Draws(NamedTuple):
    """Mask words of a block: what routing knows, and what is true (the same if not asked)."""

    link_up: UInt32[np.ndarray, "time word sat port"]
    access_up: UInt32[np.ndarray, "time word site candidate"]
    true_link_up: UInt32[np.ndarray, "time word sat port"]
    true_access_up: UInt32[np.ndarray, "time word site candidate"]


class Tasks(NamedTuple):
    """What is asked for besides the latency."""

    walk: bool  # count hops
    check: bool  # compare the walk with the true masks


class Answer(NamedTuple):
    """What a kernel fills in; `ticks` holds a row of 32 draws for each pair while it works."""

    latency_s: Float32[np.ndarray, "time pair draw"]
    hops: Int16[np.ndarray, "time pair draw"]
    delivered: Bool[np.ndarray, "time pair draw"]
    ticks: Int32[np.ndarray, " element"]


class Trail(NamedTuple):
    """What is known of the satellites looked at: working memory of one call.

    `before` holds, for each satellite and draw, 32 times the satellite before it, 32 * n_sat for
    "home" where the route entered here, or `NOT_LOOKED_AT`; home's own row leads home.
    """

    before: Int32[np.ndarray, " element"]
    looked_at: Int32[np.ndarray, " sat"]
    n_looked_at: Int32[np.ndarray, " one"]
    now_at: Int32[np.ndarray, " draw"]


class Mesh(NamedTuple):
    """Links and the source's access links at one time in one word of draws."""

    neighbour: Int32[np.ndarray, "sat port"]
    ticks: Int32[np.ndarray, "sat port"]
    up: UInt32[np.ndarray, "sat port"]
    truly_up: UInt32[np.ndarray, "sat port"]
    start_sat: Int32[np.ndarray, " candidate"]
    start_ticks: Int32[np.ndarray, " candidate"]
    start_up: UInt32[np.ndarray, " candidate"]
    start_truly_up: UInt32[np.ndarray, " candidate"]


class Distances(NamedTuple):
    """Least ticks from one source to every satellite in 32 draws."""

    rows: Int32[np.ndarray, " element"]
    place: Int[np.ndarray, " sat"]
    step: int
    first: int


def trail(n_sat: int) -> Trail:
    """Room for the walks of one call."""
    before = np.full((n_sat + 1) * LANES, NOT_LOOKED_AT, np.int32)
    before[n_sat * LANES :] = n_sat * LANES
    return Trail(
        before, np.empty(n_sat, np.int32), np.zeros(1, np.int32), np.empty(LANES, np.int32)
    )


@kernel
@no_type_check
def tell(answer, time, word, column):
    """Write a pair's row of ticks as seconds: a product in float64, rounded once."""
    for lane in range(LANES):
        ticks = answer.ticks[column * LANES + lane]
        seconds = ticks * TICK_S if ticks < NO_PATH_TICKS else np.inf
        answer.latency_s[time, column, word * LANES + lane] = seconds


@kernel
@no_type_check
def mesh_at(plan, draws, time, word, start):
    """What a walk back to the site `start` sees."""
    return Mesh(
        plan.neighbour[time if plan.neighbour.shape[0] > 1 else 0],
        plan.link_ticks[time],
        draws.link_up[time, word],
        draws.true_link_up[time, word],
        plan.access_sat[time, start],
        plan.access_ticks[time, start],
        draws.access_up[time, word, start],
        draws.true_access_up[time, word, start],
    )


@kernel
@no_type_check
def forget(way):
    """Before another source, time or word: nothing has been looked at."""
    for i in range(way.n_looked_at[0]):
        store_row(way.before, way.looked_at[i], every_lane(np.int32(NOT_LOOKED_AT)))
    way.n_looked_at[0] = 0


@kernel
@no_type_check
def walk_pair(plan, draws, check, mesh, distances, way, answer, at, column, site):
    """Hops and delivery of the pair in `column`, from `site` back; `at` is (time, word)."""
    time, word = at
    best = load_row(answer.ticks, column)
    reached = lanes_less(best, every_lane(np.int32(NO_PATH_TICKS)))
    left, failed = reached, ~reached
    now = every_lane(np.int32(len(way.before) - LANES))
    for candidate in range(plan.access_sat.shape[2]):
        ticks = plan.access_ticks[time, site, candidate]
        if ticks < NO_PATH_TICKS:
            sat = plan.access_sat[time, site, candidate]
            offer = add_rows(_distance(distances, sat), every_lane(ticks))
            here = left & lanes_equal(offer, best) & draws.access_up[time, word, site, candidate]
            left ^= here
            failed |= here & ~draws.true_access_up[time, word, site, candidate]
            now = where_bit(here, every_lane(np.int32(sat * LANES)), now)
    failed |= _follow(mesh, check, distances, way, now, reached)
    first = word * LANES
    for lane in range(LANES):
        answer.hops[time, column, first + lane] = way.now_at[lane]
        answer.delivered[time, column, first + lane] = (failed >> np.uint32(lane)) & _ONE == 0


@kernel
@no_type_check
def _follow(mesh, check, distances, way, now, moving):
    """Follow the routes of 32 draws home; leaves hops in `now_at`, returns what is not truly up."""
    home = every_lane(np.int32(len(way.before) - LANES))
    hops = where_bit(moving, every_lane(np.int32(0)), every_lane(np.int32(NO_HOPS)))
    failed = np.uint32(0)
    while moving != 0:
        far = lane_elements(way.before, now)
        unknown = moving & lanes_less(far, every_lane(np.int32(0)))
        if unknown != 0:
            store_row(way.now_at, 0, now)
            _look_around(mesh, check, distances, way, np.uint64(unknown))
            far = lane_elements(way.before, now)
        failed |= moving & lanes_less(every_lane(np.int32(DOWN - 1)), far)
        now = common_bits(far, every_lane(np.int32(DOWN - 1)))
        moving &= ~lanes_equal(now, home)
        hops = where_bit(moving, add_rows(hops, every_lane(np.int32(1))), hops)
    store_row(way.now_at, 0, hops)
    return failed


@kernel
@no_type_check
def _look_around(mesh, check, distances, way, draws):
    """Look at the satellites where some draws are."""
    while draws != 0:
        lane = lowest_bit(draws)
        draws ^= _ONE << lane
        first = np.uint64(way.now_at[lane])
        if way.before[first + lane] == NOT_LOOKED_AT:
            sat = first // np.uint64(LANES)
            _look_at(mesh, check, distances, way.before, sat)
            way.looked_at[way.n_looked_at[0]] = sat
            way.n_looked_at[0] += 1


@inlined
@no_type_check
def _look_at(mesh, check, distances, before, sat):
    """Which satellite comes before this one in each draw, and whether that leg is truly up."""
    own = _distance(distances, sat)
    row = every_lane(np.int32(len(before) - LANES))
    entered, down = _ALL, np.uint32(0)
    n_port = np.uint64(mesh.neighbour.shape[1])
    for i in range(n_port):
        port = n_port - _ONE - i  # the lowest port has the last word
        far = mesh.neighbour[sat, port]
        offer = add_rows(_distance(distances, far), every_lane(mesh.ticks[sat, port]))
        here = lanes_equal(offer, own) & mesh.up[sat, port]
        row = where_bit(here, every_lane(np.int32(far * LANES)), row)
        entered &= ~here
        down = (down & ~here) | (here & ~mesh.truly_up[sat, port])
    if check:
        down |= entered & ~_truly_entered(mesh, own, sat, entered)
        row = where_bit(down, add_rows(row, every_lane(np.int32(DOWN))), row)
    store_row(before, sat, row)


@kernel
@no_type_check
def _truly_entered(mesh, own, sat, left):
    """Draws whose access link from the source to this satellite is truly up."""
    truly_up = np.uint32(0)
    for candidate in range(len(mesh.start_sat)):
        ticks = mesh.start_ticks[candidate]
        if ticks < NO_PATH_TICKS and np.uint64(mesh.start_sat[candidate]) == sat:
            here = left & lanes_equal(own, every_lane(ticks)) & mesh.start_up[candidate]
            left ^= here
            truly_up |= here & mesh.start_truly_up[candidate]
    return truly_up


@inlined
@no_type_check
def _distance(distances, sat):
    place = np.int64(distances.place[np.uint64(sat)])
    return load_row(distances.rows, place * distances.step + distances.first)
