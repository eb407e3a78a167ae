"""Reached or not, a bit a draw: the same answers as shortest paths, in every draw."""

import numpy as np
import pytest

from sdn_mc.core.network import Network
from sdn_mc.routing.pull_push import PullPush
from sdn_mc.routing.reachability import Reachability
from tests.routing_graphs import network_from_links, pack, plus_grid, random_flags, random_network

PULL_PUSH = PullPush(block_draws=256)
REACHABILITY = Reachability(block_draws=256)


def check(network: Network, flags) -> float:
    """All draws against the sweeps, which scipy has checked; the share that is reached."""
    masks = pack(*flags)
    usual = PULL_PUSH.solve(PULL_PUSH.prepare(network), masks, None, False).latency_s
    found = REACHABILITY.solve(REACHABILITY.prepare(network), masks, None, False).latency_s
    assert np.array_equal(np.isfinite(found), np.isfinite(usual))
    assert np.all(found[np.isfinite(found)] == 0)
    return float(np.isfinite(found).mean())


@pytest.mark.parametrize("seed", range(40))
def test_random_graphs(seed):
    network, slot_link = random_network(seed)
    n_draw = (32, 96, 256)[seed % 3]
    check(network, random_flags(network, slot_link, n_draw, (0.0, 0.1, 0.4)[seed % 3], seed))


def test_grids_from_whole_to_dust():
    """At a half the parts are of all sizes (the threshold of bond percolation on the square)."""
    network, slot_link = plus_grid(12, 13, False)
    shares = [
        check(network, random_flags(network, slot_link, 256, loss, 3))
        for loss in (0.0, 0.3, 0.5, 0.6, 0.9, 1.0)
    ]
    assert shares[0] == 1 and shares[-1] == 0 and np.all(np.diff(shares) < 0)


def test_two_halves_that_nothing_joins():
    """Whatever part the hub is in, sites of the other one find each other."""
    ring = [(i, (i + 1) % 20) for i in range(20)]
    links = ring + [(a + 20, b + 20) for a, b in ring]
    access_sat = np.array([[[0, 5], [10, 11], [20, 25], [30, 31], [3, 23]]])
    pairs = [(0, 1), (2, 3), (0, 2), (0, 4), (4, 3), (1, 3)]
    network, slot_link = network_from_links(
        40, links, np.full((1, 40), 1e-3), access_sat, np.full((1, 5, 2), 1e-3), pairs
    )
    whole = random_flags(network, slot_link, 32, 0.0, 1)
    found = REACHABILITY.solve(REACHABILITY.prepare(network), pack(*whole), None, False)
    reached = np.isfinite(found.latency_s[0, :, 0])
    assert reached.tolist() == [True, True, False, True, True, False]
    check(network, random_flags(network, slot_link, 256, 0.2, 2))


def test_neighbours_that_change_with_time():
    one, _ = random_network(5)
    other, _ = random_network(6)
    network = Network(
        neighbour=np.stack([one.neighbour, other.neighbour]),
        delay_s=np.stack([one.delay_s[0], other.delay_s[0]]),
        access_sat=one.access_sat,
        access_delay_s=one.access_delay_s,
        source=one.source,
        pair_source=one.pair_source,
        pair_site=one.pair_site,
    )
    rng = np.random.default_rng(0)
    up = rng.random((2, *one.neighbour.shape, 64)) > 0.2
    for time, mesh in enumerate((one, other)):  # both slots of a link carry the same bits
        for sat, far in np.ndindex(len(mesh.neighbour), len(mesh.neighbour)):
            ports = np.flatnonzero(mesh.neighbour[sat] == far)
            back = np.flatnonzero(mesh.neighbour[far] == sat)
            if sat < far and len(ports):
                up[time, far, back] = up[time, sat, ports[0]]
                up[time, sat, ports] = up[time, sat, ports[0]]
    check(network, (up, rng.random((*one.access_sat.shape, 64)) > 0.2))


def test_a_run_without_latencies_has_the_same_availability(tmp_path):
    pytest.importorskip("hydra", reason="a whole run needs the whole project's libraries")
    import sdn_mc
    from tests.small_run import SMALL

    words = [*SMALL, "times.count=6", "draws=300", "threats=[satellite_failure,terminal_failure]",
             "threats.satellite_failure.rate_per_year=3", "metrics=[availability]"]  # fmt: skip
    kept = sdn_mc.simulate([*words, "store.paths=all"], str(tmp_path / "kept"))
    bare = sdn_mc.simulate([*words, "store.paths=none"], str(tmp_path / "bare"))
    assert 0.05 < kept["metrics"]["availability"].values.mean() < 0.95
    for name in ("/scene", "/metrics", "/summary"):
        for key, values in kept[name].data_vars.items():
            assert np.array_equal(values.values, bare[name][key].values), f"{name}/{key}"
