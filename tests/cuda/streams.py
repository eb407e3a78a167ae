"""What the streams of `cuda_elimination` touch, read back from their words."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from sdn_mc.routing.streams import instructions
from sdn_mc.routing.streams.instructions import COLD, UNREAD
from sdn_mc.routing.streams.plan import Streams

JOINS = {
    instructions.JOIN_1: 1,
    instructions.JOIN_2: 2,
    instructions.JOIN_4: 4,
    instructions.JOIN_8: 8,
}
FETCHES = {instructions.FETCH_1: 1, instructions.FETCH_2: 2, instructions.FETCH_4: 4}


class Touch(NamedTuple):
    """One row that an instruction reads or writes."""

    phase: int  # barriers passed
    warp: int
    row: tuple[str, int]
    writes: bool


def touches(streams: Streams, run: int) -> Iterator[Touch]:
    """Everything that the warps of one run touch, warp by warp."""
    parts, lanes = streams.geometry.parts, streams.geometry.lanes
    for warp in range(streams.geometry.warps):
        at, phase = int(streams.start[run, warp]), 0
        while True:
            head = streams.program[at]
            words = streams.program[at + 1 : at + 1 + 2 * parts].reshape(parts, 8)
            phase += int(head[0]) >> 8
            operation = int(head[0]) & 255
            if operation == instructions.END:
                break
            for row, writes in _rows(operation, head, words, streams, lanes):
                yield Touch(phase, warp, row, writes)
            at += 1 + 2 * parts
        yield Touch(phase, warp, ("end", warp), False)


def _rows(operation, head, words, streams, lanes):
    """(row, whether it is written) of one instruction."""
    parts, columns = streams.geometry.parts, streams.geometry.columns
    row_bytes = lanes * 4

    def named(word):
        address = int(word & (COLD - np.uint32(1))) // lanes
        return ("cold" if word & COLD else "hot", address)

    def buffer(n_bytes):
        return ("buffer", int(n_bytes) // row_bytes)

    cold = operation - instructions.TO_COLD
    if operation in JOINS or cold in JOINS:
        n = JOINS.get(operation) or JOINS[cold]
        for part, own in enumerate(words):
            for i, word in enumerate(own):
                if word >> 31:
                    continue
                assert operation not in JOINS or not word & COLD, "a cold row, and not said so"
                yield named(word), True
                for k in range(n):
                    yield buffer(head[1] + k * head[3] + i // columns * row_bytes), False
                    column = i % columns * parts + part
                    yield buffer(head[2] + k * head[3] + column * row_bytes), False
    elif operation in FETCHES:
        n = FETCHES[operation]
        for part, own in enumerate(words):
            for i, word in enumerate(own[:4]):
                if word >> 31:
                    continue
                if word < UNREAD:
                    yield named(word), False
                column = i // n * parts + part
                yield buffer(head[2] + i % n * head[3] + column * row_bytes), True
    elif operation == instructions.LINK:
        for word in words[0][:4]:
            if not word >> 31:
                yield named(word), True
    else:
        n = 1 if operation == instructions.INSIDE_2 else 6
        for word in [*head[1:], *words[0][:3]][:n]:
            if word < UNREAD:
                yield named(word), False


def races(streams: Streams, run: int) -> list[tuple[int, tuple[str, int]]]:
    """Rows that one warp writes and another touches between the same two barriers."""
    seen = defaultdict(set)
    for touch in touches(streams, run):
        seen[touch.phase, touch.row].add((touch.warp, touch.writes))
    return [
        at
        for at, by in seen.items()
        if len({warp for warp, _ in by}) > 1 and any(writes for _, writes in by)
    ]
