"""Response curves of a sweep: a metric along one key, with intervals, and a menu for all else.

A key whose values are words has marks with bars in place of lines with bands.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from sdn_mc.report import sweep_data
from sdn_mc.report.drawing import INK, WIDTH, add_band, base, look
from sdn_mc.report.figures_data import ENDS
from sdn_mc.report.menus import Explored, Menu, numbers, view_name
from sdn_mc.report.sweep_axes import at_of, ends_of_axis, height_of, stretches
from sdn_mc.report.sweep_data import DONE, MOST_COLUMNS, Key
from sdn_mc.report.sweep_views import (
    COLUMN,
    Dim,
    Shown,
    axis_of,
    broken,
    cut,
    dims_of,
    fitting,
    heading,
    setting,
    shown,
    thinned,
)
from sdn_mc.report.wording import INTERVAL

HEIGHT_PX, ROOM_PX = 440, WIDTH - 100
STEP = 0.05  # of the height: from one mark at an edge to the next


class Line(NamedTuple):
    """One line: what there is along the key."""

    name: str
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    text: list[str]
    status: list[str]


def curves(
    tree: xr.DataTree,
    key: Key,
    metrics: Sequence[Shown],
    difference: xr.Dataset | None,
    most: int,
) -> Explored:
    """One line a column, or one a value of another key.

    Args:
        tree: the dataset.
        key: along which the lines run.
        metrics: what the menu offers.
        difference: to the key's first value, a further metric.
        most: points that the figure may hold.
    """
    if difference is not None:
        columns = metrics[0].data[COLUMN].values
        metrics = [*metrics, shown(difference.reindex({COLUMN: columns}))]
    every, n_x = dims_of(tree, metrics[0].data, [key]), len(key.values)
    dims, metrics, less = fitting(every, metrics, most, lambda n: n_x * len(n) * math.prod(n))
    status = sweep_data.points_of(tree)["status"]
    views = {}
    for m, free in itertools.product(range(len(metrics)), range(len(dims))):
        choices = [range(1 if d == free else len(dim.at)) for d, dim in enumerate(dims)]
        for at in itertools.product(*choices):
            lines = _lines(metrics[m], status, dims, at, free)
            chosen = (m, free, *at) if len(dims) > 1 else (m,)
            views[view_name(chosen)] = _view(key, metrics[m], lines, setting(dims, at, free))
    menus = [Menu("metric", [each.title for each in metrics])]
    if len(dims) > 1:
        frees = [2 + d for d in range(len(dims))]
        menus.append(Menu("a line for each", [dim.name for dim in dims], frees))
        menus += [Menu(dim.name, dim.words) for dim in dims]
    frame = _frame(key, min(MOST_COLUMNS, max(len(dim.at) for dim in dims)))
    words = _words(key, metrics, difference is not None) + less
    name, title = f"response_{key.name}", f"Response to {key.name}"
    return Explored(name, title, words, frame, menus, views)


def _lines(
    one: Shown, status: xr.DataArray, dims: Sequence[Dim], at: Sequence[int], free: int
) -> list[Line]:
    """The lines of a view: one for each entry of the dimension that is free."""
    fixed = {
        dim.name: dim.at[k] for d, (dim, k) in enumerate(zip(dims, at, strict=True)) if d != free
    }
    own, found = thinned(dims[free], MOST_COLUMNS), []
    for k, words in sorted(zip(own.at, own.words, strict=True)):
        place = fixed | {own.name: k}
        name = words if own.name == COLUMN else f"{own.name} = {words}"
        value, low, high = (cut(one.data[part], place) for part in ENDS)
        known = list(map(str, cut(status, place)))
        found.append(Line(name, value, low, high, cut(one.text, place).tolist(), known))
    return found


def _frame(key: Key, n_line: int) -> go.Figure:
    """Styled traces without data: a band and a line each, and marks of what has no place."""
    figure = base(key.title(), "", HEIGHT_PX)
    nothing = xr.Dataset({part: ("x", np.zeros(0)) for part in ENDS})
    for k in range(n_line):
        add_band(figure, np.zeros(0), nothing, "", k)
        style = look(k)
        figure.data[-2].update(mode="lines")  # or few points get marks at the ends of intervals
        figure.data[-1].update(
            mode="lines+markers" if key.is_number else "markers", showlegend=True,
            marker={"color": style["colour"], "symbol": style["marker"], "size": 8},
            hovertemplate="%{text}",
            error_y={
                "type": "data", "symmetric": False, "color": style["colour"], "thickness": 1.5,
                "width": 3,
            },
        )  # fmt: skip
    figure.add_scatter(
        x=[], y=[], mode="text", textfont={"size": 15}, showlegend=False, hoverinfo="text"
    )
    figure.update_layout(margin_l=90)
    figure.update_xaxes(axis_of(key, ends_of_axis(key), ROOM_PX))
    figure.update_xaxes(showgrid=key.is_number)
    return figure


def _view(key: Key, one: Shown, lines: Sequence[Line], fixed: str) -> dict[str, Any]:
    """What the traces of one view hold."""
    ends = height_of([part for line in lines for part in (line.value, line.low, line.high)])
    data: list[dict[str, Any] | None] = []
    for j, line in enumerate(lines):
        apart = 0.0 if key.is_number else 0.6 * ((j + 0.5) / len(lines) - 0.5)
        capped = line._replace(high=np.where(np.isposinf(line.high), ends[1], line.high))
        data.append(_band(at_of(key), capped) if key.is_number else None)
        data.append(_points(at_of(key) + apart, capped, has_bands=key.is_number))
    layout = heading(fixed, [line.name for line in lines])
    layout["yaxis"] = {"title": {"text": broken(one.title, 34)}, "range": numbers(ends)}
    return {"data": data, "last": _marks(at_of(key), lines, *ends), "layout": layout}


def _points(x: np.ndarray, line: Line, has_bands: bool) -> dict[str, Any]:
    """Values and what joins them; a value that no band can surround has a bar."""
    value = np.where(np.isfinite(line.value), line.value, np.nan)
    bare = np.full(len(value), not has_bands)
    for part in stretches(value):
        bare[part] |= len(part) == 1
    above, below = (np.where(bare, e, np.nan) for e in (line.high - value, value - line.low))
    return {
        "x": numbers(x), "y": numbers(value), "text": line.text, "name": line.name,
        "legendgroup": line.name, "showlegend": not np.isnan(line.value).all(),
        "error_y": {"array": numbers(above), "arrayminus": numbers(below)},
    }  # fmt: skip


def _band(x: np.ndarray, line: Line) -> dict[str, Any]:
    """The outline of the intervals: one piece for each stretch without a gap."""
    outline: list[tuple[float, float]] = []
    for part in stretches(line.value):
        outline += [*zip(x[part], line.high[part], strict=True)]
        outline += [*zip(x[part][::-1], line.low[part][::-1], strict=True), (np.nan, np.nan)]
    ends = np.array(outline[:-1]).reshape(-1, 2)
    return {"x": numbers(ends[:, 0]), "y": numbers(ends[:, 1]), "legendgroup": line.name}


def _marks(x: np.ndarray, lines: Sequence[Line], bottom: float, top: float) -> dict[str, Any]:
    """∞ at the upper edge in the colour of its line, × at the lower one where nothing is done."""
    found: list[tuple[float, float, str, str, str]] = []
    step = STEP * (top - bottom)
    for k, at in enumerate(map(float, x)):
        endless = [j for j, line in enumerate(lines) if np.isposinf(line.value[k])]
        for row, j in enumerate(endless):
            words = f"{lines[j].name}: ∞"
            found.append((at, top - step * (row + 0.6), "∞", words, look(j)["colour"]))
        undone = {line.name: line.status[k] for line in lines if line.status[k] != DONE}
        if undone:
            is_common = len(undone) == len(lines) and len(set(undone.values())) == 1
            words = "<br>".join(f"{name}: {state}" for name, state in undone.items())
            words = next(iter(undone.values())) if is_common else words
            found.append((at, bottom + 0.6 * step, "×", words, INK))
    columns = [[mark[n] for mark in found] for n in range(5)]
    return {
        "x": numbers(columns[0]), "y": numbers(columns[1]), "text": columns[2],
        "hovertext": columns[3], "textfont": {"color": columns[4]},
    }  # fmt: skip


def _words(key: Key, metrics: Sequence[Shown], is_paired: bool) -> str:
    """What the figure shows, and what it does not."""
    words = f"{key.key}: {key.meaning}\nOver flows. {INTERVAL}"
    if len(metrics[0].data["value"].dims) > 2:
        words += " Every other key stands at the value chosen above; nothing is averaged over."
    if any(np.isinf(one.data["value"].values).any() for one in metrics):
        words += " ∞ at the upper edge: no path at that share of the times, so no line goes there."
    if "" in metrics[0].text.values:
        words += " × at the lower edge: a point that is not done, or has failed; it has no value."
    if is_paired:
        words += (
            f"\nThe last metric is availability minus that at {key.name} = {key.words(0)} in the "
            "same draws: what is random alike drops out. The healthy column has no draws."
        )
    return words
