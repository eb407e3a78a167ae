"""Physics of the failure laws: shares against their closed forms, at 4 sigma with a fixed seed."""

import numpy as np
import pytest

from sdn_mc import engine
from sdn_mc.core.constants import S_PER_DAY, S_PER_YEAR
from sdn_mc.core.outage import Spans
from tests.small_run import one_threat, small_run

N_DRAW = 2048


def down_share(windows: Spans, at_s: float) -> tuple[float, int]:
    """Share of (entity, draw) down at one time, and how many there are."""
    down = np.count_nonzero((windows.start_s <= at_s) & (at_s < windows.end_s))
    count = windows.n_entity * N_DRAW
    return down / count, count


@pytest.mark.parametrize("name, repair", [("satellite_failure", "replacement_d"),
                                          ("terminal_failure", "repair_d")])  # fmt: skip
@pytest.mark.parametrize("repair_d", [0.1, 1.0, 10.0])
def test_share_down_is_stationary_and_equals_the_closed_form(name, repair, repair_d):
    rate_per_year = 100.0
    run = one_threat(name, {"rate_per_year": rate_per_year, repair: repair_d})
    _, outages = engine.sample_draws(run, 0, np.arange(N_DRAW, dtype=np.uint32))
    load = rate_per_year / S_PER_YEAR * repair_d * S_PER_DAY
    exact = load / (1 + load)
    window_s = float(run.scenes[0].window_s)
    for at_s in (0.0, window_s / 2, window_s):
        share, count = down_share(outages[name][0], at_s)
        # Entities and draws are independent: binomial sigma; 4 of it is one false alarm in 16,000.
        assert abs(share - exact) < 4 * np.sqrt(exact * (1 - exact) / count)


def test_a_given_fault_has_a_uniform_onset_and_a_lognormal_length():
    run = one_threat("vendor_fault")
    drawn, outages = engine.sample_draws(run, 0, np.arange(N_DRAW, dtype=np.uint32))
    onset_s, repair_h = drawn["vendor_fault.onset_s"], drawn["vendor_fault.repair_h"]
    window_s = float(run.scenes[0].window_s)
    assert onset_s.min() >= 0 and onset_s.max() < window_s
    assert abs(onset_s.mean() / window_s - 0.5) < 4 / np.sqrt(12 * N_DRAW)
    log = np.log(repair_h / 2.5)
    assert abs(log.mean()) < 4 * 0.5 / np.sqrt(N_DRAW)
    assert abs(log.std() - 0.5) < 4 * 0.5 / np.sqrt(2 * N_DRAW)
    (windows,) = outages["vendor_fault"]
    assert windows.n_entity == 1 and np.array_equal(windows.start_s, onset_s)
    # Hours are turned to seconds in float32, whose step at 86,400 s is 1/128 s.
    assert np.allclose(windows.end_s, onset_s + repair_h * 3600, atol=0.05)


def test_a_fault_of_one_group_spares_the_other_and_shares_the_stream():
    vendor, software = one_threat("vendor_fault"), one_threat("software_fault")
    draws = np.arange(32, dtype=np.uint32)
    both, _ = engine.sample_draws(vendor, 0, draws)
    one, outages = engine.sample_draws(software, 0, draws)
    assert np.array_equal(both["vendor_fault.onset_s"], one["software_fault.onset_s"])
    assert np.array_equal(both["vendor_fault.repair_h"], one["software_fault.repair_h"])
    (windows,) = outages["software_fault"]
    assert windows.n_entity == 2 and np.array_equal(windows.draw, draws)
    assert np.all(windows.entity == 0)  # blue


def test_another_threat_leaves_the_draws_of_the_first_unchanged():
    alone = one_threat("satellite_failure")
    together = small_run("threats=[vendor_fault,terminal_failure,satellite_failure]")
    draws = np.arange(64, dtype=np.uint32)
    _, first = engine.sample_draws(alone, 0, draws)
    _, second = engine.sample_draws(together, 0, draws)
    for a, b in zip(first["satellite_failure"], second["satellite_failure"], strict=True):
        assert len(a.entity) > 0 and np.array_equal(a.entity, b.entity)
        assert np.array_equal(a.start_s, b.start_s) and np.array_equal(a.end_s, b.end_s)
