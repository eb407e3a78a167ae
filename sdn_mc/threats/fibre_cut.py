"""Fibre cuts as a process: the cable of a site is cut at a rate and takes weeks to be repaired.

Model: an alternating process for every chosen site, stationary, with lognormal repairs
(`lognormal_repairs.py`): P(down) = rate * m / (1 + rate * m) at any instant, with the mean repair
m = median * exp(sigma^2 / 2).

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
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Key

from sdn_mc.core.constants import S_PER_DAY, S_PER_YEAR
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.outage import Outage, windows
from sdn_mc.core.scene import Scene
from sdn_mc.threats.lognormal_repairs import lognormal_windows
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
        median_s = self.repair_d * S_PER_DAY
        start_s, end_s = lognormal_windows(
            key, rate_per_s, median_s, self.repair_sigma, chosen, MOST_CUTS
        )
        return windows(start_s, end_s, of="site", when=chosen & (rate_per_s > 0))
