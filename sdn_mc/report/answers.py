"""The question and its answer in words, as a reader who knows nothing of the project needs them.

Every number is the summary's, in the same digits as in the tables.
"""

import json
from typing import Any

import xarray as xr

from sdn_mc.core.notes import others_in
from sdn_mc.report.figures_data import (
    ALL,
    ALONE,
    HEALTHY,
    WITHOUT,
    about,
    array,
    columns_of,
    ends_of,
    estimates,
    is_plain,
    is_snapshot,
    what_hurts,
)
from sdn_mc.report.summary import LATENCY, value_and_interval

Answer = tuple[str, list[str]]  # a question, paragraphs
MOST_NAMED = 6
HEALTHY_WORDS = "Healthy, without threats"


def answers_of(tree: xr.DataTree, most: int = MOST_NAMED) -> list[Answer]:
    """Eight questions about a run; of more than `most` attacked columns the first are named."""
    asked = f"{tree.attrs.get('question', tree.attrs['title'])}."
    return [
        ("What was asked?", [asked, *_asked(tree, most)]),
        ("How available is it, healthy and attacked?", _available(tree, most)),
        ("What hurt most?", _hurt_most(tree)),
        ("What was assumed?", [_assumed(tree)]),
        ("What would flip the verdict?", [_flips(tree)]),
        ("How many draws?", [_draws(tree)]),
        ("Which constellation?", [_constellation(tree)]),
        ("On what machine?", [_machine(tree)]),
    ]


def _asked(tree: xr.DataTree, most: int) -> list[str]:
    """In general words, with what acts in each column."""
    n_flow = tree["/summary"].sizes["flow"] - 1
    late = ", and how late its data are" if LATENCY in tree["/summary"] else ""
    flows = f"each of {n_flow} flows is" if n_flow > 1 else "the flow is"
    said = [
        f"That is: how often {flows} connected over the satellites{late}, without threats (the "
        "column healthy) and with them:"
    ]
    acts = about(tree, "columns", [])
    every = next((column for column in acts if column["name"] == ALL), None)
    if every is not None and any(column["name"].startswith(ALONE) for column in acts):
        return [*said, _each_and_all(every)]
    said += [f"{column['name']}: {column['text']}." for column in acts[:most]]
    more = len(acts) - most
    return said + ([f"{more} more columns stand below."] if more > 0 else [])


def _each_and_all(every: dict[str, Any]) -> str:
    """The columns of a run for importance, by their pattern."""
    return (
        f"{ALONE}X: X acts alone; {WITHOUT}X: all the others act; {ALL}: all of them act, that is "
        f"{every['text']}."
    )


def interval_words(found: xr.Dataset, column: int) -> str:
    """A value over flows with its interval."""
    row = found.isel(column=column, flow=-1)
    value, interval = value_and_interval(*ends_of(row), found.attrs["units"])
    ends = interval.strip("[]").replace(", ", " to ")
    return value + (f" (95 % interval {ends})" if interval else "")


def _available(tree: xr.DataTree, most: int) -> list[str]:
    found = estimates(tree, "availability")
    if found is None:
        return ["The run has not scored availability (it was not among its metrics)."]
    columns = columns_of(tree)
    words = [
        f"{HEALTHY_WORDS if name == HEALTHY else f'Column {name}'}: {interval_words(found, k)}."
        for k, name in enumerate(columns)
    ]
    shown, more = words[: most + 1], len(words) - most - 1
    if more > 0:
        shown.append(f"{more} more columns stand below.")
    over = "the mean over flows" if tree["/summary"].sizes["flow"] > 2 else "the flow"
    return [
        f"Availability, the share of time with a path, {over}. {' '.join(shown)}",
        "The intervals are sampling error alone: of draws, instants and epochs. They hold at this "
        "one point of the assumptions, and say nothing of what is assumed.",
    ]  # fmt: skip


def _hurt_most(tree: xr.DataTree) -> list[str]:
    lost = what_hurts(tree)
    if not is_plain(tree):
        return ["Draws have unequal weights: compare the columns in the table of all metrics."]
    if lost is None:
        return ["The run has no attacked column, or has not scored availability."]
    return [_ranked(tree, lost), *_others(tree, lost), *_kinds(tree)]


def _kinds(tree: xr.DataTree) -> list[str]:
    """What happens in every draw is ranked beside what seldom does: a reader must know."""
    acts = about(tree, "columns", [])
    given = dict.fromkeys(cause for column in acts for cause in column.get("given", []))
    causes = dict.fromkeys(cause for column in acts for cause in column.get("causes", []))
    processes = [cause for cause in causes if cause not in given]
    if not given or not processes or len(acts) < 2:
        return []
    return [
        f"Two kinds are ranked together. Given, once in every draw: {', '.join(given)}; their cost "
        f"is that of a window in which they happen. At their own rates: {', '.join(processes)}; in "
        "many draws little or nothing happens."
    ]


