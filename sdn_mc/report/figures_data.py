"""What the figures show, as labelled arrays: read from a result, or found by `statistics`.

Each function takes an open result and returns a dataset with units and long names, or None where
the run has not computed what it needs. Estimates have `low` and `high`, the ends of their 95 %
interval, beside `value`. Nothing here knows how it is drawn, so that any drawing shows the same.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from sdn_mc.core.constants import DRAWS_PER_GROUP, S_PER_H, S_PER_MIN
from sdn_mc.statistics import (
    Estimate,
    kaplan_meier,
    mean_interval,
    paired_difference,
    share_interval,
)
from sdn_mc.statistics.quantile import order_statistic

HEALTHY, OVER_FLOWS = "healthy", "over flows"
ALONE, WITHOUT, ALL = "only_", "all_but_", "all"  # names of columns that tell importance
MOST_FLOWS = 12  # shown one by one
N_STEP = 40  # points of a distribution
MOST_PARTS = 24  # of a snapshot's window
ENDS = ("value", "low", "high")
SHARE = (0.0, 1.0)


class Latencies(NamedTuple):
    """One column's series, with one draw an epoch in the healthy one."""

    latency_s: np.ndarray  # [draw, time, flow]
    epoch: np.ndarray  # [draw]
    n_epoch: int
    is_sample: bool  # of instants: a snapshot


def about(tree: xr.DataTree, attribute: str, absent: Any) -> Any:
    """A root attribute that holds JSON."""
    text = tree.attrs.get(attribute)
    return json.loads(text) if isinstance(text, str) and text else absent


def array(tree: xr.DataTree, path: str, **at: list[int]) -> np.ndarray:
    """A variable by its full name, or part of it."""
    group, _, name = path.rpartition("/")
    return np.asarray(tree[group].to_dataset()[name].isel(at).values)


def columns_of(tree: xr.DataTree) -> list[str]:
    """Healthy first; the last one is the run's main one."""
    return [str(name) for name in array(tree, "/summary/column")]


def shown_columns(tree: xr.DataTree, most: int = 5) -> list[str]:
    """Those that fit into one figure: the healthy and the main one, and of others the lowest."""
    names = columns_of(tree)
    found = estimates(tree, "availability")
    if len(names) <= most or found is None:
        return names if len(names) <= most else [*names[: most - 1], names[-1]]
    over = found["value"].isel(flow=-1).values
    others = [k for k in range(1, len(names) - 1) if not names[k].startswith(WITHOUT)]
    worst = sorted(others, key=lambda k: over[k])[: most - 2]
    return [names[k] for k in sorted({0, len(names) - 1, *worst})]


def estimates(tree: xr.DataTree, name: str) -> xr.Dataset | None:
    """An output of the summary by column and flow, the last one over flows."""
    summary = tree["/summary"].to_dataset()
    if f"{name}_low" not in summary or "column" not in summary[name].dims:
        return None
    parts = {
        part: summary[name if part == "value" else f"{name}_{part}"].rename(
            {summary[name].dims[-1]: "flow"}
        )
        for part in ENDS
    }
    found = xr.Dataset(
        {part: array.drop_vars("flow", errors="ignore") for part, array in parts.items()}
    )
    if found.sizes["flow"] == summary.sizes["flow"]:
        found = found.assign_coords(flow=summary["flow"].values)
    return found.load().assign_attrs(summary[name].attrs)


def ends_of(row: xr.Dataset) -> tuple[float, float, float]:
    """One estimate: its value and the ends of its interval."""
    return float(row["value"]), float(row["low"]), float(row["high"])


def shown_flows(tree: xr.DataTree, most: int = MOST_FLOWS) -> list[int]:
    """Numbers of the flows shown one by one: all, or the least available ones."""
    n_flow = tree["/metrics"].sizes["flow"]
    found = estimates(tree, "availability")
    if n_flow <= most or found is None:
        return list(range(min(n_flow, most)))
    lowest = np.argsort(found["value"].values[-1, :n_flow], kind="stable")[:most]
    return sorted(map(int, lowest))


