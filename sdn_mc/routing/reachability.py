"""Is there a path at all? For availability alone: one bit a draw, no delays.

Model: the satellites that a hub reaches are found for all draws of a block at once, a bit a draw:
a satellite is reached if it was, or if a neighbour is and the link between them is up. Satellites
are swept in the order of their distance in links from the hub, forwards and backwards in turn,
until nothing changes. Links work both ways, so two sites that each may use a satellite of the hub's
part have a path, and all sources share one search. A draw whose hub reaches less than half of the
sites is given another one. Where that leaves a pair open, since a site hangs on another part in
some draws, those are searched from the source, satellite by satellite; that part is nearly always
small.

Exact: the same answers as any other solver, whose latencies are finite here and there. It gives a
latency of 0 for a path and inf for none, and no hops; `auto` takes it where no metric asks for more
and no latency is stored.
"""

from typing import Any, NamedTuple, no_type_check

import equinox as eqx
import numpy as np
from jaxtyping import Float32, Int32, UInt8, UInt32
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components

from sdn_mc.core.compiled import entry, kernel
from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.fields import field
from sdn_mc.core.network import Masks, Network, Routes
from sdn_mc.routing.block import frozen

_ONE = np.uint64(1)
_N = np.uint64(4)  # pairs of words in a row
N_HUB = 4  # searches from hubs, before sources are searched from one by one
N_WORD = 8  # words of a row: blocks of up to 256 draws, so that loops over them have fixed ends


class Plan(NamedTuple):
    """One epoch; pairs are sorted by source, as in `pull_push`."""

    neighbour: Int32[np.ndarray, "epochtime sat port"]
    linked: Any  # bool [time, sat, port]
    access_sat: Int32[np.ndarray, "time site candidate"]
    in_view: Any  # bool [time, site, candidate]
    source: Int32[np.ndarray, " source"]
    pair_start: Int32[np.ndarray, " boundary"]
    pair_column: Int32[np.ndarray, " pair"]
    pair_site: Int32[np.ndarray, " pair"]
    order: Int32[np.ndarray, " sat"]  # the hub first


class Scratch(NamedTuple):
    """Working memory: rows of words by satellite, slot, site and pair."""

    reached: UInt32[np.ndarray, "sat word"]
    up: UInt32[np.ndarray, "slot word"]
    site_reached: UInt32[np.ndarray, "site word"]
    site_up: UInt32[np.ndarray, "site word"]
    path: UInt32[np.ndarray, "pair word"]
    tried: UInt32[np.ndarray, "sat word"]  # what hubs reached that were of no use
    left: UInt32[np.ndarray, " word"]  # draws that something is still to be done for
    balance: Int32[np.ndarray, " lane"]
    queue: Int32[np.ndarray, " sat"]
    is_queued: UInt8[np.ndarray, " sat"]


