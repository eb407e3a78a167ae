"""The solver that suits the machine and the mesh: elimination or sweeps on a CPU, XLA elsewhere.

All of them count ticks of 2 ns in int32 and return the same bits, so the choice changes only the
speed. The device is looked up when a block is first asked for, never on import.

On a CPU the choice is made once an epoch by counting relaxations per source and draw. Elimination's
are known: its program's, shared by all sources. Sweeps take satellites * ports * the number of
sweeps, which is about 6 with few failures and 25 where 30 % of the satellites fail, and is taken as
`EXPECTED_SWEEPS`: where elimination needs no more it is at most a little slower with few failures,
and several times faster with many. Hops and delivery need the way back too, and are decided by
themselves. `solver=elimination` and `solver=pull_push` override the choice.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax

from sdn_mc.core.fields import field
from sdn_mc.core.network import Masks, Network, Routes
from sdn_mc.routing.elimination import Plan as EliminationPlan
from sdn_mc.routing.elimination import plan_elimination, solve_planned
from sdn_mc.routing.jacobi import JacobiPlan, XlaJacobi
from sdn_mc.routing.pull_push import PullPush
from sdn_mc.routing.pull_push_kernel import Plan as PullPushPlan
from sdn_mc.routing.reachability import Reachability

# Measured with 480 satellites in a torus, 12 sources, one destination each, against sweeps: with
# hops, elimination counts as much as 8.7 sweeps, and takes 1.7 times as long at 5 % failures and
# 0.85 times at 30 %; without, 5.6 sweeps, as long at 5 % and half as long at 30 %.
EXPECTED_SWEEPS = 8
MOST_DRAWS = 256  # in one call: a bit a draw takes little memory


class CpuPlan(NamedTuple):
    """What was chosen for one epoch: for latencies alone, and for latencies with a walk."""

    latency: EliminationPlan | PullPushPlan
    walk: EliminationPlan | PullPushPlan


class Auto(eqx.Module):
    """`Elimination` or `PullPush` where JAX's default device is a CPU, else `XlaJacobi`, int32."""

    cpu_block_draws: int = field(
        within=(32, 256), doc="Draws in one call on a CPU, a multiple of 32.", static=True
    )
    accelerator_block_draws: int = field(
        within=(32, 256), doc="Draws in one call elsewhere, a multiple of 32.", static=True
    )

    @property
    def on_device(self) -> bool:
        """Are masks taken on JAX's default device?"""
        return jax.default_backend() != "cpu"

    @property
    def block_draws(self) -> int:
        """Draws in one call on this machine."""
        on_cpu = jax.default_backend() == "cpu"
        return self.cpu_block_draws if on_cpu else self.accelerator_block_draws

    def without_latency(self) -> "Auto | Reachability":
        """On a CPU, one bit a draw will do."""
        on_cpu = jax.default_backend() == "cpu"
        return Reachability(block_draws=MOST_DRAWS) if on_cpu else self

    def prepare(self, network: Network) -> CpuPlan | JacobiPlan:
        """What the chosen solvers need for one epoch."""
        if jax.default_backend() != "cpu":
            return self._xla().prepare(network)
        most = EXPECTED_SWEEPS * network.delay_s[0].size * len(network.source)
        plan = plan_elimination(network, most)
        if plan is not None and plan.n_relaxation + plan.n_back_relaxation <= most:
            return CpuPlan(plan, plan)
        sweeps = PullPush(block_draws=self.cpu_block_draws).prepare(network)
        if plan is not None and plan.n_relaxation <= most:
            return CpuPlan(plan, sweeps)
        return CpuPlan(sweeps, sweeps)

    def solve(self, plan: Any, masks: Masks, truth: Masks | None, walk: bool) -> Routes:
        """Routes by the chosen solver."""
        if isinstance(plan, JacobiPlan):
            return self._xla().solve(plan, masks, truth, walk)
        chosen = plan.walk if walk or truth is not None else plan.latency
        if isinstance(chosen, EliminationPlan):
            return solve_planned(chosen, masks, truth, walk)
        return PullPush(block_draws=self.cpu_block_draws).solve(chosen, masks, truth, walk)

    def _xla(self) -> XlaJacobi:
        return XlaJacobi(precision="int32", block_draws=self.accelerator_block_draws)
