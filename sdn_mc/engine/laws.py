"""From a law to the windows it has in each draw: one 32-bit number for what never changes.

Model: a stationary on-off process with exponential times, from `begin_s` on. Nearly always a
failure outlasts the scene or never comes, so a single number u decides, by thresholds on its 32
bits (a float32 would be 0.1 % off at a probability of 1e-4):

    down all along | repaired inside | fails inside | up all along.

Only for those inside are times drawn, each from the distribution given that it lies inside; then
gaps and repairs follow each other until the end. A larger rate or a longer repair makes both of the
first thresholds larger, so what a draw has down at the start it keeps.

Numbers are those of threefry2x32 (Salmon et al. 2011) under the law's own key of each draw, with
the entity and a running count as counter: any batch holds the same draws, and a larger fleet keeps
the windows of its first members. Starts are made from earlier ends, never ends minus repairs, whose
float32 difference is off by seconds after a year.
"""

import math
from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int32, UInt32

from sdn_mc.core.compiled import entry, inlined, kernel
from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.outage import Spans
from sdn_mc.core.simd import (
    add_rows,
    differing_bits,
    every_lane,
    lanes_below,
    load_row,
    lowest_bit,
    rotated,
    store_row,
)
from sdn_mc.core.threefry import threefry

_SPAN_OF_NUMBERS = 2.0**32
# Rows to make room for: so many times those expected, and some. Where it does not do, all are
# drawn again with the room they need.
_ROOM, _ROOM_AT_LEAST = 1.2, 1000


class Law(NamedTuple):
    """A law as drawn in a block: its key in each draw, and rates that may differ by entity."""

    key: UInt32[np.ndarray, "two draw"]
    rate_per_s: Float[np.ndarray, "one draw"] | Float[np.ndarray, "entity draw"]
    repair_s: Float[np.ndarray, "one draw"] | Float[np.ndarray, "entity draw"]
    of: str
    n_entity: int
    begin_s: Float32[np.ndarray, " draw"] | None = None  # it holds from here
    end_s: Float32[np.ndarray, " draw"] | None = None  # to here


class Thresholds(NamedTuple):
    """Upper ends of the first three cases, for each draw and (one or every) entity."""

    down_all_along: UInt32[np.ndarray, "some draw"]
    down_at_start: UInt32[np.ndarray, "some draw"]
    not_up_all_along: UInt32[np.ndarray, "some draw"]


class Rows(NamedTuple):
    """Room for spans."""

    entity: Int32[np.ndarray, " row"]
    draw: Int32[np.ndarray, " row"]
    start_s: Float32[np.ndarray, " row"]
    end_s: Float32[np.ndarray, " row"]


