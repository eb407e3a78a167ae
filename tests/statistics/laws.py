"""Laws of draws whose true values, and best intervals, are known in closed form.

Eight epochs; draws of an epoch share what is particular to it, and where a draw is a series its
instants hang together. The oracle's interval is that of one who knows the law and its parameters,
but for the value asked for: value +- 1.96 sigma, sigma the exact standard deviation of the mean
over draws and epochs; of a quantile the law's own values where the share of draws below is q +-
1.96 sigma. Nobody who sees only draws can be as short at the same coverage.

Of a normal score x = noise + effect * (one normal number of the epoch), with p(E) = P(x < c | E),

    sigma^2 = E[p (1 - p)] / n + var(p) / 8     for the share below c,

and likewise for the mean, and for the mean of max(x - q, 0) / tail, whose conditional moments are
those of a truncated normal. Means over E are Gauss-Hermite sums of 61 points.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import stats

from sdn_mc.statistics import (
    mean_interval,
    paired_difference,
    quantile_interval,
    share_interval,
    survival_interval,
    tail_mean_interval,
)

N_EPOCH = 8
Z = 1.959964
POINTS, WEIGHTS = np.polynomial.hermite_e.hermegauss(61)
WEIGHTS = WEIGHTS / WEIGHTS.sum()

N_TIME, MEMORY = 24, 0.8  # of a series: instants, and correlation from one to the next
UP = 0.8  # share of time


def every_draw(table):
    return np.ones(len(table), bool)


class Law(NamedTuple):
    """Draws, the interval that is put to the test, the truth, and the oracle's width."""

    draw: Callable  # (random numbers, epoch of each draw) -> table of draws
    interval: Callable  # (table, epoch, level) -> Estimate
    truth: float
    width: Callable  # (number of draws) -> width of the oracle's interval
    events: Callable = every_draw  # table -> draws in which something was lost


def epochs(n, group):
    """Groups of draws take the epochs in turn."""
    return np.arange(n) // group % N_EPOCH


def score(rng, epoch, effect):
    return rng.normal(size=len(epoch)) + effect * rng.normal(size=N_EPOCH)[epoch]


def sigma(n, within, between):
    return np.sqrt(within / n + between / N_EPOCH)


def moments(first, second, effect):
    """Mean variance inside epochs, and variance between them, of conditional moments."""
    e = effect * POINTS
    inside, mean = WEIGHTS @ (second(e) - first(e) ** 2), WEIGHTS @ first(e)
    return inside, WEIGHTS @ (first(e) - mean) ** 2


def shares(c, effect):
    def below(e):
        return stats.norm.cdf(c - e)

    return moments(below, below, effect)


# ---- laws


def mean_of_scores(effect):
    return Law(
        lambda rng, epoch: score(rng, epoch, effect),
        lambda table, epoch, level: mean_interval(table, epoch, level=level),
        0.0,
        lambda n: 2 * Z * sigma(n, 1.0, effect**2),
    )


def series(rng, epoch, effect):
    """Shares of time of a two-state chain; an epoch is better or worse by `effect`."""
    share = (UP + effect * rng.choice([-1.0, 1.0], N_EPOCH))[epoch]
    state = rng.random(len(epoch)) < share
    up = state.astype(np.float64)
    for _ in range(N_TIME - 1):
        state = rng.random(len(epoch)) < share + (state - share) * MEMORY
        up += state
    return up / N_TIME


def series_width(n, effect):
    lag = np.abs(np.subtract.outer(np.arange(N_TIME), np.arange(N_TIME)))
    share = UP + effect * np.array([-1.0, 1.0])
    inside = np.mean(share * (1 - share)) * np.mean(MEMORY**lag)
    return 2 * Z * sigma(n, inside, effect**2)


def availability(effect):
    """Share of time with a path, of an episode."""
    return Law(
        lambda rng, epoch: series(rng, epoch, effect),
        lambda up, epoch, level: mean_interval(up, epoch, within=(0.0, 1.0), level=level),
        UP,
        lambda n: series_width(n, effect),
    )


def rare_loss(probability):
    """Few draws lose something, a part of the time that is uniform: availability near 1."""
    return Law(
        lambda rng, epoch: 1 - (rng.random(len(epoch)) < probability) * rng.random(len(epoch)),
        lambda up, epoch, level: mean_interval(up, epoch, within=(0.0, 1.0), level=level),
        1 - probability / 2,
        lambda n: 2 * Z * np.sqrt((probability / 3 - probability**2 / 4) / n),
        lambda up: up < 1,
    )


