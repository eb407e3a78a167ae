"""Chains against arithmetic by hand, a search over all departures, and what more outage may do."""

import dataclasses

import numpy as np
import pytest

from sdn_mc.core.distributions import LogNormal
from sdn_mc.core.protocols import Series
from sdn_mc.core.scene import Sites
from sdn_mc.metrics.chain import Chain
from sdn_mc.metrics.passage import ages_s, departures, sent
from sdn_mc.metrics.stages import Delay, Transport

INF = np.inf
STEP_S, SLOW_BPS, BITS = 5.0, 1e4, 1e3  # 0.1 s to serialise
SITES = Sites(np.zeros(1), np.zeros(1), np.zeros(1), ("a",))
UP, DOWN = ("sensor", "via"), ("via", "user")


def transport(flow):
    return Transport(flow=flow, bits=BITS, rate_bps=SLOW_BPS)


def delay(delay_s):
    return Delay(delay_s=delay_s)


def chain_of(stages, via=None, **fields):
    given = {"percentiles": (50, 95), "deadlines_s": (1, 20), "charged_s": 100.0, "edge_s": 0.0}
    return Chain(name="c", stages=stages, via=via, **given | fields)


@pytest.fixture
def chain_scene(scene_of):
    """An episode with steps of 5 s and flows by their [source, destination]."""

    def make(n_time, ends):
        scene = scene_of(STEP_S * np.arange(n_time), "episode", (0.01,) * len(ends))
        source, destination = zip(*ends, strict=True)
        flows = dataclasses.replace(scene.flows, source=source, destination=destination)
        return dataclasses.replace(scene, flows=flows)

    return make


def values(chain, latency_s, scene, drawn=None, healthy_s=None):
    """Scores of a series [time, flow], or [draw, time, flow]; numbers if of one draw."""
    latency_s = np.asarray(latency_s, np.float64)
    latency_s = latency_s[None] if latency_s.ndim == 2 else latency_s
    series = Series(latency_s, None)
    healthy = series if healthy_s is None else Series(np.asarray(healthy_s)[None], None)
    found = chain.score(series, healthy, scene, drawn or {})
    return {name: each[:, 0] if len(each) > 1 else each[0, 0] for name, each in found.items()}


def random_latency_s(rng, shape, up=0.6, longest_s=12.0):
    """Some longer than a step, so that waiting for a faster path may pay."""
    return np.where(rng.random(shape) < up, rng.uniform(0.1, longest_s, shape), INF)


SIX = {
    "detect": delay(4.0),
    "to_command": transport(UP),
    "decide": delay(3.0),
    "to_user": transport(DOWN),
    "last_mile": delay(2.0),
}


def test_without_delays_and_losses_the_path_alone_takes_time(chain_scene):
    ends = [("sensor", "node"), ("node", "user")]
    scene = chain_scene(20, ends)
    chain = chain_of({"to_command": transport(UP), "to_user": transport(DOWN)}, ("node",))
    found = values(chain, np.tile([0.02, 0.03], (20, 1)), scene)
    # Two latencies and two serialisations of 0.1 s; rounding only, of times up to 100 s.
    assert found["c_p50_s"] == pytest.approx(0.02 + 0.03 + 0.2, abs=1e-12)
    assert found["c_p95_s"] == pytest.approx(0.02 + 0.03 + 0.2, abs=1e-12)
    assert found["c_waiting_s"] == found["c_waiting_share"] == found["c_undelivered"] == 0
    assert found["c_late_1s"] == found["c_added_s"] == 0


def test_waiting_by_hand(chain_scene):
    # Instants 0, 5, …, 25. To command: down on [0, 10). To the user: down on [15, 20).
    # Released at 0: detected at 4, leaves at 10, there at 10.1 + 0.1; decided at 13.2, leaves at
    # once, there at 13.2 + 0.2 + 0.1 = 13.5; last mile 15.5. At 5: detected at 9, the same: 10.5.
    # At 10: detected at 14, there at 14.2; decided at 17.2, leaves at 20: 20.3, 22.3: 12.3.
    scene = chain_scene(6, [("sensor", "node"), ("node", "user")])
    latency_s = np.array([[INF, 0.2], [INF, 0.2], [0.1, 0.2], [0.1, INF], [0.1, 0.2], [0.1, 0.2]])
    chain = chain_of(SIX, ("node",), percentiles=(100,), edge_s=15.0, deadlines_s=(11, 12.4))
    found = values(chain, latency_s, scene, healthy_s=np.tile([0.1, 0.2], (6, 1)))
    took_s = np.array([15.5, 10.5, 12.3])
    near = {"abs": 1e-12}  # rounding
    assert found["c_p100_s"] == pytest.approx(15.5, **near)
    assert found["c_late_11s"] == 2 / 3 and found["c_late_12_4s"] == 1 / 3
    assert found["c_stage_detect_s"] == pytest.approx(4, **near)
    assert found["c_stage_to_command_s"] == pytest.approx(0.2, **near)
    assert found["c_stage_to_user_s"] == pytest.approx(0.3, **near)
    waited_s = np.array([6, 1, 2.8])
    assert found["c_waiting_s"] == pytest.approx(waited_s.mean(), **near)
    assert found["c_waiting_share"] == pytest.approx(waited_s.sum() / took_s.sum(), **near)
    assert found["c_added_s"] == pytest.approx(np.mean(took_s - 9.5), **near)
    # Ages from 15 on: at 15 none is there; at 20 the first two are (15.5 both); at 25 the third.
    assert found["c_age_p100_s"] == INF
    assert values(dataclasses.replace(chain, edge_s=20.0), latency_s, scene)["c_age_p100_s"] == 15.0


