"""The walk: which satellites a route passes. One rule, so that every solver names the same nodes.

The rule, from the destination back to the source, in one draw, with `distance` the least latency
from the source to each satellite on the masks that routing knows:

1. At the destination, take the lowest candidate that is up and attains the pair's latency:
   distance[satellite] + access delay = latency.
2. At a satellite, take the lowest port whose link is up and whose neighbour attains the
   satellite's distance: distance[neighbour] + delay = distance[satellite]. Repeat.
3. Where no port attains it, the route entered here: take the source's lowest candidate that is
   up, is this satellite, and has the access delay distance[satellite].

Equality is exact. The integer solvers compare ticks of 2 ns, and give the same nodes; a float
solver compares the very sums that it made, and may break a near-tie otherwise. A link counts at
least one tick (0.6 m of light travel), so that distances fall on the way and the walk ends.

`walk_one` is the plain reference: it follows the rule for one pair in one draw, with scipy's
distances on whole ticks, and returns everything needed to add the delay up by hand.
"""

import numpy as np
from jaxtyping import Float64, Int32, Shaped

from sdn_mc.core.network import NO_PATH_TICKS, TICK_S, DrawMasks, Network, Walk, to_ticks
from sdn_mc.graph import least_from, neighbours_at


def link_ticks(network: Network) -> Int32[np.ndarray, "time sat port"]:
    """Delays of the links in ticks, at least one."""
    return np.maximum(to_ticks(network.delay_s), 1)


def link_seconds(network: Network) -> Float64[np.ndarray, "time sat port"]:
    """Delays of the links for the float solvers, with the same least value."""
    return np.maximum(network.delay_s, TICK_S)


def walk_one(
    network: Network, time: int, pair: int, known: DrawMasks, truth: DrawMasks | None = None
) -> Walk | None:
    """The route of one pair in one draw at one time by the rule above; None without a path."""
    truth = known if truth is None else truth
    ticks = np.where(known.link_up, link_ticks(network)[time], NO_PATH_TICKS)
    access = np.where(known.access_up, to_ticks(network.access_delay_s[time]), NO_PATH_TICKS)
    neighbour = neighbours_at(network, time)
    source = int(network.source[network.pair_source[pair]])
    destination = int(network.pair_site[pair])
    access_sat = network.access_sat[time]

    weight = np.where(ticks < NO_PATH_TICKS, ticks, np.inf)
    start = np.where(access[source] < NO_PATH_TICKS, access[source], np.inf)
    distance = least_from(neighbour, weight, access_sat[source], start)  # whole, so exact
    total = distance[access_sat[destination]] + access[destination]
    if total.min() >= NO_PATH_TICKS:
        return None
    destination_candidate = int(np.argmin(total))
    sat, port = [int(access_sat[destination, destination_candidate])], []
    while len(sat) <= len(distance):
        attains = distance[neighbour[sat[-1]]] + weight[sat[-1]] == distance[sat[-1]]
        if not attains.any():
            break
        port.append(int(np.argmax(attains)))
        sat.append(int(neighbour[sat[-1], port[-1]]))
    enters = (access_sat[source] == sat[-1]) & (start == distance[sat[-1]])
    source_candidate = int(np.argmax(enters))

    links = list(zip(sat[:-1], port, strict=True))[::-1]
    ends = (source, source_candidate), (destination, destination_candidate)
    delays, access_delays = network.delay_s[time], network.access_delay_s[time]
    return Walk(
        source_site=source,
        destination_site=destination,
        source_candidate=source_candidate,
        destination_candidate=destination_candidate,
        sat=tuple(sat[::-1]),
        port=tuple(port[::-1]),
        delay_s=_along(access_delays, ends, delays, links),
        truly_up=_along(truth.access_up, ends, truth.link_up, links),
        latency_s=float(total.min() * TICK_S),
    )


def _along(
    access: Shaped[np.ndarray, "site candidate"],
    ends: tuple[tuple[int, int], tuple[int, int]],
    link: Shaped[np.ndarray, "sat port"],
    links: list[tuple[int, int]],
) -> tuple:
    """One value for each leg: source access, links, destination access."""
    return (access[ends[0]].item(), *(link[at].item() for at in links), access[ends[1]].item())
