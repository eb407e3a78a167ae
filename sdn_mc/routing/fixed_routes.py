"""Routes that do not know of losses: found once an epoch, then only checked in every draw.

Model: the *first* route of a pair at a time is the one that the walk's rule names on the undamaged
mesh (`walk.py`, whole ticks of 2 ns). The *second*, where one is asked for, is the route that the
rule names once what the first one uses is taken out, as `disjoint_backup.py` says.

In a block a route holds in the draws in which each of its links and access links is up. The words
of 32 draws along it are joined by AND: no solver runs. The pair takes the first of its routes that
holds, with that route's own latency and hops; inf and -1 where none does.

Latencies are those of the int32 solvers to the bit, whichever solver the run has.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float32, Int16, Int32, UInt32

from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.devices import OnDevices, current_device
from sdn_mc.core.network import (
    NO_HOPS,
    NO_PATH_TICKS,
    DrawMasks,
    Either,
    Masks,
    Network,
    Routes,
    Walk,
    from_ticks,
    to_ticks,
)
from sdn_mc.graph import neighbours_at
from sdn_mc.routing.block import frozen
from sdn_mc.routing.fixed_routes_kernel import Found, Held, Mesh, Scratch, find_held, find_routes
from sdn_mc.routing.healthy_order import N_BUCKET, OrderScratch
from sdn_mc.routing.walk import link_ticks, walk_one

SATELLITES, LINKS = "satellites", "links"  # what the second route shares none of
LEGS_AT_FIRST = 64  # looked for anew if some route has more
LEGS_STEP = 16  # room for legs, so that few numbers of them compile on a device


class RouteTable(NamedTuple):
    """The routes of one epoch, in the order in which they are taken."""

    latency_s: Float32[Either, "time pair route"]  # inf: there is none
    hops: Int16[Either, "time pair route"]
    link: Int32[Either, "time pair route leg"]  # slots sat * n_port + port; beyond all: no leg
    end: Int32[Either, "time pair route two"]  # site * n_candidate + candidate


class Plan(NamedTuple):
    """The routes of one epoch on the host, and on each device that asks for them."""

    table: RouteTable
    placed: OnDevices[RouteTable]


def prepare_routes(network: Network, undamaged: Masks, disjoint: str | None) -> Plan:
    """Routes of every pair at every time: the first; and, with `disjoint`, a second."""
    link_up, access_up = (
        (np.asarray(words)[:, 0] & np.uint32(1)) != 0
        for words in (undamaged.link_up, undamaged.access_up)
    )
    mesh = mesh_of(network, link_up, access_up)
    found, n_hop = found_routes(mesh, 1 if disjoint is None else 2, disjoint == SATELLITES)
    n_leg = -(-n_hop // LEGS_STEP) * LEGS_STEP
    missing = ((0, 0), (0, 0), (0, 0), (0, max(0, n_leg - found.link.shape[3])))
    n_slot = mesh.link_ticks[0].size
    link = np.pad(found.link, missing, constant_values=n_slot)[..., :n_leg]
    latency_s = from_ticks(found.ticks).astype(np.float32)
    table = RouteTable(*map(frozen, (latency_s, found.hops, link, found.end)))
    return Plan(table, OnDevices(lambda: jax.device_put(table, current_device())))


def found_routes(mesh: Mesh, n_route: int, off_satellites: bool = False) -> tuple[Found, int]:
    """The first routes of every pair at every time, or both; and the most links of any."""
    found = _room(mesh, n_route, LEGS_AT_FIRST)
    n_hop = find_routes(mesh, off_satellites, found, _scratch(mesh))
    if n_hop > LEGS_AT_FIRST:
        found = _room(mesh, n_route, n_hop)
        find_routes(mesh, off_satellites, found, _scratch(mesh))
    return found, n_hop


def held_routes(plan: Plan, masks: Masks, walk: bool, without: Sequence[Masks] = ()) -> Routes:
    """The first route of each pair that holds, where the masks are.

    It passes what some masks are without if, on those, it is not the first that holds.
    """
    routes = _held(plan, masks, walk)
    if not without:
        return routes
    numbered = _numbered(plan)
    taken, *others = (_held(numbered, each, False).latency_s for each in (masks, *without))
    return Routes(routes.latency_s, routes.hops, None, tuple(taken != each for each in others))


def _numbered(plan: Plan) -> Plan:
    """Routes by their numbers, in the place of latencies."""
    shape = plan.table.latency_s.shape
    number = np.broadcast_to(np.arange(shape[2], dtype=np.float32), shape)
    table = plan.table._replace(latency_s=frozen(number))
    return Plan(table, OnDevices(lambda: jax.device_put(table, current_device())))


def _held(plan: Plan, masks: Masks, walk: bool) -> Routes:
    """The first route of each pair that holds."""
    if isinstance(masks.link_up, jax.Array):
        latency_s, hops = _held_on_device(plan.placed.here(), masks.link_up, masks.access_up)
        return Routes(latency_s, hops if walk else None)
    n_time, n_pair, _ = plan.table.hops.shape
    n_word = masks.link_up.shape[1]
    shape = n_time, n_pair, n_word * DRAWS_PER_WORD
    held = Held(np.empty(shape, np.float32), np.empty(shape, np.int16))
    link_up, access_up = (
        frozen(words).reshape(n_time, n_word, -1) for words in (masks.link_up, masks.access_up)
    )
    find_held(plan.table, link_up, access_up, held)
    return Routes(held.latency_s, held.hops if walk else None)


def second_walk(
    network: Network, time: int, pair: int, undamaged: DrawMasks, truth: DrawMasks, disjoint: str
) -> Walk | None:
    """The second route of one pair by plain code, with each leg's state in `truth`."""
    first = walk_one(network, time, pair, undamaged)
    if first is None:
        return None
    left = _without(network, time, first, undamaged, disjoint)
    return None if left is None else walk_one(network, time, pair, left, truth)


