"""How every figure of the page looks: axes, bands, bars, menus.

700 pixels wide, they fit on paper as on a screen.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from sdn_mc.report.looks import COLOURS, DASHES, GRID, INK, MARKERS

WIDTH = 700
LEGEND = 28  # pixels that one line of it takes


class Figure(NamedTuple):
    """One figure: what it is called, what to read in it, and what it shows."""

    name: str
    title: str
    words: str
    plot: go.Figure
    data: xr.Dataset


def base(x: str, y: str, height: int = 420, **layout: Any) -> go.Figure:
    """An empty figure with both axes named and ruled."""
    axis = {
        "showline": True,
        "linecolor": INK,
        "gridcolor": GRID,
        "zeroline": False,
        "ticks": "outside",
    }
    figure = go.Figure()
    figure.update_layout(
        width=WIDTH, height=height, template="none", font={"size": 13, "color": INK},
        margin={"l": 70, "r": 30, "t": 20, "b": 60}, hovermode="closest",
        xaxis=dict(title={"text": x}, **axis), yaxis=dict(title={"text": y}, **axis),
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "xanchor": "left"},
    )  # fmt: skip
    figure.update_layout(**layout)
    return figure


def room_for(names: Iterable[str]) -> int:
    """Pixels that the longest of some names takes left of an axis."""
    return min(340, 30 + int(7.2 * max(map(len, names))))


def look(k: int) -> dict[str, Any]:
    """Colour, dash and marker of the k-th column."""
    k %= len(COLOURS)
    return {"colour": COLOURS[k], "dash": DASHES[k], "marker": MARKERS[k]}


def faint(colour: str, opacity: float = 0.18) -> str:
    """The same colour for a band."""
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def add_band(figure: go.Figure, x: Any, row: xr.Dataset, name: str, k: int, **more: Any) -> None:
    """A line with its interval; one entry in the legend."""
    style, y = look(k), row["value"].values
    both = np.concatenate([row["low"].values, row["high"].values[::-1]])
    figure.add_scatter(
        x=np.concatenate([x, x[::-1]]), y=both, fill="toself", fillcolor=faint(style["colour"]),
        line={"width": 0}, hoverinfo="skip", showlegend=False, legendgroup=name, **more,
    )  # fmt: skip
    figure.add_scatter(
        x=x, y=y, name=name, mode="lines", legendgroup=name,
        line={"color": style["colour"], "dash": style["dash"], "width": 2}, **more,
    )  # fmt: skip


def bars(row: xr.Dataset) -> dict[str, Any]:
    """Error bars from the ends of an interval."""
    value = row["value"].values
    return {
        "type": "data", "symmetric": False, "array": row["high"].values - value,
        "arrayminus": value - row["low"].values, "thickness": 1.5, "width": 3,
    }  # fmt: skip


def choose(
    figure: go.Figure, entries: Iterable[tuple[str, list[bool]]], x: Sequence[str] = ()
) -> None:
    """A menu that shows one set of traces, with its own words on the axis; on paper the first."""
    buttons = []
    for k, (name, shown) in enumerate(entries):
        layout = {"xaxis.title.text": x[k]} if x else {}
        buttons.append({"label": name, "method": "update", "args": [{"visible": shown}, layout]})
    named = {t.name for t in figure.data if t.name and t.showlegend is not False}
    n_line = math.ceil(sum(7 * len(name) + 60 for name in named) / (WIDTH - 100))
    figure.update_layout(margin_t=56 + LEGEND * n_line)
    inside = figure.layout.height - figure.layout.margin.t - figure.layout.margin.b
    menu = {
        "buttons": buttons, "x": 0, "xanchor": "left", "y": 1 + LEGEND * n_line / inside,
        "yanchor": "bottom", "pad": {"b": 6}, "bgcolor": "white",
    }  # fmt: skip
    figure.update_layout(updatemenus=[menu])
