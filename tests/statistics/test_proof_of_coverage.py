"""Intervals held to laws that are known: coverage and width, with and without early stopping.

Design: a nominal 95 % interval holds the truth in at least 93 % of 4,000 repetitions, and in at
most 97 % where its method is not conservative by construction; exact binomial bounds, so that a
method fails if its count is less likely than 1 % under 93 % (97 %). On the average it is at most
1.3 times as wide as the oracle's (`laws`). Every law has its own seed, stated where it is used.
"""

import numpy as np
import pytest
from scipy import stats

from sdn_mc.statistics import is_enough, looks
from tests.statistics.laws import LAWS, N_EPOCH, epochs

ONE_PERCENT = 0.01
N_DRAW, GROUP = 1024, 64  # fixed size: two groups of each epoch
SMALL_GROUP = 32  # looks at 256, 512, 1024, 2048 draws; a run's own groups have 256
TAIL_GROUP = 128  # of a twentieth of the draws, the first look of a run has fifty or more
# Ranks are whole numbers and are taken on the far side, so order statistics cover 95 % or more.
CONSERVATIVE = ("latency", "time to restore")
STOPPED = (
    "mean, 0.3", "availability, 0", "availability, 0.02", "rare loss", "difference, 0.02",
    "share, 0", "share, 0.5", "latency, 0.3", "time to restore, 0.3", "worst draws, 0.2",
)  # fmt: skip


@pytest.fixture(params=[100, pytest.param(4000, marks=pytest.mark.slow)])
def repetitions(request):
    return request.param


@pytest.mark.parametrize("name", LAWS)
def test_an_interval_holds_the_truth_and_is_nearly_as_short_as_the_oracles(name, repetitions):
    law, rng = LAWS[name], np.random.default_rng([1, *name.encode()])
    epoch = epochs(N_DRAW, GROUP)
    found = [law.interval(law.draw(rng, epoch), epoch, 0.95) for _ in range(repetitions)]
    hits = sum(each.low <= law.truth <= each.high for each in found)
    most = 1.0 if name.startswith(CONSERVATIVE) else 0.97
    width = np.mean([each.high - each.low for each in found]) / law.width(N_DRAW)
    print(f"{name}: {hits / repetitions:.4f}, {width:.3f} times the oracle's width")
    assert hits >= fewest(repetitions, 0.93), hits / repetitions
    assert hits <= stats.binom.isf(ONE_PERCENT, repetitions, most), hits / repetitions
    # The error of a mean of `repetitions` widths, which vary by a third at most, at 4 sigma.
    assert width <= 1.3 + 4 * 0.33 / np.sqrt(repetitions) * (repetitions < 4000)


@pytest.mark.parametrize("name", STOPPED)
def test_an_interval_holds_the_truth_where_a_run_stopped_by_it(name, repetitions):
    law, rng = LAWS[name], np.random.default_rng([2, *name.encode()])
    group = TAIL_GROUP if name.startswith("worst") else SMALL_GROUP
    first = group * N_EPOCH
    epoch = epochs(8 * first, group)
    # What about every second run has at its second look; the others stop before, after, or never.
    asked = float(1.15 * law.width(2 * first) * 2.5 / 3.92)
    runs = [one_run(law, rng, epoch, first, asked) for _ in range(repetitions)]
    plain = sum(low <= law.truth <= high for _, low, high, _, _ in runs)
    met = [abs(value - law.truth) <= asked for value, _, _, _, met in runs if met]
    width = np.mean([(high - low) / law.width(n) for _, low, high, n, _ in runs])
    at = np.bincount([n // first for *_, n, _ in runs], minlength=9)[[1, 2, 4, 8]]
    print(f"{name}: {plain / repetitions:.4f}, {width:.3f} times the oracle's width; ended at {at}")
    assert plain >= fewest(repetitions, 0.93), plain / repetitions
    assert sum(met) >= fewest(len(met), 0.95)  # value +- asked, at the level of all looks
    assert width <= 1.3 + 4 * 0.33 / np.sqrt(repetitions) * (repetitions < 4000)
    assert np.count_nonzero(at) >= 2  # it did stop by what it saw


def one_run(law, rng, epoch, first, asked):
    """Value and ends of the plain interval where the run ended, its draws, and whether it met."""
    table = law.draw(rng, epoch)
    for look in looks(first, len(epoch)):
        n = look.n_draw
        found = law.interval(table[:n], epoch[:n], look.level)
        met = is_enough(found, asked, law.events(table[:n]))
        if met:
            break
    plain = law.interval(table[:n], epoch[:n], 0.95)
    return plain.value, plain.low, plain.high, n, met


def fewest(repetitions, coverage):
    return stats.binom.ppf(ONE_PERCENT, repetitions, coverage)
