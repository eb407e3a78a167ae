"""Deadline: how often data reach the user too late, or never.

Model: a message is released at a moment uniform in the horizon, and is sent at the moment that gets
it there first: at once, or after waiting for a path. Never arriving is a miss.

Episode: an instant's state holds until the next instant. A message released at u inside the step of
instant j arrives by then at age min(L_j, A - u), with L_j the latency at j (inf: no path) and
A = min over m > j of (t_m + L_m) the earliest arrival by leaving at a later instant. It misses
deadline d if L_j > d and u < A - d, so instant j contributes

    clip(A - d - t_j, 0, length of the step)

seconds of releases: the integral is exact on the grid. What could be delivered only beyond the
horizon counts as a miss. The first few steps of an outage are right to one step.

Snapshot: instants are not neighbours, so waiting cannot be scored, and every instant without a path
that meets the deadline is a miss. That is an upper bound, near the truth where outages last much
longer than the deadline.
"""

from collections.abc import Sequence

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float, Float64

from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.protocols import Output, Series
from sdn_mc.core.scene import Scene
from sdn_mc.metrics.over_times import holding_s, mean_over_times


class Deadline(eqx.Module):
    """Share of messages that are not at the user in time."""

    deadline_s: Scalar = field(
        unit="s", within=(0, 86_400), doc="Greatest useful age at the user.", assumed=True
    )
    modes: Sequence[str] = eqx.field(static=True, default=("snapshot", "episode"))
    needs_hops: bool = eqx.field(static=True, default=False)

    def outputs(self) -> list[Output]:
        """What `score` returns."""
        limit = f"{float(self.deadline_s):g} s"
        return [
            Output(
                name="deadline_miss",
                units="1",
                long_name="deadline miss probability",
                meaning="Share of messages, released uniformly over the window, older "
                f"than {limit} at the user; never arriving counts. A snapshot lets none wait for a "
                "path: an upper bound.",
                interval="mean",
                within=(0.0, 1.0),
            )
        ]

    def score(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw flow"]]:
        """Missed time over all time."""
        if scene.mode == "episode":
            deadline_s = float(self.deadline_s)
            return {"deadline_miss": missed_share(series.latency_s, scene, deadline_s)}
        late = self.per_instant(series, healthy, scene)["deadline_miss"]
        return {"deadline_miss": mean_over_times(late)}

    def per_instant(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Bool[np.ndarray, "draw time flow"]]:
        """Whether there is no path in time, for snapshots."""
        del healthy, scene
        return {"deadline_miss": series.latency_s > float(self.deadline_s)}


def missed_share(
    latency_s: Float[np.ndarray, "draw time flow"], scene: Scene, deadline_s: float
) -> Float64[np.ndarray, "draw flow"]:
    """Share of release times whose message misses the deadline, waiting for a path if need be."""
    time_s, stands_s = np.asarray(scene.time_s, np.float64), holding_s(scene)
    arrival_s = np.full((latency_s.shape[0], latency_s.shape[2]), np.inf)  # leaving later
    missed_s = np.zeros_like(arrival_s)
    for k in range(len(time_s) - 1, -1, -1):
        now_s = latency_s[:, k].astype(np.float64)
        too_early_s = np.clip(arrival_s - deadline_s - time_s[k], 0.0, stands_s[k])
        missed_s += np.where(now_s > deadline_s, too_early_s, 0.0)
        np.minimum(arrival_s, time_s[k] + now_s, out=arrival_s)
    return missed_s / float(stands_s.sum())
