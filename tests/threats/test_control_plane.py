"""Outages of the control plane: shares of time by renewal theory, frozen routes by hand."""

import dataclasses
import itertools
import math

import numpy as np
import pytest

from sdn_mc import engine
from sdn_mc.core.constants import S_PER_H, S_PER_YEAR
from sdn_mc.core.outage import ROUTING
from sdn_mc.core.problems import InputError
from sdn_mc.routing import frozen_routes_kernel
from sdn_mc.routing.reachability import Reachability
from sdn_mc.runner import prepare
from tests.engine import by_hand
from tests.engine.scenarios import FEW, FOUR_PLANES, GRID, struck
from tests.small_run import one_threat, small_job, small_run

N_DRAW = 4096
DRAWS = np.arange(N_DRAW, dtype=np.uint32)
OUTAGE, FAULT = "control_plane_outage", "control_plane_fault"
EPISODE = ("times=episode", "times.n_epoch=1", "times.before_h=0.25", "times.horizon_h=0.5")
STEPS = (*EPISODE, "times.step_s=60")
ANYCAST = "flows.flows=[[[London,Paris],[New York,Tokyo]],[Sao Paulo,Dubai],[London,Nairobi]]"
ROUNDING_S = 1e-7  # ticks of 2 ns round each leg by 1 ns, float32 seconds step by 1.5e-8


def episode_of(threat: str, **settings):
    """A run of small steps with one threat."""
    changed = (f"threats.{threat}.{key}={value}" for key, value in settings.items())
    return small_run(f"threats=[{threat}]", *changed, times=STEPS)


def is_down(parts, at_s: float) -> np.ndarray:
    """Whether the one thing of these spans is down in each draw."""
    (spans,) = parts
    now = (spans.start_s <= at_s) & (at_s < spans.end_s)
    return np.isin(DRAWS, spans.draw[now])


@pytest.mark.parametrize("mode", ["dark", "freeze"])
@pytest.mark.parametrize("sigma", [0.0, 0.5])
def test_the_control_plane_is_down_for_a_stationary_share_of_the_time(mode, sigma):
    settings = {"mode": mode, "rate_per_year": 200.0, "repair_sigma": sigma}
    run = one_threat(OUTAGE, settings) if mode == "dark" else episode_of(OUTAGE, **settings)
    _, outages = engine.sample_draws(run, 0, DRAWS)
    load = 200.0 / S_PER_YEAR * 2.5 * S_PER_H * math.exp(sigma**2 / 2)
    exact, window_s = load / (1 + load), float(run.scenes[0].window_s)
    for at_s in (0.0, window_s / 2, window_s):
        share = is_down(outages[OUTAGE], at_s).mean()
        # Draws are independent; 4 binomial sigma, one false alarm in 16,000.
        assert abs(share - exact) < 4 * math.sqrt(exact * (1 - exact) / N_DRAW)


def test_a_given_outage_has_its_probability_its_onset_and_its_length():
    run = episode_of(FAULT, mode="freeze", probability=0.3, onset_s=600, repair_h=2)
    _, outages = engine.sample_draws(run, 0, DRAWS)
    (spans,) = outages[FAULT]
    assert spans.of == ROUTING
    assert abs(len(spans.draw) / N_DRAW - 0.3) < 4 * math.sqrt(0.3 * 0.7 / N_DRAW)
    assert np.all(spans.start_s == 600.0) and np.all(spans.end_s == 600.0 + 7200.0)


def test_a_dark_fleet_delivers_nothing_and_then_as_before():
    run = episode_of(FAULT, onset_s=600, repair_h=0.3)
    found = engine.run_block(run, 0, 32).series["attacked"].latency_s
    time_s = run.scenes[0].time_s
    is_dark = (time_s >= 600) & (time_s < 1680)
    healthy = np.broadcast_to(run.healthy[0].latency_s, found.shape)
    assert np.all(np.isinf(found[:, is_dark]))
    assert np.array_equal(found[:, ~is_dark], healthy[:, ~is_dark])


@pytest.mark.parametrize("threat", [OUTAGE, FAULT])
def test_a_freeze_of_instants_far_apart_is_refused(threat):
    with pytest.raises(InputError, match="choose times=episode, or mode dark"):
        one_threat(threat, {"mode": "freeze"})


