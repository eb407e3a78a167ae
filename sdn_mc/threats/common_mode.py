"""Common-mode faults by the beta-factor model, for several labels at once, as a process.

Model: of the total failure rate of one satellite the share beta of a label strikes its whole group
at once, and what no label takes strikes it alone (IEC 61508-6:2010, annex D; the beta factor of
Fleming 1975):

    rate of a group of label l = beta_l * rate,    rate alone = (1 - sum of beta_l) * rate.

Each is a stationary on-off process, exponential in both states, with P(down) = rate * repair /
(1 + rate * repair); satellites alone wait for a replacement, a group for its repair. A satellite is
up if it is not down alone and none of its groups is down.

The shares are assumptions to sweep: annex D scores 0.5 to 5 % for logic and 1 to 10 % for sensors
and actuators; 10 % is common for units alike in hardware and software. The rate is that of
`satellite_failure`, all causes together: do not let both act in one column.
Limits: a group is lost whole; a rate per unit, so that larger groups are struck no more often.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
from jaxtyping import Array, Key

from sdn_mc.core.constants import S_PER_DAY, S_PER_H, S_PER_YEAR
from sdn_mc.core.distributions import Distribution
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.outage import Outage, renewal
from sdn_mc.core.scene import Scene
from sdn_mc.threats.group_fault import missing_groups


class CommonMode(eqx.Module):
    """A share of every satellite's failure rate strikes whole groups at once."""

    beta: dict[str, Scalar] = field(
        unit="1",
        within=(0, 1),
        doc="Share of the failure rate that strikes whole groups, by label.",
        assumed=True,
    )
    rate_per_year: Scalar = field(
        unit="1/year", within=(0, 1e6), doc="All failures of one satellite in a year.", assumed=True
    )
    replacement_d: Scalar = field(
        unit="d",
        within=(0, 36_525),
        doc="Mean time until one lost alone is replaced.",
        assumed=True,
    )
    group_repair_h: Scalar = field(
        unit="h", within=(0, 876_600), doc="Mean time until a group returns.", assumed=True
    )
    part_of: str = eqx.field(static=True, default="all_causes")

    def problems(self) -> list[str]:
        """Shares that add up to more than everything."""
        total = sum(float(b) for b in self.beta.values() if not isinstance(b, Distribution))
        if total <= 1 + 1e-9:
            return []
        return [
            f"beta: shares of {', '.join(self.beta)} add up to {total:g}; give at most 1 in all"
        ]

    def misfits(self, fleet: Fleet) -> list[str]:
        """Labels that the fleet does not have."""
        return [problem for label in self.beta for problem in missing_groups(fleet, label, None)]

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """A law over the satellites, and one over the groups of each label, in name order."""
        del key, macros, scene, prepared
        rate_per_s = self.rate_per_year / S_PER_YEAR
        left = 1.0
        for label in sorted(self.beta):
            left = left - self.beta[label]
        alone = rate_per_s * (left * (left > 0))
        found = renewal(alone, self.replacement_d * S_PER_DAY, of="sat")
        for label in sorted(self.beta):
            share = rate_per_s * self.beta[label]
            found += renewal(share, self.group_repair_h * S_PER_H, of=label)
        return found
