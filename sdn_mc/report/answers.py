"""The question and its answer in words, as a reader who knows nothing of the project needs them.

Every number is the summary's, in the same digits as in the tables.
"""

import json
from collections.abc import Sequence
from typing import Any

import xarray as xr

from sdn_mc.report.figures_data import (
    ALL,
    ALONE,
    HEALTHY,
    about,
    columns_of,
    estimates,
    is_snapshot,
    what_hurts,
)
from sdn_mc.report.summary import share, value_and_interval

Answer = tuple[str, list[str]]  # a question, paragraphs
MOST_NAMED = 6


def answers_of(tree: xr.DataTree) -> list[Answer]:
    """Eight questions about a run."""
    return [
        ("What was asked?", [str(tree.attrs.get("question", tree.attrs["title"])), _asked(tree)]),
        ("How available is it, healthy and attacked?", _available(tree)),
        ("What hurt most?", [_hurt_most(tree)]),
        ("What was assumed?", [_assumed(tree)]),
        ("What would flip the verdict?", [_flips(tree)]),
        ("How many draws?", [_draws(tree)]),
        ("Which constellation?", [_constellation(tree)]),
        ("On what machine?", [_machine(tree)]),
    ]


def _asked(tree: xr.DataTree) -> str:
    """In general words, with what acts."""
    n_flow = tree["/summary"].sizes["flow"] - 1
    acts = [f"{c['name']} ({c['text']})" for c in about(tree, "columns", [])]
    flows = f"each of {n_flow} flows is" if n_flow > 1 else "the flow is"
    return (
        f"That is: how often {flows} connected over the laser mesh, and how late its data are, "
        f"without threats and with: {'; '.join(acts) or 'none'}."
    )


def interval_words(found: xr.Dataset, column: int) -> str:
    """A value over flows with its interval."""
    row = found.isel(column=column, flow=-1)
    value, interval = value_and_interval(
        *(float(row[part]) for part in ("value", "low", "high")), found.attrs["units"]
    )
    return value + (
        f" (95 % interval {interval.strip('[]').replace(', ', ' to ')})" if interval else ""
    )


def _available(tree: xr.DataTree) -> list[str]:
    found = estimates(tree, "availability")
    if found is None:
        return ["The run has not scored availability (it was not among its metrics)."]
    columns = columns_of(tree)
    words = [
        f"{'Without threats' if name == HEALTHY else f'With {name}'}: {interval_words(found, k)}."
        for k, name in enumerate(columns)
    ]
    over = "the mean over flows" if tree["/summary"].sizes["flow"] > 2 else "the flow"
    return [
        f"Availability, the share of time with a path, {over}. " + " ".join(words[: MOST_NAMED + 1])
        + (f" {len(words) - MOST_NAMED - 1} more columns stand below." if len(words) > MOST_NAMED + 1 else ""),
        "The intervals are sampling error alone: of draws, instants and epochs. They hold at this "
        "one point of the assumptions, and say nothing of what is assumed.",
    ]  # fmt: skip


def _hurt_most(tree: xr.DataTree) -> str:
    lost = what_hurts(tree)
    if lost is None:
        return "The run has no attacked column, or has not scored availability."
    rows = {kind: lost.isel(row=[k for k, v in enumerate(lost["kind"].values) if v == kind])
            for kind in ("lost", "saved")}  # fmt: skip
    alone = rows["lost"]
    keep = [k for k, c in enumerate(alone["cause"].values) if str(c) != ALL]
    alone = alone.isel(row=keep) if keep else alone
    importance = any(name.startswith(ALONE) for name in columns_of(tree))
    what = "acting alone" if importance else "as a column of causes"
    words = f"{alone['cause'].values[0]} costs most, {what}: {_loss(alone, 0)} of the time is lost"
    if alone.sizes["row"] > 1:
        words += f"; next {alone['cause'].values[1]}: {_loss(alone, 1)}"
    if rows["saved"].sizes["row"]:
        best = rows["saved"]
        words += f". Left out while all others act, {best['cause'].values[0]} saves most: {_loss(best, 0)}"
    return words + ". Differences are paired draw by draw with the healthy column."


def _loss(rows: xr.Dataset, k: int) -> str:
    value, low, high = (float(rows[part].values[k]) for part in ("value", "low", "high"))
    return f"{share(value)} (95 % interval {low:.4f} to {high:.4f})"


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
    columns = len(columns_of(tree)) - 1
    return (
        f"{attrs['n_draw']:,} draws, seed {attrs['seed']}, in each of {columns} attacked "
        f"column{'s' if columns != 1 else ''}, over {scene.sizes['epoch']} "
        f"epoch{'s' if scene.sizes['epoch'] != 1 else ''} of {scene.sizes['time']} {kind}, the first from "
        f"{scene['start'].values[0]}. Stopped: {attrs['stop_reason']}."
    )


def _constellation(tree: xr.DataTree) -> str:
    node, fleet = about(tree, "config", {}).get("constellation", {}), about(tree, "satellites", {})
    name = constellation_name(node)
    words = f"{name}: {fleet.get('read', 0):,} satellites, {fleet.get('in_mesh', 0):,} of them in the mesh"
    if left := fleet.get("left_out"):
        words += ", left out " + ", ".join(f"{n:,} {reason}" for reason, n in left.items())
    notes = [note for note in about(tree, "notes", []) if not note.startswith("warning")]
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


def study_answers(found: xr.Dataset, first: xr.DataTree, flipping: Sequence[str]) -> list[Answer]:
    """The same eight of a study; `flipping` says which assumption turns which verdict."""
    by = dict(answers_of(first))
    n_point = found.sizes["point"] - 1
    measures = ", ".join(map(str, found["measure"].values))
    pairs = "; ".join(
        f"{a} against {b}"
        for a, b in zip(found["first"].values, found["second"].values, strict=True)
    )
    return [
        ("What was asked?", [str(found.attrs["title"]), f"Compared: {pairs}. Measured by: {measures}."]),
        ("How available is it, healthy and attacked?",
         ["In the first case, as assumed: " + by["How available is it, healthy and attacked?"][0],
          by["How available is it, healthy and attacked?"][1]]),
        ("What hurt most?", ["In the first case, as assumed: " + by["What hurt most?"][0]]),
        ("What was assumed?",
         [f"{len(json.loads(found.attrs['assumptions']))} values that no public source states; they "
          f"stand below with the {n_point} values they were swept over, one at a time."]),
        ("What would flip the verdict?", list(flipping) or ["No swept assumption turns a decided verdict."]),
        ("How many draws?", [f"{found.attrs['n_draw']:,} draws in each of the runs, seed {found.attrs['seed']}."]),
        ("Which constellation?", ["In the first case: " + by["Which constellation?"][0]]),
        ("On what machine?", by["On what machine?"]),
    ]  # fmt: skip
