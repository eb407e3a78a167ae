"""Axes of swept keys, scales of colours and round levels, for whichever library draws."""

import math
from collections.abc import Sequence

import numpy as np
import xarray as xr

from sdn_mc.report.sweep_data import Key, value_words

MOST_LEVELS = 6
EDGE_ROOM = 0.08  # of the height, left free above and below
DARK = 0.47  # of the colours, the lower part that words are white on


def at_of(key: Key) -> np.ndarray:
    """Where the values of a key stand on its axis; words one after another."""
    return np.array(key.values, float) if key.is_number else np.arange(len(key.values), dtype=float)


def places_of(key: Key) -> np.ndarray:
    """The same along the paper: logarithms, where the axis has them."""
    return np.log10(at_of(key)) if key.is_wide() else at_of(key)


def on_axis(key: Key, places: np.ndarray) -> np.ndarray:
    """From places along the paper to values of the axis."""
    return 10.0**places if key.is_wide() else places


def ends_of_axis(key: Key) -> tuple[float, float]:
    """Of a curve's axis, along the paper: a little more than its values."""
    first, last = places_of(key)[[0, -1]]
    margin = 0.04 * (last - first) if key.is_number else 0.5
    return float(first - margin), float(last + margin)


def edges_of(key: Key) -> np.ndarray:
    """Of the cells of a map, along the paper: midway between values."""
    at = places_of(key)
    middle = (at[1:] + at[:-1]) / 2
    return np.concatenate([[2 * at[0] - middle[0]], middle, [2 * at[-1] - middle[-1]]])


def with_room(key: Key, room: float, letter: float) -> list[int]:
    """Values whose words have room beside each other, in whatever unit both lengths are."""
    place, kept, end = places_of(key), list[int](), -np.inf
    scale = room / max(place[-1] - place[0], 1e-300)
    for k, at in enumerate(place * scale):
        half = letter * (len(value_words(key.values[k])) / 2 + 0.5)
        if not key.is_number or at - half > end:
            kept, end = [*kept, k], at + half
    return kept


def height_of(parts: Sequence[np.ndarray]) -> tuple[float, float]:
    """Of an upright axis: what is finite, and some room for marks at the edges."""
    values = np.concatenate([part.ravel() for part in parts])
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    margin = EDGE_ROOM * (high - low) or 0.1 * abs(high) or 1.0
    return low - margin, high + margin


def colour_limits(column: xr.Dataset) -> tuple[float, float]:
    """Of the colours: over all values of a column, and no narrower than its widest interval.

    So sampling error alone does not fill the scale.
    """
    value, width = column["value"].values, (column["high"] - column["low"]).values
    finite = value[np.isfinite(value)]
    if not len(finite):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    least = float(width[np.isfinite(width)].max(initial=0.0)) or 1e-3
    spare = max(0.0, least - (high - low)) / 2
    return low - spare, high + spare


def round_levels(low: float, high: float, most: int = MOST_LEVELS) -> list[float]:
    """Round values inside a range: 1, 2 or 5 times a power of ten apart."""
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    for step in (power * k for k in (1, 2, 5, 10)):
        inside = range(math.ceil(low / step), math.floor(high / step) + 1)
        if len(inside) <= most:
            break
    return [float(f"{k * step:.10g}") for k in inside]


def is_crossed(values: np.ndarray, levels: Sequence[float]) -> bool:
    """Does a line at one of the levels pass between values?"""
    if min(values.shape) < 2 or len(levels) < 2 or np.isnan(values).all():
        return False
    return any(np.nanmin(values) < level < np.nanmax(values) for level in levels)


def stretches(value: np.ndarray) -> list[np.ndarray]:
    """Runs of neighbours that are numbers."""
    there = np.flatnonzero(np.isfinite(value))
    return np.split(there, np.flatnonzero(np.diff(there) > 1) + 1) if len(there) else []