def latencies(tree: xr.DataTree, column: str, flows: Sequence[int]) -> Latencies | None:
    """The series of some flows; None where the run kept none."""
    is_sample = is_snapshot(tree)
    if column == HEALTHY:
        healthy = array(tree, "/scene/latency_healthy_s", flow=list(flows))
        return Latencies(healthy, np.arange(len(healthy)), len(healthy), is_sample)
    if "paths" not in tree.children:
        return None
    name = "latency_s" if column == columns_of(tree)[-1] else f"latency_{column}_s"
    series = array(tree, f"/paths/{name}", pair=list(flows))
    n_epoch = tree["/scene"].sizes["epoch"]
    return Latencies(series, array(tree, "/paths/epoch"), n_epoch, is_sample)


def is_plain(tree: xr.DataTree) -> bool:
    """Are draws alike? Else means and intervals need their weights: only the summary has those."""
    return not about(tree, "sampling", {})


def is_snapshot(tree: xr.DataTree) -> bool:
    """Are the instants a sample of a longer time?"""
    times = about(tree, "config", {}).get("times", {})
    return str(times.get("_target_", "")).endswith(".Snapshot")


def through_time(tree: xr.DataTree) -> xr.Dataset | None:
    """Share of flows with a path along the time: mean over draws, and where 9 of 10 draws lie.

    Of an episode at every instant, from the onset on. Of a snapshot in parts of the window, the
    epochs taken together.
    """
    if not is_plain(tree):
        return None
    flows = range(tree["/metrics"].sizes["flow"])
    time_s, rows = array(tree, "/scene/time_s"), {}
    snapshot, n_time = is_snapshot(tree), time_s.shape[1]
    n_part = min(MOST_PARTS, n_time) if snapshot else n_time
    parts = np.array_split(np.arange(n_time), n_part)
    for column in shown_columns(tree):
        series = latencies(tree, column, flows)
        if series is None:
            return None
        up = np.isfinite(series.latency_s).mean(axis=-1)
        means = np.stack([up[:, part].mean(axis=1) for part in parts])
        found = [_over_draws(each, series) for each in means]
        draws = [[order_statistic(each, q) for each in means] for q in (0.05, 0.95)]
        rows[column] = [*zip(*found, strict=True), *draws]
    times = about(tree, "config", {}).get("times", {})
    words = "time in the window" if snapshot else "time since the onset"
    onset_h = 0.0 if snapshot else float(times.get("before_h", 0.0))
    hours = np.array([time_s[:, part].mean() for part in parts]) / S_PER_H - onset_h
    label = {"units": "h", "long_name": words}
    return _by_column(rows, (*ENDS, "draws_p5", "draws_p95"), "time", hours).assign_coords(
        time=("time", hours, label)
    )


def latency_shares(tree: xr.DataTree) -> xr.Dataset | None:
    """Share of times with a latency at most so high, by column and flow; the last is over flows.

    What is not delivered is never below any latency, so each curve ends at the availability.
    """
    if not is_plain(tree):
        return None
    flows, columns = shown_flows(tree), shown_columns(tree)
    every = range(tree["/metrics"].sizes["flow"])
    series = {column: latencies(tree, column, every) for column in columns}
    if any(each is None for each in series.values()):
        return None
    finite = [np.where(np.isfinite(s.latency_s), s.latency_s, np.nan) for s in series.values() if s]
    if not any(np.isfinite(each).any() for each in finite):
        return None
    first = min(float(np.nanmin(each)) for each in finite if np.isfinite(each).any())
    last = max(float(np.nanquantile(each, 0.999)) for each in finite if np.isfinite(each).any())
    most = max(float(np.nanmax(each)) for each in finite if np.isfinite(each).any())
    at_s = np.append(np.linspace(0.98 * first, last, N_STEP), 1.001 * most)
    rows = {
        column: _shares(each, at_s, flows) for column, each in series.items() if each is not None
    }
    names = [*(str(array(tree, "/metrics/flow")[k]) for k in flows), OVER_FLOWS]
    data = {
        part: (("column", "flow", "latency"), np.stack([rows[c][k] for c in columns]))
        for k, part in enumerate(ENDS)
    }
    at_ms = ("latency", 1e3 * at_s, {"units": "ms", "long_name": "one-way latency"})
    return xr.Dataset(data, {"column": columns, "flow": names, "latency": at_ms})


