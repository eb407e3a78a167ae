"""Resilience: how far performance drops after the onset, how much is lost, how long it takes back.

Model: the performance of a draw at an instant is the share of its flows that are up,

    Q(t) = (flows with a path no longer than `deadline_s`) / (flows),

and from the onset t0 to the end of the horizon H, in each draw by itself,

    area lost  = mean over [t0, H) of 1 - Q           (Bruneau et al. 2003, Earthq. Spectra 19:733)
    depth      = 1 - min Q
    recovery   = time from t0 to the first instant, not before the lowest one, at which Q is at
                 least `recovered` times its level before the onset.

The level before the onset is the mean of Q over the instants before it, 1 where there are none.
Recovery is 0 where Q never falls below that, inf where it does not rise so far within the horizon.
Nothing is measured on a curve that was averaged over draws first: its drop is shallower and its
recovery smoother than those of any draw (Poulin & Kane 2021, Reliab. Eng. Syst. Saf. 216:107926).
Geometry's own gaps count too: the healthy column stands beside. Episodes only.
"""

from collections.abc import Sequence

import equinox as eqx
import numpy as np
from jaxtyping import Float64

from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.protocols import Output, Series
from sdn_mc.core.scene import Scene
from sdn_mc.metrics.over_times import from_onset, mean_over_times

NO_LIMIT = float("inf")
ROUNDING = 1e-9  # of a level that is a mean of shares


class Resilience(eqx.Module):
    """Area lost, depth of the drop and time to recover, of the share of flows that are up."""

    recovered: Scalar = field(
        unit="1", within=(0, 1), doc="Share of the former level that counts as recovered."
    )
    deadline_s: float | None = field(
        unit="s", within=(0, 86_400), doc="Latency above which a flow is down; null: none."
    )
    modes: Sequence[str] = eqx.field(static=True, default=("episode",))
    needs_hops: bool = eqx.field(static=True, default=False)

    @property
    def needs_latency(self) -> bool:
        """Only to hold it to a deadline."""
        return self.deadline_s is not None

    def outputs(self) -> list[Output]:
        """What `score` returns."""
        late = "" if self.deadline_s is None else f" within {float(self.deadline_s):g} s"
        q = f"share of flows with a path{late}"
        level = f"{100 * float(self.recovered):g} %"
        return [
            Output(
                "resilience_area_lost", "1", "performance lost after the onset",
                f"One less the {q}, mean over the time from the onset to the horizon.",
                "mean", within=(0.0, 1.0), per_flow=False,
            ),
            Output(
                "resilience_depth", "1", "deepest drop after the onset",
                f"One less the lowest {q} after the onset.",
                "mean", within=(0.0, 1.0), per_flow=False,
            ),
            Output(
                "resilience_recovery_s", "s", f"time to {level} recovery",
                f"Time from the onset until the {q} is back at {level} of its level before; inf: "
                "not within the horizon.",
                "survival", within=(0.0, NO_LIMIT), per_flow=False,
            ),
        ]  # fmt: skip

    def score(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw all_flows"]]:
        """Of each draw's own curve."""
        del healthy
        limit_s = np.inf if self.deadline_s is None else float(self.deadline_s)
        latency_s = series.latency_s
        up = np.isfinite(latency_s) & (latency_s <= limit_s)
        q = np.count_nonzero(up, axis=2) / up.shape[2]
        after = from_onset(scene)
        level = mean_over_times(q[:, : after.first, None])[:, 0] if after.first else 1.0
        wanted = np.broadcast_to(float(self.recovered) * level - ROUNDING, len(q))
        later = q[:, after.first :]
        lost_s = np.zeros(len(q))
        for k, step_s in enumerate(after.stands_s):
            lost_s += (1.0 - later[:, k]) * step_s
        found = {
            "resilience_area_lost": lost_s / after.stands_s.sum(),
            "resilience_depth": 1.0 - later.min(axis=1),
            "resilience_recovery_s": _recovery_s(later, wanted, after.time_s),
        }
        return {name: values[:, None] for name, values in found.items()}


def _recovery_s(
    q: Float64[np.ndarray, "draw time"],
    wanted: Float64[np.ndarray, " draw"],
    time_s: Float64[np.ndarray, " time"],
) -> Float64[np.ndarray, " draw"]:
    """First time at or after the lowest instant at which `q` is as `wanted`; 0: always was."""
    enough = q >= wanted[:, None]
    not_before = np.arange(q.shape[1]) >= q.argmin(axis=1)[:, None]
    back = enough & not_before
    found_s = np.where(back.any(axis=1), time_s[back.argmax(axis=1)], np.inf)
    return np.where(enough.all(axis=1), 0.0, found_s)
