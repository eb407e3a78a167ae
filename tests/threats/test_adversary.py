"""The adversary's rankings against counts done one path at a time, and what it then removes."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sdn_mc import engine
from sdn_mc.core.problems import InputError
from sdn_mc.core.selection import largest
from sdn_mc.engine import Prepared
from sdn_mc.threats.rankings import Left, Mesh, Ranking, betweenness, scores_of
from tests.engine import by_hand
from tests.engine.scenarios import FOUR_PLANES, GRID
from tests.small_run import small_run

N_DRAW = 4096


def run_with(*words: str, more: tuple[str, ...] = ()) -> Prepared:
    """Four planes of six; three flows."""
    settings = [f"threats.adversary.{word}" for word in words]
    return small_run(*FOUR_PLANES, *GRID, "threats=[adversary]", *settings, *more)


def removed(run: Prepared, draws: np.ndarray) -> np.ndarray:
    """What is removed [thing, draw]."""
    _, outages = engine.sample_draws(run, 0, draws.astype(np.uint32))
    (part,) = outages["adversary"]
    found = np.zeros((part.n_entity, len(draws)), bool)
    found[part.entity, part.draw] = True
    return found


def all_left(run: Prepared) -> Left:
    links = run.scenes[0].links
    shape = run.fleet.n_sat, links.n_terminal
    return Left(np.ones(shape[0], bool), np.ones(shape, bool), np.ones(run.sites.n_site, bool))


def random_mesh(seed: int, n_sat: int = 9, n_port: int = 4) -> Mesh:
    """Random links between free ports, some between the same two satellites; some are down."""
    rng = np.random.default_rng(seed)
    neighbour = np.repeat(np.arange(n_sat)[:, None], n_port, axis=1)
    peer = np.tile(np.arange(n_port), (n_sat, 1))
    up = np.zeros((n_sat, n_port), bool)
    free = [(a, p) for a in range(n_sat) for p in range(n_port)]
    rng.shuffle(free)
    for (a, p), (b, q) in zip(free[::2], free[1::2], strict=True):
        if a != b:
            neighbour[a, p], peer[a, p], neighbour[b, q], peer[b, q] = b, q, a, p
            up[a, p] = up[b, q] = rng.random() < 0.8
    return Mesh(neighbour, peer, up, np.where(up, 1.0, np.inf))


def paths_of(mesh: Mesh, source: int, target: int) -> list[list[tuple[int, int]]]:
    """Every shortest path in hops, as the slots it leaves by."""
    paths: list[list[tuple[int, int]]] = [[]]
    for _ in range(len(mesh.up)):
        longer = []
        for path in paths:
            at = mesh.neighbour[path[-1]] if path else source
            longer += [[*path, (int(at), int(p))] for p in np.flatnonzero(mesh.up[at])]
        paths = longer
        if done := [path for path in paths if mesh.neighbour[path[-1]] == target]:
            return done
    return []


@pytest.mark.parametrize("seed", range(4))
def test_betweenness_is_the_share_of_all_shortest_paths(seed):
    mesh = random_mesh(seed)
    n_sat = len(mesh.up)
    of_sat, of_slot = np.zeros(n_sat), np.zeros(mesh.up.shape)
    for source, target in itertools.combinations(range(n_sat), 2):
        paths = paths_of(mesh, source, target)
        for path in paths:
            for k, (sat, port) in enumerate(path):
                of_sat[sat] += (k > 0) / len(paths)
                of_slot[sat, port] += 1 / len(paths)
                of_slot[mesh.neighbour[sat, port], mesh.peer[sat, port]] += 1 / len(paths)
    found_sat, found_slot = betweenness(mesh)
    # Sums of some tens of numbers below 1e2 in float64.
    assert np.allclose(found_sat, of_sat, atol=1e-12) and of_sat.max() > 3
    assert np.allclose(found_slot, of_slot, atol=1e-12) and np.any(found_sat != found_sat[0])


@pytest.mark.parametrize("access", ["visible", "best_elevation"])
def test_service_counts_what_the_shortest_paths_of_the_flows_pass(access):
    anycast = "flows.flows=[[[London,Paris],[Tokyo,Rome]],[New York,London],[Sao Paulo,Tokyo]]"
    run = run_with("score=service", more=(anycast, f"access={access}"))
    scene, flows = run.scenes[0], run.flows
    everything = by_hand.up_at(scene, by_hand.drawn_in({}, 0), [], 0, 0.0)
    sat, site = np.zeros(run.fleet.n_sat), np.zeros(run.sites.n_site)
    terminal = np.zeros((run.fleet.n_sat, 4))
    for time in range(len(scene.time_s)):
        up = by_hand.up_at(scene, by_hand.drawn_in({}, 0), [], time, 0.0)
        for flow in range(flows.n_flow):
            pairs = np.flatnonzero(flows.pair_flow == flow)
            ends = [(flows.pair_source[k], flows.pair_destination[k]) for k in pairs]
            routes = [by_hand.shortest(scene, up, time, *each) for each in ends]
            there = [(r.latency_s, k) for k, r in enumerate(routes) if r is not None]
            if not there:
                continue
            best = min(there)[1]
            site[list(ends[best])] += 1
            sat[routes[best].sat] += 1
            for a, p in routes[best].link:
                terminal[a, p] += 1
                terminal[scene.links.neighbour[a, p], scene.links.peer[a, p]] += 1
    found = scores_of(scene, "service", all_left(run))
    assert everything.link.any() and sat.max() > 2 and terminal.max() > 1
    assert np.array_equal(found.satellite, sat) and np.array_equal(found.site, site)
    assert np.array_equal(found.terminal, terminal.ravel())


@pytest.mark.parametrize("target", ["satellite", "terminal", "site"])
@pytest.mark.parametrize("sigma", [0.0, 0.7])
def test_exactly_as_many_are_removed_as_asked_for(target, sigma):
    for count in (0, 1, 5):
        run = run_with(f"target={target}", "score=service", f"count={count}", f"sigma={sigma}")
        found = removed(run, np.arange(64))
        assert np.all(found.sum(axis=0) == count)
        if sigma == 0:
            score = getattr(scores_of(run.scenes[0], "service", all_left(run)), target)
            best = np.argsort(-score, kind="stable")[:count]
            assert np.array_equal(np.flatnonzero(found[:, 0]), np.sort(best))
            assert np.all(found == found[:, :1])


def test_a_ranking_done_anew_is_that_of_what_is_left():
    run = run_with("score=degree", "recalculated=true", "count=6")
    links, left = run.scenes[0].links, np.ones(24, bool)
    for place in range(6):
        degree = np.sum(left[links.neighbour] & np.isfinite(links.delay_s[0]), axis=1)
        best = int(np.argmax(np.where(left, degree, -1)))
        assert run.tables[0]["adversary"].order[place] == best
        left[best] = False
    once = run_with("score=degree", "count=6").tables[0]["adversary"]
    assert not np.array_equal(once.order[:6], run.tables[0]["adversary"].order[:6])
    assert np.array_equal(removed(run, np.arange(32))[:, 5], ~left)


def test_an_adversary_that_errs_takes_the_worse_of_two_with_the_chance_of_its_error():
    """Of scores 3 and 1, each times exp(sigma z): the lower one seems higher with probability
    Phi(-log(3) / (sigma sqrt(2)))."""
    run = run_with("count=1", "sigma=1.2")
    two = Ranking(*(np.array(each, np.int32) for each in ([1, 0], [1, 0])), np.float32([3, 1]))
    keys = jax.random.split(jax.random.key(5), N_DRAW)

    def first_is_taken(key):
        threat, scene = run.system.threats["adversary"], run.scenes[0]
        macros = {"onset_s": jnp.float32(0)}
        (part,) = threat.sample(key, macros, scene, two).parts
        return part.start_s[:, 0] == 0

    taken = np.asarray(jax.vmap(first_is_taken)(keys))
    assert np.all(taken.sum(axis=1) == 1)
    exact = 0.5 * math.erfc(math.log(3) / (1.2 * math.sqrt(2)) / math.sqrt(2))
    assert abs(taken[:, 0].mean() - exact) < 4 * np.sqrt(exact * (1 - exact) / N_DRAW)


def test_the_largest_are_found_without_sorting():
    value = np.float32([0, 3, 1e-30, 3, 7, 0, 1, 3, 1e30, 0])
    order = np.argsort(-value, kind="stable")
    for count in range(13):
        expected = np.isin(np.arange(10), order[:count])
        assert np.array_equal(largest(jnp.asarray(value), jnp.int32(count)), expected)


def test_what_cannot_be_ranked_is_refused():
    with pytest.raises(InputError, match="sites never carry the traffic of others"):
        run_with("target=site", "score=betweenness")
    large = ("constellation.shells.shell.satellites=504", "constellation.shells.shell.planes=4")
    with pytest.raises(InputError, match="500 satellites at most, and the fleet has 504"):
        run_with("recalculated=true", more=large)
