"""The figures of one run, each with its words and its data."""

import numpy as np
import xarray as xr

from sdn_mc.report import figures_data, wording
from sdn_mc.report.drawing import Figure, add_band, bars, base, choose, look, room_for
from sdn_mc.report.looks import COLOURS, INK, share_range
from sdn_mc.report.world_map import world_map


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
        missing.insert(0, wording.WEIGHTED)
    return made, missing


def _availability(tree: xr.DataTree) -> list[Figure] | str:
    """One row a flow, one mark a column."""
    data = figures_data.availability(tree)
    if data is None:
        return wording.MISSING["availability"]
    said = wording.availability(data)
    names = [str(name) for name in data["flow"].values]
    at = np.arange(len(names))[::-1]
    figure = base(said.x, said.y, 110 + 34 * len(names))
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
    every = figures_data.estimates(tree, "availability")
    assert every is not None
    return [Figure("availability", said.title, said.words, figure, every)]


def _through_time(tree: xr.DataTree) -> list[Figure] | str:
    """Lines with bands, and where nine of ten draws lie."""
    data = figures_data.through_time(tree)
    if data is None:
        return wording.MISSING["through_time"]
    said, snapshot = wording.through_time(data), data.attrs["is_snapshot"]
    figure = base(said.x, said.y)
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
    if not snapshot:
        least = min(least, float(main["draws_p5"].min()))
    figure.update_yaxes(range=share_range(least))
    return [Figure("through_time", said.title, said.words, figure, data)]


def _latency(tree: xr.DataTree) -> list[Figure] | str:
    """Cumulative curves, flow by flow."""
    data = figures_data.latency_shares(tree)
    if data is None:
        return wording.MISSING["latency"]
    said = wording.latency(data)
    figure = base(said.x, said.y, 470)
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
        f"{said.words} Choose a flow above; over flows, shown first and on paper, is their mean."
    )
    return [Figure("latency", said.title, words, figure, data)]


def _what_hurts(tree: xr.DataTree) -> list[Figure] | str:
    """Ordered bars of paired losses."""
    data = figures_data.what_hurts(tree)
    if data is None:
        return wording.MISSING["what_hurts"]
    said, titles = wording.what_hurts(data)
    kinds = dict.fromkeys(map(str, data["kind"].values))
    figure = base(said.x, said.y, 120 + 26 * data.sizes["row"])
    causes = list(dict.fromkeys(map(str, data["cause"].values)))[::-1]
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
    return [Figure("what_hurts", said.title, said.words, figure, data)]


def _restored(tree: xr.DataTree) -> list[Figure] | str:
    """Kaplan and Meier's curves."""
    data = figures_data.still_waiting(tree)
    if data is None:
        return wording.MISSING["restored"]
    said = wording.RESTORED
    figure = base(said.x, said.y)
    for k, column in enumerate(map(str, data["column"].values)):
        add_band(figure, data["time"].values, data.sel(column=column), column, k + 1)
    figure.update_traces(line_shape="hv", selector={"mode": "lines"})
    figure.update_yaxes(range=[-0.02, 1.02])
    return [Figure("restored", said.title, said.words, figure, data)]


def _gaps(tree: xr.DataTree) -> list[Figure] | str:
    """How long the longest outage is."""
    data = figures_data.longest_gaps(tree)
    if data is None:
        return wording.MISSING["outages"]
    said = wording.OUTAGES
    figure = base(said.x, said.y)
    for k, column in enumerate(map(str, data["column"].values)):
        add_band(figure, data["gap"].values, data.isel(column=k), column, k + 1)
    figure.update_yaxes(range=[-0.02, 1.02])
    return [Figure("outages", said.title, said.words, figure, data)]


def _budget(tree: xr.DataTree) -> list[Figure] | str:
    """Stacked bars, a stage each."""
    chains = figures_data.stage_budget(tree)
    if not chains:
        return wording.MISSING["budget"]
    return [_budget_of(name, data) for name, data in chains.items()]


def _budget_of(name: str, data: xr.Dataset) -> Figure:
    columns = data.attrs["shown"]
    stages = [str(s) for s in data["stage"].values]
    at = np.arange(len(stages))[::-1]
    said = wording.budget(name)
    figure = base(said.x, said.y, 130 + 40 * len(stages))
    for k, column in enumerate(columns):
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
    return Figure(f"budget_{name}", said.title, said.words, figure, data)


def _concentration(tree: xr.DataTree) -> list[Figure] | str:
    """How few the fleet hangs on."""
    data = figures_data.concentration(tree)
    if data is None:
        return wording.MISSING["concentration"]
    labels = [str(name) for name in data["label"].values]
    said = wording.CONCENTRATION
    figure = base(said.x, said.y, 130 + 34 * len(labels))
    figure.add_bar(
        x=data["effective"].values, y=labels, orientation="h", width=0.6,
        marker={"color": COLOURS[1]}, customdata=data["hhi"].values,
        hovertemplate="%{y}: %{x:.2f} (HHI %{customdata:.4f})",
    )  # fmt: skip
    figure.update_layout(margin_l=room_for(labels))
    figure.update_xaxes(rangemode="tozero")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return [Figure("concentration", said.title, said.words, figure, data)]
