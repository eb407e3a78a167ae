"""The figures of one run, each from its data."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import Collection, LineCollection
from matplotlib.figure import Figure

from sdn_mc.report import figures_data, wording
from sdn_mc.report.coastlines import coastlines
from sdn_mc.report.figures_data import OVER_FLOWS
from sdn_mc.report.looks import INK, LAND, share_range
from sdn_mc.report.plots.style import (
    HEIGHTS_MM,
    MARK,
    THICK,
    THIN,
    WIDTHS_MM,
    Width,
    add_band,
    add_legend,
    add_marks,
    canvas,
    look,
    plain,
    rows,
    settled,
    wrapped,
)

MARK_MM = 1.5  # that a mark takes in a row
MOST_OF_A_PART = 25.0  # deg of latitude from the middle of a map that does not show the world


@settled
def availability(data: xr.Dataset, width: Width = "single") -> Figure:
    """`figures_data.availability`: one row a flow, one mark a column."""
    names, columns = (list(map(str, data[axis].values)) for axis in ("flow", "column"))
    least_mm = MARK_MM * len(columns) + 1.8
    figure, axes, middle = rows(width, names, least_mm, wording.availability(data))
    for k, column in enumerate(columns):
        add_marks(axes, middle + _shift_mm(k, len(columns)), data.isel(column=k), column, k)
    add_legend(figure, width)
    return figure


def _shift_mm(k: int, n: int) -> float:
    """Of the k-th of n marks, from the middle of its row."""
    return MARK_MM * (k - (n - 1) / 2)


@settled
def through_time(data: xr.Dataset, width: Width = "single") -> Figure:
    """`figures_data.through_time`: lines with bands, and where nine of ten draws lie."""
    figure, axes = canvas(width, HEIGHTS_MM[width], wording.through_time(data))
    x, columns = data["time"].values, list(map(str, data["column"].values))
    for k, column in enumerate(columns):
        add_band(axes, x, data.isel(column=k), column, k)
        if data.attrs["is_snapshot"]:
            axes.lines[-1].set(marker=look(k)["marker"], markersize=MARK - 1)
    least = float(data["low"].min())
    if not data.attrs["is_snapshot"]:
        main, style = data.isel(column=-1), look(len(columns) - 1)
        least = min(least, float(main["draws_p5"].min()))
        ends = np.stack([main["draws_p5"].values, main["draws_p95"].values], axis=-1)
        words = f"{columns[-1]}: 5 to 95 % of draws"
        axes.plot(x, ends, color=style["colour"], linewidth=THIN / 2, label=[words, f"_{words}"])
    axes.set_ylim(*share_range(least))
    axes.margins(x=0.02)
    add_legend(figure, width)
    return figure


@settled
def latency(data: xr.Dataset, width: Width = "single") -> Figure:
    """`figures_data.latency_shares`: cumulative curves of the mean over flows."""
    figure, axes = canvas(width, HEIGHTS_MM[width], wording.latency(data))
    x, over = data["latency"].values, data.sel(flow=OVER_FLOWS)
    for k, column in enumerate(map(str, data["column"].values)):
        add_band(axes, x, over.isel(column=k), column, k)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlim(float(x[0]) * 0.95, float(x[-2]) * 1.05)
    add_legend(figure, width)
    return figure


@settled
def world_map(data: xr.Dataset, width: Width = "single", column: int = -1) -> Figure:
    """`figures_data.on_map`: great circles, or sources as marks, coloured by availability."""
    across_mm = WIDTHS_MM[width]
    figure, axes = canvas(width, (across_mm - 13.0) / 2 + 25.0, wording.world_map())
    axes.grid(False)
    axes.plot(*coastlines().T, color=LAND, linewidth=THIN, zorder=1)
    row, ways = data.isel(column=column), figures_data.arcs(data)
    value = row["value"].values
    low = min(float(np.nanmin(data["value"])), 0.99)
    order = sorted(ways, key=lambda k: -value[k])  # the least available on top
    lines = [ways[k] for k in order]
    axes.add_collection(LineCollection(lines, colors=INK, linewidths=2.6 * THICK, zorder=2))
    shown: Collection = LineCollection(lines, linewidths=1.8 * THICK, zorder=3)
    shown.set(array=value[order], cmap="cividis", clim=(low, 1.0))
    axes.add_collection(shown)
    ends = [figures_data.places_of(data, end)[order] for end in ("source", "destination")]
    axes.plot(*np.concatenate(ends).T, "o", color="white", mec=INK, mew=THIN, ms=MARK, zorder=4)
    source = figures_data.places_of(data, "source")
    alone = [k for k in np.flatnonzero(~np.isnan(source).any(axis=1)) if k not in ways]
    alone.sort(key=lambda k: -value[k])
    if alone:
        x, y = source[alone].T
        shown = axes.scatter(x, y, (1.6 * MARK) ** 2, edgecolors=INK, linewidths=THIN, zorder=5)
        shown.set(array=value[alone], cmap="cividis", clim=(low, 1.0))
    _frame(axes, np.concatenate([*lines, source[alone]]))
    bar = figure.colorbar(shown, ax=axes, location="bottom", aspect=40, pad=0.02)
    plain(bar.ax)
    bar.set_label(wrapped(f"availability, {row['column'].values}", across_mm - 10.0))
    return figure


def _frame(axes: Axes, places: np.ndarray) -> None:
    """The world; or the part of it, twice as wide as high, that holds everything shown."""
    low, high = np.nanmin(places, axis=0), np.nanmax(places, axis=0)
    half = 1.3 * max(5.0, (high[0] - low[0]) / 4, (high[1] - low[1]) / 2)  # of the latitudes
    if half > MOST_OF_A_PART:
        axes.set(xlim=(-180, 180), ylim=(-90, 90))
        axes.set(xticks=range(-180, 181, 60), yticks=range(-90, 91, 30))
        return
    lon, lat = (low + high) / 2
    axes.set(xlim=(lon - 2 * half, lon + 2 * half), ylim=(lat - half, lat + half))


@settled
def what_hurts(data: xr.Dataset, width: Width = "single") -> Figure:
    """`figures_data.what_hurts`: ordered bars of paired losses."""
    said, titles = wording.what_hurts(data)
    kinds = list(dict.fromkeys(map(str, data["kind"].values)))
    causes = list(dict.fromkeys(map(str, data["cause"].values)))
    bar_mm = 4.2 if len(kinds) == 1 else 3.0
    figure, axes, middle = rows(width, causes, bar_mm * len(kinds) + 1.2, said)
    for k, kind in enumerate(kinds):
        row = data.isel(row=np.flatnonzero(data["kind"].values == kind))
        y = middle[[causes.index(str(c)) for c in row["cause"].values]]
        y = y + bar_mm * (k - (len(kinds) - 1) / 2)
        axes.barh(
            y, row["value"].values, 0.85 * bar_mm, color=look((2, 5)[k])["colour"], edgecolor=INK,
            linewidth=THIN, hatch=("", "////")[k], label=titles[kind],
        )  # fmt: skip
        ends = row["low"].values, row["high"].values
        axes.hlines(y, *ends, INK, linewidths=THICK, label=f"_{titles[kind]}")
    add_legend(figure, width)
    return figure


@settled
def restored(data: xr.Dataset, width: Width = "single") -> Figure:
    """`figures_data.still_waiting`: Kaplan and Meier's curves."""
    figure, axes = canvas(width, HEIGHTS_MM[width], wording.RESTORED)
    for k, column in enumerate(map(str, data["column"].values)):
        add_band(axes, data["time"].values, data.isel(column=k), column, k + 1, stepped=True)
    axes.set_ylim(-0.02, 1.02)
    add_legend(figure, width)
    return figure


