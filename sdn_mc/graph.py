"""Graphs as neighbour lists of equal width: least delays, components, degrees (scipy).

`neighbour[sat, port]` with a weight or a flag for each slot; a slot whose weight is inf, or whose
flag is False, is not there. Links may run in parallel: the shortest counts. Ground sites never
carry transit traffic: an edge leads from a source into the mesh and from the mesh to a destination.

These are references and tools for one graph at a time. The solvers of `routing` do draws in bulk.
"""

import numpy as np
from jaxtyping import Bool, Float64, Int, Int32
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from sdn_mc.core.network import Network


def least_from(
    neighbour: Int[np.ndarray, "sat port"],
    weight: Float64[np.ndarray, "sat port"],
    start_sat: Int[np.ndarray, " candidate"],
    start: Float64[np.ndarray, " candidate"],
) -> Float64[np.ndarray, " sat"]:
    """Least total weight to each satellite from one origin with links into the mesh; inf: none."""
    n_sat, n_port = neighbour.shape
    row = np.concatenate([np.repeat(np.arange(n_sat), n_port), np.full(len(start), n_sat)])
    column = np.concatenate([neighbour.ravel(), start_sat])
    graph = _graph(row, column, np.concatenate([weight.ravel(), start]), n_sat + 1)
    return dijkstra(graph, indices=n_sat)[:n_sat]


def shortest_delay_s(
    network: Network,
    time: int,
    link_up: Bool[np.ndarray, "sat port"],
    access_up: Bool[np.ndarray, "site candidate"],
) -> Float64[np.ndarray, "source site"]:
    """Least delay from every source to every site in one draw at one time, exact; inf: no path."""
    neighbour = neighbours_at(network, time)
    weight = np.where(link_up, network.delay_s[time], np.inf)
    access_s = np.where(access_up, network.access_delay_s[time], np.inf)
    sat = network.access_sat[time]
    to_sat = [least_from(neighbour, weight, sat[i], access_s[i]) for i in network.source]
    return np.stack([np.min(distance[sat] + access_s, axis=1) for distance in to_sat])


def component_of(
    neighbour: Int[np.ndarray, "sat port"], link_up: Bool[np.ndarray, "sat port"]
) -> Int32[np.ndarray, " sat"]:
    """Number of the connected component of each satellite."""
    row = np.broadcast_to(np.arange(len(neighbour))[:, None], neighbour.shape)[link_up]
    graph = _graph(row, neighbour[link_up], np.ones(len(row)), len(neighbour))
    return connected_components(graph, directed=False)[1]


def largest_component_share(
    neighbour: Int[np.ndarray, "sat port"],
    link_up: Bool[np.ndarray, "sat port"],
    sat_up: Bool[np.ndarray, " sat"],
) -> float:
    """Share of the satellites that are up which the largest component holds; 0 if none is up."""
    if not sat_up.any():
        return 0.0
    usable = link_up & sat_up[:, None] & sat_up[neighbour]
    return float(np.bincount(component_of(neighbour, usable)[sat_up]).max() / sat_up.sum())


def degree(
    neighbour: Int[np.ndarray, "sat port"], link_up: Bool[np.ndarray, "sat port"]
) -> Int[np.ndarray, " sat"]:
    """Links of each satellite; a slot that points at the satellite itself is none."""
    return np.sum(link_up & (neighbour != np.arange(len(neighbour))[:, None]), axis=1)


def neighbours_at(network: Network, time: int) -> Int32[np.ndarray, "sat port"]:
    """Neighbour lists at one time, whether or not they change with time."""
    lists = network.neighbour.reshape(-1, *network.neighbour.shape[-2:])
    return lists[time if len(lists) > 1 else 0]


def _graph(
    row: Int[np.ndarray, " edge"],
    column: Int[np.ndarray, " edge"],
    weight: Float64[np.ndarray, " edge"],
    n_node: int,
) -> csr_matrix:
    """Sparse matrix of the finite edges, the lightest of parallel ones (scipy would add them)."""
    there = np.isfinite(weight)
    row, column, weight = row[there], column[there], weight[there]
    order = np.lexsort((weight, column, row))
    row, column, weight = row[order], column[order], weight[order]
    first = np.ones(len(row), bool)
    first[1:] = (row[1:] != row[:-1]) | (column[1:] != column[:-1])
    return csr_matrix((weight[first], (row[first], column[first])), shape=(n_node, n_node))
