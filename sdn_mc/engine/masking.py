"""From spans to mask words: what is up at every time in every column, 32 draws to a word.

Spans become *edges*: at the first instant at or after a start a bit is set, at the first one at or
after the end it is cleared, and a span between two instants leaves none. Setting adds the bit to
the word and clearing subtracts it, modulo 2**32. Edges are sorted by time once for each word of
draws; from instant to instant only they change words. Then a column's
satellites, terminals and sites are down where any of its causes has them down, and a link slot is
up if both satellites and both terminals are, the pair is not cut, and the slot is awake: all slots
are gathered at every time, since looking for those that changed costs more. Causes of links by
themselves, or by the groups of their two satellites, then clear bits of the slots.

Laws that change often are chains (`chains`): they hold no spans, and go from instant to instant.

A standby slot is awake once each satellite that it bridges has been down without a break for the
re-pointing time, whichever causes had it down one after the other; that has edges of its own.

Here all is done by compiled code of the host; `masking_xla` leaves it the edges alone.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float32, Int

from sdn_mc.core.network import Masks
from sdn_mc.core.scene import Scene
from sdn_mc.engine.masking_kernel import fill
from sdn_mc.engine.masking_parts import Outages, most_edges, parts_of, scratch_for
from sdn_mc.engine.types import Column, Slots, Wiring


def wiring_of(scene: Scene) -> Wiring:
    """The arrays of a scene that masks need; without standby links nothing is ever woken."""
    links, access = scene.links, scene.access
    assert links is not None and access is not None
    n_sat, n_port = links.terminal.shape
    neighbour = links.neighbour.reshape(-1, n_sat, n_port)
    peer = links.peer.reshape(neighbour.shape)
    standby = links.wakes_on if np.any(links.wakes_on >= 0) else links.wakes_on[..., :0]
    terminal = np.arange(n_sat)[:, None] * links.n_terminal + links.terminal
    slots = Slots(
        neighbour=np.ascontiguousarray(neighbour),
        own_terminal=terminal.astype(np.int32),
        far_terminal=terminal[neighbour, peer].astype(np.int32),
        link=links.number.reshape(neighbour.shape),
        wakes_on=np.ascontiguousarray(standby),
        candidate=np.ascontiguousarray(access.sat),
    )
    return Wiring(slots, n_terminal=n_sat * links.n_terminal, best_only=access.best_only)


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
    _, n_sat, n_port = wiring.slots.neighbour.shape
    n_time, n_site, n_candidate = wiring.slots.candidate.shape
    n_column = len(columns)
    parts = parts_of(outages, wiring, group, columns, n_word)
    n_edge = int(most_edges(parts, wiring.slots.wakes_on.size > 0).max(initial=0))
    scratch = scratch_for(parts, wiring, n_edge)
    link_up = np.empty((n_column, n_time, n_word, n_sat, n_port), np.uint32)
    access_up = np.empty((n_column, n_time, n_word, n_site, n_candidate), np.uint32)
    times = np.ascontiguousarray(time_s, np.float32)
    fill(parts, wiring, times, np.float32(retarget_s), scratch, link_up, access_up)
    return [Masks(link_up[k], access_up[k]) for k in range(n_column)]
