"""Availability of hand-made series."""

import numpy as np

from sdn_mc.core.protocols import Series
from sdn_mc.metrics.availability import Availability

INF = np.inf


def test_share_of_instants_with_a_path_draw_by_draw_and_flow_by_flow(scene_of):
    latency_s = np.array(
        [
            [[0.1, INF], [0.2, INF], [INF, INF], [0.1, 5.0]],
            [[INF, 0.1], [INF, 0.1], [INF, 0.1], [INF, 0.1]],
        ]
    )
    series = Series(latency_s, None)
    found = Availability().score(series, series, scene_of(range(4), bound_s=(0.1, 0.1)))
    # Flow 0: three of four, none; flow 1: one of four, all. Late is still available.
    assert found["availability"].tolist() == [[0.75, 0.25], [0.0, 1.0]]


def test_instants_average_to_the_score(scene_of):
    rng = np.random.default_rng(1)
    latency_s = np.where(rng.random((32, 96, 3)) < 0.3, INF, 0.05)
    series, scene = Series(latency_s, None), scene_of(range(96), bound_s=(0.1,) * 3)
    metric = Availability()
    score = metric.score(series, series, scene)["availability"]
    instants = metric.per_instant(series, series, scene)["availability"]
    np.testing.assert_array_equal(instants.mean(axis=1), score)