def test_off_freezes_nothing():
    for threat, off in ((OUTAGE, {"rate_per_year": 0.0}), (FAULT, {"probability": 0.0})):
        run = episode_of(threat, mode="freeze", **off)
        _, outages = engine.sample_draws(run, 0, DRAWS[:64])
        (masks,) = engine.masks_at(run, 0, outages, run.columns, run.scenes[0].time_s, 64)
        assert masks.frozen is None


def frozen_run(*overrides: str, grid=GRID, times=STEPS):
    """Four planes struck often, and a control plane frozen twice: given, and now and then."""
    settings = (
        "threats.satellite_failure.rate_per_year=100",
        *(f"threats.{threat}.mode=freeze" for threat in (OUTAGE, FAULT)),
        *(f"threats.{OUTAGE}.{words}" for words in ("rate_per_year=6000", "repair_h=0.1")),
        *(f"threats.{FAULT}.{words}" for words in ("onset_s=1000", "repair_h=0.2")),
    )
    causes = struck(FEW, OUTAGE, FAULT)
    job = small_job(*FOUR_PLANES, *grid, *causes, *settings, *overrides, times=times)
    return prepare(job._replace(columns={"attacked": (*FEW, OUTAGE, FAULT), "hit": FEW}))


def in_force(drawn, time_s: np.ndarray, time: int) -> int:
    """The instant whose routes are in force, from the windows of one draw."""
    given = [drawn.windows[cause][0] for cause in (OUTAGE, FAULT)]
    windows = [pair for _, (start,), (end,) in given for pair in zip(start, end, strict=True)]
    since = by_hand.lost_since(windows, np.float32(time_s[time]))
    if since == np.inf:
        return time
    return max([k for k in range(len(time_s)) if time_s[k] <= since], default=0)


def kept_latency_s(scene, route, pair, onset: int, time: int, up) -> float:
    """Delay of a route of the onset at a later time; inf: something is down, or was out of reach.

    `up` has every candidate that a site could use.
    """
    links, access = scene.links, scene.access
    places = []
    for site, sat in zip(pair, (route.sat[0], route.sat[-1]), strict=True):
        places.append((access.sat[:, site], access.delay_s[:, site], up.access[site], sat))
    for a, b in itertools.pairwise(route.sat):
        lists = links.neighbour[:, a] if links.neighbour.ndim == 3 else links.neighbour[None, a]
        lists = np.broadcast_to(lists, links.delay_s[:, a].shape)
        places.append((lists, links.delay_s[:, a], up.link[a], b))
    total = 0.0
    for lists, delay_s, is_up, end in places:
        there = (lists == end) & np.isfinite(delay_s)
        if not there[onset + 1 : time + 1].any(axis=1).all() or not np.any(there[time] & is_up):
            return np.inf
        total += float(delay_s[time][there[time] & is_up][0])
    return total


WORLDS = {
    "any satellite": (),
    "the best satellite": ("access=best_elevation",),
    # An eighth of these links changes in a minute.
    "neighbours that change": (
        *("topology=nearest", "times.step_s=15", "times.horizon_h=0.1"),
        f"threats.{FAULT}.onset_s=300",
    ),
    "old news": ("routing=lagged", "routing.lag_s=600"),
}


@pytest.mark.parametrize("world", WORLDS)
def test_frozen_routes_are_those_of_the_onset_worked_out_by_hand(world):
    """Windows, paths by Dijkstra and legs one at a time; every time and flow of some draws."""
    grid = () if world == "neighbours that change" else GRID
    run = frozen_run(ANYCAST, "metrics=[availability,hops]", *WORLDS[world], grid=grid)
    scene, flows, lag_s = run.scenes[0], run.flows, run.system.routing.ages_s[-1]
    any_seen = dataclasses.replace(scene.access, best_only=False)
    seeing = dataclasses.replace(scene, access=any_seen)
    series = engine.run_block(run, 0, 40).series["attacked"]
    outages = engine.sample_draws(run, 0, np.arange(64, dtype=np.uint32))[1]
    time_s, counts = scene.time_s, [0, 0, 0]
    for draw in (0, 7, 31, 33):
        drawn = by_hand.drawn_in(outages, draw)
        routes: dict = {}
        for t, at_s in enumerate(time_s):
            onset = in_force(drawn, time_s, t)
            known = by_hand.up_at(scene, drawn, FEW, onset, time_s[onset] - lag_s)
            now = by_hand.up_at(seeing if t > onset else scene, drawn, FEW, t, at_s)
            for flow in range(flows.n_flow):
                own = flows.pair_flow == flow
                ends = zip(flows.pair_source[own], flows.pair_destination[own], strict=True)
                least_s, hops = np.inf, -1
                for pair in ends:
                    if (onset, pair) not in routes:
                        routes[onset, pair] = by_hand.shortest(scene, known, onset, *pair)
                    route = routes[onset, pair]
                    if route is None:
                        continue
                    if t > onset:
                        own_s = kept_latency_s(scene, route, pair, onset, t, now)
                    else:
                        own_s = route.latency_s if by_hand.holds(route, now) else np.inf
                    if own_s < least_s:
                        least_s, hops = own_s, len(route.sat) - 1
                if np.isinf(least_s):
                    assert np.isinf(series.latency_s[draw, t, flow])
                else:
                    assert abs(series.latency_s[draw, t, flow] - least_s) < ROUNDING_S
                    assert series.hops[draw, t, flow] == hops
                counts[0 if t == onset else 1 if np.isinf(least_s) else 2] += 1
    assert min(counts) > 20  # routed anew, frozen and broken, frozen and held


