"""Interoperability: satellites of different vendors that are allowed to link, and cannot.

Federation rules say who is allowed to link; this says who succeeds. Model, for each draw:

    scope vendor_pair: a pair of different groups of the label can talk, in the whole run, with
    probability p_success; if it cannot, every link between the two groups is down. Interfaces
    that work still fail as a stationary on-off process, P(down) = r T / (1 + r T) with rate r and
    mean repair T;

    scope terminal_version: the groups of the label are versions, in their order (as listed; by name
    where a file gives them). Each step to the next version keeps the two compatible in the whole
    run with probability p_success, and two versions can talk if every step between them did: with
    p_success ** |difference of their numbers|, always inside a version. Faults as above;

    scope link: the same as vendor_pair for each link between different groups by itself,
    independent of others;

    scope attempt: a link between different groups is lost at the rate (a routine re-pointing or
    handover), and each attempt to restore it takes `attempt_s` and succeeds with probability
    p_success, so that it is down for a geometric number of attempts, attempt_s / p_success on
    average: T in the formula above, where the mean alone counts; an exponential time stands for the
    geometric one. With p_success = 0 a lost link never returns, and none is up in the long run.

With `same`, links inside one group are no exception; in scope link this is bond percolation of the
whole mesh. Draws are coupled: a higher p_success keeps every pair that a lower one had.

Source: GAO-25-106838 (2025) for the cause: of 32 capabilities by contractor of a mesh of four
vendors, four had been shown by December 2024. No probability is public: p_success, rate and repair
are assumptions to sweep; the SDA's standard (OCT 3.2.0) allows 100 s for an acquisition. Limits:
pairs are independent (a vendor that speaks to nobody is no more likely than chance); a link works
or not, at full rate; ground links are not touched; scopes link and attempt need a mesh whose
neighbours last; losses are drawn one by one, so that many of every link in a day take their time.
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

VENDOR_PAIR, VERSION, ATTEMPT = "vendor_pair", "terminal_version", "attempt"
OF_PAIRS = (VENDOR_PAIR, VERSION)  # what fails as one: all links between two groups


class Interoperability(eqx.Module):
    """Pairs of vendors or versions, or single links between them, that cannot talk."""

    label: str = field(doc="Whose interfaces: prime, laser, bus, software, …", static=True)
    scope: str = field(
        doc="What fails as one: every link between two groups (two versions), or each by itself.",
        choices=(*OF_PAIRS, "link", ATTEMPT),
    )
    p_success: Scalar = field(
        unit="1",
        within=(0, 1),
        doc="Chance that a pair (step of version, link) can talk at all, or that an attempt works.",
        assumed=True,
    )
    same: bool = field(doc="Links inside one group may fail so too.", static=True)
    rate_per_year: Scalar = field(
        unit="1/year", within=(0, 1e6), doc="Faults of one pair (or link) in a year.", assumed=True
    )
    repair_h: Scalar = field(
        unit="h",
        within=(0, 87_660),
        doc="Mean time from such a fault to its repair; not in scope attempt.",
        assumed=True,
    )
    attempt_s: Scalar = field(
        unit="s",
        within=(1e-3, 86_400),
        doc="Time that an attempt to restore a link takes, in scope attempt.",
        assumed=True,
    )

    def misfits(self, fleet: Fleet) -> list[str]:
        """A label that the fleet does not have."""
        return missing_groups(fleet, self.label, None)

    def macros(self, scene: Scene) -> dict[str, Distribution]:
        """Which pairs of groups can talk, by their numbers: (0, 0), (0, 1), (1, 1), (0, 2), …

        Of versions instead, which is compatible with the one before it; the first's says nothing.
        """
        if self.scope not in OF_PAIRS:
            return {}
        n_group = scene.fleet.n_group(self.label)
        if self.scope == VERSION:
            return {"compatible": Bernoulli(self.p_success, shape=(n_group,))}
        return {"can_talk": Bernoulli(self.p_success, shape=(n_pair(n_group),))}

    def prepare(self, scene: Scene) -> Bool[np.ndarray, " entity"]:
        """Which pairs, or which links, may fail at all."""
        if self.scope in OF_PAIRS:
            one, other = groups_of_pairs(scene.fleet.n_group(self.label))
            return (one != other) | self.same
        links = scene.links
        assert links is not None
        if links.neighbour.ndim != 2:
            raise InputError(
                f"threats: interoperability of scope {self.scope} needs a mesh whose neighbours do "
                "not change with time; choose topology=plus_grid, planned or explicit, or scope "
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
        may_fail, of = prepared, PAIR + self.label if self.scope in OF_PAIRS else LINK
        rate_per_s = jnp.where(may_fail, self.rate_per_year / S_PER_YEAR, 0.0)
        if self.scope == ATTEMPT:
            return renewal(rate_per_s, jnp.divide(self.attempt_s, self.p_success), of=of)
        if self.scope == VERSION:
            one, other = groups_of_pairs(scene.fleet.n_group(self.label))
            n_break = jnp.cumsum(~macros["compatible"], dtype=jnp.int32)
            can_talk = n_break[one] == n_break[other]
        elif self.scope == VENDOR_PAIR:
            can_talk = macros["can_talk"]
        else:
            can_talk = jax.random.uniform(key, may_fail.shape, dtype=jnp.float32) < self.p_success
        static = windows(-jnp.inf, jnp.inf, of=of, when=may_fail & ~can_talk)
        return static + renewal(rate_per_s, self.repair_h * S_PER_H, of=of)
