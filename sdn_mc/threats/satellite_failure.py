"""Independent satellite failure: each satellite fails at a constant rate and is replaced.

Model: a stationary on-off process, exponential in both states. P(down) = rate * repair /
(1 + rate * repair). The default rate, 3 % a year, is about the first-year loss of all classes of
satellites (Castet & Saleh 2009: reliability 0.972 after one year); constant rate and replacement
time are assumptions to sweep. Limits: no infant mortality, no wear, no degraded states.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
from jaxtyping import Array, Key

from sdn_mc.core.constants import S_PER_DAY, S_PER_YEAR
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.outage import Outage, renewal
from sdn_mc.core.scene import Scene


class SatelliteFailure(eqx.Module):
    """Every satellite fails and is replaced independently."""

    rate_per_year: Scalar = field(
        unit="1/year", within=(0, 1e6), doc="Failures of one satellite in a year.", assumed=True
    )
    replacement_d: Scalar = field(
        unit="d", within=(0, 36_525), doc="Mean time from failure to a replacement.", assumed=True
    )
    covers: str = eqx.field(static=True, default="all_causes")

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """A law over all satellites."""
        del key, macros, scene, prepared
        return renewal(self.rate_per_year / S_PER_YEAR, self.replacement_d * S_PER_DAY, of="sat")
