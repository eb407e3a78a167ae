"""Stretch: how much longer than the great circle a message takes.

Model: latency over the time light needs in vacuum along the great circle between the two ends on
the mean sphere (the nearest ends, for a flow between sets of sites); at least about 1 less the
slack that the ellipsoid leaves (0.5 %). Where an end moves, the least bound of the run's instants
stands for all of them, so that the stretch is too large rather than too small; it is infinite where
that is 0. Last miles count in the latency and not in the bound. The median over the times of each
draw, undelivered counting as infinite; summarised by the median over draws.
"""

from collections.abc import Sequence

import equinox as eqx
import numpy as np
from jaxtyping import Float64

from sdn_mc.core.protocols import Output, Series
from sdn_mc.core.scene import Scene
from sdn_mc.metrics.over_times import percentile_over_times


class Stretch(eqx.Module):
    """Median latency over the vacuum great-circle bound."""

    modes: Sequence[str] = eqx.field(static=True, default=("snapshot", "episode"))
    needs_hops: bool = eqx.field(static=True, default=False)

    def outputs(self) -> list[Output]:
        """What `score` returns."""
        return [
            Output(
                name="stretch",
                units="1",
                long_name="path stretch",
                meaning="Median over times of latency over that of light on the great circle, "
                "undelivered counting as infinite; median over draws.",
                interval="quantile",
                within=(0.0, float("inf")),
            )
        ]

    def score(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw flow"]]:
        """The median latency over the bound; inf where both ends are one place."""
        del healthy
        median_s = percentile_over_times(series.latency_s, 50.0)
        bound_s = np.broadcast_to(scene.flows.bound_s, median_s.shape)
        stretch = np.full(median_s.shape, np.inf)
        np.divide(median_s, bound_s, out=stretch, where=bound_s > 0)
        return {"stretch": stretch}
