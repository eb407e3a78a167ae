"""Other ways to the same latencies, each at its best usage that we know of: one draw at a time.

Each takes a network and a time, and gives a function from a draw's flags to latencies [source,
destination], inf without a path. What depends on the network alone is done beforehand.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from problem import N_DESTINATION, N_SOURCE
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from sdn_mc.core.network import Network

Solve = Callable[[np.ndarray, np.ndarray], np.ndarray]  # link_up [slot], access_up [slot]


class Template:
    """One directed graph of satellites, sources and destinations; ground carries no transit."""

    def __init__(self, network: Network, time: int) -> None:
        n_sat, n_port = network.neighbour.shape
        self.n_node = n_sat + N_SOURCE + N_DESTINATION
        self.source = np.arange(n_sat, n_sat + N_SOURCE)
        self.destination = np.arange(n_sat + N_SOURCE, self.n_node)
        row = [np.repeat(np.arange(n_sat), n_port)]
        column = [network.neighbour.ravel()]
        delay_s = [network.delay_s[time].ravel()]
        for site in range(N_SOURCE + N_DESTINATION):
            sat = network.access_sat[time, site]
            ends = np.full(len(sat), n_sat + site), sat
            row.append(ends[0] if site < N_SOURCE else ends[1])
            column.append(ends[1] if site < N_SOURCE else ends[0])
            delay_s.append(network.access_delay_s[time, site])
        rows, columns, delays = map(np.concatenate, (row, column, delay_s))
        there = np.isfinite(delays)
        order = np.lexsort((columns[there], rows[there]))
        self.slot = np.flatnonzero(there)[order]  # of each entry, among links, then access links
        self.row, self.column = (ends[self.slot].astype(np.int32) for ends in (rows, columns))
        self.delay_s = delays[self.slot]
        self.start = np.searchsorted(self.row, np.arange(self.n_node + 1)).astype(np.int32)

    def up(self, link_up: np.ndarray, access_up: np.ndarray) -> np.ndarray:
        """Which entries a draw leaves."""
        return np.concatenate([link_up.ravel(), access_up.ravel()])[self.slot]


def scipy_dijkstra(network: Network, time: int) -> Solve:
    """One template in compressed rows; lost entries set to inf; all sources in one call."""
    graph = Template(network, time)

    def solve(link_up: np.ndarray, access_up: np.ndarray) -> np.ndarray:
        delay_s = np.where(graph.up(link_up, access_up), graph.delay_s, np.inf)
        shape = (graph.n_node, graph.n_node)
        matrix = csr_matrix((delay_s, graph.column, graph.start), shape)
        return dijkstra(matrix, indices=graph.source)[:, graph.destination]

    return solve


def compiled_heap(network: Network, time: int) -> Solve:
    """Dijkstra's search with a binary heap, compiled by numba; stops at the last destination."""
    graph = Template(network, time)

    def solve(link_up: np.ndarray, access_up: np.ndarray) -> np.ndarray:
        up = graph.up(link_up, access_up)
        found = np.empty((N_SOURCE, N_DESTINATION))
        ends = graph.source, graph.destination
        _search_all(graph.start, graph.column, graph.delay_s, up, *ends, found)
        return found

    return solve


def networkit_dijkstra(network: Network, time: int) -> Solve:
    """A graph of the entries that are up, and its SPSP of the sources to the destinations."""
    import networkit

    networkit.setNumberOfThreads(1)
    graph = Template(network, time)

    def solve(link_up: np.ndarray, access_up: np.ndarray) -> np.ndarray:
        up = graph.up(link_up, access_up)
        edges = (graph.delay_s[up], (graph.row[up], graph.column[up]))
        made = networkit.GraphFromCoo(edges, n=graph.n_node, weighted=True, directed=True)
        search = networkit.distance.SPSP(made, graph.source.tolist(), graph.destination.tolist())
        search.run()
        found = np.array(search.getDistances())
        return np.where(found < 1e10, found, np.inf)

    return solve


