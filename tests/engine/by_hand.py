"""What is up, and how long a path is, worked out one thing at a time from the definitions.

Nothing of the engine is used but what it drew: windows and cuts [..., draw]. Times are compared as
the engine holds them, in float32.
"""

import itertools
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from sdn_mc.core.outage import Cuts, Spans
from sdn_mc.core.scene import Scene


class Up(NamedTuple):
    """What is up in one draw at one time."""

    link: np.ndarray  # [sat, port]
    access: np.ndarray  # [site, candidate]


class Route(NamedTuple):
    """The shortest path of a pair: its exact delay, its satellites, and every slot it uses."""

    latency_s: float
    sat: list[int]
    link: list[tuple[int, int]]  # satellite and port
    access: list[tuple[int, int]]  # site and candidate


class Drawn(NamedTuple):
    """The windows and cuts of one draw, by cause."""

    windows: dict[str, list[tuple[str, list[np.ndarray], list[np.ndarray]]]]  # kind, starts, ends
    cuts: dict[str, list[np.ndarray]]


def drawn_in(outages: dict, draw: int) -> Drawn:
    """One draw of everything sampled."""
    windows: dict = {cause: [] for cause in outages}
    cuts: dict = {cause: [] for cause in outages}
    for cause, parts in outages.items():
        for part in parts:
            if isinstance(part, Cuts):
                cuts[cause].append(np.asarray(part.slot)[..., draw])
            else:
                windows[cause].append((part.of, *windows_of(part, draw)))
    return Drawn(windows, cuts)


