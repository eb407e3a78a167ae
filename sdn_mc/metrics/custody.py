"""Custody: how many working sensors see a target, and whether what they see arrives.

Model: the source of a flow is the target, and the satellites that its access lists are the sensors
that see it. At an instant a sensor counts if the masks have it up and usable from there; with two
or more the target is seen in stereo. Custody is delivered if there is a path to the user as well:
the routes of the flow begin at such a sensor. Of a flow from several sites, a satellite counts once
however many of them it sees.

Nothing is said of detection, resolution, background or pointing: who is in view and up sees.
Sensors that share a target are counted, not their geometry. Where access is tied to the best
satellite masks hold only that one, so stereo is 0: use `access=visible` for targets.
"""

from collections.abc import Sequence
from typing import no_type_check

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float64, Int16, Int32

from sdn_mc.core.compiled import entry
from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.network import Masks, Network
from sdn_mc.core.protocols import Output, Series
from sdn_mc.core.scene import Scene
from sdn_mc.metrics.over_times import mean_over_times

SENSORS, BEST = "custody_sensors", "custody_best"
NOBODY = -1


class Custody(eqx.Module):
    """Shares of the times with one and with two sensors, and with custody delivered."""

    modes: Sequence[str] = eqx.field(static=True, default=("snapshot", "episode"))
    needs_hops: bool = eqx.field(static=True, default=False)
    needs_latency: bool = eqx.field(static=True, default=False)

    def outputs(self) -> list[Output]:
        """What `score` returns."""
        return [
            Output(
                "custody", "1", "custody by one sensor or more",
                "Share of the times at which at least one working sensor sees the source.",
                "mean", within=(0.0, 1.0),
            ),
            Output(
                "custody_stereo", "1", "custody by two sensors or more",
                "Share of the times at which at least two working sensors see the source.",
                "mean", within=(0.0, 1.0),
            ),
            Output(
                "custody_delivered", "1", "custody delivered",
                "Share of the times at which a working sensor sees the source and there is a path "
                "to the destination.",
                "mean", within=(0.0, 1.0),
            ),
        ]  # fmt: skip

    def observe(self, masks: Masks, network: Network, scene: Scene) -> dict[str, np.ndarray]:
        """Sensors that see each source, and the best of them, [draw, time, flow]."""
        return observed_sensors(masks, network, scene)

    def score(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float64[np.ndarray, "draw flow"]]:
        """Means over times."""
        shares = self.per_instant(series, healthy, scene)
        return {name: mean_over_times(values) for name, values in shares.items()}

    def per_instant(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Bool[np.ndarray, "draw time flow"]]:
        """Whether there is one, two, and a path."""
        del healthy, scene
        assert series.observed is not None
        n_sensor = series.observed[SENSORS]
        return {
            "custody": n_sensor >= 1,
            "custody_stereo": n_sensor >= 2,
            "custody_delivered": (n_sensor >= 1) & np.isfinite(series.latency_s),
        }


def observed_sensors(masks: Masks, network: Network, scene: Scene) -> dict[str, np.ndarray]:
    """Number of sensors and the highest of them (-1: none), for whichever metric asks."""
    flows, access = scene.flows, scene.access
    assert access is not None
    is_source = np.zeros((flows.n_flow, scene.sites.n_site), bool)
    is_source[flows.pair_flow, flows.pair_source] = True
    shape = (masks.access_up.shape[1] * DRAWS_PER_WORD, len(access.sat), flows.n_flow)
    number: Int16[np.ndarray, "draw time flow"] = np.zeros(shape, np.int16)
    best: Int32[np.ndarray, "draw time flow"] = np.full(shape, NOBODY, np.int32)
    counted = np.full(network.neighbour.shape[-2], NOBODY, np.int64)
    in_view = np.isfinite(access.delay_s)
    _look(
        access.sat, in_view, access.elevation_rad, masks.access_up, is_source, counted, number, best
    )
    return {SENSORS: number, BEST: best}


@entry
@no_type_check
def _look(sat, in_view, elevation_rad, access_up, is_source, counted, number, best):
    """Count each sensor once in every draw, time and flow; keep the highest."""
    search = 0
    for draw in range(number.shape[0]):
        word, lane = draw // DRAWS_PER_WORD, np.uint32(draw % DRAWS_PER_WORD)
        for time in range(number.shape[1]):
            for flow in range(number.shape[2]):
                search += 1
                highest = -np.inf
                for site in range(sat.shape[1]):
                    if not is_source[flow, site]:
                        continue
                    for candidate in range(sat.shape[2]):
                        up = (access_up[time, word, site, candidate] >> lane) & np.uint32(1)
                        if up == 0 or not in_view[time, site, candidate]:
                            continue
                        sensor = sat[time, site, candidate]
                        if counted[sensor] != search:
                            counted[sensor] = search
                            number[draw, time, flow] += 1
                        if elevation_rad[time, site, candidate] > highest:
                            highest = elevation_rad[time, site, candidate]
                            best[draw, time, flow] = sensor
