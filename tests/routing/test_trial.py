"""Each block is tried: what the trial counts, what it chooses, and that the bits stay."""

import dataclasses

import jax
import numpy as np
import pytest

from scripts.bench import problem
from sdn_mc.core.network import Masks
from sdn_mc.routing import auto, trial
from sdn_mc.routing.auto import Auto
from sdn_mc.routing.elimination import Elimination
from sdn_mc.routing.pull_push import PullPush
from sdn_mc.routing.trial import LEAST_TIMES, Trial

AUTO = Auto(cpu_block_draws=64, accelerator_block_draws=256)
N_SLOT = 20  # of a plane
pytestmark = pytest.mark.skipif(jax.default_backend() != "cpu", reason="the trial is the CPU's")


@pytest.fixture(scope="module")
def network():
    """340 satellites in a star at 24 instants: the way back makes sweeps worth it, or not."""
    return problem.network_of(340, 2 * LEAST_TIMES)


def masks_without(network, lost) -> Masks:
    """All up but the links and access links of satellites that are lost in every draw."""
    up = np.where(lost, 0, 0xFFFFFFFF).astype(np.uint32)
    link = up[:, None] & up[network.neighbour]
    n_time = len(network.delay_s)
    return Masks(np.tile(link, (n_time, 1, 1, 1)), up[network.access_sat][:, None])


def test_an_undamaged_mesh_is_swept_once_and_once_more_to_see_that_nothing_changes(network):
    plan = AUTO.prepare(network).walk.plan
    nothing = np.zeros(network.delay_s.shape[1], bool)
    assert trial.sweeps_in(plan, masks_without(network, nothing)) == 2.0


def test_random_losses_are_eliminated_and_none_or_whole_planes_swept(network):
    chosen = AUTO.prepare(network).walk
    assert isinstance(chosen.solver, Trial)
    every_third_plane = np.arange(340) // N_SLOT % 3 == 0
    cases = [
        (problem.draws_of(network, 0.3, 64, 1).masks, True),
        (masks_without(network, np.zeros(340, bool)), False),
        (masks_without(network, every_third_plane), False),
    ]
    for masks, is_eliminated in cases:
        assert trial.eliminates(chosen.plan, masks, True) == is_eliminated
        expected = PullPush(block_draws=64).solve(chosen.plan.sweeps, masks, masks, True)
        found = chosen.solver.solve(chosen.plan, masks, masks, True)
        for name in ("latency_s", "hops", "delivered"):
            assert getattr(found, name).tobytes() == getattr(expected, name).tobytes()
    # Without the way back elimination relaxes less than the least of sweeps.
    assert trial.eliminates(chosen.plan, cases[1][0], False)


def test_a_few_instants_are_not_tried(network):
    few = dataclasses.replace(
        network,
        delay_s=network.delay_s[: LEAST_TIMES - 1],
        access_sat=network.access_sat[: LEAST_TIMES - 1],
        access_delay_s=network.access_delay_s[: LEAST_TIMES - 1],
    )
    plan = AUTO.prepare(few)
    assert isinstance(plan.latency.solver, Elimination) and plan.walk is plan.latency


def test_a_mesh_that_eliminates_badly_is_not_tried(network, monkeypatch):
    monkeypatch.setattr(auto, "MOST_SWEEPS", 1)
    plan = AUTO.prepare(network)
    assert isinstance(plan.latency.solver, PullPush) and plan.walk is plan.latency
