"""What is shown of a draw is what the result holds, frame by frame."""

import numpy as np
import pytest

from sdn_mc import store
from sdn_mc.core.problems import InputError
from sdn_mc.runner.showing import chosen_draws, frames_of, shown_of
from tests.runner_fleet import run_here


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    folder = run_here(tmp_path_factory.mktemp("run"), "draws=300", "metrics=[availability]")
    return folder, store.open_result(folder), shown_of(folder)


def test_shown_latencies_are_those_of_the_result(shown):
    _, tree, found = shown
    series = tree["/paths"]["latency_s"].values
    reached = []
    for one in found.draws[1:]:
        at = found.epochs[one.epoch].time
        latency_s = np.array(
            [[np.inf if r is None else r.latency_s for r in frame] for frame in one.routes]
        )
        stored_s = series[one.draw][at][:, list(found.flow_index)]
        assert np.array_equal(latency_s.astype(np.float32), stored_s)
        reached.append(np.isfinite(stored_s).mean())
    healthy = found.draws[0]
    stored_s = tree["/scene"]["latency_healthy_s"].values[healthy.epoch]
    for frame, row in zip(found.epochs[healthy.epoch].time, healthy.routes, strict=True):
        for flow, route in enumerate(row):
            assert np.float32(route.latency_s) == np.float32(stored_s[frame, flow])
    assert min(reached) < max(reached) < 1  # some draws lost a path, one more than the other


def test_the_chosen_draws_are_the_median_and_the_worst_by_availability(shown):
    _, tree, found = shown
    scores = tree["/metrics"]["availability"].values[-1].mean(axis=-1)
    median, bad, worst = found.draws[1:]
    assert scores[worst.draw] == scores.min() and np.isclose(worst.availability, scores.min())
    assert np.mean(scores < scores[median.draw]) <= 0.5 <= np.mean(scores <= scores[median.draw])
    assert np.mean(scores < scores[bad.draw]) <= 0.05
    assert chosen_draws(None) == {"first draw": 0}


def test_routes_use_links_that_are_up_and_no_lost_satellite(shown):
    _, _, found = shown
    n_lost = 0
    for one in found.draws:
        link = [tuple(pair) for pair in found.epochs[one.epoch].link]
        for frame, row in enumerate(one.routes):
            up = {link[k] for k in np.flatnonzero(one.link_up[frame])}
            lost = set(np.flatnonzero(one.sat_lost[frame]))
            n_lost += len(lost)
            assert not up & {link[k] for k in np.flatnonzero(one.link_lost[frame])}
            assert not any(a in lost or b in lost for a, b in up)
            for route in filter(None, row):
                steps = zip(route.sat[:-1], route.sat[1:], strict=True)
                assert all(tuple(sorted(step)) in up for step in steps)
    assert n_lost > 0


def test_positions_turn_with_the_earth(shown):
    _, tree, found = shown
    (epoch,) = {one.epoch for one in found.draws[:1]}
    site_km = found.epochs[epoch].site_km
    assert np.abs(site_km - site_km[0]).max() < 1e-6  # ground sites stand still
    london = list(found.site).index("London")
    x, y, z = site_km[0, london]
    assert abs(np.degrees(np.arctan2(y, x)) - float(tree["/scene"]["longitude_deg"][london])) < 1e-6
    assert 6350 < np.hypot(np.hypot(x, y), z) < 6390


def test_at_most_24_frames_from_first_to_last():
    assert list(frames_of(5)) == [0, 1, 2, 3, 4]
    at = frames_of(96)
    assert len(at) == 24 and at[0] == 0 and at[-1] == 95


def test_draws_and_columns_that_are_not_there_are_refused(shown):
    folder = shown[0]
    with pytest.raises(InputError, match="draws=300 given; the run has 0 to 299"):
        shown_of(folder, draws=[300])
    with pytest.raises(InputError, match="no column is called 'none'"):
        shown_of(folder, column="none")
