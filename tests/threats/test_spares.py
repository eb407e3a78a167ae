"""Spares against losses worked out by hand, one at a time, and against closed forms."""

import dataclasses

import jax
import numpy as np
import pytest

from sdn_mc import engine
from sdn_mc.core.outage import Spans
from sdn_mc.core.spans import in_order
from sdn_mc.engine.reactions import after_reactions
from sdn_mc.threats.spares import Spares
from tests.engine.scenarios import FOUR_PLANES, GRID
from tests.small_run import small_run

DAY_S = 86_400.0
N_DRAW, N_SAT = 64, 24
INF = np.inf


@pytest.fixture(scope="module")
def scene():
    """Four planes of six."""
    return small_run(*FOUR_PLANES, *GRID).scenes[0]


def spares(n_draw: int = N_DRAW, **numbers: float) -> Spares:
    """As the engine hands it to `react`: numbers of each draw. Replaced after a day and a half."""
    usual = {
        "spares_per_plane": 1, "launch_spares": 1, "replaces_after_h": 24, "launch_delay_d": 0,
        "drift_d": 0, "sigma": 0, "checkout_d": 0.5,
    }  # fmt: skip
    alike = Spares(**{name: float(number) for name, number in (usual | numbers).items()})
    return jax.tree.map(lambda number: np.full(n_draw, number, np.float32), alike)


def state(drift_d: float = 0.0, launch_d: float = 10.0, n_draw: int = N_DRAW) -> np.ndarray:
    """What `sample` returns: launch delay and drift of each place, here the same for all."""
    both_s = np.array([launch_d, drift_d], np.float32)[:, None, None] * np.float32(DAY_S)
    return np.broadcast_to(both_s, (2, N_SAT, n_draw))


