"""Independent failure of optical terminals: each fails at a constant rate and returns later.

Model: a stationary on-off process, exponential in both states. P(down) = rate * repair /
(1 + rate * repair). No public failure rate of optical terminals was found: 5 % a year, out for a
year, are assumptions to sweep. Limits: routine re-pointing is another cause.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
from jaxtyping import Array, Key

from sdn_mc.core.constants import S_PER_DAY, S_PER_YEAR
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.outage import Outage, renewal
from sdn_mc.core.scene import Scene


class TerminalFailure(eqx.Module):
    """Every optical terminal fails and returns independently."""

    rate_per_year: Scalar = field(
        unit="1/year", within=(0, 1e6), doc="Failures of one terminal in a year.", assumed=True
    )
    repair_d: Scalar = field(
        unit="d", within=(0, 36_525), doc="Mean time from failure to return.", assumed=True
    )

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """A law over all terminals."""
        del key, macros, scene, prepared
        return renewal(self.rate_per_year / S_PER_YEAR, self.repair_d * S_PER_DAY, of="terminal")
