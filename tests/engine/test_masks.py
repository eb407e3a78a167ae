"""Mask words, bit for bit, against the definitions worked out one satellite at a time."""

import numpy as np
import pytest

from sdn_mc import engine
from sdn_mc.core.bits import unpack_draws
from sdn_mc.core.constants import S_PER_DAY, S_PER_YEAR
from sdn_mc.core.outage import Spans
from sdn_mc.engine import Column
from sdn_mc.engine.causes import spans_of_windows
from tests.engine import by_hand
from tests.engine.scenarios import MENDING, LossOf, everything_at_once, often


def flags(masks) -> tuple[np.ndarray, np.ndarray]:
    """Link and access booleans [time, …, draw]."""
    link = unpack_draws(np.moveaxis(masks.link_up, 1, -1))
    return link, unpack_draws(np.moveaxis(masks.access_up, 1, -1))


def check(run, outages, columns, time_s, n_draw, draws) -> np.ndarray:
    """Every bit of some draws; returns the share of links up in each column."""
    scene = run.scenes[0]
    found = [flags(m) for m in engine.masks_at(run, 0, outages, columns, time_s, n_draw)]
    for draw in draws:
        drawn = by_hand.drawn_in(outages, draw)
        for column, (link, access) in zip(columns, found, strict=True):
            for t, at_s in enumerate(time_s):
                up = by_hand.up_at(scene, drawn, column.causes, t, at_s)
                assert np.array_equal(link[t, ..., draw], up.link)
                assert np.array_equal(access[t, ..., draw], up.access)
    return np.array([link.mean() for link, _ in found])


