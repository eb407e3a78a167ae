"""Vertex elimination against scipy, and bit for bit against the sweeps; its parts by hand."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import jax
import numpy as np
import pytest

from scripts.bench import problem
from sdn_mc.core.network import DrawMasks, Masks, Network
from sdn_mc.core.problems import InputError
from sdn_mc.graph import shortest_delay_s
from sdn_mc.routing import auto, elimination_order
from sdn_mc.routing.auto import Auto
from sdn_mc.routing.elimination import Elimination
from sdn_mc.routing.elimination_order import find_order, graph_of
from sdn_mc.routing.elimination_partitioner import partitioned
from sdn_mc.routing.elimination_program import program_of
from sdn_mc.routing.elimination_tree import tree_of
from sdn_mc.routing.jacobi import XlaJacobi
from sdn_mc.routing.pull_push import PullPush
from sdn_mc.routing.walk import walk_one
from tests.orbit_fleets import read_sets, real_fleet
from tests.routing_graphs import answers, irregular, pack, plus_grid, random_flags

ELIMINATION = Elimination(block_draws=64, most_relaxations=10**8)
PULL_PUSH = PullPush(block_draws=64)
INT32 = XlaJacobi(precision="int32", block_draws=64)


def solve(solver, network, masks, truth=None, walk=False):
    return solver.solve(solver.prepare(network), masks, truth, walk)


def assert_same_bits(one, other):
    for name, value in one.__dict__.items():
        assert value is None or value.tobytes() == getattr(other, name).tobytes(), name


def assert_matches_scipy(routes, network, link_up, access_up):
    for time in range(len(link_up)):
        for draw in range(0, link_up.shape[-1], 8):
            up = link_up[time, ..., draw], access_up[time, ..., draw]
            exact = shortest_delay_s(network, time, *up)[network.pair_source, network.pair_site]
            found = routes.latency_s[time, :, draw]
            assert (np.isfinite(found) == np.isfinite(exact)).all()
            reached = np.isfinite(exact)
            error = np.abs(found[reached] - exact[reached])
            hops = routes.hops[time, :, draw][reached]
            # Half a tick (1 ns) for each link and both access links, and the float32 rounding.
            assert (error <= (hops + 2) * 1e-9 + exact[reached] * 2.0**-24).all()


def check(network, link_up, access_up):
    """Elimination with and without the walk, against scipy and against the sweeps."""
    masks = pack(link_up, access_up)
    truth = pack(*(np.roll(flags, 1, axis=-1) for flags in (link_up, access_up)))
    plan = ELIMINATION.prepare(network)
    walked = ELIMINATION.solve(plan, masks, truth, True)
    assert_same_bits(walked, solve(PULL_PUSH, network, masks, truth, True))
    plain = ELIMINATION.solve(plan, masks, None, False)
    assert plain.hops is None and plain.delivered is None
    assert plain.latency_s.tobytes() == walked.latency_s.tobytes()
    assert_matches_scipy(walked, network, link_up, access_up)
    return walked


def test_many_sources_are_taken_in_tiles_and_keep_the_bits():
    base, slot_link = plus_grid(6, 7, False)
    rng = np.random.default_rng(8)
    n_source, n_site = 45, 50
    access_sat = rng.integers(0, 42, (2, n_site, 3)).astype(np.int32)
    pairs = [(a, int(b)) for a in range(n_source) for b in rng.choice(n_site, 2, replace=False)]
    network = Network(
        neighbour=base.neighbour,
        delay_s=base.delay_s,
        access_sat=access_sat,
        access_delay_s=rng.uniform(1e-3, 5e-3, access_sat.shape),
        source=np.arange(n_source, dtype=np.int32),
        pair_source=np.array([a for a, _ in pairs], np.int32),
        pair_site=np.array([b for _, b in pairs], np.int32),
    )
    masks = pack(*random_flags(network, slot_link, 64, 0.2, 1))
    truth = pack(*random_flags(network, slot_link, 64, 0.2, 2))
    (stretch,) = ELIMINATION.prepare(network).stretches
    assert len(stretch.tile_source) > 2
    assert_same_bits(solve(ELIMINATION, network, masks), solve(PULL_PUSH, network, masks))
    walked = solve(ELIMINATION, network, masks, truth, walk=True)
    assert_same_bits(walked, solve(PULL_PUSH, network, masks, truth, walk=True))


@pytest.mark.parametrize("loss", [0.0, 0.05, 0.5])
def test_random_irregular_graphs_match_scipy_and_the_sweeps_bit_for_bit(loss):
    n_reached = 0
    for seed in range(20):
        network, slot_link = irregular(seed)
        routes = check(network, *random_flags(network, slot_link, 32, loss, seed + 100))
        n_reached += np.isfinite(routes.latency_s).sum()
    assert n_reached > 500  # of some 7,000: half of the links are gone


@pytest.mark.parametrize("equal_delay", [False, True])
@pytest.mark.parametrize("loss", [0.05, 0.3])
def test_a_torus_matches_scipy_and_the_sweeps_bit_for_bit(equal_delay, loss):
    network, slot_link = plus_grid(8, 9, equal_delay)
    routes = check(network, *random_flags(network, slot_link, 64, loss, 2))
    assert np.isfinite(routes.latency_s).mean() > 0.5


def test_a_grid_with_a_seam_matches_scipy_and_the_sweeps_bit_for_bit():
    """Planes closed, the last one not joined to the first: a polar constellation."""
    network, slot_link = plus_grid(7, 11, False)
    seam = np.zeros(slot_link.max() + 2, bool)
    seam[77 + 66 : 77 + 77] = True  # the last of the seven groups of links across
    seam[-1] = False
    delay_s = np.where(seam[slot_link], np.inf, network.delay_s)
    assert np.isfinite(delay_s).sum() == network.delay_s.size - 2 * 2 * 11
    network = Network(**(network.__dict__ | {"delay_s": delay_s}))
    check(network, *random_flags(network, slot_link, 32, 0.1, 3))


@pytest.mark.parametrize("name", ["iridium-next", "kuiper"])
def test_a_planned_mesh_of_a_real_fleet_gives_the_bits_of_the_sweeps(name, shared_data):
    from sdn_mc.topology.planned import Planned

    mesh = Planned(
        terminals=4, max_range_km=5400.0, grazing_km=80.0, max_rate_deg_s=1.0, least_km=50.0,
        horizon_s=7200.0, fill="on", inter_shell_share=0.0, mend="fixed", skip=2,
        retarget_s=100.0,
    )  # fmt: skip
    links = mesh.build(*real_fleet(read_sets(shared_data, name), np.array([0.0, 600.0])))
    rng = np.random.default_rng(1)
    neighbour, delay_s = links.neighbour, links.delay_s
    n_time, n_sat, _ = delay_s.shape
    serving = np.flatnonzero(np.isfinite(delay_s).any(axis=(0, 2)))
    network = Network(
        neighbour=neighbour,
        delay_s=delay_s,
        access_sat=rng.choice(serving, (n_time, 6, 8)).astype(np.int32),
        access_delay_s=rng.uniform(2e-3, 6e-3, (n_time, 6, 8)),
        source=np.arange(3, dtype=np.int32),
        pair_source=np.repeat(np.arange(3), 3).astype(np.int32),
        pair_site=np.tile(np.arange(3, 6), 3).astype(np.int32),
    )
    ends = np.sort(np.stack([np.broadcast_to(np.arange(n_sat)[:, None], neighbour.shape),
                             neighbour]), axis=0)  # fmt: skip
    slot_link = np.unique(ends[0] * n_sat + ends[1], return_inverse=True)[1]
    slot_link = slot_link.reshape(neighbour.shape)
    routes = check(network, *random_flags(network, slot_link, 32, 0.05, 4))
    assert np.isfinite(routes.latency_s).any()


def test_the_walk_passes_the_nodes_of_the_reference():
    """Delivery under other losses than routing knows tells one route from another."""
    network, slot_link = plus_grid(5, 6, True)  # equal delays: ties on every route
    known = random_flags(network, slot_link, 32, 0.05, 3)
    true = random_flags(network, slot_link, 32, 0.1, 4)
    routes = solve(ELIMINATION, network, pack(*known), pack(*true), True)
    for time in range(2):
        for pair in range(len(network.pair_site)):
            for draw in range(32):
                up = (
                    DrawMasks(f[0][time, ..., draw], f[1][time, ..., draw]) for f in (known, true)
                )
                walk = walk_one(network, time, pair, *up)
                at = time, pair, draw
                assert routes.hops[at] == (-1 if walk is None else walk.hops)
                assert routes.delivered[at] == (walk is not None and walk.delivered)


def test_neighbours_that_change_with_time_match_the_portable_solver():
    parts = [plus_grid(5, 6, False), plus_grid(6, 5, False)]
    (first, _), (second, _) = parts
    network = Network(
        neighbour=np.stack([first.neighbour, first.neighbour, second.neighbour]),
        delay_s=np.concatenate([first.delay_s, second.delay_s[:1]]),
        access_sat=np.concatenate([first.access_sat, second.access_sat[:1]]),
        access_delay_s=np.concatenate([first.access_delay_s, second.access_delay_s[:1]]),
        source=first.source,
        pair_source=first.pair_source,
        pair_site=first.pair_site,
    )
    flags = [random_flags(part, slot_link, 32, 0.2, 4) for part, slot_link in parts]
    link_up, access_up = (np.concatenate([a, b[:1]]) for a, b in zip(*flags, strict=True))
    masks = pack(link_up, access_up)
    assert len(ELIMINATION.prepare(network).stretches) == 2
    eliminated = solve(ELIMINATION, network, masks, masks, True)
    assert_same_bits(eliminated, solve(INT32, network, masks, masks, True))


def test_blocks_and_threads_give_the_same_bits():
    network, slot_link = plus_grid(8, 9, True)
    masks = pack(*random_flags(network, slot_link, 128, 0.2, 8))
    plan = ELIMINATION.prepare(network)
    whole = ELIMINATION.solve(plan, masks, masks, True)

    def block(first_word):
        at = np.s_[:, first_word : first_word + 1]
        part = Masks(masks.link_up[at], masks.access_up[at])
        return ELIMINATION.solve(plan, part, part, True)

    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(block, range(4)))
    for name, value in answers(whole).items():
        joined = np.concatenate([getattr(part, name) for part in parts], axis=-1)
        assert joined.tobytes() == value.tobytes()


def test_a_row_of_satellites_eliminates_without_fill():
    """From its ends inwards a chain needs one relaxation a satellite: n - 2 of them."""
    n_sat = 50
    neighbour = np.stack([np.arange(n_sat) - 1, np.arange(n_sat) + 1], 1).astype(np.int32)
    linked = (neighbour >= 0) & (neighbour < n_sat)
    neighbour = np.where(linked, neighbour, np.arange(n_sat)[:, None]).astype(np.int32)
    graph = graph_of(neighbour, linked)
    order = find_order(graph, 10**6)
    assert order is not None and order.n_relaxation == 0  # minimum degree peels the ends off
    tree = tree_of(graph, order)
    assert sorted(tree.sat.tolist()) == list(range(n_sat))
    assert np.diff(tree.start).max() == 1 and len(tree.upper) == n_sat - 1
    program = program_of(tree, neighbour, linked)
    assert program.n_link.sum() == n_sat - 1


def six_shells_and_few_links_between():
    """The benchmark's 10,076 satellites, with one in twenty of the links between its shells."""
    network = problem.network_of(10076, 1)
    own = np.arange(10076)
    ends = np.minimum(own, network.neighbour[:, 4])  # the fifth terminal's, for both ends alike
    delay_s = network.delay_s.copy()
    delay_s[0, np.random.default_rng(0).random(10076)[ends] > 0.05, 4] = np.inf
    return dataclasses.replace(network, delay_s=delay_s)


