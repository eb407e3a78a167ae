"""The decision table of a study: which is better, by how much, how sure, and what would flip it.

Read from the decisions alone. Each row is a comparison by one measure under the assumptions of the
experiment; its last cell says what becomes of the verdict where one assumption after the other is
set to its other values.
"""

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sdn_mc.config.study import covers
from sdn_mc.report.summary import value_and_interval
from sdn_mc.store import open_decisions

OPEN, NO_MATTER, HOLDS = "open", "no matter", "holds"
FLIPS = "flips: "  # how the words on a verdict that turns begin
STATES = (
    "no difference that matters",
    "decided",
    "not decided",
)  # of verdicts, in the order of looks
DECIDED = 1
EVERY_INTERVAL = (
    "Paired 95 % intervals over common draws, each by itself: of many rows one in twenty misses by "
    "chance. They hold sampling error alone, at one point of the assumptions."
)


def print_decisions(decisions: str | Path | xr.Dataset, console: Console) -> None:
    """Verdicts, what flips them, and every assumption that the runs touched."""
    found = decisions if isinstance(decisions, xr.Dataset) else open_decisions(decisions)
    about = found.attrs
    console.print(Text(str(about["title"]), style="bold"))
    facts = f"{about['n_draw']:,} draws in each of the runs, seed {about['seed']}"
    console.print(Text(facts, style="dim"))
    console.print(Padding(_verdicts(found), (1, 0, 0, 0)))
    console.print(Padding(Text(EVERY_INTERVAL, style="dim"), (0, 0, 1, 0)))
    console.print(_assumptions(found))


def state_of(verdict: str) -> int:
    """Which of `STATES` a verdict is."""
    return {NO_MATTER: 0, OPEN: 2}.get(verdict, 1)


def flips(found: xr.Dataset, comparison: int, measure: int, key: str) -> str:
    """What sweeping one assumption does to a verdict, in words."""
    base = json.loads(found.attrs["base"]).get(key)
    points = [str(point) for point in found["point"].values]
    row = found.isel(comparison=comparison, measure=measure)
    swept = json.loads(found.attrs["swept"])[key]
    seen = [(value, points.index(words)) for value, words in swept]
    seen += [] if base in [value for value, _ in swept] else [(base, 0)]
    if all(isinstance(value, int | float) for value, _ in seen):
        seen.sort(key=lambda each: each[0])
    verdicts = [(value, str(row["verdict"].values[at]), at) for value, at in seen]
    decided = [each for each in verdicts if each[1] not in (OPEN, NO_MATTER)]
    weak = ", ".join(_shown(value) for value, words, _ in verdicts if words in (OPEN, NO_MATTER))
    now = str(row["verdict"].values[0])
    if now in (OPEN, NO_MATTER):
        return "; ".join(f"{words} at {_shown(value)}" for value, words, _ in decided) or HOLDS
    if any(words != now for _, words, _ in decided):
        return FLIPS + "; ".join(_crossing(row["difference"].values, decided, (base, now)))
    return HOLDS + (f", not shown at {weak}" if weak else "")


def row_words(found: xr.Dataset, comparison: int, measure: int) -> list[str]:
    """Both means, the difference with its interval, and the verdict, as assumed."""
    row = found.isel(comparison=comparison, measure=measure, point=0)
    name = str(found["measure"].values[measure])
    unit = "s" if name.endswith("_s") else "1"
    margin = json.loads(found.attrs["margins"])[name]
    return [cell.plain for cell in (*cells_of(row, unit), words_of(row, margin, unit))]


def _crossing(
    difference: np.ndarray, decided: Sequence[tuple[Any, str, int]], assumed: tuple[Any, str]
) -> list[str]:
    """Between which decided values the verdict turns from the assumed one, and near which by a
    straight line."""
    base, now = assumed
    if not all(isinstance(value, int | float) for value, *_ in decided):
        return [f"{words} at {_shown(value)}" for value, words, _ in decided if words != now]
    said = []
    for (a, one, i), (b, other, j) in itertools.pairwise(decided):
        if one == other:
            continue
        share = difference[i] / (difference[i] - difference[j])
        words, side = (other, "above") if base <= a else (one, "below")
        near = f"about {a + share * (b - a):.3g} (between {_shown(a)} and {_shown(b)})"
        said.append(f"{words} {side} {near}")
    return said


def _verdicts(found: xr.Dataset) -> RenderableType:
    """One block for each comparison."""
    margins = json.loads(found.attrs["margins"])
    swept = json.loads(found.attrs["swept"])
    blocks: list[RenderableType] = []
    for c in range(found.sizes["comparison"]):
        first, second = str(found["first"].values[c]), str(found["second"].values[c])
        table = Table(
            title=f"{first} against {second}", title_justify="left", title_style="bold", box=None,
            pad_edge=False, padding=(0, 2, 0, 0),
        )  # fmt: skip
        for head in ("measure", first, second, "difference", "verdict"):
            justify: Any = "right" if head in (first, second, "difference") else "left"
            table.add_column(Text(head, style="bold cyan"), justify=justify, overflow="fold")
        lines = []
        for m in range(found.sizes["measure"]):
            row = found.isel(comparison=c, measure=m, point=0)
            name = str(found["measure"].values[m])
            unit = "s" if name.endswith("_s") else "1"
            table.add_row(name, *cells_of(row, unit), words_of(row, margins[name], unit))
            told = {key: flips(found, c, m, key) for key in swept}
            changed = {key: words for key, words in told.items() if words != HOLDS}
            still = len(told) - len(changed)
            lines += [Text(f"  {name}: {key}: {words}") for key, words in changed.items()]
            if still:
                lines.append(Text(f"  {name}: holds over {still} of {len(told)} swept assumptions"))
        blocks += [table, Padding(Group(*lines), (0, 0, 1, 0))]
    return Group(*blocks)