def test_the_steps_of_one_message_are_those_by_hand(chain_scene):
    scene = chain_scene(6, [("sensor", "node"), ("node", "user")])
    latency_s = np.array([[INF, 0.2], [INF, 0.2], [0.1, 0.2], [0.1, INF], [0.1, 0.2], [0.1, 0.2]])
    steps = chain_of(SIX, ("node",)).steps(Series(latency_s[None], None), scene, {}, 2)
    assert [step.stage for step in steps] == list(SIX)
    assert [step.flow for step in steps] == ["", "[sensor, node]", "", "[node, user]", ""]
    found = np.array([step[2:] for step in steps])
    by_hand = [
        [10, 10, 14],
        [14, 14, 14.2],
        [14.2, 14.2, 17.2],
        [17.2, 20, 20.3],
        [20.3, 20.3, 22.3],
    ]
    np.testing.assert_allclose(found, by_hand, atol=1e-12)  # rounding


def test_a_dead_command_node_stops_the_chain_and_a_second_one_heals_it(chain_scene):
    ends = [("sensor", "a"), ("a", "user"), ("sensor", "b"), ("b", "user")]
    scene = chain_scene(8, ends)
    dead_a = np.tile([INF, INF, 0.05, 0.06], (8, 1))
    alone, both = chain_of(SIX, ("a",)), chain_of(SIX, ("a", "b"))
    found = values(alone, dead_a, scene)
    assert found["c_p50_s"] == INF and found["c_undelivered"] == found["c_late_20s"] == 1
    assert found["c_stage_detect_s"] == INF and found["c_waiting_share"] == 1
    edge = {"edge_s": 15.0}
    healed = values(dataclasses.replace(both, **edge), dead_a, scene)
    assert healed["c_p95_s"] == pytest.approx(9.31, abs=1e-12) and healed["c_undelivered"] == 0
    # A node that only hears, and one that only speaks, make no chain: the node is the same.
    halves = np.tile([0.05, INF, INF, 0.06], (8, 1))
    assert values(both, halves, scene)["c_undelivered"] == 1
    # Of two that work, the earlier; by which one differs from message to message.
    rng = np.random.default_rng(5)
    mixed = random_latency_s(rng, (8, 4))
    series = Series(mixed[None], None)
    for time in range(8):
        done = [
            chain_of(SIX, via).steps(series, scene, {}, time)[-1].done_s
            for via in (("a",), ("b",), ("a", "b"))
        ]
        assert done[2] == min(done[:2])


def test_departures_are_the_best_of_all_there_are():
    rng = np.random.default_rng(7)
    n_time = 30
    time_s = STEP_S * np.arange(n_time)
    end_s = time_s[-1] + STEP_S
    latency_s = random_latency_s(rng, (4, n_time), up=0.4)
    at_s = np.sort(rng.uniform(0, end_s + 10, (4, 200)), axis=1)
    at_s[:, :n_time] = time_s  # also exactly at the instants
    leaves_s, arrives_s = sent(departures(latency_s, time_s, end_s), at_s)
    for draw, message in np.ndindex(at_s.shape):
        s = at_s[draw, message]
        k = np.flatnonzero(time_s <= s)[-1]
        ways = [(s + latency_s[draw, k], s)] if s < end_s else []
        ways += [(time_s[m] + latency_s[draw, m], time_s[m]) for m in range(k + 1, n_time)]
        best = min(ways, default=(INF, INF))
        assert arrives_s[draw, message] == best[0]
        assert leaves_s[draw, message] == (best[1] if np.isfinite(best[0]) else INF)


def test_more_outage_never_makes_a_message_earlier_nor_lets_one_overtake(chain_scene):
    rng = np.random.default_rng(11)
    scene = chain_scene(60, [("sensor", "a"), ("a", "user"), ("sensor", "b"), ("b", "user")])
    chain = chain_of(SIX, ("a", "b"))
    before = random_latency_s(rng, (60, 4), up=0.8)
    after = np.where(rng.random((60, 4)) < 0.3, INF, before)
    done = np.array(
        [
            [
                chain.steps(Series(each[None], None), scene, {}, time)[-1].done_s
                for time in range(60)
            ]
            for each in (before, after)
        ]
    )
    assert np.all(done[1] >= done[0]) and np.any(done[1] > done[0])
    assert np.all(done[:, 1:] >= done[:, :-1])
    found = [values(chain, each, scene, healthy_s=before) for each in (before, after)]
    assert found[0]["c_added_s"] == 0 < found[1]["c_added_s"]


