"""From the series of latencies: availability through time, and how late messages are."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from sdn_mc.core.constants import S_PER_H
from sdn_mc.report.figures_data.reading import (
    ENDS,
    HEALTHY,
    N_STEP,
    OVER_FLOWS,
    SHARE,
    about,
    array,
    by_column,
    columns_of,
    estimate_ends,
    is_plain,
    is_snapshot,
    shown_columns,
    shown_flows,
)
from sdn_mc.statistics import mean_interval
from sdn_mc.statistics.quantile import order_statistic

MOST_PARTS = 24  # of a snapshot's window


class Latencies(NamedTuple):
    """One column's series, with one draw an epoch in the healthy one."""

    latency_s: np.ndarray  # [draw, time, flow]
    epoch: np.ndarray  # [draw]
    n_epoch: int
    is_sample: bool  # of instants: a snapshot


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
        mean = [_over_draws(each, series) for each in means]
        draws = [[order_statistic(each, q) for each in means] for q in (0.05, 0.95)]
        rows[column] = [*zip(*mean, strict=True), *draws]
    times = about(tree, "config", {}).get("times", {})
    words = "time in the window" if snapshot else "time since the onset"
    onset_h = 0.0 if snapshot else float(times.get("before_h", 0.0))
    hours = np.array([time_s[:, part].mean() for part in parts]) / S_PER_H - onset_h
    label = {"units": "h", "long_name": words}
    found = by_column(rows, (*ENDS, "draws_p5", "draws_p95"), "time", hours)
    return found.assign_coords(time=("time", hours, label)).assign_attrs(is_snapshot=snapshot)


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
    axes = {"column": columns, "flow": names, "latency": at_ms}
    return xr.Dataset(data, axes, {"is_snapshot": is_snapshot(tree)})


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
    return estimate_ends(mean_interval(of_draw, series.epoch, per_instant=instants, within=SHARE))


def _over_draws(of_draw: np.ndarray, series: Latencies) -> tuple[float, float, float]:
    """Mean with the error of draws alone, epochs and instants taken as they are.

    At one time the epochs are few starts of many, and an interval that held their error too would
    hide the course of what is shown. The healthy column, which has no draws, then has none.
    """
    if len(of_draw) == series.n_epoch:
        return (float(of_draw.mean()),) * 3
    return estimate_ends(mean_interval(of_draw, np.zeros(len(of_draw), np.int64), within=SHARE))
