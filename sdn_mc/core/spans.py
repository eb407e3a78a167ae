"""Spans rearranged, for reactions: satellites singly, unbroken losses, rows in their order.

A *loss* is a thing's time down without a break: all of its windows, by whatever cause, of which
each begins before or as those before it end.
"""

from collections.abc import Sequence
from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Float, Float32, Int, Int32, Int64

from sdn_mc.core.compiled import entry
from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.outage import LINK, PAIR, Spans
from sdn_mc.core.scene import Scene

TERMINAL = "terminal"


class Rows(NamedTuple):
    """Windows, one a row."""

    entity: Int32[np.ndarray, " row"]
    draw: Int32[np.ndarray, " row"]
    start_s: Float32[np.ndarray, " row"]
    end_s: Float32[np.ndarray, " row"]


class Losses(NamedTuple):
    """Losses by thing, then draw, then time."""

    thing: Int64[np.ndarray, " loss"]
    draw: Int64[np.ndarray, " loss"]
    since_s: Float32[np.ndarray, " loss"]
    until_s: Float32[np.ndarray, " loss"]


def takes_satellites(spans: Spans) -> bool:
    """Are satellites down, singly or by groups?"""
    return spans.of not in (TERMINAL, "site", LINK) and not spans.of.startswith(PAIR)


def of_satellites(spans: Spans, scene: Scene) -> Spans:
    """The same satellites down at the same times, a row for each."""
    if spans.of == "sat":
        return spans
    group = np.asarray(scene.fleet.group[spans.of])
    by_group = np.argsort(group, kind="stable")
    first, end = (
        np.searchsorted(group[by_group], spans.entity, side) for side in ("left", "right")
    )
    n_member = end - first
    row = np.repeat(np.arange(len(spans.entity)), n_member)
    before = np.cumsum(n_member) - n_member
    sat = by_group[np.arange(len(row)) + (first - before)[row]]
    each = sat, spans.draw[row], spans.start_s[row], spans.end_s[row]
    return in_order(*each, "sat", scene.fleet.n_sat, len(spans.begin) - 1)


def rows_of(spans: Sequence[Spans]) -> Rows:
    """The rows of all of them, one after the other."""
    kinds = zip(Rows._fields, (np.int32, np.int32, np.float32, np.float32), strict=True)
    return Rows(
        *(
            np.concatenate([np.empty(0, kind), *(getattr(each, name) for each in spans)])
            for name, kind in kinds
        )
    )


def in_order(
    entity: Int[np.ndarray, " row"],
    draw: Int[np.ndarray, " row"],
    start_s: Float[np.ndarray, " row"],
    end_s: Float[np.ndarray, " row"],
    of: str,
    n_entity: int,
    n_word: int,
) -> Spans:
    """Spans of rows in any order; empty ones are dropped."""
    kept = np.flatnonzero(start_s < end_s)
    word, lane = np.divmod(draw[kept].astype(np.int64), DRAWS_PER_WORD)
    key = (word * n_entity + entity[kept]) * DRAWS_PER_WORD + lane
    order = _by_key_and_start(key, start_s[kept].astype(np.float32))
    row = kept[order]
    return Spans(
        entity=entity[row].astype(np.int32),
        draw=draw[row].astype(np.int32),
        start_s=start_s[row].astype(np.float32),
        end_s=end_s[row].astype(np.float32),
        begin=np.searchsorted(word[order], np.arange(n_word + 1)).astype(np.int64),
        of=of,
        n_entity=n_entity,
    )


def with_ends(spans: Spans, end_s: Float[np.ndarray, " row"]) -> Spans:
    """Other ends; windows that are then empty are dropped."""
    kept = spans.start_s < end_s
    before = np.concatenate([[0], np.cumsum(kept)])
    return spans._replace(
        entity=spans.entity[kept],
        draw=spans.draw[kept],
        start_s=spans.start_s[kept],
        end_s=end_s[kept].astype(np.float32),
        begin=before[spans.begin],
    )


def losses_of(
    thing: Int[np.ndarray, " row"],
    draw: Int[np.ndarray, " row"],
    start_s: Float32[np.ndarray, " row"],
    end_s: Float32[np.ndarray, " row"],
) -> Losses:
    """The losses that windows make, those of each thing and draw by themselves."""
    n_draw = int(draw.max(initial=0)) + 1
    key = thing.astype(np.int64) * n_draw + draw
    order = _by_key_and_start(key, start_s)
    key, start_s, end_s = key[order], start_s[order], end_s[order]
    begins, until_s = np.empty(len(key), bool), np.empty(len(key), np.float32)
    _mark(key, start_s, end_s, begins, until_s)
    last = np.append(begins[1:], np.ones(min(len(key), 1), bool))
    thing, draw_of = np.divmod(key[begins], n_draw)
    return Losses(thing, draw_of, start_s[begins], until_s[last])


def _by_key_and_start(
    key: Int64[np.ndarray, " row"], start_s: Float32[np.ndarray, " row"]
) -> Int64[np.ndarray, " row"]:
    """The stable order of rows, by one number each: several times as fast as by two.

    The bits of floats are ordered as the floats are, those of negative ones backwards.
    """
    bits = np.ascontiguousarray(start_s).view(np.int32)
    start = np.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits).astype(np.int64)
    return np.argsort((key << 32) + start, kind="stable")


@entry
@no_type_check
def _mark(key, start_s, end_s, begins, until_s):
    """Which rows begin a loss, and until when it lasts by the rows so far."""
    for row in range(len(key)):
        begins[row] = row == 0 or key[row] != key[row - 1] or start_s[row] > until_s[row - 1]
        until_s[row] = end_s[row] if begins[row] else max(until_s[row - 1], end_s[row])
