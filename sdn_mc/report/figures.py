"""The figures of one run as plotly figures, each with its words and its data.

Colours are those of Okabe and Ito (2008), which readers with any colour vision tell apart; lines
differ in dash and markers in shape besides. 700 pixels wide, they fit on paper as on a screen.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from sdn_mc.report import figures_data
from sdn_mc.report.coastlines import coastlines
from sdn_mc.report.figures_data import HEALTHY, OVER_FLOWS

WIDTH = 700
INTERVAL = "Bars and bands are 95 % intervals of sampling error alone."
COLOURS = ("#009E73", "#0072B2", "#D55E00", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid")
MARKERS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star")
LAND, GRID, INK = "#b8b8b8", "#e4e4e4", "#222222"
MOST_ARCS = 40  # flows drawn as lines from end to end; of more, the sources alone


class Figure(NamedTuple):
    """One figure: what it is called, what to read in it, and what it shows."""

    name: str
    title: str
    words: str
    plot: go.Figure
    data: xr.Dataset


def figures_of(tree: xr.DataTree) -> tuple[list[Figure], list[str]]:
    """All that the run can show, and of what it cannot, the setting that would give it."""
    made: list[Figure] = []
    missing: list[str] = []
    for draw in (
        _availability, _through_time, _latency, _map, _what_hurts, _restored, _gaps, _budget,
        _concentration,
    ):  # fmt: skip
        found = draw(tree)
        if isinstance(found, str):
            missing.append(found)
        else:
            made += found
    return made, missing


def base(x: str, y: str, height: int = 420, **layout: Any) -> go.Figure:
    """An empty figure with both axes named and ruled."""
    axis = dict(showline=True, linecolor=INK, gridcolor=GRID, zeroline=False, ticks="outside")
    figure = go.Figure()
    figure.update_layout(
        width=WIDTH, height=height, template="none", font=dict(size=13, color=INK),
        margin=dict(l=70, r=20, t=20, b=60), hovermode="closest",
        xaxis=dict(title=dict(text=x), **axis), yaxis=dict(title=dict(text=y), **axis),
        legend=dict(orientation="h", x=0, y=1.02, yanchor="bottom", xanchor="left"),
    )  # fmt: skip
    figure.update_layout(**layout)
    return figure


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
        line=dict(width=0), hoverinfo="skip", showlegend=False, legendgroup=name, **more,
    )  # fmt: skip
    figure.add_scatter(
        x=x, y=y, name=name, mode="lines", legendgroup=name,
        line=dict(color=style["colour"], dash=style["dash"], width=2), **more,
    )  # fmt: skip


def bars(row: xr.Dataset) -> dict[str, Any]:
    """Error bars from the ends of an interval."""
    value = row["value"].values
    return dict(
        type="data", symmetric=False, array=row["high"].values - value,
        arrayminus=value - row["low"].values, thickness=1.5, width=3,
    )  # fmt: skip


def _availability(tree: xr.DataTree) -> list[Figure] | str:
    """One row a flow, one mark a column."""
    found = figures_data.estimates(tree, "availability")
    if found is None:
        return "Availability: list `availability` in metrics."
    found = found.assign_coords(column=figures_data.columns_of(tree))
    n_flow = found.sizes["flow"]
    chosen = [*figures_data.shown_flows(tree), n_flow - 1]
    data = found.sel(column=figures_data.shown_columns(tree)).isel(flow=chosen)
    names = [str(name) for name in data["flow"].values]
    at = np.arange(len(names))[::-1]
    figure = base("availability (share of time with a path)", "", 110 + 34 * len(names))
    n_column = data.sizes["column"]
    for k, column in enumerate(map(str, data["column"].values)):
        row, style = data.isel(column=k), look(k)
        figure.add_scatter(
            x=row["value"].values, y=at + 0.6 * (0.5 - (k + 0.5) / n_column), mode="markers",
            name=column, error_x=bars(row) | {"color": style["colour"]}, customdata=names,
            marker=dict(color=style["colour"], symbol=style["marker"], size=8),
            hovertemplate="%{customdata}: %{x:.4f}",
        )  # fmt: skip
    figure.update_layout(margin_l=200)
    figure.update_yaxes(tickvals=at, ticktext=names, showgrid=False, range=[-0.6, len(names) - 0.4])
    words = f"Mean over draws of each draw's share of instants with a path. {INTERVAL}"
    if n_flow - 1 > len(chosen) - 1:
        words += f" Of {n_flow - 1} flows the {len(chosen) - 1} least available are shown."
    return [Figure("availability", "Availability by flow", words, figure, found)]


def _through_time(tree: xr.DataTree) -> list[Figure] | str:
    """Lines with bands, and where nine of ten draws lie."""
    data = figures_data.through_time(tree)
    if data is None:
        return "Availability through time: keep the latency series with store.paths=all."
    snapshot = figures_data.is_snapshot(tree)
    figure = base(f"{data['time'].attrs['long_name']} (h)", "share of flows with a path")
    x = data["time"].values
    for k, column in enumerate(map(str, data["column"].values)):
        add_band(figure, x, data.isel(column=k), column, k)
    main = data.isel(column=-1)
    style = look(data.sizes["column"] - 1)
    if not snapshot:
        for part in ("draws_p5", "draws_p95"):
            figure.add_scatter(
                x=x, y=main[part].values, mode="lines", line=dict(color=style["colour"], width=1),
                name=f"{main['column'].values}: 5th and 95th percentile of draws",
                showlegend=part == "draws_p5", legendgroup="draws",
            )  # fmt: skip
    figure.update_yaxes(range=[-0.02, 1.02])
    if snapshot:
        title = "Availability through the window"
        words = (
            "Mean over draws of the share of flows with a path, one instant in each stratum of the "
            f"window, the days taken together. {INTERVAL} A given event strikes at a random time, "
            "so its loss is spread over the window."
        )
    else:
        title = "Resilience: service before, during and after the onset"
        words = (
            f"Mean over draws of the share of flows with a path. {INTERVAL} Thin lines hold nine "
            "of ten draws of the main column. A mean over draws is shallower and smoother than "
            "any draw: depth, area lost and time to recover, where computed, are measured draw by "
            "draw and stand in the table of all metrics."
        )
    return [Figure("through_time", title, words, figure, data)]


def _latency(tree: xr.DataTree) -> list[Figure] | str:
    """Cumulative curves, flow by flow."""
    data = figures_data.latency_shares(tree)
    if data is None:
        return "Latency distribution: keep the latency series with store.paths=all."
    figure = base("one-way latency (ms)", "share of all times delivered by then", 470)
    x, n_column = data["latency"].values, data.sizes["column"]
    names = [str(name) for name in data["flow"].values]
    for f in range(len(names)):
        for k, column in enumerate(map(str, data["column"].values)):
            add_band(
                figure, x, data.isel(column=k, flow=f), column, k, visible=names[f] == names[-1]
            )
    per_flow = 2 * n_column
    figure.update_yaxes(range=[-0.02, 1.02])
    figure.update_xaxes(range=[float(x[0]) * 0.95, float(x[-2]) * 1.05])
    order = [len(names) - 1, *range(len(names) - 1)]
    choose(
        figure,
        [(names[f], [k // per_flow == f for k in range(per_flow * len(names))]) for f in order],
    )
    words = (
        "Share of all times, of all draws, at which a message arrives within the latency. What is "
        "not delivered never arrives, so each curve ends at the availability, not at 1. "
        f"{INTERVAL} Choose a flow above; over flows is their mean."
    )
    return [Figure("latency", "Latency distribution", words, figure, data)]


def choose(figure: go.Figure, entries: Iterable[tuple[str, list[bool]]]) -> None:
    """A menu that shows one set of traces; on paper the first."""
    buttons = [
        dict(label=name, method="restyle", args=[{"visible": shown}]) for name, shown in entries
    ]
    figure.update_layout(
        margin_t=90,
        legend_y=1.0,
        updatemenus=[
            dict(
                buttons=buttons,
                x=0,
                xanchor="left",
                y=1.1,
                yanchor="bottom",
                pad=dict(b=8),
                bgcolor="white",
            )
        ],
    )


def _map(tree: xr.DataTree) -> list[Figure] | str:
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
        x=land[:, 0], y=land[:, 1], mode="lines", line=dict(color=LAND, width=1),
        hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    scale = dict(
        colorscale="Cividis", cmin=low, cmax=1.0,
        colorbar=dict(title=dict(text="availability", side="right"), thickness=14, len=0.9),
    )  # fmt: skip
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
    from plotly.colors import sample_colorscale

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
                line=dict(width=3, color=sample_colorscale("Cividis", float(np.clip(share, 0, 1)))[0]),
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
            marker=dict(size=9, color=colour, line=dict(width=1, color=INK), **scale),
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


def _what_hurts(tree: xr.DataTree) -> list[Figure] | str:
    """Ordered bars of paired losses."""
    data = figures_data.what_hurts(tree)
    if data is None:
        return "What hurts most: list `availability` in metrics, and threats."
    kinds = dict.fromkeys(map(str, data["kind"].values))
    figure = base("availability (share of time)", "", 120 + 26 * data.sizes["row"])
    causes = list(dict.fromkeys(map(str, data["cause"].values)))[::-1]
    titles = {"lost": "lost with it", "saved": "saved without it, all others acting"}
    if "saved" not in kinds:
        titles = {"lost": "lost against the healthy column"}
    for k, kind in enumerate(kinds):
        row = data.isel(row=np.flatnonzero(data["kind"].values == kind))
        at = np.array([causes.index(str(c)) for c in row["cause"].values])
        shift = 0.0 if len(kinds) == 1 else 0.2 - 0.4 * k
        style = look(2 - k)
        figure.add_bar(
            x=row["value"].values, y=at + shift, orientation="h", name=titles[kind],
            width=0.7 / len(kinds), marker=dict(color=style["colour"], pattern=dict(shape=["", "/"][k])),
            error_x=bars(row) | {"color": INK}, customdata=row["cause"].values,
            hovertemplate="%{customdata}: %{x:.4f}",
        )  # fmt: skip
    figure.update_layout(margin_l=190, showlegend=True)
    figure.update_yaxes(tickvals=list(range(len(causes))), ticktext=causes, showgrid=False)
    words = (
        "Availability over flows, healthy less attacked in the same draws: a paired difference. "
        f"{INTERVAL}"
    )
    if "saved" in kinds:
        words += (
            " Alone a cause may cost little and still matter beside others, or the other way round: "
            "so both are told."
        )
    return [Figure("what_hurts", "What hurts most", words, figure, data)]


def _restored(tree: xr.DataTree) -> list[Figure] | str:
    """Kaplan and Meier's curves."""
    data = figures_data.still_waiting(tree)
    if data is None:
        return "Time to restore: times=episode, and `time_to_restore` in metrics."
    figure = base("time since the onset (h)", "share of draws not yet restored")
    for k, column in enumerate(map(str, data["column"].values)):
        add_band(figure, data["time"].values, data.sel(column=column), column, k + 1)
    figure.update_traces(line_shape="hv", selector=dict(mode="lines"))
    figure.update_yaxes(range=[-0.02, 1.02])
    words = (
        "Share of draws in which the median flow is still without unbroken service, by Kaplan and "
        "Meier; those not restored within the horizon are censored there. Bands are 95 % limits of "
        "sampling error over draws, without the spread between epochs."
    )
    return [Figure("restored", "Time to restore", words, figure, data)]


