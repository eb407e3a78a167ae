"""What `auto` takes on a GPU, under emulation."""

import jax
import numpy as np
import pytest

from sdn_mc.core import cuda
from sdn_mc.core.problems import InputError
from sdn_mc.routing import auto
from sdn_mc.routing.auto import Auto
from sdn_mc.routing.cuda_elimination import CudaElimination
from sdn_mc.routing.cuda_sweeps import CudaSweeps
from sdn_mc.routing.jacobi import XlaJacobi
from sdn_mc.routing.pull_push import PullPush
from tests.routing_graphs import pack, plus_grid, random_flags

AUTO = Auto(cpu_block_draws=64, accelerator_block_draws=256)
PULL_PUSH = PullPush(block_draws=64)


def solvers_of(plan):
    return type(plan.latency.solver), type(plan.walk.solver)


def test_auto_eliminates_on_a_gpu_and_sweeps_for_walks(emulated, monkeypatch):
    monkeypatch.setattr(auto, "_on_cpu", lambda: False)
    network, slots = plus_grid(6, 7, False)
    masks = pack(*random_flags(network, slots, 32, 0.2, 1))
    monkeypatch.setattr(auto, "EXPECTED_SWEEPS", 100)
    plan = AUTO.prepare(network)
    assert solvers_of(plan) == (CudaElimination, CudaSweeps) and AUTO.on_device
    expected = PULL_PUSH.solve(PULL_PUSH.prepare(network), masks, masks, True)
    for truth, walk in ((None, False), (None, True), (masks, True)):
        routes = AUTO.solve(plan, masks, truth, walk)
        assert np.asarray(routes.latency_s).tobytes() == expected.latency_s.tobytes()
    assert np.asarray(routes.hops).tobytes() == expected.hops.tobytes()
    monkeypatch.setattr(auto, "EXPECTED_SWEEPS", 1)
    assert solvers_of(AUTO.prepare(network)) == (CudaSweeps, CudaSweeps)


def test_a_gpu_without_cuda_core_has_xla_and_says_so(monkeypatch):
    monkeypatch.setattr(auto, "_on_cpu", lambda: False)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(cuda, "why_not", lambda: "cuda is not installed; pip install …")
    network, _ = plus_grid(4, 5, False)
    assert solvers_of(AUTO.prepare(network)) == (XlaJacobi, XlaJacobi)
    (note,) = AUTO.notes()
    assert note.startswith("warning: XLA solves") and "pip install" in note


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="there is a GPU")
def test_without_a_gpu_the_solver_says_what_to_do():
    network, _ = plus_grid(4, 5, False)
    solver = CudaElimination(block_draws=64, most_relaxations=100)
    with pytest.raises(InputError, match=r"needs an NVIDIA GPU; or take solver=auto"):
        solver.prepare(network)


def test_a_mesh_that_does_not_suit_a_gpu_says_what_to_do(emulated):
    network, _ = plus_grid(6, 7, False)
    solver = CudaElimination(block_draws=64, most_relaxations=10)
    with pytest.raises(InputError, match=r"42 satellites is not for cuda_elimination.*solver=auto"):
        solver.prepare(network)
