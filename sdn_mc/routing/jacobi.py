"""The portable solver: Jacobi sweeps in XLA on any device; in float64, the oracle.

Model: distance[sat] = min(distance[sat], access delay from the source, min over ports of
(distance[neighbour] + delay) where the link is up), for all satellites at once and all draws as
the trailing axis, until nothing changes (Bellman 1958; Ford 1956). The number of sweeps is the
largest number of links on any shortest path, so it grows with the network and with the failures.

Precision: `int32` counts ticks of 2 ns and gives the same bits as every other int32 solver.
`float32` rounds each sum (about 1e-4 ms on a path). `float64` is exact to about 1e-13 ms and
returns float64. The float minimum over paths of sums taken from the source outwards is unique, so
it does not depend on the number of sweeps; the walk compares the very sums that the sweeps made
and so finds a neighbour that attains each distance without any tolerance.

Limits: on a CPU it is slower than scipy's Dijkstra under heavy failure; use it for checks there.
Memory: one time and a few sources at a time.
"""

from functools import partial
from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Int16, Int32, Num, UInt32

from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.fields import field
from sdn_mc.core.network import (
    NO_HOPS,
    NO_PATH_TICKS,
    Either,
    Masks,
    Network,
    Routes,
    from_ticks,
    to_ticks,
)
from sdn_mc.graph import neighbours_at
from sdn_mc.routing.walk import link_seconds, link_ticks

BATCH_ELEMENTS = 1 << 24  # distances held at once (64 MB in 32 bits): sets the sources per batch


class Graph(NamedTuple):
    """One time: delays in the solver's own unit, and its "no path"."""

    neighbour: Int32[Either, "sat port"]
    delay: Num[Either, "sat port"]
    access_sat: Int32[Either, "site candidate"]
    access_delay: Num[Either, "site candidate"]
    no_path: Num[Either, ""]


class TimeMasks(NamedTuple):
    """Mask words at one time."""

    link_up: UInt32[Either, "word sat port"]
    access_up: UInt32[Either, "word site candidate"]


class Query(NamedTuple):
    """Sources and the destination sites of each; padding asks for site 0."""

    source: Int32[Either, " source"]
    destination: Int32[Either, "source flow"]


class Found(NamedTuple):
    """Answers for the destinations of each source."""

    total: Num[Array, "*source flow draw"]
    hops: Int16[Array, "*source flow draw"] | None
    delivered: Bool[Array, "*source flow draw"] | None


class JacobiPlan(NamedTuple):
    """One epoch: a graph for each time, and which answer belongs to which pair."""

    graphs: list[Graph]
    query: Query
    pair_row: Int[np.ndarray, " pair"]
    pair_place: Int[np.ndarray, " pair"]


