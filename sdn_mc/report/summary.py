"""The table a run ends with: healthy beside attacked, intervals, what is given, what is assumed.

Read from a result alone. `/summary` holds, over (column, flow), an estimate for each metric and its
`_low`, `_high`, `_standard_error` and `_count`; the last entry is over flows (mean, or median of
latencies). The root says, as JSON text, what the columns, the satellites, the assumptions and the
notes are.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sdn_mc.core.constants import DRAWS_PER_GROUP, S_PER_H, S_PER_MIN
from sdn_mc.core.notes import WARNING, others_in, warnings_in
from sdn_mc.core.problems import InputError
from sdn_mc.store import NOT_ENDED, RESULT_NAME, open_result, open_store
from sdn_mc.terminal import shown

MAIN_METRIC = "availability"
LATENCY = "latency_p50_s"  # told by flow too, where it was asked for

ONE_SIDED = (
    "Where no event, or nothing but events, was seen, the interval ends at its value: it is a "
    "one-sided bound of 95 %."
)
_MS_PER_S = 1000.0
_MOST_FLOWS = 40  # rows of the table; of more flows the lowest are shown
_LOW, _HIGH = "_low", "_high"


def print_summary(result: str | Path | xr.DataTree, console: Console) -> None:
    """Print everything a reader needs to judge the run, about 100 columns wide."""
    tree = result if isinstance(result, xr.DataTree) else open_result(result)
    place = None if isinstance(result, xr.DataTree) else result
    summary = _summary_of(tree, place)
    found = {str(name) for name in summary.data_vars if f"{name}{_LOW}" in summary}
    metrics = [name for name in found if "column" in summary[name].dims]
    metrics = sorted(metrics, key=lambda name: (name != MAIN_METRIC, name))
    main = [name for name in metrics if "flow" in summary[name].dims][:1]
    console.print(_heading(tree))
    for warning in [*_not_ended(tree, summary, place), *warnings_in(notes_of(tree))]:
        console.print(Text(warning, style="yellow"))
    console.print(_columns(_read(tree, "columns", [])))
    for metric in dict.fromkeys([*main, *({LATENCY} & found)]):
        console.print(_by_flow(summary, metric, console.width))
    console.print(_over_flows(summary, metrics))
    if changes := [name for name in sorted(found) if "threat" in summary[name].dims]:
        console.print(_by_threat(summary, changes))
    if sampling := _read(tree, "sampling", {}):
        console.print(_sampling(sampling))
    for title, lines in _remarks(tree):
        console.print(Text(title, style="bold"))
        console.print(Padding(Group(*lines), (0, 0, 1, 2)))


def open_summary(path: str | Path) -> xr.DataTree:
    """A result that has its summary; a run that has not ended is refused."""
    tree = open_result(path)
    _summary_of(tree, path)
    return tree


def print_result(path: Path | str, console: Console, is_done: bool = True) -> None:
    """The table of a run that has ended (not only one part of it), and where its result is."""
    if is_done:
        print_summary(path, console)
    place = shown(path) if isinstance(path, Path) else path
    console.print(f"result: {place}", markup=False, soft_wrap=True)


def share(value: float) -> str:
    """A share in four decimals that never rounds to a certainty it is not."""
    if value < 1 and round(value, 4) == 1:
        return f"1 - {1 - value:.2g}"
    if value > 0 and round(value, 4) == 0:
        return f"{value:.2g}"
    return f"{value:.4f}"


def duration(value_s: float, scale_s: float) -> tuple[str, str]:
    """A time and its unit, in the unit that suits `scale_s`."""
    if not np.isfinite(value_s):
        return _unbounded(value_s), ""
    if abs(scale_s) < 1:
        return f"{value_s * _MS_PER_S:.1f}", "ms"
    if abs(scale_s) < 2 * S_PER_MIN:
        return f"{value_s:.2f}", "s"
    if abs(scale_s) < 2 * S_PER_H:
        return f"{value_s / S_PER_MIN:.1f}", "min"
    return f"{value_s / S_PER_H:.2f}", "h"


def value_and_interval(value: float, low: float, high: float, units: str) -> tuple[str, str]:
    """ "0.9312" and "[0.9254, 0.9366]"; no interval where it has no width."""
    scale = next((abs(x) for x in (value, low, high) if np.isfinite(x)), 0.0)
    ends = [_number(end, units, scale)[0] for end in (low, high)]
    text = " ".join(part for part in _number(value, units, scale) if part)
    nothing_known = not np.isfinite(value) and low <= 0 and np.isinf(high)
    return text, "" if low == high == value or nothing_known else f"[{ends[0]}, {ends[1]}]"


def _number(value: float, units: str, scale: float) -> tuple[str, str]:
    if units == "s":
        return duration(value, scale)
    if not np.isfinite(value):
        return _unbounded(value), ""
    if units == "1":
        if scale > 1:
            return f"{value:.3f}", ""
        return (share(value) if 0 <= value <= 1 else _negative(value)), ""
    return f"{value:.4g}", units


def _negative(share: float) -> str:
    return f"{share:.2g}" if round(share, 4) == 0 else f"{share:.4f}"


def _unbounded(value: float) -> str:
    if np.isnan(value):
        return "not known"
    return "∞" if value > 0 else "-∞"


def _heading(tree: xr.DataTree) -> RenderableType:
    about = tree.attrs
    facts = [f"{about['n_draw']:,} draws", f"seed {about['seed']}", f"device {about['device']}"]
    facts += [f"stopped: {about['stop_reason']}"] if about["stop_reason"] else []
    title = Text(str(about.get("question", about["title"])), style="bold")
    return Padding(Group(title, Text(" · ".join(facts), style="dim")), (1, 0))


def _columns(columns: list[dict[str, Any]]) -> RenderableType:
    some_react = any(column.get("reactions") for column in columns)
    heads = ["column", "process", "given", *(["reaction"] if some_react else [])]
    table = _table("What acts in each column", heads)
    table.add_row("healthy", *("-" for _ in heads[1:]))
    for column in columns:
        given, reactions = column.get("given", []), column.get("reactions", [])
        process = [c for c in column.get("causes", []) if c not in (*given, *reactions)]
        words = ", ".join(given) + (f" ({column.get('when', 'given')})" if given else "")
        cells = column["name"], ", ".join(process), words, ", ".join(reactions)
        table.add_row(*(Text(cell or "-") for cell in cells[: len(heads)]))
    return Padding(table, (0, 0, 1, 0))


def _by_flow(summary: xr.Dataset, metric: str, width: int) -> RenderableType:
    """One row a flow, one cell a column; the interval goes below where the line is too short."""
    n_flow = summary.sizes["flow"]
    lowest = np.argsort(summary[metric].min("column").values, kind="stable")[:_MOST_FLOWS]
    parts = [metric + end for end in ("", _LOW, _HIGH)]
    summary = summary[parts].isel(flow=np.sort(lowest))
    variable = summary[metric]
    names = [str(name) for name in summary["column"].values]
    flows = [str(name) for name in summary["flow"].values]
    cells = [
        [_estimate(summary.isel(column=i, flow=j), metric) for i in range(len(names))]
        for j in range(len(flows))
    ]
    one_line = max(map(len, flows)) + sum(
        2 + max(len(name), *(len(" ".join(row[i])) for row in cells))
        for i, name in enumerate(names)
    )
    table = _table(variable.attrs["long_name"] + " by flow", ["flow", *names], right=True)
    for flow, row in zip(flows, cells, strict=True):
        table.add_row(Text(flow), *(_cell(*cell, one_line <= width - 2) for cell in row))
    notes = [f"Intervals: {variable.attrs['method']}."] if "method" in variable.attrs else []
    notes += [f"The lowest {len(flows)} of {n_flow:,} flows."] if n_flow > len(flows) else []
    return Padding(Group(table, Text(" ".join(notes), style="dim")), (0, 0, 1, 0))


def _over_flows(summary: xr.Dataset, metrics: list[str]) -> RenderableType:
    """Every metric over flows, the last entry of its flow axis."""
    names = [str(name) for name in summary["column"].values]
    title = "Over flows: the mean, of latencies and times to restore the median"
    table = _table(title, ["metric", *names], right=True)
    for metric in metrics:
        last = summary.isel({summary[metric].dims[-1]: -1})
        cells = [_cell(*_estimate(last.isel(column=k), metric)) for k in range(len(names))]
        table.add_row(Text(summary[metric].attrs["long_name"]), *cells)
    infinite = any(np.isinf(summary[metric]).any() for metric in metrics)
    notes = ["∞: no path, or not within the horizon."] if infinite else []
    if any("one-sided" in str(summary[metric].attrs.get("method")) for metric in metrics):
        notes.append(ONE_SIDED)
    return Padding(Group(table, Text(" ".join(notes), style="dim")), (0, 0, 1, 0))


def _by_threat(summary: xr.Dataset, changes: list[str]) -> RenderableType:
    """What each threat changes, paired over common draws."""
    heads = [summary[name].attrs["long_name"] for name in changes]
    table = _table("What each threat changes over flows, paired", ["threat", *heads], right=True)
    for k, threat in enumerate(summary["threat"].values):
        cells = [_cell(*_estimate(summary.isel(threat=k), name)) for name in changes]
        table.add_row(Text(str(threat)), *cells)
    return Padding(table, (0, 0, 1, 0))


def _sampling(said: dict[str, Any]) -> RenderableType:
    """What a way of sampling bought: variance times core time, beside plain draws."""
    method = said["method"].lower()
    note = (
        f"Weights as of {said['effective_draws']:,.0f} equal draws; one draw holds at most "
        f"{said['largest_share']:.2%}. A draw takes {1e6 * said['core_s']:.3g} us of a core, a "
        f"plain one {1e6 * said['plain_core_s']:.3g} us."
    )
    if not said["rows"]:
        words = f"Sampling by {method}: what it bought is not known from these draws. {note}"
        return Padding(Text(words, style="dim"), (0, 0, 1, 0))
    title = f"Sampling by {method}, over flows: variance of a draw times core time"
    table = _table(title, ["metric", "column", "variance", "if plain", "as sure"], right=True)
    for row in said["rows"]:
        numbers = f"{row['variance']:.3g}", f"{row['plain_variance']:.3g}", _sooner(row["gain"])
        table.add_row(*map(Text, (row["output"], row["column"], *numbers)))
    note += " As sure: when the error of draws is that of plain draws, in core time."
    return Padding(Group(table, Text(note, style="dim")), (0, 0, 1, 0))


def _sooner(gain: float) -> str:
    return f"{gain:.3g} x sooner" if gain >= 1 else f"{1 / gain:.3g} x later"


def _remarks(tree: xr.DataTree) -> list[tuple[str, list[RenderableType]]]:
    """Satellites by status, assumptions and notes, each with its title, where there are any."""
    found: list[tuple[str, list[RenderableType]]] = []
    if fleet := _read(tree, "satellites", {}):
        left = fleet["left_out"]
        by_reason = ", ".join(f"{n:,} {reason}" for reason, n in left.items())
        line = f"{fleet['read']:,} read = {fleet['in_mesh']:,} in the mesh + "
        line += f"{sum(left.values()):,} left out" + (f" ({by_reason})" if left else "")
        lines: list[RenderableType] = [Text(line)]
        if priced := fleet.get("priced"):
            lines.append(Text(f"{fleet['cost_musd']:,.0f} MUSD for the {priced:,} with a price"))
        found.append(("Satellites", lines))
    if groups := _read(tree, "concentration", []):
        found.append(("Concentration: 10,000 is all in one group", [_concentration(groups)]))
    if assumptions := _read(tree, "assumptions", []):
        table = _table("", [])
        for item in assumptions:
            unit = "" if item.get("unit") in ("", "1", None) else f" {item['unit']}"
            table.add_row(Text(item["name"], overflow="fold"), Text(_value(item["value"]) + unit))
        found.append(("Assumed, not known: sweep these", [table]))
    if notes := others_in(notes_of(tree)):
        found.append(("Notes", [Text(f"- {note}") for note in notes]))
    return found


def _concentration(groups: list[dict[str, Any]]) -> Table:
    """By kind of group: how many there are, and as how many equal ones they count."""
    table = _table("", ["kind", "groups", "effective", "HHI", "largest"])
    for row in groups:
        numbers = str(row["groups"]), f"{row['effective']:.2f}", f"{1e4 * row['hhi']:,.0f}"
        table.add_row(*map(Text, (row["label"], *numbers, row["largest"])))
    return table


def notes_of(tree: xr.DataTree) -> list[str]:
    """What the draws, the fleet, the mesh and the flows want said."""
    n_epoch = tree["/scene"].sizes.get("epoch", 1) if "scene" in tree.children else 1
    said = days_covered(int(tree.attrs["n_draw"]), n_epoch, _is_snapshot(tree))
    return [*said, *_read(tree, "notes", [])]


def days_covered(n_draw: int, n_epoch: int, is_snapshot: bool) -> list[str]:
    """What the epochs and the draws in them leave to be desired."""
    used, whole = -(-n_draw // DRAWS_PER_GROUP), n_epoch * DRAWS_PER_GROUP
    if used < n_epoch:
        return [
            f"warning: {n_draw} draws reach {used} of {n_epoch} epochs, and the healthy column "
            f"covers all: compare by what was lost, which is paired, or use {whole} draws"
        ]
    if n_epoch > 1 and used % n_epoch:
        return [
            f"warning: {n_draw} draws fill the {n_epoch} epochs unequally, so the attacked columns "
            f"weigh some days more than the healthy one does; use a multiple of {whole} draws"
        ]
    if n_epoch == 1 and is_snapshot:
        return [
            "warning: one epoch: intervals of latency percentiles hold for its instants alone; use "
            "times.n_epoch=4 or more"
        ]
    return []


def _is_snapshot(tree: xr.DataTree) -> bool:
    """Are the instants a sample of a longer time?"""
    times = _read(tree, "config", {}).get("times", {})
    return str(times.get("_target_", "")).endswith(".Snapshot")


def _value(value: Any) -> str:
    """A number, or a distribution as `LogNormal(median=2.5, sigma=0.5)`."""
    if isinstance(value, dict) and "_target_" in value:
        parts = ", ".join(f"{k}={v}" for k, v in value.items() if k != "_target_")
        return f"{str(value['_target_']).rpartition('.')[2]}({parts})"
    if isinstance(value, dict):
        return f"{len(value)} entr{'y' if len(value) == 1 else 'ies'}"
    return str(value)


def _table(title: str, headers: list[str], right: bool = False) -> Table:
    table = Table(
        title=title or None, title_justify="left", title_style="bold", box=None, pad_edge=False,
        padding=(0, 2, 0, 0), show_header=bool(headers),
    )  # fmt: skip
    for i, header in enumerate(headers):
        table.add_column(
            Text(header, style="bold cyan"), justify="right" if right and i else "left"
        )
    return table


def _cell(value: str, interval: str, one_line: bool = False) -> Text:
    return (
        Text.assemble(value, " " if one_line else "\n", (interval, "dim"))
        if interval
        else Text(value)
    )


def _estimate(one: xr.Dataset, metric: str) -> tuple[str, str]:
    value, low, high = (float(one[f"{metric}{end}"]) for end in ("", _LOW, _HIGH))
    return value_and_interval(value, low, high, one[metric].attrs["units"])


def _not_ended(tree: xr.DataTree, summary: xr.Dataset, place: str | Path | None) -> list[str]:
    """A run that was given more draws, and has not done them; or some of which are lost."""
    n_draw = tree.attrs["n_draw"]
    is_whole = place is None or open_store(place).n_committed() == n_draw
    if tree.attrs["stop_reason"] != NOT_ENDED and is_whole:
        return []
    counts = [
        int(summary[name].max()) for name in summary.data_vars if str(name).endswith("_count")
    ]
    return [
        f"{WARNING} the run has not ended: the tables are those of its first "
        f"{max(counts, default=0):,} draws of {n_draw:,}; `sdn-mc resume` with its "
        "folder goes on"
    ]


def _summary_of(tree: xr.DataTree, place: str | Path | None) -> xr.Dataset:
    """The estimates of a result; `place` is where it lies, to be told."""
    summary = tree.children.get("summary")
    if summary is None or not any(str(name).endswith(_LOW) for name in summary.data_vars):
        folder = "RUN" if place is None else str(place).removesuffix(f"/{RESULT_NAME}")
        done = "" if place is None else f" ({open_store(place).n_committed():,} draws are there)"
        n_draw = tree.attrs.get("n_draw", 0)
        raise InputError(
            f"{folder}: no summary yet, as the run of {n_draw:,} draws has not ended{done}; "
            f"`sdn-mc resume {folder}` goes on"
        )
    try:
        return summary.to_dataset().load()
    except Exception as error:  # a damaged chunk: each codec raises what it likes
        raise InputError(
            f"the summary of this result cannot be read ({error}); `sdn-mc resume` and the path of "
            "its folder writes it again"
        ) from None


def _read(tree: xr.DataTree, attribute: str, absent: Any) -> Any:
    text = tree.attrs.get(attribute)
    return json.loads(text) if isinstance(text, str) and text else text or absent
