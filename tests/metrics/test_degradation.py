"""Paired differences of hand-made series."""

import numpy as np
import pytest

from sdn_mc.core.protocols import Series
from sdn_mc.metrics.degradation import Degradation

INF = np.inf


def test_losses_are_charged_against_the_healthy_column_at_the_same_times(scene_of, series_of):
    healthy = series_of([0.1, 0.1, INF, 0.1])
    attacked = series_of([0.1, INF, INF, 0.3])
    found = Degradation(deadline_s=1.0).score(attacked, healthy, scene_of(range(4)))
    # One of four paths lost; 0 + 0.9 + 0 + 0.2 seconds over four instants.
    assert found["availability_lost"].tolist() == [[0.25]]
    assert found["latency_added_s"][0, 0] == pytest.approx(1.1 / 4, rel=1e-12)


def test_no_threat_costs_exactly_nothing(scene_of):
    rng = np.random.default_rng(1)
    latency_s = np.where(rng.random((1, 50, 2)) < 0.3, INF, rng.random((1, 50, 2)))
    healthy, scene = Series(latency_s, None), scene_of(range(50), bound_s=(0.1, 0.1))
    attacked = Series(np.repeat(latency_s, 32, axis=0), None)
    found = Degradation(deadline_s=0.5).score(attacked, healthy, scene)
    assert not found["availability_lost"].any()
    assert not found["latency_added_s"].any()


def test_losing_everything_costs_the_healthy_availability(scene_of, series_of):
    healthy = series_of([0.1, 0.1, INF, 0.1])
    found = Degradation(deadline_s=1.0).score(series_of([INF] * 4), healthy, scene_of(range(4)))
    assert found["availability_lost"].tolist() == [[0.75]]
