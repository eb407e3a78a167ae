"""The world map: availability of flows along great circles, or at their sources."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import xarray as xr
from plotly.colors import sample_colorscale

from sdn_mc.report import figures_data, wording
from sdn_mc.report.coastlines import coastlines
from sdn_mc.report.drawing import Figure, base, choose
from sdn_mc.report.looks import INK, LAND


def world_map(tree: xr.DataTree) -> list[Figure] | str:
    """Flows as great circles, or sources as marks, coloured by availability."""
    data = figures_data.on_map(tree)
    if data is None:
        return wording.MISSING["map"]
    said, names = wording.world_map(), [str(name) for name in data["column"].values]
    values = data["value"].values
    low = min(float(np.nanmin(values)), 0.99)
    figure = base(said.x, said.y, 440)
    land = coastlines()
    figure.add_scatter(
        x=land[:, 0], y=land[:, 1], mode="lines", line={"color": LAND, "width": 1},
        hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    scale = {
        "colorscale": "Cividis", "cmin": low, "cmax": 1.0,
        "colorbar": {
            "title": {"text": "availability", "side": "right"}, "thickness": 14, "len": 0.9,
        },
    }  # fmt: skip
    if ways := figures_data.arcs(data):  # a dark edge, so that light colours stand off the paper
        gap = np.full((1, 2), np.nan)
        all_ways = np.concatenate([part for way in ways.values() for part in (way, gap)])
        figure.add_scatter(
            x=all_ways[:, 0], y=all_ways[:, 1], mode="lines", line={"color": INK, "width": 5},
            hoverinfo="skip", showlegend=False,
        )  # fmt: skip
    n_below = len(figure.data)
    per_column = [_marks(data, k, scale, ways) for k in range(len(names))]
    for k, marks in enumerate(per_column):
        for mark in marks:
            mark.visible = k == len(names) - 1
            figure.add_trace(mark)
    n = [len(marks) for marks in per_column]
    owner = np.repeat(np.arange(len(names)), n)
    order = [len(names) - 1, *range(len(names) - 1)]
    choose(figure, [(names[k], [True] * n_below + (owner == k).tolist()) for k in order])
    figure.update_xaxes(range=[-180, 180], dtick=60)
    figure.update_yaxes(range=[-90, 90], dtick=30, scaleanchor=None)
    words = (
        f"{said.words} Point at a flow for its interval. Choose a column above; {names[-1]} is "
        "shown first, and on paper."
    )
    return [Figure("map", said.title, words, figure, data)]


def _marks(
    data: xr.Dataset, column: int, scale: dict[str, Any], ways: dict[int, np.ndarray]
) -> list[Any]:
    """Traces of one column: coloured ways with plain ends, and sources of the other flows."""
    row = data.isel(column=column)
    value, low, high = (row[part].values for part in ("value", "low", "high"))
    text = [
        f"{name}: {v:.4f} [{a:.4f}, {b:.4f}]"
        for name, v, a, b in zip(row["flow"].values, value, low, high, strict=True)
    ]
    found: list[Any] = []
    for k, way in ways.items():
        share = float(np.clip((value[k] - scale["cmin"]) / (1.0 - scale["cmin"]), 0, 1))
        colour = sample_colorscale(scale["colorscale"], [share])[0]
        found.append(
            go.Scatter(
                x=way[:, 0], y=way[:, 1], mode="lines", text=text[k], hoverinfo="text",
                line={"width": 3, "color": colour}, showlegend=False,
            )
        )  # fmt: skip
    ends = [figures_data.places_of(data, end)[list(ways)] for end in ("source", "destination")]
    spots = np.unique(np.concatenate(ends), axis=0)
    found.append(
        go.Scatter(
            x=spots[:, 0], y=spots[:, 1], mode="markers", hoverinfo="skip", showlegend=False,
            marker={"size": 7, "color": "white", "line": {"width": 1.5, "color": INK}},
        )
    )  # fmt: skip
    source = figures_data.places_of(data, "source")
    # A mark nowhere keeps the scale beside the map.
    nowhere = np.array([[np.nan, np.nan]])
    alone = [int(k) for k in np.flatnonzero(~np.isnan(source).any(axis=1)) if k not in ways]
    spots = np.concatenate([source[alone], nowhere])
    found.append(
        go.Scatter(
            x=spots[:, 0], y=spots[:, 1], mode="markers", showlegend=False,
            text=[text[k] for k in alone], hoverinfo="text",
            marker={
                "size": 10, "color": [*value[alone], 1.0], "line": {"width": 1, "color": INK},
            } | scale,
        )
    )  # fmt: skip
    return found