def test_a_partitioner_saves_relaxations_where_few_links_join_parts_and_changes_no_bit(monkeypatch):
    pytest.importorskip("pymetis", reason="there is no wheel of pymetis for this machine")
    network = six_shells_and_few_links_between()
    masks = problem.draws_of(network, 0.05, 32, 1).masks
    graph = graph_of(network.neighbour, np.isfinite(network.delay_s[0]))
    assert sorted(partitioned(graph.start, graph.far).tolist()) == list(range(10076))
    with_it, routes = find_order(graph, 10**9), solve(ELIMINATION, network, masks)
    monkeypatch.setattr(elimination_order, "partitioned", lambda *_: None)
    without = find_order(graph, 10**9)
    assert with_it.n_relaxation < 0.7 * without.n_relaxation  # 5.8 million against 10.9
    assert_same_bits(solve(ELIMINATION, network, masks), routes)


def test_the_symbolic_step_finds_the_neighbours_that_elimination_leaves():
    """Against elimination by sets, on random graphs."""
    for seed in range(5):
        network, _ = irregular(seed + 50)
        here = network.neighbour
        linked = np.isfinite(network.delay_s).any(axis=0)
        graph = graph_of(here, linked)
        order = find_order(graph, 10**6)
        tree = tree_of(graph, order)
        adjacent = {i: set() for i in range(len(here))}
        for sat, port in zip(*np.nonzero(linked), strict=True):
            adjacent[int(tree.rank[sat])].add(int(tree.rank[here[sat, port]]))
        n_relaxation = 0
        for rank in range(len(here)):
            upper = adjacent.pop(rank)
            assert tree.upper[tree.start[rank] : tree.start[rank + 1]].tolist() == sorted(upper)
            n_relaxation += len(upper) * (len(upper) - 1) // 2
            for other in upper:
                adjacent[other] = (adjacent[other] | upper) - {rank, other}
        assert n_relaxation == order.n_relaxation


