"""Rain fade: a site loses the candidates whose attenuation exceeds the margin, while it rains.

Model: the attenuation above free space on each slant path (rain, cloud, gas and scintillation, for
circular polarisation) that is exceeded for 0.001 to 50 % of an average year is that of ITU-R
P.618-13 section 2.5, with rain rates of P.837-7, rain heights of P.839-4 and coefficients of
P.838-3, as computed by ITU-Rpy 0.4 (optional: `pip install 'sdn-mc[rain]'`). From it comes, for
each site and elevation, the share of time in which the margin is exceeded. Which moments those are
says the Gaussian copula of `weather`: shares stay exact, sites go together by distance. Default
scales: 60 km, the leading term of the correlation of rain in P.618-13 section 2.2.4.1 (which has a
tail to 700 km besides), and 5000 s, the time constant of the rain synthesiser of P.1853.

Assumptions and limits: one field a site, so all its candidates fade together, the low ones first;
the year's average, without season or hour; in the better half of the time the attenuation is taken
as its median, and beyond the worst 0.001 % nothing gets worse; below 5 degrees as at 5; one margin
at all elevations (adaptive coding is part of it); height above the ellipsoid as that above the sea.
"""

import importlib.util
import warnings
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float64, Key
from scipy.special import ndtr, ndtri

from sdn_mc.core.constants import S_PER_H
from sdn_mc.core.fields import Constant, Scalar, field
from sdn_mc.core.outage import Effect, Instant, Outage
from sdn_mc.core.problems import InputError
from sdn_mc.core.scene import Scene, Sites
from sdn_mc.threats.site_names import chosen_sites
from sdn_mc.threats.weather import Weather, field_over, lost_candidates, mixing_of

ABSENT = (
    "threats.rain_fade: ITU-Rpy is not installed; install it by `pip install 'sdn-mc[rain]'` "
    "(160 MB), or leave the threat out"
)
LEVEL = np.linspace(0.0, float(ndtri(1 - 1e-5)), 33)  # standard normal: exceeded 50 to 0.001 %
ELEVATION_DEG = np.arange(5.0, 91.0)


class RainFade(eqx.Module):
    """Attenuation beyond the margin, at the sites named."""

    sites: tuple[str, ...] | None = field(
        doc="Radio sites, by name or pattern; null: all.", static=True
    )
    frequency_ghz: Constant = field(unit="GHz", within=(1, 55), doc="Carrier.", assumed=True)
    diameter_m: Constant = field(
        unit="m", within=(0.05, 20), doc="Of the site's antenna (scintillation).", assumed=True
    )
    margin_db: Constant = field(
        unit="dB", within=(0, 1000), doc="Attenuation that a link bears.", assumed=True
    )
    decorrelation_km: Constant = field(
        unit="km", within=(1, 20_000), doc="Distance at which correlation is 1/e.", assumed=True
    )
    correlation_h: Scalar = field(
        unit="h", within=(0.001, 8766), doc="Time after which correlation is 1/e.", assumed=True
    )

    def problems(self) -> list[str]:
        """The library is optional."""
        return [] if importlib.util.find_spec("itur") else [ABSENT]

    def prepare(self, scene: Scene) -> Weather:
        """How sites go together, and the level above which each candidate is lost."""
        access = scene.access
        assert access is not None
        acts = np.flatnonzero(chosen_sites(scene.sites, self.sites))
        exceeded_db = attenuation_db(
            scene.sites, acts, float(self.frequency_ghz), float(self.diameter_m)
        )
        threshold = np.full(access.sat.shape, np.inf, np.float32)
        for t in range(len(scene.time_s)):
            found = levels(exceeded_db, np.degrees(access.elevation_rad[t, acts]), self.margin_db)
            threshold[t, acts] = np.where(np.isfinite(access.delay_s[t, acts]), found, np.inf)
        mixing = mixing_of(scene.sites, float(self.decorrelation_km))
        return Weather(mixing, threshold, scene.time_s.astype(np.float32))

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Weather
    ) -> Outage:
        """The field of the draw."""
        del macros
        time_s, correlation_s = jnp.asarray(scene.time_s), self.correlation_h * S_PER_H
        return Outage(state=field_over(key, time_s, correlation_s, jnp.asarray(prepared.mixing)))

    def at(self, state: Any, instant: Instant, prepared: Weather) -> Effect:
        """Candidates beyond the margin."""
        return Effect(candidate=lost_candidates(state, instant, prepared))


