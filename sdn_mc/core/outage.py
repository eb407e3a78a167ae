"""What a cause returns for one draw: who is out, and when.

Three ways to say it: a *law* (`renewal`: the author gives rates, the engine draws), *windows* (the
author gives times), or *cuts* (pairs of satellites that cannot talk). `of` names the kind of thing:
"sat", "terminal", "site", or a group label such as "prime", whose members then fail together; for
what takes links but no satellite, "link", or "pair:" and a label, whose entities are the unordered
pairs of its groups, each group with itself too.
What the engine has drawn, for a block of draws, are *spans*: only those windows that there are.
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Float32, Int, Int32, Int64

Number = float | Float[Array, ""] | Float[Array, " entity"]
LINK = "link"  # the entities are the links of the mesh, by `Links.number`
PAIR = "pair:"  # before a label: a link is down while the pair of its satellites' groups is


class Renewal(eqx.Module):
    """A stationary on-off process: memoryless failures and repairs, running long before the window.

    P(down) at any instant is rate * repair / (1 + rate * repair).
    """

    rate_per_s: Number
    repair_s: Number
    of: str = eqx.field(static=True)


class Windows(eqx.Module):
    """Down on [start_s, end_s); starts ascending, overlaps allowed; an empty window is inf, inf."""

    start_s: Float[Array, "entity window"]
    end_s: Float[Array, "entity window"]
    of: str = eqx.field(static=True)


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


class Outage(eqx.Module):
    """All that one cause does in one draw."""

    parts: tuple[Renewal | Windows | Cuts, ...] = ()

    def __add__(self, other: "Outage") -> "Outage":
        return Outage(self.parts + other.parts)


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


def renewal(rate_per_s: Number, repair_s: Number, of: str) -> Outage:
    """A law: every `of` fails at `rate_per_s` and is back after `repair_s` on average."""
    return Outage((Renewal(rate_per_s, repair_s, of),))


def windows(
    start_s: Float[Array, "..."] | float,
    end_s: Float[Array, "..."] | float,
    of: str,
    when: Bool[Array, " entity"] | Bool[np.ndarray, " entity"],
) -> Outage:
    """One window for each `of` where `when` is True; times broadcast over the entities."""
    start = jnp.where(when, start_s, jnp.inf).astype(jnp.float32)
    end = jnp.where(when, end_s, jnp.inf).astype(jnp.float32)
    return Outage((Windows(start[:, None], end[:, None], of),))


def cuts(slot: Bool[Array, "sat port"] | Bool[np.ndarray, "sat port"]) -> Outage:
    """Link slots that are down in every draw."""
    return Outage((Cuts(slot),))