def difference(effect):
    """Two columns that share most of what happens: only the difference is known well."""

    def draw(rng, epoch):
        common = 10 * score(rng, epoch, 1.0)
        return np.stack([common + series(rng, epoch, effect), common], axis=1)

    return Law(
        draw,
        lambda two, epoch, level: paired_difference(two[:, 0], two[:, 1], epoch, level=level),
        UP,
        lambda n: series_width(n, effect),
    )


def yes_or_no(effect):
    c = -np.sqrt(1 + effect**2)
    return Law(
        lambda rng, epoch: (score(rng, epoch, effect) < c).astype(np.float64),
        lambda table, epoch, level: share_interval(table, epoch, level=level),
        float(stats.norm.cdf(-1)),
        lambda n: 2 * Z * sigma(n, *shares(c, effect)),
        lambda table: table == 1,
    )


def quantile_width(n, q, effect):
    c = stats.norm.ppf(q) * np.sqrt(1 + effect**2)
    ends = q + Z * sigma(n, *shares(c, effect)) * np.array([-1.0, 1.0])
    return float(np.diff(stats.norm.ppf(ends))[0]) * np.sqrt(1 + effect**2)


def latency(q, effect):
    """Latencies, of which a few draws have none in the end: inf."""
    highest = 2.5 * np.sqrt(1 + effect**2)

    def draw(rng, epoch):
        values = score(rng, epoch, effect)
        return np.where(values > highest, np.inf, values)

    return Law(
        draw,
        lambda table, epoch, level: quantile_interval(table, q, epoch, level=level),
        float(stats.norm.ppf(q) * np.sqrt(1 + effect**2)),
        lambda n: quantile_width(n, q, effect),
    )


def time_to_restore(effect):
    """Log-normal times about 600 s, one in eighteen beyond the horizon."""
    horizon = 1.6 * np.sqrt(1 + effect**2)

    def draw(rng, epoch):
        values = score(rng, epoch, effect)
        return np.where(values > horizon, np.inf, 600 * np.exp(0.1 * values))

    def width(n):
        arm = 0.1 * quantile_width(n, 0.5, effect) / 2
        return 600 * 2 * np.sinh(arm)

    return Law(
        draw,
        lambda table, epoch, level: survival_interval(table, epoch, level=level),
        600.0,
        width,
    )


def worst_draws(tail, effect):
    spread = np.sqrt(1 + effect**2)
    q = stats.norm.isf(tail) * spread

    def first(e):
        return stats.norm.pdf(q - e) - (q - e) * stats.norm.sf(q - e)

    def second(e):
        return (1 + (q - e) ** 2) * stats.norm.sf(q - e) - (q - e) * stats.norm.pdf(q - e)

    return Law(
        lambda rng, epoch: score(rng, epoch, effect),
        lambda table, epoch, level: tail_mean_interval(table, epoch, tail, level=level),
        float(stats.norm.pdf(q / spread) * spread / tail),
        lambda n: 2 * Z * sigma(n, *moments(first, second, effect)) / tail,
    )


# By name, with the size of the epochs' own effect. What no epoch has, eight cannot tell from a
# little; where they differ as much as draws do (1.0), Student's t of seven degrees is all there is.
LAWS = {
    "mean, 0": mean_of_scores(0.0),
    "mean, 0.3": mean_of_scores(0.3),
    "mean, 1": mean_of_scores(1.0),
    "availability, 0": availability(0.0),
    "availability, 0.02": availability(0.02),
    "availability, 0.1": availability(0.1),
    "rare loss": rare_loss(0.05),
    "difference, 0.02": difference(0.02),
    "share, 0": yes_or_no(0.0),
    "share, 0.1": yes_or_no(0.1),
    "share, 0.5": yes_or_no(0.5),
    "latency, 0": latency(0.5, 0.0),
    "latency, 0.3": latency(0.5, 0.3),
    "latency, 1": latency(0.5, 1.0),
    "time to restore, 0": time_to_restore(0.0),
    "time to restore, 0.3": time_to_restore(0.3),
    "worst draws, 0": worst_draws(0.05, 0.0),
    "worst draws, 0.2": worst_draws(0.05, 0.2),
}
