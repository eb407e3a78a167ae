"""Verdicts on differences whose sign is known, and the tail mean in its paired form."""

import numpy as np
import pytest

from sdn_mc.statistics import worst_part
from sdn_mc.statistics.decision import (
    FIRST,
    NO_MATTER,
    OPEN,
    SECOND,
    decide,
)

N_DRAW = 1024
EPOCH = np.arange(N_DRAW) // 256


def values(shift: float, noise: float = 0.02, seed: int = 1):
    """Two columns of common draws; the first is larger by `shift` on average."""
    rng = np.random.default_rng(seed)
    common, own = rng.normal(0, 0.1, N_DRAW), rng.normal(0, noise, N_DRAW)
    return 0.5 + common + own + shift, 0.5 + common


@pytest.mark.parametrize("higher", [True, False])
@pytest.mark.parametrize("shift", [0.01, -0.01])
def test_a_difference_of_many_standard_errors_is_decided_for_the_better_one(shift, higher):
    found = decide(*values(shift), EPOCH, higher_is_better=higher, margin=0.005, reach=1.0)
    assert found.word == (FIRST if (shift > 0) == higher else SECOND)
    assert found.draws_needed is None
    assert found.difference.low < shift < found.difference.high


def test_equal_columns_do_not_matter_and_noisy_ones_stay_open():
    one, _ = values(0.0, noise=0.0)
    assert decide(one, one, EPOCH, higher_is_better=True, margin=0.005, reach=1.0).word == NO_MATTER
    few = decide(one[:64], one[:64], EPOCH[:64], higher_is_better=True, margin=0.005, reach=1.0)
    # 64 draws without a difference leave room for one in 22: 598 would do, since 0.995^598 < 0.05.
    assert few.word == OPEN and few.draws_needed == 598
    found = decide(*values(0.0, noise=0.2), EPOCH, higher_is_better=True, margin=0.005, reach=1.0)
    assert found.word == OPEN and found.draws_needed > N_DRAW


def test_without_a_margin_no_difference_is_too_small_to_matter():
    rules = {"higher_is_better": True, "margin": None, "reach": 1.0}
    one, other = values(0.0, noise=0.2)
    found = decide(one, other, EPOCH, **rules)
    assert found.word == OPEN and found.draws_needed > N_DRAW
    assert decide(*values(0.01), EPOCH, **rules).word == FIRST
    alike = decide(one, one, EPOCH, **rules)
    assert alike.word == OPEN and alike.draws_needed is None and alike.difference.high > 0
    unbounded = decide(one, one, EPOCH, **rules | {"reach": np.inf}).difference
    assert (unbounded.low, unbounded.value, unbounded.high) == (-np.inf, 0, np.inf)


def test_the_draws_said_to_be_needed_would_do():
    """Half the width decides, unless four epochs happen to differ, which widens some intervals."""
    found = decide(
        *values(0.004, noise=0.08, seed=2), EPOCH, higher_is_better=True, margin=0.001, reach=1.0
    )
    assert found.word == OPEN
    n_draw, n_open = 4 * found.draws_needed, 0
    for seed in range(10):
        rng = np.random.default_rng(100 + seed)
        difference = rng.normal(found.difference.value, 0.08, n_draw)
        epoch = np.arange(n_draw) * 4 // n_draw
        again = decide(
            difference, 0 * difference, epoch, higher_is_better=True, margin=0.001, reach=1.0
        )
        n_open += again.word == OPEN
    assert n_open <= 2


def test_the_mean_of_the_worst_part_is_the_tail_mean():
    loss = np.random.default_rng(3).exponential(1.0, 2000)
    worst = np.sort(loss)[-100:]
    np.testing.assert_allclose(worst_part(loss, 0.05).mean(), worst.mean(), rtol=1e-12)


def test_a_paired_difference_of_tail_means_covers_the_truth():
    """Exponential losses of mean 1 and 1.1: tail means differ by 0.1 (1 + ln 20), exactly."""
    truth, hits, n = 0.1 * (1 + np.log(20)), 0, 400
    rules = {"higher_is_better": False, "margin": 0.01, "reach": 1.0}
    epoch = np.zeros(1000, int)
    for seed in range(n):
        u = np.random.default_rng(seed).exponential(1.0, 1000)
        first, second = worst_part(1.1 * u, 0.05), worst_part(u, 0.05)
        found = decide(first, second, epoch, **rules).difference
        hits += found.low <= truth <= found.high
    # Nominal 0.95 of 400: four binomial sigma below.
    assert hits / n > 0.95 - 4 * np.sqrt(0.95 * 0.05 / n)
