"""Integrity: what arrives as it was sent, and what arrives altered and is believed.

Model: a message is altered if its route passes a satellite or a site that tampers (a compromised
relay, a spoofed receiver); routing does not know of it. The receiver's check rejects an altered
message with the chance `detection`, and a clean one, in error, with the chance `false_alarm`. With
d the share of the instants at which a message is delivered and a at which it is delivered altered,

    delivered and clean    = (d - a) (1 - false_alarm),
    accepted and tampered  = a (1 - detection),

and the rest, up to d, is rejected. Neither is known for any system: both are assumptions to sweep.
Limits: messages are checked one by one, none against another; detections are independent; what is
rejected is not sent again.
"""

from collections.abc import Sequence

import equinox as eqx
import numpy as np
from jaxtyping import Float64

from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.protocols import Output, Series
from sdn_mc.core.scene import Scene
from sdn_mc.metrics.over_times import mean_over_times


class Integrity(eqx.Module):
    """Shares of the instants: delivered and clean; accepted and tampered."""

    detection: Scalar = field(
        unit="1", within=(0, 1), doc="Chance that an altered message is rejected.", assumed=True
    )
    false_alarm: Scalar = field(
        unit="1", within=(0, 1), doc="Chance that a clean message is rejected.", assumed=True
    )
    modes: Sequence[str] = eqx.field(static=True, default=("snapshot", "episode"))
    needs_hops: bool = eqx.field(static=True, default=False)
    needs_latency: bool = eqx.field(static=True, default=False)
    needs_integrity: bool = eqx.field(static=True, default=True)

    def outputs(self) -> list[Output]:
        """What `score` returns."""
        return [
            Output(
                name="delivered_clean",
                units="1",
                long_name="delivered and clean",
                meaning="Share of the times at which a message arrives as sent and is accepted.",
                interval="mean",
                within=(0.0, 1.0),
            ),
            Output(
                name="accepted_tampered",
                units="1",
                long_name="accepted and tampered",
                meaning="Share of the times at which a message arrives altered and is accepted.",
                interval="mean",
                within=(0.0, 1.0),
            ),
        ]

    def score(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw flow"]]:
        """Counts of both kinds, each less what the check rejects."""
        del healthy, scene
        clean, altered = _kinds(series)
        return self._accepted(mean_over_times(clean), mean_over_times(altered))

    def per_instant(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw time flow"]]:
        """The same at each instant."""
        del healthy, scene
        return self._accepted(*(kind.astype(np.float64) for kind in _kinds(series)))

    def _accepted(self, clean: np.ndarray, altered: np.ndarray) -> dict[str, np.ndarray]:
        return {
            "delivered_clean": clean * (1 - float(self.false_alarm)),
            "accepted_tampered": altered * (1 - float(self.detection)),
        }


def _kinds(series: Series) -> tuple[np.ndarray, np.ndarray]:
    """Delivered as sent, and delivered altered."""
    delivered = np.isfinite(series.latency_s)
    altered = np.zeros_like(delivered) if series.tampered is None else series.tampered
    return delivered & ~altered, altered
