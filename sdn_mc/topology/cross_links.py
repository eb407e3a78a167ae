"""Links between the members of a federation, on terminals that their own meshes leave free.

A pair is possible if its two groups are allowed to link and both satellites carry traffic and have
a free terminal. Pairs are taken cheapest first while both ends have one left (`matching.py`), each
end on its lowest free port.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int

from sdn_mc.core.constants import LIGHT_KM_S
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.scene import Ephemeris, Links, MeanElements
from sdn_mc.topology.candidates import PART_TIME, can_stand, nearest
from sdn_mc.topology.embedding import embed, pair_orbits
from sdn_mc.topology.matching import cheapest_first, ports_in_turn
from sdn_mc.topology.wiring import Limits, link_delay_s

LASTING, NEAREST = "lasting", "nearest"
N_NEAREST = 12  # of the other member, for each satellite: three for each of four terminals


class Rule(NamedTuple):
    """How links between members are chosen."""

    cross: str
    limits: Limits
    least_km: float
    horizon_s: float


class Free(NamedTuple):
    """Terminals that no link uses: ports in the order of their use, and how many are free."""

    first: Int[np.ndarray, "sat port"]
    n_free: Int[np.ndarray, " sat"]


Pair = tuple[Bool[np.ndarray, " sat"], Bool[np.ndarray, " sat"]]  # satellites of two members


def joined_across(
    links: Links,
    fleet: Fleet,
    ephemeris: Ephemeris,
    allowed: list[Pair],
    rule: Rule,
) -> Links:
    """The links with those between members added; `allowed` has the pairs of members."""
    free = _free(links, fleet)
    if rule.cross == LASTING:
        ends = _lasting(ephemeris, allowed, free, rule)
        return _with(links, ephemeris, [ends], free, rule.limits)
    found = [
        _nearest_now(ephemeris, time, allowed, free, rule.limits)
        for time in range(len(ephemeris.time_s))
    ]
    return _with(links, ephemeris, found, free, rule.limits)


def _free(links: Links, fleet: Fleet) -> Free:
    own = np.arange(fleet.n_sat)[:, None]
    port = np.arange(links.n_terminal)
    open_port = (links.neighbour[:, : links.n_terminal] == own) & (port < fleet.n_terminal[:, None])
    return Free(np.argsort(~open_port, axis=1, kind="stable"), open_port.sum(axis=1))


def _lasting(
    ephemeris: Ephemeris,
    allowed: list[Pair],
    free: Free,
    rule: Rule,
) -> Int[np.ndarray, "link end"]:
    """Pairs that stay near each other over the horizon."""
    ready = np.flatnonzero(
        ephemeris.carries_traffic & (ephemeris.mean.error == 0) & (free.n_free > 0)
    )
    mean = MeanElements(*(values[ready] for values in ephemeris.mean))
    point_km = embed(mean, rule.horizon_s)
    i, j = _near(point_km, [(one[ready], other[ready]) for one, other in allowed])
    orbits = pair_orbits(mean, point_km, i, j)
    possible, always = can_stand(orbits, rule.limits, rule.least_km)
    cost_km = (orbits.rms_km * np.where(always, 1.0, PART_TIME))[possible]
    return _chosen(cost_km, ready[i[possible]], ready[j[possible]], free)


def _nearest_now(
    ephemeris: Ephemeris,
    time: int,
    allowed: list[Pair],
    free: Free,
    limits: Limits,
) -> Int[np.ndarray, "link end"]:
    """Pairs that are near each other at one instant."""
    ready = np.flatnonzero(ephemeris.carries_traffic & (free.n_free > 0))
    position_km = ephemeris.position_km[time][ready]
    i, j = _near(position_km, [(one[ready], other[ready]) for one, other in allowed])
    i, j = ready[i], ready[j]
    link_s = link_delay_s(ephemeris, time, i, j, limits)
    stands = np.isfinite(link_s)
    return _chosen(link_s[stands] * LIGHT_KM_S, i[stands], j[stands], free)


def _near(
    point_km: Float64[np.ndarray, "ready axis"],
    allowed: list[tuple[Bool[np.ndarray, " ready"], Bool[np.ndarray, " ready"]]],
) -> tuple[Int[np.ndarray, " pair"], Int[np.ndarray, " pair"]]:
    """Each pair once in which one is among the nearest of the other member to the other."""
    here, there = [np.zeros(0, int)], [np.zeros(0, int)]
    for one, other in allowed:
        a, b = np.flatnonzero(one), np.flatnonzero(other)
        for seekers, sought in ((a, b), (b, a)):
            i, j = nearest(point_km, seekers, sought, N_NEAREST)
            here.append(i)
            there.append(j)
    i, j = np.concatenate(here), np.concatenate(there)
    key = np.unique(np.minimum(i, j) * len(point_km) + np.maximum(i, j))
    return key // max(len(point_km), 1), key % max(len(point_km), 1)


def _chosen(
    cost: Float64[np.ndarray, " pair"],
    i: Int[np.ndarray, " pair"],
    j: Int[np.ndarray, " pair"],
    free: Free,
) -> Int[np.ndarray, "link end"]:
    got = cheapest_first(cost, i, j, free.n_free.copy())
    return np.stack([i[got], j[got]], axis=1)


def _with(
    links: Links,
    ephemeris: Ephemeris,
    found: list[Int[np.ndarray, "_ end"]],
    free: Free,
    limits: Limits,
) -> Links:
    """The links with cross links set: one list for the epoch, or one for each instant."""
    n_time = len(ephemeris.time_s)
    shape = (len(found), *links.neighbour.shape)
    neighbour = np.broadcast_to(links.neighbour, shape).copy()
    peer = np.broadcast_to(links.peer, shape).copy()
    delay_s = links.delay_s.copy()
    for k, ends in enumerate(found):
        ports = free.first[ends, ports_in_turn(ends)]
        for here, there in ((0, 1), (1, 0)):
            neighbour[k, ends[:, here], ports[:, here]] = ends[:, there]
            peer[k, ends[:, here], ports[:, here]] = ports[:, there]
        for time in range(n_time) if len(found) == 1 else [k]:
            link_s = link_delay_s(ephemeris, time, ends[:, 0], ends[:, 1], limits)
            delay_s[time, ends, ports] = link_s[:, None]
    if len(found) == 1 and n_time >= 1:
        neighbour, peer = neighbour[0], peer[0]
    return dataclasses.replace(links, neighbour=neighbour, peer=peer, delay_s=delay_s)