def _others(tree: xr.DataTree, lost: xr.Dataset) -> list[str]:
    """The whole ranking of a run for importance."""
    if not any(name.startswith(ALONE) for name in columns_of(tree)):
        return []
    said = []
    for kind, words in (("lost", "Each alone costs"), ("saved", "Each left out saves")):
        rows = [k for k, cause in enumerate(lost["cause"].values)
                if lost["kind"].values[k] == kind and str(cause) != ALL]  # fmt: skip
        told = [f"{lost['cause'].values[k]} {_loss(lost, k)}" for k in rows]
        said += [f"{words}: {'; '.join(told)}."] if told else []
    return said


def _ranked(tree: xr.DataTree, lost: xr.Dataset) -> str:
    rows = {kind: lost.isel(row=[k for k, v in enumerate(lost["kind"].values) if v == kind])
            for kind in ("lost", "saved")}  # fmt: skip
    alone = rows["lost"]
    importance = any(name.startswith(ALONE) for name in columns_of(tree))
    if importance:
        alone = alone.isel(row=[k for k, c in enumerate(alone["cause"].values) if str(c) != ALL])
    what = "Of the causes, each acting alone," if importance else "Of the columns compared,"
    if float(alone["value"].values[0]) == 0:
        return f"Nothing: no draw lost a path. {what} none lost more than {_loss(alone, 0)}."
    words = f"{what} {alone['cause'].values[0]} costs most: {_loss(alone, 0)} of the time is lost"
    if alone.sizes["row"] > 1:
        words += f"; next {alone['cause'].values[1]}: {_loss(alone, 1)}"
    if rows["saved"].sizes["row"]:
        best = rows["saved"]
        words += f". Left out while all others act, {best['cause'].values[0]} saves most: "
        words += _loss(best, 0)
    if importance and ALL in (causes := list(map(str, rows["lost"]["cause"].values))):
        words += f". All together cost {_loss(rows['lost'], causes.index(ALL))}"
    return words + ". Differences are paired draw by draw with the healthy column."


def _loss(rows: xr.Dataset, k: int) -> str:
    value, interval = value_and_interval(*ends_of(rows.isel(row=k)), "1")
    low, _, high = interval.strip("[]").partition(", ")
    return value + (f" (95 % interval {low} to {high})" if interval else "")


def _assumed(tree: xr.DataTree) -> str:
    items = about(tree, "assumptions", [])
    if not items:
        return "Nothing that the run read is marked as assumed."
    named = ", ".join(f"{item['name']} = {assumed_value(item)}" for item in items[-MOST_NAMED:])
    return (
        f"{len(items)} values that no public source states, among them {named}. All of them stand "
        "under Assumed, not known, below."
    )


def assumed_value(item: dict[str, Any]) -> str:
    """With its unit; a distribution by its name."""
    value = item["value"]
    if isinstance(value, dict) and "_target_" in value:
        parts = ", ".join(f"{k}={v}" for k, v in value.items() if k != "_target_")
        value = f"{str(value['_target_']).rpartition('.')[2]}({parts})"
    unit = "" if item.get("unit") in ("", "1", None) else f" {item['unit']}"
    return f"{value}{unit}"


def _flips(tree: xr.DataTree) -> str:
    del tree
    return (
        "A single run sweeps nothing, so it cannot tell. Sweep an assumption with `sdn-mc run -m "
        "KEY=A,B,C`, or all of them with an experiment that has a study; its report names the "
        "assumptions that flip the verdict and near which value."
    )


def _draws(tree: xr.DataTree) -> str:
    attrs, scene = tree.attrs, tree["/scene"]
    kind = "instants, a sample of the window" if is_snapshot(tree) else "contiguous steps"
    columns = _counted(len(columns_of(tree)) - 1, "attacked column")
    epochs = _counted(scene.sizes["epoch"], "epoch")
    return (
        f"{attrs['n_draw']:,} draws, seed {attrs['seed']}, in each of {columns}, over {epochs} of "
        f"{scene.sizes['time']} {kind}, the first from {array(tree, '/scene/start')[0]}. Ended: "
        f"{attrs['stop_reason'].removeprefix('draws: ')}."
    )


def _counted(n: int, thing: str) -> str:
    return f"{n} {thing}" + ("" if n == 1 else "s")


def _constellation(tree: xr.DataTree) -> str:
    node, fleet = about(tree, "config", {}).get("constellation", {}), about(tree, "satellites", {})
    words = f"{constellation_name(node)}: {fleet.get('read', 0):,} satellites, "
    words += f"{fleet.get('in_mesh', 0):,} of them in the mesh"
    if left := fleet.get("left_out"):
        words += ", left out " + ", ".join(f"{n:,} {reason}" for reason, n in left.items())
    notes = others_in(about(tree, "notes", []))
    return words + "." + (f" {notes[0]}." if notes else "")


def constellation_name(node: dict[str, Any]) -> str:
    """As its configuration calls it."""
    members = node.get("members")
    if isinstance(members, dict):
        return ", ".join(members)
    kind = str(node.get("_target_", "")).rpartition(".")[2]
    return str(node.get("name") or node.get("path") or node.get("group") or kind)


def _machine(tree: xr.DataTree) -> str:
    versions = json.loads(tree.attrs["versions"])
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"{tree.attrs['device']}; {listed}."
