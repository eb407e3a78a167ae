"""Stretch and hops of hand-made series."""

import numpy as np
import pytest

from sdn_mc.core.protocols import Series
from sdn_mc.metrics.hops import Hops
from sdn_mc.metrics.stretch import Stretch

INF = np.inf


def test_stretch_is_the_median_latency_over_the_bound(scene_of):
    latency_s = np.array([[[0.06, 0.1], [0.03, INF], [0.045, INF]]])
    series = Series(latency_s, None)
    found = Stretch().score(series, series, scene_of(range(3), bound_s=(0.03, 0.05)))
    # Median of 0.03, 0.045, 0.06 over 0.03; two of three lost.
    np.testing.assert_allclose(found["stretch"], [[1.5, INF]], rtol=1e-12)


def test_stretch_of_one_place_to_itself_is_infinite(scene_of, series_of):
    series = series_of([0.01, 0.01])
    found = Stretch().score(series, series, scene_of(range(2), bound_s=(0.0,)))
    assert found["stretch"].tolist() == [[INF]]


def test_hops_count_no_path_and_broken_paths_as_infinite(scene_of):
    latency_s = np.array([[[0.1], [0.1], [INF], [0.1], [INF]]])
    hops = np.array([[[3], [5], [4], [4], [-1]]], np.int16)
    series = Series(latency_s, hops)
    found = Hops().score(series, series, scene_of(range(5)))
    # 3, 4, 5, inf (not delivered), inf (no path): the third.
    assert found["hops"].tolist() == [[5.0]]


def test_hops_ask_for_the_walk(scene_of, series_of):
    assert Hops().needs_hops
    with pytest.raises(ValueError, match="walk"):
        Hops().score(series_of([0.1]), series_of([0.1]), scene_of([0.0]))
