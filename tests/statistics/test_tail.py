"""Means of tails against closed forms."""

import numpy as np
import pytest

from sdn_mc.statistics import tail_mean_interval

ONE_EPOCH = np.zeros(4096, np.int64)


def test_the_worst_twentieth_is_averaged_and_a_part_of_a_draw_counts_as_such():
    values = np.random.default_rng(1).permutation(np.arange(1.0, 41.0))
    assert tail_mean_interval(values, ONE_EPOCH[:40], 0.05).value == pytest.approx(39.5)
    # 2.5 draws: 40, 39 and half of 38.
    found = tail_mean_interval(values, ONE_EPOCH[:40], 0.0625).value
    assert found == pytest.approx((40 + 39 + 19) / 2.5)


def test_all_draws_are_the_mean():
    values = np.random.default_rng(2).random(64)
    assert tail_mean_interval(values, ONE_EPOCH[:64], 1.0).value == pytest.approx(values.mean())


def test_exponential_tails_are_within_four_standard_errors():
    values = np.random.default_rng(3).exponential(1.0, 4096)
    found = tail_mean_interval(values, ONE_EPOCH, 0.05)
    # Memoryless: the mean beyond a quantile is one more. The variance of max(x - q, 0) is
    # 2 * 0.05 - 0.05^2.
    truth, error = 1 - np.log(0.05), np.sqrt((0.1 - 0.0025) / 4096) / 0.05
    assert abs(found.value - truth) < 4 * error
    assert found.standard_error == pytest.approx(error, rel=0.3)  # the tail has 205 draws
    assert found.low < truth < found.high


def test_fewer_than_one_draw_in_the_tail_says_nothing():
    found = tail_mean_interval(np.array([0.1, 0.3]), np.arange(2), 0.05, within=(0.0, 1.0))
    assert (found.value, found.low, found.high) == (0.3, 0.0, 1.0)


def test_no_loss_at_all_leaves_room_for_what_was_not_seen():
    found = tail_mean_interval(np.zeros(1000), ONE_EPOCH[:1000], 0.05, within=(0.0, 1.0))
    # 3.0 of 1000 draws might lose everything: 0.003 / 0.05 of the tail.
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx((1 - 0.05**1e-3) / 0.05)


def test_worst_draws_that_are_all_alike_are_not_certain():
    one, four = np.zeros(256, np.int64), np.repeat(np.arange(4), 64)
    bounds = (0.0, 1.0)
    # A tenth of the draws lose 0.8 in every epoch, or in one of four epochs all do.
    here = np.where(np.arange(256) % 10 == 0, 0.8, 0.1)
    found = tail_mean_interval(here, one, 0.05, within=bounds)
    assert (found.value, found.low) == (pytest.approx(0.8), 0.8)
    assert found.high == pytest.approx(0.8 + 0.2 * (1 - 0.05 ** (1 / 256)) / 0.05)
    apart = tail_mean_interval(0.8 - 0.1 * four, four, 0.05, within=bounds)
    assert (apart.low, apart.high) == (pytest.approx(0.5), 1.0)