def windows_of(part: Spans, draw: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Starts and ends of every entity in one draw."""
    rows = [np.flatnonzero((part.draw == draw) & (part.entity == k)) for k in range(part.n_entity)]
    return [part.start_s[each] for each in rows], [part.end_s[each] for each in rows]


def up_at(scene: Scene, drawn: Drawn, causes: Iterable[str], time: int, at_s: float) -> Up:
    """Links and access candidates at the scene's instant `time`, with causes taken at `at_s`."""
    links, access, t = scene.links, scene.access, np.float32(at_s)
    n_sat, n_port = links.terminal.shape
    neighbour, peer = (a if a.ndim == 2 else a[time] for a in (links.neighbour, links.peer))
    causes = list(causes)
    times = [windows_of_satellite(scene, drawn, causes, sat) for sat in range(n_sat)]
    sat_down = [any(start <= t < end for start, end in each) for each in times]
    lost = [lost_since(each, t) + np.float32(links.retarget_s) <= t for each in times]
    terminal_down = down(drawn, causes, "terminal", n_sat * links.n_terminal, t)
    parted = slots_parted(scene, drawn, causes, neighbour, peer, t)
    site_down = down(drawn, causes, "site", scene.sites.n_site, t)
    cut = np.zeros((n_sat, n_port), bool)
    for cause in causes:
        for slot in drawn.cuts[cause]:
            cut |= slot

    link = np.zeros((n_sat, n_port), bool)
    for a in range(n_sat):
        for p in range(n_port):
            b, q = neighbour[a, p], peer[a, p]
            ends = links.terminal[a, p], links.terminal[b, q]
            link[a, p] = (
                not sat_down[a]
                and not sat_down[b]
                and not terminal_down[a * links.n_terminal + ends[0]]
                and not terminal_down[b * links.n_terminal + ends[1]]
                and not cut[a, p]
                and not parted[a, p]
                and all(lost[k] for k in links.wakes_on[a, p] if k >= 0)
            )
    usable = np.zeros(access.sat.shape[1:], bool)
    for site, candidates in enumerate(access.sat[time]):
        for k, sat in enumerate(candidates):
            usable[site, k] = not site_down[site] and not sat_down[sat]
            if access.best_only and usable[site, k]:
                break
    return Up(link, usable)


def windows_of_satellite(
    scene: Scene, drawn: Drawn, causes: list[str], sat: int
) -> list[tuple[np.float32, np.float32]]:
    """All windows in which a satellite is down, by itself or with a group."""
    found = []
    for cause in causes:
        for kind, start, end in drawn.windows[cause]:
            if kind in ("terminal", "site", "link") or kind.startswith("pair:"):
                continue
            row = sat if kind == "sat" else scene.fleet.group[kind][sat]
            found += [(s, e) for s, e in zip(start[row], end[row], strict=True) if s < np.inf]
    return found


def slots_parted(
    scene: Scene,
    drawn: Drawn,
    causes: list[str],
    neighbour: np.ndarray,
    peer: np.ndarray,
    t: np.float32,
) -> np.ndarray:
    """Slots whose link is down, or the pair of groups of whose satellites is, in either order."""
    fleet, (n_sat, n_port) = scene.fleet, neighbour.shape
    parted = np.zeros((n_sat, n_port), bool)
    link_down = down(drawn, causes, "link", n_sat * n_port, t)
    for a in range(n_sat):
        for p in range(n_port):
            b, q = neighbour[a, p], peer[a, p]
            parted[a, p] = link_down[min(a * n_port + p, b * n_port + q)]
    for label, names in fleet.labels:
        pairs = list(itertools.combinations_with_replacement(range(len(names)), 2))
        pairs.sort(key=lambda pair: pair[::-1])  # by the second, then by the first
        pair_down = down(drawn, causes, f"pair:{label}", len(pairs), t)
        for a, p in itertools.product(range(n_sat), range(n_port)):
            ends = sorted(fleet.group[label][[a, neighbour[a, p]]].tolist())
            parted[a, p] |= pair_down[pairs.index(tuple(ends))]
    return parted


def lost_since(windows: list[tuple[np.float32, np.float32]], t: np.float32) -> np.float32:
    """Since when a satellite has been down without a break; inf: it is up."""
    since = np.float32(np.inf)
    for start, end in windows:
        if start <= t < end:
            since = min(since, start)
    earlier = [start for start, end in windows if start < since <= end]
    while earlier:
        since = min(earlier)
        earlier = [start for start, end in windows if start < since <= end]
    return since


def down(drawn: Drawn, causes: list[str], kind: str, count: int, t: np.float32) -> np.ndarray:
    """Which of `count` terminals or sites are down."""
    found = np.zeros(count, bool)
    for cause in causes:
        for of, start, end in drawn.windows[cause]:
            if of == kind:
                found |= np.array(
                    [any((s <= t) & (t < e)) for s, e in zip(start, end, strict=True)]
                )
    return found


def shortest(scene: Scene, up: Up, time: int, source: int, destination: int) -> Route | None:
    """Dijkstra on a graph made of the links that are up and two sites; None without a path."""
    links, access = scene.links, scene.access
    neighbour = links.neighbour if links.neighbour.ndim == 2 else links.neighbour[time]
    n_sat = len(neighbour)
    edges: dict[tuple[int, int], tuple[float, tuple[int, int]]] = {}

    def join(a: int, b: int, delay_s: float, slot: tuple[int, int]) -> None:
        if np.isfinite(delay_s) and delay_s < edges.get((a, b), (np.inf,))[0]:
            edges[a, b] = delay_s, slot

    for a, p in zip(*np.nonzero(up.link), strict=True):
        join(a, neighbour[a, p], links.delay_s[time, a, p], (a, p))
    for k in np.flatnonzero(up.access[source]):
        sat = access.sat[time, source, k]
        join(n_sat, sat, access.delay_s[time, source, k], (source, k))
    for k in np.flatnonzero(up.access[destination]):
        sat = access.sat[time, destination, k]
        join(sat, n_sat + 1, access.delay_s[time, destination, k], (destination, k))
    if not edges:
        return None
    row, column = np.array(list(edges)).T
    weight = [delay_s for delay_s, _ in edges.values()]
    graph = csr_matrix((weight, (row, column)), shape=(n_sat + 2, n_sat + 2))
    least_s, before = dijkstra(graph, indices=n_sat, return_predecessors=True)
    if not np.isfinite(least_s[n_sat + 1]):
        return None
    node = [n_sat + 1]
    while node[0] != n_sat:
        node.insert(0, int(before[node[0]]))
    slots = [edges[a, b][1] for a, b in itertools.pairwise(node)]
    ends = [slots[0], slots[-1]]
    return Route(float(least_s[n_sat + 1]), node[1:-1], slots[1:-1], ends)


def holds(route: Route, up: Up) -> bool:
    """Is every slot of the route up?"""
    return all(up.link[slot] for slot in route.link) and all(up.access[s] for s in route.access)
