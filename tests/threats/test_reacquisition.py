"""Reacquisition: who acquires, from when to when, and for how long on average."""

import jax
import numpy as np
import pytest

from sdn_mc.core.outage import Spans
from sdn_mc.core.spans import in_order
from sdn_mc.threats.reacquisition import Reacquisition
from tests.engine.scenarios import FOUR_PLANES, GRID
from tests.small_run import small_run

N_DRAW, N_SAT, N_TERMINAL = 64, 24, 4
KINDS = {"sat": N_SAT, "plane": 4, "site": 2, "terminal": N_SAT * N_TERMINAL, "pair:plane": 10}


@pytest.fixture(scope="module")
def scene():
    """Four planes of six, four lasers each."""
    return small_run(*FOUR_PLANES, *GRID).scenes[0]


def reaction(acquisition_s: float = 30.0, sigma: float = 0.0, success: float = 1.0, n_draw=N_DRAW):
    """As the engine hands it to `react`: numbers of each draw."""
    alike = Reacquisition(acquisition_s, sigma, success)
    return jax.tree.map(lambda number: np.full(n_draw, number, np.float32), alike)


def keys(n_draw: int = N_DRAW) -> np.ndarray:
    """What `sample` returns."""
    every = jax.random.split(jax.random.key(5, impl="threefry2x32"), n_draw)
    return np.asarray(jax.random.key_data(every)).T


def in_draw(draw: int, of: str, *windows: tuple[int, float, float]) -> Spans:
    entity, start_s, end_s = np.array(windows, float).T
    each = entity.astype(int), np.full(len(entity), draw), start_s, end_s
    return in_order(*each, of, KINDS[of], N_DRAW // 32)


def acquiring(scene, component: Reacquisition, *spans: Spans) -> dict[int, list]:
    """By terminal: from when to when; and everything else is handed back as it is."""
    found = component.react(keys(), list(spans), scene, None)
    assert len(found) == len(spans) + 1
    assert all(a is b for a, b in zip(found, spans, strict=False))
    own = found[-1]
    assert own.of == "terminal" and own.n_entity == N_SAT * N_TERMINAL
    by_terminal: dict[int, list] = {}
    for k, start_s, end_s in zip(own.entity, own.start_s, own.end_s, strict=True):
        by_terminal.setdefault(int(k), []).append((float(start_s), float(end_s)))
    return by_terminal


def test_lasers_acquire_from_the_end_of_the_loss_on(scene):
    found = acquiring(
        scene,
        reaction(),
        in_draw(9, "sat", (2, 100.25, 250.5), (3, 50, np.inf)),
        in_draw(9, "terminal", (21, 7, 8.125)),
        in_draw(9, "site", (1, 0, 60)),
        in_draw(9, "pair:plane", (4, 0, 60)),
    )
    assert found == {8: [(250.5, 280.5)], 9: [(250.5, 280.5)], 10: [(250.5, 280.5)],
                     11: [(250.5, 280.5)], 21: [(8.125, 38.125)]}  # fmt: skip


def test_a_group_that_returns_has_every_laser_acquire(scene):
    found = acquiring(scene, reaction(), in_draw(40, "plane", (1, 0, 1000)))
    assert found == {k: [(1000, 1030)] for k in range(6 * N_TERMINAL, 12 * N_TERMINAL)}


def test_causes_that_overlap_are_one_loss_and_a_new_one_breaks_off_the_attempt(scene):
    """One satellite by two causes; one laser of it is out beyond that, another a little later."""
    found = acquiring(
        scene,
        reaction(),
        in_draw(0, "sat", (0, 0, 100)),
        in_draw(0, "plane", (0, 100, 200)),
        in_draw(0, "terminal", (1, 150, 400), (2, 210, 220), (3, 90, 190)),
    )
    assert found[0] == [(200, 230)] and found[1] == [(400, 430)]
    assert found[2] == [(200, 210), (220, 250)] and found[3] == [(200, 230)]


def test_acquisition_of_no_length_is_none(scene):
    assert acquiring(scene, reaction(0.0), in_draw(0, "sat", (0, 0, 100))) == {}


def test_a_loss_has_the_same_acquisition_whatever_else_happens(scene):
    component = reaction(sigma=0.7, success=0.5)
    alone = acquiring(scene, component, in_draw(33, "sat", (0, 500, 600)))
    also = acquiring(
        scene,
        component,
        in_draw(33, "sat", (0, 500, 600), (1, 0, 10)),
        in_draw(33, "terminal", (0, -20_000, -10_000)),
    )
    assert all(also[k][-1] == alone[k][0] for k in range(N_TERMINAL))
    assert len({end for ((_, end),) in alone.values()}) > 1


def test_the_time_lost_is_the_number_of_losses_times_the_mean(scene):
    """Two losses of every satellite in every draw: 4 lasers each, so many independent times."""
    n_draw, median_s, sigma, success = 256, 20.0, 0.6, 0.7
    sat, draw = (each.ravel() for each in np.mgrid[:N_SAT, :n_draw])
    every = np.ones(len(sat))
    once = [
        in_order(sat, draw, at_s * every, (at_s + 50) * every, "sat", N_SAT, 8)
        for at_s in (100.0, 30_000.0)
    ]
    component = reaction(median_s, sigma, success, n_draw)
    own = component.react(keys(n_draw), once, scene, None)[-1]
    lasts_s = own.end_s.astype(float) - own.start_s
    n = 2 * N_SAT * N_TERMINAL * n_draw
    assert len(lasts_s) == n
    mean_s = median_s * np.exp(sigma**2 / 2) / success
    square_s2 = median_s**2 * np.exp(2 * sigma**2) * (2 - success) / success**2
    assert abs(lasts_s.mean() - mean_s) < 4 * np.sqrt((square_s2 - mean_s**2) / n)
    # Chance of a single attempt below its median, by the numbers of attempts and times apart.
    below = success / 2 + sum(
        success * (1 - success) ** k * normal_below(-np.log(k + 1) / sigma) for k in range(1, 60)
    )
    share = np.mean(lasts_s < median_s)
    assert abs(share - below) < 4 * np.sqrt(below * (1 - below) / n)


def normal_below(z: float) -> float:
    return 0.5 * float(jax.scipy.special.erfc(-z / np.sqrt(2)))
