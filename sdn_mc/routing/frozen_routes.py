"""Routes of an earlier instant, followed through the present: what goes on without a control plane.

Model: while routing is frozen (`Masks.frozen`), every pair keeps the route that its policy named at
the instant in force, by the walk's rule (`walk.py`) on what the policy knew then. A leg of it joins
the same two satellites, or the same site and satellite, by whatever slot or candidate they have:

    gone      at some instant since, geometry did not offer the leg. It stays gone until routing
              works again: nobody hands over, nobody turns a laser.
    down      something else has it down now. It is back when that is: the route is still installed.

A route delivers while each of its legs is up and none is gone, with the delays of the present in
whole ticks of 2 ns, whichever solver the run has; otherwise the pair has no path.

Assumptions and limits: what is installed needs no control plane, and a leg that was down needs none
to come back, an optimistic choice; a site holds its satellite as long as it sees it, also where
access is to the best one alone; a leg that is gone for less than a step of time is not noticed. A
flow takes the best of its pairs at every instant.

All of it is done on the host: masks and routes of a device are fetched in the columns that freeze.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int, Int32, UInt32

from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.network import (
    NO_PATH_TICKS,
    TICK_S,
    DrawMasks,
    Masks,
    Network,
    Routes,
    Walk,
    to_ticks,
)
from sdn_mc.graph import neighbours_at
from sdn_mc.routing.block import frozen as read_only
from sdn_mc.routing.checks import checked_routes
from sdn_mc.routing.fixed_routes import found_routes, mesh_of
from sdn_mc.routing.frozen_routes_kernel import Answer, Present, follow_routes
from sdn_mc.routing.walk import walk_one

SPELLS_AT_ONCE = 32  # bounds memory: each holds the delays of a whole mesh
GONE = -1  # port or candidate that is not there


class Plan(NamedTuple):
    """The solver's plan of one epoch, and the network that routes are followed through."""

    of_solver: Any
    network: Network


class Spells(NamedTuple):
    """Draws and the instants whose routes stay in force in them."""

    draw: Int32[np.ndarray, " spell"]
    onset: Int32[np.ndarray, " spell"]


def solved_routes(
    solver: Any,
    plan: Plan,
    known: Masks,
    now: Masks,
    walk: bool,
    without: Sequence[Masks] = (),
) -> Routes:
    """Routes on what is known, checked on what is if that differs; frozen ones where they are.

    A frozen route passes what some masks are without if it would not hold there.
    """
    truth, less = None if known is now else _for_solver(now), list(map(_for_solver, without))
    routes = checked_routes(solver, plan.of_solver, _for_solver(known), truth, walk, less)
    if now.frozen is None:
        return routes
    found = _with_frozen(routes, plan.network, known, now)
    if routes.passes is None:
        return found
    is_frozen = _is_frozen(now.frozen.instant)[:, None]
    passes = tuple(
        np.where(is_frozen, np.isinf(_with_frozen(routes, plan.network, known, each).latency_s), p)
        for each, p in zip(without, routes.passes, strict=True)
    )
    return Routes(found.latency_s, found.hops, found.delivered, passes)


def walk_in_force(
    network: Network, time: int, pair: int, known: DrawMasks, now: DrawMasks
) -> Walk | None:
    """The route of one pair in one draw by plain code, with each leg's present state.

    That of the earlier instant in force, if there is one. A leg that is gone has an infinite delay.
    """
    if known.in_force is None or now.in_force is None:
        return walk_one(network, time, pair, known, now)
    onset = known.in_force.time
    kept = walk_one(network, onset, pair, known.in_force.then)
    if kept is None:
        return None
    since = range(onset + 1, time + 1)
    ends = (kept.source_site, kept.sat[0]), (kept.destination_site, kept.sat[-1])
    start, end = (
        _leg(
            [_access_there(network, each, site, sat) for each in since],
            network.access_delay_s[time, site],
            now.in_force.access_up[site],
        )
        for site, sat in ends
    )
    links = [
        _leg(
            [_link_there(network, each, here, there) for each in since],
            network.delay_s[time, here],
            now.link_up[here],
        )
        for here, there in zip(kept.sat[1:], kept.sat[:-1], strict=True)
    ]
    delays = tuple(leg.delay_s for leg in (start, *links, end))
    return kept._replace(
        source_candidate=start.place,
        destination_candidate=end.place,
        port=tuple(leg.place for leg in links),
        delay_s=delays,
        truly_up=tuple(leg.is_up for leg in (start, *links, end)),
        latency_s=_latency_s(delays),
    )


class Leg(NamedTuple):
    """A leg at present: its port or candidate, delay (inf: it is gone), and whether it is up."""

    place: int
    delay_s: float
    is_up: bool


