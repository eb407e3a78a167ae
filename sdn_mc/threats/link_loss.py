"""Random loss of laser links: each is lost with the same probability, for the whole window.

Model: a link is lost by its terminals, as everything that fails is a thing and not a pair. Each
optical terminal is lost with probability q = 1 - sqrt(1 - p), independently; a link needs both of
its own, so it stands with probability (1 - q)^2 = 1 - p, and links are independent, as in the
random link failures of robustness studies (the IWQoS 2025 code takes 1, 5 and 10 %). The loss lasts
from before the window to after it, so all instants of a draw see the same mesh.

A link that geometry or the plan joins to other partners with time keeps its terminals' state.
Limits: with `topology.mend=bypass` a terminal's links live and die together; no repair.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Key

from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.outage import Outage, windows
from sdn_mc.core.scene import Scene


class LinkLoss(eqx.Module):
    """Every laser link is lost with one probability, independently, all the time."""

    probability: Scalar = field(
        unit="1", within=(0, 1), doc="Chance that a given link is lost.", assumed=True
    )
    stream: str | None = field(
        doc="Name of the random stream; of two losses with one, the greater holds the lesser.",
        static=True,
    )
    event: str = eqx.field(static=True, default="given")

    def prepare(self, scene: Scene) -> Bool[np.ndarray, " terminal"]:
        """One entry for each terminal of the fleet."""
        assert scene.links is not None
        return np.zeros(scene.fleet.n_sat * scene.links.n_terminal, bool)

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """One endless window for each terminal that is lost."""
        del macros, scene
        of_terminal = 1 - jnp.sqrt(1 - jnp.asarray(self.probability, jnp.float32))
        lost = jax.random.uniform(key, prepared.shape, jnp.float32) < of_terminal
        return windows(-jnp.inf, jnp.inf, of="terminal", when=lost)
