"""Coverage by latitude: how available the network is to users north and south alike.

Model: flows are put into bands by the absolute latitude of their source site (of the first, where
any of several will do), |latitude| in [edge, next edge), the last band with its upper edge. A
band's coverage is the mean over its flows of the share of time with a path. Flows of a band count
alike, so sites should be spread evenly over its area: a grid of equal area, or equally spaced
users. Every band needs a flow.
"""

import itertools
from collections.abc import Sequence

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float64, Int

from sdn_mc.core.fields import field
from sdn_mc.core.protocols import Output, Series
from sdn_mc.core.scene import Flows, Scene, Sites
from sdn_mc.metrics.over_times import mean_over_times


class Coverage(eqx.Module):
    """Availability by band of absolute latitude."""

    edges_deg: Sequence[int | float] = field(
        unit="deg", within=(0, 90), doc="Edges of the bands, ascending.", static=True
    )
    modes: Sequence[str] = eqx.field(static=True, default=("snapshot", "episode"))
    needs_hops: bool = eqx.field(static=True, default=False)
    needs_latency: bool = eqx.field(static=True, default=False)

    def problems(self) -> list[str]:
        """Edges that make no bands."""
        edges = list(self.edges_deg)
        if len(edges) < 2 or any(b <= a for a, b in itertools.pairwise(edges)):
            return [f"coverage.edges_deg: {edges} given; give two or more, each above the last"]
        return []

    def misfit_flows(self, flows: Flows, sites: Sites) -> list[str]:
        """Bands in which no flow begins."""
        count = np.bincount(self._band_of(flows, sites) + 1, minlength=len(self.bands) + 1)[1:]
        return [
            f"edges_deg: no flow begins between {low:g} and {high:g} deg of latitude; add one, or "
            "leave that band out"
            for (low, high), n in zip(self.bands, count, strict=True)
            if n == 0
        ]

    @property
    def bands(self) -> list[tuple[int | float, int | float]]:
        """Lower and upper edge of each band."""
        return list(itertools.pairwise(self.edges_deg))

    def outputs(self) -> list[Output]:
        """What `score` returns."""
        return [
            Output(
                _name(low, high), "1", f"availability at {low:g} to {high:g} deg of latitude",
                "Share of the times with a path, mean over the flows whose source lies between "
                f"{low:g} and {high:g} deg north or south.",
                "mean", within=(0.0, 1.0), per_flow=False,
            )
            for low, high in self.bands
        ]  # fmt: skip

    def score(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw all_flows"]]:
        """Share of the flow-times of each band that have a path."""
        shares = self.per_instant(series, healthy, scene)
        return {name: mean_over_times(values) for name, values in shares.items()}

    def per_instant(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw time all_flows"]]:
        """Share of the flows of each band that are up."""
        del healthy
        up, band = np.isfinite(series.latency_s), self._band_of(scene.flows, scene.sites)
        return {_name(low, high): _share(up, band == k) for k, (low, high) in enumerate(self.bands)}

    def _band_of(self, flows: Flows, sites: Sites) -> Int[np.ndarray, " flow"]:
        """Band of each flow's source; -1 outside of all."""
        _, first = np.unique(flows.pair_flow, return_index=True)
        latitude_deg = np.abs(sites.latitude_deg[flows.pair_source[first]])
        edges = np.array(self.edges_deg, np.float64)
        band = np.searchsorted(edges, latitude_deg, side="right") - 1
        band[latitude_deg == edges[-1]] = len(edges) - 2
        return np.where(band < len(edges) - 1, band, -1)


def _share(
    up: Bool[np.ndarray, "draw time flow"], chosen: Bool[np.ndarray, " flow"]
) -> Float64[np.ndarray, "draw time all_flows"]:
    """Share of the chosen flows that are up, counted."""
    return np.count_nonzero(up[..., chosen], axis=2, keepdims=True) / max(1, chosen.sum())


def _name(low: int | float, high: int | float) -> str:
    """`coverage_lat_0_30`, `coverage_lat_22_5_45`."""
    return f"coverage_lat_{low:g}_{high:g}".replace(".", "_")
