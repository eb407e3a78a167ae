"""Times to restore of hand-made outages, at steps of 5 s with the onset at 10 s."""

import numpy as np
import pytest

from sdn_mc.core.protocols import Series
from sdn_mc.metrics.time_to_restore import TimeToRestore
from tests.test_config import faults

INF = np.inf


def restored(flow: str, scene_of, unbroken_s: float = 15.0):
    """Scores of one flow written as '#' up and '.' down, from 0 s on."""
    up = np.array([c == "#" for c in flow])
    series = Series(np.where(up, 0.05, INF)[None, :, None], None)
    scene = scene_of(5.0 * np.arange(len(flow)), "episode", onset_s=10.0)
    found = TimeToRestore(unbroken_s=unbroken_s, within_s=(10, 15)).score(series, series, scene)
    return {name: float(values[0, 0]) for name, values in found.items()}


@pytest.mark.parametrize(
    ("flow", "time_s"),
    [
        ("#########", 0.0),  # never down
        ("..#######", 0.0),  # down before the onset only
        ("##...####", 15.0),
        ("##.#.####", 15.0),  # five seconds of service do not count
        ("##..##.##", INF),  # nor ten, nor what is cut off by the end
        ("##....###", 20.0),  # 15 s up to the very end
        ("##.....##", INF),
        ("#####....", 0.0),  # held for 15 s, and lost later
        ("####.####", 15.0),
    ],
)
def test_service_is_restored_once_it_holds(flow, time_s, scene_of):
    assert restored(flow, scene_of)["time_to_restore_s"] == time_s


def test_what_is_not_restored_counts_as_the_horizon_and_as_not_in_time(scene_of):
    lost = restored("##.......", scene_of)
    assert lost["time_to_restore_or_horizon_s"] == 35.0  # nine steps of 5 s, less 10 s
    assert (lost["restored_within_10_s"], lost["restored_within_15_s"]) == (0.0, 0.0)
    found = restored("##...####", scene_of)
    assert found["time_to_restore_or_horizon_s"] == 15.0
    assert (found["restored_within_10_s"], found["restored_within_15_s"]) == (0.0, 1.0)


def test_snapshots_are_refused():
    assert any("it needs episode times" in fault for fault in faults("metrics=[time_to_restore]"))