def test_the_age_is_that_of_the_newest_message_there():
    arrival_s = np.array([[3.0, 8.0, 8.0, INF]])
    found = ages_s(np.array([0.0, 5.0, 6.0, 7.0]), arrival_s, np.array([2.0, 3.0, 7.9, 8.0, 20.0]))
    np.testing.assert_array_equal(found, [[INF, 3.0, 7.9, 2.0, 14.0]])


def test_drawn_delays_move_each_draw_and_not_what_threats_add(chain_scene):
    rng = np.random.default_rng(13)
    scene = chain_scene(40, [("sensor", "node"), ("node", "user")])
    stages = SIX | {"decide": delay(LogNormal(median=5.0, sigma=0.5))}
    chain = chain_of(stages, ("node",), edge_s=60.0)
    assert list(chain.macros(scene)) == ["decide_s"]
    healthy_s = np.tile([0.1, 0.2], (40, 1))
    drawn = {"decide_s": rng.uniform(1, 20, 70).astype(np.float32)}
    healthy = values(chain, healthy_s, scene, drawn)
    rest_s = 4 + 0.2 + 0.3 + 2
    # Rounding of times up to 200 s.
    np.testing.assert_allclose(healthy["c_p50_s"], rest_s + drawn["decide_s"], atol=1e-12)
    np.testing.assert_allclose(healthy["c_stage_decide_s"], drawn["decide_s"], atol=1e-12)
    assert np.all(healthy["c_added_s"] == 0)
    # A path 1 s longer is 1 s added in every draw, whatever the draw decides.
    slower = values(chain, np.tile([0.1, 1.2], (70, 40, 1)), scene, drawn, healthy_s)
    np.testing.assert_allclose(slower["c_added_s"], 1.0, atol=1e-12)


def test_draws_are_scored_alike_in_blocks_of_any_width(chain_scene):
    rng = np.random.default_rng(17)
    scene = chain_scene(97, [("sensor", "a"), ("a", "user"), ("sensor", "b"), ("b", "user")])
    chain = chain_of(SIX | {"decide": delay(LogNormal(median=5.0, sigma=0.5))}, ("a", "b"))
    latency_s = random_latency_s(rng, (96, 97, 4)).astype(np.float32)
    healthy = Series(random_latency_s(rng, (1, 97, 4)).astype(np.float32), None)
    decide_s = rng.uniform(1, 20, 96).astype(np.float32)

    def score(rows):
        return chain.score(
            Series(latency_s[rows], None), healthy, scene, {"decide_s": decide_s[rows]}
        )

    whole = score(slice(None))
    for width in (1, 32, 40):
        for first in range(0, 80, width):
            rows = slice(first, first + width)
            for name, found in score(rows).items():
                np.testing.assert_array_equal(found, whole[name][rows])


def test_the_budget_adds_up_to_the_time_of_what_arrives(chain_scene):
    rng = np.random.default_rng(19)
    scene = chain_scene(60, [("sensor", "node"), ("node", "user")])
    latency_s = random_latency_s(rng, (60, 2))
    chain = chain_of(SIX, ("node",))
    found = values(chain, latency_s, scene)
    series = Series(latency_s[None], None)
    took_s = [chain.steps(series, scene, {}, k)[-1].done_s - STEP_S * k for k in range(60)]
    parts_s = found["c_waiting_s"] + sum(found[f"c_stage_{name}_s"] for name in SIX)
    assert parts_s == pytest.approx(np.mean([t for t in took_s if np.isfinite(t)]), abs=1e-10)
    assert found["c_undelivered"] == np.mean(np.isinf(took_s)) > 0


def test_what_does_not_fit_the_flows_is_told(chain_scene):
    flows = chain_scene(3, [("sensor", "a"), ("a", "user"), ("sensor", "b")]).flows
    assert chain_of(SIX, ("a",)).misfit_flows(flows, SITES) == []
    (missing,) = chain_of(SIX, ("a", "b")).misfit_flows(flows, SITES)
    assert missing.startswith("stages.to_user.flow: no flow is [b, user]; there are [sensor, a], ")
    jump = chain_of({"one": transport(("sensor", "b")), "two": transport(("a", "user"))})
    (apart,) = jump.misfit_flows(flows, SITES)
    assert apart.startswith("stages.two.flow: it begins at a, but the message is at b")
    assert chain_of({"by_name": transport("flow 1")}).misfit_flows(flows, SITES) == []
    assert len(chain_of({"by_name": transport("flow 9")}).misfit_flows(flows, SITES)) == 1


@pytest.mark.parametrize(
    "chain, words",
    [
        (chain_of({}), "c.stages: none given"),
        (chain_of({"last mile": delay(1.0)}), "'last mile' names a chain or a stage"),
        (chain_of(SIX, None), "c.via: none given, but a flow says via"),
        (chain_of({"detect": delay(1.0)}, ("a",)), "c.via: given, but no flow says via"),
        (chain_of({"detect": delay(1.0)}, percentiles=(0,)), "c.percentiles: 0 was given"),
    ],
)
def test_faults_of_a_chain_are_told(chain, words):
    (problem,) = chain.problems()
    assert words in problem
