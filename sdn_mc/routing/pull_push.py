"""The compiled CPU solver: pull sweeps in healthy-distance order, then a push worklist.

Model: least latency from a source to every satellite in 32 draws at once, one draw a SIMD lane.
All distances start at "no path" except over the source's access links; a *pull* lowers a node to
min over ports of (neighbour's distance + delay) in the lanes whose mask bit is set. Nodes are
renumbered in the order of their distance in the undamaged network, so that one sweep forwards
solves the undamaged case and failures need a few more, forwards and backwards in turn. Once few
nodes still change, each changed node is taken from a worklist and *pushes* its distance to its
neighbours. Both only ever lower a distance to the length of a path that exists, and both stop when
nothing can be lowered: the result is exact and does not depend on the order.

Latencies are int32 ticks of 2 ns: each link and access link is rounded by at most 1 ns, so a path
of n links is within (n + 2) * 1 ns of its exact latency. Sums of integers do not depend on their
order either, so every int32 solver returns the same bits.

Assumptions: both slots of a link have the same delay and the same mask bits; a path of 1.07 s or
more counts as no path. Measured on one core of a busy AVX-512 machine with 10 sources and blocks of
64 to 256 draws, without the walk, against scipy's Dijkstra (two runs, not interleaved): 66 to 102
times faster at 5 % failures and 25 to 33 times at 30 % with 480 satellites; 78 to 111 and 18 to 22
with 1,584; 93 to 95 and 20 to 24 with 10,076. AVX2 takes about twice as long.
"""

import equinox as eqx
import numpy as np
from jaxtyping import Bool

from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.fields import field
from sdn_mc.core.network import Masks, Network, Routes, to_ticks
from sdn_mc.routing.block import aligned, draws_of, empty_answer, frozen, routes_of, tasks_of
from sdn_mc.routing.healthy_order import N_BUCKET, OrderScratch, fill_orders
from sdn_mc.routing.pull_push_kernel import (
    N_PER_FLAG_WORD,
    Plan,
    Scratch,
    solve_block,
)
from sdn_mc.routing.walk import link_ticks
from sdn_mc.routing.walk_kernel import trail

# Orders are kept for as many times as fit into this; neighbouring times then share one, which
# costs a few sweeps and changes no result.
ORDER_BYTES = 1 << 28
LARGEST_UINT16 = np.iinfo(np.uint16).max


class PullPush(eqx.Module):
    """Compiled code on the CPU: thread-safe, releases the GIL."""

    block_draws: int = field(
        within=(32, 256), doc="Draws in one call, a multiple of 32.", static=True
    )

    def prepare(self, network: Network) -> Plan:
        """Ticks, pairs by source, and the healthy order of every source; once an epoch."""
        by_source = np.argsort(network.pair_source, kind="stable")
        ticks, access_ticks = link_ticks(network), to_ticks(network.access_delay_s)
        n_time, n_sat, n_port = ticks.shape
        live = _live(network)
        n_source, n_live = len(network.source), int(live.sum())
        id_type = np.uint16 if n_sat <= LARGEST_UINT16 else np.int32
        order_bytes = n_time * n_source * n_live * np.dtype(id_type).itemsize
        times_per_order = max(1, -(-order_bytes // ORDER_BYTES))
        n_order = -(-n_time // times_per_order)
        order = np.zeros((n_order, n_source, n_live), id_type)
        boundary = np.searchsorted(network.pair_source[by_source], np.arange(n_source + 1))
        plan = Plan(
            neighbour=frozen(network.neighbour.reshape(-1, n_sat, n_port)),
            link_ticks=frozen(ticks),
            access_sat=frozen(network.access_sat),
            access_ticks=frozen(access_ticks),
            source=frozen(network.source),
            pair_start=frozen(boundary.astype(np.int32)),
            pair_column=frozen(by_source.astype(np.int32)),
            pair_site=frozen(network.pair_site[by_source]),
            order=order,
            times_per_order=times_per_order,
        )
        fill_orders(plan, live, order, _order_scratch(plan))
        return plan._replace(order=frozen(order))

    def solve(self, plan: Plan, masks: Masks, truth: Masks | None, walk: bool) -> Routes:
        """Routes on `masks`; scratch memory belongs to the call, so threads may share a plan."""
        draws, tasks = draws_of(masks, truth), tasks_of(truth, walk)
        answer = empty_answer(draws, len(plan.pair_column))
        ports = tuple(range(plan.link_ticks.shape[2]))
        solve_block(plan, ports, draws, tasks, scratch_of(plan), answer)
        return routes_of(answer, truth, walk)


def _live(network: Network) -> Bool[np.ndarray, " sat"]:
    """Satellites that some path may pass: with a link or an access link at some time."""
    linked = np.isfinite(network.delay_s)
    live = linked.any(axis=(0, 2))
    live[network.access_sat[np.isfinite(network.access_delay_s)]] = True
    return live


def scratch_of(plan: Plan) -> Scratch:
    """Working memory of one call."""
    n_live, n_port = plan.order.shape[2], plan.link_ticks.shape[2]
    id_type = plan.order.dtype
    n_slot = n_live * n_port
    return Scratch(
        distance=aligned(((n_live + 1) * DRAWS_PER_WORD,), np.int32),
        position=np.empty(plan.link_ticks.shape[1], id_type),
        neighbour=np.empty(n_slot, id_type),
        ticks=np.empty(n_slot, np.int32),
        up=np.empty(n_slot, np.uint32),
        changed=np.zeros(n_live // N_PER_FLAG_WORD + 1, np.uint64),
        way=trail(plan.link_ticks.shape[1]),
    )


def _order_scratch(plan: Plan) -> OrderScratch:
    _, n_sat, n_port = plan.link_ticks.shape
    n_entry = n_sat * n_port + plan.access_sat.shape[2]
    return OrderScratch(
        distance=np.empty(n_sat, np.int32),
        rank=np.empty(n_sat, np.int32),
        bucket=np.full(N_BUCKET, -1, np.int32),
        entry_sat=np.empty(n_entry, np.int32),
        entry_next=np.empty(n_entry, np.int32),
    )
