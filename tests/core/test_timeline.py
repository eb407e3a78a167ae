"""The two clocks: stratified jitter, epochs, and refusal of what float32 cannot hold."""

import numpy as np
import pytest

from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.problems import InputError
from sdn_mc.core.timeline import Episode, Instants, Snapshot

NOON = JulianDate.parse("2026-08-22T12:00:00Z")


def snapshot(**changes):
    given = {"start": None, "window_h": 24.0, "count": 96, "n_epoch": 4, "epoch_spacing_h": 24.0}
    return Snapshot(**(given | changes))


def test_each_stratum_holds_one_instant_and_epochs_differ():
    times = snapshot()
    first, second = times.time_s(1, 0), times.time_s(1, 1)
    assert np.array_equal(np.floor(first / 900.0), np.arange(96))
    assert not np.array_equal(first, second)
    assert np.array_equal(first, times.time_s(1, 0))


def test_jitter_is_uniform_inside_its_stratum():
    times = snapshot(count=2000)
    inside = times.time_s(3, 0) / 43.2 % 1.0
    # Mean of 2000 uniforms: sigma 1 / sqrt(12 * 2000); 4 of it.
    assert abs(inside.mean() - 0.5) < 4 / np.sqrt(12 * 2000)


def test_epochs_follow_each_other_on_the_calendar():
    times = snapshot(start="2026-08-22T12:00:00Z")
    assert times.epoch_start(NOON, 3).seconds_since(NOON) == 3 * 86_400


def test_without_a_start_the_reference_is_rounded_up_to_the_hour():
    reference = JulianDate.parse("2026-08-22T01:04:33Z")
    assert snapshot().epoch_start(reference, 0).iso() == "2026-08-22T02:00:00Z"


def test_instants_are_plain_steps():
    times = Instants(start=None, step_s=60.0, count=3)
    assert times.time_s(0, 0).tolist() == [0.0, 60.0, 120.0]


def test_an_episode_runs_from_before_the_onset_to_the_horizon():
    times = Episode(
        start=None, before_h=0.25, horizon_h=1.0, step_s=5.0, n_epoch=1, epoch_spacing_h=0.0
    )
    steps = times.time_s(0, 0)
    assert times.onset_s == 900.0
    assert len(steps) == 900 and steps[0] == 0 and steps[-1] == 4495.0


def test_a_scene_longer_than_thirty_days_is_refused():
    with pytest.raises(InputError, match="30"):
        Instants(start=None, step_s=3600.0, count=1).time_s(0, 0)
        snapshot(window_h=31 * 24.0).time_s(0, 0)