class Reachability(eqx.Module):
    """Compiled code on the CPU: thread-safe, releases the GIL."""

    block_draws: int = field(
        within=(32, 256), doc="Draws in one call, a multiple of 32.", static=True
    )

    def prepare(self, network: Network) -> Plan:
        """Pairs by source, and the order from a hub of the largest part; once an epoch."""
        n_sat, n_port = network.neighbour.shape[-2:]
        neighbour = network.neighbour.reshape(-1, n_sat, n_port)
        by_source = np.argsort(network.pair_source, kind="stable")
        sources = np.arange(len(network.source) + 1)
        boundary = np.searchsorted(network.pair_source[by_source], sources)
        return Plan(
            neighbour=frozen(neighbour),
            linked=frozen(np.isfinite(network.delay_s)),
            access_sat=frozen(network.access_sat),
            in_view=frozen(np.isfinite(network.access_delay_s)),
            source=frozen(network.source),
            pair_start=frozen(boundary.astype(np.int32)),
            pair_column=frozen(by_source.astype(np.int32)),
            pair_site=frozen(network.pair_site[by_source]),
            order=frozen(_order_from_hub(neighbour[0], np.isfinite(network.delay_s[0]))),
        )

    def solve(self, plan: Plan, masks: Masks, truth: Masks | None, walk: bool) -> Routes:
        """0 where there is a path, inf where there is none."""
        if walk or truth is not None:
            raise ValueError("reachability has no routes to walk; use another solver")
        n_time, n_sat, n_port = plan.linked.shape
        n_site, n_word = plan.access_sat.shape[1], masks.link_up.shape[1]
        shape = (n_time, len(plan.pair_column), n_word * DRAWS_PER_WORD)
        latency_s: Float32[np.ndarray, "time pair draw"] = np.empty(shape, np.float32)
        rows = [np.zeros((n, N_WORD), np.uint32) for n in (n_sat, n_sat * n_port, n_site)]
        scratch = Scratch(
            reached=rows[0],
            up=rows[1],
            site_reached=rows[2],
            site_up=np.zeros_like(rows[2]),
            path=np.zeros((len(plan.pair_column), N_WORD), np.uint32),
            tried=np.zeros_like(rows[0]),
            left=np.zeros(N_WORD, np.uint32),
            balance=np.zeros(DRAWS_PER_WORD, np.int32),
            queue=np.empty(n_sat, np.int32),
            is_queued=np.zeros(n_sat, np.uint8),
        )
        mine = scratch._replace(
            reached=np.zeros_like(scratch.reached),
            site_reached=np.zeros_like(scratch.site_reached),
        )
        link_up, access_up = frozen(masks.link_up), frozen(masks.access_up)
        _solve(plan, link_up, access_up, scratch, mine, latency_s)
        return Routes(latency_s=latency_s)


def _order_from_hub(
    neighbour: Int32[np.ndarray, "sat port"], linked: Any
) -> Int32[np.ndarray, " sat"]:
    """Satellites by distance in links from one in the largest part; then all others."""
    n_sat = len(neighbour)
    sat, port = np.nonzero(linked)
    graph = csr_matrix((np.ones(len(sat), np.int8), (sat, neighbour[sat, port])), (n_sat, n_sat))
    _, part = connected_components(graph, directed=False)
    hub = int(np.flatnonzero(part == np.bincount(part).argmax())[0])
    found = breadth_first_order(graph, hub, directed=False, return_predecessors=False)
    return np.concatenate([found, np.setdiff1d(np.arange(n_sat), found)]).astype(np.int32)


@entry
@no_type_check
def _solve(plan, link_up, access_up, scratch, mine, latency_s):
    """All times of a block; `mine` is for searches from a single source."""
    n_word = link_up.shape[1]
    for time in range(len(plan.linked)):
        neighbour = plan.neighbour[time if plan.neighbour.shape[0] > 1 else 0]
        _take_masks(plan, link_up, access_up, time, n_word, scratch)
        _reach_from_hubs(plan, access_up, neighbour, time, n_word, scratch)
        for source in range(len(plan.source)):
            first, end = plan.pair_start[source], plan.pair_start[source + 1]
            site = plan.source[source]
            if _join(plan, site, first, end, scratch):
                hub = scratch.reached
                _reach_from_site(plan, access_up, neighbour, time, n_word, site, hub, mine)
                for pair in range(first, end):
                    _look_up(plan, access_up, time, n_word, plan.pair_site[pair], mine)
                    for word in range(n_word):
                        mine.path[pair, word] |= mine.site_reached[plan.pair_site[pair], word]
            for pair in range(first, end):
                _tell(scratch.path[pair], n_word, latency_s[time, plan.pair_column[pair]])


