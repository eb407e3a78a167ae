"""Giant component: how much of the mesh still hangs together.

Model: at an instant the satellites fall into components joined by links that are up. The largest is
counted against

    all satellites that have a link in the healthy mesh at that instant, and
    those that have a link left in the draw.

The first share falls with every loss; the second alone says whether what is left is in one piece.
Masks tell links, not satellites: one that is up but has lost its last link counts as lost. Ground
sites join nothing. Where no link is up both shares are 0. Union-find in each draw (Tarjan 1975, J.
ACM 22:215).
"""

from collections.abc import Sequence
from typing import no_type_check

import equinox as eqx
import numpy as np
from jaxtyping import Float64, Int32

from sdn_mc.core.compiled import entry, kernel
from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.network import Masks, Network
from sdn_mc.core.protocols import Output, Series
from sdn_mc.core.scene import Scene
from sdn_mc.metrics.over_times import mean_over_times

LARGEST, LINKED = "giant_component_largest", "giant_component_linked"


class GiantComponent(eqx.Module):
    """Share of the mesh, and of what is left of it, in the largest component."""

    modes: Sequence[str] = eqx.field(static=True, default=("snapshot", "episode"))
    needs_hops: bool = eqx.field(static=True, default=False)
    needs_latency: bool = eqx.field(static=True, default=False)

    def outputs(self) -> list[Output]:
        """What `score` returns."""
        return [
            Output(
                "giant_component", "1", "largest component of the mesh",
                "Share of the satellites with a link in the healthy mesh that the largest "
                "component holds, mean over times.",
                "mean", within=(0.0, 1.0), per_flow=False,
            ),
            Output(
                "giant_component_of_linked", "1", "largest component of what is still linked",
                "Share of the satellites with a link left that the largest component holds, mean "
                "over times.",
                "mean", within=(0.0, 1.0), per_flow=False,
            ),
        ]  # fmt: skip

    def observe(self, masks: Masks, network: Network, scene: Scene) -> dict[str, np.ndarray]:
        """Satellites in the largest component, and with a link, [draw, time]."""
        del scene
        n_time, n_sat, n_port = network.delay_s.shape
        shape = (masks.link_up.shape[1] * DRAWS_PER_WORD, n_time)
        largest: Int32[np.ndarray, "draw time"] = np.empty(shape, np.int32)
        linked: Int32[np.ndarray, "draw time"] = np.empty(shape, np.int32)
        parent, size = np.empty(n_sat, np.int32), np.empty(n_sat, np.int32)
        neighbour = network.neighbour.reshape(-1, n_sat, n_port)
        there = np.isfinite(network.delay_s)
        _measure(neighbour, there, masks.link_up, parent, size, largest, linked)
        return {LARGEST: largest, LINKED: linked}

    def score(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw all_flows"]]:
        """Means over times."""
        shares = self.per_instant(series, healthy, scene)
        return {name: mean_over_times(values) for name, values in shares.items()}

    def per_instant(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw time all_flows"]]:
        """The shares at each instant."""
        del healthy
        assert series.observed is not None and scene.links is not None
        largest, linked = series.observed[LARGEST], series.observed[LINKED]
        mesh = np.isfinite(scene.links.delay_s).any(axis=2).sum(axis=1)
        shares = largest / np.maximum(mesh, 1), largest / np.maximum(linked, 1)
        names = "giant_component", "giant_component_of_linked"
        return {name: share[..., None] for name, share in zip(names, shares, strict=True)}


@entry
@no_type_check
def _measure(neighbour, there, link_up, parent, size, largest, linked):
    """Largest component and satellites with a link, of every draw at every time."""
    n_time, n_word = link_up.shape[0], link_up.shape[1]
    for time in range(n_time):
        near = neighbour[time if neighbour.shape[0] > 1 else 0]
        for word in range(n_word):
            for lane in range(DRAWS_PER_WORD):
                _join(near, there[time], link_up[time, word], np.uint32(lane), parent, size)
                most, count = 0, 0
                for sat in range(len(parent)):
                    if parent[sat] == sat and size[sat] > 1:
                        most = max(most, size[sat])
                        count += size[sat]
                largest[word * DRAWS_PER_WORD + lane, time] = most
                linked[word * DRAWS_PER_WORD + lane, time] = count


@kernel
@no_type_check
def _join(neighbour, there, link_up, lane, parent, size):
    """Components of one draw at one time: each link joins the parts of its two ends."""
    for sat in range(len(parent)):
        parent[sat] = sat
        size[sat] = 1
    for sat in range(neighbour.shape[0]):
        for port in range(neighbour.shape[1]):
            far = neighbour[sat, port]
            up = there[sat, port] and (link_up[sat, port] >> lane) & np.uint32(1) != 0
            if up and far > sat:
                a, b = _root(parent, sat), _root(parent, far)
                if a != b:
                    if size[a] < size[b]:
                        a, b = b, a
                    parent[b] = a
                    size[a] += size[b]


@kernel
@no_type_check
def _root(parent, sat):
    """The satellite that stands for a part, halving the way to it."""
    while parent[sat] != sat:
        parent[sat] = parent[parent[sat]]
        sat = parent[sat]
    return sat
