"""Laws against closed forms: by windows, and as chains at the instants alone."""

import numpy as np
import pytest
from numba import njit

from sdn_mc import engine
from sdn_mc.core.bits import unpack_draws
from sdn_mc.core.outage import Spans
from sdn_mc.core.threefry import threefry
from sdn_mc.engine import Column
from sdn_mc.engine.chains import Chain, chain_of, down_of_chain
from sdn_mc.engine.laws import Law, spans_of
from tests.engine.scenarios import MENDING, often

DAY_S = 86_400.0
YEAR_S = 365.25 * DAY_S
USUAL = (0.05 / YEAR_S, YEAR_S)  # a terminal: one in 4,000 changes in a day
BUSY = (10 / DAY_S, 3600.0)
TURNING = (1 / 2100.0, 15.0)  # re-points every 35 minutes for 15 seconds


def law(rate_per_s, repair_s, n_entity=400, n_draw=256, seed=0) -> Law:
    key = np.random.default_rng(seed).integers(0, 2**32, (2, n_draw), dtype=np.uint32)
    rate, repair = (np.full((1, n_draw), each, np.float32) for each in (rate_per_s, repair_s))
    return Law(key, rate, repair, "terminal", n_entity)


def down_at(spans: Spans, at_s: float) -> np.ndarray:
    """Rows that hold at a time."""
    return (spans.start_s <= at_s) & (at_s < spans.end_s)


@njit
def _numbers(key_0, key_1, counter_0, counter_1):
    return threefry((key_0, key_1), counter_0, counter_1)


