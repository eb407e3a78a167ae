"""From outages to mask words: what is up at every time in every column, 32 draws to a word.

Every cause is evaluated at every time, once for all columns (the compiler shares equal parts). A
column's satellites, terminals and sites are down where any of its causes has them down; a link slot
is up if both satellites and both terminals are, the pair is not cut, and the slot is awake. A
standby slot is awake once each satellite that it bridges has been down without a break for the
re-pointing time, whichever causes had it down one after the other.
"""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, UInt32

from sdn_mc.core.bits import pack_draws
from sdn_mc.core.outage import Cuts, Windows
from sdn_mc.core.scene import Links
from sdn_mc.engine.types import Column

ALL_DRAWS = 0xFFFFFFFF
Outages = Mapping[str, tuple[Windows | Cuts, ...]]


class Wiring(NamedTuple):
    """The mesh as compiled code sees it (see `Links`)."""

    neighbour: Int[Array, "*epochtime sat port"] | Int[np.ndarray, "*epochtime sat port"]
    peer: Int[Array, "*epochtime sat port"] | Int[np.ndarray, "*epochtime sat port"]
    terminal: Int[Array, "sat port"] | Int[np.ndarray, "sat port"]
    wakes_on: Int[Array, "sat port skipped"] | Int[np.ndarray, "sat port skipped"]


class Down(NamedTuple):
    """Words of what one column has down at one time, and the slots that are cut."""

    sat: UInt32[Array, "sat word"]
    terminal: UInt32[Array, "sat terminal word"]
    site: UInt32[Array, "site word"]
    cut: Bool[Array, "sat port"]


@partial(jax.jit, static_argnames=("columns", "n_terminal", "best_only", "n_word"))
def mask_words(
    outages: Outages,
    wiring: Wiring,
    access_sat: Int[Array, "time site candidate"],
    group: Mapping[str, Int[Array, " sat"]],
    time_s: Float[Array, " time"],
    retarget_s: Float[Array, ""],
    columns: tuple[Column, ...],
    n_terminal: int,
    best_only: bool,
    n_word: int,
) -> tuple[
    UInt32[Array, "time column word sat port"], UInt32[Array, "time column word site candidate"]
]:
    """Link and access words of every column at every time."""
    moving, standby = wiring.neighbour.ndim == 3, wiring.wakes_on.shape[-1] > 0
    outage_s = [_outages_of_satellites(outages, c, group) if standby else None for c in columns]

    def at(k):
        wired = wiring
        if moving:
            wired = wiring._replace(neighbour=wiring.neighbour[k], peer=wiring.peer[k])
        shape = (*wired.terminal.shape[:1], n_terminal, access_sat.shape[1], n_word)
        link, access = [], []
        for column, unbroken in zip(columns, outage_s, strict=True):
            down = _down(outages, column, group, wired, shape, time_s[k])
            lost = jnp.zeros_like(down.sat)
            if unbroken is not None:
                lost = _down_at(time_s[k], unbroken[0] + retarget_s, unbroken[1])
            link.append(_link_words(down, lost, wired))
            access.append(_access_words(down, access_sat[k], best_only))
        return jnp.stack(link), jnp.stack(access)

    return jax.lax.map(at, jnp.arange(len(time_s)))


def wiring_of(links: Links) -> Wiring:
    """The arrays of a mesh that masks need; without standby links nothing is ever woken."""
    standby = links.wakes_on if np.any(links.wakes_on >= 0) else links.wakes_on[..., :0]
    return Wiring(links.neighbour, links.peer, links.terminal, standby)


