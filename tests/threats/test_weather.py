"""Rain and cloud: exact shares of time, correlation by distance and time, ITU-R statistics."""

import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from sdn_mc import engine
from sdn_mc.core.bits import unpack_draws
from sdn_mc.core.outage import Instant
from sdn_mc.core.problems import InputError
from sdn_mc.core.scene import Sites
from sdn_mc.engine import Column
from sdn_mc.threats import rain_fade
from sdn_mc.threats.site_names import chosen_sites
from sdn_mc.threats.weather import Weather, field_over, lost_candidates, mixing_of
from tests.small_run import one_threat

N_DRAW = 4096
needs_itur = pytest.mark.skipif(
    importlib.util.find_spec("itur") is None, reason="the optional library itur is not installed"
)


def line_of_sites(distance_km):
    """Sites along the equator at the given distances from the first."""
    degrees = np.degrees(np.array(distance_km) / 6371.0)
    n = len(degrees)
    return Sites(np.zeros(n), degrees, np.zeros(n), tuple(f"S{k}" for k in range(n)))


def test_the_field_is_standard_and_correlated_by_distance_and_time():
    sites = line_of_sites([0.0, 30.0, 60.0, 200.0, 4000.0])
    mixing = jnp.asarray(mixing_of(sites, 60.0))
    time_s = jnp.asarray([0.0, 600.0, 5600.0, 86_400.0], jnp.float32)  # instants lie unevenly
    keys = jax.random.split(jax.random.key(11), N_DRAW)
    fields = jax.vmap(lambda key: field_over(key, time_s, 5000.0, mixing))(keys)
    z = np.asarray(fields, np.float64)  # draw, time, site
    bound = 4 / np.sqrt(N_DRAW)
    assert np.all(np.abs(z.mean(axis=0)) < bound)
    assert np.all(np.abs(z.std(axis=0) - 1) < bound / np.sqrt(2))
    place_km = np.radians(sites.longitude_deg) * 6371.0
    time = np.asarray(time_s, np.float64)
    space = np.exp(-np.abs(place_km[:, None] - place_km) / 60.0)
    lag = np.exp(-np.abs(time[:, None] - time) / 5000.0)
    flat = z.reshape(N_DRAW, -1)
    exact = np.kron(lag, space)
    # The error of a correlation r is (1 - r^2) / sqrt(n).
    assert np.all(np.abs(np.corrcoef(flat.T) - exact) <= bound * (1 - exact**2) + 1e-3)


def test_sites_at_one_place_have_one_weather():
    mixing = jnp.asarray(mixing_of(line_of_sites([0.0, 0.0]), 60.0))
    z = np.asarray(field_over(jax.random.key(2), jnp.arange(50.0), 5.0, mixing))
    assert np.allclose(z[:, 0], z[:, 1], atol=0.01)  # the nugget is 1e-6 in variance


def test_a_cause_asked_earlier_sees_the_last_instant_before():
    state = jnp.asarray([[2.0], [-2.0], [2.0]])
    level, time_s = jnp.zeros((1, 1)), jnp.asarray([0.0, 100.0, 200.0])
    tables = Weather(jnp.eye(1), level, time_s)
    asked = {(2, 200.0): True, (2, 150.0): False, (1, 100.0): False, (1, 99.0): True,
             (0, -50.0): True}  # fmt: skip
    for (time, time_at_s), expected in asked.items():
        instant = Instant(jnp.int32(time), jnp.float32(time_at_s))
        assert bool(lost_candidates(state, instant, tables)[0, 0]) == expected


def lost(name, settings, n_draw=256, extra=()):
    """Lost candidates [time, site, candidate, draw], and the run."""
    run = one_threat(name, settings, extra)
    down = []
    for first in range(0, n_draw, 256):
        _, outages = engine.sample_draws(run, 0, np.arange(first, first + 256, dtype=np.uint32))
        columns, time_s = (Column("all", (name,)),), run.scenes[0].time_s
        (masks,) = engine.masks_at(run, 0, outages, columns, time_s, 256)
        down.append(~unpack_draws(np.moveaxis(np.asarray(masks.access_up), 1, -1)))
    return np.concatenate(down, axis=-1), run


def test_cloud_closes_each_site_for_its_share():
    own = ("+threats.cloud.by_site.Singapore=0.2", "+threats.cloud.by_site.Perth=0.9")
    down, run = lost("cloud", {"correlation_h": 0.001}, 2048, own)
    sites = run.scenes[0].sites
    assert np.array_equal(down.all(axis=2), down.any(axis=2))  # the whole sky
    latitude = np.abs(sites.latitude_deg)
    nodes = [0, 10, 25, 40, 60, 75, 90], [0.35, 0.35, 0.5, 0.35, 0.2, 0.3, 0.3]
    exact = 1 - np.interp(latitude, *nodes)
    exact[[sites.name.index("Singapore"), sites.name.index("Perth")]] = 0.8, 0.1
    share = down[:, :, 0].mean(axis=(0, 2))
    n = down.shape[0] * down.shape[-1]  # instants hours apart: independent
    assert np.all(np.abs(share - exact) < 4 * np.sqrt(exact * (1 - exact) / n))