@pytest.mark.parametrize(
    "key, counter, expected",
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((2**32 - 1,) * 2, (2**32 - 1,) * 2, (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_numbers_are_those_of_the_authors(key, counter, expected):
    """Known answers of threefry2x32 with 20 rounds, published with Random123."""
    assert _numbers(*map(np.uint32, (*key, *counter))) == expected


def test_the_lanes_hold_the_numbers_that_each_draw_has_alone():
    """Entities of the list are those whose first number is below the threshold, in any lane."""
    busy = law(*BUSY, n_entity=50, n_draw=64)
    spans = spans_of(busy, 0.0, DAY_S)
    limit = np.float64(np.float32(BUSY[0])) * BUSY[1]
    limit = int(limit / (1 + limit) * 2**32)
    for draw in (0, 17, 40, 63):
        first = [_numbers(*busy.key[:, draw], np.uint32(k), np.uint32(0))[0] for k in range(50)]
        expected = np.flatnonzero(np.array(first) < limit)
        found = spans.entity[(spans.draw == draw) & down_at(spans, 0.0)]
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("rate, repair_s", [USUAL, BUSY])
def test_the_share_down_is_the_same_at_all_times(rate, repair_s):
    n_entity = 4000
    spans = spans_of(law(rate, repair_s, n_entity), 0.0, DAY_S)
    share, count = rate * repair_s / (1 + rate * repair_s), n_entity * 256
    for at_s in (0.0, 1.0, 0.3 * DAY_S, DAY_S):
        found = np.count_nonzero(down_at(spans, at_s)) / count
        assert abs(found - share) < 4 * np.sqrt(share * (1 - share) / count)


def test_as_many_change_as_should():
    rate, repair_s = USUAL
    n_entity = 8000
    spans = spans_of(law(rate, repair_s, n_entity), 0.0, DAY_S)
    share = rate * repair_s / (1 + rate * repair_s)
    inside = (spans.start_s > 0) | (spans.end_s < DAY_S)
    fails, returns = (1 - share) * -np.expm1(-rate * DAY_S), share * -np.expm1(-DAY_S / repair_s)
    expected = (fails + returns) * n_entity * 256  # a second change is rarer than 1e-7
    assert abs(np.count_nonzero(inside) - expected) < 4 * np.sqrt(expected)
    # Times inside so short a part of an exponential are all but uniform.
    times = np.concatenate([spans.start_s[spans.start_s > 0], spans.end_s[spans.end_s < DAY_S]])
    assert abs(times.mean() / DAY_S - 0.5) < 4 / np.sqrt(12 * len(times))


def test_windows_of_one_entity_follow_each_other():
    spans = spans_of(law(*BUSY), 0.0, DAY_S)
    same = (np.diff(spans.entity) == 0) & (np.diff(spans.draw) == 0)
    assert same.sum() > 100_000 and np.all(spans.start_s[1:][same] >= spans.end_s[:-1][same])
    gap_s = (spans.start_s[1:] - spans.end_s[:-1])[same]
    # Gaps seen whole are a little short, as long ones reach beyond the day: by the closed form of
    # an exponential less than what was left, about 1 / (rate * day) of it; the mean is 1 / rate.
    assert 0.75 < gap_s.mean() * BUSY[0] < 1
    word = spans.draw // 32
    assert np.all(np.diff(word) >= 0)
    assert np.array_equal(np.searchsorted(word, np.arange(9)), spans.begin)


def test_a_larger_fleet_and_another_block_keep_what_was_drawn():
    small, large = law(*BUSY, n_entity=50), law(*BUSY, n_entity=80)
    part = Law(small.key[:, 64:96], small.rate_per_s[:, :32], small.repair_s[:, :32], "sat", 50)
    whole, more, some = (spans_of(each, 0.0, DAY_S) for each in (small, large, part))
    first = more.entity < 50
    assert np.array_equal(more.start_s[first], whole.start_s)
    word = (whole.draw >= 64) & (whole.draw < 96)
    assert np.array_equal(some.end_s, whole.end_s[word])
    assert np.array_equal(some.draw + 64, whole.draw[word])


def test_a_higher_rate_keeps_down_what_a_lower_one_has_down():
    lower, higher = (spans_of(law(rate / YEAR_S, 0.5 * YEAR_S), 0.0, 60.0) for rate in (0.2, 0.4))
    at = [set(zip(s.entity[down_at(s, 0.0)], s.draw[down_at(s, 0.0)], strict=True))
          for s in (lower, higher)]  # fmt: skip
    assert at[0] < at[1]


def test_rates_may_differ_by_entity_and_by_draw():
    one = law(*BUSY, n_entity=3, n_draw=512)
    rate = np.zeros((3, 512), np.float32)
    rate[1, :256], rate[2] = BUSY
    spans = spans_of(one._replace(rate_per_s=rate), 0.0, 60.0)
    down = down_at(spans, 0.0)
    assert not np.any(spans.entity == 0) and np.all(spans.draw[spans.entity == 1] < 256)
    assert np.mean(spans.entity[down] == 2) > 0.5
    assert np.count_nonzero(down & (spans.entity == 2)) > 400  # of 512, nearly always down


@pytest.mark.parametrize("rate, repair_s", [(0.0, 100.0), (1e-3, 0.0), (1e-3, np.inf)])
def test_the_ends_of_the_range_are_no_special_case(rate, repair_s):
    spans = spans_of(law(rate, repair_s, n_entity=20), 0.0, DAY_S)
    share = np.count_nonzero(down_at(spans, 1000.0)) / (20 * 256)
    assert share == (1.0 if np.isinf(repair_s) else 0.0)


# ---- chains


def test_only_what_changes_often_and_alike_is_a_chain():
    assert chain_of(law(*USUAL), DAY_S) is None
    assert isinstance(chain_of(law(*TURNING), DAY_S), Chain)
    differs = law(*TURNING)
    rate = differs.rate_per_s.copy()
    rate[0, 5] *= 2
    assert chain_of(differs._replace(rate_per_s=rate), DAY_S) is None


def test_a_chain_has_the_shares_and_the_memory_of_the_process():
    """At instants 5 and 15 s apart and long after: P(down), and P(down still | down)."""
    rate, repair_s = TURNING
    chain = chain_of(law(rate, repair_s, n_entity=8000, n_draw=256), DAY_S)
    time_s = np.array([0.0, 5.0, 20.0, 5000.0])
    found = np.array(
        [[down_of_chain(chain, time_s, k, 32 * word) for k in range(4)] for word in range(8)]
    )
    share, count = rate * repair_s / (1 + rate * repair_s), found[:, 0].size
    sigma = np.sqrt(share * (1 - share) / count)
    assert np.all(np.abs(found.mean(axis=(0, 2)) - share) < 4 * sigma)
    for k in (1, 2, 3):
        forgotten = -np.expm1(-(rate + 1 / repair_s) * time_s[k])
        stays = 1 - (1 - share) * forgotten
        before = found[:, 0]
        kept = found[:, k][before].mean()
        assert abs(kept - stays) < 4 * np.sqrt(stays * (1 - stays) / before.sum())
    lanes = [down_of_chain(chain, time_s, 0, draw) for draw in range(2)]
    assert not np.array_equal(*lanes)


def test_masks_of_a_chain_are_its_states():
    """A short day of terminals that turn for a fifth of the time; the same in any block."""
    words = (
        "threats.terminal_failure.rate_per_year=50000",
        "threats.terminal_failure.repair_d=2e-3",
    )
    run = often(*words, causes=("terminal_failure",))
    _, outages = engine.sample_draws(run, 0, np.arange(64, dtype=np.uint32))
    (chain,) = outages["terminal_failure"]
    assert isinstance(chain, Chain)
    scene, columns = run.scenes[0], (Column("all", ("terminal_failure",)),)
    (masks,) = engine.masks_at(run, 0, outages, columns, scene.time_s, 64)
    link = unpack_draws(np.moveaxis(masks.link_up, 1, -1))
    links, own = scene.links, np.arange(scene.fleet.n_sat)[:, None] * 4
    for time, draw in ((0, 3), (2, 40), (5, 63)):
        down = down_of_chain(chain, scene.time_s, time, draw)
        here = down[own + links.terminal]
        far = here[links.neighbour, links.peer]
        assert np.array_equal(link[time, ..., draw], ~(here | far))
    _, second = engine.sample_draws(run, 0, np.arange(32, 64, dtype=np.uint32))
    (again,) = engine.masks_at(run, 0, second, columns, scene.time_s, 32)
    assert np.array_equal(again.link_up[:, 0], masks.link_up[:, 1])


def test_standby_links_and_lagged_routing_keep_windows():
    """They must know since when something is down, or its state at two times at once."""
    words = ("threats.satellite_failure.rate_per_year=50000",
             "threats.satellite_failure.replacement_d=2e-3")  # fmt: skip
    draws, cause = np.arange(32, dtype=np.uint32), ("satellite_failure",)
    kinds = [
        type(engine.sample_draws(often(*words, *more, causes=cause), 0, draws)[1][cause[0]][0])
        for more in ((), MENDING, ("routing=lagged", "routing.lag_s=10"))
    ]
    assert kinds == [Chain, Spans, Spans]
