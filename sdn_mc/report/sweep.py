"""The table of a sweep: a line for each point, with its main metric over flows in every column."""

from pathlib import Path

import numpy as np
import xarray as xr
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sdn_mc.core.notes import others_in
from sdn_mc.report import sweep_data
from sdn_mc.report.summary import MAIN_METRIC, value_and_interval
from sdn_mc.store import STATUS, open_collected

DONE = STATUS[0]
OVER_FLOWS = "over flows"
COLOURS = {"unfinished": "yellow", "failed": "red", "missing": "yellow"}


def print_sweep(path: str | Path, console: Console) -> None:
    """Every point, what is not done, and what must be known of the whole."""
    tree = open_collected(path)
    points, about = tree.to_dataset().load(), tree.attrs
    status = points["status"]
    summary = tree["summary"].to_dataset() if "summary" in tree.children else xr.Dataset()
    metric = _main_metric(summary)
    console.print(Text(str(about["title"]), style="bold"))
    counts = [(word, int((status == word).sum())) for word in STATUS]
    facts = [f"{status.size} points"] + [f"{n} {word}" for word, n in counts if n]
    console.print(Text(" · ".join([*facts, f"seed {about['seed']}"]), style="dim"))
    for warning in sweep_data.warnings_of(tree):
        console.print(Text(warning, style="yellow"))
    if metric is not None:
        console.print(Text(f"{summary[metric].attrs['long_name']}, {_over(summary, metric)}"))
    console.print(_points(points, summary, metric))
    for note in others_in(sweep_data.notes_of_sweep(tree)):
        console.print(Text(f"- {note}"))


def _main_metric(summary: xr.Dataset) -> str | None:
    """Availability, else the first that has an interval."""
    found = [str(name) for name in summary.data_vars if f"{name}_low" in summary]
    return MAIN_METRIC if MAIN_METRIC in found else min(found, default=None)


def _over(summary: xr.Dataset, metric: str) -> str:
    return f"{OVER_FLOWS}, with 95 % intervals" if "flow" in summary[metric].dims else "95 %"


def _points(points: xr.Dataset, summary: xr.Dataset, metric: str | None) -> Table:
    """One line a point."""
    status = points["status"]
    names = [str(dim) for dim in status.dims]
    columns = [] if metric is None else [str(name) for name in summary["column"].values]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in [*names, *columns]:
        table.add_column(Text(name, style="bold cyan"), justify="right")
    table.add_column(Text("status", style="bold cyan"))
    cells = _cells(summary, metric) if metric is not None else None
    for index in np.ndindex(*status.shape):
        values = [str(status[name].values[k]) for name, k in zip(names, index, strict=True)]
        point = dict(zip(names, index, strict=True))
        word = str(status[point].values)
        row = [Text(each) for each in values]
        for k in range(len(columns)):
            row.append(_cell(cells, point, k) if cells is not None and word == DONE else Text("-"))
        done, n_draw = (int(points[key][point].values) for key in ("draws_done", "n_draw"))
        told = f"{word}, {done} of {n_draw} draws" if n_draw and word != DONE else word
        table.add_row(*row, Text(told, style=COLOURS.get(word, "")))
    return table


def _cells(summary: xr.Dataset, metric: str) -> xr.Dataset:
    """The estimate and its interval over flows, loaded: a few numbers a point."""
    parts = summary[[metric, f"{metric}_low", f"{metric}_high"]]
    if "flow" in parts.dims:
        return parts.sel(flow=OVER_FLOWS).load()
    return parts.isel({parts[metric].dims[-1]: -1}).load()


def _cell(cells: xr.Dataset, point: dict[str, int], column: int) -> Text:
    one = cells.isel(point | {"column": column})
    metric = str(next(iter(one.data_vars)))
    value, low, high = (float(one[f"{metric}{end}"]) for end in ("", "_low", "_high"))
    if np.isnan(value):
        return Text("-")  # the point has no such column
    text, interval = value_and_interval(value, low, high, one[metric].attrs["units"])
    return Text.assemble(text, (f" {interval}" if interval else "", "dim"))