@settled
def outages(data: xr.Dataset, width: Width = "single") -> Figure:
    """`figures_data.longest_gaps`: how long the longest outage is."""
    figure, axes = canvas(width, HEIGHTS_MM[width], wording.OUTAGES)
    for k, column in enumerate(map(str, data["column"].values)):
        add_band(axes, data["gap"].values, data.isel(column=k), column, k + 1)
    axes.set_ylim(-0.02, 1.02)
    add_legend(figure, width)
    return figure


@settled
def budget(data: xr.Dataset, width: Width = "single") -> Figure:
    """One chain of `figures_data.stage_budget`: the time in each stage."""
    columns, stages = data.attrs["shown"], list(map(str, data["stage"].values))
    least_mm = MARK_MM * len(columns) + 1.8
    figure, axes, middle = rows(width, stages, least_mm, wording.budget(data.attrs["chain"]))
    axes.set_xscale("log")
    for k, column in enumerate(columns):
        row = data.sel(column=column)
        add_marks(axes, middle + _shift_mm(k, len(columns)), row.where(row > 0), column, k)
    for s in np.flatnonzero((data.sel(column=columns)["value"] == 0).all("column")):
        axes.text(0.01, middle[s], "0 s", transform=axes.get_yaxis_transform(), va="center")
    add_legend(figure, width)
    return figure


@settled
def concentration(data: xr.Dataset, width: Width = "single") -> Figure:
    """`figures_data.concentration`: how few the fleet hangs on."""
    names = list(map(str, data["label"].values))
    figure, axes, middle = rows(width, names, 5.0, wording.CONCENTRATION)
    style = look(1)
    axes.barh(middle, data["effective"].values, 3.2, color=style["colour"], edgecolor=INK)
    axes.set_xlim(left=0)
    return figure
