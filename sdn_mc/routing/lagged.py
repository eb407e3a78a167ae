"""Lagged routing: everyone routes on the failures known some seconds ago.

Model: routes at time t are shortest paths on the masks at t - lag and the geometry at t (orbits are
predictable, failures are not); a message is delivered if every link of its route is up at t. The
lag stands for detecting a failure, telling everyone, computing and installing routes. One lag for
the whole fleet is an assumption: sweep it.
"""

from collections.abc import Sequence
from typing import Any

import equinox as eqx

from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.network import DrawMasks, Masks, Network, Routes, Walk
from sdn_mc.routing.checks import checked_routes
from sdn_mc.routing.walk import walk_one


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

    def prepare(self, network: Network, solver: Any, undamaged: Masks) -> Any:
        """The solver's own plan."""
        del undamaged
        return solver.prepare(network)

    def route(
        self,
        solver: Any,
        plan: Any,
        masks: Sequence[Masks],
        walk: bool,
        without: Sequence[Masks] = (),
    ) -> Routes:
        """Shortest paths on what was up, checked on what is."""
        now, before = masks
        truth = None if before is now else now
        return checked_routes(solver, plan, before, truth, walk, without)

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
        return walk_one(network, time, pair, before, now)

    def words(self) -> str:
        """How old the news is."""
        return f"routed on what was up {float(self.lag_s):g} s earlier" if self.lag_s else ""
