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
from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int, Int32, Int64, UInt32

from sdn_mc.core.compiled import entry, kernel
from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.network import Masks
from sdn_mc.core.outage import Cuts, Spans
from sdn_mc.core.scene import Scene
from sdn_mc.engine.chains import Chain, Numbers, numbers_for, step_chain
from sdn_mc.engine.types import Column

Outages = Mapping[str, tuple[Spans | Chain | Cuts, ...]]

SAT, TERMINAL, SITE, GROUP = range(4)
ALL_UP = np.uint32(0xFFFFFFFF)
EDGES_AT_LEAST = 1024


class Wiring(NamedTuple):
    """The mesh and the access of a scene, as masks need them. Terminals count over the fleet."""

    neighbour: Int32[np.ndarray, "epochtime sat port"]
    own_terminal: Int32[np.ndarray, "sat port"]
    far_terminal: Int32[np.ndarray, "epochtime sat port"]
    wakes_on: Int32[np.ndarray, "sat port skipped"]
    candidate: Int32[np.ndarray, "time site candidate"]
    n_terminal: int  # of the fleet
    best_only: bool


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
    _fill(parts, wiring, times, np.float32(retarget_s), scratch, link_up, access_up)
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


# ---- compiled


@entry
@no_type_check
def _fill(parts, wiring, time_s, retarget_s, scratch, link_up, access_up):
    """Every word: edges, sorted; then from time to time."""
    n_column, n_time, n_word = link_up.shape[0], link_up.shape[1], link_up.shape[2]
    n_sat = link_up.shape[3]
    standby, some_chain = wiring.wakes_on.shape[2] > 0, np.any(parts.is_chain)
    for word in range(n_word):
        n_edge = _edges_of_parts(parts, time_s, word, scratch)
        if standby:
            for column in range(n_column):
                first = parts.first[-1] + column * n_sat
                n_edge = _edges_of_lost(
                    parts, column, word, n_sat, time_s, retarget_s, first, scratch, n_edge
                )
        _sort_edges(scratch, n_edge, n_time)
        scratch.state[:] = 0
        for time in range(n_time):
            begin, end = scratch.at_time[time], scratch.at_time[time + 1]
            for i in range(begin, end):
                edge = scratch.order[i]
                scratch.state[scratch.edge[edge, 0]] ^= np.uint32(1) << np.uint32(
                    scratch.edge[edge, 1]
                )
            if some_chain:
                _step_chains(parts, word, time_s, time, scratch)
            for column in range(n_column):
                down = scratch.down[column]
                if time == 0 or begin < end or some_chain:
                    _take_down(parts, column, n_sat, wiring.n_terminal, scratch.state, down)
                first = parts.first[-1] + column * n_sat
                lost = scratch.state[first : first + n_sat]
                _links(wiring, time, down, lost, parts.cut[column], link_up[column, time, word])
                _access(wiring, time, down, n_sat, access_up[column, time, word])


@kernel
@no_type_check
def _step_chains(parts, word, time_s, time, scratch):
    """Every chain, to this instant."""
    for part in range(len(parts.kind)):
        if parts.is_chain[part]:
            state = scratch.state[parts.first[part] : parts.first[part + 1]]
            share, change_per_s = parts.share[part, word], parts.change_per_s[part, word]
            key = parts.key[part, word]
            step_chain(key, share, change_per_s, time_s, time, state, scratch.numbers)


@kernel
@no_type_check
def _edges_of_parts(parts, time_s, word, scratch):
    """Edges of all spans of a word; overlaps of one entity count once."""
    n_edge = 0
    for part in range(len(parts.kind)):
        before, reach = np.int64(-1), 0
        for row in range(parts.begin[part, word], parts.begin[part, word + 1]):
            entity = parts.first[part] + parts.entity[row]
            bit = parts.draw[row] % DRAWS_PER_WORD
            first = _first_from(time_s, parts.start_s[row])
            end = _first_from(time_s, parts.end_s[row])
            key = entity * DRAWS_PER_WORD + bit
            if key == before:
                first = max(first, reach)
                end = max(end, reach)
            before, reach = key, end
            n_edge = _add_edges(scratch, n_edge, entity, bit, first, end, len(time_s))
    return n_edge


@kernel
@no_type_check
def _add_edges(scratch, n_edge, entity, bit, first, end, n_time):
    """Set at `first`, clear at `end`; nothing if no instant lies between."""
    if first < end:
        for time in (first, end):
            if time < n_time:
                scratch.edge[n_edge, 0] = entity
                scratch.edge[n_edge, 1] = bit
                scratch.edge_time[n_edge] = time
                n_edge += 1
    return n_edge


@kernel
@no_type_check
def _first_from(time_s, at_s):
    """Index of the first instant at or after a time."""
    low, high = 0, len(time_s)
    if high == 0 or time_s[0] >= at_s:
        return 0
    if time_s[high - 1] < at_s:
        return high
    while low < high:
        middle = (low + high) // 2
        if time_s[middle] < at_s:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
@no_type_check
def _sort_edges(scratch, n_edge, n_time):
    """Counting sort by time; edges of time t are `at_time[t]` to `at_time[t + 1]` of the order."""
    at = scratch.at_time
    at[:] = 0
    for i in range(n_edge):
        at[scratch.edge_time[i]] += 1
    total = 0
    for time in range(n_time + 1):
        here = at[time]
        at[time] = total
        total += here
    for i in range(n_edge):
        time = scratch.edge_time[i]
        scratch.order[at[time]] = i
        at[time] += 1
    _shift_right(at)


