"""Lagged routing: everyone routes on the failures known some seconds ago.

Model: routes at time t are shortest paths on the masks at t - lag and the geometry at t (orbits are
predictable, failures are not); a message is delivered if every link of its route is up at t. The
lag stands for detecting a failure, telling everyone, computing and installing routes. One lag for
the whole fleet is an assumption: sweep it. While the control plane is frozen, the routes of its
last moment stay in force, which knew what was up a lag before it (`frozen_routes.py`).
"""

from collections.abc import Sequence
from typing import Any

import equinox as eqx

from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.network import DrawMasks, Masks, Network, Routes, Walk
from sdn_mc.routing.frozen_routes import Plan, solved_routes, walk_in_force


class Lagged(eqx.Module):
    """Knows the masks `lag_s` before the present, and is held to the present."""

    lag_s: Scalar = field(
        unit="s", within=(0, 3600), doc="Age of what routing knows of failures.", assumed=True
    )

    @property
    def needs_latency(self) -> bool:
        """What is checked is a route; without a lag there is nothing to check."""
        return bool(self.lag_s)

    @property
    def ages_s(self) -> tuple[float, ...]:
        """The present, and what is known."""
        return 0.0, float(self.lag_s)

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
        """Shortest paths on what was up, checked on what is."""
        now, before = masks
        return solved_routes(solver, plan, before, now, walk, without)

    def walk(
        self,
        network: Network,
        time: int,
        pair: int,
        undamaged: DrawMasks,
        masks: Sequence[DrawMasks],
    ) -> Walk | None:
        """The shortest path on what was up, each leg with its present state."""
        del undamaged
        now, before = masks
        return walk_in_force(network, time, pair, before, now)

    def words(self) -> str:
        """How old the news is."""
        return f"routed on what was up {float(self.lag_s):g} s earlier" if self.lag_s else ""
