"""Hops: laser links on the path.

Model: satellites on the path less one, 0 where both ends see the same satellite. The median over
the times of each draw, no path counting as infinite; summarised by the median over draws.
"""

from collections.abc import Sequence

import equinox as eqx
import numpy as np
from jaxtyping import Float64

from sdn_mc.core.protocols import Output, Series
from sdn_mc.core.scene import Scene
from sdn_mc.metrics.over_times import percentile_over_times


class Hops(eqx.Module):
    """Median number of laser links on the path."""

    modes: Sequence[str] = eqx.field(static=True, default=("snapshot", "episode"))
    needs_hops: bool = eqx.field(static=True, default=True)

    def outputs(self) -> list[Output]:
        """What `score` returns."""
        return [
            Output(
                name="hops",
                units="1",
                long_name="laser links on the path",
                meaning="Median over times of the laser links on the path, no path counting as "
                "infinite; median over draws.",
                interval="quantile",
                within=(0.0, float("inf")),
            )
        ]

    def score(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw flow"]]:
        """The median, with no path (-1, or not delivered) as inf."""
        del healthy, scene
        if series.hops is None:
            raise ValueError("hops needs the walk; the engine must be told by `needs_hops`")
        lost = (series.hops < 0) | ~np.isfinite(series.latency_s)
        hops = np.where(lost, np.inf, series.hops.astype(np.float64))
        return {"hops": percentile_over_times(hops, 50.0)}
