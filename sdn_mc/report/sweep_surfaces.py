"""Surfaces of a sweep: a metric over two numeric keys as a map, with lines at round values."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from sdn_mc.report import sweep_data
from sdn_mc.report.drawing import INK, base
from sdn_mc.report.menus import Explored, Menu, numbers, view_name
from sdn_mc.report.sweep_axes import (
    DARK,
    at_of,
    colour_limits,
    edges_of,
    is_crossed,
    on_axis,
    round_levels,
)
from sdn_mc.report.sweep_data import DONE, Key
from sdn_mc.report.sweep_views import (
    COLUMN,
    LETTER_PX,
    ROW_PX,
    Shown,
    axis_of,
    broken,
    cut,
    dims_of,
    fitting,
    heading,
    setting,
)

MAP_PX = (440, 380)  # inside the axes
SIDES_PX = {"l": 90, "r": 170, "b": 60}


def surface(tree: xr.DataTree, x: Key, y: Key, metrics: Sequence[Shown], most: int) -> Explored:
    """Values over two keys; a menu for all else. `most`: points that the figure may hold."""
    every, n_cell = dims_of(tree, metrics[0].data, [x, y]), len(x.values) * len(y.values)
    dims, metrics, less = fitting(every, metrics, most, lambda n: n_cell * math.prod(n))
    status = sweep_data.points_of(tree)["status"]
    limits = [[colour_limits(one.data.isel({COLUMN: c})) for c in dims[0].at] for one in metrics]
    views = {}
    for m, one in enumerate(metrics):
        for at in itertools.product(*(range(len(dim.at)) for dim in dims)):
            place = {dim.name: dim.at[k] for dim, k in zip(dims, at, strict=True)}
            view = _view(x, y, one, status, place, limits[m][at[0]])
            views[view_name((m, *at))] = view | {"layout": heading(setting(dims, at), [])}
    menus = [Menu("metric", [each.title for each in metrics])]
    menus += [Menu(dim.name, dim.words) for dim in dims]
    name, title = f"surface_{x.name}_{y.name}", f"{x.name} and {y.name} together"
    return Explored(name, title, _words(metrics) + less, _frame(x, y), menus, views)


def _frame(x: Key, y: Key) -> go.Figure:
    """Styled traces without data: a map, lines on it with a pale edge, and words."""
    figure = base(x.title(), y.title(34), MAP_PX[1] + SIDES_PX["b"] + 40, margin=SIDES_PX)
    edges = [edges_of(key) for key in (x, y)]
    figure.add_heatmap(
        x=on_axis(x, edges[0]), y=on_axis(y, edges[1]), z=[], colorscale="Cividis",
        hovertemplate="%{text}<extra></extra>", hoverongaps=False,
        colorbar={"thickness": 18, "outlinewidth": 0, "title": {"side": "top"}},
    )  # fmt: skip
    for colour, width in (("rgba(255,255,255,0.75)", 3.5), (INK, 1.2)):
        figure.add_contour(
            x=at_of(x), y=at_of(y), z=[], showscale=False, hoverinfo="skip", connectgaps=False,
            contours={"coloring": "none"}, autocontour=False,
            line={"color": colour, "width": width, "smoothing": 0}, showlegend=False,
        )  # fmt: skip
    figure.add_scatter(
        x=[], y=[], mode="text", textfont={"size": 13}, showlegend=False, hoverinfo="skip"
    )
    upright_px = MAP_PX[1] * LETTER_PX * 4 / ROW_PX  # words stand across this axis, not along it
    for axis, key, ends, room_px in zip("xy", (x, y), edges, (MAP_PX[0], upright_px), strict=True):
        figure.layout[f"{axis}axis"].update(axis_of(key, [ends[0], ends[-1]], room_px))
    return figure.update_xaxes(showgrid=False).update_yaxes(showgrid=False)


def _view(
    x: Key,
    y: Key,
    one: Shown,
    status: xr.DataArray,
    place: dict[str, int],
    limits: tuple[float, float],
) -> dict[str, Any]:
    """What the traces of one view hold; x comes before y in the dataset."""
    z, text, state = (cut(each, place).T for each in (one.data["value"], one.text, status))
    levels, finite = round_levels(*limits), np.where(np.isfinite(z), z, np.nan)
    rows = [numbers(row) for row in finite]
    colorbar = {
        "tickvals": numbers(levels), "ticktext": [f"{level:.10g}" for level in levels],
        "title": {"text": broken(one.title, 22)},
    }  # fmt: skip
    heat = {"z": rows, "text": text.tolist(), "zmin": limits[0], "zmax": limits[1]}
    line = {"z": rows, "visible": bool(is_crossed(finite, levels))}
    if len(levels) > 1:
        step = levels[1] - levels[0]
        line["contours"] = {"start": levels[0], "end": levels[-1] + step / 2, "size": step}
    units = one.data.attrs["units"]
    words = [[sweep_data.number_words(value, units) for value in row] for row in z]
    last = _cell_words(x, y, z, words, state, limits)
    return {"data": [heat | {"colorbar": colorbar}, line, line], "last": last}


def _cell_words(
    x: Key,
    y: Key,
    z: np.ndarray,
    words: Sequence[Sequence[str]],
    status: np.ndarray,
    limits: tuple[float, float],
) -> dict[str, Any]:
    """The value of each cell that has room for it; ∞, and what is not done, in any."""
    widths, heights = (
        np.diff(edges_of(key)) * room_px / np.ptp(edges_of(key))
        for key, room_px in zip((x, y), MAP_PX, strict=True)
    )
    found: list[tuple[float, float, str, str]] = []
    for j, k in np.ndindex(*z.shape):
        is_dark = (z[j, k] - limits[0]) / (limits[1] - limits[0]) < DARK
        text, colour = words[j][k], "#ffffff" if is_dark else "#000000"
        if (state := str(status[j, k])) != DONE:
            text = state
        fits = LETTER_PX * len(text) + 4 < widths[k] and heights[j] > ROW_PX
        if not np.isfinite(z[j, k]):
            text, colour, fits = text if fits or text == "∞" else "×", INK, bool(text)
        if fits:
            found.append((float(at_of(x)[k]), float(at_of(y)[j]), text, colour))
    columns = [[mark[n] for mark in found] for n in range(4)]
    return {
        "x": numbers(columns[0]), "y": numbers(columns[1]), "text": columns[2],
        "textfont": {"color": columns[3]},
    }  # fmt: skip


def _words(metrics: Sequence[Shown]) -> str:
    """What the figure shows, and what it does not."""
    words = (
        "Values over flows, printed where they fit; point at a cell for its interval. Lines stand "
        "at the round values ticked beside the colours, straight between points. Colours span all "
        "values of the chosen metric and column, and no less than its widest 95 % interval."
    )
    if any(np.isinf(one.data["value"].values).any() for one in metrics):
        words += " ∞: no path at that share of the times."
    if "" in metrics[0].text.values:
        words += " Blank with a word or ×: a point that is not done, or has failed."
    return words
