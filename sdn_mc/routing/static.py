"""Static routing: routes follow the orbits and know no losses: what remains without any news.

Model: at time t every pair uses the shortest path of the undamaged mesh at t, and the message is
delivered if every link of it is truly up (`fixed_routes.py`). Positions are predicted for days, so
such tables can be made long before; nobody detects a loss or tells of it. Of independent links
that are each lost with probability p, a route of h links holds with probability (1 - p)^h.

Limits: sites attach as the table says; no site picks another satellite when its own is lost. Tables
of all instants are made beforehand, so a frozen control plane changes nothing.
"""

from collections.abc import Sequence
from typing import Any

import equinox as eqx

from sdn_mc.core.network import DrawMasks, Masks, Network, Routes, Walk
from sdn_mc.routing.fixed_routes import Plan, held_routes, prepare_routes
from sdn_mc.routing.walk import walk_one


class Static(eqx.Module):
    """Knows no losses: the healthy route of each instant, delivered where it holds."""

    @property
    def ages_s(self) -> tuple[float, ...]:
        """The present, to check routes on."""
        return (0.0,)

    def prepare(self, network: Network, solver: Any, undamaged: Masks) -> Plan:
        """The route of every pair at every time."""
        del solver
        return prepare_routes(network, undamaged, None)

    def route(
        self,
        solver: Any,
        plan: Plan,
        masks: Sequence[Masks],
        walk: bool,
        without: Sequence[Masks] = (),
    ) -> Routes:
        """Where the routes hold."""
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
        """The healthy route, each leg with its present state."""
        return walk_one(network, time, pair, undamaged, *masks)

    def words(self) -> str:
        """Nothing is known."""
        return "routed as if nothing were lost"
