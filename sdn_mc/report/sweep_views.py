"""What curves and surfaces of a sweep share: metrics as they are drawn, menus, axes of keys."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from sdn_mc.report import sweep_data
from sdn_mc.report.drawing import LEGEND, WIDTH
from sdn_mc.report.figures_data import ENDS
from sdn_mc.report.summary import value_and_interval
from sdn_mc.report.sweep_axes import at_of, with_room
from sdn_mc.report.sweep_data import Key

MOST_POINTS = 100_000  # of all figures of a page: each takes some 80 bytes
COLUMN = "column"
ROW_PX = 18  # a line of words
LETTER_PX = 7.5


class Shown(NamedTuple):
    """One metric as it is drawn: arrays over (keys, column), in the unit that is read."""

    title: str
    data: xr.Dataset  # value, low, high
    text: xr.DataArray  # value and interval, as in the tables
    range: tuple[float, float]  # of what is finite


class Dim(NamedTuple):
    """What is on no axis: a swept key, or the column."""

    name: str
    words: list[str]  # of its entries
    at: list[int]  # where they stand in the dataset


def shown(found: xr.Dataset) -> Shown:
    """A metric in its reading unit, with its words."""
    values, lows, highs = (found[part].values.ravel() for part in ENDS)
    cells = zip(values, lows, highs, strict=True)
    text = [_text(*cell, found.attrs["units"]) for cell in cells]
    scaled = sweep_data.in_reading_unit(found)
    ends = np.concatenate([scaled[part].values.ravel() for part in ENDS])
    ends = ends[np.isfinite(ends)]
    limits = (float(ends.min()), float(ends.max())) if len(ends) else (np.nan, np.nan)
    words = found["value"].copy(data=np.array(text, object).reshape(found["value"].shape))
    return Shown(sweep_data.metric_words(scaled), scaled, words, limits)


def _text(value: float, low: float, high: float, units: str) -> str:
    if np.isnan(value):
        return ""
    return " ".join(part for part in value_and_interval(value, low, high, units) if part)


def dims_of(tree: xr.DataTree, found: xr.Dataset, axes: Sequence[Key]) -> list[Dim]:
    """Columns, those that change most over the sweep first, and the keys that are on no axis."""
    names, kept = [str(name) for name in found[COLUMN].values], sweep_data.shown_columns(found)
    columns = [name for name in sweep_data.by_change(found) if name in kept]
    dims = [Dim(COLUMN, columns, [names.index(name) for name in columns])]
    taken = {key.name for key in axes}
    for key in sweep_data.keys_of(tree):
        if key.name not in taken:
            at = list(range(len(key.values)))
            dims.append(Dim(key.name, [key.words(k) for k in at], at))
    return dims


def cut(array: xr.DataArray, place: Mapping[str, int]) -> np.ndarray:
    """What is left of an array where some axes are fixed; thousands of times a page."""
    return array.values[tuple(place.get(str(dim), slice(None)) for dim in array.dims)]


def thinned(dim: Dim, most: int) -> Dim:
    """As many entries, evenly spread, with the first and the last."""
    n = len(dim.at)
    kept = sorted({round(k) for k in np.linspace(0, n - 1, min(n, most))})
    return Dim(dim.name, [dim.words[k] for k in kept], [dim.at[k] for k in kept])


def fitting(
    dims: Sequence[Dim],
    metrics: Sequence[Shown],
    most: int,
    n_point: Callable[[list[int]], int],
) -> tuple[list[Dim], list[Shown], str]:
    """Entries of menus that leave a figure at most so many points, and what they leave out.

    `n_point`: of one metric, by the numbers of entries. Keys get fewer values first, then metrics
    are left out, the last ones first.
    """

    def kept(each: int) -> list[Dim]:
        return [dim if dim.name == COLUMN else thinned(dim, each) for dim in dims]

    def size(each: int) -> int:
        return n_point([len(dim.at) for dim in kept(each)])

    sizes = range(max(len(dim.at) for dim in dims), 1, -1)
    each = next((n for n in sizes if size(n) * len(metrics) <= most), 1)
    chosen = list(metrics[: max(1, most // size(each))])
    less = [
        f"{len(few.at)} of {len(dim.at)} values of {dim.name}"
        for dim, few in zip(dims, kept(each), strict=True)
        if len(few.at) < len(dim.at)
    ]
    less += [f"{len(chosen)} of {len(metrics)} metrics"] if len(chosen) < len(metrics) else []
    words = f"\nThe menus hold {', '.join(less)}; the data have all." if less else ""
    return kept(each), chosen, words


def setting(dims: Sequence[Dim], at: Sequence[int], free: int | None = None) -> str:
    """What is fixed, told on the figure itself."""
    return " · ".join(
        f"{dim.name}: {dim.words[k]}" if dim.name == COLUMN else f"{dim.name} = {dim.words[k]}"
        for n, (dim, k) in enumerate(zip(dims, at, strict=True))
        if n != free
    )


def heading(words: str, names: Sequence[str]) -> dict[str, Any]:
    """Room above the axes for what is fixed, and for the names of a legend."""
    n_row = -(-LETTER_PX * len(words) // WIDTH) if words else 0
    n_line = -(-sum(7 * len(name) + 60 for name in names) // (WIDTH - 100)) if names else 0
    title = {
        "text": words, "x": 0, "xanchor": "left", "y": 1, "yanchor": "top", "yref": "container",
        "font": {"size": 13}, "pad": {"t": 8},
    }  # fmt: skip
    return {"title": title, "margin": {"t": 14 + ROW_PX * n_row + LEGEND * n_line}}


def axis_of(key: Key, ends: Sequence[float], room_px: float) -> dict[str, Any]:
    """Kind and range of an axis, with the key's own values where their words have room."""
    kept = with_room(key, room_px, LETTER_PX)
    return {
        "type": "log" if key.is_wide() else "linear", "range": list(ends),
        "tickvals": [at_of(key)[k] for k in kept], "ticktext": [_tick(key, k) for k in kept],
    }  # fmt: skip


def _tick(key: Key, k: int) -> str:
    """A value as its axis has room for."""
    words = sweep_data.value_words(key.values[k])
    most = max(8, 80 // len(key.values))
    return words if key.is_number or len(words) <= most else words[: most - 1] + "…"


def broken(title: str, most: int) -> str:
    """Over several lines, for a narrow place."""
    lines = [""]
    for word in title.split():
        if lines[-1] and len(lines[-1]) + len(word) >= most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)