def in_draw(draw: int, windows: list[tuple[int, float, float]], of: str = "sat") -> Spans:
    """Windows of one draw, in days."""
    entity, start_d, end_d = np.array(windows, float).T
    n_entity = {"sat": N_SAT, "plane": 4, "site": 2, "terminal": 4 * N_SAT}[of]
    each = entity.astype(int), np.full(len(entity), draw), start_d * DAY_S, end_d * DAY_S
    return in_order(*each, of, n_entity, N_DRAW // 32)


def windows_of(spans: Spans, draw: int) -> list[tuple[int, float, float]]:
    """The windows of one draw, in days."""
    own = spans.draw == draw
    rows = spans.entity[own], spans.start_s[own] / DAY_S, spans.end_s[own] / DAY_S
    return [(int(k), round(float(a), 3), round(float(b), 3)) for k, a, b in zip(*rows, strict=True)]


def reacted(scene, component: Spares, drawn: np.ndarray, *spans: Spans) -> list[Spans]:
    return component.react(drawn, list(spans), scene, None)


def test_the_earliest_losses_of_a_plane_get_its_spares_and_then_those_on_earth(scene):
    given = in_draw(40, [
        (3, -100, INF), (1, -50, INF), (4, -60, -59.5), (5, -0.2, INF),  # first plane
        (7, -10, -5), (8, -3, INF),  # second plane
    ])  # fmt: skip
    (found,) = reacted(scene, spares(), state(drift_d=2), given)
    assert windows_of(found, 40) == [
        (1, -50, -36.5),  # from Earth: ten days more
        (3, -100, -96.5),
        (4, -60, -59.5),  # too short to be noticed
        (5, -0.2, INF),  # nothing left
        (7, -10, -6.5),
        (8, -3, INF),
    ]
    assert np.array_equal(found.begin, [0, 0, 6])


def test_a_lost_group_is_replaced_one_by_one(scene):
    planes, sites = in_draw(3, [(2, 0, 40)], "plane"), in_draw(3, [(1, 0, 40)], "site")
    stock = spares(spares_per_plane=2, launch_spares=3)
    found = reacted(scene, stock, state(), planes, sites)
    ends = [1.5, 1.5, 11.5, 11.5, 11.5, 40]
    assert windows_of(found[0], 3) == [(12 + k, 0, end) for k, end in enumerate(ends)]
    assert found[0].of == "sat" and found[1] is sites


def test_what_is_lost_by_several_causes_in_turn_is_one_loss(scene):
    """Lost from day -20 on; back on day -3.5, so that what strikes on day -1 strikes anew."""
    first, second = in_draw(0, [(0, -20, -6)]), in_draw(0, [(0, -7, INF), (0, -1, 0.2)])
    found = reacted(scene, spares(), state(drift_d=15), first, second)
    assert windows_of(found[0], 0) == [(0, -20, -6)]
    assert windows_of(found[1], 0) == [(0, -7, -3.5), (0, -1, 0.2)]


def test_a_loss_without_a_beginning_and_a_satellite_out_of_service_take_no_spare(scene):
    given = in_draw(0, [(0, -INF, INF), (1, -30, INF), (2, -20, INF)])
    status = scene.status.copy()
    status[1] = 3
    apart = dataclasses.replace(scene, status=status)
    (found,) = reacted(apart, spares(launch_spares=0), state(), given)
    assert windows_of(found, 0) == [(0, -INF, INF), (1, -30, INF), (2, -20, -18.5)]


def random_losses(seed: int) -> tuple[Spans, Spans]:
    """Satellites and planes, some for ever."""
    rng = np.random.default_rng(seed)
    found = []
    for of, n_entity, n in (("sat", N_SAT, 1200), ("plane", 4, 80)):
        start_d = rng.uniform(-60, 20, n)
        end_d = np.where(rng.random(n) < 0.3, INF, start_d + rng.exponential(20, n))
        where = rng.integers(n_entity, size=n), rng.integers(N_DRAW, size=n)
        found.append(in_order(*where, start_d * DAY_S, end_d * DAY_S, of, n_entity, N_DRAW // 32))
    return found[0], found[1]


def ends_by_hand(windows: list[list], launch_s, drift_s) -> int:
    """Ends windows (sat, start, end) of one draw; how many spares are sent.

    The loss that began first of those not looked at yet is found anew each time, from all windows
    as they then are.
    """
    near, far, seen, n_sent = dict.fromkeys(range(4), 2), 3, set(), 0
    while True:
        losses: list[list] = []  # sat, since, until
        for sat, start, end in sorted(windows):
            if losses and losses[-1][0] == sat and start <= losses[-1][2]:
                losses[-1][2] = max(losses[-1][2], end)
            else:
                losses.append([sat, start, end])
        waiting = [each for each in losses if (each[0], each[1]) not in seen]
        if not waiting:
            return n_sent
        sat, since, until = min(waiting, key=lambda each: (each[1], each[0]))
        seen.add((sat, since))
        if until - since <= DAY_S:
            continue
        back = since + 1.5 * DAY_S + drift_s[sat]
        if near[sat // 6] > 0:
            near[sat // 6] -= 1
        elif far > 0:
            far -= 1
            back += launch_s[sat]
        else:
            continue
        n_sent += 1
        for window in windows:
            if window[0] == sat and since <= window[1] <= until and window[1] < back:
                window[2] = min(window[2], back)


def test_spares_are_given_out_as_one_would_by_hand(scene):
    sats, planes = random_losses(1)
    rng = np.random.default_rng(2)
    drawn = (rng.exponential(10, (2, N_SAT, N_DRAW)) * DAY_S).astype(np.float32)
    stock = spares(spares_per_plane=2, launch_spares=3)
    found = reacted(scene, stock, drawn, sats, planes)
    n_sent = []
    for draw in range(N_DRAW):
        own, own_plane = sats.draw == draw, planes.draw == draw
        rows = zip(sats.entity[own], sats.start_s[own], sats.end_s[own], strict=True)
        windows = [[int(sat), float(start), float(end)] for sat, start, end in rows]
        for k in np.flatnonzero(own_plane):
            start, end = float(planes.start_s[k]), float(planes.end_s[k])
            first = 6 * int(planes.entity[k])
            windows += [[sat, start, end] for sat in range(first, first + 6)]
        n_sent.append(ends_by_hand(windows, *drawn[..., draw].astype(float).tolist()))
        parts = [(part, part.draw == draw) for part in found]
        left = np.concatenate(
            [np.stack([p.entity[o], p.start_s[o], p.end_s[o]], axis=1) for p, o in parts]
        )
        # Float32 seconds step by a half after 60 days.
        assert np.allclose(sorted(left.tolist()), sorted(windows), atol=0.5, rtol=0)
    assert max(n_sent) == 2 * 4 + 3 and min(n_sent) < 11


def test_nothing_is_worse_than_without_spares(scene):
    sats, planes = random_losses(3)
    none = spares(spares_per_plane=0, launch_spares=0)
    without = reacted(scene, none, state(), sats, planes)
    assert np.array_equal(without[0].end_s, sats.end_s)
    assert len(without[1].entity) == 6 * len(planes.entity)
    for per_plane, launch in ((1, 0), (1, 4), (6, 1e9)):
        stock = spares(spares_per_plane=per_plane, launch_spares=launch)
        found = reacted(scene, stock, state(drift_d=5), sats, planes)
        pairs = list(zip(found, without, strict=True))
        assert all(np.all(a.end_s <= b.end_s) and np.any(a.end_s < b.end_s) for a, b in pairs)


def test_the_share_down_of_endless_losses_is_that_of_their_age(scene):
    """Lost at a rate r, replaced after D without limit: down are those lost for less than D."""
    rng, n_draw, rate_per_d, delay_d = np.random.default_rng(4), 2048, 0.02, 30.0
    sat, draw = (each.ravel() for each in np.mgrid[:N_SAT, :n_draw])
    start_s = -rng.exponential(1 / rate_per_d, len(sat)) * DAY_S
    each = sat, draw, start_s, np.full(len(sat), INF), "sat", N_SAT, n_draw // 32
    stock = spares(n_draw, spares_per_plane=6)
    (found,) = reacted(scene, stock, state(delay_d - 1.5, n_draw=n_draw), in_order(*each))
    share, expected = np.mean(found.end_s > 0), -np.expm1(-rate_per_d * delay_d)
    assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / len(sat))


def test_the_share_down_of_a_law_is_that_of_its_losses_cut_short():
    """With an own repair of mean R: share down of the law, times 1 - exp(-D / R), at any time."""
    run = small_run(
        *FOUR_PLANES, *GRID, "threats=[satellite_failure,spares]",
        "threats.satellite_failure.rate_per_year=2", "threats.satellite_failure.replacement_d=200",
        "threats.spares.launch_spares=1e9", "threats.spares.sigma=0",
        "threats.spares.drift_d=29.5", "threats.spares.checkout_d=13.5",
        "threats.spares.spares_per_plane=6", "threats.spares.launch_delay_d=0",
    )  # fmt: skip
    draws = np.arange(1024, dtype=np.uint32)
    _, outages = engine.sample_draws(run, 0, draws)
    own = after_reactions(run.system.threats, outages, run.columns[0], run.scenes[0], {})
    (found,) = own["satellite_failure"]
    load = 2 * 200 / 365.25
    expected = load / (1 + load) * -np.expm1(-50 / 200)
    for at_s in (0.0, 40_000.0, 86_000.0):
        share = np.sum((found.start_s <= at_s) & (at_s < found.end_s)) / (N_SAT * len(draws))
        sigma = np.sqrt(expected * (1 - expected) / (N_SAT * len(draws)))
        assert abs(share - expected) < 4 * sigma