def test_patterns_name_sites_and_a_wrong_one_is_told():
    sites = Sites(np.zeros(3), np.zeros(3), np.zeros(3), ("Mauna Kea", "Mauna Loa", "Rome"))
    assert chosen_sites(sites, ("Mauna*",)).tolist() == [True, True, False]
    assert chosen_sites(sites, None).all() and not chosen_sites(sites, ()).any()
    with pytest.raises(InputError, match="no site is named 'Paris'; the sites are Mauna Kea"):
        chosen_sites(sites, ("Rome", "Paris"))


def test_without_its_library_rain_says_which_extra_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"sdn-mc\[rain\]"):
        one_threat("rain_fade")


# ---- ITU-R statistics

# Attenuation at 30 degrees exceeded for 1, 0.1 and 0.01 % of the time (ITU-Rpy 0.4.0).
ORACLE = {
    "Grand Forks": (47.925, -97.033, (3.6, 7.9, 18.5), (1.0, 2.5, 6.6)),
    "Redstone": (34.685, -86.648, (5.5, 12.7, 29.1), (1.6, 4.1, 10.7)),
    "Guam": (13.476, 144.750, (10.0, 26.6, 54.2), (3.1, 9.4, 21.3)),
    "Kwajalein": (8.717, 167.733, (10.2, 28.3, 56.7), (3.2, 10.1, 22.6)),
}


@pytest.fixture(scope="module")
def oracle_sites():
    place = np.array([row[:2] for row in ORACLE.values()])
    height_m = np.array([250.0, 170.0, 3.0, 2.0])
    return Sites(place[:, 0], place[:, 1], height_m, tuple(ORACLE))


@needs_itur
@pytest.mark.parametrize("column, frequency_ghz, diameter_m", [(2, 20.0, 1.2), (3, 12.0, 0.5)])
def test_attenuation_is_that_of_the_rain_oracle(oracle_sites, column, frequency_ghz, diameter_m):
    found = rain_fade.attenuation_db(oracle_sites, np.arange(4), frequency_ghz, diameter_m)
    level = ndtri(1 - np.array([1e-2, 1e-3, 1e-4]))
    for k, row in enumerate(ORACLE.values()):
        at_30 = np.interp(level, rain_fade.LEVEL, found[k, 25])
        # The table is rounded to 0.1 dB, and states neither coordinates nor heights (3 %); levels
        # lie between nodes (1 %).
        assert np.allclose(at_30, row[column], rtol=0.04, atol=0.06)


@needs_itur
def test_the_margin_is_exceeded_for_the_share_of_time_that_the_library_says(oracle_sites):
    import itur

    exceeded = rain_fade.attenuation_db(oracle_sites, np.arange(4), 20.0, 1.2)
    for k, percent, degrees in ((0, 0.05, 12.5), (1, 0.3, 40.2), (2, 1.5, 7.3), (3, 3.0, 71.9)):
        margin_db = itur.atmospheric_attenuation_slant_path(
            oracle_sites.latitude_deg[k], oracle_sites.longitude_deg[k], 20.0, degrees, percent,
            1.2, hs=oracle_sites.altitude_m[k] / 1000,
        ).value  # fmt: skip
        level = rain_fade.levels(exceeded[k : k + 1], np.full((1, 1), degrees), margin_db)
        # Lines between whole degrees and between levels 0.13 apart: 3 % of the share.
        assert ndtr(-level[0, 0]) == pytest.approx(percent / 100, rel=0.03)
    ends = rain_fade.levels(exceeded, np.full((4, 1), 30.0), 0.0)
    assert np.all(ends == -np.inf)
    assert np.all(rain_fade.levels(exceeded, np.full((4, 1), 30.0), 500.0) == np.inf)


@needs_itur
def test_rain_takes_each_candidate_for_its_own_share_of_the_time():
    settings = {"margin_db": 6.0, "correlation_h": 0.001, "sites": "['Hagatna Guam',Singapore]"}
    down, run = lost("rain_fade", settings, 4096)
    level = run.tables[0]["rain_fade"].threshold
    exact = np.broadcast_to(ndtr(-level.astype(np.float64)), down.shape[:-1])
    n = down.shape[-1]
    sigma = np.sqrt(exact * (1 - exact) / n)
    # 4 sigma, and one count where the share is so small that the binomial is no Gaussian.
    assert np.all(np.abs(down.mean(axis=-1) - exact) < 4 * sigma + 1 / n + 1e-12)
    acts = chosen_sites(run.scenes[0].sites, ("Hagatna Guam", "Singapore"))
    assert not down[:, ~acts].any() and down[:, acts].any()
    assert 0.001 < exact[:, acts][np.isfinite(level[:, acts])].max() < 1