def _without(
    network: Network, time: int, first: Walk, undamaged: DrawMasks, disjoint: str
) -> DrawMasks | None:
    """The undamaged mesh without what the first route uses; None if that leaves no choice."""
    link_up, access_up = undamaged.link_up.copy(), undamaged.access_up.copy()
    neighbour, sats = neighbours_at(network, time), network.access_sat[time]
    here = np.arange(len(neighbour))[:, None]
    for a, b in zip(first.sat[:-1], first.sat[1:], strict=True):
        link_up &= ~(((here == a) & (neighbour == b)) | ((here == b) & (neighbour == a)))
    seen = undamaged.access_up & np.isfinite(network.access_delay_s[time])
    ends = (first.source_site, first.sat[0]), (first.destination_site, first.sat[-1])
    others = [np.any(seen[at] & ~np.isin(sats[at], first.sat)) for at, _ in ends]
    if len(first.sat) == 1 and not any(others):
        return None
    kept = [own for (_, own), other in zip(ends, others, strict=True) if not other]
    gone = [sat for sat in first.sat if disjoint == SATELLITES and sat not in kept]
    link_up &= ~(np.isin(here, gone) | np.isin(neighbour, gone))
    for (at, own), other in zip(ends, others, strict=True):
        access_up[at] &= ~np.isin(sats[at], [*gone, own] if other else gone)
    return DrawMasks(link_up, access_up)


@jax.jit
def _held_on_device(
    table: RouteTable,
    link_up: UInt32[Array, "time word sat port"],
    access_up: UInt32[Array, "time word site candidate"],
) -> tuple[Float32[Array, "time pair draw"], Int16[Array, "time pair draw"]]:
    return jax.lax.map(lambda at: _held_at(*at), (table, link_up, access_up))


def _held_at(
    table: RouteTable,
    link_up: UInt32[Array, "word sat port"],
    access_up: UInt32[Array, "word site candidate"],
) -> tuple[Float32[Array, "pair draw"], Int16[Array, "pair draw"]]:
    """One time."""
    n_word, n_pair = len(link_up), len(table.hops)
    up = partial(jnp.take, axis=1, mode="fill", fill_value=0xFFFFFFFF)
    along = jnp.concatenate(
        [up(link_up.reshape(n_word, -1), table.link), up(access_up.reshape(n_word, -1), table.end)],
        axis=-1,
    )
    held = jax.lax.reduce(along, jnp.uint32(0xFFFFFFFF), jax.lax.bitwise_and, (3,))
    bit = jnp.arange(DRAWS_PER_WORD, dtype=jnp.uint32)
    is_held = (jnp.moveaxis(held, 0, -1)[..., None] >> bit) & jnp.uint32(1) != 0
    is_held = is_held.reshape(n_pair, -1, n_word * DRAWS_PER_WORD)
    is_held &= (table.hops != NO_HOPS)[..., None]
    latency_s = jnp.full(is_held[:, 0].shape, jnp.inf, jnp.float32)
    hops = jnp.full(is_held[:, 0].shape, NO_HOPS, jnp.int16)
    for route in reversed(range(is_held.shape[1])):
        here = is_held[:, route]
        latency_s = jnp.where(here, table.latency_s[:, route, None], latency_s)
        hops = jnp.where(here, table.hops[:, route, None], hops)
    return latency_s, hops


def mesh_of(
    network: Network,
    link_up: Bool[np.ndarray, "time sat port"],
    access_up: Bool[np.ndarray, "time site candidate"],
) -> Mesh:
    """What routes are found on: ticks of what is up, and pairs by source."""
    by_source = np.argsort(network.pair_source, kind="stable")
    ticks = np.where(link_up, link_ticks(network), np.int32(NO_PATH_TICKS))
    access = np.where(access_up, to_ticks(network.access_delay_s), np.int32(NO_PATH_TICKS))
    mesh = Mesh(
        neighbour=network.neighbour.reshape(-1, *ticks.shape[1:]),
        link_ticks=ticks,
        access_sat=network.access_sat,
        access_ticks=access,
        source=network.source[network.pair_source[by_source]],
        destination=network.pair_site[by_source],
        column=by_source.astype(np.int32),
    )
    return Mesh(*map(frozen, mesh))


def _room(mesh: Mesh, n_route: int, n_leg: int) -> Found:
    """Room for routes, none of them found yet."""
    shape = len(mesh.link_ticks), len(mesh.column), n_route
    return Found(
        ticks=np.full(shape, NO_PATH_TICKS, np.int32),
        hops=np.full(shape, NO_HOPS, np.int16),
        link=np.full((*shape, n_leg), mesh.link_ticks[0].size, np.int32),
        end=np.zeros((*shape, 2), np.int32),
    )


def _scratch(mesh: Mesh) -> Scratch:
    _, n_sat, n_port = mesh.link_ticks.shape
    n_candidate = mesh.access_ticks.shape[2]
    n_entry = n_sat * n_port + n_candidate
    return Scratch(
        link_ticks=np.empty((n_sat, n_port), np.int32),
        start_ticks=np.empty(n_candidate, np.int32),
        end_ticks=np.empty(n_candidate, np.int32),
        order=np.empty(n_sat, np.int32),
        search=OrderScratch(
            distance=np.empty(n_sat, np.int32),
            rank=np.empty(n_sat, np.int32),
            bucket=np.full(N_BUCKET, -1, np.int32),
            entry_sat=np.empty(n_entry, np.int32),
            entry_next=np.empty(n_entry, np.int32),
        ),
    )
