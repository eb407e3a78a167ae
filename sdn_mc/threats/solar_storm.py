"""A given geomagnetic storm: terminals work with breaks while it lasts; low satellites are lost.

Model: the event is given, and lasts `duration_h` from the onset. Meanwhile every optical terminal
is an on-off process, exponential in both states, that is out a share `unavailable` of the time, for
`outage_s` at a time. At the onset every satellite below `insertion_altitude_km` (mean altitude) is
lost for good with probability `severity`, independently.

Public facts: the storm of 2024-05 (G5) lasted about three days, degraded service and cost no
operational satellites that were reported (Parker & Linares 2024, arXiv:2406.08617); that of 2022-02
(G1) raised the drag at 210 km by half, and 38 to 40 of 49 satellites just launched were lost (Dang
et al. 2022, Space Weather 20, e2022SW003152). Assumed, to sweep: that breaks strike single
terminals, independently and alike at all latitudes and altitudes, and how many and how long they
are. Breaks hold the acquisitions after them, so that `reacquisition` adds none. Limits: no radio
effects at sites, no drag on satellites in operation, no errors of orbit prediction.

Where `unavailable` or `outage_s` are distributions, every break is drawn as a window, which takes
far more memory than the chain of states that serves one number.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from sdn_mc.core.constants import S_PER_H
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.outage import Outage, renewal, windows
from sdn_mc.core.scene import Scene
from sdn_mc.threats.physical_loss import mean_altitude_km


class SolarStorm(eqx.Module):
    """Every terminal is out now and then while it lasts; satellites just launched are lost."""

    duration_h: Scalar = field(
        unit="h", within=(0, 720), doc="Time from the onset to the end of the storm."
    )
    unavailable: Scalar = field(
        unit="1", within=(0, 1), doc="Share of the storm that a terminal is out.", assumed=True
    )
    outage_s: Scalar = field(
        unit="s", within=(0.1, 86_400), doc="Mean length of one break of a terminal.", assumed=True
    )
    insertion_altitude_km: Scalar = field(
        unit="km", within=(0, 1e6), doc="Satellites below this altitude may be lost."
    )
    severity: Scalar = field(
        unit="1", within=(0, 1), doc="Chance that a satellite below that altitude is lost."
    )
    onset_s: Scalar | None = field(
        unit="s",
        within=(0, 2_592_000),
        doc="Onset in the scene; null: the scene's own, or uniform over the window.",
    )
    event: str = eqx.field(static=True, default="given")
    unanswered: ClassVar[tuple[str, ...]] = ("terminal",)

    def prepare(self, scene: Scene) -> np.ndarray:
        """Mean altitude of every satellite, km."""
        return mean_altitude_km(scene)

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """A law over all terminals while the storm lasts, and the satellites that are lost."""
        del scene
        onset_s = macros["onset_s"]
        rate_per_s, repair_s = breaks(self.unavailable, self.outage_s)
        end_s = onset_s + self.duration_h * S_PER_H
        low = jnp.asarray(prepared) < self.insertion_altitude_km
        lost = low & (jax.random.uniform(key, low.shape, dtype=jnp.float32) < self.severity)
        found = renewal(rate_per_s, repair_s, "terminal", onset_s, end_s)
        return found + windows(onset_s, jnp.inf, of="sat", when=lost)


def breaks(share: Scalar, length_s: Scalar) -> tuple[Scalar, Scalar]:
    """Rate and length of breaks that fill a share of the time; all of it: one without an end."""
    always = jnp.asarray(share >= 1)
    rate_per_s = share / (length_s * jnp.where(always, 1.0, 1 - share))
    return rate_per_s, jnp.where(always, jnp.inf, length_s)
