"""What a cause returns for one draw: who is out, and when.

Three ways to say it: a *law* (`renewal`: the author gives rates, the engine draws), *windows* (the
author gives times), or *cuts* (pairs of satellites that cannot talk). `of` names the kind of thing:
"sat", "terminal", "site", or a group label such as "prime", whose members then fail together; for
what takes links but no satellite, "link", or "pair:" and a label, whose entities are the unordered
pairs of its groups, each group with itself too. The one entity of "routing" takes nothing: while it
is down, routes stay as they were when it went down. Windows may take nothing away: satellites or
sites that *delay* or *alter* the messages they handle are not avoided by any route, and are met on
it. A cause that depends on geometry says with its verb `at` what it takes at one instant
(`Effect`).
What the engine has drawn, for a block of draws, are *spans*: only those windows that there are.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Float32, Int, Int32, Int64

Number = float | Float[Array, ""] | Float[Array, " entity"]
LINK = "link"  # the entities are the links of the mesh, by `Links.number`
ROUTING = "routing"  # the fleet's control plane; while it is down, nobody finds a new route
PAIR = "pair:"  # before a label: a link is down while the pair of its satellites' groups is
LOSES, DELAYS, TAMPERS = "loses", "delays", "tampers"  # what the things do with messages


class Renewal(eqx.Module):
    """A stationary on-off process: memoryless failures and repairs, running long before the window.

    P(down) at any instant is rate * repair / (1 + rate * repair); with `begin_s` and `end_s`, at
    any instant between them, and 0 outside.
    """

    rate_per_s: Number
    repair_s: Number
    of: str = eqx.field(static=True)
    begin_s: float | Float[Array, ""] | None = None
    end_s: float | Float[Array, ""] | None = None


class Windows(eqx.Module):
    """Down on [start_s, end_s); starts ascending, overlaps allowed; an empty window is inf, inf.

    With `does`, not down: up, and handling messages so.
    """

    start_s: Float[Array, "entity window"]
    end_s: Float[Array, "entity window"]
    of: str = eqx.field(static=True)
    does: str = eqx.field(static=True, default=LOSES)
    delay_s: Float[Array, ""] | None = None  # of each message that meets one or more, if it delays


class Cuts(eqx.Module):
    """Link slots that stay down in every draw, by end points (see `Links`)."""

    slot: Bool[Array, "sat port"] | Bool[np.ndarray, "sat port"]


class Spans(NamedTuple):
    """Who is down in which draw of a block, on [start_s, end_s); a row for each window there is.

    Rows follow each other by word of 32 draws, then entity, then draw, then as they were given;
    those of word w are `begin[w]` to `begin[w + 1]`. Overlaps of one entity are allowed.
    """

    entity: Int32[np.ndarray, " row"]
    draw: Int32[np.ndarray, " row"]
    start_s: Float32[np.ndarray, " row"]
    end_s: Float32[np.ndarray, " row"]
    begin: Int64[np.ndarray, " wordboundary"]
    of: str
    n_entity: int
    does: str = LOSES
    delay_s: Float32[np.ndarray, " draw"] | None = None


class Instant(NamedTuple):
    """A moment of an epoch, for causes that need geometry."""

    time: Int32[Array, ""]  # number of the scene's instant: where everything is
    time_s: Float32[Array, ""]  # when the cause is asked: the same, or earlier by a lag


class Effect(eqx.Module):
    """What one draw loses at one instant; None: nothing of that kind."""

    candidate: Bool[Array, "site candidate"] | None = None  # access links; 1: all of a site alike
    slot: Bool[Array, "sat port"] | None = None  # both slots of a link alike


class Outage(eqx.Module):
    """All that one cause does in one draw. `state` is what its `at` needs of the draw: arrays."""

    parts: tuple[Renewal | Windows | Cuts, ...] = ()
    state: Any = None

    def __add__(self, other: "Outage") -> "Outage":
        return Outage(self.parts + other.parts, self.state if other.state is None else other.state)


def n_pair(n_group: int) -> int:
    """Number of unordered pairs of groups, each with itself too."""
    return n_group * (n_group + 1) // 2


def pair_of(a: Int[np.ndarray, "*#any"], b: Int[np.ndarray, "*#any"]) -> Int[np.ndarray, "..."]:
    """Number of the pair of two groups, in either order; more groups keep the first numbers."""
    high = np.maximum(a, b)
    return high * (high + 1) // 2 + np.minimum(a, b)


def groups_of_pairs(n_group: int) -> Int[np.ndarray, "two pair"]:
    """The two groups of every pair, by its number."""
    return np.stack(np.tril_indices(n_group))


def renewal(
    rate_per_s: Number,
    repair_s: Number,
    of: str,
    begin_s: float | Float[Array, ""] | None = None,
    end_s: float | Float[Array, ""] | None = None,
) -> Outage:
    """A law: every `of` fails at `rate_per_s` and is back after `repair_s` on average.

    With `begin_s` and `end_s`, which go together, it holds from the one to the other.
    """
    return Outage((Renewal(rate_per_s, repair_s, of, begin_s, end_s),))


def windows(
    start_s: Float[Array, "..."] | float,
    end_s: Float[Array, "..."] | float,
    of: str,
    when: Bool[Array, " entity"] | Bool[np.ndarray, " entity"],
    does: str = LOSES,
    delay_s: float | Float[Array, ""] | None = None,
) -> Outage:
    """One window for each `of` where `when` is True; times broadcast over the entities.

    Times [entity, window], or [1, window] for the same ones, are several windows for each. With
    `does` TAMPERS or DELAYS, messages that pass the things (satellites, sites or groups) are
    altered, or held for `delay_s`, once however many of the cause's they pass.
    """
    start, end = (
        jnp.where(jnp.asarray(when)[:, None], each if each.ndim == 2 else each[..., None], jnp.inf)
        for each in (jnp.asarray(start_s), jnp.asarray(end_s))
    )
    start, end = jnp.broadcast_arrays(start.astype(jnp.float32), end.astype(jnp.float32))
    held_s = None if delay_s is None else jnp.asarray(delay_s, jnp.float32)
    return Outage((Windows(start, end, of, does, held_s),))


def cuts(slot: Bool[Array, "sat port"] | Bool[np.ndarray, "sat port"]) -> Outage:
    """Link slots that are down in every draw."""
    return Outage((Cuts(slot),))
