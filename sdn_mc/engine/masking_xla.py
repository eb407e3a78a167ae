"""Mask words made by XLA on a device: the same bits as `masking`, for solvers that read them there.

The host makes what is sparse or a stream of numbers: the edges of every word, and the states of
chains. Of these the device makes the rest, in one compiled call for all columns: edges are added
into zeros [time, word, state], a running sum over time gives the states (setting adds a bit and
clearing subtracts it, modulo 2**32; overlaps are merged, so no carry reaches another bit), and
slots are gathered from the states as in `masking`. All of it is integers: any device gives the same
bits.

Memory on the device, in each call: the words of all columns, which are the result, 16 bytes an
edge, and about `CHUNK_BYTES`. Where the states of all times would take more, times are done in
equal chunks, one after the other, each going on from the states of the one before; the last one may
begin a little earlier, to be as long.

Edges are padded to a power of two with edges that add 0, so that few numbers of them compile.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float32, Int, Int32, UInt32

from sdn_mc.core.network import Either, Masks
from sdn_mc.engine.masking_kernel import GROUP, LINKS, PAIRS, SAT, SITE, TERMINAL, fill_edges
from sdn_mc.engine.masking_parts import Edges, Outages, Parts, most_edges, parts_of, scratch_for
from sdn_mc.engine.types import Column, Slots, Wiring

CHUNK_BYTES = 1 << 28
STATE_COPIES = 4  # held at a time: changes, their running sum and its halves
EDGES_AT_LEAST = 1024
EVERY_DRAW = np.uint32(0xFFFFFFFF)


class Part(NamedTuple):
    """A part that acts: what kind of thing it has down, its row in `group`, and its states."""

    kind: int
    row: int
    first: int
    end: int


class Layout(NamedTuple):
    """What compiled code must know beforehand; hashable."""

    acting: tuple[tuple[Part, ...], ...]  # in each column
    n_edge_state: int  # states that follow from edges; those of chains come after
    n_at_once: int  # times in a chunk
    best_only: bool


class Changes(NamedTuple):
    """What the host found in a block of draws."""

    edge: Edges
    chain_state: UInt32[np.ndarray, "time word entity"]
    group: Int32[np.ndarray, "part sat"]
    cut: Bool[np.ndarray, "column sat port"]


class Down(NamedTuple):
    """What a column has down at one time; None where none of its causes takes such a thing."""

    sat: UInt32[Array, "word sat"] | None
    terminal: UInt32[Array, "word terminal"] | None
    site: UInt32[Array, "word site"] | None
    lost: UInt32[Array, "word sat"]  # for long enough to wake standby links; empty without any


def mask_words_on_device(
    outages: Outages,
    wiring: Wiring,
    group: Mapping[str, Int[np.ndarray, " sat"]],
    time_s: Float32[np.ndarray, " time"],
    retarget_s: float,
    columns: Sequence[Column],
    n_word: int,
) -> list[Masks]:
    """As `mask_words`, on the device that holds the wiring, else on JAX's default device."""
    parts = parts_of(outages, wiring, group, columns, n_word)
    changes = _changes(parts, wiring, time_s, retarget_s, n_word)
    words = _words(changes, wiring.slots, _layout(parts, wiring, n_word))
    return [Masks(*each) for each in words]


def _changes(
    parts: Parts,
    wiring: Wiring,
    time_s: Float32[np.ndarray, " time"],
    retarget_s: float,
    n_word: int,
) -> Changes:
    """The edges of all words, padded, and chains at every time."""
    n_sat, _, n_skipped = wiring.slots.wakes_on.shape
    room = _padded(int(most_edges(parts, n_skipped > 0).sum()))
    scratch = scratch_for(parts, wiring, room)
    n_chain_state = int(parts.first[-1]) - _n_edge_state(parts)
    chain_state = np.empty((len(time_s), n_word, n_chain_state), np.uint32)
    times = np.ascontiguousarray(time_s, np.float32)
    n_edge = fill_edges(
        parts, n_skipped > 0, n_sat, times, np.float32(retarget_s), scratch, chain_state
    )
    edge = Edges(*(each[: _padded(n_edge)] for each in scratch.edge))
    return Changes(edge, chain_state, parts.group, parts.cut)


