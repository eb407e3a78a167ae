"""Ideal routing: every router knows at once what is up. An upper bound on any real policy.

Model: routes at time t are shortest paths on the true masks at t. No detection, flooding or
computation delay; what it delivers, nothing that routes over the same mesh can exceed. While the
control plane is frozen, the routes of its last moment stay in force (`frozen_routes.py`).
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import equinox as eqx

from sdn_mc.core.network import DrawMasks, Masks, Network, Routes, Walk
from sdn_mc.routing.frozen_routes import Plan, solved_routes, walk_in_force


class Ideal(eqx.Module):
    """Knows the present: upper bound."""

    needs_latency: ClassVar[bool] = False

    @property
    def ages_s(self) -> tuple[float, ...]:
        """The present."""
        return (0.0,)

    def prepare(self, network: Network, solver: Any, undamaged: Masks) -> Plan:
        """The solver's own plan, and the network."""
        del undamaged
        return Plan(solver.prepare(network), network)

    def route(
        self,
        solver: Any,
        plan: Plan,
        masks: Sequence[Masks],
        walk: bool,
        without: Sequence[Masks] = (),
    ) -> Routes:
        """Shortest paths on what is up."""
        (now,) = masks
        return solved_routes(solver, plan, now, now, walk, without)

    def walk(
        self,
        network: Network,
        time: int,
        pair: int,
        undamaged: DrawMasks,
        masks: Sequence[DrawMasks],
    ) -> Walk | None:
        """The shortest path on what is up."""
        del undamaged
        (now,) = masks
        return walk_in_force(network, time, pair, now, now)

    def words(self) -> str:
        """Nothing is hidden."""
        return ""