@kernel
@no_type_check
def _edges_of_lost(parts, column, word, n_sat, time_s, retarget_s, first, scratch, n_edge):
    """Edges of satellites that have been down without a break for the re-pointing time."""
    _collect_windows(parts, column, word, n_sat, scratch)
    for key in range(n_sat * DRAWS_PER_WORD):
        begin, end = scratch.window_at[key], scratch.window_at[key + 1]
        if begin == end:
            continue
        _sort_windows(scratch.window, begin, end)
        sat, bit = first + key // DRAWS_PER_WORD, key % DRAWS_PER_WORD
        since, reach = scratch.window[begin, 0], scratch.window[begin, 1]
        for i in range(begin + 1, end):
            if scratch.window[i, 0] <= reach:
                reach = max(reach, scratch.window[i, 1])
                continue
            n_edge = _add_lost(scratch, n_edge, sat, bit, time_s, since + retarget_s, reach)
            since, reach = scratch.window[i, 0], scratch.window[i, 1]
        n_edge = _add_lost(scratch, n_edge, sat, bit, time_s, since + retarget_s, reach)
    return n_edge


@kernel
@no_type_check
def _add_lost(scratch, n_edge, sat, bit, time_s, wake_s, reach_s):
    first, end = _first_from(time_s, wake_s), _first_from(time_s, reach_s)
    return _add_edges(scratch, n_edge, sat, bit, first, end, len(time_s))


@kernel
@no_type_check
def _collect_windows(parts, column, word, n_sat, scratch):
    """Windows of each satellite in each draw, from all causes of the column; groups written out.

    Those of key k = satellite * 32 + draw end as rows `window_at[k]` to `window_at[k + 1]`.
    """
    at = scratch.window_at
    at[:] = 0
    _note_windows(parts, column, word, n_sat, scratch, False)
    total = 0
    for key in range(len(at)):
        here = at[key]
        at[key] = total
        total += here
    _note_windows(parts, column, word, n_sat, scratch, True)
    _shift_right(at)


@kernel
@no_type_check
def _shift_right(at):
    """Ends of runs become their beginnings."""
    for i in range(len(at) - 1):
        key = len(at) - 1 - i
        at[key] = at[key - 1]
    at[0] = 0


@kernel
@no_type_check
def _note_windows(parts, column, word, n_sat, scratch, filling):
    """Count windows by satellite and draw, or write them to their places."""
    for part in range(len(parts.kind)):
        kind = parts.kind[part]
        if not parts.acts[column, part] or (kind != SAT and kind != GROUP):
            continue
        for row in range(parts.begin[part, word], parts.begin[part, word + 1]):
            bit, entity = parts.draw[row] % DRAWS_PER_WORD, parts.entity[row]
            if kind == SAT:
                _note_window(parts, row, entity * DRAWS_PER_WORD + bit, filling, scratch)
                continue
            for sat in range(n_sat):
                if parts.group[part, sat] == entity:
                    _note_window(parts, row, sat * DRAWS_PER_WORD + bit, filling, scratch)


@kernel
@no_type_check
def _note_window(parts, row, key, filling, scratch):
    if filling:
        at = scratch.window_at[key]
        scratch.window[at, 0] = parts.start_s[row]
        scratch.window[at, 1] = parts.end_s[row]
    scratch.window_at[key] += 1


@kernel
@no_type_check
def _sort_windows(window, begin, end):
    """Insertion sort by start: few windows each."""
    for i in range(begin + 1, end):
        start, stop, at = window[i, 0], window[i, 1], i
        while at > begin and window[at - 1, 0] > start:
            window[at, 0], window[at, 1] = window[at - 1, 0], window[at - 1, 1]
            at -= 1
        window[at, 0], window[at, 1] = start, stop


@kernel
@no_type_check
def _take_down(parts, column, n_sat, n_terminal, state, down):
    """Satellites, terminals and sites that some cause of the column has down."""
    down[:] = 0
    for part in range(len(parts.kind)):
        if not parts.acts[column, part]:
            continue
        kind = parts.kind[part]
        first, end = parts.first[part], parts.first[part + 1]
        own = state[first:end]
        if kind == GROUP:
            for sat in range(n_sat):
                down[sat] |= own[parts.group[part, sat]]
            continue
        to = 0 if kind == SAT else (n_sat if kind == TERMINAL else n_sat + n_terminal)
        for i in range(end - first):
            down[to + i] |= own[i]


@kernel
@no_type_check
def _links(wiring, time, down, lost, cut, up):
    """A slot is up if both satellites, both terminals and the pair allow it, and it is awake."""
    at = time if wiring.neighbour.shape[0] > 1 else 0
    n_sat, n_port, n_skipped = wiring.wakes_on.shape
    for sat in range(n_sat):
        for port in range(n_port):
            out = down[sat] | down[wiring.neighbour[at, sat, port]]
            out |= down[n_sat + wiring.own_terminal[sat, port]]
            out |= down[n_sat + wiring.far_terminal[at, sat, port]]
            word = np.uint32(0) if cut[sat, port] else np.uint32(~out)
            for k in range(n_skipped):
                skipped = wiring.wakes_on[sat, port, k]
                if skipped >= 0:
                    word &= lost[skipped]
            up[sat, port] = word


@kernel
@no_type_check
def _access(wiring, time, down, n_sat, up):
    """A candidate is up if its satellite and its site are; with `best_only`, the first such one."""
    n_site, n_candidate = up.shape
    for site in range(n_site):
        site_down = down[n_sat + wiring.n_terminal + site]
        taken = np.uint32(0)
        for candidate in range(n_candidate):
            out = site_down | down[wiring.candidate[time, site, candidate]]
            word = np.uint32(~out)
            if wiring.best_only:
                word &= ~taken
                taken |= word
            up[site, candidate] = word
