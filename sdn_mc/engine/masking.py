"""From spans to mask words: what is up at every time in every column, 32 draws to a word.

Spans become *edges*: at the first instant at or after a start a bit is set, at the first one at or
after the end it is cleared, and a span between two instants leaves none. Edges are sorted by time
once for each word of draws; from instant to instant only they flip bits. Then a column's
satellites, terminals and sites are down where any of its causes has them down, and a link slot is
up if both satellites and both terminals are, the pair is not cut, and the slot is awake: all slots
are gathered at every time, since looking for those that changed costs more.

Laws that change often are chains (`chains`): they hold no spans, and go from instant to instant.

A standby slot is awake once each satellite that it bridges has been down without a break for the
re-pointing time, whichever causes had it down one after the other; that has edges of its own.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int, Int32, Int64, UInt32

from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.network import Masks
from sdn_mc.core.outage import Cuts, Spans
from sdn_mc.core.scene import Scene
from sdn_mc.engine.chains import Chain, Numbers, numbers_for
from sdn_mc.engine.masking_kernel import GROUP, SAT, SITE, TERMINAL, fill
from sdn_mc.engine.types import Column, Wiring

Outages = Mapping[str, tuple[Spans | Chain | Cuts, ...]]

EDGES_AT_LEAST = 1024


class Parts(NamedTuple):
    """All spans and chains of a block, part by part; the state of part p begins at `first[p]`."""

    kind: Int32[np.ndarray, " part"]
    first: Int64[np.ndarray, " boundary"]
    group: Int32[np.ndarray, "part sat"]  # of each satellite, for parts that are groups
    begin: Int64[np.ndarray, "part wordboundary"]  # rows of a word
    entity: Int32[np.ndarray, " row"]
    draw: Int32[np.ndarray, " row"]
    start_s: Float32[np.ndarray, " row"]
    end_s: Float32[np.ndarray, " row"]
    is_chain: Bool[np.ndarray, " part"]
    key: UInt32[np.ndarray, "part word two"]  # of chains
    share: Float64[np.ndarray, "part word"]
    change_per_s: Float64[np.ndarray, "part word"]
    acts: Bool[np.ndarray, "column part"]
    cut: Bool[np.ndarray, "column sat port"]


class Scratch(NamedTuple):
    """Working memory of one word."""

    state: UInt32[np.ndarray, " entity"]  # of every part, then of what each column has lost
    down: UInt32[np.ndarray, "column thing"]  # satellites, terminals, sites
    edge: Int64[np.ndarray, "edge two"]  # entity of `state`, bit
    edge_time: Int32[np.ndarray, " edge"]
    order: Int32[np.ndarray, " edge"]
    at_time: Int64[np.ndarray, " timeboundary"]
    window: Float32[np.ndarray, "window two"]  # of satellites, for standby links
    window_at: Int64[np.ndarray, " key"]  # by satellite and draw
    numbers: Numbers  # of chains


def wiring_of(scene: Scene) -> Wiring:
    """The arrays of a scene that masks need; without standby links nothing is ever woken."""
    links, access = scene.links, scene.access
    assert links is not None and access is not None
    n_sat, n_port = links.terminal.shape
    neighbour = links.neighbour.reshape(-1, n_sat, n_port)
    peer = links.peer.reshape(neighbour.shape)
    standby = links.wakes_on if np.any(links.wakes_on >= 0) else links.wakes_on[..., :0]
    terminal = np.arange(n_sat)[:, None] * links.n_terminal + links.terminal
    return Wiring(
        neighbour=np.ascontiguousarray(neighbour),
        own_terminal=terminal.astype(np.int32),
        far_terminal=terminal[neighbour, peer].astype(np.int32),
        wakes_on=np.ascontiguousarray(standby),
        candidate=np.ascontiguousarray(access.sat),
        n_terminal=n_sat * links.n_terminal,
        best_only=access.best_only,
    )


def mask_words(
    outages: Outages,
    wiring: Wiring,
    group: Mapping[str, Int[np.ndarray, " sat"]],
    time_s: Float32[np.ndarray, " time"],
    retarget_s: float,
    columns: Sequence[Column],
    n_word: int,
) -> list[Masks]:
    """Link and access words of every column at every time."""
    _, n_sat, n_port = wiring.neighbour.shape
    n_time, n_site, n_candidate = wiring.candidate.shape
    n_column = len(columns)
    parts = _parts(outages, columns, group, n_word, (n_sat, n_port))
    link_up = np.empty((n_column, n_time, n_word, n_sat, n_port), np.uint32)
    access_up = np.empty((n_column, n_time, n_word, n_site, n_candidate), np.uint32)
    n_window = _windows_in_a_word(parts) if wiring.wakes_on.shape[-1] else 0
    n_key = n_sat * DRAWS_PER_WORD + 1 if wiring.wakes_on.shape[-1] else 1
    rows = int(np.diff(parts.begin, axis=1).sum(axis=0).max(initial=0))
    n_edge = 2 * (rows + n_column * n_window) + EDGES_AT_LEAST
    n_state = int(parts.first[-1]) + n_column * n_sat
    scratch = Scratch(
        state=np.empty(n_state, np.uint32),
        down=np.empty((n_column, n_sat + wiring.n_terminal + n_site), np.uint32),
        edge=np.empty((n_edge, 2), np.int64),
        edge_time=np.empty(n_edge, np.int32),
        order=np.empty(n_edge, np.int32),
        at_time=np.empty(n_time + 1, np.int64),
        window=np.empty((n_window, 2), np.float32),
        window_at=np.empty(n_key, np.int64),
        numbers=numbers_for(int(np.diff(parts.first).max(initial=0))),
    )
    times = np.ascontiguousarray(time_s, np.float32)
    fill(parts, wiring, times, np.float32(retarget_s), scratch, link_up, access_up)
    return [Masks(link_up[k], access_up[k]) for k in range(n_column)]


def _parts(
    outages: Outages,
    columns: Sequence[Column],
    group: Mapping[str, Int[np.ndarray, " sat"]],
    n_word: int,
    shape: tuple[int, int],
) -> Parts:
    """Everything that acts in some column, as flat arrays."""
    used = sorted({cause for column in columns for cause in column.causes})
    named = [(cause, part) for cause in used for part in outages[cause]]
    live = [(cause, part) for cause, part in named if not isinstance(part, Cuts)]
    spans = [part for _, part in live if isinstance(part, Spans)]
    acts = [[cause in column.causes for cause, _ in live] for column in columns]
    cut = np.zeros((len(columns), *shape), bool)
    for cause, part in named:
        if isinstance(part, Cuts):
            slot = np.asarray(part.slot)
            for k, column in enumerate(columns):
                cut[k] |= (slot[..., 0] if slot.ndim == 3 else slot) & (cause in column.causes)
    kinds = {"sat": SAT, "terminal": TERMINAL, "site": SITE}
    n_part, row = len(live), 0
    member = np.zeros((n_part, shape[0]), np.int32)
    begin = np.zeros((n_part, n_word + 1), np.int64)
    key = np.zeros((n_part, n_word, 2), np.uint32)
    share, change_per_s = np.zeros((2, n_part, n_word))
    for p, (_, part) in enumerate(live):
        if part.of not in kinds:
            member[p] = group[part.of]
        if isinstance(part, Chain):
            key[p], share[p], change_per_s[p] = part.key, part.share, part.change_per_s
            continue
        begin[p] = row + part.begin
        row += len(part.entity)

    def joined(name: str, kind: type) -> np.ndarray:
        return np.concatenate([np.empty(0, kind), *(getattr(part, name) for part in spans)])

    return Parts(
        kind=np.array([kinds.get(part.of, GROUP) for _, part in live], np.int32),
        first=np.cumsum([0, *(part.n_entity for _, part in live)], dtype=np.int64),
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
        acts=np.array(acts, bool).reshape(len(columns), n_part),
        cut=cut,
    )


def _windows_in_a_word(parts: Parts) -> int:
    """Most windows of single satellites that a word holds, groups written out."""
    n_row = np.diff(parts.begin, axis=1)
    largest = [
        np.bincount(members).max() if kind == GROUP else int(kind == SAT)
        for kind, members in zip(parts.kind, parts.group, strict=True)
    ]
    return int((np.array(largest, np.int64) @ n_row).max(initial=0)) if len(n_row) else 0
