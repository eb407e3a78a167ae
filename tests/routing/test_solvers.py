"""Solvers against scipy's Dijkstra, against each other, and against what no solver may do."""

from concurrent.futures import ThreadPoolExecutor

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdn_mc.core.network import Masks, Network
from sdn_mc.graph import shortest_delay_s
from sdn_mc.routing.auto import Auto
from sdn_mc.routing.jacobi import XlaJacobi
from sdn_mc.routing.pull_push import PullPush
from tests.routing_graphs import (
    answers,
    network_from_links,
    pack,
    plus_grid,
    random_flags,
    random_network,
)

PULL_PUSH = PullPush(block_draws=64)
INT32, FLOAT32, FLOAT64 = (
    XlaJacobi(precision=p, block_draws=64) for p in ("int32", "float32", "float64")
)


@pytest.fixture(autouse=True)
def _strict_promotion():
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        yield


def solve(solver, network, masks, truth=None, walk=True):
    return solver.solve(solver.prepare(network), masks, truth, walk)


def exact(network: Network, link_up, access_up) -> np.ndarray:
    """scipy in float64, [time, pair, draw]."""
    found = [
        [
            shortest_delay_s(network, t, link_up[t, ..., d], access_up[t, ..., d])[
                network.pair_source, network.pair_site
            ]
            for d in range(link_up.shape[-1])
        ]
        for t in range(len(link_up))
    ]
    return np.moveaxis(np.array(found), 1, -1)


def assert_agrees(latency_s, expected_s, hops, tolerance_s):
    reached = np.isfinite(expected_s)
    assert (np.isfinite(latency_s) == reached).all()
    assert ((hops >= 0) == reached).all()
    error = np.abs(latency_s[reached] - expected_s[reached])
    assert (error <= np.broadcast_to(tolerance_s, latency_s.shape)[reached]).all()


def tick_bound_s(hops, latency_s):
    """Half a tick (1 ns) for each link and both access links, and the last float32 rounding."""
    return (hops + 2) * 1e-9 + np.where(np.isfinite(latency_s), latency_s, 0) * 2.0**-24


def float32_bound_s(hops, latency_s):
    """Each of hops + 2 rounded delays and hops + 1 sums errs by at most 2^-24 of the result."""
    return (2 * hops + 3) * 2.0**-24 * np.where(np.isfinite(latency_s), latency_s, 0)


def check_all(network, link_up, access_up):
    masks, expected = pack(link_up, access_up), exact(network, link_up, access_up)
    compiled = solve(PULL_PUSH, network, masks, masks)
    portable = solve(INT32, network, masks, masks)
    for one, other in zip(answers(compiled).values(), answers(portable).values(), strict=True):
        assert one.dtype == other.dtype and (one == other).all()
    assert (compiled.delivered == np.isfinite(expected)).all()
    assert_agrees(
        compiled.latency_s, expected, compiled.hops, tick_bound_s(compiled.hops, expected)
    )
    single = solve(FLOAT32, network, masks)
    assert single.latency_s.dtype == np.float32
    assert_agrees(single.latency_s, expected, single.hops, float32_bound_s(single.hops, expected))
    double = solve(FLOAT64, network, masks)
    assert double.latency_s.dtype == np.float64
    # The same sums in another order: a few units in the last place of some 0.1 s.
    assert_agrees(double.latency_s, expected, double.hops, 1e-15)
    return compiled, expected


def test_three_satellites_by_hand():
    """Site 0 - sat 0 - sat 1 - sat 2 - site 1, and a slow link straight from sat 0 to sat 2.

    Draw 0, all up: 3 + 2 + 2 + 3 = 10 ms over three satellites, 2 hops.
    Draw 1, link 0-1 down: 3 + 9 + 3 = 15 ms, 1 hop. Draw 2, links 0-1 and 0-2 down: no path.
    """
    access_sat, access_s = np.array([[[0], [2]]]), np.full((1, 2, 1), 3e-3)
    network, slot_link = network_from_links(
        3, [(0, 1), (1, 2), (0, 2)], np.array([[2e-3, 2e-3, 9e-3]]), access_sat, access_s, [(0, 1)]
    )
    up = np.ones((1, 3, 32), bool)
    up[0, 0, 1] = up[0, 0, 2] = up[0, 2, 2] = False
    masks = pack(up[:, slot_link], np.ones((1, 2, 1, 32), bool))
    for solver in (PULL_PUSH, INT32, FLOAT32, FLOAT64):
        routes = solve(solver, network, masks, masks)
        # Whole ticks throughout; float32 sums err in the eighth digit.
        assert np.allclose(routes.latency_s[0, 0, :3], [10e-3, 15e-3, np.inf], rtol=3e-7)
        assert routes.hops[0, 0, :3].tolist() == [2, 1, -1]
        assert routes.delivered[0, 0, :3].tolist() == [True, True, False]


