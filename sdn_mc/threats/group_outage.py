"""Faults of whole groups as a process: each group of a label fails at a rate and is repaired.

Model: a stationary on-off process for every group, exponential in both states; P(down) = rate *
repair / (1 + rate * repair); all satellites of a group are lost and return together. Rate and
repair are assumptions to sweep. Limits: as in `group_fault`, the group goes dark at once.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Key

from sdn_mc.core.constants import S_PER_H, S_PER_YEAR
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.outage import Outage, renewal
from sdn_mc.core.scene import Scene
from sdn_mc.threats.group_fault import missing_groups, named_groups


class GroupOutage(eqx.Module):
    """Every named group fails and returns as one, independently of the others."""

    label: str = field(doc="Which grouping: prime, software, bus, plane, …", static=True)
    groups: tuple[str, ...] | None = field(
        doc="The groups that may fail, by name; null: every group of the label.", static=True
    )
    rate_per_year: Scalar = field(
        unit="1/year", within=(0, 1e6), doc="Faults of one group in a year.", assumed=True
    )
    repair_h: Scalar = field(
        unit="h", within=(0, 87_660), doc="Mean time from fault to return.", assumed=True
    )
    part_of: str = eqx.field(static=True, default="all_causes")

    def misfits(self, fleet: Fleet) -> list[str]:
        """Groups that the fleet does not have."""
        return missing_groups(fleet, self.label, self.groups)

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """A law over the groups of the label; those not named never fail."""
        del key, macros, prepared
        named = named_groups(scene, self.label, self.groups)
        fails = jnp.zeros(scene.fleet.n_group(self.label)).at[named].set(1.0)
        rate_per_s = fails * (self.rate_per_year / S_PER_YEAR)
        return renewal(rate_per_s, self.repair_h * S_PER_H, of=self.label)
