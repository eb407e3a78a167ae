"""A given common shock to one group: at the onset its members are lost, each with a probability.

Model: the event is given. One of the named groups of a label (a launch batch, an orbital plane, a
shell, a software release) is hit, each equally likely, whatever its size; a single name is hit in
every draw. Each member is lost with probability `severity`, independently of the others, and all
that are lost return together after `repair_h`. Public cases of a launch batch: 20 of 20 satellites
on 2024-07-11 (upper stage), 38 to 40 of 49 in 2022-02 (storm at insertion altitude; Dang et al.
2022, Space Weather 20, e2022SW003152); in operational orbit none: severity is an assumption to
sweep. Limits: membership is all that decides; no staged loss or return.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from sdn_mc.core.constants import S_PER_H
from sdn_mc.core.distributions import Choice, Distribution
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.outage import Outage, windows
from sdn_mc.core.scene import Scene
from sdn_mc.threats.group_fault import missing_groups, named_groups


class GroupShock(eqx.Module):
    """One group of a label is hit, and each of its members lost with a probability."""

    label: str = field(doc="Which grouping: launch, plane, software, prime, …", static=True)
    groups: tuple[str, ...] | None = field(
        doc="The groups of which one is hit, by name; null: any of the label.", static=True
    )
    severity: Scalar = field(
        unit="1", within=(0, 1), doc="Chance that a member of the hit group is lost.", assumed=True
    )
    repair_h: Scalar = field(
        unit="h", within=(0, 87_660), doc="Time from the onset to the return.", assumed=True
    )
    onset_s: Scalar | None = field(
        unit="s",
        within=(0, 2_592_000),
        doc="Onset in the scene; null: the scene's own, or uniform over the window.",
    )
    event: str = eqx.field(static=True, default="given")

    def misfits(self, fleet: Fleet) -> list[str]:
        """Groups that the fleet does not have."""
        return missing_groups(fleet, self.label, self.groups)

    def macros(self, scene: Scene) -> dict[str, Distribution]:
        """Which of the named groups is hit, by its place among them."""
        return {"which": Choice(len(named_groups(scene, self.label, self.groups)))}

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """One window for each member that is lost."""
        del prepared
        named = jnp.asarray(named_groups(scene, self.label, self.groups), jnp.int32)
        member = scene.fleet.group[self.label] == named[macros["which"]]
        u = jax.random.uniform(key, (scene.fleet.n_sat,), dtype=jnp.float32)
        end_s = macros["onset_s"] + self.repair_h * S_PER_H
        return windows(macros["onset_s"], end_s, of="sat", when=member & (u < self.severity))