def spans_of(
    law: Law, begin_s: float, end_s: float, hit: Bool[np.ndarray, "entity draw"] | None = None
) -> Spans:
    """The windows of a law between two times that lie within it; ends beyond may be inf.

    With `hit`, who is down at some time and who never is has been decided elsewhere; all else is
    drawn given that.
    """
    rate, repair_s = _in_every_draw(law)
    stays, share, touched, expected = _chances(rate, repair_s, end_s - begin_s)
    if hit is not None:
        rate, repair_s = (
            np.ascontiguousarray(np.broadcast_to(each, hit.shape)) for each in (rate, repair_s)
        )
        given = np.divide(hit, touched, out=np.zeros(hit.shape), where=touched > 0)
        stays, share, touched, expected = (
            np.ascontiguousarray(each * given) for each in (stays, share, touched, expected)
        )
    thresholds = Thresholds(*map(_threshold, (stays, share, touched)))
    key, n_draw = np.ascontiguousarray(law.key), law.key.shape[1]
    begin = np.zeros(n_draw // DRAWS_PER_WORD + 1, np.int64)
    room = int(_ROOM * expected.sum() * law.n_entity / len(rate)) + _ROOM_AT_LEAST
    while True:
        rows = Rows(*(np.empty(room, kind) for kind in (np.int32, np.int32, "f4", "f4")))
        number = np.empty((2, DRAWS_PER_WORD), np.uint32)
        n_row = _fill(key, rate, repair_s, thresholds, begin_s, end_s, law.n_entity, number,
                      rows, begin)  # fmt: skip
        if n_row <= room:
            entity, draw, start, end = (column[:n_row].copy() for column in rows)
            spans = Spans(entity, draw, start, end, begin, law.of, law.n_entity)
            return _clipped(spans, law.begin_s, law.end_s)
        room = n_row


def chance_of_hit(law: Law, begin_s: float, end_s: float) -> Float64[np.ndarray, "some draw"]:
    """Chance that one or every entity is down at some time between two, in each draw."""
    return _chances(*_in_every_draw(law), end_s - begin_s)[2]


def _in_every_draw(
    law: Law,
) -> tuple[Float64[np.ndarray, "some draw"], Float64[np.ndarray, "some draw"]]:
    """Rate and repair time as both have them."""
    rate, repair_s = np.broadcast_arrays(
        np.asarray(law.rate_per_s, np.float64), np.asarray(law.repair_s, np.float64)
    )
    return np.ascontiguousarray(rate), np.ascontiguousarray(repair_s)


def _chances(
    rate: Float64[np.ndarray, "some draw"],
    repair_s: Float64[np.ndarray, "some draw"],
    length_s: float,
) -> tuple[Float64[np.ndarray, "some draw"], ...]:
    """Chances to be down all along, at the start, and ever; and windows to be expected."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        share = np.where(np.isinf(repair_s), 1.0, rate * repair_s / (1 + rate * repair_s))
        share = np.where(rate == 0, 0.0, share)
        stays = share * np.exp(-length_s / repair_s)
        fails = (1 - share) * -np.expm1(-rate * length_s)
        expected = share + fails * (1 + length_s / (1 / rate + repair_s))
    return stays, share, share + fails, expected


def _clipped(spans: Spans, begin_s: np.ndarray | None, end_s: np.ndarray | None) -> Spans:
    """What of the spans lies where the law holds."""
    if begin_s is None or end_s is None:
        return spans
    start = np.maximum(spans.start_s, begin_s[spans.draw])
    end = np.minimum(spans.end_s, end_s[spans.draw])
    kept = start < end
    before = np.concatenate([[0], np.cumsum(kept)])
    return spans._replace(
        entity=spans.entity[kept],
        draw=spans.draw[kept],
        start_s=start[kept],
        end_s=end[kept],
        begin=before[spans.begin],
    )


def _threshold(share: Float[np.ndarray, "some draw"]) -> UInt32[np.ndarray, "some draw"]:
    return np.minimum(share * _SPAN_OF_NUMBERS, _SPAN_OF_NUMBERS - 1).astype(np.uint32)


@entry
@no_type_check
def _fill(key, rate, repair, thresholds, begin_s, end_s, n_entity, number, rows, begin):
    """All rows, as far as there is room; their number."""
    n_row = 0
    for word in range(len(begin) - 1):
        begin[word] = n_row
        first = word * DRAWS_PER_WORD
        for entity in range(n_entity):
            at = entity if rate.shape[0] > 1 else 0
            left = np.uint64(_numbers(key, thresholds, at, first, entity, number))
            while left != 0:
                lane = np.int64(lowest_bit(left))
                left &= left - np.uint64(1)
                u, draw = number[0, lane], first + lane
                n_row = _windows(
                    key[:, draw], rate[at, draw], repair[at, draw],
                    u < thresholds.down_all_along[at, draw],
                    u < thresholds.down_at_start[at, draw],
                    number[1, lane], begin_s, end_s, entity, draw, rows, n_row,
                )  # fmt: skip
    begin[len(begin) - 1] = n_row
    return n_row


@kernel
@no_type_check
def _numbers(key, thresholds, at, first, entity, number):
    """Two numbers for each of 32 draws; the draws in which it is not up all along."""
    n_word = key.shape[1] // DRAWS_PER_WORD
    word = first // DRAWS_PER_WORD
    keys = load_row(key, word), load_row(key, n_word + word)
    x, y = threefry_rows(keys, every_lane(np.int32(entity)), every_lane(np.int32(0)))
    store_row(number, 0, x)
    store_row(number, 1, y)
    return lanes_below(x, load_row(thresholds.not_up_all_along, at * n_word + word))


@kernel
@no_type_check
def _windows(key, rate, repair, all_along, at_start, y, begin_s, end_s, entity, draw, rows, n_row):
    """The rows of one entity in one draw."""
    count = 1
    if at_start:
        start = begin_s + repair * math.log(_unit(y))  # its age is exponential too
        if all_along:
            return _add(rows, n_row, entity, draw, start, math.inf)
        x, _ = threefry(key, np.uint32(entity), np.uint32(count))
        end = begin_s + _inside(x, 1 / repair, end_s - begin_s)
    else:
        x, y = threefry(key, np.uint32(entity), np.uint32(count))
        start = begin_s + _inside(x, rate, end_s - begin_s)
        end = start - repair * math.log(_unit(y))
    n_row = _add(rows, n_row, entity, draw, start, end)
    while end < end_s:
        count += 1
        x, y = threefry(key, np.uint32(entity), np.uint32(count))
        start = end - math.log(_unit(x)) / rate
        if start >= end_s:
            break
        end = start - repair * math.log(_unit(y))
        n_row = _add(rows, n_row, entity, draw, start, end)
    return n_row


@kernel
@no_type_check
def _add(rows, n_row, entity, draw, start, end):
    """Write a row if there is room; count it in any case."""
    if n_row < len(rows.entity):
        rows.entity[n_row] = entity
        rows.draw[n_row] = draw
        rows.start_s[n_row] = start
        rows.end_s[n_row] = end
    return n_row + 1


@inlined
@no_type_check
def _inside(x, rate, length):
    """An exponential time, given that it is less than `length`."""
    return -math.log1p(_unit(x) * math.expm1(-rate * length)) / rate


@inlined
@no_type_check
def _unit(x):
    """32 bits to a number in (0, 1)."""
    return (np.float64(x) + 0.5) * 2.0**-32


@inlined
@no_type_check
def _plus(row, number):
    return add_rows(row, every_lane(np.int32(number)))


@inlined
@no_type_check
def threefry_rows(keys, counter_0, counter_1):
    """Threefry2x32 with 20 rounds: two 32-bit numbers, in 32 lanes with a key each."""
    a, b = keys
    c = differing_bits(differing_bits(a, b), every_lane(np.int32(0x1BD11BDA)))
    x, y = add_rows(a, counter_0), add_rows(b, counter_1)
    x, y = _four_rounds(x, y, 13, 15, 26, 6)
    x, y = _four_rounds(add_rows(x, b), add_rows(y, _plus(c, 1)), 17, 29, 16, 24)
    x, y = _four_rounds(add_rows(x, c), add_rows(y, _plus(a, 2)), 13, 15, 26, 6)
    x, y = _four_rounds(add_rows(x, a), add_rows(y, _plus(b, 3)), 17, 29, 16, 24)
    x, y = _four_rounds(add_rows(x, b), add_rows(y, _plus(c, 4)), 13, 15, 26, 6)
    return add_rows(x, c), add_rows(y, _plus(a, 5))


@inlined
@no_type_check
def _four_rounds(x, y, one, two, three, four):
    x = add_rows(x, y)
    y = differing_bits(rotated(y, one), x)
    x = add_rows(x, y)
    y = differing_bits(rotated(y, two), x)
    x = add_rows(x, y)
    y = differing_bits(rotated(y, three), x)
    x = add_rows(x, y)
    y = differing_bits(rotated(y, four), x)
    return x, y
