"""Age of information: how old is the newest news at the user.

Model: a flow's source sends an update every `update_s`, from the first instant on. One sent at g
arrives at g + L(g), L the latency at the instant that stands at g; without a path then it is lost:
nothing waits. Updates may overtake each other. The age at time t is t less the time of sending of
the newest update that has arrived (Kaul, Yates & Gruteser 2012, INFOCOM). With A_j the first time
by which update j or a newer one has arrived, age is t - g_j on [A_j, A_{j+1}), so its integral and
the time it spends above a limit are exact on the grid. The peak is the highest age: just before
news arrives (Costa, Codreanu & Ephremides 2014, ISIT), or at the end of the horizon. Percentiles of
the peaks are not told: a long outage is one peak among hundreds, and they would hide it.

At the start the age is counted from the first instant: until the first arrival it is a lower bound.
A peak at the end is one too, for what arrives after the horizon is not known. Episodes only.
"""

from collections.abc import Sequence

import equinox as eqx
import numpy as np
from jaxtyping import Float, Float64

from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.protocols import Output, Series
from sdn_mc.core.scene import Scene
from sdn_mc.metrics.over_times import holding_s

NO_LIMIT = float("inf")


class AgeOfInformation(eqx.Module):
    """Mean age, its peak, and the share of time above a limit."""

    update_s: float = field(
        unit="s", within=(0.1, 86_400), doc="Time from one update to the next.", assumed=True
    )
    limit_s: Scalar = field(unit="s", within=(0, 86_400), doc="Greatest useful age.", assumed=True)
    modes: Sequence[str] = eqx.field(static=True, default=("episode",))
    needs_hops: bool = eqx.field(static=True, default=False)

    def outputs(self) -> list[Output]:
        """What `score` returns."""
        sent, limit = f"updates every {float(self.update_s):g} s", f"{float(self.limit_s):g} s"
        return [
            Output(
                "age_mean_s", "s", "mean age of information",
                f"Age of the newest update at the user, mean over the horizon; {sent}.",
                "mean", within=(0.0, NO_LIMIT),
            ),
            Output(
                "age_peak_s", "s", "highest age of information",
                f"Highest age of the newest update at the user in the horizon; {sent}.",
                "mean", within=(0.0, NO_LIMIT),
            ),
            Output(
                "age_above_limit", "1", f"share of time with an age above {limit}",
                f"Share of the horizon in which the newest update at the user is older than "
                f"{limit}; {sent}.",
                "mean", within=(0.0, 1.0),
            ),
        ]  # fmt: skip

    def score(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw flow"]]:
        """Integrals over the horizon, one update after the other."""
        del healthy
        time_s = np.asarray(scene.time_s, np.float64)
        begin_s, end_s = float(time_s[0]), float(time_s[-1] + holding_s(scene)[-1])
        sent_s = np.arange(begin_s, end_s, float(self.update_s))
        at = np.searchsorted(time_s, sent_s, side="right") - 1
        known_s = _known_s(series.latency_s, sent_s, at, end_s)
        # Before the first arrival the age is that of news sent at the first instant.
        known_s = np.concatenate([np.full_like(known_s[:, :1], begin_s), known_s], axis=1)
        return self._scores(known_s, np.append(begin_s, sent_s), end_s)

    def _scores(
        self,
        known_s: Float64[np.ndarray, "draw update flow"],
        sent_s: Float64[np.ndarray, " update"],
        end_s: float,
    ) -> dict[str, Float64[np.ndarray, "draw flow"]]:
        """From when on each update or a newer one is known, and when each was sent."""
        area_s2 = np.zeros((known_s.shape[0], known_s.shape[2]))
        above_s, peak_s = np.zeros_like(area_s2), np.zeros_like(area_s2)
        for k, born_s in enumerate(sent_s):
            last = k + 1 == len(sent_s)
            since_s = known_s[:, k]
            until_s = np.full_like(since_s, end_s) if last else known_s[:, k + 1]
            area_s2 += (until_s - since_s) * ((until_s + since_s) / 2 - born_s)
            stale_s = np.maximum(since_s, born_s + float(self.limit_s))
            above_s += np.maximum(until_s - stale_s, 0.0)
            peak_s = np.where(until_s > since_s, np.maximum(peak_s, until_s - born_s), peak_s)
        length_s = end_s - float(sent_s[0])
        return {
            "age_mean_s": area_s2 / length_s,
            "age_peak_s": peak_s,
            "age_above_limit": above_s / length_s,
        }


def _known_s(
    latency_s: Float[np.ndarray, "draw time flow"],
    sent_s: Float64[np.ndarray, " update"],
    at: np.ndarray,
    end_s: float,
) -> Float64[np.ndarray, "draw update flow"]:
    """When each update or a newer one has arrived, at most the end of the horizon."""
    arrival_s = sent_s[:, None] + latency_s[:, at].astype(np.float64)
    newest_first = np.minimum.accumulate(arrival_s[:, ::-1], axis=1)
    return np.minimum(newest_first[:, ::-1], end_s)
