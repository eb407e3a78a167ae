"""Policies in whole blocks: fixed routes by other means, and what each may never beat."""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import numpy as np
import pytest

from sdn_mc import engine
from sdn_mc.core.network import Masks, Network, Routes
from sdn_mc.routing import fixed_routes, fixed_routes_kernel
from sdn_mc.routing.reachability import Reachability
from sdn_mc.runner import prepare
from tests.engine import by_hand
from tests.engine.scenarios import everything_at_once, often
from tests.small_run import small_job, small_run

N_DRAW = 40
SOME = (0, 7, 31, 32, 39)
ROUNDING_S = 1e-7  # ticks of 2 ns round each leg by 1 ns, float32 seconds step by 1.5e-8
POLICIES = {
    "static": ("routing=static",),
    "no satellite": ("routing=disjoint_backup",),
    "no link": ("routing=disjoint_backup", "routing.disjoint=links"),
    "ideal": ("routing=ideal",),
    "lagged": ("routing=lagged", "routing.lag_s=3000"),
}
ANYCAST = "flows.flows=[[[London,Paris],[New York,Tokyo]],[Sao Paulo,Dubai],[London,Nairobi]]"
WITH_HOPS = "metrics=[availability,hops]"
WORLDS = {
    "any satellite": (),
    "the best satellite": ("access=best_elevation",),
    "neighbours that change": ("topology=nearest",),
}


@pytest.mark.parametrize("world", WORLDS)
def test_static_routing_delivers_where_the_healthy_route_is_still_up(world):
    """Paths of the undamaged mesh by Dijkstra on a graph made by hand; every leg must be up."""
    grid: dict[str, Any] = {"grid": ()} if "topology=nearest" in WORLDS[world] else {}
    run = often("routing=static", ANYCAST, WITH_HOPS, *WORLDS[world], **grid)
    scene, flows, causes = run.scenes[0], run.flows, run.columns[0].causes
    found = engine.run_block(run, 0, N_DRAW).series["attacked"]
    outages = engine.sample_draws(run, 0, np.arange(64, dtype=np.uint32))[1]
    n_held = n_cut = 0
    for draw in SOME:
        drawn = by_hand.drawn_in(outages, draw)
        for t, at_s in enumerate(scene.time_s):
            healthy, now = (by_hand.up_at(scene, drawn, c, t, at_s) for c in ((), causes))
            for flow in range(flows.n_flow):
                own = flows.pair_flow == flow
                ends = zip(flows.pair_source[own], flows.pair_destination[own], strict=True)
                routes = [r for pair in ends if (r := by_hand.shortest(scene, healthy, t, *pair))]
                held = [route for route in routes if by_hand.holds(route, now)]
                latency_s = found.latency_s[draw, t, flow]
                n_held, n_cut = n_held + bool(held), n_cut + (not held and bool(routes))
                if not held:
                    assert np.isinf(latency_s)
                    continue
                best = min(held, key=lambda route: route.latency_s)
                assert abs(latency_s - best.latency_s) < ROUNDING_S
                assert found.hops[draw, t, flow] == len(best.sat) - 1
    assert n_held > 5 and n_cut > 5


@pytest.fixture(scope="module")
def blocks(tmp_path_factory):
    """All kinds of cause, lasers that turn, the best satellite in view: a block of every policy."""
    folder, found = tmp_path_factory.mktemp("losses"), {}
    for name, words in POLICIES.items():
        run = everything_at_once(folder, ANYCAST, WITH_HOPS, *words)
        found[name] = run, engine.run_block(run, 0, N_DRAW).series
    return found


def test_nobody_beats_ideal_routing_nor_does_a_backup_harm(blocks):
    """Draw by draw, time by time. Lagged routing has draws of its own: laws begin a lag earlier."""
    for column in ("everything", "satellites", "given"):
        latency_s = {name: series[column].latency_s for name, (_, series) in blocks.items()}
        for name in POLICIES:
            assert name == "lagged" or np.all(latency_s["ideal"] <= latency_s[name])
        for backup in ("no satellite", "no link"):
            assert np.all(latency_s[backup] <= latency_s["static"])
            assert np.any(latency_s[backup] < latency_s["static"])


