"""The solver that suits the machine and the mesh: elimination or sweeps, on a CPU or a GPU.

All of them count ticks of 2 ns in int32 and return the same bits, so the choice changes only the
speed. The device is looked up when an epoch is prepared, never on import: compiled code on a CPU,
CUDA C++ on an NVIDIA GPU, XLA on anything else and where the extra `gpu` is not installed.

The choice between the two algorithms is made by counting relaxations per source and draw.
Elimination's are known: its program's, shared by all sources. Sweeps take satellites * ports * the
number of sweeps, which depends on what has failed. On a CPU each block is tried (see `trial`) where
elimination takes no more than `MOST_SWEEPS` and there are instants enough for a trial. Elsewhere
the choice is made once an epoch: the number is taken as `EXPECTED_SWEEPS`, so that elimination,
where it needs no more, is at most a little slower with few failures, and several times faster with
many. Hops and delivery need the way back too; on a GPU they are left to sweeps. `solver=
elimination`, `pull_push`, `cuda_elimination` and `cuda_sweeps` override the choice.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax

from sdn_mc.core import cuda
from sdn_mc.core.fields import field
from sdn_mc.core.network import Masks, Network, Routes
from sdn_mc.routing.cuda_elimination import CudaElimination, plan_streams
from sdn_mc.routing.cuda_elimination import Plan as CudaPlan
from sdn_mc.routing.cuda_sweeps import CudaSweeps
from sdn_mc.routing.elimination import Elimination, plan_elimination
from sdn_mc.routing.jacobi import XlaJacobi
from sdn_mc.routing.pull_push import PullPush
from sdn_mc.routing.reachability import Reachability
from sdn_mc.routing.trial import LEAST_TIMES, Trial

# Measured with 480 satellites in a torus, 12 sources, one destination each, against sweeps: with
# hops, elimination counts as much as 8.7 sweeps, and takes 1.7 times as long at 5 % failures and
# 0.85 times at 30 %; without, 5.6 sweeps, as long at 5 % and half as long at 30 %.
EXPECTED_SWEEPS = 8
MOST_SWEEPS = 16  # only between 60 and 70 % of the links down, at random, do more come up
MOST_DRAWS = 256  # in one call: a bit a draw takes little memory


class Choice(NamedTuple):
    """A solver and its plan of one epoch."""

    solver: Any
    plan: Any


class Plan(NamedTuple):
    """What was chosen for one epoch: for latencies alone, and for latencies with a walk."""

    latency: Choice
    walk: Choice


class Auto(eqx.Module):
    """Elimination or sweeps, as JAX's default device has them."""

    cpu_block_draws: int = field(
        within=(32, 256), doc="Draws in one call on a CPU, a multiple of 32.", static=True
    )
    accelerator_block_draws: int = field(
        within=(32, 256), doc="Draws in one call elsewhere, a multiple of 32.", static=True
    )

    @property
    def on_device(self) -> bool:
        """Are masks taken on JAX's default device?"""
        return not _on_cpu()

    @property
    def block_draws(self) -> int:
        """Draws in one call on this machine."""
        return self.cpu_block_draws if _on_cpu() else self.accelerator_block_draws

    def notes(self) -> list[str]:
        """Why a GPU is not used as it could be."""
        if jax.default_backend() != "gpu" or cuda.why_not() is None:
            return []
        return [f"warning: XLA solves, many times slower than this GPU can: {cuda.why_not()}"]

    def without_latency(self) -> "Auto | Reachability":
        """On a CPU, one bit a draw will do."""
        return Reachability(block_draws=MOST_DRAWS) if _on_cpu() else self

    def prepare(self, network: Network) -> Plan:
        """What the chosen solvers need for one epoch."""
        per_sweep = network.delay_s[0].size * len(network.source)
        if _on_cpu():
            return _compiled(network, per_sweep, self.cpu_block_draws)
        if cuda.why_not() is None:
            most = EXPECTED_SWEEPS * per_sweep
            return _on_gpu(network, most, self.accelerator_block_draws)
        xla = XlaJacobi(precision="int32", block_draws=self.accelerator_block_draws)
        choice = Choice(xla, xla.prepare(network))
        return Plan(choice, choice)

    def solve(self, plan: Plan, masks: Masks, truth: Masks | None, walk: bool) -> Routes:
        """Routes by the chosen solver."""
        chosen = plan.walk if walk or truth is not None else plan.latency
        return chosen.solver.solve(chosen.plan, masks, truth, walk)


def _on_cpu() -> bool:
    return jax.default_backend() == "cpu"


def _compiled(network: Network, per_sweep: int, block_draws: int) -> Plan:
    """The CPU's choice, or a trial of every block."""
    most, expected = MOST_SWEEPS * per_sweep, EXPECTED_SWEEPS * per_sweep
    plan, sweeps = plan_elimination(network, most), PullPush(block_draws=block_draws)
    if plan is not None and plan.n_relaxation <= most and len(network.delay_s) >= LEAST_TIMES:
        trial = Trial(sweeps)
        tried = Choice(trial, trial.prepare(network, plan))
        return Plan(tried, tried)
    elimination = Choice(Elimination(block_draws=block_draws, most_relaxations=most), plan)
    if plan is not None and plan.n_relaxation + plan.n_back_relaxation <= expected:
        return Plan(elimination, elimination)
    walk = Choice(sweeps, sweeps.prepare(network))
    return Plan(elimination if plan is not None and plan.n_relaxation <= expected else walk, walk)


def _on_gpu(network: Network, most: int, block_draws: int) -> Plan:
    """The choice of an NVIDIA GPU."""
    sweeps = CudaSweeps(block_draws=block_draws)
    walk = Choice(sweeps, sweeps.prepare(network))
    streams = plan_streams(network, most, cuda.limits())
    if streams is None or streams.n_relaxation > most:
        return Plan(walk, walk)
    elimination = CudaElimination(block_draws=block_draws, most_relaxations=most)
    return Plan(Choice(elimination, CudaPlan(streams, walk.plan)), walk)
