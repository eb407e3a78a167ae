"""Compiled parts of `fixed_routes`: routes of the undamaged mesh, and which of them hold.

Finding: distances as `healthy_order` has them, then the rule of `walk.py` in one draw. Holding: 32
draws at a time, the words along a route joined by AND.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Float32, Int16, Int32

from sdn_mc.core.compiled import entry, kernel
from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.network import NO_HOPS, NO_PATH_TICKS
from sdn_mc.routing.healthy_order import OrderScratch, by_distance

FIRST, SECOND = 0, 1
_ALL = np.uint32(0xFFFFFFFF)
_ONE = np.uint32(1)


class Mesh(NamedTuple):
    """One epoch undamaged; pairs sorted by source. What is not up is at `NO_PATH_TICKS`."""

    neighbour: Int32[np.ndarray, "epochtime sat port"]
    link_ticks: Int32[np.ndarray, "time sat port"]
    access_sat: Int32[np.ndarray, "time site candidate"]
    access_ticks: Int32[np.ndarray, "time site candidate"]
    source: Int32[np.ndarray, " pair"]  # site
    destination: Int32[np.ndarray, " pair"]  # site
    column: Int32[np.ndarray, " pair"]  # where its routes are written


class Found(NamedTuple):
    """Routes of all times and pairs: ticks `NO_PATH_TICKS` and hops -1 where there is none.

    Slot `port` of satellite `sat` is number sat * n_port + port; access links are counted likewise.
    """

    ticks: Int32[np.ndarray, "time pair route"]
    hops: Int16[np.ndarray, "time pair route"]
    link: Int32[np.ndarray, "time pair route leg"]  # from the destination back
    end: Int32[np.ndarray, "time pair route two"]  # access link of the source, of the destination


class Scratch(NamedTuple):
    """Working memory: what one search may use, and its distances."""

    link_ticks: Int32[np.ndarray, "sat port"]
    start_ticks: Int32[np.ndarray, " candidate"]
    end_ticks: Int32[np.ndarray, " candidate"]
    order: Int32[np.ndarray, " sat"]
    search: OrderScratch


@entry
@no_type_check
def find_routes(mesh, off_satellites, found, scratch):
    """First routes of all pairs, and second ones where `found` has room; the most hops of any.

    Of a route with more hops than there are legs, only the first legs are written.
    """
    n_time, n_pair, n_route = found.ticks.shape
    most_hops = 0
    for time in range(n_time):
        neighbour = mesh.neighbour[time if mesh.neighbour.shape[0] > 1 else 0]
        _copy(mesh.link_ticks[time], scratch.link_ticks)
        for i in range(n_pair):
            _take_ends(mesh, time, i, scratch)
            if i == 0 or mesh.source[i] != mesh.source[i - 1]:
                _search(mesh, time, i, neighbour, scratch)
            most_hops = max(most_hops, _go_back(mesh, time, i, FIRST, neighbour, found, scratch))
        if n_route == 1:
            continue
        for i in range(n_pair):
            if found.hops[time, mesh.column[i], FIRST] == NO_HOPS:
                continue
            _take_ends(mesh, time, i, scratch)
            _avoid_first(mesh, time, i, neighbour, off_satellites, found, scratch)
            _search(mesh, time, i, neighbour, scratch)
            most_hops = max(most_hops, _go_back(mesh, time, i, SECOND, neighbour, found, scratch))
            _copy(mesh.link_ticks[time], scratch.link_ticks)
    return most_hops


@kernel
@no_type_check
def _copy(ticks, to):
    for sat in range(ticks.shape[0]):
        for port in range(ticks.shape[1]):
            to[sat, port] = ticks[sat, port]


@kernel
@no_type_check
def _take_ends(mesh, time, i, scratch):
    """The access links of both ends of a pair."""
    for candidate in range(mesh.access_ticks.shape[2]):
        scratch.start_ticks[candidate] = mesh.access_ticks[time, mesh.source[i], candidate]
        scratch.end_ticks[candidate] = mesh.access_ticks[time, mesh.destination[i], candidate]


@kernel
@no_type_check
def _search(mesh, time, i, neighbour, scratch):
    """Distances from the pair's source over what may be used."""
    access = mesh.access_sat[time, mesh.source[i]], scratch.start_ticks
    by_distance(neighbour, scratch.link_ticks, access, scratch.order, scratch.search)


@kernel
@no_type_check
def _go_back(mesh, time, i, route, neighbour, found, scratch):
    """Write the route that the walk's rule names, and its ticks; its hops, 0 without one."""
    n_candidate, n_port = len(scratch.end_ticks), scratch.link_ticks.shape[1]
    distance, column = scratch.search.distance, mesh.column[i]
    source, destination = mesh.source[i], mesh.destination[i]
    best, chosen = np.int32(NO_PATH_TICKS), 0
    for candidate in range(n_candidate):
        total = distance[mesh.access_sat[time, destination, candidate]]
        total += scratch.end_ticks[candidate]
        if total < best:
            best, chosen = total, candidate
    if best == NO_PATH_TICKS:
        return 0
    sat, n_hop = mesh.access_sat[time, destination, chosen], 0
    while True:
        port = _port_back(neighbour, scratch.link_ticks, distance, sat)
        if port == n_port:
            break
        if n_hop < found.link.shape[3]:
            found.link[time, column, route, n_hop] = sat * n_port + port
        sat = neighbour[sat, port]
        n_hop += 1
    candidate = 0
    while not (
        mesh.access_sat[time, source, candidate] == sat
        and scratch.start_ticks[candidate] == distance[sat]
    ):
        candidate += 1
    found.ticks[time, column, route] = best
    found.hops[time, column, route] = n_hop
    found.end[time, column, route, 0] = source * n_candidate + candidate
    found.end[time, column, route, 1] = destination * n_candidate + chosen
    return n_hop