def _shares(series: Latencies, at_s: np.ndarray, flows: Sequence[int]) -> np.ndarray:
    """Value, low and high of some flows, and over all flows, at each latency."""
    of_flow = np.ascontiguousarray(np.moveaxis(series.latency_s, -1, 0))
    found = np.zeros((len(ENDS), len(flows) + 1, len(at_s)))
    for k, limit_s in enumerate(at_s):
        within = of_flow <= limit_s
        for f, values in enumerate((*within[list(flows)], within.mean(axis=0))):
            found[:, f, k] = _mean_of(values, series)
    return found


def _mean_of(values: np.ndarray, series: Latencies) -> tuple[float, float, float]:
    """Mean over draws of [draw, time]: of a snapshot as the summary has it, else `_over_draws`."""
    if not series.is_sample:
        return _over_draws(values.mean(axis=1), series)
    by_epoch = [values[series.epoch == e] for e in range(series.n_epoch)]
    instants = np.stack([v.mean(axis=0) if len(v) else np.zeros(values.shape[1]) for v in by_epoch])
    of_draw = values.mean(axis=1)
    return _ends_of(mean_interval(of_draw, series.epoch, per_instant=instants, within=SHARE))


def _over_draws(of_draw: np.ndarray, series: Latencies) -> tuple[float, float, float]:
    """Mean with the error of draws alone, epochs and instants taken as they are.

    At one time the epochs are few starts of many, and an interval that held their error too would
    hide the course of what is shown. The healthy column, which has no draws, then has none.
    """
    if len(of_draw) == series.n_epoch:
        return (float(of_draw.mean()),) * 3
    return _ends_of(mean_interval(of_draw, np.zeros(len(of_draw), np.int64), within=SHARE))


def _ends_of(found: Estimate) -> tuple[float, float, float]:
    """Its value and the ends of its interval."""
    return found.value, found.low, found.high


def what_hurts(tree: xr.DataTree) -> xr.Dataset | None:
    """Availability that each column loses against the healthy one, paired draw by draw.

    In a run for importance also what is saved where one cause is left out (`kind` "saved").
    """
    if not is_plain(tree):
        return None
    columns = columns_of(tree)[1:]
    if "availability" not in tree["/metrics"] or not columns:
        return None
    rows: list[tuple[str, str, Estimate]] = []
    scores, epoch = _scores(tree), array(tree, "/metrics/epoch")
    everything = columns.index(ALL) if ALL in columns else None
    for k, column in enumerate(columns):
        if column.startswith(WITHOUT) and everything is not None:
            found = _difference(scores, k + 1, everything + 1, epoch)
            rows.append((column.removeprefix(WITHOUT), "saved", found))
        else:
            found = _difference(scores, 0, k + 1, epoch)
            rows.append((column.removeprefix(ALONE), "lost", found))
    order = sorted(range(len(rows)), key=lambda k: -rows[k][2].value)
    data = {part: ("row", [getattr(rows[k][2], part) for k in order]) for part in ENDS}
    labels = {"cause": ("row", [rows[k][0] for k in order])}
    labels["kind"] = ("row", [rows[k][1] for k in order])
    return xr.Dataset(data | labels, attrs={"units": "1", "long_name": "availability lost"})


class _Scores(NamedTuple):
    """Availability over flows, the healthy column first."""

    of_draw: np.ndarray  # [column, draw]
    at_time: np.ndarray | None  # [column, epoch, time]


