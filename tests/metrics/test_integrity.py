"""Integrity of hand-made series."""

import numpy as np

from sdn_mc.core.protocols import Series
from sdn_mc.metrics.integrity import Integrity

INF = np.inf
LATENCY_S = np.array([[[0.1], [0.2], [INF], [0.1]]])
TAMPERED = np.array([[[True], [False], [False], [False]]])


def test_clean_and_altered_messages_each_pass_their_check(scene_of):
    metric, series = Integrity(detection=0.75, false_alarm=0.5), Series(LATENCY_S, None, TAMPERED)
    found = metric.score(series, series, scene_of(range(4)))
    # Of four instants one has no path; of three delivered, one is altered.
    assert found["delivered_clean"].tolist() == [[0.5 * 0.5]]
    assert found["accepted_tampered"].tolist() == [[0.25 * 0.25]]


def test_where_nothing_tampers_all_that_is_delivered_is_clean(scene_of):
    metric, series = Integrity(detection=0.0, false_alarm=0.0), Series(LATENCY_S, None)
    found = metric.score(series, series, scene_of(range(4)))
    assert found["delivered_clean"].tolist() == [[0.75]]
    assert found["accepted_tampered"].tolist() == [[0.0]]