@settings(max_examples=8, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**31), loss=st.sampled_from([0.0, 0.05, 0.3, 0.7]))
def test_random_graphs_match_scipy(seed, loss):
    network, slot_link = random_network(seed)
    check_all(network, *random_flags(network, slot_link, 32, loss, seed + 1))


@pytest.mark.parametrize("equal_delay", [False, True])
@pytest.mark.parametrize("loss", [0.05, 0.3])
def test_plus_grid_matches_scipy(equal_delay, loss):
    network, slot_link = plus_grid(8, 9, equal_delay)
    _, expected = check_all(network, *random_flags(network, slot_link, 32, loss, 2))
    assert np.isfinite(expected).mean() > 0.5


def test_a_site_without_a_satellite_reaches_nothing():
    network, slot_link = plus_grid(4, 5, False)
    blind = network.access_delay_s.copy()
    blind[:, 0] = np.inf
    network = Network(**{**network.__dict__, "access_delay_s": blind})
    link_up, access_up = random_flags(network, slot_link, 32, 0.0, 3)
    routes, _ = check_all(network, link_up, access_up)
    touches = [i for i, (s, d) in enumerate(zip(network.source[network.pair_source],
               network.pair_site, strict=True)) if 0 in (s, d)]  # fmt: skip
    assert np.isinf(routes.latency_s[:, touches]).all()


def test_ground_sites_never_carry_transit():
    """Two islands of one satellite each, both seen by site 2: 0 and 1 must not meet through it."""
    access_sat = np.array([[[0, 0], [1, 1], [0, 1]]])
    access_s = np.full((1, 3, 2), 1e-3)
    access_s[0, :2, 1] = np.inf
    network, _ = network_from_links(
        2, [], np.zeros((1, 0)), access_sat, access_s, [(0, 1), (0, 2), (1, 2)]
    )
    up = np.ones((1, 2, 1, 32), bool), np.ones((1, 3, 2, 32), bool)
    routes, _ = check_all(network, *up)
    assert np.isfinite(routes.latency_s[0, :, 0]).tolist() == [False, True, True]


def test_neighbours_that_change_with_time_match_scipy():
    parts = [random_network(seed, n_time=1) for seed in (11, 12)]
    first, second = (network for network, _ in parts)
    network = Network(
        neighbour=np.stack([first.neighbour, second.neighbour]),
        delay_s=np.concatenate([first.delay_s, second.delay_s]),
        access_sat=np.concatenate([first.access_sat, second.access_sat]),
        access_delay_s=np.concatenate([first.access_delay_s, second.access_delay_s]),
        source=first.source,
        pair_source=first.pair_source,
        pair_site=first.pair_site,
    )
    flags = [random_flags(part, slot_link, 32, 0.2, 4) for part, slot_link in parts]
    check_all(network, *(np.concatenate(kind) for kind in zip(*flags, strict=True)))


@pytest.mark.parametrize("n_port", [1, 7])
def test_any_number_of_ports_matches_scipy(n_port):
    rng = np.random.default_rng(n_port)
    hub = [(0, i) for i in range(1, n_port + 1)]
    access_sat, access_s = np.array([[[0], [n_port]]]), np.full((1, 2, 1), 1e-3)
    delay_s = rng.uniform(1e-3, 2e-3, (1, n_port))
    network, slot_link = network_from_links(
        n_port + 1, hub, delay_s, access_sat, access_s, [(0, 1), (1, 0)], n_port
    )
    check_all(network, *random_flags(network, slot_link, 32, 0.2, 5))


def test_more_failures_never_shorten_a_path():
    network, slot_link = plus_grid(8, 9, False)
    link_up, access_up = random_flags(network, slot_link, 64, 0.05, 6)
    more_link, more_access = random_flags(network, slot_link, 64, 0.1, 7)
    few = solve(PULL_PUSH, network, pack(link_up, access_up)).latency_s
    many = solve(PULL_PUSH, network, pack(link_up & more_link, access_up & more_access)).latency_s
    assert (many >= few).all() and (many > few).any()


