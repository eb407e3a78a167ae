"""Routes found on what is known, and what is met on them: losses, and marked things.

A solver's walk can compare a route with other masks than those it was found on. That tells whether
the route is truly up, and also whether it passes anything that some masks lack: satellites that
alter messages, say. One solution for each question.
"""

from collections.abc import Sequence
from typing import Any

from sdn_mc.core.network import Masks, Routes


def checked_routes(
    solver: Any,
    plan: Any,
    known: Masks,
    truth: Masks | None,
    walk: bool,
    without: Sequence[Masks],
) -> Routes:
    """Routes on `known`, held to `truth` (None: the same), with what of `without` each passes."""
    found = [solver.solve(plan, known, each, walk) for each in without]
    if truth is not None or not found:
        routes = solver.solve(plan, known, truth, walk)
    else:
        routes = Routes(found[0].latency_s, found[0].hops)
    passes = tuple(~each.delivered for each in found) or None
    return Routes(routes.latency_s, routes.hops, routes.delivered, passes)