def _gaps(tree: xr.DataTree) -> list[Figure] | str:
    """How long the longest outage is."""
    data = figures_data.longest_gaps(tree)
    if data is None:
        return "Outage durations: times=episode, and `continuity` in metrics."
    figure = base("duration (min)", "share of draws with a longer outage")
    for k, column in enumerate(map(str, data["column"].values)):
        add_band(figure, data["gap"].values, data.isel(column=k), column, k + 1)
    figure.update_yaxes(range=[-0.02, 1.02])
    words = (
        "Longest outage of the worst user of each draw, within the horizon; one still open at its "
        f"end counts for its part inside. {INTERVAL}"
    )
    return [Figure("outages", "Outage durations", words, figure, data)]


def _budget(tree: xr.DataTree) -> list[Figure] | str:
    """Stacked bars, a stage each."""
    chains = figures_data.stage_budget(tree)
    if not chains:
        return "Stage budget: `chain` or `missile_warning` in metrics, with times=episode."
    return [_budget_of(name, data) for name, data in chains.items()]


def _budget_of(name: str, data: xr.Dataset) -> Figure:
    columns = [str(c) for c in data["column"].values]
    stages = [str(s) for s in data["stage"].values]
    at = np.arange(len(stages))[::-1]
    figure = base("time (s), logarithmic", "", 130 + 40 * len(stages))
    for k, column in enumerate(columns[:5]):
        row, style = data.sel(column=column), look(k)
        figure.add_scatter(
            x=row["value"].values, y=at + 0.6 * (0.5 - (k + 0.5) / len(columns)), mode="markers",
            name=column, error_x=bars(row) | {"color": style["colour"]}, customdata=stages,
            marker=dict(color=style["colour"], symbol=style["marker"], size=9),
            hovertemplate="%{customdata}: %{x:.4g} s",
        )  # fmt: skip
    figure.update_layout(margin_l=170)
    figure.update_xaxes(type="log", dtick=1)
    figure.update_yaxes(
        tickvals=at, ticktext=stages, showgrid=False, range=[-0.6, len(stages) - 0.4]
    )
    words = (
        f"Mean time in each stage of the messages of {name} that arrive, median over draws, and "
        "waiting for a path. What a run does not add up to 0 s is left out of a logarithmic axis. "
        f"Read it beside the share undelivered in the table of all metrics. {INTERVAL}"
    )
    return Figure(f"budget_{name}", f"Stage budget: {name}", words, figure, data)


def _concentration(tree: xr.DataTree) -> list[Figure] | str:
    """How few the fleet hangs on."""
    data = figures_data.concentration(tree)
    if data is None:
        return "Concentration: the fleet has no labels."
    labels = [str(name) for name in data["label"].values]
    figure = base("effective number of groups (1 / HHI)", "", 130 + 34 * len(labels))
    figure.add_bar(
        x=data["effective"].values, y=labels, orientation="h", width=0.6,
        marker=dict(color=COLOURS[1]), customdata=data["hhi"].values,
        hovertemplate="%{y}: %{x:.2f} (HHI %{customdata:.4f})",
    )  # fmt: skip
    figure.update_layout(margin_l=140)
    figure.update_xaxes(rangemode="tozero")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    words = (
        "As how many equal suppliers each kind counts; 1: all satellites hang on one. A property of "
        "the fleet, without sampling error. Against what is lost: give a study, or several runs."
    )
    return [Figure("concentration", "Concentration", words, figure, data)]


Drawer = Callable[[xr.DataTree], "list[Figure] | str"]
_ = (HEALTHY, OVER_FLOWS)
