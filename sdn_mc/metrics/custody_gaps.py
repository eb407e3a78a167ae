"""Gaps in custody: how long a target goes unseen, and how often it passes to another sensor.

Model: sensors as in `custody`. A gap is a run of instants at which no working sensor sees the
source of the flow; gaps open at either end count for their part inside the horizon. A handover is a
change, from an instant to the next, of the highest sensor that sees it; finding it again after a
gap is none. A tracker that keeps its sensor for longer hands over less often: an upper bound.
Episodes only: a snapshot's instants are not neighbours in time.
"""

from collections.abc import Sequence

import equinox as eqx
import numpy as np
from jaxtyping import Float64

from sdn_mc.core.constants import S_PER_H
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.network import Masks, Network
from sdn_mc.core.protocols import Output, Series
from sdn_mc.core.scene import Scene
from sdn_mc.metrics.continuity import longest_gap_s
from sdn_mc.metrics.custody import BEST, NOBODY, observed_sensors
from sdn_mc.metrics.over_times import holding_s

NO_LIMIT = float("inf")


class CustodyGaps(eqx.Module):
    """Longest gap in custody, whether one is too long, and handovers."""

    gap_s: Scalar = field(
        unit="s", within=(0, 2_592_000), doc="Longest gap that a track survives.", assumed=True
    )
    modes: Sequence[str] = eqx.field(static=True, default=("episode",))
    needs_hops: bool = eqx.field(static=True, default=False)
    needs_latency: bool = eqx.field(static=True, default=False)

    def outputs(self) -> list[Output]:
        """What `score` returns."""
        limit = f"{float(self.gap_s):g} s"
        return [
            Output(
                "custody_longest_gap_s", "s", "longest gap in custody",
                "Longest time at which no working sensor sees the source; gaps open at either end "
                "count for their part inside the horizon.",
                "mean", within=(0.0, NO_LIMIT),
            ),
            Output(
                "custody_lost", "1", f"probability of a gap in custody above {limit}",
                f"Share of draws in which no working sensor sees the source for more than {limit}.",
                "share", within=(0.0, 1.0),
            ),
            Output(
                "custody_handovers_per_h", "1/h", "handovers of custody",
                "Changes of the highest working sensor that sees the source, in an hour.",
                "mean", within=(0.0, NO_LIMIT),
            ),
        ]  # fmt: skip

    def observe(self, masks: Masks, network: Network, scene: Scene) -> dict[str, np.ndarray]:
        """Sensors that see each source, and the best of them, [draw, time, flow]."""
        return observed_sensors(masks, network, scene)

    def score(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw flow"]]:
        """Of the highest sensor over time."""
        del healthy
        assert series.observed is not None
        best, stands_s = series.observed[BEST], holding_s(scene)
        gap_s = longest_gap_s(best == NOBODY, stands_s)
        before, now = best[:, :-1], best[:, 1:]
        changes = np.count_nonzero((before != now) & (before != NOBODY) & (now != NOBODY), axis=1)
        return {
            "custody_longest_gap_s": gap_s,
            "custody_lost": (gap_s > float(self.gap_s)).astype(np.float64),
            "custody_handovers_per_h": changes * (S_PER_H / float(stands_s.sum())),
        }
