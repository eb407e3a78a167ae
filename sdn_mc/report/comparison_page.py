"""The section of the report that compares two runs: the terminal's tables, and a forest of them."""

from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from plotly.subplots import make_subplots

from sdn_mc.report import markup
from sdn_mc.report.comparison import heading, names_of, notes_of, tables_of
from sdn_mc.report.decisions import EVERY_INTERVAL, state_of
from sdn_mc.report.drawing import COLOURS, GRID, INK, MARKERS, Figure, base, room_for
from sdn_mc.report.page import Section
from sdn_mc.report.wording import INTERVAL

NAME, TITLE = "compared", "Compared"
ROW_PX, PANEL_PX = 30, 96  # of an output; of an axis with its words and the room above it
MS_PER_S = 1e3


class Panel(NamedTuple):
    """Outputs that share an axis."""

    words: str  # of the axis
    rows: list[int]
    scale: float  # from the stored unit


def comparison_section(found: xr.Dataset | str) -> Section:
    """What two runs differ in, or why that is not known."""
    if isinstance(found, str):
        return Section(NAME, TITLE, markup.paragraph(f"Not compared. {found}"))
    runs, over, *others = tables_of(found)
    told = markup.paragraph(f"{heading(found)}.") + _table(runs) + _table(over)
    told += markup.figure(forest(found))
    told += "".join(map(_table, others))
    if notes := notes_of(found):
        told += "<h3>Notes</h3>" + markup.bullets(notes)
    return Section(NAME, TITLE, told + markup.paragraph(EVERY_INTERVAL))


def _table(told: Any) -> str:
    note = markup.paragraph(told.note) if told.note else ""
    return (markup.table(told.heads, told.rows, told.title) if told.rows else "") + note


def forest(found: xr.Dataset) -> Figure:
    """Differences with their intervals, those of one unit below each other."""
    panels = panels_of(found)
    names = [str(name) for name in found["measure"].values]
    heights = [PANEL_PX + ROW_PX * len(panel.rows) for panel in panels]
    figure = make_subplots(
        rows=len(panels), cols=1, row_heights=[ROW_PX * len(panel.rows) for panel in panels],
        vertical_spacing=0 if len(panels) == 1 else PANEL_PX / sum(heights),
        figure=base("", "", sum(heights)),
    )  # fmt: skip
    for k, panel in enumerate(panels, start=1):
        _draw(figure, found, panel, k)
    figure.update_layout(margin={"l": room_for(names), "t": 20, "b": 60})
    one, other = names_of(found)
    words = (
        f"{one} minus {other}, paired on common draws. {INTERVAL} Blue squares: decided; green "
        "circles: no difference that matters; orange diamonds: not decided."
    )
    return Figure("differences", "Differences over flows", words, figure, _data(found))


def panels_of(found: xr.Dataset) -> list[Panel]:
    """Outputs by the axis that suits them: shares first, times of less than a second apart."""
    one, other = names_of(found)
    rows: dict[tuple[str, float], list[int]] = {}
    for k in range(found.sizes["measure"]):
        row = found.isel(measure=k)
        ends = np.abs([float(row[f"difference{end}"]) for end in ("_low", "", "_high")])
        unit, scale = str(row["unit"].values), 1.0
        if bool(row["is_share"]):
            unit = "share"
        elif unit == "1":
            unit = "number"
        elif unit == "s" and max(ends) < 1:
            unit, scale = "ms", MS_PER_S
        rows.setdefault((unit, scale), []).append(k)
    order = sorted(rows, key=lambda each: each[0] != "share")
    return [Panel(f"{one} minus {other} ({unit})", rows[unit, s], s) for unit, s in order]


def _draw(figure: Any, found: xr.Dataset, panel: Panel, at: int) -> None:
    """One panel: marks by verdict, bars, a line at no difference."""
    rows = found.isel(measure=panel.rows)
    low, value, high = (
        panel.scale * rows[f"difference{end}"].values for end in ("_low", "", "_high")
    )
    states = [state_of(str(words)) for words in rows["verdict"].values]
    y = np.arange(len(panel.rows))[::-1]
    figure.add_scatter(
        x=value, y=y, mode="markers", showlegend=False, row=at, col=1,
        marker={
            "size": 9,
            "symbol": [MARKERS[s] for s in states], "color": [COLOURS[s] for s in states],
        },
        error_x={
            "type": "data", "symmetric": False, "array": _arm(high - value),
            "arrayminus": _arm(value - low), "color": INK, "thickness": 1.2, "width": 3,
        },
        customdata=list(map(str, rows["verdict"].values)), hovertemplate="%{x:.4g}: %{customdata}",
    )  # fmt: skip
    style = {"showline": True, "linecolor": INK, "gridcolor": GRID, "ticks": "outside"}
    ends = np.concatenate([[0.0], *(each[np.isfinite(each)] for each in (low, value, high))])
    room = 0.05 * (float(np.ptp(ends)) or 1.0)
    figure.update_xaxes(
        title_text=panel.words, zeroline=False, range=[ends.min() - room, ends.max() + room],
        row=at, col=1, **style,
    )  # fmt: skip
    names = [str(name) for name in rows["measure"].values]
    figure.update_yaxes(
        tickvals=y, ticktext=names, range=[-0.7, len(y) - 0.3], showgrid=False, zeroline=False,
        row=at, col=1, showline=True, linecolor=INK, ticks="outside",
    )  # fmt: skip
    figure.add_vline(x=0, line={"color": INK, "width": 1}, row=at, col=1)


def _arm(length: np.ndarray) -> np.ndarray:
    """Of an interval without an end none is drawn."""
    return np.where(np.isfinite(length), length, 0.0)


def _data(found: xr.Dataset) -> xr.Dataset:
    """What the figure shows, to take away."""
    names = [str(name) for name in found.data_vars if found[name].dims == ("measure",)]
    return found[names]
