"""When nobody finds new routes, and which instant's routes are then in force.

A cause of routing has the fleet's control plane down on [start, end). Windows of all causes of a
column that overlap or touch are one, from the first start on. While it lasts, the routes of the
last instant at or before its start are in force; those of the first instant, if it began before.

This is not a mask: solvers never see it, and policies that make routes ask for it (`Masks.frozen`).
Limits: the routes of an instant are those of an ideal moment there: what began before the scene is
taken to have begun with it, and two windows between neighbouring instants count as one.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from jaxtyping import Float32, Int32

from sdn_mc.core.network import Frozen, Masks
from sdn_mc.core.outage import ROUTING, Spans
from sdn_mc.engine.causes import Drawn
from sdn_mc.engine.types import Column

Instants = Int32[np.ndarray, "time draw"]


def frozen_instants(
    outages: Mapping[str, Drawn],
    columns: Sequence[Column],
    time_s: Float32[np.ndarray, " time"],
    n_draw: int,
) -> list[Instants | None]:
    """The instant whose routes are in force at each instant, in every column; None: always its own.

    `time_s` are the scene's instants themselves, whatever the age of the masks.
    """
    return [_instants(_routing_spans(outages, column), time_s, n_draw) for column in columns]


def with_frozen(masks: Sequence[Masks], instants: Sequence[Instants | None]) -> list[Masks]:
    """Masks of every column that say where routing is frozen; no site has yet chosen the best."""
    return [
        each
        if instant is None
        else Masks(each.link_up, each.access_up, Frozen(instant, np.asarray(each.access_up)))
        for each, instant in zip(masks, instants, strict=True)
    ]


def _routing_spans(outages: Mapping[str, Drawn], column: Column) -> list[Spans]:
    """Of the causes that act, those windows in which the control plane is down."""
    parts = [part for cause in column.causes for part in outages[cause]]
    return [p for p in parts if isinstance(p, Spans) and p.of == ROUTING and len(p.draw) > 0]


def _instants(
    spans: Sequence[Spans], time_s: Float32[np.ndarray, " time"], n_draw: int
) -> Instants | None:
    if not spans:
        return None
    own = np.arange(len(time_s), dtype=np.int32)
    found = np.repeat(own[:, None], n_draw, axis=1)
    for draw, start_s, end_s in _joined(spans):
        first, end = np.searchsorted(time_s, [start_s, end_s])
        last_before = int(np.searchsorted(time_s, start_s, side="right")) - 1
        found[first:end, draw] = max(last_before, 0)
    return found


def _joined(spans: Sequence[Spans]) -> Iterator[tuple[int, np.float32, np.float32]]:
    """Draw, start and end of every run of windows that overlap or touch."""
    draw, start_s, end_s = (
        np.concatenate([getattr(each, name) for each in spans])
        for name in ("draw", "start_s", "end_s")
    )
    order = np.lexsort((start_s, draw))
    run: tuple[int, np.float32, np.float32] | None = None
    for k in order:
        if run is not None and draw[k] == run[0] and start_s[k] <= run[2]:
            run = run[0], run[1], max(run[2], end_s[k])
            continue
        if run is not None:
            yield run
        run = int(draw[k]), start_s[k], end_s[k]
    if run is not None:
        yield run