def rustworkx_dijkstra(network: Network, time: int) -> Solve:
    """A graph of the entries that are up, and one search for each source."""
    import rustworkx

    graph = Template(network, time)
    columns = graph.row.tolist(), graph.column.tolist(), graph.delay_s.tolist()
    listed = list(zip(*columns, strict=True))

    def solve(link_up: np.ndarray, access_up: np.ndarray) -> np.ndarray:
        made = rustworkx.PyDiGraph()
        made.add_nodes_from(range(graph.n_node))
        up = np.flatnonzero(graph.up(link_up, access_up))
        made.add_edges_from([listed[k] for k in up])
        found = np.full((N_SOURCE, N_DESTINATION), np.inf)
        for i, source in enumerate(graph.source):
            reached = rustworkx.dijkstra_shortest_path_lengths(made, int(source), float)
            for j, destination in enumerate(graph.destination):
                if int(destination) in reached:
                    found[i, j] = reached[int(destination)]
        return found

    return solve


def igraph_dijkstra(network: Network, time: int) -> Solve:
    """A graph of the entries that are up, and its distances of sources to destinations."""
    import igraph

    graph = Template(network, time)

    def solve(link_up: np.ndarray, access_up: np.ndarray) -> np.ndarray:
        up = graph.up(link_up, access_up)
        edges = np.stack([graph.row[up], graph.column[up]], axis=1)
        made = igraph.Graph(n=graph.n_node, edges=edges, directed=True)
        ends = graph.source.tolist(), graph.destination.tolist()
        return np.array(made.distances(*ends, weights=graph.delay_s[up], algorithm="dijkstra"))

    return solve


RIVALS: dict[str, Callable[[Network, int], Solve]] = {
    "scipy": scipy_dijkstra,
    "numba heap": compiled_heap,
    "networkit": networkit_dijkstra,
    "rustworkx": rustworkx_dijkstra,
    "igraph": igraph_dijkstra,
}


@njit(boundscheck=False, cache=False)
def _search_all(start: Any, column: Any, delay_s: Any, up: Any, sources: Any, ends: Any, out: Any):
    n_node = len(start) - 1
    distance = np.empty(n_node)
    heap_key, heap_node = np.empty(len(column) + 1), np.empty(len(column) + 1, np.int32)
    for i in range(len(sources)):
        distance[:] = np.inf
        distance[sources[i]] = 0.0
        heap_key[0], heap_node[0], n = 0.0, sources[i], 1
        n_left = len(ends)
        while n > 0 and n_left > 0:
            key, node = heap_key[0], heap_node[0]
            n -= 1
            _sift_down(heap_key, heap_node, heap_key[n], heap_node[n], n)
            if key > distance[node]:
                continue
            if node >= ends[0]:
                n_left -= 1
            for entry in range(start[node], start[node + 1]):
                if up[entry]:
                    far, total = column[entry], key + delay_s[entry]
                    if total < distance[far]:
                        distance[far] = total
                        _sift_up(heap_key, heap_node, total, far, n)
                        n += 1
        for j in range(len(ends)):
            out[i, j] = distance[ends[j]]


@njit(boundscheck=False, cache=False)
def _sift_up(key: Any, node: Any, new_key: Any, new_node: Any, at: Any):
    while at > 0 and key[(at - 1) // 2] > new_key:
        key[at], node[at] = key[(at - 1) // 2], node[(at - 1) // 2]
        at = (at - 1) // 2
    key[at], node[at] = new_key, new_node


@njit(boundscheck=False, cache=False)
def _sift_down(key: Any, node: Any, new_key: Any, new_node: Any, n: Any):
    at = 0
    while 2 * at + 1 < n:
        child = 2 * at + 1
        if child + 1 < n and key[child + 1] < key[child]:
            child += 1
        if key[child] >= new_key:
            break
        key[at], node[at] = key[child], node[child]
        at = child
    key[at], node[at] = new_key, new_node
