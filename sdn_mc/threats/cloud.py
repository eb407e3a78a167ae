"""Clouds over optical ground sites: a site loses all its candidates while its sky is closed.

Model: the sky over a site is open for a given share of the time (`availability`); closed and open
spells follow the Gaussian copula of `weather`: exact shares, correlation exp(-distance / D) between
sites and exp(-time / T) in time. The share is one number for all sites, or a line through values by
latitude (north and south alike); named sites have their own. Published shares of single stations
run from 0.3 (central Europe) to 0.8, with a mean of 0.69 in Australasia; the default table follows,
roughly, the zonal means of the global cloud fraction: two thirds, less in the dry belt at 20 to 30
degrees (King et al. 2013, IEEE TGRS 51(7), 3826). It is an assumption to sweep, as are both scales.
Limits: the whole sky is open or closed, at any elevation; no thin cloud, no season.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key
from scipy.special import ndtri

from sdn_mc.core.constants import S_PER_H
from sdn_mc.core.fields import Constant, Scalar, field
from sdn_mc.core.outage import Effect, Instant, Outage
from sdn_mc.core.scene import Scene, Sites
from sdn_mc.threats.site_names import chosen_sites
from sdn_mc.threats.weather import Weather, field_over, lost_candidates, mixing_of


class Cloud(eqx.Module):
    """Sites under cloud see no satellite."""

    sites: tuple[str, ...] | None = field(
        doc="Optical sites, by name or pattern (`Mauna*`); null: all.", static=True
    )
    availability: Constant | None = field(
        unit="1", within=(0, 1), doc="Share of the time with an open sky; null: by latitude."
    )
    by_latitude: tuple[tuple[Constant, ...], ...] = field(
        doc="Pairs [degrees from the equator, share of open sky], ascending.", assumed=True
    )
    by_site: dict[str, Constant] = field(
        within=(0, 1), doc="Share of open sky of single sites, by name; they come first."
    )
    decorrelation_km: Constant = field(
        unit="km", within=(1, 20_000), doc="Distance at which correlation is 1/e.", assumed=True
    )
    correlation_h: Scalar = field(
        unit="h", within=(0.001, 8766), doc="Time after which correlation is 1/e.", assumed=True
    )

    def problems(self) -> list[str]:
        """A table by latitude that is none."""
        table = self.by_latitude
        pairs = [pair for pair in table if len(pair) == 2]
        degrees, shares = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        is_one = 0 < len(pairs) == len(table) and degrees == sorted(set(degrees))
        if is_one and all(0 <= x <= 90 for x in degrees) and all(0 <= x <= 1 for x in shares):
            return []
        return [
            f"threats.cloud.by_latitude: {[list(pair) for pair in table]} given; write pairs "
            "[degrees, share], degrees ascending from 0 to 90, shares from 0 to 1"
        ]

    def prepare(self, scene: Scene) -> Weather:
        """How sites go together, and the level above which each is closed."""
        acts = chosen_sites(scene.sites, self.sites)
        level = np.where(acts, ndtri(self.availabilities(scene.sites)), np.inf)
        return Weather(
            mixing=mixing_of(scene.sites, float(self.decorrelation_km)),
            threshold=level[:, None].astype(np.float32),
            time_s=scene.time_s.astype(np.float32),
        )

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Weather
    ) -> Outage:
        """The field of the draw."""
        del macros
        time_s, correlation_s = jnp.asarray(scene.time_s), self.correlation_h * S_PER_H
        return Outage(state=field_over(key, time_s, correlation_s, jnp.asarray(prepared.mixing)))

    def at(self, state: Any, instant: Instant, prepared: Weather) -> Effect:
        """All candidates of the sites that are closed."""
        return Effect(candidate=lost_candidates(state, instant, prepared))

    def availabilities(self, sites: Sites) -> Float[np.ndarray, " site"]:
        """Share of open sky of every site."""
        degrees, shares = np.array(self.by_latitude, np.float64).T
        found = np.interp(np.abs(sites.latitude_deg), degrees, shares)
        if self.availability is not None:
            found = np.full(sites.n_site, float(self.availability))
        for name, share in self.by_site.items():
            found[chosen_sites(sites, (name,))] = float(share)
        return found
