"""Curves of hand-made draws: ten flows at steps of 10 s, the onset at 20 s."""

import numpy as np
import pytest

from sdn_mc.core.protocols import Series
from sdn_mc.metrics.resilience import Resilience

INF = np.inf


def scores(up_of_ten, scene_of, latency_s=0.05, **fields):
    """Scores of draws, each a list of how many of ten flows are up at each instant."""
    up = np.arange(10) < np.array(up_of_ten)[..., None]
    series = Series(np.where(up, latency_s, INF), None)
    scene = scene_of(10.0 * np.arange(up.shape[1]), "episode", (0.01,) * 10, onset_s=20.0)
    found = Resilience(**{"recovered": 0.9, "deadline_s": None} | fields).score(
        series, series, scene
    )
    return [[round(float(v), 9) for v in values[:, 0]] for values in found.values()]


def test_area_depth_and_recovery_of_one_draw(scene_of):
    # From the onset: 4, 2, 5, 9, 10 of ten, for 10 s each; 9 of 10 are 90 %.
    area, depth, recovery_s = scores([[10, 10, 4, 2, 5, 9, 10]], scene_of)
    assert (area, depth, recovery_s) == ([0.4], [0.8], [30.0])


def test_recovery_is_against_the_level_before_and_after_the_lowest_point(scene_of):
    # Half were up before, so 4.5 of ten will do; and a rise before the lowest point does not.
    _, _, recovery_s = scores([[5, 5, 2, 5, 1, 4, 5]], scene_of)
    assert recovery_s == [40.0]


def test_no_drop_is_recovered_at_once_and_a_lasting_one_never(scene_of):
    draws = [[10, 10, 10, 10], [10, 10, 9, 9], [10, 10, 3, 3]]
    area, depth, recovery_s = scores(draws, scene_of)
    assert area == [0.0, 0.1, 0.7] and depth == [0.0, 0.1, 0.7]
    assert recovery_s == [0.0, 0.0, INF]


def test_draws_are_measured_one_by_one_and_not_their_mean(scene_of):
    # Each loses everything for a step, at another time; their mean never falls below a half.
    _, depth, _ = scores([[10, 10, 0, 10], [10, 10, 10, 0]], scene_of)
    assert depth == [1.0, 1.0]


@pytest.mark.parametrize(("deadline_s", "depth"), [(0.2, 0.0), (0.1, 0.0), (0.09, 1.0)])
def test_a_late_flow_is_down(deadline_s, depth, scene_of):
    assert scores([[10, 10, 10]], scene_of, latency_s=0.1, deadline_s=deadline_s)[1] == [depth]
