"""Disjoint backup: two routes a pair, fixed beforehand; the second serves where the first is cut.

Model: the first route is that of `static`; the second is the shortest path of the undamaged mesh,
by the walk's rule, once what the first one uses is taken out:

1. all links between satellites that follow each other on the first route;
2. at each end, the site's access links to its satellite of the first route, if the site sees a
   satellite off the first route; else the end keeps its satellite;
3. with `disjoint: satellites` (not with `links`), all satellites of the first route that no end
   keeps.

Where nothing is left to differ in (one satellite between both ends, which see no other), there is
no second route. "Sees" means a candidate that is up in the undamaged mesh: under
`access=best_elevation` that is one alone, so both routes then share it. Both ends know at once
which of the two holds, nothing else is known of losses, and a message on the second takes that
one's own latency.

Source of the policy: the disjoint backup of the IWQoS 2025 robustness code
(zpatronus/Robustness-Analysis-of-LEO-Satellite-Routing); its choice of routes is not copied.

Limits: the shortest second route after the first is fixed, not the best two together: where a
longer first route would leave room for a second (the trap of Suurballe 1974), none is found. Routes
of all instants are fixed beforehand, so a frozen control plane changes nothing.
"""

from collections.abc import Sequence
from typing import Any

import equinox as eqx

from sdn_mc.core.fields import field
from sdn_mc.core.network import DrawMasks, Masks, Network, Routes, Walk
from sdn_mc.routing.fixed_routes import (
    LINKS,
    SATELLITES,
    Plan,
    held_routes,
    prepare_routes,
    second_walk,
)
from sdn_mc.routing.walk import walk_one


class DisjointBackup(eqx.Module):
    """Knows which of two fixed routes holds, and takes the first that does."""

    disjoint: str = field(
        choices=(SATELLITES, LINKS), doc="What the second route shares none of with the first."
    )

    @property
    def ages_s(self) -> tuple[float, ...]:
        """The present, to check routes on."""
        return (0.0,)

    def prepare(self, network: Network, solver: Any, undamaged: Masks) -> Plan:
        """Both routes of every pair at every time."""
        del solver
        return prepare_routes(network, undamaged, self.disjoint)

    def route(
        self,
        solver: Any,
        plan: Plan,
        masks: Sequence[Masks],
        walk: bool,
        without: Sequence[Masks] = (),
    ) -> Routes:
        """The first of both that holds."""
        del solver
        (now,) = masks
        return held_routes(plan, now, walk, without)

    def walk(
        self,
        network: Network,
        time: int,
        pair: int,
        undamaged: DrawMasks,
        masks: Sequence[DrawMasks],
    ) -> Walk | None:
        """The second route where it holds and the first does not; else the first."""
        (now,) = masks
        first = walk_one(network, time, pair, undamaged, now)
        if first is None or first.delivered:
            return first
        second = second_walk(network, time, pair, undamaged, now, self.disjoint)
        return second if second is not None and second.delivered else first

    def words(self) -> str:
        """Only which of the two holds is known."""
        return f"on the first of two fixed routes that holds, which share no {self.disjoint}"
