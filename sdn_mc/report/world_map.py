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
        "colorbar": {"title": {"text": "availability", "side": "right"}, "thickness": 14, "len": 0.9},
    }  # fmt: skip
    per_column = [_marks(data, k, scale) for k in range(len(names))]
    for k, marks in enumerate(per_column):
        for mark in marks:
            mark.visible = k == len(names) - 1
            figure.add_trace(mark)
    n = [len(marks) for marks in per_column]
    owner = np.repeat(np.arange(len(names)), n)
    order = [len(names) - 1, *range(len(names) - 1)]
    choose(figure, [(names[k], [True, *(owner == k).tolist()]) for k in order])
    figure.update_xaxes(range=[-180, 180], dtick=60)
    figure.update_yaxes(range=[-90, 90], dtick=30, scaleanchor=None)
    words = (
        "Availability of every flow, at its ends and along the great circle between them; of many "
        "flows, at their sources alone. Intervals stand in the data and when pointed at. Choose a "
        "column above. Coastlines: Natural Earth."
    )
    return [Figure("map", "World map of availability", words, figure, data)]


def _marks(data: xr.Dataset, column: int, scale: dict[str, Any]) -> list[Any]:
    """Traces of one column: arcs below, marks above."""
    row = data.isel(column=column)
    value, low, high = (row[part].values for part in ("value", "low", "high"))
    text = [
        f"{name}: {v:.4f} [{a:.4f}, {b:.4f}]"
        for name, v, a, b in zip(row["flow"].values, value, low, high, strict=True)
    ]
    ends = [
        np.stack([data[f"{end}_longitude_deg"].values, data[f"{end}_latitude_deg"].values], axis=-1)
        for end in ("source", "destination")
    ]
    found: list[Any] = []
    few = data.sizes["flow"] <= MOST_ARCS
    for k in range(data.sizes["flow"] if few else 0):
        if np.isnan(ends[0][k]).any() or np.isnan(ends[1][k]).any():
            continue
        share = (value[k] - scale["cmin"]) / (scale["cmax"] - scale["cmin"])
        arc = great_circle(ends[0][k], ends[1][k])
        found.append(
            go.Scatter(
                x=arc[:, 0], y=arc[:, 1], mode="lines", text=text[k], hoverinfo="text",
                line={"width": 3, "color": sample_colorscale("Cividis", float(np.clip(share, 0, 1)))[0]},
                showlegend=False,
            )
        )  # fmt: skip
    places = ends[:1] if not few else ends
    known = [~np.isnan(each).any(axis=1) for each in places]
    spots = np.concatenate([each[k] for each, k in zip(places, known, strict=True)])
    colour = np.concatenate([value[k] for k in known])
    words = [text[k] for each in known for k in np.flatnonzero(each)]
    found.append(
        go.Scatter(
            x=spots[:, 0], y=spots[:, 1], mode="markers", text=words, hoverinfo="text",
            marker=dict(size=9, color=colour, line={"width": 1, "color": INK}, **scale),
            showlegend=False,
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