def _leg(
    there: list[Bool[np.ndarray, " place"]],
    delay_s: Float64[np.ndarray, " place"],
    up: Bool[np.ndarray, " place"],
) -> Leg:
    """By the first port or candidate that is up, or else the first; `there` at all times since."""
    if not all(each.any() for each in there):
        return Leg(GONE, np.inf, False)
    usable = there[-1] & up
    place = int(np.argmax(usable if usable.any() else there[-1]))
    return Leg(place, float(delay_s[place]), bool(up[place]))


def _link_there(network: Network, time: int, here: int, there: int) -> Bool[np.ndarray, " port"]:
    """Ports of one satellite that geometry lets reach another."""
    leads = neighbours_at(network, time)[here] == there
    return leads & np.isfinite(network.delay_s[time, here])


def _access_there(
    network: Network, time: int, site: int, sat: int
) -> Bool[np.ndarray, " candidate"]:
    """Candidates of a site that are this satellite."""
    seen = np.isfinite(network.access_delay_s[time, site])
    return seen & (network.access_sat[time, site] == sat)


def _latency_s(delay_s: tuple[float, ...]) -> float:
    """Whole ticks, at least one a link, in seconds; inf if a leg is gone."""
    ticks = to_ticks(np.array(delay_s))
    ticks[1:-1] = np.maximum(ticks[1:-1], 1)
    return float(ticks.sum() * TICK_S) if ticks.max() < NO_PATH_TICKS else np.inf


def _for_solver(masks: Masks) -> Masks:
    return masks if masks.frozen is None else Masks(masks.link_up, masks.access_up)


def _with_frozen(routes: Routes, network: Network, known: Masks, now: Masks) -> Routes:
    """The same routes, but those in force where routing is frozen."""
    assert now.frozen is not None
    instant = now.frozen.instant
    is_frozen = _is_frozen(instant)
    latency_s = np.array(routes.latency_s)
    unasked = np.empty(latency_s.shape, np.int16)
    answer = Answer(latency_s, unasked if routes.hops is None else np.array(routes.hops))
    present = Present(
        neighbour=network.neighbour.reshape(-1, *network.neighbour.shape[-2:]),
        delay_s=network.delay_s,
        access_sat=network.access_sat,
        access_delay_s=network.access_delay_s,
        link_up=np.asarray(now.link_up),
        access_up=now.frozen.access_up,
        instant=instant,
    )
    present = Present(*map(read_only, present))
    link_up, access_up = np.asarray(known.link_up), np.asarray(known.access_up)
    for spells in _spells(instant, is_frozen):
        at = spells.onset, spells.draw
        then = _at_onsets(network, spells.onset)
        mesh = mesh_of(then, _bits(link_up, *at), _bits(access_up, *at))
        found, _ = found_routes(mesh, n_route=1)
        follow_routes(present, spells, found, answer)
    delivered = routes.delivered
    if delivered is not None:
        delivered = np.asarray(delivered) | is_frozen[:, None]  # inf tells where it is not
    return Routes(latency_s, None if routes.hops is None else answer.hops, delivered)


def _is_frozen(instant: Int32[np.ndarray, "time draw"]) -> Bool[np.ndarray, "time draw"]:
    """Is an earlier instant in force?"""
    return instant != np.arange(len(instant))[:, None]


def _spells(
    instant: Int32[np.ndarray, "time draw"], is_frozen: Bool[np.ndarray, "time draw"]
) -> Iterator[Spells]:
    """Some spells after the other: each has an instant at which an earlier one is in force."""
    time, draw = np.nonzero(is_frozen)
    is_onset = np.zeros(instant.T.shape, bool)
    is_onset[draw, instant[time, draw]] = True
    spell = np.argwhere(is_onset).astype(np.int32)
    for first in range(0, len(spell), SPELLS_AT_ONCE):
        yield Spells(*map(read_only, spell[first : first + SPELLS_AT_ONCE].T))


def _at_onsets(network: Network, onset: Int[np.ndarray, " spell"]) -> Network:
    """The network with the onsets of spells in the place of its times."""
    lists = network.neighbour
    return dataclasses.replace(
        network,
        neighbour=lists if lists.ndim == 2 else lists[onset],
        delay_s=network.delay_s[onset],
        access_sat=network.access_sat[onset],
        access_delay_s=network.access_delay_s[onset],
    )


def _bits(
    words: UInt32[np.ndarray, "time word a b"],
    time: Int[np.ndarray, " spell"],
    draw: Int[np.ndarray, " spell"],
) -> Bool[np.ndarray, "spell a b"]:
    """What is up in a draw at a time, for every spell."""
    bit = (draw % DRAWS_PER_WORD).astype(np.uint32)[:, None, None]
    return (words[time, draw // DRAWS_PER_WORD] >> bit) & np.uint32(1) != 0
