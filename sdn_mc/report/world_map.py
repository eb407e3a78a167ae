"""The world map: availability of flows along great circles, or at their sources."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import xarray as xr
from plotly.colors import sample_colorscale

from sdn_mc.report import figures_data
from sdn_mc.report.coastlines import coastlines
from sdn_mc.report.drawing import INK, Figure, base, choose

LAND = "#b8b8b8"
MOST_ARCS = 40  # flows drawn as lines from end to end; of more, the sources alone


def world_map(tree: xr.DataTree) -> list[Figure] | str:
    """Flows as great circles, or sources as marks, coloured by availability."""
    data = figures_data.on_map(tree)
    if data is None:
        return "World map of availability: list `availability` in metrics."
    names = figures_data.columns_of(tree)
    values = data["value"].values
    low = min(float(np.nanmin(values)), 0.99)
    figure = base("longitude (deg east)", "latitude (deg north)", 440)
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
    if ways := arcs(data):  # a dark edge, so that light colours stand off the paper
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
        "Availability of every flow, along the great circle between its ends; of many flows, or "
        "where an end is any of several sites, at the source. Intervals stand in the data and when "
        f"pointed at. Choose a column above; {names[-1]} is shown first, and on paper. Coastlines: "
        "Natural Earth."
    )
    return [Figure("map", "World map of availability", words, figure, data)]


def arcs(data: xr.Dataset) -> dict[int, np.ndarray]:
    """The great circle of each flow whose two ends are one site each; none of many flows."""
    if data.sizes["flow"] > MOST_ARCS:
        return {}
    ends = np.stack([_places(data, "source"), _places(data, "destination")])
    known = np.flatnonzero(~np.isnan(ends).any(axis=(0, 2)))
    return {int(k): great_circle(ends[0, k], ends[1, k]) for k in known}


def _places(data: xr.Dataset, end: str) -> np.ndarray:
    """Longitude and latitude of one end of each flow."""
    names = f"{end}_longitude_deg", f"{end}_latitude_deg"
    return np.stack([data[name].values for name in names], axis=-1)


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
    ends = [_places(data, end)[list(ways)] for end in ("source", "destination")]
    spots = np.unique(np.concatenate(ends), axis=0)
    found.append(
        go.Scatter(
            x=spots[:, 0], y=spots[:, 1], mode="markers", hoverinfo="skip", showlegend=False,
            marker={"size": 7, "color": "white", "line": {"width": 1.5, "color": INK}},
        )
    )  # fmt: skip
    source = _places(data, "source")
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


def great_circle(a_deg: np.ndarray, b_deg: np.ndarray, n: int = 60) -> np.ndarray:
    """Longitude and latitude along the shorter arc, deg; NaN where it leaves the map's edge."""

    def unit(place: np.ndarray) -> np.ndarray:
        lon, lat = np.radians(place)
        return np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])

    a, b = unit(a_deg), unit(b_deg)
    angle = max(float(np.arccos(np.clip(a @ b, -1, 1))), 1e-9)
    t = np.linspace(0, 1, n)[:, None]
    way = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
    lon, lat = np.degrees(np.arctan2(way[:, 1], way[:, 0])), np.degrees(np.arcsin(way[:, 2]))
    line = np.stack([lon, lat], axis=-1)
    cuts = np.flatnonzero(np.abs(np.diff(lon)) > 180) + 1
    return np.insert(line, cuts, np.nan, axis=0)