def attenuation_db(
    sites: Sites, which: np.ndarray, frequency_ghz: float, diameter_m: float
) -> Float64[np.ndarray, "site elevation level"]:
    """Attenuation above free space that is exceeded at each level, at each whole degree, dB."""
    try:
        import itur  # optional, and slow to import
    except ImportError:
        raise InputError(ABSENT) from None
    longitude_deg = (sites.longitude_deg + 180.0) % 360.0 - 180.0
    zenith = [each[which] for each in (sites.latitude_deg, longitude_deg, sites.altitude_m / 1000)]
    shape = len(which), len(ELEVATION_DEG)
    every = [np.broadcast_to(each[:, None], shape) for each in zenith]
    elevation_deg = np.broadcast_to(ELEVATION_DEG, shape)
    found = np.empty((*shape, len(LEVEL)))
    only_gas = {"include_rain": False, "include_clouds": False, "include_scintillation": False}

    def computed(place: list[np.ndarray], elevation_deg: Any, level: float, **which: bool) -> Any:
        latitude, longitude, height_km = place
        return itur.atmospheric_attenuation_slant_path(
            latitude, longitude, frequency_ghz, elevation_deg, 100 * ndtr(-level), diameter_m,
            hs=height_km, **which,
        ).value  # fmt: skip

    with warnings.catch_warnings():  # rain alone is recommended to 5 %, the total to 50 %
        warnings.simplefilter("ignore", RuntimeWarning)
        for k, level in enumerate(LEVEL):
            # Gas goes with 1 / sin(elevation) in P.676 annex 2, and is slow to compute.
            gas_db = computed(zenith, 90.0, level, **only_gas)[:, None]
            gas_db = gas_db / np.sin(np.radians(ELEVATION_DEG))
            found[..., k] = gas_db + computed(every, elevation_deg, level, include_gas=False)
    return np.maximum.accumulate(found, axis=-1)


def levels(
    exceeded_db: Float64[np.ndarray, "site elevation level"],
    elevation_deg: np.ndarray,
    margin_db: float,
) -> Float64[np.ndarray, "site candidate"]:
    """Standard normal level above which the margin is exceeded; -inf: always, inf: never."""
    path = 1 / np.sin(np.radians(ELEVATION_DEG))  # attenuation is nearly linear in it
    clipped = np.clip(elevation_deg, ELEVATION_DEG[0], ELEVATION_DEG[-1])
    below = np.minimum(clipped - ELEVATION_DEG[0], len(ELEVATION_DEG) - 2).astype(int)
    share = (1 / np.sin(np.radians(clipped)) - path[below]) / (path[below + 1] - path[below])
    row = np.arange(len(exceeded_db))[:, None]
    at_db = exceeded_db[row, below] + share[..., None] * (
        exceeded_db[row, below + 1] - exceeded_db[row, below]
    )
    k = np.clip(np.sum(at_db <= margin_db, axis=-1), 1, len(LEVEL) - 1)[..., None]
    low, high = (np.take_along_axis(at_db, each, axis=-1)[..., 0] for each in (k - 1, k))
    step = (margin_db - low) / np.maximum(high - low, 1e-12)
    level = LEVEL[k[..., 0] - 1] + step * (LEVEL[1] - LEVEL[0])
    level = np.where(margin_db < at_db[..., 0], -np.inf, level)
    return np.where(margin_db >= at_db[..., -1], np.inf, level)
