"""Two runs side by side: what each scores, the paired difference, and what sets them apart.

Read from the comparison alone. The tables are lists of words, made once, that the terminal and the
report both show.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sdn_mc.report.decisions import EVERY_INTERVAL, cells_of, words_of

MOST_FLOWS, MOST_KEYS = 12, 20
LONGEST_NAME = 36  # characters that stay in one line
OF_FLOWS = "flow_"  # how the variables by flow begin
NUMBERS = (1, 2, 3)  # columns of a table of differences that are numbers


class Told(NamedTuple):
    """A table in words."""

    title: str
    heads: Sequence[str]
    rows: list[list[str]]
    numbers: Sequence[int] = ()  # columns that are numbers
    note: str = ""


def print_comparison(found: xr.Dataset, console: Console) -> None:
    """Everything that a reader needs to judge it, about 100 columns wide."""
    title = Text(heading(found), style="bold")
    console.print(Padding(title, (1, 0, 0, 0)))
    for told in tables_of(found):
        console.print(Padding(_shown(told), (1, 0, 0, 0)))
    lines = [Text(f"- {note}") for note in notes_of(found)]
    if lines:
        console.print(Padding(Group(Text("Notes", style="bold"), *lines), (1, 0, 0, 0)))
    console.print(Padding(Text(EVERY_INTERVAL, style="dim"), (1, 0)))


def heading(found: xr.Dataset) -> str:
    """What is compared, in one line."""
    one, other = names_of(found)
    common = f"{found.attrs['n_draw']:,} common draws, seed {found.attrs['seed']}"
    return f"{one} minus {other}, on {common}"


def names_of(found: xr.Dataset) -> tuple[str, str]:
    """What the two are called."""
    return str(found.attrs["first_name"]), str(found.attrs["second_name"])


def notes_of(found: xr.Dataset) -> list[str]:
    """What a reader must know of the rows."""
    return list(json.loads(found.attrs["notes"]))


def tables_of(found: xr.Dataset) -> list[Told]:
    """What the runs are, how their outputs and flows differ, and what sets them apart."""
    told = [_runs(found), _over_flows(found), _by_flow(found), _differing(found)]
    return [each for each in told if each is not None]


def _runs(found: xr.Dataset) -> Told:
    rows = [
        [str(found.attrs[f"{side}_{what}"]) for what in ("name", "column", "title")]
        + [str(found.attrs[side])]
        for side in ("first", "second")
    ]
    return Told("The two runs", ("", "column", "title", "folder"), rows)


def _over_flows(found: xr.Dataset) -> Told:
    """One row an output."""
    rows = []
    for k in range(found.sizes["measure"]):
        long_name = str(found["long_name_of"].values[k])
        rows.append([long_name, *difference_words(found.isel(measure=k))])
    return Told("Over flows", _heads(found, "output"), rows, NUMBERS)


def _by_flow(found: xr.Dataset) -> Told | None:
    """The flows that differ most, as far as they are compared one by one."""
    n_flow = found.sizes["flow"]
    if n_flow == 0:
        return None
    values = found[f"{OF_FLOWS}difference"].values
    most = np.argsort(-np.abs(values), kind="stable")[:MOST_FLOWS]
    rule = found.sel(measure="availability")
    rows = []
    for k in most:
        flow = found.isel(flow=k)
        own = {name: flow[OF_FLOWS + name] for name in _OF_ROW}
        row = xr.Dataset(own | {name: rule[name] for name in ("unit", "margin")})
        rows.append([str(found["flow"].values[k]), *difference_words(row)])
    note = f"Of {n_flow:,} flows the {len(most)} that differ most." if n_flow > len(most) else ""
    return Told("Availability by flow", _heads(found, "flow"), rows, NUMBERS, note)


_OF_ROW = (
    "first_mean", "second_mean", "difference", "difference_low", "difference_high", "verdict",
    "draws_needed",
)  # fmt: skip


def difference_words(row: xr.Dataset) -> list[str]:
    """Both means, the difference with its interval, and the verdict."""
    unit, margin = str(row["unit"].values), float(row["margin"])
    return [cell.plain for cell in (*cells_of(row, unit), words_of(row, margin, unit))]


def _heads(found: xr.Dataset, first: str) -> tuple[str, ...]:
    return (first, *names_of(found), "difference", "verdict")


def _differing(found: xr.Dataset) -> Told:
    """Keys of the configuration, the first of many."""
    columns = [found[name].values for name in ("key", "first_value", "second_value")]
    rows = [[str(word) for word in row] for row in zip(*columns, strict=True)]
    note = "" if rows else "Nothing: both have the same configuration, and the same threats act."
    if (more := len(rows) - MOST_KEYS) > 0:
        note = f"And {more} more keys."
    return Told("What sets them apart", ("key", *names_of(found)), rows[:MOST_KEYS], (), note)


def _shown(told: Told) -> RenderableType:
    """A table for the terminal."""
    table = Table(
        title=told.title, title_justify="left", title_style="bold", box=None, pad_edge=False,
        padding=(0, 2, 0, 0), show_header=bool(told.rows),
    )  # fmt: skip
    whole = [k for k in range(len(told.heads)) if k in told.numbers]
    if told.numbers and max(len(row[0]) for row in told.rows) <= LONGEST_NAME:
        whole.append(0)
    for k, head in enumerate(told.heads):
        justify: Any = "right" if k in told.numbers else "left"
        words = Text(head, style="bold cyan")
        table.add_column(words, justify=justify, overflow="fold", no_wrap=k in whole)
    for row in told.rows:
        table.add_row(*map(Text, row))
    return Group(table, *([Text(told.note, style="dim")] if told.note else []))
