"""Breaks of laser terminals, routine or in a storm: shares of instants, as masks see them."""

import math

import numpy as np
import pytest

from sdn_mc import engine
from sdn_mc.core.bits import unpack_draws
from sdn_mc.core.constants import S_PER_H
from sdn_mc.core.outage import Spans
from sdn_mc.engine import Column
from sdn_mc.engine.chains import Chain, down_of_chain
from tests.small_run import one_threat

N_DRAW = 256
DRAWS = np.arange(N_DRAW, dtype=np.uint32)


def down_of(part: Chain, time_s: np.ndarray, n_draw: int = N_DRAW) -> np.ndarray:
    """Terminals that are down, [time, terminal, draw]."""
    times = range(len(time_s))
    return np.array(
        [np.stack([down_of_chain(part, time_s, t, d) for d in range(n_draw)], 1) for t in times]
    )


@pytest.mark.parametrize("interval_min, acquisition_s", [(48.7, 15.0), (24.4, 100.0)])
def test_a_terminal_is_down_for_its_acquisitions(interval_min, acquisition_s):
    run = one_threat("repointing", {"interval_min": interval_min, "acquisition_s": acquisition_s})
    _, outages = engine.sample_draws(run, 0, DRAWS)
    (chain,) = outages["repointing"]
    assert isinstance(chain, Chain)
    down = down_of(chain, run.scenes[0].time_s)
    share = acquisition_s / (interval_min * 60)
    # Terminals and draws are independent at one instant; instants are hours apart, so independent.
    assert abs(down.mean() - share) < 4 * math.sqrt(share * (1 - share) / down.size)


STORM = {"duration_h": 8.0, "unavailable": 0.2, "outage_s": 60.0}


def test_a_storm_breaks_terminals_while_it_lasts_and_not_before_or_after():
    run = one_threat("solar_storm", STORM)
    drawn, outages = engine.sample_draws(run, 0, DRAWS)
    chain, lost = outages["solar_storm"]
    assert isinstance(chain, Chain) and len(lost.start_s) == 0
    scene = run.scenes[0]
    down = down_of(chain, scene.time_s)
    since_s = scene.time_s[:, None].astype(np.float32) - drawn["solar_storm.onset_s"]
    # A second of room, since the end is rounded to float32.
    during = (since_s >= 1) & (since_s < 8 * S_PER_H - 1)
    outside = (since_s < -1) | (since_s > 8 * S_PER_H + 1)
    inside = down.transpose(0, 2, 1)[during]
    assert not np.any(down.transpose(0, 2, 1)[outside]) and inside.size > 10_000
    assert abs(inside.mean() - 0.2) < 4 * math.sqrt(0.2 * 0.8 / inside.size)


def test_masks_of_a_storm_are_the_states_of_its_chain():
    """Compiled masks, by the host, against the state of each terminal told one by one."""
    run = one_threat("solar_storm", STORM)
    _, outages = engine.sample_draws(run, 0, DRAWS)
    scene, links = run.scenes[0], run.scenes[0].links
    columns = (Column("all", ("solar_storm",)),)
    (masks,) = engine.masks_at(run, 0, outages, columns, scene.time_s, N_DRAW)
    up = unpack_draws(np.moveaxis(masks.link_up, 1, -1))
    own = np.arange(scene.fleet.n_sat)[:, None] * links.n_terminal + links.terminal
    down = down_of(outages["solar_storm"][0], scene.time_s, 96)
    here = down[:, own]
    far = here[:, links.neighbour, links.peer]
    assert here.any() and np.array_equal(up[..., :96], ~(here | far))


def test_breaks_that_are_drawn_one_by_one_end_with_the_storm_too():
    """A share that is drawn in every draw cannot be a chain: windows, cut at both ends."""
    uniform = "{_target_: sdn_mc.core.distributions.Uniform, low: 0.1, high: 0.3}"
    run = one_threat("solar_storm", STORM | {"unavailable": uniform})
    drawn, outages = engine.sample_draws(run, 0, DRAWS)
    spans, _ = outages["solar_storm"]
    assert isinstance(spans, Spans)
    onset_s = drawn["solar_storm.onset_s"][spans.draw]
    assert np.all(spans.start_s >= onset_s) and np.all(spans.end_s <= onset_s + 8 * 3600 + 0.1)
    assert np.array_equal(np.searchsorted(spans.draw // 32, np.arange(9)), spans.begin)
    # Onsets are uniform over the window: take a time by which all draws have an hour of storm.
    length_s = np.bincount(spans.draw, spans.end_s - spans.start_s, N_DRAW)
    window_s, n = float(run.scenes[0].window_s), spans.n_entity
    seen_s = np.minimum(drawn["solar_storm.onset_s"] + 8 * 3600, window_s)
    seen_s = (seen_s - drawn["solar_storm.onset_s"]) * n
    long = seen_s > 3600 * n
    # Time down in a time T, by the covariance of the process: 2 s (1 - s) T / (rate + 1 / repair),
    # which is 2 s (1 - s)^2 T repair, for times T far above a minute; breaks end up to one late.
    share = drawn["solar_storm.unavailable"]
    sigma_s = math.sqrt((2 * share * (1 - share) ** 2 * 60.0 * seen_s)[long].sum())
    assert abs(length_s[long].sum() - (share * seen_s)[long].sum()) < 4 * sigma_s


def test_satellites_just_launched_are_lost_for_good():
    run = one_threat("solar_storm", {"insertion_altitude_km": 1300, "severity": 0.78})
    drawn, outages = engine.sample_draws(run, 0, DRAWS)
    _, lost = outages["solar_storm"]
    n = lost.n_entity * N_DRAW
    assert abs(len(lost.entity) / n - 0.78) < 4 * math.sqrt(0.78 * 0.22 / n)
    assert np.all(np.isinf(lost.end_s))
    assert np.array_equal(lost.start_s, drawn["solar_storm.onset_s"][lost.draw])
