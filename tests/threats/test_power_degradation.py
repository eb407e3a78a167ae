"""Degraded power: the shadow against its closed form, the share at stated ages, who is off."""

import math

import numpy as np
import pytest

from sdn_mc import engine
from sdn_mc.core.constants import MEAN_RADIUS_KM
from sdn_mc.threats.sun import in_sunlight, sun_earth_fixed
from tests.small_run import one_threat
from tests.threats.test_contract import masks_of

N_DRAW = 4096


@pytest.mark.parametrize("height_km", [550.0, 1200.0])
@pytest.mark.parametrize("beta_deg", [0.0, 30.0, -50.0, 75.0])
def test_a_circular_orbit_is_in_the_shadow_for_the_share_of_the_closed_form(height_km, beta_deg):
    n, beta, radius_km = 20_000, math.radians(beta_deg), MEAN_RADIUS_KM + height_km
    turn = 2 * np.pi * (np.arange(n) + 0.5) / n
    sat_km = radius_km * np.stack([np.cos(turn), np.sin(turn), np.zeros(n)], axis=-1)
    azimuth = 0.7  # of the sun in the orbit's plane
    sun = np.array([math.cos(azimuth), math.sin(azimuth), 0.0]) * math.cos(beta)
    sun[2] = math.sin(beta)
    leaves = math.sqrt(height_km**2 + 2 * MEAN_RADIUS_KM * height_km) / radius_km / math.cos(beta)
    exact = math.acos(leaves) / math.pi if leaves < 1 else 0.0
    found = 1 - in_sunlight(sat_km, sun).mean()
    assert abs(found - exact) <= 2 / n  # a step at either end of the shadow


@pytest.mark.parametrize("age", [0.1, 2.5, 10.0])
def test_as_many_have_degraded_as_the_law_says(age):
    shape, scale = 0.6, 30.0
    run = one_threat("power_degradation", {"shape": shape, "scale_years": scale, "age_years": age})
    _, outages = engine.sample_draws(run, 0, np.arange(N_DRAW, dtype=np.uint32))
    (part,) = outages["power_degradation"]
    degraded = np.asarray(part.state)
    chance = 1 - math.exp(-((age / scale) ** shape))
    # Satellites and draws are independent: binomial.
    sigma = math.sqrt(chance * (1 - chance) / degraded.size)
    assert degraded.shape == (16, N_DRAW) and abs(degraded.mean() - chance) < 4 * sigma


def test_worn_satellites_lose_all_their_links_in_the_shadow_and_none_in_the_light():
    run = one_threat("power_degradation", {"scale_years": 0.001})
    scene = run.scenes[0]
    link, access = (each[..., 0] for each in masks_of(run, range(32)))
    sun = np.einsum("tij,ti->tj", scene.geometry.axes, sun_earth_fixed(scene.start, scene.time_s))
    km = scene.geometry.sat_km
    behind = np.einsum("tsj,tj->ts", km, sun) < 0
    dark = behind & (np.linalg.norm(np.cross(km, sun[:, None]), axis=-1) < MEAN_RADIUS_KM)
    assert 0.1 < dark.mean() < 0.5
    neighbour, here = scene.links.neighbour, np.arange(16)[:, None]
    is_link = neighbour != here
    assert np.array_equal(~link & is_link, (dark[:, :, None] | dark[:, neighbour]) & is_link)
    there = np.isfinite(scene.access.delay_s)
    lost = dark[np.arange(len(dark))[:, None, None], scene.access.sat]
    assert np.array_equal(~access & there, lost & there) and lost[there].any()


def test_only_degraded_satellites_are_off():
    run = one_threat("power_degradation", {"scale_years": 10.0})
    _, outages = engine.sample_draws(run, 0, np.arange(64, dtype=np.uint32))
    degraded = np.asarray(outages["power_degradation"][0].state)
    link, _ = masks_of(run, range(64))
    worst, _ = masks_of(one_threat("power_degradation", {"scale_years": 0.001}), range(64))
    either = degraded[:, None] | degraded[run.scenes[0].links.neighbour]
    assert np.all(link | either) and np.all(link >= worst) and np.any(link > worst)
    assert 0.2 < degraded.mean() < 0.6
