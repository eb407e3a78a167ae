"""Routes of an earlier instant, followed through the present: blocks against plain code."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from sdn_mc.core.network import DrawMasks, Frozen, InForce, Masks, Network
from sdn_mc.routing.frozen_routes import Plan, solved_routes, walk_in_force
from sdn_mc.routing.pull_push import PullPush
from tests.routing_graphs import network_from_links, pack

SOLVER = PullPush(block_draws=64)
N_TIME, N_DRAW, ONSET = 8, 64, 2
N_SAT, N_SITE, N_CANDIDATE = 48, 4, 3
DRAWS = range(0, N_DRAW, 2)
PAIRS = [(0, 1), (1, 2), (2, 3), (0, 3), (3, 3)]
ALL_UP = DrawMasks(np.ones((N_SAT, 4), bool), np.ones((N_SITE, N_CANDIDATE), bool))


def moving(shuffled: bool) -> tuple[Network, np.ndarray]:
    """A torus of 6 by 8 in which links and satellites in view go and come back.

    `shuffled`: ports and candidates change places from time to time.
    """
    rng = np.random.default_rng(11)
    sat = np.arange(N_SAT).reshape(6, 8)
    along = np.stack([sat, np.roll(sat, -1, axis=1)], -1).reshape(-1, 2)
    across = np.stack([sat, np.roll(sat, -1, axis=0)], -1).reshape(-1, 2)
    links = [(int(a), int(b)) for a, b in np.concatenate([along, across])]
    delay_s = rng.uniform(2e-3, 8e-3, (N_TIME, len(links)))
    delay_s[rng.random(delay_s.shape) < 0.02] = np.inf
    in_view = np.stack([rng.choice(N_SAT, N_CANDIDATE, replace=False) for _ in range(N_SITE)])
    access_s = rng.uniform(2e-3, 6e-3, (N_TIME, *in_view.shape))
    access_s[rng.random(access_s.shape) < 0.1] = np.inf
    access_sat = np.repeat(in_view[None], N_TIME, axis=0)
    network, slot_link = network_from_links(N_SAT, links, delay_s, access_sat, access_s, PAIRS)
    if not shuffled:
        return network, np.repeat(slot_link[None], N_TIME, axis=0)
    port = rng.permuted(np.tile(np.arange(4), (N_TIME, N_SAT, 1)), axis=-1)
    candidate = rng.permuted(np.tile(np.arange(N_CANDIDATE), (N_TIME, N_SITE, 1)), axis=-1)
    lists = np.repeat(network.neighbour[None], N_TIME, axis=0)
    changed = Network(
        neighbour=np.take_along_axis(lists, port, -1),
        delay_s=np.take_along_axis(network.delay_s, port, -1),
        access_sat=np.take_along_axis(network.access_sat, candidate, -1),
        access_delay_s=np.take_along_axis(network.access_delay_s, candidate, -1),
        source=network.source,
        pair_source=network.pair_source,
        pair_site=network.pair_site,
    )
    return changed, np.take_along_axis(np.repeat(slot_link[None], N_TIME, axis=0), port, -1)


NETWORKS = [moving(False), moving(True)]
IDS = ["lasting neighbours", "changing places"]


def flags_of(slot_link: np.ndarray, loss: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """What is up, with draws trailing; what is lost in a draw comes and goes."""
    rng = np.random.default_rng(seed)
    by_link = rng.random((N_TIME, slot_link.max() + 1, N_DRAW)) >= loss
    link_up = np.stack([by_link[t][slot_link[t]] for t in range(N_TIME)])
    return link_up, rng.random((N_TIME, N_SITE, N_CANDIDATE, N_DRAW)) >= loss


def some_instants() -> np.ndarray:
    """A spell in nearly every draw, two in some; a few draws are never frozen."""
    rng = np.random.default_rng(3)
    found = np.repeat(np.arange(N_TIME, dtype=np.int32)[:, None], N_DRAW, axis=1)
    for draw in range(4, N_DRAW):
        first, second, third, end = np.sort([rng.integers(0, 4), *rng.integers(3, N_TIME + 1, 3)])
        found[first:second, draw] = first
        found[third:end, draw] = max(third - 1, 0) if third > second else third
    return found


def masks_of(flags, instant: np.ndarray, access_up: np.ndarray) -> Masks:
    words = pack(*flags)
    frozen = Frozen(instant, pack(flags[0], access_up).access_up)
    return Masks(words.link_up, words.access_up, frozen)


def of_draw(flags, access_up, instant, time: int, draw: int) -> DrawMasks:
    onset = int(instant[time, draw])
    link, access = (each[..., draw] for each in flags)
    then = InForce(onset, DrawMasks(link[onset], access[onset]), access_up[time, ..., draw])
    return DrawMasks(link[time], access[time], None if onset == time else then)


@pytest.mark.parametrize("lagged", [False, True], ids=["ideal", "lagged"])
@pytest.mark.parametrize("graph", NETWORKS, ids=IDS)
def test_a_block_is_what_plain_code_follows(graph, lagged):
    """Every time, pair and draw to the bit; sites use fewer satellites than they see."""
    network, slot_link = graph
    instant, now = some_instants(), flags_of(slot_link, 0.08, 1)
    every = now[1] | (np.random.default_rng(8).random(now[1].shape) < 0.5)
    known = flags_of(slot_link, 0.1, 2) if lagged else now
    truth = masks_of(now, instant, every)
    news = masks_of(known, instant, known[1]) if lagged else truth
    routes = solved_routes(SOLVER, Plan(SOLVER.prepare(network), network), news, truth, True)
    states = [0, 0, 0]
    for time, pair, draw in itertools.product(range(N_TIME), range(len(PAIRS)), DRAWS):
        present = of_draw(now, every, instant, time, draw)
        before = of_draw(known, known[1], instant, time, draw) if lagged else present
        walk = walk_in_force(network, time, pair, before, present)
        at = time, pair, draw
        arrives = walk is not None and walk.delivered
        if lagged and instant[time, draw] == time:
            assert routes.delivered[at] == arrives or walk is None
        elif not arrives:
            assert (routes.latency_s[at], routes.hops[at]) == (np.inf, -1)
        if arrives:
            assert (routes.latency_s[at], routes.hops[at]) == (
                np.float32(walk.latency_s),
                walk.hops,
            )
            assert not lagged or routes.delivered[at]
        if instant[time, draw] != time and walk is not None:
            states[0 if arrives else 1 if np.isfinite(walk.latency_s) else 2] += 1
    assert min(states) > 30  # delivered, down, gone


def held(network, slot_link, change) -> np.ndarray:
    """Latencies of the first pair, all frozen from `ONSET` on; all is up but for a change."""
    shapes = (*slot_link.shape, N_DRAW), (N_TIME, N_SITE, N_CANDIDATE, N_DRAW)
    flags = tuple(np.ones(shape, bool) for shape in shapes)
    change(flags)
    instant = np.minimum(np.arange(N_TIME, dtype=np.int32), ONSET)
    masks = masks_of(flags, np.repeat(instant[:, None], N_DRAW, axis=1), flags[1])
    plan = Plan(SOLVER.prepare(network), network)
    latency_s = solved_routes(SOLVER, plan, masks, masks, False).latency_s[:, 0]
    assert np.all(latency_s == latency_s[:, :1])
    return latency_s[:, 0]


def lasting() -> tuple[Network, np.ndarray]:
    """The torus with every link and satellite in view all along."""
    network, slot_link = NETWORKS[0]
    filled = (np.where(np.isfinite(d), d, 5e-3) for d in (network.delay_s, network.access_delay_s))
    delay_s, access_delay_s = filled
    shape = network.neighbour, delay_s, network.access_sat, access_delay_s
    return Network(*shape, network.source, network.pair_source, network.pair_site), slot_link


def test_a_route_goes_on_with_the_delays_of_the_present():
    network, slot_link = lasting()
    kept = walk_in_force(network, ONSET, 0, ALL_UP, ALL_UP)
    found = held(network, slot_link, lambda flags: None)
    for time in range(ONSET, N_TIME):
        legs_s = [network.access_delay_s[time, 0, kept.source_candidate]]
        legs_s += [network.delay_s[time, *at] for at in zip(kept.sat[1:], kept.port, strict=True)]
        legs_s += [network.access_delay_s[time, 1, kept.destination_candidate]]
        # Ticks of 2 ns round a leg by 1 ns; float32 steps by 4e-9 s at 50 ms.
        assert abs(found[time] - sum(legs_s)) < 1e-9 * len(legs_s) + 4e-9


def test_what_geometry_takes_is_gone_and_what_a_cause_takes_comes_back():
    network, slot_link = lasting()
    kept = walk_in_force(network, ONSET, 0, ALL_UP, ALL_UP)
    link = slot_link[0][kept.sat[1], kept.port[0]]
    usual = held(network, slot_link, lambda flags: None)

    def fail(flags):
        flags[0][5][slot_link[5] == link] = False

    failed = held(network, slot_link, fail)
    assert np.isinf(failed[5]) and np.array_equal(np.delete(failed, 5), np.delete(usual, 5))
    network.delay_s[5][slot_link[5] == link] = np.inf
    parted = held(network, slot_link, lambda flags: None)
    assert np.all(np.isinf(parted[5:])) and np.array_equal(parted[:5], usual[:5])
    other, _ = lasting()
    other.access_delay_s[4, 0, kept.source_candidate] = np.inf
    unseen = held(other, slot_link, lambda flags: None)
    assert np.all(np.isinf(unseen[4:])) and np.array_equal(unseen[:4], usual[:4])


@pytest.mark.parametrize("graph", NETWORKS, ids=IDS)
def test_masks_and_routes_of_a_device_give_the_same(graph):
    network, slot_link = graph
    instant, now = some_instants(), flags_of(slot_link, 0.08, 1)
    host = masks_of(now, instant, now[1])
    device = Masks(jnp.asarray(host.link_up), jnp.asarray(host.access_up), host.frozen)
    plan = Plan(SOLVER.prepare(network), network)
    one, other = (solved_routes(SOLVER, plan, masks, masks, True) for masks in (host, device))
    assert np.array_equal(one.latency_s, other.latency_s) and np.array_equal(one.hops, other.hops)


def test_more_spells_than_fit_at_once_are_all_followed(monkeypatch):
    monkeypatch.setattr("sdn_mc.routing.frozen_routes.SPELLS_AT_ONCE", 3)
    monkeypatch.setattr("sdn_mc.routing.fixed_routes.LEGS_AT_FIRST", 1)
    test_a_block_is_what_plain_code_follows(NETWORKS[0], False)
