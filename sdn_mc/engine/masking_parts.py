"""What masks are made from: all spans and chains of a block as flat arrays, and working memory."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int, Int32, Int64, UInt32

from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.outage import LINK, LOSES, PAIR, ROUTING, Cuts, Spans
from sdn_mc.engine.causes import Drawn
from sdn_mc.engine.chains import Chain, Numbers, numbers_for
from sdn_mc.engine.masking_kernel import GROUP, LINKS, PAIRS, SAT, SITE, TERMINAL
from sdn_mc.engine.types import Column, Wiring

Outages = Mapping[str, Drawn]


class Parts(NamedTuple):
    """All spans, then all chains of a block, part by part.

    The states of part p are `first[p]` to `first[p + 1]`. Before them stand, for standby links, the
    satellites that each column has lost.
    """

    kind: Int32[np.ndarray, " part"]
    first: Int64[np.ndarray, " boundary"]
    group: Int32[np.ndarray, "part sat"]  # of each satellite, for parts that are groups or pairs
    begin: Int64[np.ndarray, "part wordboundary"]  # rows of a word
    entity: Int32[np.ndarray, " row"]
    draw: Int32[np.ndarray, " row"]
    start_s: Float32[np.ndarray, " row"]
    end_s: Float32[np.ndarray, " row"]
    is_chain: Bool[np.ndarray, " part"]
    key: UInt32[np.ndarray, "part word two"]  # of chains
    share: Float64[np.ndarray, "part word"]
    change_per_s: Float64[np.ndarray, "part word"]
    holds_s: Float32[np.ndarray, "part draw two"]  # from when to when chains have things down
    acts: Bool[np.ndarray, "column part"]
    cut: Bool[np.ndarray, "column sat port"]


class Edges(NamedTuple):
    """Where bits are set and cleared; padding adds 0."""

    state: Int32[np.ndarray, " edge"]  # index into the states of a word
    change: UInt32[np.ndarray, " edge"]  # the bit, to be added; its negative, to be cleared
    time: Int32[np.ndarray, " edge"]
    word: Int32[np.ndarray, " edge"]  # filled only where edges of several words stand together


class Scratch(NamedTuple):
    """Working memory."""

    state: UInt32[np.ndarray, " entity"]  # of one word: what each column has lost, then parts
    down: UInt32[np.ndarray, "column thing"]  # satellites, terminals, sites
    edge: Edges
    order: Int32[np.ndarray, " edge"]
    at_time: Int64[np.ndarray, " timeboundary"]
    window: Float32[np.ndarray, "window two"]  # of satellites, for standby links
    window_at: Int64[np.ndarray, " key"]  # by satellite and draw
    numbers: Numbers  # of chains


def parts_of(
    outages: Outages,
    wiring: Wiring,
    group: Mapping[str, Int[np.ndarray, " sat"]],
    columns: Sequence[Column],
    n_word: int,
) -> Parts:
    """Everything that takes something away in some column, as flat arrays."""
    n_sat, n_port, n_skipped = wiring.slots.wakes_on.shape
    used = sorted({cause for column in columns for cause in column.causes})
    named = [(cause, part) for cause in used for part in outages[cause]]
    live = [(cause, part) for cause, part in named if _is_lost(part)]
    live.sort(key=lambda each: isinstance(each[1], Chain))
    spans = [part for _, part in live if isinstance(part, Spans)]
    acts = [[cause in column.causes for cause, _ in live] for column in columns]
    kinds = {"sat": SAT, "terminal": TERMINAL, "site": SITE, LINK: LINKS}
    kinds |= {part.of: PAIRS for _, part in live if part.of.startswith(PAIR)}
    n_part, row = len(live), 0
    member = np.zeros((n_part, n_sat), np.int32)
    begin = np.zeros((n_part, n_word + 1), np.int64)
    key = np.zeros((n_part, n_word, 2), np.uint32)
    share, change_per_s = np.zeros((2, n_part, n_word))
    holds_s = np.empty((n_part, n_word * DRAWS_PER_WORD, 2), np.float32)
    holds_s[:] = -np.inf, np.inf
    for p, (_, part) in enumerate(live):
        if kinds.get(part.of, GROUP) in (GROUP, PAIRS):
            member[p] = group[part.of.removeprefix(PAIR)]
        if isinstance(part, Chain):
            key[p], share[p], change_per_s[p] = part.key, part.share, part.change_per_s
            if part.begin_s is not None and part.end_s is not None:
                holds_s[p] = np.stack([part.begin_s, part.end_s], axis=1)
            continue
        begin[p] = row + part.begin
        row += len(part.entity)

    def joined(name: str, kind: type) -> np.ndarray:
        return np.concatenate([np.empty(0, kind), *(getattr(part, name) for part in spans)])

    n_lost = len(columns) * n_sat if n_skipped else 0
    return Parts(
        kind=np.array([kinds.get(part.of, GROUP) for _, part in live], np.int32),
        first=np.cumsum([n_lost, *(part.n_entity for _, part in live)], dtype=np.int64),
        group=member,
        begin=begin,
        entity=joined("entity", np.int32),
        draw=joined("draw", np.int32),
        start_s=joined("start_s", np.float32),
        end_s=joined("end_s", np.float32),
        is_chain=np.array([isinstance(part, Chain) for _, part in live], bool),
        key=key,
        share=share,
        change_per_s=change_per_s,
        holds_s=holds_s,
        acts=np.array(acts, bool).reshape(len(columns), n_part),
        cut=_cuts_of(named, columns, n_sat, n_port),
    )


def _is_lost(part: Any) -> TypeGuard[Spans | Chain]:
    """Does the part take something away, at times?"""
    if isinstance(part, Spans):
        return part.does == LOSES and part.of != ROUTING
    return isinstance(part, Chain)


def _cuts_of(
    named: Sequence[tuple[str, Any]],
    columns: Sequence[Column],
    n_sat: int,
    n_port: int,
) -> Bool[np.ndarray, "column sat port"]:
    """Slots that are down all along in each column."""
    cut = np.zeros((len(columns), n_sat, n_port), bool)
    for cause, part in named:
        if isinstance(part, Cuts):
            slot = np.asarray(part.slot)
            for k, column in enumerate(columns):
                cut[k] |= (slot[..., 0] if slot.ndim == 3 else slot) & (cause in column.causes)
    return cut


def most_edges(parts: Parts, standby: bool) -> Int64[np.ndarray, " word"]:
    """As many edges as each word may have."""
    n_row = np.diff(parts.begin, axis=1).sum(axis=0)
    return 2 * (n_row + len(parts.acts) * _windows_of_words(parts) * standby)


def scratch_for(parts: Parts, wiring: Wiring, n_edge: int) -> Scratch:
    """Room for one word at a time, and for so many edges; what of them is not filled is padding."""
    n_time, n_site, _ = wiring.slots.candidate.shape
    n_sat, _, n_skipped = wiring.slots.wakes_on.shape
    n_window = int(_windows_of_words(parts).max(initial=0)) if n_skipped else 0
    return Scratch(
        state=np.empty(parts.first[-1], np.uint32),
        down=np.empty((len(parts.acts), n_sat + wiring.n_terminal + n_site), np.uint32),
        edge=Edges(*(np.zeros(n_edge, kind) for kind in ("i4", "u4", "i4", "i4"))),
        order=np.empty(n_edge, np.int32),
        at_time=np.empty(n_time + 1, np.int64),
        window=np.empty((n_window, 2), np.float32),
        window_at=np.empty(n_sat * DRAWS_PER_WORD + 1 if n_skipped else 1, np.int64),
        numbers=numbers_for(int(np.diff(parts.first).max(initial=0))),
    )


def _windows_of_words(parts: Parts) -> Int64[np.ndarray, " word"]:
    """Windows of single satellites that each word holds, groups written out."""
    largest = [
        np.bincount(members).max() if kind == GROUP else int(kind == SAT)
        for kind, members in zip(parts.kind, parts.group, strict=True)
    ]
    return np.array(largest, np.int64) @ np.diff(parts.begin, axis=1)
