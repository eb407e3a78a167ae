"""Availability: the share of time with a path, in each draw.

Model: a flow is available at an instant if a message sent then is delivered at all, however late.
In a snapshot the instants are a stratified sample of the window and the mean over them estimates
the share of time; in an episode they are the window itself, to one step.
"""

from collections.abc import Sequence

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float64

from sdn_mc.core.protocols import Output, Series
from sdn_mc.core.scene import Scene
from sdn_mc.metrics.over_times import mean_over_times


class Availability(eqx.Module):
    """Share of the instants at which a flow has a path."""

    modes: Sequence[str] = eqx.field(static=True, default=("snapshot", "episode"))
    needs_hops: bool = eqx.field(static=True, default=False)
    needs_latency: bool = eqx.field(static=True, default=False)

    def outputs(self) -> list[Output]:
        """What `score` returns."""
        return [
            Output(
                name="availability",
                units="1",
                long_name="availability",
                meaning="Share of the times at which the flow has a path.",
                interval="mean",
                within=(0.0, 1.0),
            )
        ]

    def score(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw flow"]]:
        """Instants with a path over all instants."""
        del healthy, scene
        return {"availability": mean_over_times(np.isfinite(series.latency_s))}

    def per_instant(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Bool[np.ndarray, "draw time flow"]]:
        """Whether there is a path."""
        del healthy, scene
        return {"availability": np.isfinite(series.latency_s)}
