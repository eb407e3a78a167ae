"""Wear-out: the Weibull law at stated ages, inside a scene, replaced, and of terminals."""

import math

import numpy as np
import pytest

from sdn_mc import engine
from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.constants import S_PER_YEAR
from sdn_mc.threats.wear_out import _age_years
from tests.small_run import one_threat

N_DRAW = 8192
SHAPE, SCALE = 0.4521, 2607.0


def outages_of(settings: dict, name: str = "wear_out"):
    """What the cause does in all draws, and the length of the window."""
    run = one_threat(name, settings)
    _, outages = engine.sample_draws(run, 0, np.arange(N_DRAW, dtype=np.uint32))
    return outages[name], float(run.scenes[0].window_s)


def survival(age_years: float) -> float:
    return math.exp(-((age_years / SCALE) ** SHAPE))


def close(count: int, chance: float, n: int) -> bool:
    """Entities and draws are independent: binomial sigma; 4 of it is one false alarm in 16,000."""
    return abs(count - chance * n) < 4 * math.sqrt(n * chance * (1 - chance))


@pytest.mark.parametrize("age, published", [(1 / 12, 0.991), (1, 0.972), (5, 0.943), (15, 0.908)])
def test_as_many_work_at_the_start_as_castet_and_saleh_say(age, published):
    # The paper rounds its parameters and its table: to one unit of the last place.
    assert abs(survival(age) - published) < 1e-3
    (spans,), _ = outages_of({"age_years": age, "replacement_d": "null"})
    down, n = np.count_nonzero(spans.start_s < 0), spans.n_entity * N_DRAW
    assert close(down, 1 - survival(age), n) and np.all(np.isinf(spans.end_s))
    # Of those that failed before the start, half did so in their first 2^(-1/shape) of the age,
    # nearly: the law of the time, given that it lies before the age.
    middle = SCALE * (-math.log((1 + survival(age)) / 2)) ** (1 / SHAPE)
    early = np.count_nonzero(spans.start_s[spans.start_s < 0] / S_PER_YEAR + age < middle)
    assert close(early, 0.5, down)


def test_the_young_fail_inside_the_scene_by_the_conditional_law():
    """A scale of days, so that a scene of a day holds many: half of it too, as times have a law."""
    age, scale = 2.0 / 365.25, 30.0 / 365.25
    (spans,), window_s = outages_of(
        {"age_years": age, "scale_years": scale, "replacement_d": "null"}
    )
    n = spans.n_entity * N_DRAW
    alive = n - np.count_nonzero(spans.start_s < 0)
    for within_s in (window_s / 10, window_s / 2, window_s):
        late = age + within_s / S_PER_YEAR
        chance = -math.expm1((age / scale) ** SHAPE - (late / scale) ** SHAPE)
        inside = np.count_nonzero((spans.start_s >= 0) & (spans.start_s < within_s))
        assert close(inside, chance, alive)


def test_rare_failures_inside_the_scene_are_as_many_as_the_law_says():
    """Of old satellites 1.5e-5 a day, less than a 23-bit uniform would resolve well."""
    (spans,), window_s = outages_of({"age_years": 5, "replacement_d": "null"})
    alive = spans.n_entity * N_DRAW - np.count_nonzero(spans.start_s < 0)
    late = 5 + window_s / S_PER_YEAR
    expected = alive * -math.expm1((5 / SCALE) ** SHAPE - (late / SCALE) ** SHAPE)
    inside = np.count_nonzero((spans.start_s >= 0) & (spans.start_s < window_s))
    assert 1 < expected < 5 and abs(inside - expected) < 4 * math.sqrt(expected)


def test_the_share_down_with_replacements_is_that_of_an_independent_simulation():
    """Ages of weeks and a short life: two lives of a place, in float64 and with other numbers."""
    age_d, scale_d, wait_d, n_life = 60.0, 900.0, 20.0, 2
    (spans,), _ = outages_of({"age_years": age_d / 365.25, "scale_years": scale_d / 365.25,
                              "replacement_d": wait_d})  # fmt: skip
    n = spans.n_entity * N_DRAW
    down = np.count_nonzero((spans.start_s <= 0) & (spans.end_s > 0))
    rng, born_d, other = np.random.default_rng(1), np.full(n, -age_d), 0
    for _ in range(n_life):
        lost_d = born_d + scale_d * rng.weibull(SHAPE, n)
        born_d = lost_d + rng.exponential(wait_d, n)
        other += np.count_nonzero((lost_d <= 0) & (born_d > 0))
    share = (down + other) / (2 * n)
    # The difference of two binomial counts of the same share.
    assert 0.05 < share < 0.3
    assert abs(down - other) < 4 * math.sqrt(2 * n * share * (1 - share))


def test_terminals_have_a_scale_of_their_own():
    parts, _ = outages_of({"age_years": 5, "terminal_scale_years": 500.0, "replacement_d": "null"})
    sat, terminal = parts
    n = terminal.n_entity * N_DRAW
    assert (sat.of, terminal.of, terminal.n_entity) == ("sat", "terminal", 4 * sat.n_entity)
    chance = 1 - math.exp(-((5 / 500) ** SHAPE))
    assert close(np.count_nonzero(terminal.start_s < 0), chance, n)


def test_all_that_are_known_to_work_do_at_the_start():
    (spans,), _ = outages_of({"alive_at_start": True, "replacement_d": "null", "scale_years": 10.0})
    assert len(spans.start_s) and spans.start_s.min() >= 0


def test_the_designator_tells_the_age_to_two_months():
    """Launches of Starlink whose dates are public; none is younger than its launch."""
    start = JulianDate.parse("2026-01-01")
    known = {"2019-074A": "2019-11-11", "2020-001B": "2020-01-07", "2023-211C": "2023-12-29"}
    for designator, date in known.items():
        age = start.seconds_since(JulianDate.parse(date)) / S_PER_YEAR
        assert abs(_age_years(designator, start) - age) < 2 / 12
    assert _age_years("2025-999A", JulianDate.parse("2025-03-01")) == 0
    assert [_age_years(text, start) for text in ("", "TBA - TBD", "20-001A")] == [-1.0] * 3
