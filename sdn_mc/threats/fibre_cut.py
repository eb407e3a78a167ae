"""Fibre cuts as a process: the cable of a site is cut at a rate and takes weeks to be repaired.

Model: an alternating process for every chosen site: cuts come after an exponential time, repairs
are lognormal with mean m = median * exp(sigma^2 / 2). It is stationary: P(down) = rate * m /
(1 + rate * m) at any instant, and what is left of a repair under way at the start is a uniform
share of a length-biased one, which is lognormal again, with median * exp(sigma^2) (Cox 1962,
Renewal Theory, chapter 5).

Submarine cables: over 200 faults a year worldwide (Kordahi et al. 2019, Global Trends in Submarine
Cable System Faults, SubOptic 2019), on about 500 systems in service, so 0.4 a year and cable, the
number of systems being rounded; mean reported repair 20 to 30 days (SubTel Forum 2019, Submarine
Telecoms Industry Report 8, section 4.2). Median 25 days and sigma 0.5 are assumptions to sweep.
Limits: each site hangs on one cable of its own; no common cuts, no terrestrial detours; at most two
cuts of one site begin in a scene.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtri
from jaxtyping import Array, Bool, Float, Key

from sdn_mc.core.constants import S_PER_DAY, S_PER_YEAR
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.outage import Outage, windows
from sdn_mc.core.random import fine_uniform
from sdn_mc.core.scene import Scene
from sdn_mc.threats.ground_outage import SLOWEST_PER_S
from sdn_mc.threats.site_names import chosen_sites

MOST_CUTS = 2  # that begin in a scene, besides one that is under way


class FibreCut(eqx.Module):
    """The cable of every chosen site is cut now and then, and repaired in weeks."""

    sites: tuple[str, ...] | None = field(
        doc="Sites whose cables can be cut, by name or pattern; null: all sites.", static=True
    )
    rate_per_year: Scalar = field(
        unit="1/year", within=(0, 1e6), doc="Cuts of one site's cable in a year.", assumed=True
    )
    repair_d: Scalar = field(
        unit="d", within=(0, 36_525), doc="Median time to repair a cut.", assumed=True
    )
    repair_sigma: Scalar = field(
        unit="1",
        within=(0, 3),
        doc="Standard deviation of the logarithm of the time to repair.",
        assumed=True,
    )

    def prepare(self, scene: Scene) -> Bool[np.ndarray, " site"]:
        """Which sites are chosen."""
        return chosen_sites(scene.sites, self.sites)

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """Up to three windows a site: a cut under way, and those that begin in the scene."""
        del macros, scene
        chosen, rate_per_s = jnp.asarray(prepared), self.rate_per_year / S_PER_YEAR
        load = rate_per_s * self._repair_s(jnp.float32(self.repair_sigma / 2))
        state, share, *rest = (
            fine_uniform(each, chosen.shape) for each in jax.random.split(key, 3 + 2 * MOST_CUTS)
        )
        is_cut = chosen & (state < load / (1 + load))
        biased_s = self._repair_s(ndtri(rest[0]) + self.repair_sigma)
        start_s = [jnp.where(is_cut, -jnp.inf, 0.0)]  # where it is not, the window is empty
        end_s = [jnp.where(is_cut, share * biased_s, 0.0)]
        for k in range(MOST_CUTS):
            gap_s = -jnp.log1p(-rest[1 + 2 * k]) / jnp.maximum(rate_per_s, SLOWEST_PER_S)
            start_s.append(end_s[-1] + gap_s)
            end_s.append(start_s[-1] + self._repair_s(ndtri(rest[2 + 2 * k])))
        cuttable = chosen & (rate_per_s > 0)
        return windows(jnp.stack(start_s, 1), jnp.stack(end_s, 1), of="site", when=cuttable)

    def _repair_s(self, deviations: Float[Array, "..."]) -> Float[Array, "..."]:
        """The time to repair so many standard deviations above the median, s."""
        return self.repair_d * S_PER_DAY * jnp.exp(self.repair_sigma * deviations)
