"""Degradation: what the threats cost, against the healthy column at the same times.

Model: two paired differences in each draw, both positive where the threats hurt:

    availability lost = mean over times of (healthy has a path) - (attacked has a path)
    latency added     = mean over times of min(attacked, d) - min(healthy, d)

with d the deadline, since inf - inf is undefined: a message that never arrives is charged d.
Pairing removes what both columns share (geometry, instants), so the interval is that of the
difference. Where the healthy column has no path either, nothing is charged to the threats.
"""

from collections.abc import Sequence

import equinox as eqx
import numpy as np
from jaxtyping import Float64

from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.protocols import Output, Series
from sdn_mc.core.scene import Scene
from sdn_mc.metrics.over_times import mean_over_times


class Degradation(eqx.Module):
    """Availability lost and latency added, paired with the healthy column."""

    deadline_s: Scalar = field(
        unit="s", within=(0, 86_400), doc="Latency charged for what is late or lost.", assumed=True
    )
    modes: Sequence[str] = eqx.field(static=True, default=("snapshot", "episode"))
    needs_hops: bool = eqx.field(static=True, default=False)

    def outputs(self) -> list[Output]:
        """What `score` returns."""
        deadline_s = float(self.deadline_s)
        return [
            Output(
                name="availability_lost",
                units="1",
                long_name="availability lost to the threats",
                meaning="Healthy availability less that of the draw, at the same times.",
                interval="mean",
                pairs="difference",
                within=(0.0, 1.0),
            ),
            Output(
                name="latency_added_s",
                units="s",
                long_name="delay added, an outage counted as the deadline",
                meaning=f"Mean over times of min(latency, {deadline_s:g} s), less the healthy one.",
                interval="mean",
                pairs="difference",
                within=(0.0, deadline_s),
            ),
        ]

    def score(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw flow"]]:
        """Means over times of the paired differences."""
        paired = self.per_instant(series, healthy, scene)
        return {name: mean_over_times(values) for name, values in paired.items()}

    def per_instant(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw time flow"]]:
        """The paired differences."""
        del scene
        deadline_s = float(self.deadline_s)
        up, healthy_up = np.isfinite(series.latency_s), np.isfinite(healthy.latency_s)
        lost = healthy_up.astype(np.float64) - up
        charged_s = np.minimum(series.latency_s.astype(np.float64), deadline_s)
        healthy_s = np.minimum(healthy.latency_s.astype(np.float64), deadline_s)
        return {"availability_lost": lost, "latency_added_s": charged_s - healthy_s}