def _padded(n_edge: int) -> int:
    return max(EDGES_AT_LEAST, 1 << (n_edge - 1).bit_length())


def _n_edge_state(parts: Parts) -> int:
    return int(parts.first[np.count_nonzero(~parts.is_chain)])


def _layout(parts: Parts, wiring: Wiring, n_word: int) -> Layout:
    """Where everything stands, and how many times are done at once."""
    n_time, n_site, n_candidate = wiring.slots.candidate.shape
    n_sat, n_port, _ = wiring.slots.wakes_on.shape
    n_slot = len(parts.acts) * (n_sat * n_port + n_site * n_candidate)
    bytes_of_time = 4 * n_word * (STATE_COPIES * int(parts.first[-1]) + n_slot)
    n_chunk = min(n_time, -(-n_time * bytes_of_time // CHUNK_BYTES))
    every = [
        Part(int(kind), row, int(first), int(end))
        for row, (kind, first, end) in enumerate(
            zip(parts.kind, parts.first, parts.first[1:], strict=False)
        )
    ]
    return Layout(
        acting=tuple(tuple(every[row] for row in np.flatnonzero(acts)) for acts in parts.acts),
        n_edge_state=_n_edge_state(parts),
        n_at_once=-(-n_time // n_chunk),
        best_only=wiring.best_only,
    )


@partial(jax.jit, static_argnames=("layout",))
def _words(changes, slots, layout: Layout):
    """Link words [time, word, sat, port] and access words [time, word, site, candidate]."""
    n_time, n_word, _ = changes.chain_state.shape
    shapes = (n_time, n_word, *changes.cut.shape[1:]), (n_time, n_word, *slots.candidate.shape[1:])
    words = [tuple(jnp.zeros(shape, jnp.uint32) for shape in shapes) for _ in layout.acting]
    state = jnp.zeros((n_word, layout.n_edge_state), jnp.uint32)
    begin = np.arange(0, n_time, layout.n_at_once, dtype=np.int32)
    begin = np.minimum(begin, n_time - layout.n_at_once)
    following = np.append(begin[1:], np.int32(n_time))
    step = partial(_chunk, changes, slots, layout)
    (_, words), _ = jax.lax.scan(step, (state, words), (begin, following))
    return words


def _chunk(changes, slots, layout: Layout, carried, at):
    """Times from `begin` on: their words, and the states before the following chunk."""
    (before, words), (begin, following), edge = carried, at, changes.edge
    row = jnp.where(edge.time < begin, layout.n_at_once, edge.time - begin)  # beyond: dropped
    change = jnp.zeros((layout.n_at_once, *before.shape), jnp.uint32)
    change = change.at[row, edge.word, edge.state].add(edge.change, mode="drop")
    state = before[None] + jnp.cumsum(change, axis=0, dtype=jnp.uint32)
    time = begin + jnp.arange(layout.n_at_once, dtype=jnp.int32)
    found = jax.vmap(partial(_at_time, changes, slots, layout))(state, time)
    put = partial(jax.lax.dynamic_update_slice_in_dim, start_index=begin, axis=0)
    return (state[following - begin - 1], jax.tree.map(put, words, found)), None


def _at_time(changes, slots, layout: Layout, edge_state: UInt32[Array, "word state"], time: Array):
    """Link and access words of every column at one time."""
    state = jnp.concatenate([edge_state, changes.chain_state[time]], axis=1)
    epochtime = time if len(slots.neighbour) > 1 else 0
    neighbour, far_terminal = slots.neighbour[epochtime], slots.far_terminal[epochtime]
    here = slots._replace(
        neighbour=neighbour,
        far_terminal=far_terminal,
        link=slots.link[epochtime],
        candidate=slots.candidate[time],
    )
    words = []
    for column, acting in enumerate(layout.acting):
        down = _down(column, acting, changes.group, len(slots.wakes_on), state)
        link_up = _links(here, down, changes.cut[column], len(state))
        link_up = _without_parted(link_up, here, acting, changes.group, state)
        words.append((link_up, _access(here, down, len(state), layout.best_only)))
    return words


def _down(
    column: int,
    acting: Sequence[Part],
    group: Int32[Array, "part sat"],
    n_sat: int,
    state: UInt32[Array, "word state"],
) -> Down:
    """What some cause of the column has down."""
    found: dict[int, Array] = {}
    for part in acting:
        own, kind = state[:, part.first : part.end], part.kind
        if kind in (LINKS, PAIRS):
            continue
        if kind == GROUP:
            own, kind = _taken(own, group[part.row]), SAT
        found[kind] = found[kind] | own if kind in found else own
    lost = state[:, column * n_sat : (column + 1) * n_sat]
    return Down(found.get(SAT), found.get(TERMINAL), found.get(SITE), lost)


def _links(
    slots: Slots, down: Down, cut: Bool[Array, "sat port"], n_word: int
) -> UInt32[Array, "word sat port"]:
    """A slot is up if both satellites, both terminals and the pair allow it, and it is awake."""
    up = jnp.broadcast_to(jnp.where(cut, jnp.uint32(0), EVERY_DRAW), (n_word, *cut.shape))
    if down.sat is not None:
        up = up & ~(down.sat[:, :, None] | _taken(down.sat, slots.neighbour))
    if down.terminal is not None:
        own, far = (_taken(down.terminal, at) for at in (slots.own_terminal, slots.far_terminal))
        up = up & ~(own | far)
    for k in range(slots.wakes_on.shape[2]):
        skipped = slots.wakes_on[:, :, k]
        lost = _taken(down.lost, jnp.maximum(skipped, 0))
        up = up & jnp.where(skipped[None] >= 0, lost, EVERY_DRAW)
    return up


def _without_parted(
    up: UInt32[Array, "word sat port"],
    slots: Slots,
    acting: Sequence[Part],
    group: Int32[Array, "part sat"],
    state: UInt32[Array, "word state"],
) -> UInt32[Array, "word sat port"]:
    """Without slots whose link, or the pair of whose groups, some cause of the column has down."""
    for part in acting:
        if part.kind not in (LINKS, PAIRS):
            continue
        entity = slots.link
        if part.kind == PAIRS:
            one, other = group[part.row][:, None], group[part.row][slots.neighbour]
            high = jnp.maximum(one, other)
            entity = high * (high + 1) // 2 + jnp.minimum(one, other)
        up = up & ~_taken(state[:, part.first : part.end], entity)
    return up


def _access(
    slots: Slots, down: Down, n_word: int, best_only: bool
) -> UInt32[Array, "word site candidate"]:
    """A candidate is up if its satellite and its site are; with `best_only`, the first such one."""
    up = jnp.full((n_word, *slots.candidate.shape), EVERY_DRAW)
    if down.sat is not None:
        up = up & ~_taken(down.sat, slots.candidate)
    if down.site is not None:
        up = up & ~down.site[:, :, None]
    if not best_only:
        return up
    seen = jax.lax.associative_scan(jnp.bitwise_or, up, axis=2)
    return up.at[:, :, 1:].set(seen[:, :, 1:] & ~seen[:, :, :-1])


def _taken(
    word: UInt32[Array, "word entity"], entity: Int32[Either, "*place"]
) -> UInt32[Array, "..."]:
    """The words of some entities; the numbers are known to be good."""
    at = word.at[:, entity]
    return at.get(mode="promise_in_bounds", wrap_negative_indices=False)
