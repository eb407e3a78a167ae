"""Outages of ground sites as a process: each fails and is repaired, and a shock may take all.

Model: a stationary on-off process for every chosen site, exponential in both states; P(down) = rate
* repair / (1 + rate * repair). Besides, one shared process of the same kind (a power grid, a common
operations centre, a common software) has all chosen sites down at once.

No public failure rate of gateways was found: the numbers are assumptions to sweep. The shared
repair has the length of the fleet-wide outage of Starlink's core software on 2025-07-24, 2.5 h.
Limits: at most four shared shocks in one scene (with one a month for 30 days, the most allowed, a
fifth comes in 0.4 % of draws); a site that is down serves nobody, and no other takes its place
unless a flow lists several.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Key

from sdn_mc.core.constants import S_PER_H, S_PER_YEAR
from sdn_mc.core.distributions import Distribution, Exponential, Uniform
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.outage import Outage, renewal, windows
from sdn_mc.core.scene import Scene
from sdn_mc.threats.site_names import chosen_sites

MOST_SHOCKS = 4
SLOWEST_PER_S = 1e-30  # a rate that never strikes, where none is given: keeps 1 / rate finite


class GroundOutage(eqx.Module):
    """Chosen sites fail and return, each by itself and all together."""

    sites: tuple[str, ...] | None = field(
        doc="Sites that can fail, by name or pattern; null: all sites.", static=True
    )
    rate_per_year: Scalar = field(
        unit="1/year", within=(0, 1e6), doc="Outages of one site in a year.", assumed=True
    )
    repair_h: Scalar = field(
        unit="h", within=(0, 87_660), doc="Mean time until a site returns.", assumed=True
    )
    shared_rate_per_year: Scalar = field(
        unit="1/year", within=(0, 12), doc="Outages of all sites at once in a year.", assumed=True
    )
    shared_repair_h: Scalar = field(
        unit="h", within=(0, 87_660), doc="Mean time until all return.", assumed=True
    )

    def macros(self, scene: Scene) -> dict[str, Distribution]:
        """The shared shocks: whether one is under way, times between and to repair over means."""
        del scene
        return {
            "shared_state": Uniform(0.0, 1.0),
            "shared_gap": Exponential(1.0, shape=(MOST_SHOCKS,)),
            "shared_length": Exponential(1.0, shape=(MOST_SHOCKS,)),
        }

    def prepare(self, scene: Scene) -> Bool[np.ndarray, " site"]:
        """Which sites are chosen."""
        return chosen_sites(scene.sites, self.sites)

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """A law over the chosen sites, and the windows of the shared shocks for all of them."""
        del key, scene
        chosen = jnp.asarray(prepared)
        rate_per_s = jnp.where(chosen, self.rate_per_year / S_PER_YEAR, 0.0)
        found = renewal(rate_per_s, self.repair_h * S_PER_H, of="site")
        shared_per_s, repair_s = (
            self.shared_rate_per_year / S_PER_YEAR,
            self.shared_repair_h * S_PER_H,
        )
        load = shared_per_s * repair_s
        under_way = macros["shared_state"] < load / (1 + load)
        free_s, begin_s, end_s = jnp.float32(0.0), [], []
        for k in range(MOST_SHOCKS):
            gap_s = macros["shared_gap"][k] / jnp.maximum(shared_per_s, SLOWEST_PER_S)
            first = under_way & (k == 0)
            start_s = jnp.where(first, 0.0, free_s + gap_s)
            free_s = start_s + macros["shared_length"][k] * repair_s
            # One under way began before, and nothing else is known of its beginning.
            begin_s.append(jnp.where(first, -jnp.inf, start_s))
            end_s.append(free_s)
        strikes = chosen & (shared_per_s > 0)
        return found + windows(jnp.stack(begin_s)[None], jnp.stack(end_s)[None], "site", strikes)