def test_a_frozen_fleet_never_beats_one_that_routes_anew():
    """Common draws: equal where routing works, and never earlier where it does not."""
    run = frozen_run(ANYCAST)
    outages = engine.sample_draws(run, 0, np.arange(64, dtype=np.uint32))[1]
    masks, _ = engine.masks_at(run, 0, outages, run.columns, run.scenes[0].time_s, 64)
    series = engine.run_block(run, 0, 64).series
    held, free = (series[name].latency_s for name in ("attacked", "hit"))
    own = (masks.frozen.instant == np.arange(len(run.scenes[0].time_s))[:, None]).T
    assert np.array_equal(held[own], free[own]) and np.all(held >= free)
    assert 0.1 < np.isfinite(held[~own]).mean() < np.isfinite(free[~own]).mean()


def test_with_nothing_else_lost_routes_are_the_healthy_ones_at_the_onset_and_after():
    run = episode_of(FAULT, mode="freeze", onset_s=600, repair_h=0.3)
    found = engine.run_block(run, 0, 32).series["attacked"].latency_s
    time_s, healthy = run.scenes[0].time_s, run.healthy[0].latency_s
    is_frozen = (time_s > 600) & (time_s < 1680)
    assert np.array_equal(found[:, ~is_frozen], np.repeat(healthy[:, ~is_frozen], 32, axis=0))
    assert np.all(found[:, is_frozen] >= healthy[:, is_frozen])
    assert np.isinf(found[:, is_frozen][:, -1]).any() and np.isfinite(healthy).all(axis=-1).any()


def test_a_draw_is_the_same_in_any_batch_and_nothing_compiles_anew():
    run = frozen_run()
    whole, part = engine.run_block(run, 0, 64), engine.run_block(run, 32, 32)
    for name, series in whole.series.items():
        assert np.array_equal(series.latency_s[32:], part.series[name].latency_s)
    before = len(frozen_routes_kernel.follow_routes.signatures)
    more = f"threats.{FAULT}.repair_h=1", f"threats.{OUTAGE}.rate_per_year=100", "seed=5"
    engine.run_block(frozen_run(*more), 0, 32)
    assert len(frozen_routes_kernel.follow_routes.signatures) == before > 0


@pytest.mark.parametrize("policy", ["ideal", "lagged"])
def test_a_solver_that_works_on_a_device_gives_the_same(policy):
    asked = ANYCAST, f"routing={policy}", "metrics=[availability,hops]"
    times = *EPISODE, "times.step_s=600"
    runs = [frozen_run(*asked, f"solver={s}", times=times) for s in ("pull_push", "xla_int32")]
    one, other = (engine.run_block(run, 0, 40).series["attacked"] for run in runs)
    assert np.array_equal(one.latency_s, other.latency_s)
    assert np.array_equal(one.hops, other.hops)


def test_where_no_latency_is_asked_for_delivery_is_the_same():
    with_latency = frozen_run("solver=auto")
    run = frozen_run("solver=auto", "store.paths=none")
    assert isinstance(run.solver, Reachability)
    one, other = (engine.run_block(r, 0, 64).series["attacked"] for r in (with_latency, run))
    assert np.array_equal(np.isfinite(one.latency_s), np.isfinite(other.latency_s))


@pytest.mark.parametrize("policy", ["static", "disjoint_backup"])
def test_routes_made_beforehand_do_not_freeze(policy):
    series = engine.run_block(frozen_run(f"routing={policy}"), 0, 64).series
    assert np.array_equal(series["attacked"].latency_s, series["hit"].latency_s)
