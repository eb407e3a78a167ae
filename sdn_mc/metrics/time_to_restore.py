"""Time to restore: from the onset until service holds again.

Model: with t0 the onset of the given events, a flow is restored at the first instant s >= t0 from
which it has a path without a break for `unbroken_s`; the time to restore is s - t0. It is 0 where
service holds at the onset, whatever happens later (see `continuity` for that), and inf where it is
not restored within the horizon: censored there, as is service that begins less than `unbroken_s`
before the end. An instant stands until the next, so times are right to one step.

Summaries: the median by Kaplan and Meier, the share of draws restored within stated times, and the
mean of the time to restore or the horizon, whichever comes first (the restricted mean: the area
below the survival curve, since all draws are censored at the same horizon). The mean of restored
draws alone is never given. Episodes only.
"""

from collections.abc import Sequence

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float64

from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.protocols import Output, Series
from sdn_mc.core.scene import Scene
from sdn_mc.metrics.over_times import from_onset

NO_LIMIT = float("inf")
ROUNDING = 0.1  # of a step: instants are float32, and whole steps must add up to what is asked


class TimeToRestore(eqx.Module):
    """From the onset to the first unbroken service."""

    unbroken_s: Scalar = field(
        unit="s", within=(0, 86_400), doc="Unbroken service that counts as restored.", assumed=True
    )
    within_s: Sequence[int | float] = field(
        unit="s", doc="Times within which the share restored is told.", static=True
    )
    modes: Sequence[str] = eqx.field(static=True, default=("episode",))
    needs_hops: bool = eqx.field(static=True, default=False)
    needs_latency: bool = eqx.field(static=True, default=False)

    def problems(self) -> list[str]:
        """What is wrong across the fields."""
        return [
            f"time_to_restore.within_s: {limit_s} was given; each must be 0 or more."
            for limit_s in self.within_s
            if limit_s < 0
        ]

    def outputs(self) -> list[Output]:
        """What `score` returns."""
        service = f"{float(self.unbroken_s):g} s of unbroken service"
        return [
            Output(
                "time_to_restore_s", "s", "time to restore",
                f"Time from the onset to the first {service}; inf: not within the horizon.",
                "survival", within=(0.0, NO_LIMIT),
            ),
            Output(
                "time_to_restore_or_horizon_s", "s", "time to restore, at most the horizon",
                f"Time from the onset to the first {service}, or to the end of the horizon.",
                "mean", within=(0.0, NO_LIMIT),
            ),
            *(
                Output(
                    _name(limit_s), "1", f"restored within {limit_s:g} s",
                    f"Share of draws in which {service} begins within {limit_s:g} s of the onset, "
                    "and within the horizon.",
                    "share", within=(0.0, 1.0),
                )
                for limit_s in self.within_s
            ),
        ]  # fmt: skip

    def score(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw flow"]]:
        """Of every flow."""
        del healthy
        after = from_onset(scene)
        time_s, stands_s = after.time_s, after.stands_s
        up = np.isfinite(series.latency_s[:, after.first :])
        begun_s = restored_s(up, time_s, stands_s, float(self.unbroken_s))
        horizon_s = float(time_s[-1] + stands_s[-1])
        found = {
            "time_to_restore_s": begun_s,
            "time_to_restore_or_horizon_s": np.minimum(begun_s, horizon_s),
        }
        shares = {_name(each): (begun_s <= each).astype(np.float64) for each in self.within_s}
        return found | shares


def restored_s(
    up: Bool[np.ndarray, "draw time flow"],
    time_s: Float64[np.ndarray, " time"],
    stands_s: Float64[np.ndarray, " time"],
    unbroken_s: float,
) -> Float64[np.ndarray, "draw flow"]:
    """First instant from which `up` holds for so long; inf: none."""
    found_s = np.full((up.shape[0], up.shape[2]), np.inf)
    lasts_s = np.zeros_like(found_s)  # how long service holds from an instant on
    for k in range(len(time_s) - 1, -1, -1):
        lasts_s = np.where(up[:, k], lasts_s + stands_s[k], 0.0)
        holds = up[:, k] & (lasts_s >= unbroken_s - ROUNDING * stands_s[k])
        found_s = np.where(holds, time_s[k], found_s)
    return found_s


def _name(limit_s: int | float) -> str:
    """`restored_within_600_s`."""
    return f"restored_within_{limit_s:g}_s".replace(".", "_")
