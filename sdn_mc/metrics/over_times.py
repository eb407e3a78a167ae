"""Summaries of a series over its times, the same bits in a block of any width.

Means are taken over rows that are contiguous in time, so that numpy adds them in one order whatever
the number of draws beside them.

An instant of an episode stands for the time until the next one; the last stands as long as the one
before it. Percentiles are order statistics: the ceil(share * n)-th smallest, never interpolated,
since no path is inf.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64

from sdn_mc.core.scene import Scene

ROUNDING = 1e-9  # 95 % of 100 instants must be the 95th


def mean_over_times(
    values: Float[np.ndarray, "draw time flow"] | Bool[np.ndarray, "draw time flow"],
) -> Float64[np.ndarray, "draw flow"]:
    """Plain mean; booleans are counted."""
    rows = np.ascontiguousarray(np.moveaxis(values, 1, -1))
    if rows.dtype == bool:
        return np.count_nonzero(rows, axis=-1) / rows.shape[-1]
    return rows.sum(axis=-1, dtype=np.float64) / rows.shape[-1]


def percentile_over_times(
    values: Float[np.ndarray, "draw time flow"], percent: int | float
) -> Float64[np.ndarray, "draw flow"]:
    """The smallest value that at least `percent` of the instants do not exceed."""
    n_time = values.shape[1]
    rank = min(max(math.ceil(percent * n_time / 100 - ROUNDING), 1), n_time)
    chosen = np.partition(values, rank - 1, axis=1)[:, rank - 1]
    return chosen.astype(np.float64)


def holding_s(scene: Scene) -> Float64[np.ndarray, " time"]:
    """How long each instant of an episode stands."""
    time_s = np.asarray(scene.time_s, np.float64)
    if len(time_s) == 1:
        return np.array([float(scene.window_s)])
    return np.diff(time_s, append=2 * time_s[-1] - time_s[-2])


class AfterOnset(NamedTuple):
    """The instants of an episode from the onset of its given events on."""

    first: int  # index of the first of them
    time_s: Float64[np.ndarray, " time"]  # since the onset
    stands_s: Float64[np.ndarray, " time"]


def from_onset(scene: Scene) -> AfterOnset:
    """Those instants; all of them where the scene has no onset of its own."""
    time_s = np.asarray(scene.time_s, np.float64)
    onset_s = 0.0 if scene.onset_s is None else float(scene.onset_s)
    first = min(int(np.searchsorted(time_s, onset_s)), len(time_s) - 1)
    return AfterOnset(first, time_s[first:] - onset_s, holding_s(scene)[first:])
