"""Whole draws by other means: graphs built one link at a time, Dijkstra's paths, plain sums."""

import numpy as np
import pytest

from sdn_mc import engine
from sdn_mc.metrics.continuity import Continuity
from tests.engine import by_hand
from tests.engine.scenarios import everything_at_once, often
from tests.small_run import small_run

N_DRAW = 40  # more than a word, and not a whole number of them
SOME = (0, 7, 31, 32, 39)
# Ticks of 2 ns round each leg by 1 ns, and float32 seconds step by 1.5e-8 below 0.25 s.
ROUNDING_S = 1e-7


def outages_of(run):
    """The causes of the first word and the next, drawn again."""
    return engine.sample_draws(run, 0, np.arange(64, dtype=np.uint32))[1]


def by_flow(scene, flow: int) -> list[tuple[int, int]]:
    """Site pairs of a flow."""
    flows = scene.flows
    own = flows.pair_flow == flow
    return list(zip(flows.pair_source[own], flows.pair_destination[own], strict=True))


def expected(run, draw: int, causes: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Latency and hops [time, flow] of one draw: the best pair whose route really holds."""
    scene, lag_s = run.scenes[0], max(run.system.routing.ages_s)
    drawn = by_hand.drawn_in(outages_of(run), draw)
    shape = len(scene.time_s), scene.flows.n_flow
    latency_s, hops = np.full(shape, np.inf), np.full(shape, -1)
    for t, at_s in enumerate(scene.time_s):
        truth = by_hand.up_at(scene, drawn, causes, t, at_s)
        known = by_hand.up_at(scene, drawn, causes, t, at_s - lag_s) if lag_s else truth
        for flow in range(scene.flows.n_flow):
            for source, destination in by_flow(scene, flow):
                route = by_hand.shortest(scene, known, t, source, destination)
                if route and by_hand.holds(route, truth) and route.latency_s < latency_s[t, flow]:
                    latency_s[t, flow], hops[t, flow] = route.latency_s, len(route.sat) - 1
    return latency_s, hops


def check(run, n_draw: int = N_DRAW) -> tuple[float, float]:
    """Some whole draws of every column; shares of reached (draw, time, flow), here and healthy."""
    block = engine.run_block(run, 0, n_draw)
    reached = []
    for column in run.columns:
        series = block.series[column.name]
        assert series.latency_s.shape == (n_draw, len(run.scenes[0].time_s), run.flows.n_flow)
        for draw in (draw for draw in SOME if draw < n_draw):
            latency_s, hops = expected(run, draw, column.causes)
            found = series.latency_s[draw]
            assert np.array_equal(np.isfinite(found), np.isfinite(latency_s))
            there = np.isfinite(found)
            assert np.all(np.abs(found[there] - latency_s[there]) < ROUNDING_S)
            reached.append(there.mean())
            if series.hops is not None:
                assert np.array_equal(series.hops[draw][there], hops[there])
    return float(np.mean(reached)), float(np.isfinite(run.healthy[0].latency_s).mean())


WITH_HOPS = "metrics=[availability,hops]"


def test_latencies_are_those_of_dijkstra_with_everything_at_once(tmp_path):
    run = everything_at_once(tmp_path, WITH_HOPS, "access.min_elevation_deg=0")
    share, healthy = check(run, n_draw=32)
    assert 0.05 < share < healthy


def test_latencies_are_those_of_dijkstra_with_any_satellite_in_view():
    share, healthy = check(often(WITH_HOPS))
    assert 0.05 < share < 0.9 * healthy


def test_an_anycast_flow_takes_its_best_pair_of_sites():
    anycast = "flows.flows=[[[London,Paris,Nairobi],[New York,Tokyo]],[Sao Paulo,[Sydney,Dubai]]]"
    run = often(anycast, WITH_HOPS)
    assert len(run.flows.pair_flow) == 8 and run.flows.n_flow == 2
    share, healthy = check(run)
    assert 0.05 < share < 0.9 * healthy


@pytest.mark.parametrize("attachment", ["any", "best_elevation"])
def test_lagged_routing_delivers_what_its_old_route_still_carries(attachment):
    """Routes on the state 50 minutes old and the present geometry; every leg must be up now."""
    anycast = "flows.flows=[[[London,Paris],[New York,Tokyo]],[Sao Paulo,Dubai],[London,Nairobi]]"
    lagged = "routing=lagged", "routing.lag_s=3000", f"access.attachment={attachment}"
    run, ideal = often(anycast, WITH_HOPS, *lagged), often(anycast, lagged[2])
    share, _ = check(run)
    at_once = np.isfinite(engine.run_block(ideal, 0, N_DRAW).series["attacked"].latency_s).mean()
    assert 0.05 < share < at_once


def test_neighbours_may_change_with_time():
    share, healthy = check(often("topology=nearest", WITH_HOPS, grid=()))
    assert 0.05 < share < 0.9 * healthy


def test_a_bent_pipe_needs_one_satellite_in_view_of_both_ends():
    flows = "flows.flows=[[London,Paris],[New York,London],[Berlin,Rome]]"
    run = often("topology=bent_pipe", flows, WITH_HOPS, grid=())
    share, healthy = check(run)
    assert 0.05 < share < 0.9 * healthy
    hops = engine.run_block(run, 0, N_DRAW).series["attacked"].hops
    assert set(np.unique(hops)) == {-1, 0}


@pytest.mark.parametrize(
    "overrides",
    [("threats=none",), ("threats=[]",), ("threats=[satellite_failure]", "columns={calm: []}")],
)
def test_without_a_threat_every_draw_is_the_healthy_one(overrides):
    run = small_run(*overrides)
    (series,) = engine.run_block(run, 0, 70).series.values()
    healthy = run.healthy[0].latency_s
    assert series.latency_s.shape == (70, *healthy.shape[1:])
    assert np.array_equal(series.latency_s, np.broadcast_to(healthy, series.latency_s.shape))


# ---- an episode


HALF_AN_HOUR_IN = (
    "times=episode",
    "times.n_epoch=1",
    "times.before_h=0.5",
    "times.horizon_h=1.5",
    "times.step_s=60",
)
JUDGED = (
    "metrics=[continuity,deadline]",
    "metrics.continuity.gap_s=600",
    "metrics.deadline.deadline_s=200",
)


@pytest.fixture(scope="module")
def episode():
    """A run struck often, with one given fault at half an hour, and its block."""
    causes = "satellite_failure", "terminal_failure", "vendor_fault"
    run = often(*JUDGED, causes=causes, times=HALF_AN_HOUR_IN)
    return run, engine.run_block(run, 0, 32)


def test_a_given_fault_of_an_episode_begins_at_its_onset(episode):
    run, block = episode
    hit = block.drawn["vendor_fault.hit"][:, 0]
    assert np.all(block.drawn["vendor_fault.onset_s"] == 1800) and 0 < hit.mean() < 1
    out = run.scenes[0].time_s >= 1800  # for three hours, and the horizon is one and a half
    latency_s = block.series["attacked"].latency_s
    assert np.all(np.isinf(latency_s[hit][:, out]))
    assert np.isfinite(latency_s[:, ~out]).any() and np.isfinite(latency_s[~hit][:, out]).any()


def test_gaps_of_an_episode_are_those_counted_by_hand(episode):
    run, block = episode
    scores = engine.scores_of(run, block.series["attacked"], 0)
    latency_s = block.series["attacked"].latency_s
    longest_s = np.zeros((32, run.flows.n_flow))
    for draw in range(32):
        for flow in range(run.flows.n_flow):
            states = "".join(".x"[int(v)] for v in np.isinf(latency_s[draw, :, flow]))
            longest_s[draw, flow] = 60 * max(len(gap) for gap in states.split("."))
    assert 0 < np.mean(longest_s > 600) < 1
    assert np.array_equal(scores["longest_gap_s"], longest_s)
    assert np.array_equal(scores["continuity"], longest_s <= 600)
    assert np.array_equal(scores["worst_user_gap_s"][:, 0], longest_s.max(1))
    assert np.array_equal(scores["worst_user_continuity"][:, 0], longest_s.max(1) <= 600)
    assert isinstance(run.system.metrics["continuity"], Continuity)


def test_deadlines_of_an_episode_are_missed_as_often_as_messages_say(episode):
    """One message a second, sent at each moment in turn or kept until a later step."""
    run, block = episode
    found = engine.scores_of(run, block.series["attacked"], 0)["deadline_miss"]
    time_s = run.scenes[0].time_s
    released_s = np.arange(0.5, 7200)
    for draw, flow in ((0, 0), (3, 1), (17, 2), (30, 0)):
        latency_s = block.series["attacked"].latency_s[draw, :, flow].astype(float)
        missed = 0
        for u in released_s:
            now = int(u // 60)
            at_user_s = [u + latency_s[now], *(time_s[now + 1 :] + latency_s[now + 1 :])]
            missed += min(at_user_s) - u > 200
        # A message stands for one second: each of at most 120 steps errs by less than one.
        assert abs(found[draw, flow] - missed / len(released_s)) < 120 / 7200 / 2
        assert 0 < missed < len(released_s)
