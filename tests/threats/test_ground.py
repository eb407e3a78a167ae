"""Outages of sites and cut cables: stationary shares against closed forms."""

import math

import numpy as np
import pytest

from sdn_mc import engine
from sdn_mc.core.constants import S_PER_DAY, S_PER_H, S_PER_YEAR
from sdn_mc.core.problems import InputError
from tests.small_run import one_threat

N_DRAW = 4096
DRAWS = np.arange(N_DRAW, dtype=np.uint32)


def down_at(parts, at_s: float) -> np.ndarray:
    """Sites that are down in each draw, [site, draw]."""
    down = np.zeros((parts[0].n_entity, N_DRAW), bool)
    for spans in parts:
        now = (spans.start_s <= at_s) & (at_s < spans.end_s)
        down[spans.entity[now], spans.draw[now]] = True
    return down


def share(load: float) -> float:
    return load / (1 + load)


@pytest.mark.parametrize("repair_h", [2.4, 24.0, 240.0])
def test_sites_fail_by_themselves_and_together(repair_h):
    """A tenth of the window, the window, ten windows; at its start, middle and end."""
    settings = {"rate_per_year": 100.0, "repair_h": repair_h, "shared_rate_per_year": 12.0,
                "shared_repair_h": repair_h}  # fmt: skip
    run = one_threat("ground_outage", settings)
    _, outages = engine.sample_draws(run, 0, DRAWS)
    year_s = S_PER_YEAR / S_PER_H
    own, shared = share(100 / year_s * repair_h), share(12 / year_s * repair_h)
    window_s = float(run.scenes[0].window_s)
    for at_s in (0.0, window_s / 2, window_s):
        law, shocks = outages["ground_outage"]
        together = down_at([shocks], at_s)
        assert np.all(together == together[0])
        # Draws are independent; 4 binomial sigma, one false alarm in 16,000.
        assert abs(together[0].mean() - shared) < 4 * math.sqrt(shared * (1 - shared) / N_DRAW)
        alone = down_at([law], at_s)
        assert abs(alone.mean() - own) < 4 * math.sqrt(own * (1 - own) / alone.size)


def test_only_chosen_sites_fail_and_a_name_that_is_none_is_told():
    run = one_threat("ground_outage", {"sites": "[Lon*, *York]", "rate_per_year": 1e6,
                                       "repair_h": 87_660})  # fmt: skip
    _, outages = engine.sample_draws(run, 0, DRAWS)
    down = down_at(outages["ground_outage"], 0.0).all(axis=1)
    assert [run.sites.name[k] for k in np.flatnonzero(down)] == ["New York", "London"]
    with pytest.raises(InputError, match="no site is named 'Atlantis'"):
        one_threat("ground_outage", {"sites": "[London, Atlantis]"})


@pytest.mark.parametrize("sigma", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("median_d", [0.1, 1.0, 25.0])
def test_cables_are_cut_for_a_stationary_share_of_the_time(median_d, sigma):
    rate = 20.0
    run = one_threat("fibre_cut", {"rate_per_year": rate, "repair_d": median_d,
                                   "repair_sigma": sigma})  # fmt: skip
    _, outages = engine.sample_draws(run, 0, DRAWS)
    mean_s = median_d * math.exp(sigma**2 / 2) * S_PER_DAY
    exact, window_s = share(rate / S_PER_YEAR * mean_s), float(run.scenes[0].window_s)
    for at_s in (0.0, window_s / 2, window_s):
        down = down_at(outages["fibre_cut"], at_s)
        assert abs(down.mean() - exact) < 4 * math.sqrt(exact * (1 - exact) / down.size)


def test_what_is_left_of_a_repair_under_way_has_the_moments_of_renewal_theory():
    """Mean E[R^2] / 2 E[R], and second moment E[R^3] / 3 E[R]; whole repairs are lognormal."""
    run = one_threat("fibre_cut", {"rate_per_year": 20.0})
    _, outages = engine.sample_draws(run, 0, DRAWS)
    (spans,) = outages["fibre_cut"]
    left_d, sigma = spans.end_s[np.isneginf(spans.start_s)] / S_PER_DAY, 0.5
    moment = [25.0**k * math.exp(k * k * sigma**2 / 2) for k in range(4)]
    mean, square = moment[2] / (2 * moment[1]), moment[3] / (3 * moment[1])
    deviation = math.sqrt(square - mean**2)
    assert abs(left_d.mean() - mean) < 4 * deviation / math.sqrt(len(left_d))
    inside = (spans.start_s >= 0) & (spans.start_s < float(run.scenes[0].window_s))
    log = np.log((spans.end_s - spans.start_s)[inside] / S_PER_DAY / 25)
    assert abs(log.mean()) < 4 * sigma / math.sqrt(len(log))
    assert abs(log.std() - sigma) < 4 * sigma / math.sqrt(2 * len(log))
