"""The figures of a sweep: a metric along each swept key, and over each pair of numeric keys.

Every key that a figure does not show stands at its first value, which its words name: nothing is
averaged over. What is infinite has no mark, and a point that is not done has none.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from sdn_mc.report import sweep_data
from sdn_mc.report.plots.style import (
    HEIGHTS_MM,
    MARK,
    POINTS,
    THICK,
    Width,
    add_band,
    add_legend,
    canvas,
    look,
    settled,
)
from sdn_mc.report.sweep_data import Key
from sdn_mc.report.wording import INTERVAL, Wording

DARK = 0.47  # of the colours, the lower part that words are white on
ASIDE = 0.1  # of the room of a value in words: between marks of two columns
MOST_PRINTED = 8  # values along an axis


@settled
def response(data: xr.Dataset, key: Key, said: Wording, width: Width = "single") -> Figure:
    """A line with its band for each column; of a key whose values are words, marks with bars.

    `data`: `along` of `sweep_data.response`.
    """
    figure, axes = canvas(width, HEIGHTS_MM[width], said)
    columns = sweep_data.shown_columns(data)
    middle = (len(columns) - 1) / 2
    places = np.asarray(key.values if key.is_number else range(len(key.values)), float)
    for k, column in enumerate(columns):
        row = data.sel(column=column)
        row = row.where(np.isfinite(row["value"]))
        if key.is_number:
            add_band(axes, places, row, column, k)
            axes.lines[-1].set(marker=look(k)["marker"], markersize=MARK)
            continue
        at, style = places + ASIDE * (k - middle), look(k)
        axes.vlines(at, row["low"], row["high"], style["colour"], linewidths=THICK)
        axes.plot(
            at, row["value"], linestyle="none", marker=style["marker"], markersize=MARK,
            color=style["colour"], label=column,
        )  # fmt: skip
    if key.is_wide():
        axes.set_xscale("log")
    axes.set_xticks(places, [sweep_data.value_words(value) for value in key.values])
    axes.minorticks_off()
    add_legend(figure, width)
    return figure


@settled
def surface(
    data: xr.Dataset, keys: tuple[Key, Key], said: Wording, title: str, width: Width = "single"
) -> Figure:
    """Colours and values over two keys, in one column; cells are alike, whatever the values.

    `data`: `over` of `sweep_data.response`; axes [first key, second key].
    """
    figure, axes = canvas(width, HEIGHTS_MM[width] + 12.0, said)
    axes.grid(False)
    value = data["value"].values.T
    drawn = np.ma.masked_invalid(value)
    mesh = axes.pcolormesh(drawn, cmap="cividis", edgecolors="white", linewidth=0.4)
    bar = figure.colorbar(mesh, ax=axes, location="top", aspect=40)
    bar.set_label(title)
    for axis, key in zip((axes.xaxis, axes.yaxis), keys, strict=True):
        ticks = [sweep_data.value_words(each) for each in key.values]
        axis.set_ticks(np.arange(len(ticks)) + 0.5, ticks)
    if max(value.shape) <= MOST_PRINTED:
        for (row, column), each in np.ndenumerate(value):
            words = "" if np.isnan(each) else f"{each:.3g}" if np.isfinite(each) else "∞"
            is_dark = np.isfinite(each) and np.ravel(mesh.norm(each))[0] < DARK
            axes.text(
                column + 0.5, row + 0.5, words, ha="center", va="center", fontsize=POINTS - 1,
                color="white" if is_dark else "black",
            )  # fmt: skip
    return figure


def along(found: xr.Dataset, keys: Sequence[Key], key: Key) -> xr.Dataset:
    """What a response shows: the other keys at their first values."""
    return found.isel({other.name: 0 for other in keys if other != key})


def responses(
    tree: xr.DataTree, metric: str, width: Width
) -> Iterator[tuple[str, Figure, xr.Dataset, Wording]]:
    """One for each key with several values: name, figure, data, words."""
    keys, (found, title) = sweep_data.keys_of(tree), _read(tree, metric)
    for key in keys:
        if len(key.values) > 1:
            data = along(found, keys, key)
            words = f"Over flows{_held(keys, [key])}. {INTERVAL} Infinite values have no mark."
            said = Wording(f"Response to {key.key}", key.title(), title, words)
            yield f"response_{key.name}", response(data, key, said, width), data, said


def surfaces(
    tree: xr.DataTree, metric: str, width: Width
) -> Iterator[tuple[str, Figure, xr.Dataset, Wording]]:
    """One for each pair of keys whose values are numbers, of the column that they move most."""
    keys, (found, title) = sweep_data.keys_of(tree), _read(tree, metric)
    numeric = [key for key in keys if key.is_number and len(key.values) > 1]
    for pair in itertools.combinations(numeric, 2):
        held = {key.name: 0 for key in keys if key not in pair}
        data = found.isel(held)
        data = data.isel(column=_most_moved(data["value"]))
        words = (
            f"Over flows, column {data['column'].item()}{_held(keys, pair)}. Cells without colour "
            "are not done, or infinite where they say so. Intervals stand in the data."
        )
        names = " and ".join(key.key for key in pair)
        said = Wording(f"{names} together", pair[0].title(), pair[1].title(), words)
        name = "surface_" + "_".join(key.name for key in pair)
        yield name, surface(data, pair, said, title, width), data, said


def _read(tree: xr.DataTree, metric: str) -> tuple[xr.Dataset, str]:
    """A metric in its reading unit, and its words for an axis."""
    found = sweep_data.in_reading_unit(sweep_data.response(tree, metric))
    unit = found.attrs["units"]
    if unit == "1":
        unit = "share" if bool((np.abs(found["value"].fillna(0.0)) <= 1).all()) else "number"
    return found, f"{found.attrs['long_name']} ({unit})"


def _most_moved(value: xr.DataArray) -> int:
    """The column whose values lie furthest apart; the last of equal ones."""
    finite = value.where(np.isfinite(value))
    others = [dim for dim in value.dims if dim != "column"]
    apart = (finite.max(others) - finite.min(others)).fillna(0.0).values
    return int(np.flatnonzero(apart == apart.max())[-1])


def _held(keys: Sequence[Key], shown: Sequence[Key]) -> str:
    """At which values the other keys stand."""
    told = [f"{key.name} = {key.words(0)}" for key in keys if key not in shown]
    return ", at " + ", ".join(told) if told else ""
