"""What routes meet: every block against traces of single draws, policy by policy."""

import numpy as np
import pytest

from sdn_mc import engine
from sdn_mc.core.constants import S_PER_H
from sdn_mc.core.outage import DELAYS, LOSES, TAMPERS
from sdn_mc.runner.losses import met_on
from sdn_mc.runner.trace import best_walk, moment_of
from tests.engine.scenarios import FOUR_PLANES, GRID
from tests.small_run import SIX_INSTANTS, small_run

WORDS = (
    "threats=[satellite_failure,false_data,compromise]",
    "threats.satellite_failure.rate_per_year=200",
    "threats.satellite_failure.replacement_d=0.2",
    "threats.false_data.share=0.1",
    "threats.compromise.does=delays",
    "threats.compromise.rate_per_h=3",
    "metrics=[integrity,latency,hops]",
    "flows.flows=[[[London,Paris],[New York,Tokyo]],[Sao Paulo,Dubai],[London,Nairobi]]",
)
PLAIN = (*WORDS[1:3], "threats=[satellite_failure]", WORDS[-1])
FROZEN = (
    "threats=[satellite_failure,false_data,compromise,control_plane_fault]",
    "threats.control_plane_fault.mode=freeze",
    "threats.false_data.share=0.4",
    "threats.compromise.rate_per_h=30",
)
EPISODE = (
    *("times=episode", "times.before_h=0.1", "times.horizon_h=0.5", "times.step_s=120"),
    "times.n_epoch=1",
)
POLICIES = {
    "routes of earlier": FROZEN,
    "ideal": (),
    "with reactions": ("threats=[satellite_failure,false_data,compromise,reacquisition]",),
    "ideal, other solver": ("solver=xla_int32",),
    "lagged": ("routing=lagged", "routing.lag_s=3000"),
    "static": ("routing=static",),
    "disjoint backup": ("routing=disjoint_backup", "access=best_elevation"),
}
N_DRAW = 64


def of_four_planes(*overrides, times=SIX_INSTANTS):
    return small_run(*FOUR_PLANES, *GRID, *overrides, times=times)


@pytest.mark.parametrize("policy", POLICIES)
def test_messages_are_late_or_altered_where_a_trace_of_the_route_says_so(policy):
    frozen = POLICIES[policy] == FROZEN
    run = of_four_planes(*WORDS, *POLICIES[policy], times=EPISODE if frozen else SIX_INSTANTS)
    series = engine.run_block(run, 0, N_DRAW).series["attacked"]
    seen = {TAMPERS: 0, DELAYS: 0, LOSES: 0}
    for draw in range(0, N_DRAW, 9):
        for time in range(len(run.scenes[0].time_s)):
            moment = moment_of(run, run.columns[0], draw, time)
            for flow in range(run.flows.n_flow):
                walk = best_walk(moment, flow, moment.masks)
                latency_s = series.latency_s[draw, time, flow]
                if walk is None or not walk.delivered:
                    seen[LOSES] += 1
                    assert np.isinf(latency_s) and not series.tampered[draw, time, flow]
                    continue
                met = met_on(moment.lost, walk)
                alters = any(each.does == TAMPERS for each in met)
                held_s = sum(each.delay_s for each in met if each.does == DELAYS)
                assert series.tampered[draw, time, flow] == alters
                # float32 sums near 5 s.
                assert abs(latency_s - (walk.latency_s + held_s)) < 1e-6
                seen[TAMPERS] += alters
                seen[DELAYS] += held_s > 0
    assert min(seen.values()) > 5


def test_what_is_met_changes_no_route_and_only_where_it_acts():
    """Latency less what holds messages, and delivery, are those of a run without."""
    plain = of_four_planes(*PLAIN, "metrics=[latency]")
    marked = of_four_planes(*WORDS, "threats.compromise.delay_s=0")
    one, other = (engine.run_block(run, 0, N_DRAW).series["attacked"] for run in (plain, marked))
    assert one.tampered is None and other.tampered.any()
    isolated = other.latency_s != one.latency_s  # false sources, or honest ones, that were isolated
    assert np.all(other.latency_s >= one.latency_s) and 0 < isolated.mean() < 0.5
    never = "threats.false_data.detection=0", "threats.false_data.false_quarantine=0"
    without = of_four_planes(*WORDS, "threats.compromise.delay_s=0", *never)
    same = engine.run_block(without, 0, N_DRAW).series["attacked"]
    assert np.array_equal(same.latency_s, one.latency_s) and same.tampered.any()


def test_where_nobody_asks_nothing_is_asked_of_the_routes():
    run = of_four_planes(*WORDS, "metrics=[availability]")
    assert engine.run_block(run, 0, 32).series["attacked"].tampered is None
    assert [mark.delay_s is None for mark in _marks(run)] == [False]
    run = of_four_planes(*WORDS, "metrics=[availability]", "store.paths=none")
    assert _marks(run) == []
    run = of_four_planes(*WORDS)
    assert [mark.delay_s is None for mark in _marks(run)] == [True, False]


def _marks(run):
    _, outages = engine.sample_draws(run, 0, np.arange(32, dtype=np.uint32))
    return engine.marks_at(run, 0, outages, 32)["attacked"]


@pytest.mark.parametrize("response", ["patch", "quarantine"])
def test_a_compromised_satellite_acts_until_it_is_isolated_or_clean(response):
    """The same draws as when it drops: what it did then is now split in two."""
    words = ("threats=[compromise]", f"threats.compromise.response={response}")
    _, drops = engine.sample_draws(small_run(*words), 0, np.arange(256, dtype=np.uint32))
    run = small_run(*words, "threats.compromise.does=tampers")
    _, alters = engine.sample_draws(run, 0, np.arange(256, dtype=np.uint32))
    (dropped,), (acting, *rest) = drops["compromise"], alters["compromise"]
    assert acting.does == TAMPERS
    assert np.array_equal(acting.start_s, dropped.start_s)
    if response == "patch":
        assert not rest and np.array_equal(acting.end_s, dropped.end_s)
        return
    (isolated,) = rest
    ends = {}
    for part in (acting, isolated):
        for row in zip(part.entity, part.draw, part.start_s, part.end_s, strict=True):
            ends.setdefault(row[:2], []).append(row[2:])
    for who in zip(dropped.entity, dropped.draw, dropped.end_s, strict=True):
        if who[2] < 24 * S_PER_H:  # isolations from beyond the scene are left out
            (_, until), (since, end) = ends[who[:2]]
            assert until == since and end == who[2]
