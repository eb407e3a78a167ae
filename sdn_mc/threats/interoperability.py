"""Interoperability: satellites of different vendors that are allowed to link, and cannot.

Federation rules say who is allowed to link; this says who succeeds. Model, for each draw:

    scope vendor_pair: a pair of different groups of the label can talk, in the whole run, with
    probability p_success; if it cannot, every link between the two groups is down. Interfaces
    that work still fail as a stationary on-off process, P(down) = r T / (1 + r T) with rate r and
    mean repair T;

    scope link: the same for each link between different groups by itself, independent of others.

With `same`, links inside one group are no exception; in scope link this is bond percolation of the
whole mesh. Draws are coupled: a higher p_success keeps every pair that a lower one had.

Source: GAO-25-106838 (2025) for the cause: of 32 capabilities by contractor of a mesh of four
vendors, four had been shown by December 2024. No probability is public: p_success, rate and repair
are assumptions to sweep. Limits: pairs are independent (a vendor that speaks to nobody is no more
likely than chance); a link works or not, at full rate; ground links are not touched; scope link
needs a mesh whose neighbours last.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Key

from sdn_mc.core.constants import S_PER_H, S_PER_YEAR
from sdn_mc.core.distributions import Bernoulli, Distribution
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.outage import LINK, PAIR, Outage, groups_of_pairs, n_pair, renewal, windows
from sdn_mc.core.problems import InputError
from sdn_mc.core.scene import Scene
from sdn_mc.threats.group_fault import missing_groups

VENDOR_PAIR = "vendor_pair"


class Interoperability(eqx.Module):
    """Pairs of vendors, or single links between vendors, that cannot talk."""

    label: str = field(doc="Whose interfaces: prime, laser, bus, software, …", static=True)
    scope: str = field(
        doc="What fails as one: every link between two groups, or each link by itself.",
        choices=(VENDOR_PAIR, "link"),
    )
    p_success: Scalar = field(
        unit="1", within=(0, 1), doc="Chance that a pair (or link) can talk at all.", assumed=True
    )
    same: bool = field(doc="Links inside one group may fail so too.", static=True)
    rate_per_year: Scalar = field(
        unit="1/year", within=(0, 1e6), doc="Faults of one pair (or link) in a year.", assumed=True
    )
    repair_h: Scalar = field(
        unit="h", within=(0, 87_660), doc="Mean time from such a fault to its repair.", assumed=True
    )

    def misfits(self, fleet: Fleet) -> list[str]:
        """A label that the fleet does not have."""
        return missing_groups(fleet, self.label, None)

    def macros(self, scene: Scene) -> dict[str, Distribution]:
        """Which pairs of groups can talk, by their numbers: (0, 0), (0, 1), (1, 1), (0, 2), …"""
        if self.scope != VENDOR_PAIR:
            return {}
        count = n_pair(scene.fleet.n_group(self.label))
        return {"can_talk": Bernoulli(self.p_success, shape=(count,))}

    def prepare(self, scene: Scene) -> Bool[np.ndarray, " entity"]:
        """Which pairs, or which links, may fail at all."""
        if self.scope == VENDOR_PAIR:
            one, other = groups_of_pairs(scene.fleet.n_group(self.label))
            return (one != other) | self.same
        links = scene.links
        assert links is not None
        if links.neighbour.ndim != 2:
            raise InputError(
                "threats: interoperability of scope link needs a mesh whose neighbours do not "
                "change with time; choose topology=plus_grid, planned or explicit, or scope "
                f"{VENDOR_PAIR}"
            )
        group, here = scene.fleet.group[self.label], np.arange(scene.fleet.n_sat)[:, None]
        differ = group[:, None] != group[links.neighbour]
        may_fail = ((differ | self.same) & (links.neighbour != here)).ravel()
        return may_fail & (links.number.ravel() == np.arange(may_fail.size))

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """An endless window for what cannot talk, and a law for the faults of what can."""
        del scene
        may_fail = prepared
        if self.scope == VENDOR_PAIR:
            can_talk, of = macros["can_talk"], PAIR + self.label
        else:
            uniform = jax.random.uniform(key, may_fail.shape, dtype=jnp.float32)
            can_talk, of = uniform < self.p_success, LINK
        rate_per_s = jnp.where(may_fail, self.rate_per_year / S_PER_YEAR, 0.0)
        static = windows(-jnp.inf, jnp.inf, of=of, when=may_fail & ~can_talk)
        return static + renewal(rate_per_s, self.repair_h * S_PER_H, of=of)
