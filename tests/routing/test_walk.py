"""The walk: the rule itself, and every solver's hops and delivery against the plain reference."""

import numpy as np
import pytest

from sdn_mc.core.network import DrawMasks
from sdn_mc.routing.jacobi import XlaJacobi
from sdn_mc.routing.lagged import Lagged
from sdn_mc.routing.pull_push import PullPush
from sdn_mc.routing.walk import walk_one
from tests.routing_graphs import network_from_links, pack, plus_grid, random_flags, random_network

SOLVERS = [
    PullPush(block_draws=64),
    *(XlaJacobi(precision=p, block_draws=64) for p in ("int32", "float32", "float64")),
]


def draw_masks(flags, time, draw):
    return DrawMasks(flags[0][time, ..., draw], flags[1][time, ..., draw])


def walks(network, known, true):
    """The reference, [time][pair][draw]."""
    n_time, n_draw = len(network.delay_s), known[0].shape[-1]
    return [
        [
            [
                walk_one(network, t, pair, draw_masks(known, t, d), draw_masks(true, t, d))
                for d in range(n_draw)
            ]
            for pair in range(len(network.pair_site))
        ]
        for t in range(n_time)
    ]


def check(solver, network, known, true):
    reference = walks(network, known, true)
    routes = solver.solve(solver.prepare(network), pack(*known), pack(*true), True)
    hops = [[[-1 if w is None else w.hops for w in p] for p in t] for t in reference]
    held = [[[w is not None and w.delivered for w in p] for p in t] for t in reference]
    assert (routes.hops == np.array(hops)).all()
    assert (routes.delivered == np.array(held)).all()
    return routes


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda s: getattr(s, "precision", "pull_push"))
def test_every_solver_walks_the_reference_route(solver):
    """Truth with other losses than routing knows: delivery tells one route from another."""
    for network, slot_link in (random_network(21), plus_grid(5, 6, False)):
        known = random_flags(network, slot_link, 32, 0.1, 1)
        true = random_flags(network, slot_link, 32, 0.1, 2)
        routes = check(solver, network, known, true)
        assert 0 < routes.delivered.mean() < (routes.hops >= 0).mean()


@pytest.mark.parametrize("solver", SOLVERS[:2], ids=("pull_push", "int32"))
def test_ties_fall_to_the_lowest_port_in_every_integer_solver(solver):
    network, slot_link = plus_grid(5, 6, True)
    known = random_flags(network, slot_link, 32, 0.05, 3)
    true = random_flags(network, slot_link, 32, 0.1, 4)
    check(solver, network, known, true)


def test_a_walk_adds_up_to_its_latency():
    network, slot_link = plus_grid(5, 6, False)
    known = random_flags(network, slot_link, 32, 0.2, 5)
    for time, by_pair in enumerate(walks(network, known, known)):
        for pair, by_draw in enumerate(by_pair):
            for walk in filter(None, by_draw):
                assert len(walk.delay_s) == len(walk.sat) + 1 == walk.hops + 2
                # Each leg is rounded by at most half a tick, 1 ns (and the sum in float64).
                assert abs(sum(walk.delay_s) - walk.latency_s) <= len(walk.delay_s) * 1.0001e-9
                source = network.source[network.pair_source[pair]]
                assert (walk.source_site, walk.destination_site) == (
                    source,
                    network.pair_site[pair],
                )
                ends = walk.sat[0], walk.sat[-1]
                access = network.access_sat[time]
                assert ends[0] == access[source, walk.source_candidate]
                assert ends[1] == access[walk.destination_site, walk.destination_candidate]
                for i, port in enumerate(walk.port):
                    assert network.neighbour[walk.sat[i + 1], port] == walk.sat[i]


def test_a_route_on_old_masks_is_held_to_the_present():
    """Three satellites in a row and a detour; the row breaks in draw 1, the detour in draw 2.

    Routing knows neither: it takes the row, 7 ms, in every draw, and loses draw 1 only.
    """
    assert Lagged(lag_s=30.0).lag_s == 30.0
    access_sat, access_s = np.array([[[0], [2]]]), np.full((1, 2, 1), 1e-3)
    delay_s = np.array([[2e-3, 3e-3, 9e-3]])
    network, slot_link = network_from_links(
        3, [(0, 1), (1, 2), (0, 2)], delay_s, access_sat, access_s, [(0, 1)]
    )
    up, access_up = np.ones((1, 3, 32), bool), np.ones((1, 2, 1, 32), bool)
    old = pack(up[:, slot_link], access_up)
    now = up.copy()
    now[0, 1, 1] = now[0, 2, 2] = False
    truth = pack(now[:, slot_link], access_up)
    for solver in SOLVERS:
        routes = solver.solve(solver.prepare(network), old, truth, True)
        assert np.allclose(routes.latency_s, 7e-3, rtol=3e-7)  # float32 sums
        assert routes.delivered[0, 0].tolist() == [True, False] + [True] * 30
