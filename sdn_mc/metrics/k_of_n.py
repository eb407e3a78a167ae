"""k of n users: how often at least so many flows are connected at once.

Model: at an instant the system works if at least k of its n flows have a path, however late. Flows
share satellites, so this is no product of their availabilities: it is counted at each instant of
each draw. With k = n it is the all-user availability, with k = 1 that of any user. k is given as a
number of flows, or as a share of them, rounded up.
"""

import math
from collections.abc import Sequence

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float64

from sdn_mc.core.fields import field
from sdn_mc.core.protocols import Output, Series
from sdn_mc.core.scene import Flows, Scene, Sites
from sdn_mc.metrics.over_times import mean_over_times

ROUNDING = 1e-9  # 0.9 of 10 flows are 9


class KOfN(eqx.Module):
    """Share of the times at which at least k of the n flows have a path."""

    least: int | None = field(
        within=(1, 1_000_000), doc="Flows that must be up; null: by share.", static=True
    )
    least_share: float | None = field(
        unit="1", within=(0, 1), doc="Share of the flows that must be up; null: by number."
    )
    modes: Sequence[str] = eqx.field(static=True, default=("snapshot", "episode"))
    needs_hops: bool = eqx.field(static=True, default=False)
    needs_latency: bool = eqx.field(static=True, default=False)

    def problems(self) -> list[str]:
        """Both given, or neither."""
        if (self.least is None) == (self.least_share is None):
            return [
                f"k_of_n: least is {self.least} and least_share {self.least_share}; give one of "
                "the two, and null for the other"
            ]
        return []

    def misfit_flows(self, flows: Flows, sites: Sites) -> list[str]:
        """More flows are asked for than there are."""
        del sites
        if self.least is None or self.least <= flows.n_flow:
            return []
        return [f"least: {self.least} given, but there are {flows.n_flow} flows; give no more"]

    def outputs(self) -> list[Output]:
        """What `score` returns."""
        share = None if self.least_share is None else float(self.least_share)
        words = f"{self.least} flows" if share is None else f"{100 * share:g} % of the flows"
        return [
            Output(
                "k_of_n", "1", f"at least {words} up",
                f"Share of the times at which at least {words} have a path at once.",
                "mean", within=(0.0, 1.0), per_flow=False,
            )
        ]  # fmt: skip

    def score(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw all_flows"]]:
        """Instants at which enough are up over all instants."""
        return {
            name: mean_over_times(values)
            for name, values in self.per_instant(series, healthy, scene).items()
        }

    def per_instant(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Bool[np.ndarray, "draw time all_flows"]]:
        """Whether enough flows are up."""
        del healthy, scene
        up = np.isfinite(series.latency_s)
        return {"k_of_n": np.sum(up, axis=2, keepdims=True) >= self._least_of(up.shape[2])}

    def _least_of(self, n_flow: int) -> int:
        if self.least is not None:
            return self.least
        assert self.least_share is not None
        return max(1, math.ceil(float(self.least_share) * n_flow - ROUNDING))
