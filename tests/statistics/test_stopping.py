"""Looks at doubling draws, what they spend, and what ends a run."""

import numpy as np
import pytest

from sdn_mc.statistics import Estimate, half_width, is_enough, looks


def known_to(arm: float) -> Estimate:
    return Estimate(0.5, 0.5 - arm, 0.5 + arm / 2, arm / 2, 100, np.inf, "")


def test_looks_double_and_spend_five_percent_in_all():
    taken = list(looks(1024, 1024 * 2**40 + 7))
    assert [look.n_draw for look in taken[:4]] == [1024, 2048, 4096, 8192]
    assert len(taken) == 41
    spent = [1 - look.level for look in taken]
    # A sum of 1 / (k (k + 1)) leaves 1 / (n + 1) to later looks.
    assert sum(spent) == pytest.approx(0.05 * (1 - 1 / 42), rel=1e-12)
    assert list(looks(1024, 1023)) == []


def test_the_longer_arm_counts_and_an_open_interval_is_never_enough():
    assert half_width(known_to(0.1)) == pytest.approx(0.1)
    some = np.ones(50, bool)
    assert is_enough(known_to(0.1), 0.11, some)
    assert not is_enough(known_to(0.1), 0.09, some)
    for never in (Estimate(np.inf, 0.0, np.inf, np.inf, 50, np.inf, ""), known_to(np.inf)):
        assert not is_enough(never, 1e9, some)


def test_every_stratum_needs_ten_draws_with_an_event():
    changed = np.arange(60) % 3 == 0  # ten in each half
    half, third = np.arange(60) // 30, np.arange(60) // 20
    assert is_enough(known_to(0.1), 1.0, changed)
    assert is_enough(known_to(0.1), 1.0, changed, half)
    assert not is_enough(known_to(0.1), 1.0, changed, third)
    assert not is_enough(known_to(0.1), 1.0, changed & (np.arange(60) < 27))
