"""Policies that do not know of losses: their routes, and what of them holds, by plain code."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sdn_mc.core.network import DrawMasks, Masks
from sdn_mc.routing.disjoint_backup import DisjointBackup
from sdn_mc.routing.fixed_routes import second_walk
from sdn_mc.routing.ideal import Ideal
from sdn_mc.routing.lagged import Lagged
from sdn_mc.routing.pull_push import PullPush
from sdn_mc.routing.static import Static
from sdn_mc.routing.walk import walk_one
from tests.routing_graphs import (
    irregular,
    network_from_links,
    pack,
    plus_grid,
    random_flags,
    random_network,
)

SOLVER = PullPush(block_draws=64)
POLICIES = [Static(), DisjointBackup(disjoint="satellites"), DisjointBackup(disjoint="links")]
NAMES = ["static", "no satellite", "no link"]
NETWORKS = [plus_grid(5, 6, False), plus_grid(5, 6, True), random_network(21), irregular(3)]


def flags_of(network, slot_link, n_draw: int = 64, loss: float = 0.1):
    """The undamaged mesh, of which some is not up as standby links are not; and a damaged one."""
    undamaged = random_flags(network, slot_link, 32, 0.05, 1)
    undamaged = tuple(np.repeat(each[..., :1], 32, axis=-1) for each in undamaged)
    return undamaged, random_flags(network, slot_link, n_draw, loss, 2)


def of_draw(flags, time: int, draw: int) -> DrawMasks:
    return DrawMasks(flags[0][time, ..., draw], flags[1][time, ..., draw])


def routed(policy, network, undamaged, damaged):
    """Routes of a block on the host."""
    plan = policy.prepare(network, SOLVER, pack(*undamaged))
    return policy.route(SOLVER, plan, [pack(*damaged)], True)


def moments(network):
    """Every time and pair."""
    return itertools.product(range(len(network.delay_s)), range(len(network.pair_site)))


@pytest.mark.parametrize("policy", POLICIES, ids=NAMES)
@pytest.mark.parametrize("graph", NETWORKS, ids=["grid", "ties", "random", "irregular"])
def test_a_block_is_what_plain_code_walks(policy, graph):
    network, _ = graph
    undamaged, damaged = flags_of(*graph)
    routes = routed(policy, network, undamaged, damaged)
    assert routes.latency_s.dtype == np.float32 and routes.hops.dtype == np.int16
    for time, pair in moments(network):
        healthy = of_draw(undamaged, time, 0)
        for draw in range(64):
            walk = policy.walk(network, time, pair, healthy, [of_draw(damaged, time, draw)])
            found = routes.latency_s[time, pair, draw], routes.hops[time, pair, draw]
            if walk is None or not walk.delivered:
                assert found == (np.inf, -1)
            else:
                assert found == (np.float32(walk.latency_s), walk.hops)


@pytest.mark.parametrize("graph", NETWORKS[:3], ids=["grid", "ties", "random"])
def test_undamaged_every_policy_has_the_bits_of_the_solver(graph):
    network, _ = graph
    undamaged, _ = flags_of(*graph)
    masks = pack(*undamaged)
    ideal = SOLVER.solve(SOLVER.prepare(network), masks, None, True)
    for policy in POLICIES:
        routes = routed(policy, network, undamaged, undamaged)
        assert np.array_equal(routes.latency_s, ideal.latency_s)
        assert np.array_equal(routes.hops, ideal.hops)
    assert np.isfinite(ideal.latency_s).any()


@pytest.mark.parametrize("graph", NETWORKS, ids=["grid", "ties", "random", "irregular"])
def test_to_know_more_never_costs(graph):
    """Draw by draw: ideal is never later than a backup, nor a backup than static routing."""
    network, _ = graph
    undamaged, damaged = flags_of(*graph)
    damaged = tuple(a & b[..., :1] for a, b in zip(damaged, undamaged, strict=True))
    static, *backups = (routed(p, network, undamaged, damaged).latency_s for p in POLICIES)
    ideal = SOLVER.solve(SOLVER.prepare(network), pack(*damaged), None, False).latency_s
    for backup in backups:
        assert np.all(ideal <= backup) and np.all(backup <= static)
        assert graph is not NETWORKS[0] or np.any(backup < static)


@pytest.mark.parametrize("policy", POLICIES, ids=NAMES)
@pytest.mark.parametrize("graph", NETWORKS, ids=["grid", "ties", "random", "irregular"])
def test_masks_of_a_device_give_the_routes_of_the_host(policy, graph):
    network, _ = graph
    undamaged, damaged = flags_of(*graph)
    host = routed(policy, network, undamaged, damaged)
    plan = policy.prepare(network, SOLVER, pack(*undamaged))
    words = pack(*damaged)
    there = Masks(jnp.asarray(words.link_up), jnp.asarray(words.access_up))
    device = policy.route(SOLVER, plan, [there], True)
    for one, other in ((host.latency_s, device.latency_s), (host.hops, device.hops)):
        assert isinstance(other, jax.Array) and other.dtype == one.dtype
        assert np.array_equal(one, other)
    assert policy.route(SOLVER, plan, [there], False).hops is None


@pytest.mark.parametrize("disjoint", ["satellites", "links"])
def test_the_second_route_shares_nothing_with_the_first(disjoint):
    """Every pair of the grid sees several satellites at both ends."""
    n_second = 0
    for seed in (1, 2):
        network, slot_link = plus_grid(5, 6, False)
        undamaged = random_flags(network, slot_link, 32, 0.05 * seed, seed)
        for (time, pair), draw in itertools.product(moments(network), range(8)):
            up = of_draw(undamaged, time, draw)
            first = walk_one(network, time, pair, up)
            second = second_walk(network, time, pair, up, up, disjoint)
            if first is None or second is None:
                continue
            n_second += 1
            assert second.delivered and second.latency_s >= first.latency_s
            used = [{slot_link[at] for at in zip(w.sat[1:], w.port, strict=True)}
                    for w in (first, second)]  # fmt: skip
            assert not used[0] & used[1]
            assert first.sat[0] != second.sat[0] and first.sat[-1] != second.sat[-1]
            if disjoint == "satellites":
                assert not set(first.sat) & set(second.sat)
    assert n_second > 50


def ring(access_sat, extra=()):
    """Six satellites in a ring, 1 ms a link; two sites with two candidates each, 1 and 2 ms."""
    links = [(k, (k + 1) % 6) for k in range(6)] + list(extra)
    delay_s = np.full((1, len(links)), 1e-3)
    access_s = np.tile([1e-3, 2e-3], (1, 2, 1))
    access_s[np.array(access_sat)[None] < 0] = np.inf
    sats = np.maximum([access_sat], 0)
    return network_from_links(6, links, delay_s, sats, access_s, [(0, 1), (1, 0)])


def second_of(network, slot_link, disjoint: str = "satellites"):
    n_slot, n_access = slot_link.shape, network.access_sat.shape[1:]
    up = DrawMasks(np.ones(n_slot, bool), np.ones(n_access, bool))
    return second_walk(network, 0, 0, up, up, disjoint)


def test_both_ends_change_their_satellite_where_they_can():
    second = second_of(*ring([[0, 5], [2, 3]]))
    assert second.sat == (5, 4, 3) and second.latency_s == pytest.approx(6e-3)


def test_an_end_that_sees_no_other_satellite_keeps_its_own():
    second = second_of(*ring([[0, -1], [2, 3]]))
    assert second.sat == (0, 5, 4, 3)
    assert second_of(*ring([[0, -1], [2, -1]])).sat == (0, 5, 4, 3, 2)


def test_a_satellite_of_the_first_route_is_no_other_one():
    """The source sees 0 and 1, both on the way to 2: it keeps 0."""
    for disjoint in ("satellites", "links"):
        assert second_of(*ring([[0, 1], [2, 3]]), disjoint).sat == (0, 5, 4, 3)


def test_links_alone_may_meet_at_a_satellite():
    """The shortest way left leads through 1, which the first route passes too."""
    network, slot_link = ring([[0, 5], [2, 3]], [(5, 1), (1, 3)])
    network.delay_s[0][slot_link == 4] = 2e-3  # from 4 to 5
    assert second_of(network, slot_link).sat == (5, 4, 3)
    assert second_of(network, slot_link, "links").sat == (5, 1, 3)


def test_one_satellite_for_both_ends_is_left_if_another_sees_both():
    assert second_of(*ring([[0, 3], [0, 3]])).sat == (3,)
    assert second_of(*ring([[0, -1], [0, -1]])) is None


def test_a_pair_without_a_route_has_none_in_any_draw():
    network, slot_link = ring([[0, 5], [-1, -1]])
    undamaged = np.ones((1, *slot_link.shape, 32), bool), np.ones((1, 2, 2, 32), bool)
    for policy in POLICIES:
        routes = routed(policy, network, undamaged, undamaged)
        assert np.all(np.isinf(routes.latency_s)) and np.all(routes.hops == -1)


def test_a_route_of_more_legs_than_expected_is_found_whole(monkeypatch):
    monkeypatch.setattr("sdn_mc.routing.fixed_routes.LEGS_AT_FIRST", 1)
    monkeypatch.setattr("sdn_mc.routing.fixed_routes.LEGS_STEP", 1)
    for policy in POLICIES:
        test_a_block_is_what_plain_code_walks(policy, NETWORKS[0])


def test_without_a_lag_old_news_are_the_present():
    network, slot_link = plus_grid(5, 6, False)
    _, damaged = flags_of(network, slot_link)
    masks = pack(*damaged)
    ideal, lagged = Ideal(), Lagged(lag_s=0.0)
    plan = ideal.prepare(network, SOLVER, masks)
    assert lagged.ages_s == (0.0, 0.0) and not lagged.needs_latency and not lagged.words()
    one = ideal.route(SOLVER, plan, [masks], True)
    other = lagged.route(SOLVER, plan, [masks, masks], True)
    assert np.array_equal(one.latency_s, other.latency_s) and np.array_equal(one.hops, other.hops)
    assert other.delivered is None
    assert Lagged(lag_s=30.0).needs_latency and Lagged(lag_s=30.0).words()
