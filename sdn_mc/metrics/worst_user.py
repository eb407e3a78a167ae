"""Worst user: the lowest availability of any flow in each draw.

Model: in each draw the flow with the smallest share of time with a path, whichever that is; its
mean over draws. It is at most the lowest of the flows' mean availabilities, since another flow may
be the worst in another draw. A snapshot sees few instants, and the lowest of many noisy shares lies
below the lowest true one: in a snapshot it is a lower bound that rises with the number of instants.
"""

from collections.abc import Sequence

import equinox as eqx
import numpy as np
from jaxtyping import Float64

from sdn_mc.core.protocols import Output, Series
from sdn_mc.core.scene import Scene
from sdn_mc.metrics.over_times import mean_over_times


class WorstUser(eqx.Module):
    """Lowest share of time with a path of any flow."""

    modes: Sequence[str] = eqx.field(static=True, default=("snapshot", "episode"))
    needs_hops: bool = eqx.field(static=True, default=False)
    needs_latency: bool = eqx.field(static=True, default=False)

    def outputs(self) -> list[Output]:
        """What `score` returns."""
        return [
            Output(
                "worst_user_availability", "1", "availability of the worst user",
                "Share of the times at which the flow that fares worst in the draw has a path.",
                "mean", within=(0.0, 1.0), per_flow=False,
            )
        ]  # fmt: skip

    def score(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw all_flows"]]:
        """The minimum over flows."""
        del healthy, scene
        availability = mean_over_times(np.isfinite(series.latency_s))
        return {"worst_user_availability": availability.min(axis=1, keepdims=True)}
