"""Continuity: is there a gap in service longer than a user can bear, and how long is the longest.

Model: a gap is a run of successive instants without a path; its length is the time those instants
stand for (each until the next), so it is right to one step on either side. A gap that is already
open at the start, or still open at the end, counts for its part inside the horizon: a lower bound.
The worst user of a draw is the flow with the longest gap. Episodes only: the instants of a snapshot
are not neighbours in time.
"""

from collections.abc import Sequence

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float64

from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.protocols import Output, Series
from sdn_mc.core.scene import Scene
from sdn_mc.metrics.over_times import holding_s

NO_LIMIT = float("inf")


class Continuity(eqx.Module):
    """Whether no gap is longer than `gap_s`, and the longest gap, per flow and for the worst."""

    gap_s: Scalar = field(
        unit="s", within=(0, 2_592_000), doc="Longest gap a user can bear.", assumed=True
    )
    modes: Sequence[str] = eqx.field(static=True, default=("episode",))
    needs_hops: bool = eqx.field(static=True, default=False)
    needs_latency: bool = eqx.field(static=True, default=False)

    def outputs(self) -> list[Output]:
        """What `score` returns."""
        limit = f"{float(self.gap_s):g} s"
        censored = "gaps open at either end count for their part inside the horizon"
        return [
            Output(
                "continuity", "1", "probability of continuous service",
                f"Share of draws in which the flow has no gap longer than {limit}.",
                "share", within=(0.0, 1.0),
            ),
            Output(
                "longest_gap_s", "s", "longest gap",
                f"Longest time without a path in the horizon; {censored}.",
                "mean", within=(0.0, NO_LIMIT),
            ),
            Output(
                "worst_user_continuity", "1", "probability that every user has continuous service",
                f"Share of draws in which no flow has a gap longer than {limit}.",
                "share", within=(0.0, 1.0), per_flow=False,
            ),
            Output(
                "worst_user_gap_s", "s", "longest gap of the worst user",
                f"Longest time without a path over all flows of a draw; {censored}.",
                "mean", within=(0.0, NO_LIMIT), per_flow=False,
            ),
        ]  # fmt: skip

    def score(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw column"]]:
        """Longest gap of every flow, and of the worst, against the limit."""
        del healthy
        gap_s = longest_gap_s(~np.isfinite(series.latency_s), holding_s(scene))
        worst_s = gap_s.max(axis=1, keepdims=True)
        limit_s = float(self.gap_s)
        return {
            "continuity": (gap_s <= limit_s).astype(np.float64),
            "longest_gap_s": gap_s,
            "worst_user_continuity": (worst_s <= limit_s).astype(np.float64),
            "worst_user_gap_s": worst_s,
        }


def longest_gap_s(
    down: Bool[np.ndarray, "draw time flow"], stands_s: Float64[np.ndarray, " time"]
) -> Float64[np.ndarray, "draw flow"]:
    """Length of the longest run of `down`, each instant standing for `stands_s`."""
    run_s = np.zeros((down.shape[0], down.shape[2]))
    longest_s = np.zeros_like(run_s)
    for k, step_s in enumerate(stands_s):
        run_s = np.where(down[:, k], run_s + step_s, 0.0)
        np.maximum(longest_s, run_s, out=longest_s)
    return longest_s