@pytest.mark.slow  # compiles the kernel anew, for wide row numbers
def test_wide_row_numbers_give_the_same_bits(monkeypatch):
    """Programs of more than 65,535 rows number them in four bytes."""
    monkeypatch.setattr("sdn_mc.routing.elimination_program.LARGEST_UINT16", 0)
    network, slot_link = plus_grid(8, 9, False)
    assert ELIMINATION.prepare(network).stretches[0].program.target.dtype == np.int32
    check(network, *random_flags(network, slot_link, 32, 0.2, 2))


def test_a_mesh_that_fills_up_is_refused_and_says_what_to_do():
    network, _ = plus_grid(8, 9, False)
    with pytest.raises(InputError, match=r"most_relaxations = 100 .*solver=pull_push"):
        Elimination(block_draws=64, most_relaxations=100).prepare(network)


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="the choice is the CPU's")
def test_auto_chooses_by_counting_relaxations(monkeypatch):
    solver = Auto(cpu_block_draws=64, accelerator_block_draws=256)
    network, slot_link = plus_grid(8, 9, False)
    masks = pack(*random_flags(network, slot_link, 32, 0.1, 1))
    expected = solve(PULL_PUSH, network, masks, masks, True)
    counted = ELIMINATION.prepare(network)
    per_sweep = network.delay_s[0].size * len(network.source)
    just_enough = -(-counted.n_relaxation // per_sweep)
    assert counted.n_relaxation + counted.n_back_relaxation > just_enough * per_sweep
    choices = {
        0: (PullPush, PullPush),
        just_enough: (Elimination, PullPush),
        100: (Elimination, Elimination),
    }
    for sweeps, kinds in choices.items():
        monkeypatch.setattr(auto, "EXPECTED_SWEEPS", sweeps)
        plan = solver.prepare(network)
        assert (type(plan.latency.solver), type(plan.walk.solver)) == kinds
        assert_same_bits(solver.solve(plan, masks, masks, True), expected)
        plain = solver.solve(plan, masks, None, False)
        assert plain.latency_s.tobytes() == expected.latency_s.tobytes()