@kernel
@no_type_check
def _reach_from_hubs(plan, access_up, neighbour, time, n_word, scratch):
    """What a hub reaches; draws in which that is less than half of the sites try other hubs."""
    scratch.reached[:] = 0
    scratch.tried[:] = 0
    for word in range(n_word):
        scratch.left[word] = np.uint32(0xFFFFFFFF)
    for i in range(N_HUB):
        _choose_hubs(plan.order, np.uint64(neighbour.shape[1]), scratch)
        _spread(plan.order, neighbour, *_as_pairs(scratch))
        for site in range(plan.access_sat.shape[1]):
            _look_up(plan, access_up, time, n_word, site, scratch)
        if not _minority(n_word, scratch) or i == N_HUB - 1:
            return
        for sat in range(len(scratch.reached)):
            for word in range(n_word):
                scratch.tried[sat, word] |= scratch.reached[sat, word] & scratch.left[word]
                scratch.reached[sat, word] &= ~scratch.left[word]


@kernel
@no_type_check
def _minority(n_word, scratch):
    """Leave the draws in which less than half of the sites that could be are reached."""
    some_left = np.uint32(0)
    for word in range(n_word):
        scratch.balance[:] = 0
        for site in range(len(scratch.site_up)):
            up, reached = scratch.site_up[site, word], scratch.site_reached[site, word]
            for lane in range(DRAWS_PER_WORD):
                bit = np.uint32(lane)
                scratch.balance[lane] += np.int32((reached >> bit) & np.uint32(1)) * np.int32(2)
                scratch.balance[lane] -= np.int32((up >> bit) & np.uint32(1))
        left = np.uint32(0)
        for lane in range(DRAWS_PER_WORD):
            left |= np.uint32(scratch.balance[lane] < 0) << np.uint32(lane)
        scratch.left[word] = left
        some_left |= left
    return some_left != 0


@kernel
@no_type_check
def _join(plan, site, first, end, scratch):
    """Paths by the hub; whether some draw is left open, as a site hangs on another part."""
    some_left = np.uint32(0)
    for word in range(N_WORD):
        left = np.uint32(0)
        for pair in range(first, end):
            other = plan.pair_site[pair]
            path = scratch.site_reached[site, word] & scratch.site_reached[other, word]
            scratch.path[pair, word] = path
            left |= scratch.site_up[site, word] & scratch.site_up[other, word] & ~path
        scratch.left[word] = left
        some_left |= left
    return some_left != 0


@kernel
@no_type_check
def _tell(path, n_word, latency_s):
    """Bits to 0 or inf."""
    for word in range(n_word):
        for lane in range(DRAWS_PER_WORD):
            there = (path[word] >> np.uint32(lane)) & np.uint32(1) != 0
            latency_s[word * DRAWS_PER_WORD + lane] = 0.0 if there else np.inf


@kernel
@no_type_check
def _as_pairs(scratch):
    """Slots and satellites as flat lists of pairs of words."""
    return scratch.up.reshape(-1).view(np.uint64), scratch.reached.reshape(-1).view(np.uint64)


@kernel
@no_type_check
def _take_masks(plan, link_up, access_up, time, n_word, scratch):
    """Words of every slot side by side; slots without a link are down. And what each site has."""
    n_sat, n_port = link_up.shape[2], link_up.shape[3]
    for sat in range(n_sat):
        for port in range(n_port):
            slot = sat * n_port + port
            there = plan.linked[time, sat, port]
            for word in range(n_word):
                scratch.up[slot, word] = link_up[time, word, sat, port] if there else 0
    for site in range(access_up.shape[2]):
        for word in range(n_word):
            some = np.uint32(0)
            for candidate in range(access_up.shape[3]):
                if plan.in_view[time, site, candidate]:
                    some |= access_up[time, word, site, candidate]
            scratch.site_up[site, word] = some