@kernel
@no_type_check
def _port_back(neighbour, ticks, distance, sat):
    """The lowest port that attains a satellite's distance; the number of ports if none does."""
    for port in range(ticks.shape[1]):
        if distance[neighbour[sat, port]] + ticks[sat, port] == distance[sat]:
            return port
    return ticks.shape[1]


@kernel
@no_type_check
def _avoid_first(mesh, time, i, neighbour, off_satellites, found, scratch):
    """Take out what the second route must not use: see `disjoint_backup`."""
    n_candidate, n_port = len(scratch.end_ticks), scratch.link_ticks.shape[1]
    column = mesh.column[i]
    link, n_hop = found.link[time, column, FIRST], found.hops[time, column, FIRST]
    n_hop = min(n_hop, len(link))
    starts, ends = mesh.access_sat[time, mesh.source[i]], mesh.access_sat[time, mesh.destination[i]]
    first = starts[found.end[time, column, FIRST, 0] % n_candidate]
    last = ends[found.end[time, column, FIRST, 1] % n_candidate]
    passed = scratch.order[: n_hop + 1]  # no search needs what stands there
    passed[0] = last
    for leg in range(n_hop):
        sat, port = link[leg] // n_port, link[leg] % n_port
        passed[leg + 1] = neighbour[sat, port]
    other_start = _sees_other(starts, scratch.start_ticks, passed)
    other_end = _sees_other(ends, scratch.end_ticks, passed)
    for leg in range(n_hop):
        _part(neighbour, scratch.link_ticks, passed[leg], passed[leg + 1])
    for k in range(n_hop + 1 if off_satellites else 0):
        sat = passed[k]
        if (sat == first and not other_start) or (sat == last and not other_end):
            continue
        for port in range(n_port):
            _part(neighbour, scratch.link_ticks, sat, neighbour[sat, port])
        _give_up(starts, scratch.start_ticks, sat)
        _give_up(ends, scratch.end_ticks, sat)
    if other_start or (n_hop == 0 and not other_end):
        _give_up(starts, scratch.start_ticks, first)
    if other_end:
        _give_up(ends, scratch.end_ticks, last)


@kernel
@no_type_check
def _sees_other(sats, ticks, passed):
    """Does a site see a satellite off the first route?"""
    for candidate in range(len(ticks)):
        other = ticks[candidate] < NO_PATH_TICKS
        for k in range(len(passed)):
            other = other and sats[candidate] != passed[k]
        if other:
            return True
    return False


@kernel
@no_type_check
def _part(neighbour, ticks, a, b):
    """Take out every link between two satellites."""
    for port in range(ticks.shape[1]):
        if neighbour[a, port] == b:
            ticks[a, port] = NO_PATH_TICKS
        if neighbour[b, port] == a:
            ticks[b, port] = NO_PATH_TICKS


@kernel
@no_type_check
def _give_up(sats, ticks, sat):
    """Take out a site's access links to a satellite."""
    for candidate in range(len(ticks)):
        if sats[candidate] == sat:
            ticks[candidate] = NO_PATH_TICKS


class Held(NamedTuple):
    """Answers of a block: those of the first route that holds."""

    latency_s: Float32[np.ndarray, "time pair draw"]
    hops: Int16[np.ndarray, "time pair draw"]


@entry
@no_type_check
def find_held(routes, link_up, access_up, held):
    """Go through the routes of every pair in turn, in the draws that no earlier one serves.

    Mask words are [time, word, slot] and [time, word, access link].
    """
    n_time, n_pair, n_route = routes.hops.shape
    held.latency_s[:] = np.inf
    held.hops[:] = NO_HOPS
    for time in range(n_time):
        for word in range(link_up.shape[1]):
            for pair in range(n_pair):
                left = _ALL
                for route in range(n_route):
                    n_hop = routes.hops[time, pair, route]
                    if n_hop == NO_HOPS:
                        continue
                    end = routes.end[time, pair, route]
                    here = left & access_up[time, word, end[0]] & access_up[time, word, end[1]]
                    for leg in range(n_hop):
                        here &= link_up[time, word, routes.link[time, pair, route, leg]]
                    left &= ~here
                    for lane in range(DRAWS_PER_WORD):
                        if (here >> np.uint32(lane)) & _ONE:
                            draw = word * DRAWS_PER_WORD + lane
                            held.latency_s[time, pair, draw] = routes.latency_s[time, pair, route]
                            held.hops[time, pair, draw] = n_hop
