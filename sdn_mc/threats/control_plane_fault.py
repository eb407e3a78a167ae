"""A given outage of the fleet's control plane: once in every draw, at the onset.

Model: the event is given, not drawn: it happens in every draw, at `onset_s`; in a snapshot whose
onset is not fixed, at a time uniform over the window. It lasts `repair_h`; what the fleet does
meanwhile, the source of the length and the limits are those of `control_plane_outage`.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Key

from sdn_mc.core.constants import S_PER_H
from sdn_mc.core.distributions import Bernoulli, Distribution
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.outage import Outage
from sdn_mc.core.scene import Scene
from sdn_mc.threats.control_plane_outage import DARK, FREEZE, check_mode, without_control


class ControlPlaneFault(eqx.Module):
    """The control plane fails at the onset; until the repair the fleet is dark, or routes stay."""

    mode: str = field(
        doc="Meanwhile every satellite is out, or all go on with the routes they have.",
        choices=(DARK, FREEZE),
    )
    probability: Scalar = field(
        unit="1", within=(0, 1), doc="Chance that the control plane fails, given the event."
    )
    repair_h: Scalar = field(
        unit="h", within=(0, 87_660), doc="Time from the onset to the repair.", assumed=True
    )
    onset_s: Scalar | None = field(
        unit="s", within=(0, 2_592_000), doc="Onset in the scene; null: see the model."
    )
    event: str = eqx.field(static=True, default="given")

    def prepare(self, scene: Scene) -> None:
        """Nothing; but a freeze is refused where instants are far apart."""
        check_mode(self.mode, scene)

    def macros(self, scene: Scene) -> dict[str, Distribution]:
        """Whether it fails."""
        del scene
        return {"hit": Bernoulli(self.probability, shape=(1,))}

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """One window, if it fails."""
        del key, prepared
        start_s = jnp.where(macros["hit"], macros["onset_s"], jnp.inf)[:, None]
        return without_control(self.mode, start_s, start_s + self.repair_h * S_PER_H, scene)
