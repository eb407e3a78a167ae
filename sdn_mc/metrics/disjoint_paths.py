"""Disjoint paths: how many ways there are that share no satellite.

Model: the number of paths between the ends of a flow that have no satellite in common, at most
`most`: by Menger's theorem (1927) the fewest satellites whose loss would part the two ends. The
ends themselves are shared: a site uses as many satellites as its masks allow, and of a flow between
sets of sites a path may join any two. A satellite that sees both ends is a path. It counts what the
true masks of the instant hold, whatever routing knows or uses; at least one path is availability
under ideal routing.

Found by augmenting paths in the graph of split satellites (Ford & Fulkerson; Even & Tarjan 1975,
SIAM J. Comput. 4:507), breadth first, in each draw, at every `every`-th instant. That is slow:
about 25 us for each flow, time and draw in a mesh of 480 satellites, far more than its route takes.
So in an episode set `every` to some minutes of steps. In a snapshot the interval holds for the
instants that were looked at alone, unless all were.

Limit: with access tied to the best satellite an end has one satellite, and there is at most one
path.
"""

from collections.abc import Sequence
from typing import NamedTuple, no_type_check

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float64, Int8, Int32, UInt8, UInt32

from sdn_mc.core.compiled import entry, kernel
from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.fields import field
from sdn_mc.core.network import Masks, Network
from sdn_mc.core.protocols import Output, Series
from sdn_mc.core.scene import Flows, Scene
from sdn_mc.metrics.over_times import mean_over_times

COUNT = "disjoint_paths_count"
NOBODY, END = -1, -2  # no satellite on this side of the path; the site at the path's end