@kernel
@no_type_check
def _spread(order, neighbour, up, reached):
    """Sweep forwards and backwards in turn until nothing changes."""
    n_sat, n_port = np.uint64(neighbour.shape[0]), np.uint64(neighbour.shape[1])
    changed, backwards = True, False
    while changed:
        changed = False
        for i in range(n_sat):
            sat = np.uint64(order[n_sat - _ONE - i if backwards else i])
            first, slot = sat * _N, sat * n_port
            a, b, c, d = reached[first], reached[first + 1], reached[first + 2], reached[first + 3]
            a_0, b_0, c_0, d_0 = a, b, c, d
            for port in range(n_port):
                far, link = np.uint64(neighbour[sat, port]) * _N, (slot + port) * _N
                a |= reached[far] & up[link]
                b |= reached[far + 1] & up[link + 1]
                c |= reached[far + 2] & up[link + 2]
                d |= reached[far + 3] & up[link + 3]
            reached[first], reached[first + 1], reached[first + 2], reached[first + 3] = a, b, c, d
            changed |= ((a ^ a_0) | (b ^ b_0) | (c ^ c_0) | (d ^ d_0)) != 0
        backwards = not backwards


@kernel
@no_type_check
def _choose_hubs(order, n_port, scratch):
    """In every draw left, the first satellite with two links that was not tried, or with one.

    Two links, since a satellite with one is more often in a part that is small.
    """
    for least in range(2):
        for i in range(len(order)):
            some_left = np.uint32(0)
            for word in range(N_WORD):
                some_left |= _choose(np.uint64(order[i]), n_port, least == 0, word, scratch)
            if some_left == 0:
                return


@kernel
@no_type_check
def _choose(sat, n_port, two, word, scratch):
    """Make a satellite the hub of the draws left in which it has links; the draws still left."""
    once, twice = np.uint32(0), np.uint32(0)
    for port in range(n_port):
        up = scratch.up[sat * n_port + port, word]
        twice |= once & up
        once |= up
    left = scratch.left[word]
    taken = left & (twice if two else once) & ~scratch.tried[sat, word]
    scratch.reached[sat, word] |= taken
    scratch.left[word] = left & ~taken
    return scratch.left[word]


@kernel
@no_type_check
def _look_up(plan, access_up, time, n_word, site, scratch):
    """In which draws a site may use a satellite that is reached."""
    for word in range(n_word):
        some = np.uint32(0)
        for candidate in range(access_up.shape[3]):
            if plan.in_view[time, site, candidate]:
                sat = plan.access_sat[time, site, candidate]
                some |= access_up[time, word, site, candidate] & scratch.reached[sat, word]
        scratch.site_reached[site, word] = some


@kernel
@no_type_check
def _reach_from_site(plan, access_up, neighbour, time, n_word, site, hub, scratch):
    """What a site reaches in the draws that are left, one satellite after the other.

    There one of the two sites has nobody in the hub's part, so only others are begun with.
    """
    scratch.reached[:] = 0
    n_sat, n_port = neighbour.shape
    n_queued, at = 0, 0
    for candidate in range(access_up.shape[3]):
        if plan.in_view[time, site, candidate]:
            sat = plan.access_sat[time, site, candidate]
            for word in range(n_word):
                own = access_up[time, word, site, candidate] & scratch.left[word]
                own &= ~hub[sat, word]
                scratch.reached[sat, word] |= own
                if own != 0 and not scratch.is_queued[sat]:
                    scratch.is_queued[sat] = 1
                    scratch.queue[(at + n_queued) % n_sat] = sat
                    n_queued += 1
    while n_queued > 0:
        sat = scratch.queue[at % n_sat]
        at += 1
        n_queued -= 1
        scratch.is_queued[sat] = 0
        for port in range(n_port):
            far, slot, added = neighbour[sat, port], sat * n_port + port, np.uint32(0)
            for word in range(N_WORD):
                new = scratch.reached[sat, word] & scratch.up[slot, word]
                new &= ~scratch.reached[far, word]
                scratch.reached[far, word] |= new
                added |= new
            if added != 0 and not scratch.is_queued[far]:
                scratch.is_queued[far] = 1
                scratch.queue[(at + n_queued) % n_sat] = far
                n_queued += 1