def test_blocks_and_threads_give_the_same_bits():
    network, slot_link = plus_grid(8, 9, True)
    masks = pack(*random_flags(network, slot_link, 256, 0.2, 8))
    plan = PULL_PUSH.prepare(network)
    whole = PULL_PUSH.solve(plan, masks, masks, True)

    def block(first_word, n_word):
        at = np.s_[:, first_word : first_word + n_word]
        part = Masks(masks.link_up[at], masks.access_up[at])
        return PULL_PUSH.solve(plan, part, part, True)

    for n_word, n_thread in ((1, 1), (2, 4), (4, 2)):
        with ThreadPoolExecutor(n_thread) as pool:
            parts = list(pool.map(lambda w, n=n_word: block(w, n), range(0, 8, n_word)))
        for name, value in answers(whole).items():
            joined = np.concatenate([getattr(part, name) for part in parts], axis=-1)
            assert joined.tobytes() == value.tobytes()


def test_the_order_of_satellites_does_not_change_a_bit(monkeypatch):
    """Orders shared by all times, because only so few bytes may be kept, give the same answer."""
    network, slot_link = plus_grid(8, 9, False)
    masks = pack(*random_flags(network, slot_link, 32, 0.2, 9))
    usual = solve(PULL_PUSH, network, masks)
    monkeypatch.setattr("sdn_mc.routing.pull_push.ORDER_BYTES", 1)
    assert len(PULL_PUSH.prepare(network).order) == 1
    assert solve(PULL_PUSH, network, masks).latency_s.tobytes() == usual.latency_s.tobytes()


def test_only_what_is_asked_for_is_returned():
    network, slot_link = random_network(1)
    masks = pack(*random_flags(network, slot_link, 32, 0.1, 1))
    for solver in (PULL_PUSH, INT32):
        bare = solve(solver, network, masks, walk=False)
        assert bare.hops is None and bare.delivered is None
        checked = solve(solver, network, masks, masks, walk=False)
        assert checked.hops is None and checked.delivered is not None


@pytest.mark.parametrize("solver", [INT32, FLOAT64], ids=("int32", "float64"))
def test_masks_on_a_device_give_the_same_routes(solver):
    network, slot_link = random_network(5)
    masks = pack(*random_flags(network, slot_link, 64, 0.1, 2))
    there = Masks(jax.numpy.asarray(masks.link_up), jax.numpy.asarray(masks.access_up))
    routes, same = (solve(solver, network, each, each) for each in (masks, there))
    for name, value in answers(routes).items():
        assert value.tobytes() == np.asarray(getattr(same, name)).tobytes()


def test_auto_takes_compiled_code_on_a_cpu():
    solver = Auto(cpu_block_draws=64, accelerator_block_draws=256)
    on_cpu = jax.default_backend() == "cpu"
    assert solver.block_draws == (64 if on_cpu else 256)
    assert solver.on_device != on_cpu
    network, slot_link = random_network(3)
    masks = pack(*random_flags(network, slot_link, 32, 0.1, 1))
    same = solve(PULL_PUSH, network, masks).latency_s
    found = np.asarray(solve(solver, network, masks).latency_s)
    assert found.tobytes() == same.tobytes()


@pytest.mark.slow  # compiles the kernel anew, for wide satellite numbers
def test_more_satellites_than_two_bytes_number():
    n_sat = 70_000
    links = [(i, i + 1) for i in range(n_sat - 1)]
    delay_s = np.random.default_rng(4).uniform(1e-6, 2e-6, (1, n_sat - 1))
    access_sat = np.array([[[0], [n_sat - 1]]])
    network, slot_link = network_from_links(
        n_sat, links, delay_s, access_sat, np.full((1, 2, 1), 1e-3), [(0, 1), (1, 0)]
    )
    link_up, access_up = random_flags(network, slot_link, 32, 0.0, 1)
    link_up[0, 30_000, :, 7] = link_up[0, 30_001, 0, 7] = link_up[0, 29_999, 1, 7] = False
    routes = solve(PULL_PUSH, network, pack(link_up, access_up), walk=False)
    assert np.isinf(routes.latency_s[0, :, 7]).all()
    others = np.delete(routes.latency_s[0], 7, axis=1)
    # 70,001 roundings of at most 1 ns, and one to float32.
    assert np.abs(others - (delay_s.sum() + 2e-3)).max() < 70_001e-9 + 1e-8
