"""Conditional value at risk: how bad the worst draws are.

Model: the service loss of a draw is the share of the flow's times without a path, 1 - availability;
over all flows, the mean of theirs in each draw. CVaR is the mean loss of the worst `tail` of the
draws (Rockafellar & Uryasev 2000): what an owner who must survive a bad day looks at, where a mean
hides a rare disaster. It is at least the mean, and at least the loss at the quantile 1 - tail.
Draws differ by all that is random, each with its own epoch's times; in a snapshot, by the error of
its instants too.
"""

from collections.abc import Sequence

import equinox as eqx
import numpy as np
from jaxtyping import Float64

from sdn_mc.core.fields import field
from sdn_mc.core.protocols import Output, Series
from sdn_mc.core.scene import Scene
from sdn_mc.metrics.over_times import mean_over_times


class CVaR(eqx.Module):
    """Mean service loss of the worst draws."""

    tail: float = field(unit="1", within=(0.001, 1), doc="Share of the draws that are the worst.")
    modes: Sequence[str] = eqx.field(static=True, default=("snapshot", "episode"))
    needs_hops: bool = eqx.field(static=True, default=False)
    needs_latency: bool = eqx.field(static=True, default=False)

    def outputs(self) -> list[Output]:
        """What `score` returns."""
        worst = f"{100 * float(self.tail):g} %"
        return [
            Output(
                "service_loss", "1", f"service loss in the worst {worst} of draws (CVaR)",
                "Share of the draw's times without a path; the summary is its mean over the "
                f"{worst} of draws that fare worst.",
                "tail", within=(0.0, 1.0), tail=float(self.tail),
            )
        ]  # fmt: skip

    def score(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw flow"]]:
        """Instants without a path over all instants."""
        del healthy, scene
        return {"service_loss": mean_over_times(~np.isfinite(series.latency_s))}
