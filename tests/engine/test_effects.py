"""Causes that depend on geometry: asked at every instant, before the best candidate is taken."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from sdn_mc import engine
from sdn_mc.core.bits import unpack_draws
from sdn_mc.core.distributions import Uniform
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.outage import Effect, Outage, windows
from sdn_mc.engine import Column
from sdn_mc.engine.effects import first_only
from tests.small_run import small_run


class LowPasses(eqx.Module):
    """Candidates below a drawn elevation are lost, and all slots of odd satellites at odd times."""

    least_deg: Scalar = field(unit="deg", within=(0, 90), doc="Lowest elevation that works.")

    def prepare(self, scene):
        odd = np.arange(scene.fleet.n_sat)[:, None] % 2 == 1
        shape = scene.links.terminal.shape
        return scene.access.elevation_rad, np.broadcast_to(odd, shape)

    def sample(self, key, macros, scene, prepared):
        first = jnp.arange(scene.fleet.n_sat) == 0
        return Outage(windows(0.0, jnp.inf, of="sat", when=first).parts, state=jnp.float32(1.0))

    def at(self, state, instant, prepared):
        elevation_rad, odd = prepared
        low = elevation_rad[instant.time] < state * jnp.radians(self.least_deg)
        return Effect(candidate=low, slot=odd & (instant.time % 2 == 1))


def run_with(best_only, least_deg):
    run = small_run()
    threats = {"low": LowPasses(least_deg=least_deg)}
    scenes = tuple(
        dataclasses.replace(s, access=dataclasses.replace(s.access, best_only=best_only))
        for s in run.scenes
    )
    system = run.system._replace(threats=threats)
    tables = tuple({"low": threats["low"].prepare(scene)} for scene in scenes)
    wirings = tuple(wiring._replace(best_only=best_only) for wiring in run.wirings)
    spec = engine.causes.spec_of(system, scenes[0])
    return run._replace(system=system, scenes=scenes, tables=tables, wirings=wirings, spec=spec)


@pytest.mark.parametrize("best_only", [False, True])
def test_words_are_those_of_each_draw_by_itself(best_only):
    run = run_with(best_only, Uniform(20.0, 60.0))
    columns = Column("healthy", ()), Column("low", ("low",))
    draws = np.arange(64, dtype=np.uint32)
    drawn, outages = engine.sample_draws(run, 0, draws)
    healthy, masks = engine.masks_at(run, 0, outages, columns, run.scenes[0].time_s, 64)
    scene, least = run.scenes[0], np.radians(drawn["low.least_deg"])
    up = unpack_draws(np.moveaxis(masks.access_up, 1, -1))
    expected = scene.access.elevation_rad[..., None] >= least.astype(np.float32)
    expected &= (scene.access.sat != 0)[..., None]
    assert 0.1 < expected[scene.access.delay_s < np.inf].mean() < 0.9
    if best_only:
        earlier = np.cumsum(expected, axis=2) - expected
        expected &= earlier == 0
    assert np.array_equal(up, expected)
    links = unpack_draws(np.moveaxis(masks.link_up, 1, -1))
    odd_sat, odd_time = (np.arange(n) % 2 == 1 for n in (scene.fleet.n_sat, len(scene.time_s)))
    assert not links[odd_time][:, odd_sat].any() and links[~odd_time][:, 2:].any()
    of_healthy = unpack_draws(np.moveaxis(healthy.access_up, 1, -1))
    assert of_healthy[:, :, 0].all() and (best_only or of_healthy.all())


def test_the_first_candidate_is_taken_alike_on_host_and_device():
    up = np.random.default_rng(1).integers(0, 1 << 32, (3, 2, 4, 5), dtype=np.uint32)
    found = first_only(up)
    assert np.array_equal(np.asarray(first_only(jnp.asarray(up))), found)
    bits = unpack_draws(np.moveaxis(up, 1, -1))
    expected = bits & (np.cumsum(bits, axis=2) == 1)
    assert np.array_equal(unpack_draws(np.moveaxis(found, 1, -1)), expected)


def test_axes_turn_a_site_back_to_its_place_on_the_earth():
    scene = small_run().scenes[0]
    fixed = np.einsum("tij,tsj->tsi", scene.geometry.axes, scene.geometry.site_km)
    longitude = np.degrees(np.arctan2(fixed[..., 1], fixed[..., 0]))
    assert np.allclose(longitude, scene.sites.longitude_deg, atol=1e-9)
    assert np.allclose(fixed, fixed[:1], atol=1e-6)