@pytest.mark.parametrize("n_draw", [32, 256])
def test_every_kind_of_cause_at_once(tmp_path, n_draw):
    run = everything_at_once(tmp_path)
    _, outages = engine.sample_draws(run, 0, np.arange(n_draw, dtype=np.uint32))
    draws = range(0, n_draw, n_draw // 8)  # of every word
    shares = check(run, outages, run.columns, run.scenes[0].time_s, n_draw, draws)
    assert 0.02 < shares[0] < shares[1] < shares[3] < 1  # a healthy mesh wakes no standby link


def test_other_times_than_the_scenes(tmp_path):
    """As lagged routing asks for them: the present geometry with an older state."""
    run = everything_at_once(tmp_path, "routing=lagged", "routing.lag_s=3600")
    _, outages = engine.sample_draws(run, 0, np.arange(32, dtype=np.uint32))
    check(run, outages, run.columns[:1], run.scenes[0].time_s - 3600, 32, range(0, 32, 4))


def test_neighbours_that_change_with_time():
    run = often("topology=nearest", grid=())
    _, outages = engine.sample_draws(run, 0, np.arange(32, dtype=np.uint32))
    assert run.scenes[0].links.neighbour.ndim == 3
    check(run, outages, run.columns, run.scenes[0].time_s, 32, range(0, 32, 4))


def test_both_slots_of_a_link_carry_the_same_bits(tmp_path):
    run = everything_at_once(tmp_path)
    links, time_s = run.scenes[0].links, run.scenes[0].time_s
    _, outages = engine.sample_draws(run, 0, np.arange(64, dtype=np.uint32))
    for masks in engine.masks_at(run, 0, outages, run.columns, time_s, 64):
        far = masks.link_up[..., links.neighbour, links.peer]
        assert np.array_equal(masks.link_up, far)


def loss_of_satellite(sat: int, *windows: tuple[float, float]) -> tuple[Spans]:
    """One of 24 satellites is down on these windows in each of 32 draws, the others never."""
    start_s, end_s = np.full((2, 24, len(windows), 32), np.inf, np.float32)
    start_s[sat], end_s[sat] = np.transpose(windows)[..., None]
    return (spans_of_windows(start_s, end_s, "sat"),)


def test_two_causes_that_follow_each_other_are_one_loss():
    """Down from 1,000 s to 9,000 s by two causes: the standby links wake at 8,200 s, not later."""
    run = often(*MENDING)
    links = run.scenes[0].links
    assert links.retarget_s == 7200
    outages = {
        "satellite_failure": loss_of_satellite(8, (1000.0, 5000.0)),
        "vendor_fault": loss_of_satellite(8, (20_000.0, 30_000.0), (4000.0, 9000.0)),
    }
    both = (Column("both", tuple(outages)),)
    time_s = np.array([8199.0, 8200.0, 8999.0, 9000.0, 27_199.0, 27_200.0])
    link, _ = flags(engine.masks_at(run, 0, outages, both, time_s, 32)[0])
    bridges = (links.wakes_on == 8).any(-1) & ((links.wakes_on == 8) | (links.wakes_on < 0)).all(-1)
    assert bridges.sum() == 4  # one past it along the plane, one across; both slots of each
    awake = np.array([False, True, True, False, False, True])
    assert np.array_equal(link[:, bridges], np.broadcast_to(awake[:, None, None], (6, 4, 32)))


def test_windows_of_one_cause_may_overlap_and_come_in_any_order():
    run = often(*MENDING)
    windows = (20_000.0, 30_000.0), (1000.0, 5000.0), (4000.0, 9000.0), (2000.0, 3000.0)
    outages = {"satellite_failure": loss_of_satellite(8, *windows)}
    columns = (Column("one", tuple(outages)),)
    time_s = np.array([500.0, 2500.0, 4500.0, 8000.0, 10_000.0, 25_000.0])
    check(run, outages, columns, time_s, 32, [0, 31])
    link, _ = flags(engine.masks_at(run, 0, outages, columns, time_s, 32)[0])
    down = [False, True, True, True, False, True]
    assert np.array_equal(~link[:, 8, :4].any(axis=(1, 2)), down)


def test_what_is_down_at_the_start_has_been_so_for_a_while():
    """So that standby links are awake at the first instant: at any time, the age of a loss in a
    stationary process is exponential with the mean repair time. The same holds before the first
    instant, where lagged routing looks."""
    run = often("routing=lagged", "routing.lag_s=3000")
    _, outages = engine.sample_draws(run, 0, np.arange(256, dtype=np.uint32))
    (law,) = outages["satellite_failure"]
    repair_s, load = 0.2 * S_PER_DAY, 500 / S_PER_YEAR * 0.2 * S_PER_DAY
    for at_s in (-3000.0, 0.0, 43_200.0):
        down = (law.start_s <= at_s) & (at_s < law.end_s)
        share, n_entity = load / (1 + load), 24 * 256
        assert abs(down.sum() / n_entity - share) < 4 * np.sqrt(share * (1 - share) / n_entity)
        age = (at_s - law.start_s[down]) / repair_s
        assert len(age) > 1000
        # Unit exponential: mean 1; standard deviation 1, itself known to sqrt(2 / n).
        assert abs(age.mean() - 1) < 4 / np.sqrt(len(age))
        assert abs(age.std() - 1) < 4 * np.sqrt(2 / len(age))


def test_a_site_that_is_lost_loses_every_candidate(tmp_path):
    run = everything_at_once(tmp_path, "access.attachment=any")
    _, outages = engine.sample_draws(run, 0, np.arange(32, dtype=np.uint32))
    columns = (Column("sites", ("site_loss",)),)
    (masks,) = engine.masks_at(run, 0, outages, columns, run.scenes[0].time_s, 32)
    link, access = flags(masks)
    assert link[:, :, : run.scenes[0].links.n_terminal].all()
    assert np.array_equal(access.any(2), access.all(2))
    share = 1 - access.any(2).mean()
    load = LossOf().rate_per_s * LossOf().repair_s
    # Times of one site are alike, so only sites and draws are independent: a generous count.
    assert abs(share - load / (1 + load)) < 4 * np.sqrt(0.14 / (32 * run.sites.n_site))


def test_windows_outside_the_scene_are_left_out():
    """One that ends as the scene begins may go on in another, without a break."""
    start_s = np.repeat(np.float32([-9, -9, 5, 99, 101, np.inf])[None, :, None], 32, axis=2)
    end_s = np.repeat(np.float32([-1, 0, 6, np.inf, 102, np.inf])[None, :, None], 32, axis=2)
    spans = spans_of_windows(start_s, end_s, "sat", begin_s=0.0, window_s=100.0)
    assert np.array_equal(spans.start_s[spans.draw == 7], [-9, 5, 99])
    assert np.array_equal(spans.begin, [0, 3 * 32])
