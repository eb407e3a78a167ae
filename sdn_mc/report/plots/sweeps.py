"""The figures of a sweep: response curves along a key, maps over two numeric ones."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import AbstractPathEffect, withStroke

from sdn_mc.report import wording
from sdn_mc.report.figures_data import ENDS
from sdn_mc.report.looks import INK
from sdn_mc.report.plots.style import (
    HEIGHTS_MM,
    LINE_MM,
    MARK,
    MM_PER_INCH,
    THICK,
    THIN,
    WIDTHS_MM,
    Width,
    add_band,
    add_legend,
    canvas,
    look,
    plain,
    settled,
    wrapped,
)
from sdn_mc.report.sweep_axes import (
    DARK,
    at_of,
    edges_of,
    ends_of_axis,
    height_of,
    is_crossed,
    on_axis,
    places_of,
    round_levels,
    stretches,
    with_room,
)
from sdn_mc.report.sweep_data import DONE, Key, key_of, metric_words, number_words, value_words

STEP = 0.07  # of the height: from one mark at the upper edge to the next
APART = 0.6  # of the place of a word, that its marks take
AXES_MM, BAR_MM = 22.0, 24.0  # that axes with their words take of a width, and a bar of colours
DIGIT_MM = 1.8  # digits are wider than letters
HALO: list[AbstractPathEffect] = [withStroke(linewidth=2.5 * THIN, foreground="white", alpha=0.75)]


@settled
def response(data: xr.Dataset, width: Width = "single") -> Figure:
    """`sweep_slices.along`: a line a column with its band, or marks where the values are words."""
    figure, axes = canvas(width, HEIGHTS_MM[width], wording.sweep_response(data))
    key = key_of(data[data.attrs["along"]])
    columns = list(map(str, data["column"].values))
    height = height_of([data[part].values for part in ENDS])
    for k, column in enumerate(columns):
        row = data[[*ENDS]].sel(column=column)
        row = row.assign(
            value=row["value"].where(np.isfinite(row["value"])),
            high=row["high"].where(row["high"] < np.inf, height[1]),
        )
        aside = 0.0 if key.is_number else APART * ((k + 0.5) / len(columns) - 0.5)
        _add_line(axes, at_of(key) + aside, row, column, k, key.is_number)
    _add_edge_marks(axes, at_of(key), data)
    if key.is_wide():
        axes.set_xscale("log")
    axes.set(ylim=height, xlim=on_axis(key, np.array(ends_of_axis(key))))
    room_mm = WIDTHS_MM[width] - AXES_MM
    _tick(axes, "x", key, at_of(key), room_mm)
    axes.grid(key.is_number, axis="x")
    add_legend(figure, width)
    return figure


def _add_line(
    axes: Axes, x: np.ndarray, row: xr.Dataset, name: str, k: int, is_number: bool
) -> None:
    """A line with its band; a value that no band can surround has a bar, as words all have."""
    style, value = look(k), row["value"].values
    bare = np.full(len(value), not is_number) & np.isfinite(value)
    if is_number:
        add_band(axes, x, row.where(np.isfinite(row["value"])), name, k)
        axes.lines[-1].set(marker=style["marker"], markersize=MARK)
        for part in stretches(value):
            bare[part] = len(part) == 1
    else:
        axes.plot(
            x, value, linestyle="none", marker=style["marker"], markersize=MARK,
            color=style["colour"], label=name,
        )  # fmt: skip
    if bare.any():
        ends = row["low"].values[bare], row["high"].values[bare]
        axes.vlines(x[bare], *ends, style["colour"], linewidths=THICK, label=f"_{name}")


def _add_edge_marks(axes: Axes, x: np.ndarray, data: xr.Dataset) -> None:
    """∞ at the upper edge in the colour of its line, × at the lower one where nothing is done."""
    endless, frame = np.isposinf(data["value"].values), axes.get_xaxis_transform()
    for k in range(len(x)):
        for row, column in enumerate(np.flatnonzero(endless[k])):
            axes.text(
                x[k], 1 - STEP * (row + 0.5), "∞", transform=frame, ha="center", va="center",
                color=look(int(column))["colour"],
            )  # fmt: skip
        if str(data["status"].values[k]) != DONE:
            axes.text(x[k], STEP / 2, "×", transform=frame, ha="center", va="center", color=INK)


def _tick(axes: Axes, which: str, key: Key, at: np.ndarray, room_mm: float) -> None:
    """The key's own values, where their words have room."""
    each_mm = room_mm / len(key.values)
    across = which == "x"
    kept = with_room(key, room_mm, DIGIT_MM if across else LINE_MM / 2)
    words = [value_words(key.values[k]) for k in kept]
    words = words if key.is_number else [wrapped(word, each_mm) for word in words]
    axis = axes.xaxis if across else axes.yaxis
    axis.set_ticks(at[kept], words)
    axis.set_ticks([], minor=True)


@settled
def surface(data: xr.Dataset, width: Width = "single") -> Figure:
    """`sweep_slices.over`: a map with lines at round values, and the values where they fit."""
    x, y = (key_of(data[data.attrs[axis]]) for axis in ("along", "over"))
    limits, value = data.attrs["limits"], data["value"].values.T
    finite, levels = np.where(np.isfinite(value), value, np.nan), round_levels(*limits)
    figure, axes = canvas(width, 1.15 * HEIGHTS_MM[width], wording.sweep_surface(data))
    axes.grid(False)
    mesh = axes.pcolormesh(
        edges_of(x), edges_of(y), finite, cmap="cividis", vmin=limits[0], vmax=limits[1]
    )
    if is_crossed(finite, levels):
        lines = axes.contour(
            places_of(x), places_of(y), finite, levels=levels, colors=INK, linewidths=THIN
        )
        lines.set_path_effects(HALO)
    bar = figure.colorbar(mesh, ax=axes, ticks=levels, format=lambda v, _: f"{v:.10g}")
    plain(bar.ax)
    bar.set_label(wrapped(f"{metric_words(data)}, {data.attrs['column']}", HEIGHTS_MM[width]))
    _tick(axes, "x", x, places_of(x), WIDTHS_MM[width] - AXES_MM - BAR_MM)
    _tick(axes, "y", y, places_of(y), HEIGHTS_MM[width])
    _add_values(figure, axes, data, value, limits)
    return figure


def _add_values(
    figure: Figure, axes: Axes, data: xr.Dataset, value: np.ndarray, limits: Sequence[float]
) -> None:
    """The value of each cell that has room for it; ∞, and what is not done, in any."""
    x, y = (key_of(data[data.attrs[axis]]) for axis in ("along", "over"))
    figure.draw_without_rendering()  # now the axes have their size
    box, status = axes.get_window_extent(), data["status"].values.T
    wide_mm, high_mm = (
        np.diff(edges_of(key)) / np.ptp(edges_of(key)) * pixels / figure.dpi * MM_PER_INCH
        for key, pixels in ((x, box.width), (y, box.height))
    )
    for j, k in np.ndindex(*value.shape):
        at, one = (float(places_of(x)[k]), float(places_of(y)[j])), float(value[j, k])
        words = number_words(one, data.attrs["units"])
        is_dark = (one - limits[0]) / (limits[1] - limits[0]) < DARK
        colour = "white" if is_dark else "black"
        if not np.isfinite(one):
            words, colour = words if str(status[j, k]) == DONE else "×", INK
        elif DIGIT_MM * len(words) + 1 > wide_mm[k] or high_mm[j] < LINE_MM:
            continue
        axes.text(*at, words, color=colour, ha="center", va="center", in_layout=False)
