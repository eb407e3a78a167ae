"""Gaps of hand-made series, steps of 5 s."""

import numpy as np
import pytest

from sdn_mc.core.protocols import Series
from sdn_mc.metrics.continuity import Continuity, longest_gap_s


def series_from(*flows):
    """Flows written as '#' up and '.' down; one draw."""
    up = np.array([[c == "#" for c in flow] for flow in flows]).T
    return Series(np.where(up, 0.05, np.inf)[None], None)


def test_the_longest_gap_of_each_flow_and_of_the_worst_user(scene_of):
    series = series_from("##..##...##", "##.########", "###########")
    scene = scene_of(5.0 * np.arange(11), "episode", (0.01,) * 3)
    found = Continuity(gap_s=10.0).score(series, series, scene)
    # Three down instants stand for 15 s, one for 5 s.
    assert found["longest_gap_s"].tolist() == [[15.0, 5.0, 0.0]]
    assert found["continuity"].tolist() == [[0.0, 1.0, 1.0]]
    assert found["worst_user_gap_s"].tolist() == [[15.0]]
    assert found["worst_user_continuity"].tolist() == [[0.0]]


@pytest.mark.parametrize(("limit_s", "kept"), [(9.99, 0.0), (10.0, 1.0)])
def test_a_gap_as_long_as_the_limit_is_borne(limit_s, kept, scene_of, series_of):
    series = series_from("#..#")
    scene = scene_of(5.0 * np.arange(4), "episode")
    found = Continuity(gap_s=limit_s).score(series, series, scene)
    assert found["continuity"].tolist() == [[kept]]


def test_gaps_open_at_either_end_count_for_their_part_inside():
    down = np.array([c == "." for c in "..##..."])[None, :, None]
    assert longest_gap_s(down, np.full(7, 5.0)).tolist() == [[15.0]]


def test_never_up_is_a_gap_of_the_whole_horizon():
    down = np.ones((1, 12, 1), bool)
    assert longest_gap_s(down, np.full(12, 5.0)).tolist() == [[60.0]]


def test_more_loss_never_shortens_the_longest_gap():
    rng = np.random.default_rng(2)
    down = rng.random((16, 200, 2)) < 0.3
    more = down | (rng.random(down.shape) < 0.2)
    stands_s = np.full(200, 5.0)
    assert np.all(longest_gap_s(more, stands_s) >= longest_gap_s(down, stands_s))


def test_duration_is_refused_in_snapshots_by_the_declared_modes():
    assert tuple(Continuity(gap_s=60.0).modes) == ("episode",)
