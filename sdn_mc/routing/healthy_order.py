"""The order in which `pull_push` sweeps: satellites by distance in the undamaged network, compiled.

Dijkstra's search (1959) with buckets instead of a heap (Dial 1969): a satellite waits in the bucket
of its distance, and buckets are emptied from the nearest on. Inside a bucket any order will do: no
order changes a result, only the number of sweeps depends on it.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Int32

from sdn_mc.core.compiled import entry, kernel
from sdn_mc.core.network import NO_PATH_TICKS

# 2^15 ticks are 66 us or 20 km of light travel, well below one laser link.
BUCKET_SHIFT = 15
N_BUCKET = NO_PATH_TICKS >> BUCKET_SHIFT
NOT_PLACED = -1


class OrderScratch(NamedTuple):
    """Working memory: the buckets are linked lists of waiting satellites, all empty at first."""

    distance: Int32[np.ndarray, " sat"]
    rank: Int32[np.ndarray, " sat"]
    bucket: Int32[np.ndarray, " bucket"]  # first entry, -1 if empty
    entry_sat: Int32[np.ndarray, " entry"]
    entry_next: Int32[np.ndarray, " entry"]


@entry
@no_type_check
def fill_orders(plan, live, order, scratch):
    """Satellites by healthy distance from each source, at the first of the times of each order.

    Live satellites that the search does not reach follow in any order.
    """
    for group in range(order.shape[0]):
        time = group * plan.times_per_order
        neighbour = plan.neighbour[time if plan.neighbour.shape[0] > 1 else 0]
        for source in range(order.shape[1]):
            site = plan.source[source]
            access = plan.access_sat[time, site], plan.access_ticks[time, site]
            n_placed = by_distance(
                neighbour, plan.link_ticks[time], access, order[group, source], scratch
            )
            for sat in range(len(live)):
                if live[sat] and scratch.rank[sat] == NOT_PLACED:
                    order[group, source, n_placed] = sat
                    n_placed += 1


@kernel
@no_type_check
def by_distance(neighbour, ticks, access, order, scratch):
    """Least ticks from a site with these access links (satellites, ticks); how many are reached."""
    scratch.distance[:] = NO_PATH_TICKS
    scratch.rank[:] = NOT_PLACED
    n_entry, n_placed, n_taken = 0, 0, 0
    for candidate in range(len(access[0])):
        n_entry = _offer(scratch, access[0][candidate], access[1][candidate], n_entry)
    at = 0
    while n_taken < n_entry:  # ends with every bucket empty, as it began
        while scratch.bucket[at] >= 0:
            n_taken += 1
            entry = scratch.bucket[at]
            scratch.bucket[at] = scratch.entry_next[entry]
            sat = scratch.entry_sat[entry]
            if scratch.rank[sat] != NOT_PLACED:
                continue
            scratch.rank[sat] = n_placed
            order[n_placed] = sat
            n_placed += 1
            for port in range(ticks.shape[1]):
                far = neighbour[sat, port]
                if scratch.rank[far] == NOT_PLACED:
                    total = scratch.distance[sat] + ticks[sat, port]
                    n_entry = _offer(scratch, far, total, n_entry)
        at += 1
    return n_placed


@kernel
@no_type_check
def _offer(scratch, sat, total, n_entry):
    """Queue a satellite at a lower distance; the new number of entries."""
    if total >= scratch.distance[sat]:
        return n_entry
    at = total >> BUCKET_SHIFT
    scratch.distance[sat] = total
    scratch.entry_sat[n_entry] = sat
    scratch.entry_next[n_entry] = scratch.bucket[at]
    scratch.bucket[at] = n_entry
    return n_entry + 1