def _down(
    outages: Outages,
    column: Column,
    group: Mapping[str, Int[Array, " sat"]],
    wired: Wiring,
    shape: tuple[int, int, int, int],
    t: Float[Array, ""],
) -> Down:
    """What is down at t, whichever cause did it."""
    n_sat, n_terminal, n_site, n_word = shape
    sat = jnp.zeros((n_sat, n_word), jnp.uint32)
    terminal = jnp.zeros((n_sat, n_terminal, n_word), jnp.uint32)
    site = jnp.zeros((n_site, n_word), jnp.uint32)
    cut = jnp.zeros(wired.terminal.shape, bool)
    for part in _parts(outages, column):
        if isinstance(part, Cuts):
            cut = cut | part.slot[..., 0]
            continue
        words = _down_at(t, part.start_s, part.end_s)
        if part.of == "sat":
            sat = sat | words
        elif part.of == "terminal":
            terminal = terminal | words.reshape(terminal.shape)
        elif part.of == "site":
            site = site | words
        else:
            sat = sat | words[group[part.of]]
    return Down(sat, terminal, site, cut)


def _parts(outages: Outages, column: Column) -> list[Windows | Cuts]:
    return [part for name in sorted(column.causes) for part in outages[name]]


def _down_at(
    t: Float[Array, ""],
    start_s: Float[Array, "entity window draw"],
    end_s: Float[Array, "entity window draw"],
) -> UInt32[Array, "entity word"]:
    return pack_draws(jnp.any((start_s <= t) & (t < end_s), axis=1))


def _outages_of_satellites(
    outages: Outages, column: Column, group: Mapping[str, Int[Array, " sat"]]
) -> tuple[Float[Array, "sat window draw"], Float[Array, "sat window draw"]] | None:
    """Windows of every satellite from all causes: since when down without a break, and until."""
    found = []
    for part in _parts(outages, column):
        if isinstance(part, Windows) and part.of not in ("terminal", "site"):
            member = slice(None) if part.of == "sat" else group[part.of]
            found.append((part.start_s[member], part.end_s[member]))
    if not found:
        return None
    start_s, end_s = (jnp.concatenate(each, axis=1) for each in zip(*found, strict=True))
    start_s, end_s = jax.lax.sort((start_s, end_s), dimension=1, num_keys=1)

    def following(before, window):
        since_s, reach_s = before
        start_s, end_s = window
        since_s = jnp.where(start_s <= reach_s, since_s, start_s)
        return (since_s, jnp.maximum(reach_s, end_s)), since_s

    by_window = jnp.moveaxis(start_s, 1, 0), jnp.moveaxis(end_s, 1, 0)
    never = jnp.full_like(start_s[:, 0], -jnp.inf)
    since_s = jax.lax.scan(following, (by_window[0][0], never), by_window)[1]
    return jnp.moveaxis(since_s, 0, 1), end_s


def _link_words(
    down: Down, lost_sat: UInt32[Array, "sat word"], wired: Wiring
) -> UInt32[Array, "word sat port"]:
    """A slot is up if both satellites, both terminals and the pair allow it, and it is awake."""
    neighbour, own = wired.neighbour, wired.terminal
    here, far = jnp.arange(len(neighbour))[:, None], wired.terminal[neighbour, wired.peer]
    out = down.sat[:, None] | down.sat[neighbour]
    out = out | down.terminal[here, own] | down.terminal[neighbour, far]
    up = jnp.where(down.cut[..., None], jnp.uint32(0), ~out)
    for k in range(wired.wakes_on.shape[-1]):
        replaced = wired.wakes_on[..., k]
        up = up & jnp.where(replaced[..., None] < 0, jnp.uint32(ALL_DRAWS), lost_sat[replaced])
    return jnp.moveaxis(up, -1, 0)


def _access_words(
    down: Down, candidate: Int[Array, "site candidate"], best_only: bool
) -> UInt32[Array, "word site candidate"]:
    """A candidate is up if its satellite and its site are; with `best_only`, the first such one."""
    up = jnp.moveaxis(~(down.sat[candidate] | down.site[:, None]), -1, 0)
    if best_only:
        taken = jax.lax.associative_scan(jnp.bitwise_or, up, axis=-1)
        before = jnp.concatenate([jnp.zeros_like(taken[..., :1]), taken[..., :-1]], axis=-1)
        up = up & ~before
    return up
