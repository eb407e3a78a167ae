"""Compiled part of `frozen_routes`: routes of earlier instants, followed through later ones."""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Float, Float64, Int16, Int32, UInt32

from sdn_mc.core.compiled import entry, inlined, kernel
from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.network import NO_HOPS, NO_PATH_TICKS, TICK_S

DOWN, GONE = -1, -2  # in the place of ticks
_ONE = np.uint32(1)


class Present(NamedTuple):
    """The network at every time, what is truly up, and the instants whose routes are in force."""

    neighbour: Int32[np.ndarray, "epochtime sat port"]
    delay_s: Float64[np.ndarray, "time sat port"]
    access_sat: Int32[np.ndarray, "time site candidate"]
    access_delay_s: Float64[np.ndarray, "time site candidate"]
    link_up: UInt32[np.ndarray, "time word sat port"]
    access_up: UInt32[np.ndarray, "time word site candidate"]
    instant: Int32[np.ndarray, "time draw"]


class Answer(NamedTuple):
    """Routes of a block, written over where earlier ones are in force."""

    latency_s: Float[np.ndarray, "time pair draw"]
    hops: Int16[np.ndarray, "time pair draw"]


class Moment(NamedTuple):
    """One time in one draw."""

    time: int
    word: int
    bit: np.uint32


@entry
@no_type_check
def follow_routes(present, spells, found, answer):
    """Routes of every spell, at those instants after its onset at which they are in force."""
    for spell in range(len(spells.draw)):
        for pair in range(found.hops.shape[1]):
            _follow(present, spells.onset[spell], spells.draw[spell], spell, pair, found, answer)


@kernel
@no_type_check
def _follow(present, onset, draw, spell, pair, found, answer):
    """One pair from the onset on; once a leg is gone, the route is."""
    n_hop, n_time = found.hops[spell, pair, 0], len(present.instant)
    word, bit = draw // DRAWS_PER_WORD, np.uint32(draw % DRAWS_PER_WORD)
    lists = present.neighbour[onset if present.neighbour.shape[0] > 1 else 0]
    ticks, time = GONE if n_hop == NO_HOPS else 0, onset + 1
    while time < n_time and present.instant[time, draw] == onset:
        if ticks != GONE:
            at = Moment(time, word, bit)
            links, ends = found.link[spell, pair, 0, :n_hop], found.end[spell, pair, 0]
            ticks = _ticks_of_route(present, lists, onset, at, links, ends)
        held = 0 <= ticks < NO_PATH_TICKS
        answer.latency_s[time, pair, draw] = ticks * TICK_S if held else np.inf
        answer.hops[time, pair, draw] = n_hop if held else NO_HOPS
        time += 1


@kernel
@no_type_check
def _ticks_of_route(present, lists, onset, at, links, ends):
    """Ticks of a route at one time; DOWN or GONE if one of its legs is."""
    n_candidate, n_port = present.access_sat.shape[2], lists.shape[1]
    total = 0
    for k in range(len(ends)):
        site = ends[k] // n_candidate
        sat = present.access_sat[onset, site, ends[k] % n_candidate]
        total = _added(total, _access_ticks(present, at, site, sat))
    for k in range(len(links)):
        if total == GONE:
            return GONE
        here = links[k] // n_port
        total = _added(total, _link_ticks(present, at, here, lists[here, links[k] % n_port]))
    return total


@inlined
@no_type_check
def _added(total, ticks):
    """The sum; or, if either is none, the worse."""
    worse = min(total, ticks)
    return worse if worse < 0 else total + ticks


@kernel
@no_type_check
def _link_ticks(present, at, here, there):
    """Ticks of the link from one satellite to another, by the first of its slots that is up."""
    lists = present.neighbour[at.time if present.neighbour.shape[0] > 1 else 0]
    ticks = GONE
    for port in range(lists.shape[1]):
        delay_s = present.delay_s[at.time, here, port]
        if lists[here, port] == there and delay_s < np.inf:
            if (present.link_up[at.time, at.word, here, port] >> at.bit) & _ONE:
                return max(np.int64(np.rint(delay_s / TICK_S)), 1)
            ticks = DOWN
    return ticks


@kernel
@no_type_check
def _access_ticks(present, at, site, sat):
    """Ticks of the access link of a site to a satellite, likewise."""
    ticks = GONE
    for candidate in range(present.access_sat.shape[2]):
        delay_s = present.access_delay_s[at.time, site, candidate]
        if present.access_sat[at.time, site, candidate] == sat and delay_s < np.inf:
            if (present.access_up[at.time, at.word, site, candidate] >> at.bit) & _ONE:
                return np.int64(np.rint(delay_s / TICK_S))
            ticks = DOWN
    return ticks
