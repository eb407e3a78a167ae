"""The topologies of an epoch, and the sites that searches use: what elimination starts from."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int32

from sdn_mc.core.network import Network


class Topology(NamedTuple):
    """Consecutive times with the same neighbours, and the slots that are links at any of them."""

    first_time: int
    end_time: int
    neighbour: Int32[np.ndarray, "sat port"]
    linked: Bool[np.ndarray, "sat port"]


def stretches_of(network: Network) -> Iterator[Topology]:
    """One topology after the other."""
    n_sat, n_port = network.neighbour.shape[-2:]
    neighbour = network.neighbour.reshape(-1, n_sat, n_port)
    n_time, bounds = len(network.delay_s), [0]
    if len(neighbour) > 1:
        changes = np.flatnonzero((neighbour[1:] != neighbour[:-1]).any(axis=(1, 2))) + 1
        bounds += changes.tolist()
    for first, end in pairwise([*bounds, n_time]):
        here = neighbour[first if len(neighbour) > 1 else 0]
        there = np.isfinite(network.delay_s[first:end]).any(axis=0)
        yield Topology(first, end, here, (here != np.arange(n_sat)[:, None]) & there)


def used_sites(network: Network) -> Int32[np.ndarray, " usedsite"]:
    """Sites that some pair uses: the sources in order, then the others."""
    others = np.setdiff1d(network.pair_site, network.source)
    return np.concatenate([network.source, others]).astype(np.int32)
