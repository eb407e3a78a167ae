"""Missed deadlines against hand-made integrals and a brute-force release of messages."""

import numpy as np
import pytest

from sdn_mc.core.protocols import Series
from sdn_mc.metrics.deadline import Deadline

INF = np.inf


def miss(latency_s, scene, series_of, deadline_s):
    series = series_of(latency_s)
    found = Deadline(deadline_s=deadline_s).score(series, series, scene)
    return float(found["deadline_miss"][0, 0])


def test_waiting_for_a_path_is_in_time_near_the_end_of_an_outage(scene_of, series_of):
    # Steps of 5 s; down on [5, 15), then up with 0.1 s. A message released at u in the outage
    # arrives at 15.1, in time if u >= 14.1: 9.1 s of 20 s are missed.
    scene = scene_of([0.0, 5.0, 10.0, 15.0], "episode")
    found = miss([0.1, INF, INF, 0.1], scene, series_of, 1.0)
    assert found == pytest.approx(9.1 / 20, rel=1e-12)  # rounding only


def test_what_is_never_delivered_is_a_miss(scene_of, series_of):
    scene = scene_of([0.0, 5.0, 10.0, 15.0], "episode")
    assert miss([INF] * 4, scene, series_of, 1.0) == 1.0
    assert miss([0.1, 0.1, INF, INF], scene, series_of, 1.0) == 0.5


def test_a_slow_path_may_be_left_for_a_faster_one_later(scene_of, series_of):
    # Step 0: 8 s; step 1 (from 5 s): 0.5 s. Leaving at 5 arrives at 5.5, in time for u >= 3.5
    # with a deadline of 2 s: 3.5 s of 10 s are missed.
    scene = scene_of([0.0, 5.0], "episode")
    assert miss([8.0, 0.5], scene, series_of, 2.0) == pytest.approx(0.35, rel=1e-12)


def test_a_deadline_longer_than_the_outage_misses_nothing(scene_of, series_of):
    scene = scene_of([0.0, 5.0, 10.0, 15.0], "episode")
    assert miss([0.1, INF, INF, 0.1], scene, series_of, 12.0) == 0.0


def test_a_snapshot_lets_nothing_wait(scene_of, series_of):
    scene = scene_of([100.0, 900.0, 2000.0, 2800.0])
    # No path, and one path that is too slow.
    assert miss([0.1, INF, 1.5, 0.1], scene, series_of, 1.0) == 0.5


@pytest.mark.parametrize("deadline_s", [0.5, 3.0, 30.0])
def test_the_integral_equals_many_released_messages(deadline_s, scene_of):
    rng = np.random.default_rng(3)
    n_time, step_s = 40, 5.0
    latency_s = np.where(
        rng.random((3, n_time, 2)) < 0.5, INF, rng.uniform(0.1, 12, (3, n_time, 2))
    )
    scene = scene_of(step_s * np.arange(n_time), "episode", (0.1, 0.1))
    series = Series(latency_s, None)
    found = Deadline(deadline_s=deadline_s).score(series, series, scene)["deadline_miss"]
    u = (np.arange(20_000) + 0.5) * (n_time * step_s / 20_000)
    brute = np.array(
        [[late(u, latency_s[d, :, f], step_s, deadline_s) for f in (0, 1)] for d in range(3)]
    )
    # The releases are 0.01 s apart and a draw has at most 80 places where the answer changes.
    np.testing.assert_allclose(found, brute, atol=80 * 0.01 / 200)


def late(u, latency_s, step_s, deadline_s):
    """Share of releases at u that no departure, now or at a later instant, delivers in time."""
    now = (u // step_s).astype(int)
    leave_s = step_s * np.arange(len(latency_s))
    later = np.array([np.min((leave_s + latency_s)[k + 1 :], initial=INF) for k in now])
    return np.mean(np.minimum(u + latency_s[now], later) - u > deadline_s)