class DisjointPaths(eqx.Module):
    """Number of satellite-disjoint paths, and the share of times with at least so many."""

    most: int = field(within=(1, 16), doc="Paths that are looked for at most.", static=True)
    every: int = field(
        within=(1, 100_000), doc="Instants from one that is looked at to the next.", static=True
    )
    modes: Sequence[str] = eqx.field(static=True, default=("snapshot", "episode"))
    needs_hops: bool = eqx.field(static=True, default=False)
    needs_latency: bool = eqx.field(static=True, default=False)

    def outputs(self) -> list[Output]:
        """What `score` returns."""
        number = Output(
            "disjoint_paths", "1", f"satellite-disjoint paths, at most {self.most}",
            f"Paths between the ends that share no satellite, up to {self.most}, mean over times.",
            "mean", within=(0.0, float(self.most)),
        )  # fmt: skip
        return [
            number,
            *(
                Output(
                    f"disjoint_paths_{k}", "1", f"at least {k} satellite-disjoint paths",
                    f"Share of the times at which {k} or more paths share no satellite.",
                    "mean", within=(0.0, 1.0),
                )
                for k in range(1, self.most + 1)
            ),
        ]  # fmt: skip

    def observe(self, masks: Masks, network: Network, scene: Scene) -> dict[str, np.ndarray]:
        """The number of paths, [draw, sampled time, flow]."""
        flows, ends = scene.flows, _ends(scene.flows, scene.sites.n_site)
        _, n_sat, n_port = network.delay_s.shape
        times = np.arange(0, len(network.delay_s), self.every, dtype=np.int32)
        n_draw = masks.link_up.shape[1] * DRAWS_PER_WORD
        count: Int8[np.ndarray, "draw time flow"] = np.zeros(
            (n_draw, len(times), flows.n_flow), np.int8
        )
        graph = Graph(
            neighbour=network.neighbour.reshape(-1, n_sat, n_port),
            linked=np.isfinite(network.delay_s),
            access_sat=network.access_sat,
            in_view=np.isfinite(network.access_delay_s),
            link_up=np.asarray(masks.link_up),
            access_up=np.asarray(masks.access_up),
        )
        _count_all(graph, *ends, times, self.most, _scratch(n_sat, n_port), count)
        return {COUNT: count}

    def score(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw flow"]]:
        """Means over the sampled times."""
        del healthy, scene
        return {name: mean_over_times(each) for name, each in self._of_count(series).items()}

    def per_instant(self, series: Series, healthy: Series, scene: Scene) -> dict[str, np.ndarray]:
        """The same before the mean; nothing where instants were left out."""
        del healthy, scene
        return self._of_count(series) if self.every == 1 else {}

    def _of_count(self, series: Series) -> dict[str, np.ndarray]:
        """The number, and whether it is at least so many, [draw, sampled time, flow]."""
        assert series.observed is not None
        count = series.observed[COUNT]
        least = {f"disjoint_paths_{k}": count >= k for k in range(1, self.most + 1)}
        return {"disjoint_paths": count.astype(np.float64)} | least


class Graph(NamedTuple):
    """Mesh and access of an epoch, and what is up of them."""

    neighbour: Int32[np.ndarray, "epochtime sat port"]
    linked: Bool[np.ndarray, "time sat port"]
    access_sat: Int32[np.ndarray, "time site candidate"]
    in_view: Bool[np.ndarray, "time site candidate"]
    link_up: UInt32[np.ndarray, "time word sat port"]
    access_up: UInt32[np.ndarray, "time word site candidate"]


class Scratch(NamedTuple):
    """Working memory of one search; a satellite has an entry (even) and an exit (odd) node."""

    up: UInt8[np.ndarray, "sat port"]
    starts: UInt8[np.ndarray, " sat"]  # a source sees it
    ends: UInt8[np.ndarray, " sat"]  # a destination sees it
    before: Int32[np.ndarray, " sat"]  # on its path: the satellite before, or END, or NOBODY
    after: Int32[np.ndarray, " sat"]
    came_from: Int32[np.ndarray, " node"]
    queue: Int32[np.ndarray, " node"]


def _ends(
    flows: Flows, n_site: int
) -> tuple[Bool[np.ndarray, "flow site"], Bool[np.ndarray, "flow site"]]:
    """Which sites each flow starts and ends at."""
    source = np.zeros((flows.n_flow, n_site), bool)
    destination = np.zeros_like(source)
    source[flows.pair_flow, flows.pair_source] = True
    destination[flows.pair_flow, flows.pair_destination] = True
    return source, destination


def _scratch(n_sat: int, n_port: int) -> Scratch:
    satellites = (np.zeros(n_sat, kind) for kind in (np.uint8, np.uint8, np.int32, np.int32))
    nodes = (np.zeros(2 * n_sat, np.int32) for _ in range(2))
    return Scratch(np.zeros((n_sat, n_port), np.uint8), *satellites, *nodes)


@entry
@no_type_check
def _count_all(graph, source, destination, times, most, scratch, count):
    """Every draw, sampled time and flow."""
    for i in range(len(times)):
        time = times[i]
        near = graph.neighbour[time if graph.neighbour.shape[0] > 1 else 0]
        for draw in range(len(count)):
            word, lane = draw // DRAWS_PER_WORD, np.uint32(draw % DRAWS_PER_WORD)
            for sat in range(near.shape[0]):
                for port in range(near.shape[1]):
                    bit = (graph.link_up[time, word, sat, port] >> lane) & np.uint32(1)
                    scratch.up[sat, port] = bit if graph.linked[time, sat, port] else 0
            for flow in range(count.shape[2]):
                least = _seen(graph, source[flow], time, word, lane, scratch.starts)
                least = min(
                    most, least, _seen(graph, destination[flow], time, word, lane, scratch.ends)
                )
                scratch.before[:] = NOBODY
                scratch.after[:] = NOBODY
                found = 0
                while found < least and _augment(near, scratch):
                    found += 1
                count[draw, i, flow] = found


@kernel
@no_type_check
def _seen(graph, sites, time, word, lane, sees):
    """Mark the satellites that any of these sites may use; how many there are."""
    sees[:] = 0
    n_seen = 0
    for site in range(len(sites)):
        if sites[site]:
            for candidate in range(graph.access_sat.shape[2]):
                bit = (graph.access_up[time, word, site, candidate] >> lane) & np.uint32(1)
                sat = graph.access_sat[time, site, candidate]
                if graph.in_view[time, site, candidate] and bit != 0 and sees[sat] == 0:
                    sees[sat] = 1
                    n_seen += 1
    return n_seen


@kernel
@no_type_check
def _augment(neighbour, scratch):
    """One more path, if need be by leading the others elsewhere; is there one?

    A satellite that is on a path can be entered only to push that path back to the satellite
    before; from there, or from one that is free, every other link may be taken.
    """
    scratch.came_from[:] = NOBODY
    head, tail = 0, 0
    for sat in range(len(scratch.starts)):
        if scratch.starts[sat] and scratch.before[sat] != END:
            scratch.came_from[2 * sat] = END
            scratch.queue[tail] = 2 * sat
            tail += 1
    while head < tail:
        node = scratch.queue[head]
        head += 1
        sat, leaves = node // 2, node % 2 == 1
        if not leaves:
            before = scratch.before[sat]
            if before == NOBODY:
                tail = _visit(2 * sat + 1, node, tail, scratch)
            elif before != END:
                tail = _visit(2 * before + 1, node, tail, scratch)
            continue
        if scratch.ends[sat] and scratch.after[sat] != END:
            _redirect(node, scratch)
            return True
        if scratch.before[sat] != NOBODY:
            tail = _visit(2 * sat, node, tail, scratch)
        for port in range(neighbour.shape[1]):
            far = neighbour[sat, port]
            if scratch.up[sat, port] and far != scratch.after[sat]:
                tail = _visit(2 * far, node, tail, scratch)
    return False


@kernel
@no_type_check
def _visit(node, by, tail, scratch):
    """Queue a node that was not reached before; the new end of the queue."""
    if scratch.came_from[node] == NOBODY:
        scratch.came_from[node] = by
        scratch.queue[tail] = node
        tail += 1
    return tail


@kernel
@no_type_check
def _redirect(last, scratch):
    """Take back what the new path pushes back, then lay what it adds."""
    node = last
    while scratch.came_from[node] != END:
        by = scratch.came_from[node]
        if node % 2 == 1 and by // 2 != node // 2:  # an entry, back to the exit before
            scratch.after[node // 2] = NOBODY
            scratch.before[by // 2] = NOBODY
        node = by
    node, scratch.after[last // 2] = last, END
    while scratch.came_from[node] != END:
        by = scratch.came_from[node]
        if node % 2 == 0 and by // 2 != node // 2:  # an exit, on to an entry
            scratch.before[node // 2] = by // 2
            scratch.after[by // 2] = node // 2
        node = by
    scratch.before[node // 2] = END
