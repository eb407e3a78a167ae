"""Percentiles by order statistics, undelivered as inf."""

import numpy as np
import pytest

from sdn_mc.core.protocols import Series
from sdn_mc.metrics.latency import Latency

INF = np.inf


def test_percentiles_are_the_ranks_that_hold_the_share(scene_of):
    values = np.random.default_rng(1).permutation(np.arange(1.0, 101.0))
    series = Series(values[None, :, None], None)
    found = Latency(percentiles=(50, 95, 99, 100)).score(series, series, scene_of(range(100)))
    # Of 1 .. 100 the 50th, 95th, 99th and 100th smallest: no interpolation.
    assert [float(v[0, 0]) for v in found.values()] == [50.0, 95.0, 99.0, 100.0]
    assert list(found) == ["latency_p50_s", "latency_p95_s", "latency_p99_s", "latency_p100_s"]


@pytest.mark.parametrize(("lost", "p95"), [(4, 0.1), (5, INF)])
def test_a_percentile_is_infinite_once_too_much_is_lost(lost, p95, scene_of, series_of):
    # 96 instants: the 95th percentile is the 92nd smallest (91.2 rounded up), so four may be lost.
    series = series_of([INF] * lost + [0.1] * (96 - lost))
    found = Latency(percentiles=(95,)).score(series, series, scene_of(range(96)))
    assert found["latency_p95_s"].tolist() == [[p95]]


def test_single_precision_latencies_come_out_as_they_are(scene_of):
    latency_s = np.array([0.1, 0.2, 0.3], np.float32)[None, :, None]
    series = Series(latency_s, None)
    found = Latency(percentiles=(50,)).score(series, series, scene_of(range(3)))
    assert found["latency_p50_s"].dtype == np.float64
    assert found["latency_p50_s"][0, 0] == np.float32(0.2)


def test_impossible_percentages_are_named():
    assert "150" in Latency(percentiles=(50, 150)).problems()[0]
    assert Latency(percentiles=()).problems()
    assert not Latency(percentiles=(50, 99.9)).problems()


def test_a_fraction_of_a_percent_has_a_plain_name():
    (output,) = Latency(percentiles=(99.9,)).outputs()
    assert output.name == "latency_p99_9_s"
