"""What figures show is what the result says, and where it says nothing they are left out."""

import numpy as np
import pytest

from sdn_mc import config, runner, store
from sdn_mc.report import figures_data
from tests.runner_fleet import FLEET, QUIET, job_of

EPISODE = (
    "times=episode",
    "times.n_epoch=2",
    "times.before_h=0.5",
    "times.horizon_h=2",
    "times.step_s=600",
    "metrics=[availability,continuity,time_to_restore,resilience]",
)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    """A run of two epochs with eight instants in each, half of its satellites given to fail."""
    job = job_of("draws=512", "times.count=8", "threats.vendor_fault.repair_h=12")
    return store.open_result(runner.run(job, tmp_path_factory.mktemp("snapshot"), QUIET))


@pytest.fixture(scope="module")
def episode(tmp_path_factory):
    fleet = (word for word in FLEET if not word.startswith("times."))
    job = config.load(config.compose([*fleet, *EPISODE, "draws=64"]))
    return store.open_result(runner.run(job, tmp_path_factory.mktemp("episode"), QUIET))


def test_every_latency_curve_ends_at_the_availability_of_the_summary(snapshot):
    curves, known = figures_data.latency_shares(snapshot), figures_data.estimates
    assert curves is not None
    summary = known(snapshot, "availability")
    assert summary is not None and 0.1 < float(summary["value"].min()) < 0.99
    for part in figures_data.ENDS:
        last = curves[part].isel(latency=-1).values
        # Scores are stored in float32.
        assert np.allclose(last, summary[part].values, atol=1e-6)
    assert np.all(np.diff(curves["value"].values, axis=-1) >= 0)


def test_what_hurts_is_the_paired_loss_of_the_summary(snapshot):
    lost = figures_data.what_hurts(snapshot)
    summary = figures_data.estimates(snapshot, "availability_lost")
    assert lost is not None and summary is not None
    names = figures_data.columns_of(snapshot)
    for row in range(lost.sizes["row"]):
        column = names.index(str(lost["cause"].values[row]))
        for part in figures_data.ENDS:
            one = float(summary[part].isel(column=column, flow=-1))
            assert abs(float(lost[part].values[row]) - one) < 1e-6  # float32 scores
    assert np.all(np.diff(lost["value"].values) <= 0)


def test_availability_through_time_has_the_summarys_mean(snapshot, episode):
    for tree in (snapshot, episode):
        found = figures_data.through_time(tree)
        assert found is not None
        summary = figures_data.estimates(tree, "availability")
        assert summary is not None
        over = summary["value"].isel(flow=-1).values
        # Parts of the window and steps of the episode have equal lengths.
        assert np.allclose(found["value"].mean("time").values, over, atol=1e-6)
        assert np.all(found["low"] <= found["value"]) and np.all(found["value"] <= found["high"])
    assert float(found["time"].values[3]) == 0.0  # hours since the onset, after three steps


def test_the_share_still_waiting_is_counted_from_the_draws(episode):
    curve = figures_data.still_waiting(episode)
    assert curve is not None
    scores = np.median(episode["/metrics"]["time_to_restore_s"].values[-1], axis=-1)
    hours = curve["time"].values
    by_hand = [np.mean(scores > 3600 * hour + 1) for hour in hours]
    assert np.allclose(curve["value"].isel(column=-1).values, by_hand)
    assert curve["value"].values.min() < 1


def test_figures_without_what_they_need_are_left_out(snapshot, episode):
    assert figures_data.still_waiting(snapshot) is None
    assert figures_data.longest_gaps(snapshot) is None
    assert figures_data.stage_budget(snapshot) == {}
    assert figures_data.longest_gaps(episode) is not None


def test_places_on_the_map_are_those_of_the_sites(snapshot):
    places = figures_data.on_map(snapshot)
    assert places is not None
    scene = snapshot["/scene"]
    at = list(scene["site"].values).index("Djibouti")
    assert str(places["destination"].values[0]) == "Djibouti"
    assert float(places["destination_latitude_deg"].values[0]) == float(scene["latitude_deg"][at])
