"""The solver that suits the machine: compiled code on a CPU, XLA on an accelerator.

Both count ticks of 2 ns in int32 and return the same bits, so the choice changes only the speed.
The device is looked up when a block is first asked for, never on import.
"""

from typing import Any

import equinox as eqx
import jax

from sdn_mc.core.fields import field
from sdn_mc.core.network import Masks, Network, Routes
from sdn_mc.routing.jacobi import XlaJacobi
from sdn_mc.routing.pull_push import PullPush


class Auto(eqx.Module):
    """`PullPush` where JAX's default device is a CPU, else `XlaJacobi` in int32."""

    cpu_block_draws: int = field(
        within=(32, 256), doc="Draws in one call on a CPU, a multiple of 32.", static=True
    )
    accelerator_block_draws: int = field(
        within=(32, 256), doc="Draws in one call elsewhere, a multiple of 32.", static=True
    )

    @property
    def block_draws(self) -> int:
        """Draws in one call on this machine."""
        return self._chosen().block_draws

    def prepare(self, network: Network) -> Any:
        """What the chosen solver needs for one epoch."""
        return self._chosen().prepare(network)

    def solve(self, plan: Any, masks: Masks, truth: Masks | None, walk: bool) -> Routes:
        """Routes by the chosen solver."""
        return self._chosen().solve(plan, masks, truth, walk)

    def _chosen(self) -> PullPush | XlaJacobi:
        if jax.default_backend() == "cpu":
            return PullPush(block_draws=self.cpu_block_draws)
        return XlaJacobi(precision="int32", block_draws=self.accelerator_block_draws)