class XlaJacobi(eqx.Module):
    """Jacobi sweeps on the device of the masks: the portable solver, and in float64 the oracle."""

    on_device: ClassVar[bool] = True

    precision: str = field(
        choices=("int32", "float32", "float64"), doc="Numbers that delays are added in."
    )
    block_draws: int = field(
        within=(32, 256), doc="Draws in one call, a multiple of 32.", static=True
    )

    def prepare(self, network: Network) -> JacobiPlan:
        """Delays in this precision, and pairs grouped by source; once an epoch."""
        query, row, place = _query(network)
        link, access, no_path = self._delays(network)
        graphs = [
            Graph(neighbours_at(network, t), link[t], network.access_sat[t], access[t], no_path)
            for t in range(len(link))
        ]
        return JacobiPlan(graphs, query, row, place)

    def solve(self, plan: JacobiPlan, masks: Masks, truth: Masks | None, walk: bool) -> Routes:
        """Routes on `masks`, one compiled call a time."""
        walking = walk or truth is not None
        n_draw = masks.link_up.shape[1] * DRAWS_PER_WORD
        n_sat = masks.link_up.shape[2]
        batch = max(1, min(len(plan.query.source), BATCH_ELEMENTS // (n_sat * n_draw)))
        found = []
        with jax.enable_x64(self.precision == "float64"):
            for time, graph in enumerate(plan.graphs):
                known = _at(masks, time)
                true = known if truth is None else _at(truth, time)
                answer = _solve_time(graph, plan.query, known, true, walking, batch)
                found.append(jax.tree.map(np.asarray, answer))
        at = plan.pair_row, plan.pair_place
        return Routes(
            latency_s=self._seconds(np.stack([one.total[at] for one in found])),
            hops=np.stack([one.hops[at] for one in found]) if walk else None,
            delivered=np.stack([one.delivered[at] for one in found]) if truth is not None else None,
        )

    def _delays(self, network: Network) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Delays of links and of access links, and "no path", in the solver's own unit."""
        if self.precision == "int32":
            link, access = link_ticks(network), to_ticks(network.access_delay_s)
            return link, access, np.array(NO_PATH_TICKS, np.int32)
        delays = link_seconds(network), network.access_delay_s, np.array(np.inf)
        link, access, no_path = (delay.astype(self.precision) for delay in delays)
        return link, access, no_path

    def _seconds(self, total: Num[np.ndarray, "..."]) -> Num[np.ndarray, "..."]:
        return from_ticks(total).astype(np.float32) if self.precision == "int32" else total


@partial(jax.jit, static_argnames=("walking", "batch"))
def _solve_time(
    graph: Graph, query: Query, known: TimeMasks, true: TimeMasks, walking: bool, batch: int
) -> Found:
    """All sources at one time, `batch` of them at once."""
    link_up, access_up = _unpack(known.link_up), _unpack(known.access_up)

    def one_source(source_and_destinations: tuple[Array, Array]) -> Found:
        source, destination = source_and_destinations
        distance = _distances(graph, link_up, access_up[source], source)
        offers = distance[graph.access_sat[destination]] + _column(graph.access_delay[destination])
        offers = jnp.where(access_up[destination], offers, graph.no_path)
        total = jnp.minimum(jnp.min(offers, axis=1), graph.no_path)
        if not walking:
            return Found(total, None, None)
        candidate = jnp.argmax(offers == total[:, None, :], axis=1)
        return _walk(graph, distance, source, destination, candidate, total, known, true)

    return jax.lax.map(one_source, (query.source, query.destination), batch_size=batch)


def _distances(
    graph: Graph,
    link_up: Bool[Array, "sat port draw"],
    start_up: Bool[Array, "candidate draw"],
    source: Int32[Array, ""],
) -> Num[Array, "sat draw"]:
    """Least delay from one source to every satellite in every draw."""
    start = jnp.where(start_up, _column(graph.access_delay[source]), graph.no_path)
    none = jnp.full((len(graph.neighbour), start.shape[-1]), graph.no_path)
    first = none.at[graph.access_sat[source]].min(start)

    def sweep(state: tuple[Array, Array]) -> tuple[Array, Array]:
        before, _ = state
        after = before
        for port in range(graph.neighbour.shape[1]):
            offer = before[graph.neighbour[:, port]] + _column(graph.delay[:, port])
            after = jnp.minimum(after, jnp.where(link_up[:, port], offer, graph.no_path))
        return after, jnp.any(after < before)

    return jax.lax.while_loop(lambda state: state[1], sweep, (first, jnp.asarray(True)))[0]


def _walk(
    graph: Graph,
    distance: Num[Array, "sat draw"],
    source: Int32[Array, ""],
    destination: Int32[Array, " flow"],
    candidate: Int[Array, "flow draw"],
    total: Num[Array, "flow draw"],
    known: TimeMasks,
    true: TimeMasks,
) -> Found:
    """The rule of `walk.py`, for every destination and draw at once."""
    draw = jnp.arange(total.shape[-1], dtype=jnp.int32)[None, :]
    word, bit = draw // DRAWS_PER_WORD, jnp.uint32(draw % DRAWS_PER_WORD)
    at_site = destination[:, None]

    def is_up(words: UInt32[Either, "word row slot"], row: Array, slot: Array) -> Array:
        found = words[word, row, slot]
        return (found >> bit.reshape((1,) * (found.ndim - 2) + bit.shape)) & jnp.uint32(1) != 0

    def step(state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        sat, hops, ok, moving = state
        here, far, port = distance[sat, draw], sat, jnp.full_like(sat, -1)
        for p in reversed(range(graph.neighbour.shape[1])):
            neighbour = graph.neighbour[sat, p]
            attains = distance[neighbour, draw] + graph.delay[sat, p] == here
            take = moving & attains & is_up(known.link_up, sat, jnp.int32(p))
            far, port = jnp.where(take, neighbour, far), jnp.where(take, p, port)
        moving = port >= 0
        ok = ok & (~moving | is_up(true.link_up, sat, port))
        return far, hops + moving.astype(hops.dtype), ok, moving & (hops < len(graph.neighbour))

    reached = total < graph.no_path
    start = graph.access_sat[at_site, candidate]
    ok = reached & is_up(true.access_up, at_site, candidate)
    state = start, jnp.zeros(total.shape, jnp.int32), ok, reached
    sat, hops, ok, _ = jax.lax.while_loop(lambda s: jnp.any(s[3]), step, state)
    slots = jnp.arange(graph.access_sat.shape[1], dtype=jnp.int32)[:, None, None]
    enters = is_up(known.access_up[:, source][:, :, None], slots, jnp.int32(0))
    enters = enters & (graph.access_sat[source][:, None, None] == sat[None])
    enters = enters & (graph.access_delay[source][:, None, None] == distance[sat, draw][None])
    ok = ok & is_up(true.access_up, source, jnp.argmax(enters, axis=0))
    return Found(total, jnp.where(reached, hops, NO_HOPS).astype(jnp.int16), ok)


def _query(network: Network) -> tuple[Query, np.ndarray, np.ndarray]:
    """Destinations by source, and where each pair's answer stands."""
    n_source = len(network.source)
    place = np.zeros(len(network.pair_source), np.int64)
    count = np.zeros(n_source, np.int64)
    for pair, source in enumerate(network.pair_source):
        place[pair] = count[source]
        count[source] += 1
    destination = np.zeros((n_source, max(1, int(count.max(initial=0)))), np.int32)
    destination[network.pair_source, place] = network.pair_site
    return Query(network.source, destination), network.pair_source, place


def _at(masks: Masks, time: int) -> TimeMasks:
    return TimeMasks(masks.link_up[time], masks.access_up[time])


def _column(delay: Num[Either, "*rows"]) -> Num[Array, "*rows 1"]:
    return jnp.expand_dims(delay, -1)


def _unpack(words: UInt32[Either, "word row slot"]) -> Bool[Array, "row slot draw"]:
    """Mask words to booleans with draws trailing."""
    bit = jnp.arange(DRAWS_PER_WORD, dtype=jnp.uint32).reshape((1,) * words.ndim + (-1,))
    flags = (jnp.moveaxis(words, 0, -1)[..., None] >> bit) & jnp.uint32(1)
    return flags.reshape(*words.shape[1:], -1) != 0
