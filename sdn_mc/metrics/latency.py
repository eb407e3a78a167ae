"""Latency: percentiles over the times of each draw, what is not delivered counting as inf.

Model: the p-th percentile of a draw is the smallest latency that at least p % of its instants do
not exceed (an order statistic, never interpolated). It is inf where more than 100 - p % of the
instants have no path, so a percentile never speaks of delivered messages alone. The summary is the
median over draws.
"""

from collections.abc import Sequence

import equinox as eqx
import numpy as np
from jaxtyping import Float64

from sdn_mc.core.fields import field
from sdn_mc.core.protocols import Output, Series
from sdn_mc.core.scene import Scene
from sdn_mc.metrics.over_times import percentile_over_times


class Latency(eqx.Module):
    """One-way latency that a given percentage of the times does not exceed."""

    percentiles: Sequence[int | float] = field(
        unit="%", doc="Percentages of the times, each in (0, 100].", static=True
    )
    modes: Sequence[str] = eqx.field(static=True, default=("snapshot", "episode"))
    needs_hops: bool = eqx.field(static=True, default=False)

    def problems(self) -> list[str]:
        """What is wrong across the fields."""
        if not len(self.percentiles):
            return ["latency.percentiles is empty; give at least one, such as [50, 95, 99]."]
        return [
            f"latency.percentiles: {percent} was given; each must be above 0 and at most 100."
            for percent in self.percentiles
            if not 0 < percent <= 100
        ]

    def outputs(self) -> list[Output]:
        """What `score` returns."""
        return [
            Output(
                name=name_of(percent),
                units="s",
                long_name=f"p{percent:g} latency",
                meaning=f"One-way latency that {percent:g} % of a draw's times do not exceed, "
                "undelivered counting as infinite; median over draws.",
                interval="quantile",
                within=(0.0, float("inf")),
            )
            for percent in self.percentiles
        ]

    def score(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw flow"]]:
        """Each percentile, by order statistics over the times."""
        del healthy, scene
        return {
            name_of(percent): percentile_over_times(series.latency_s, percent)
            for percent in self.percentiles
        }


def name_of(percent: int | float) -> str:
    """Name of a percentile's output: `latency_p50_s`, `latency_p99_9_s`."""
    return f"latency_p{percent:g}_s".replace(".", "_")
