"""Scores of satellites, terminals and sites in the healthy mesh, and orders of removal (host).

Hop betweenness of node v or link e (Freeman 1977; Brandes, J. Math. Sociology 25, 163, 2001):

    b(v) = sum over unordered pairs s, t other than v of sigma_st(v) / sigma_st,
    b(e) = sum over unordered pairs s, t of sigma_st(e) / sigma_st,

sigma_st the number of shortest paths in hops and sigma_st(.) those through it; parallel links count
as paths of their own. A terminal has the score of its link. Standby links carry nothing. Service
scores count the shortest path in time of each flow (its best pair of sites) at each instant.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int, Int32
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from sdn_mc.core.compiled import entry
from sdn_mc.core.scene import Scene

N_GRAPH = 12  # instants whose hop graphs are taken


class Ranking(NamedTuple):
    """Things in the order of removal, with scores that fall along it."""

    order: Int32[np.ndarray, " thing"]
    place: Int32[np.ndarray, " thing"]  # of each thing in the order
    score: Float32[np.ndarray, " thing"]


class Mesh(NamedTuple):
    """The healthy mesh at one instant: laser slots only."""

    neighbour: Int32[np.ndarray, "sat port"]
    peer: Int32[np.ndarray, "sat port"]
    up: Bool[np.ndarray, "sat port"]
    delay_s: Float64[np.ndarray, "sat port"]


class Scores(NamedTuple):
    """One score for each thing of each kind."""

    satellite: Float64[np.ndarray, " sat"]
    terminal: Float64[np.ndarray, " terminal"]
    site: Float64[np.ndarray, " site"]


class Left(NamedTuple):
    """What is not removed yet."""

    satellite: Bool[np.ndarray, " sat"]
    terminal: Bool[np.ndarray, "sat terminal"]
    site: Bool[np.ndarray, " site"]


def ranking_of(scene: Scene, target: str, score: str, steps: int) -> Ranking:
    """The order of removal; after each of the first `steps` - 1 removals, ranked anew."""
    links = scene.links
    assert links is not None
    n_sat, n_site = scene.fleet.n_sat, scene.sites.n_site
    left = Left(
        np.ones(n_sat, bool), np.ones((n_sat, links.n_terminal), bool), np.ones(n_site, bool)
    )
    standing = getattr(left, target).reshape(-1)  # a view: clearing it removes the thing
    order: list[int] = []
    scores: list[float] = []
    found = _of_kind(scene, score, left, target)
    while len(order) + 1 < min(steps, len(standing)) and found[standing].max() > 0:
        best = int(np.argmax(np.where(standing, found, -1)))
        order.append(best)
        scores.append(float(found[best]))
        standing[best] = False
        found = _of_kind(scene, score, left, target)
    rest = np.flatnonzero(standing)
    rest = rest[np.argsort(-found[rest], kind="stable")]
    falling = np.minimum.accumulate([*scores, *found[rest]])
    every = np.array([*order, *rest], np.int32)
    return Ranking(every, np.argsort(every).astype(np.int32), np.asarray(falling, np.float32))


def _of_kind(scene: Scene, score: str, left: Left, target: str) -> Float32[np.ndarray, " thing"]:
    """Scores of one kind of thing, rounded so that what is alike but for its last bits is equal."""
    return getattr(scores_of(scene, score, left), target).astype(np.float32)


def scores_of(scene: Scene, score: str, left: Left) -> Scores:
    """Scores of everything in what is left of the healthy design."""
    if score == "service":
        return _service(scene, left)
    n_time = len(scene.time_s)
    instants = np.unique(np.linspace(0, n_time - 1, min(n_time, N_GRAPH)).round().astype(int))
    seen: dict[bytes, tuple[Mesh, int]] = {}
    for time in instants:
        mesh = mesh_at(scene, int(time), left)
        word = np.where(mesh.up, mesh.neighbour, -1).tobytes()
        seen[word] = mesh, seen[word][1] + 1 if word in seen else 1
    sat, terminal = np.zeros(scene.fleet.n_sat), np.zeros(left.terminal.shape)
    for mesh, count in seen.values():
        of_sat, of_slot = _degree(mesh) if score == "degree" else betweenness(mesh)
        sat += of_sat * count / len(instants)
        terminal += of_slot * count / len(instants)
    return Scores(sat, terminal.ravel(), _satellites_in_view(scene, left))


def mesh_at(scene: Scene, time: int, left: Left) -> Mesh:
    """Links that stand at an instant."""
    links = scene.links
    assert links is not None
    n_laser = links.n_terminal
    neighbour, peer = (
        (each if each.ndim == 2 else each[time])[:, :n_laser]
        for each in (links.neighbour, links.peer)
    )
    delay_s, alive = links.delay_s[time, :, :n_laser], left.satellite
    up = np.isfinite(delay_s) & alive[:, None] & alive[neighbour]
    return Mesh(neighbour, peer, up & left.terminal & left.terminal[neighbour, peer], delay_s)


def _degree(
    mesh: Mesh,
) -> tuple[Float64[np.ndarray, " sat"], Float64[np.ndarray, "sat port"]]:
    return mesh.up.sum(axis=1).astype(np.float64), mesh.up.astype(np.float64)


def _satellites_in_view(scene: Scene, left: Left) -> Float64[np.ndarray, " site"]:
    """Satellites that a site can use, on average over the instants."""
    access = scene.access
    assert access is not None
    usable = np.isfinite(access.delay_s) & left.satellite[access.sat]
    return np.where(left.site, usable.sum(axis=2).mean(axis=0), 0.0)


def betweenness(
    mesh: Mesh,
) -> tuple[Float64[np.ndarray, " sat"], Float64[np.ndarray, "sat port"]]:
    """Hop betweenness of satellites and of the link at each slot."""
    n_sat, n_port = mesh.up.shape
    of_sat, of_slot = np.zeros(n_sat), np.zeros((n_sat, n_port))
    neighbour = np.ascontiguousarray(mesh.neighbour, np.int32)
    peer = np.ascontiguousarray(mesh.peer, np.int32)
    room = np.empty((2, n_sat), np.int32), np.empty((2, n_sat))
    _add_dependencies(neighbour, peer, np.ascontiguousarray(mesh.up), *room, of_sat, of_slot)
    return of_sat / 2, of_slot / 2  # every pair was counted from both its ends


@entry
@no_type_check
def _add_dependencies(neighbour, peer, up, whole, real, of_sat, of_slot):
    """Brandes: from each source, paths are counted outwards and shares of them added inwards."""
    n_sat, n_port = up.shape
    hops, queue = whole[0], whole[1]
    n_path, share = real[0], real[1]
    for source in range(n_sat):
        hops[:] = -1
        n_path[:] = 0.0
        share[:] = 0.0
        hops[source] = 0
        n_path[source] = 1.0
        queue[0] = source
        n_seen, at = 1, 0
        while at < n_seen:
            sat = queue[at]
            at += 1
            for port in range(n_port):
                other = neighbour[sat, port]
                if not up[sat, port] or other == sat:
                    continue
                if hops[other] < 0:
                    hops[other] = hops[sat] + 1
                    queue[n_seen] = other
                    n_seen += 1
                if hops[other] == hops[sat] + 1:
                    n_path[other] += n_path[sat]
        for k in range(n_seen):
            sat = queue[n_seen - 1 - k]
            for port in range(n_port):
                before = neighbour[sat, port]
                if up[sat, port] and before != sat and hops[before] == hops[sat] - 1:
                    part = n_path[before] / n_path[sat] * (1.0 + share[sat])
                    share[before] += part
                    of_slot[sat, port] += part
                    of_slot[before, peer[sat, port]] += part
            if sat != source:
                of_sat[sat] += share[sat]


def _service(scene: Scene, left: Left) -> Scores:
    """Shortest paths of flows, over the instants, through each thing."""
    found = Scores(
        np.zeros(left.satellite.shape), np.zeros(left.terminal.size), np.zeros(left.site.shape)
    )
    flows = scene.flows
    source, number = np.unique(flows.pair_source, return_inverse=True)
    for time in range(len(scene.time_s)):
        mesh = mesh_at(scene, time, left)
        least_s, before = _paths(scene, mesh, left, time, source)
        pair_s = least_s[number, mesh.up.shape[0] + flows.pair_destination]
        for flow in range(flows.n_flow):
            pairs = np.flatnonzero(flows.pair_flow == flow)
            pair = int(pairs[np.argmin(pair_s[pairs])])
            if np.isfinite(pair_s[pair]):
                ends = int(flows.pair_source[pair]), int(flows.pair_destination[pair])
                _count(found, mesh, before[number[pair]], *ends)
    return found


def _paths(
    scene: Scene, mesh: Mesh, left: Left, time: int, source: Int[np.ndarray, " source"]
) -> tuple[Float64[np.ndarray, "source node"], Int32[np.ndarray, "source node"]]:
    """Least times and nodes before, from each source site to satellites and then sites."""
    access = scene.access
    assert access is not None
    n_sat, n_site = len(mesh.up), scene.sites.n_site
    usable = np.isfinite(access.delay_s[time]) & left.satellite[access.sat[time]]
    usable &= left.site[:, None]
    if access.best_only:
        usable &= np.cumsum(usable, axis=1) == 1
    sat, port = np.nonzero(mesh.up)
    site, place = np.nonzero(usable)
    seen, access_s = access.sat[time][site, place], access.delay_s[time][site, place]
    leaves = np.isin(site, source)  # a site is two nodes: it is never passed
    leave = n_sat + n_site + np.searchsorted(source, site[leaves])
    row = np.concatenate([sat, seen, leave])
    column = np.concatenate([mesh.neighbour[sat, port], n_sat + site, seen[leaves]])
    weight = np.concatenate([mesh.delay_s[sat, port], access_s, access_s[leaves]])
    n_node = n_sat + n_site + len(source)
    order = np.lexsort((weight, column, row))  # of parallel links the shorter one
    row, column, weight = row[order], column[order], weight[order]
    first = np.r_[True, (np.diff(row) != 0) | (np.diff(column) != 0)][: len(row)]
    graph = csr_matrix((weight[first], (row[first], column[first])), shape=(n_node, n_node))
    begin = n_sat + n_site + np.arange(len(source))
    return dijkstra(graph, indices=begin, return_predecessors=True)


def _count(
    found: Scores, mesh: Mesh, before: Int32[np.ndarray, " node"], source: int, destination: int
) -> None:
    """Add one to everything on a path."""
    n_sat, n_laser = mesh.up.shape
    found.site[[source, destination]] += 1
    node, after = int(before[n_sat + destination]), -1
    while node < n_sat:
        found.satellite[node] += 1
        if after >= 0:
            there = mesh.up[node] & (mesh.neighbour[node] == after)
            port = int(np.argmin(np.where(there, mesh.delay_s[node], np.inf)))
            found.terminal[node * n_laser + port] += 1
            found.terminal[after * n_laser + mesh.peer[node, port]] += 1
        node, after = int(before[node]), node
