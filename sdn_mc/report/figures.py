"""The figures of one run, each with its words and its data."""

import numpy as np
import xarray as xr

from sdn_mc.report import figures_data
from sdn_mc.report.drawing import (
    COLOURS,
    INK,
    INTERVAL,
    OVER_DRAWS,
    Figure,
    add_band,
    bars,
    base,
    choose,
    look,
    room_for,
)
from sdn_mc.report.world_map import world_map

WEIGHTED = (
    "Draws of unequal weight: figures over draws need plain draws (sampling=null); the estimates "
    "of the summary hold the weights."
)


def figures_of(tree: xr.DataTree) -> tuple[list[Figure], list[str]]:
    """All that the run can show, and of what it cannot, the setting that would give it."""
    made: list[Figure] = []
    missing: list[str] = []
    for draw in (
        _availability, _through_time, _latency, world_map, _what_hurts, _restored, _gaps, _budget,
        _concentration,
    ):  # fmt: skip
        found = draw(tree)
        if isinstance(found, str):
            missing.append(found)
        else:
            made += found
    if not figures_data.is_plain(tree):
        missing.insert(0, WEIGHTED)
    return made, missing


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
            marker={"color": style["colour"], "symbol": style["marker"], "size": 8},
            hovertemplate="%{customdata}: %{x:.4f}",
        )  # fmt: skip
    figure.update_layout(margin_l=room_for(names))
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
    if snapshot:
        figure.update_traces(mode="lines+markers", selector={"fill": None})
    main = data.isel(column=-1)
    style = look(data.sizes["column"] - 1)
    if not snapshot:
        for part in ("draws_p5", "draws_p95"):
            figure.add_scatter(
                x=x, y=main[part].values, mode="lines", line={"color": style["colour"], "width": 1},
                name=f"{main['column'].values}: 5th and 95th percentile of draws",
                showlegend=part == "draws_p5", legendgroup="draws",
            )  # fmt: skip
    least = float(data["low"].min())
    figure.update_yaxes(range=[-0.02, 1.02] if least < 0.5 else [least - 0.3 * (1 - least), 1.005])
    if snapshot:
        title = "Availability through the window"
        words = (
            "Mean over draws of the share of flows with a path, in parts of the window, all days "
            f"taken together. {OVER_DRAWS} A given event strikes at a random time, so its loss is "
            "spread over the window."
        )
    else:
        title = "Resilience: service before, during and after the onset"
        words = (
            f"Mean over draws of the share of flows with a path. {OVER_DRAWS} Thin lines hold nine "
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
    interval = INTERVAL if figures_data.is_snapshot(tree) else OVER_DRAWS
    words = (
        "Share of all times, of all draws, at which a message arrives within the latency. What is "
        "not delivered never arrives, so each curve ends at the availability, not at 1. "
        f"{interval} Choose a flow above; over flows, shown first and on paper, is their mean."
    )
    return [Figure("latency", "Latency distribution", words, figure, data)]


def _what_hurts(tree: xr.DataTree) -> list[Figure] | str:
    """Ordered bars of paired losses."""
    data = figures_data.what_hurts(tree)
    if data is None:
        return "What hurts most: list `availability` in metrics, and threats."
    kinds = dict.fromkeys(map(str, data["kind"].values))
    figure = base("availability lost or saved (share of time)", "", 120 + 26 * data.sizes["row"])
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
            width=0.7 / len(kinds),
            marker={"color": style["colour"], "pattern": {"shape": ["", "/"][k]}},
            error_x=bars(row) | {"color": INK}, customdata=row["cause"].values,
            hovertemplate="%{customdata}: %{x:.4f}",
        )  # fmt: skip
    figure.update_layout(margin_l=room_for(causes), showlegend=True)
    figure.update_yaxes(tickvals=list(range(len(causes))), ticktext=causes, showgrid=False)
    words = (
        "Availability over flows, healthy less attacked in the same draws: a paired difference. "
        f"{INTERVAL}"
    )
    if "saved" in kinds:
        words += (
            " Alone a cause may cost little and still matter beside others, or the other way "
            "round: so both are told."
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
    figure.update_traces(line_shape="hv", selector={"mode": "lines"})
    figure.update_yaxes(range=[-0.02, 1.02])
    words = (
        "Share of draws in which the median flow is still without unbroken service, by Kaplan and "
        f"Meier; those not restored within the horizon are censored there. {OVER_DRAWS}"
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
        f"end counts for its part inside. {OVER_DRAWS}"
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
            marker={"color": style["colour"], "symbol": style["marker"], "size": 9},
            hovertemplate="%{customdata}: %{x:.4g} s",
        )  # fmt: skip
    figure.update_layout(margin_l=room_for(stages))
    figure.update_xaxes(type="log", dtick=1)
    figure.update_yaxes(
        tickvals=at, ticktext=stages, showgrid=False, range=[-0.6, len(stages) - 0.4]
    )
    words = (
        f"Mean time in each stage of the messages of {name} that arrive, median over draws, and "
        "waiting for a path. A stage of 0 s has no place on a logarithmic axis. Read it beside the "
        f"share undelivered in the table of all metrics. {INTERVAL}"
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
        marker={"color": COLOURS[1]}, customdata=data["hhi"].values,
        hovertemplate="%{y}: %{x:.2f} (HHI %{customdata:.4f})",
    )  # fmt: skip
    figure.update_layout(margin_l=room_for(labels))
    figure.update_xaxes(rangemode="tozero")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    words = (
        "As how many equal suppliers each kind counts; 1: all satellites hang on one. A property "
        "of the fleet, without sampling error."
    )
    return [Figure("concentration", "Concentration", words, figure, data)]
