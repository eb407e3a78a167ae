"""Weather over the sites: a Gaussian field, correlated in space and time, and its threshold.

Model (a Gaussian copula): at every site a standard normal z(t); a candidate is lost while z is
above its threshold, so that it is lost with exactly the probability 1 - Phi(threshold), whatever
the correlation. Between sites at the distance d the correlation is exp(-d / D) (a valid one along a
sphere: Gneiting 2013, Bernoulli 19(4), table 1), in time exp(-dt / T): z = L w, with L the Cholesky
factor and w independent autoregressive processes, taken at the scene's instants as they lie.

Limits: space and time are separable, so weather does not drift; below a stationary field there are
no seasons and no hours of the day. With a lag in routing the field is that of the last instant at
or before the time asked for. Memory: draws * instants * sites * 4 bytes.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Float32, Key

from sdn_mc import geometry
from sdn_mc.core.constants import MEAN_RADIUS_KM
from sdn_mc.core.outage import Instant
from sdn_mc.core.scene import Sites

NUGGET = 1e-6  # share of the variance that is each site's own: two sites at one place factorise


class Weather(NamedTuple):
    """Tables of one epoch."""

    mixing: Float32[np.ndarray, "site site"] | Float32[Array, "site site"]
    threshold: Float32[np.ndarray, "*timesite candidate"] | Float32[Array, "*timesite candidate"]
    time_s: Float32[np.ndarray, " time"] | Float32[Array, " time"]


def mixing_of(sites: Sites, decorrelation_km: float) -> Float32[np.ndarray, "site site"]:
    """Cholesky factor of exp(-distance / decorrelation) between all sites."""
    latitude_rad, longitude_rad = np.radians(sites.latitude_deg), np.radians(sites.longitude_deg)
    distance_km = geometry.great_circle_km(
        latitude_rad[:, None], longitude_rad[:, None], latitude_rad, longitude_rad, MEAN_RADIUS_KM
    )
    alike = np.exp(-np.asarray(distance_km) / decorrelation_km)
    np.fill_diagonal(alike, 1.0)
    own = np.eye(sites.n_site)
    return np.linalg.cholesky((1 - NUGGET) * alike + NUGGET * own).astype(np.float32)


def field_over(
    key: Key[Array, ""],
    time_s: Float[Array, " time"],
    correlation_s: Float[Array, ""] | float,
    mixing: Float32[Array, "site site"],
) -> Float32[Array, "time site"]:
    """The field of one draw at every instant."""
    n_time, n_site = len(time_s), len(mixing)
    noise = jax.random.normal(key, (n_site, n_time), dtype=jnp.float32)
    apart_s = jnp.diff(time_s, prepend=time_s[:1])
    keeps = jnp.exp(-apart_s / correlation_s).at[0].set(0.0)
    renews = jnp.sqrt(-jnp.expm1(-2 * apart_s / correlation_s)).at[0].set(1.0)

    def step(before: Array, now: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        kept, renewed, fresh = now
        after = kept * before + renewed * _mixed(mixing, fresh)
        return after, after

    return jax.lax.scan(step, jnp.zeros(n_site, jnp.float32), (keeps, renews, noise.T))[1]


def lost_candidates(
    state: Float32[Array, "time site"], instant: Instant, weather: Weather
) -> Bool[Array, "site candidate"]:
    """Candidates whose threshold the field is above."""
    last = jnp.searchsorted(weather.time_s, instant.time_s, side="right") - 1
    now = jnp.take(state, jnp.maximum(last, 0), axis=0)
    threshold = jnp.asarray(weather.threshold)
    return now[:, None] > (threshold if threshold.ndim == 2 else threshold[instant.time])


def _mixed(
    mixing: Float32[Array, "site site"], fresh: Float32[Array, " site"]
) -> Float32[Array, " site"]:
    """mixing @ fresh, added up in one order: a dot product changes its bits with the batch."""

    def add(site: Array, total: Array) -> Array:
        return total + mixing[:, site] * fresh[site]

    return jax.lax.fori_loop(0, len(fresh), add, jnp.zeros_like(fresh), unroll=8)