def _scores(tree: xr.DataTree) -> _Scores:
    """Of each draw the healthy column has that of its epoch."""
    epoch = array(tree, "/metrics/epoch")
    up = np.isfinite(array(tree, "/scene/latency_healthy_s")).mean(axis=-1)  # [epoch, time]
    of_draw = array(tree, "/metrics/availability").astype(np.float64).mean(axis=-1)
    of_draw = np.concatenate([up.mean(axis=1)[epoch][None], of_draw])
    if "availability_at_time" not in tree["/metrics"]:
        return _Scores(of_draw, None)
    by_block = array(tree, "/metrics/availability_at_time").mean(axis=-1)  # [column, block, time]
    count = np.bincount(np.arange(len(epoch)) // DRAWS_PER_GROUP, minlength=by_block.shape[1])
    of_block = epoch[::DRAWS_PER_GROUP][: by_block.shape[1]]
    means = np.zeros((len(by_block), *up.shape))
    for e in np.unique(epoch):
        own = of_block == e
        means[:, e] = np.einsum("b,cbt->ct", count[own], by_block[:, own]) / count[own].sum()
    return _Scores(of_draw, np.concatenate([up[None], means]))


def _difference(scores: _Scores, a: int, b: int, epoch: np.ndarray) -> Estimate:
    """Column a less column b, paired; against the healthy one as the metric of the same name."""
    at_time = None if scores.at_time is None else scores.at_time[a] - scores.at_time[b]
    pair = scores.of_draw[a], scores.of_draw[b]
    within = SHARE if a == 0 and np.all(pair[0] >= pair[1]) else (-1.0, 1.0)
    return paired_difference(*pair, epoch, per_instant=at_time, within=within)


def on_map(tree: xr.DataTree) -> xr.Dataset | None:
    """Availability of every flow with the places of its ends; NaN where an end is several sites."""
    found = estimates(tree, "availability")
    if found is None or found.sizes["flow"] == 1:
        return None
    names = array(tree, "/scene/site")
    found = found.isel(flow=slice(0, -1))
    places = dict(zip(map(str, names), range(len(names)), strict=True))
    for end in ("source", "destination"):
        at = [places.get(str(name), -1) for name in array(tree, f"/metrics/{end}")]
        for axis in ("latitude", "longitude"):
            degrees = np.where(np.array(at) >= 0, array(tree, f"/scene/{axis}_deg")[at], np.nan)
            found[f"{end}_{axis}_deg"] = ("flow", degrees)
        found[end] = ("flow", [str(name) for name in array(tree, f"/metrics/{end}")])
    return found


def stage_budget(tree: xr.DataTree) -> dict[str, xr.Dataset]:
    """Of each chain the time in each stage, in order, and waiting; by column, in seconds."""
    found = {}
    for node in about(tree, "config", {}).get("metrics", {}).values():
        chain, stages = node.get("name"), node.get("stages")
        if not chain or not isinstance(stages, dict):
            continue
        outputs = {stage: f"{chain}_stage_{stage}_s" for stage in stages}
        outputs["waiting for a path"] = f"{chain}_waiting_s"
        parts = {stage: estimates(tree, name) for stage, name in outputs.items()}
        kept = {s: part.isel(flow=-1, drop=True) for s, part in parts.items() if part is not None}
        if kept:
            stacked = xr.concat(list(kept.values()), "stage", combine_attrs="drop")
            found[chain] = stacked.assign_coords(stage=list(kept), column=columns_of(tree))
    return found


def still_waiting(tree: xr.DataTree, name: str = "time_to_restore_s") -> xr.Dataset | None:
    """Share of draws not yet restored, by Kaplan and Meier, of the median flow of each draw."""
    if not is_plain(tree):
        return None
    if name not in tree["/metrics"]:
        return None
    values = array(tree, f"/metrics/{name}").astype(np.float64)
    columns = [c for c in shown_columns(tree) if c != HEALTHY]
    names, rows = columns_of(tree)[1:], {}
    middle = {c: np.median(values[names.index(c)], axis=-1) for c in columns}
    finite = np.unique(np.concatenate([m[np.isfinite(m)] for m in middle.values()]))
    at_s = np.concatenate([[0.0], finite, [_horizon_s(tree)]])
    at_s = np.unique(at_s)[:: max(1, len(at_s) // 400)]
    for column, times in middle.items():
        happened = np.isfinite(times)
        curve = kaplan_meier(np.where(happened, times, np.inf), happened)
        at = np.searchsorted(curve.time, at_s, side="right") - 1
        ends = np.stack([curve.share, *curve.limits()]) if len(curve.time) else np.ones((3, 1))
        rows[column] = np.where(at < 0, 1.0, ends[:, np.maximum(at, 0)])
    label = {"units": "h", "long_name": "time since the onset"}
    return _by_column(rows, ENDS, "time", at_s / S_PER_H).assign_coords(
        time=("time", at_s / S_PER_H, label)
    )


def longest_gaps(tree: xr.DataTree) -> xr.Dataset | None:
    """Share of draws whose worst user has a gap longer than so much; epochs as they are."""
    if not is_plain(tree):
        return None
    if "worst_user_gap_s" not in tree["/metrics"]:
        return None
    values = array(tree, "/metrics/worst_user_gap_s").astype(np.float64)[..., 0]
    epoch, names = np.zeros(values.shape[1], np.int64), columns_of(tree)[1:]
    at_s = np.linspace(0.0, float(values.max()), N_STEP)
    rows = {}
    for column in shown_columns(tree):
        if column != HEALTHY:
            longer = values[names.index(column)][:, None] > at_s
            rows[column] = _ends([share_interval(each, epoch) for each in longer.T])
    label = {"units": "min", "long_name": "longest gap of the worst user"}
    return _by_column(rows, ENDS, "gap", at_s / S_PER_MIN).assign_coords(
        gap=("gap", at_s / S_PER_MIN, label)
    )


def concentration(tree: xr.DataTree) -> xr.Dataset | None:
    """Effective number of groups of each kind, and the HHI."""
    groups = about(tree, "concentration", [])
    if not groups:
        return None
    data = {
        name: ("label", [row[key] for row in groups])
        for name, key in (("groups", "groups"), ("effective", "effective"), ("hhi", "hhi"))
    }
    data["largest"] = ("label", [row["largest"] for row in groups])
    return xr.Dataset(data, {"label": [row["label"] for row in groups]})


def concentration_and_loss(trees: dict[str, xr.DataTree]) -> xr.Dataset | None:
    """Of several runs: how concentrated each fleet is, by kind of group, and what it loses."""
    rows: list[tuple[Any, ...]] = []
    for run, tree in trees.items():
        lost = what_hurts(tree)
        if lost is None:
            continue
        for row in about(tree, "concentration", []):
            rows += [
                (
                    run,
                    row["label"],
                    row["hhi"],
                    str(lost["cause"].values[k]),
                    *ends_of(lost.isel(row=k)),
                )
                for k in range(lost.sizes["row"])
                if lost["kind"].values[k] == "lost"
            ]
    if not rows:
        return None
    names = ("run", "label", "hhi", "column", *ENDS)
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    return xr.Dataset({name: ("row", list(values)) for name, values in columns.items()})


def _horizon_s(tree: xr.DataTree) -> float:
    times = about(tree, "config", {}).get("times", {})
    return S_PER_H * float(times.get("horizon_h", 0.0))


def _ends(found: Sequence[Estimate]) -> list[tuple[float, ...]]:
    return list(zip(*map(_ends_of, found), strict=True))


def _by_column(rows: dict[str, Any], names: Sequence[str], axis: str, at: np.ndarray) -> xr.Dataset:
    """Rows of each column as arrays [column, axis]."""
    data = {
        name: (("column", axis), np.array([rows[c][k] for c in rows], np.float64))
        for k, name in enumerate(names)
    }
    return xr.Dataset(data, {"column": list(rows), axis: at})