def cells_of(row: xr.Dataset, unit: str) -> list[Text]:
    """Both means of a row, and the difference with its interval."""
    means = [float(row["first_mean"]), float(row["second_mean"])]
    low, value, high = (float(row[f"difference{end}"]) for end in ("_low", "", "_high"))
    cells = [Text(value_and_interval(mean, mean, mean, unit)[0]) for mean in means]
    return [*cells, Text(f"{_signed(value, unit)} [{_signed(low, unit)}, {_signed(high, unit)}]")]


def _signed(value: float, unit: str) -> str:
    if np.isnan(value):
        return "not known"
    if np.isinf(value):
        return "∞" if value > 0 else "-∞"
    if unit == "s":
        return f"{value:+.2f} s" if abs(value) >= 1 else f"{value * 1e3:+.2f} ms"
    value = round(value, 4) + 0.0 if unit == "1" else value  # no -0.0000
    return f"{value:+.4f}" if unit == "1" else f"{value:+.4g} {unit}"


def words_of(row: xr.Dataset, margin: float, unit: str) -> Text:
    """The verdict as a sentence's end; a margin of NaN is none."""
    verdict, needed = str(row["verdict"].values), int(row["draws_needed"])
    size = _signed(margin, unit)[1:] if unit == "s" else f"{margin:g}"
    if verdict == OPEN and not needed:
        seen = "" if float(row["difference"]) else "; no difference seen"
        return Text(f"not decided{seen}", style="yellow")
    if verdict == OPEN:
        return Text(f"not decided; about {needed:,} draws in all would decide it", style="yellow")
    if verdict == NO_MATTER:
        return Text("no difference" if np.isnan(margin) else f"no difference of {size}")
    small = abs(float(row["difference"])) < margin
    return Text(verdict + (f", by less than {size}" if small else ""), style="green")


def _assumptions(found: xr.Dataset) -> RenderableType:
    """Every assumed value that the runs touched, with its swept range and whether a sign flips."""
    table = Table(
        title="Assumed, not known", title_justify="left", title_style="bold", box=None,
        pad_edge=False, padding=(0, 2, 0, 0),
    )  # fmt: skip
    for head in ("assumption", "value", "swept", "turns a verdict"):
        table.add_column(Text(head, style="bold cyan"))
    for name, *words in assumed_rows(found):
        table.add_row(Text(name, overflow="fold"), *map(Text, words))
    return table


def assumed_rows(found: xr.Dataset) -> list[tuple[str, str, str, str]]:
    """What is swept without being an assumed value (a choice of a part), then each of those: name,
    value, swept values, whether they turn a verdict."""
    base = json.loads(found.attrs["base"])
    items = {item["name"]: item for item in json.loads(found.attrs["assumptions"])}
    alone = [key for key in base if not any(covers(key, name) for name in items)]
    rows: dict[str, Mapping[str, Any]] = {key: {"value": base[key]} for key in alone}
    told = []
    for name, item in (rows | items).items():
        unit = "" if item.get("unit") in ("", "1", None) else f" {item['unit']}"
        told.append((name, _shown(item["value"]) + unit, *sweep_of(found, name)))
    return told


def sweep_of(found: xr.Dataset, name: str) -> tuple[str, str]:
    """Over which values an assumption was swept, and whether that flips a verdict; in words."""
    swept, follows = (json.loads(found.attrs[key]) for key in ("swept", "follows"))
    keys = [key for key in swept if covers(key, name)]
    if keys:
        values = ", ".join(_shown(value) for key in keys for value, _ in swept[key])
        return values, _flipped(found, keys)
    if leader := next((key for key in follows if covers(key, name)), None):
        source = follows[leader] + name.removeprefix(leader)
        return f"with {source}", sweep_of(found, source)[1]
    if name in json.loads(found.attrs["compared"]):
        return "compared", "-"
    if name in json.loads(found.attrs["unread"]):
        return "no threat names it", "no"
    return "not swept", "not known"


def is_swept(found: xr.Dataset, name: str) -> bool:
    """Was an assumption swept, by itself or with another?"""
    swept, follows = (json.loads(found.attrs[key]) for key in ("swept", "follows"))
    return any(covers(key, name) for key in (*swept, *follows))


def _flipped(found: xr.Dataset, keys: Sequence[str]) -> str:
    """In how many rows sweeping any of these flips the verdict."""
    n = found.sizes["comparison"], found.sizes["measure"]
    told = [any(flips(found, c, m, k).startswith(FLIPS) for k in keys) for c, m in np.ndindex(*n)]
    return f"yes, in {sum(told)} of {len(told)} rows" if any(told) else "no"


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
