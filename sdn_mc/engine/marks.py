"""Things that are up and do something to messages: asked about as if they were down.

No route avoids what nobody knows to be bad, so such things choose no route. Whether a route passes
one is found by the check that routing has anyway: on masks where they are down as well, the route
would not hold. So there is a question for all that tamper together, and one for each cause that
delays, with its own delay; each needs masks of its own, in the columns where such a cause acts.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import is_
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32

from sdn_mc.core.network import Masks
from sdn_mc.core.outage import DELAYS, LOSES, TAMPERS, Spans
from sdn_mc.engine.causes import Drawn
from sdn_mc.engine.types import Asked, Column

Outages = Mapping[str, Drawn]
Marked = Callable[[Spans], bool]


class Question(NamedTuple):
    """Which windows are asked about, and the columns that ask."""

    marked: Marked
    columns: tuple[Column, ...]
    delay_s: Float32[np.ndarray, " draw"] | None  # None: they tamper


class Mark(NamedTuple):
    """Masks of one column without the marked things, and how long those hold a message."""

    without: Masks
    delay_s: Float32[np.ndarray, " draw"] | None  # None: they tamper


def questions(outages: Outages, columns: Sequence[Column], wanted: Asked) -> list[Question]:
    """What there is to ask of a block's routes."""
    asked: list[tuple[Marked, set[str], np.ndarray | None]] = []
    if wanted.integrity:
        causes = {name for name, parts in outages.items() if _those(parts, TAMPERS)}
        asked.append((lambda part: part.does == TAMPERS, causes, None))
    for cause, parts in sorted(outages.items() if wanted.latency else ()):
        asked += [(partial(is_, held), {cause}, held.delay_s) for held in _those(parts, DELAYS)]
    return [
        Question(marked, acting, delay_s)
        for marked, causes, delay_s in asked
        if (acting := tuple(column for column in columns if causes & set(column.causes)))
    ]


def as_lost(outages: Outages, marked: Marked) -> dict[str, Drawn]:
    """Outages in which the marked windows are losses too."""

    def lost(part: Any) -> Any:
        return part._replace(does=LOSES) if isinstance(part, Spans) and marked(part) else part

    return {name: tuple(map(lost, parts)) for name, parts in outages.items()}


def _those(parts: Drawn, does: str) -> list[Spans]:
    return [part for part in parts if isinstance(part, Spans) and part.does == does]
