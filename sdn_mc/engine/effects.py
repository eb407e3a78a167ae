"""Causes that depend on geometry: what each takes at every instant, as words over the masks.

Such a cause says for one draw and one instant which access candidates and link slots are down. That
is evaluated for all draws of a block at one instant after the other, packed to words at once, and
taken from the masks of the columns in which the cause acts. Where a site uses only its best
satellite, the choice is made after that.

Memory: the booleans of one instant (draws * sites * candidates, or draws * satellites * ports), and
the words of all.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, UInt32

from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.network import Either, Masks
from sdn_mc.core.outage import Effect, Instant
from sdn_mc.engine.causes import Drawn, Moving
from sdn_mc.engine.types import Column


def effects_of(
    outages: Mapping[str, Drawn],
    tables: Mapping[str, Any],
    time_s: Float32[np.ndarray, " time"],
    columns: Sequence[Column],
) -> dict[str, Effect]:
    """What each cause that acts somewhere takes: words [time, word, …] in the place of booleans."""
    used = {cause for column in columns for cause in column.causes}
    return {
        name: _words(part, tables.get(name), time_s)
        for name in sorted(used)
        for part in outages[name]
        if isinstance(part, Moving)
    }


def with_effects(
    masks: Sequence[Masks],
    effects: Mapping[str, Effect],
    columns: Sequence[Column],
) -> list[Masks]:
    """Masks of every column without what its causes take; made where the masks are."""
    found = []
    for mask, column in zip(masks, columns, strict=True):
        acting = [effects[name] for name in column.causes if name in effects]
        link_up, access_up = mask.link_up, mask.access_up
        on_host = isinstance(link_up, np.ndarray)
        for effect in acting:
            if effect.slot is not None:
                link_up = link_up & ~_as(effect.slot, on_host)
            if effect.candidate is not None:
                access_up = access_up & ~_as(effect.candidate, on_host)
        found.append(Masks(link_up, access_up))
    return found


def with_best_only(masks: Masks) -> Masks:
    """Every site uses the best candidate that is up, and no other."""
    return Masks(masks.link_up, first_only(masks.access_up), masks.frozen)


def first_only(
    up: UInt32[Either, "time word site candidate"],
) -> UInt32[Either, "time word site candidate"]:
    """Of the candidates that are up, the first in each draw."""
    if isinstance(up, np.ndarray):
        seen = np.bitwise_or.accumulate(up, axis=-1)
        up = up.copy()
        up[..., 1:] = seen[..., 1:] & ~seen[..., :-1]
        return up
    seen = jax.lax.associative_scan(jnp.bitwise_or, up, axis=3)
    return up.at[..., 1:].set(seen[..., 1:] & ~seen[..., :-1])


def _as(words: Any, on_host: bool) -> Any:
    return np.asarray(words) if on_host else words


@jax.jit
def _words(part: Moving, prepared: Any, time_s: Float32[Array, " time"]) -> Effect:
    """Words of one cause at every time."""

    def one(drawn: Moving, instant: Instant) -> Effect:
        return drawn.threat.at(drawn.state, instant, prepared)

    def at_time(moment: tuple[Array, Array]) -> Effect:
        of_draws = jax.vmap(partial(one, instant=Instant(*moment)), in_axes=-1, out_axes=0)
        return jax.tree.map(_packed, of_draws(part))

    index = jnp.arange(len(time_s), dtype=jnp.int32)
    return jax.lax.map(at_time, (index, jnp.asarray(time_s, jnp.float32)))


def _packed(down: Any) -> UInt32[Array, "word ..."]:
    """Booleans with draws first to words of 32 draws."""
    bits = down.reshape(-1, DRAWS_PER_WORD, *down.shape[1:]).astype(jnp.uint32)
    place = jnp.arange(DRAWS_PER_WORD, dtype=jnp.uint32).reshape(-1, *(1,) * (down.ndim - 1))
    return jnp.sum(bits << place, axis=1, dtype=jnp.uint32)