def test_without_losses_all_policies_are_one(blocks):
    ideal_run, ideal = blocks["ideal"]
    assert np.isfinite(ideal["nothing"].latency_s).mean() > 0.1
    for run, series in blocks.values():
        pairs = (series["nothing"], ideal["nothing"]), (run.healthy[0], ideal_run.healthy[0])
        for own, other in pairs:
            assert np.array_equal(own.latency_s, other.latency_s)
            assert np.array_equal(own.hops, other.hops)


@pytest.mark.parametrize("solver", ["pull_push", "xla_int32"])
def test_without_a_lag_lagged_routing_is_ideal(tmp_path, solver):
    lagged, ideal = (
        engine.run_block(everything_at_once(tmp_path, f"solver={solver}", *words), 0, 32)
        for words in (("routing=lagged", "routing.lag_s=0"), ("routing=ideal",))
    )
    for name, series in lagged.series.items():
        assert np.array_equal(series.latency_s, ideal.series[name].latency_s)


@pytest.mark.parametrize("name", POLICIES)
def test_where_no_latency_is_asked_for_delivery_is_the_same(name):
    """A solver that tells only finite or not is taken where the policy can do with it."""
    words = *POLICIES[name], "solver=auto", "threats=[satellite_failure]"
    words = *words, "threats.satellite_failure.rate_per_year=300"
    without = prepare(small_job(*words, "store.paths=none"))
    assert isinstance(without.solver, Reachability) == (name == "ideal")
    one, other = (engine.run_block(run, 0, 64) for run in (without, small_run(*words)))
    found, same = (np.isfinite(b.series["attacked"].latency_s) for b in (one, other))
    assert np.array_equal(found, same) and found.any()


def test_numbers_epochs_and_strengths_compile_no_fixed_route_anew():
    times = "times.count=6", "times.n_epoch=3"

    def compiled(*overrides: str) -> tuple[int, ...]:
        for solver in ("pull_push", "xla_int32"):
            words = f"solver={solver}", "routing=disjoint_backup", "threats=[link_loss]"
            run = small_run(*words, *overrides, times=times)
            for epoch in range(3):
                engine.run_block(run, 256 * epoch, 32)
        compiled_code = fixed_routes_kernel.find_routes, fixed_routes_kernel.find_held
        return (
            *(len(function.signatures) for function in compiled_code),
            fixed_routes._held_on_device._cache_size(),
        )

    before = compiled()
    assert all(count > 0 for count in before)
    assert compiled("threats.link_loss.probability=0.3") == before
    assert compiled("access.min_elevation_deg=12", "seed=5") == before


class OldestNews(eqx.Module):
    """A policy of a user's own: routes on the oldest of three states, held to the present."""

    ages_s: tuple[float, ...] = (0.0, 100.0, 3000.0)

    def prepare(self, network: Network, solver: Any, undamaged: Masks) -> Any:
        return solver.prepare(network)

    def route(self, solver: Any, plan: Any, masks: Sequence[Masks], walk: bool) -> Routes:
        now, recent, oldest = masks
        assert len({id(each) for each in (now, recent, oldest)}) in (1, 3)  # 1: undamaged
        return solver.solve(plan, oldest, None if oldest is now else now, walk)


def test_a_policy_of_ones_own_needs_no_change_elsewhere():
    struck = "threats=[satellite_failure]", "threats.satellite_failure.rate_per_year=3000"
    job = small_job(*struck, "threats.satellite_failure.replacement_d=0.02", "solver=pull_push")
    job.parts["routing"] = OldestNews()
    own = engine.run_block(prepare(job), 0, 64).series["attacked"]
    job.parts["routing"] = small_job("routing=lagged", "routing.lag_s=3000").parts["routing"]
    lagged = engine.run_block(prepare(job), 0, 64).series["attacked"]
    assert np.array_equal(own.latency_s, lagged.latency_s)
    assert 0 < np.isfinite(own.latency_s).mean() < 1
