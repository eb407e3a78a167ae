"""Of an episode: time to restore, outages, and the time of each stage of a chain."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from sdn_mc.core.constants import S_PER_H, S_PER_MIN
from sdn_mc.report.figures_data.reading import (
    ENDS,
    HEALTHY,
    N_STEP,
    about,
    array,
    by_column,
    columns_of,
    estimate_ends,
    estimates,
    is_plain,
    shown_columns,
)
from sdn_mc.statistics import Estimate, kaplan_meier, share_interval


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
    return by_column(rows, ENDS, "time", at_s / S_PER_H).assign_coords(
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
    return by_column(rows, ENDS, "gap", at_s / S_PER_MIN).assign_coords(
        gap=("gap", at_s / S_PER_MIN, label)
    )


def stage_budget(tree: xr.DataTree) -> dict[str, xr.Dataset]:
    """Of each chain the time in each stage, in order, and waiting; by column, in seconds.

    `shown` are the columns that fit into one figure.
    """
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
            for part in ENDS:
                stacked[part].attrs["units"] = "s"
            about_it = {"chain": chain, "shown": shown_columns(tree)}
            found[chain] = stacked.assign_coords(stage=list(kept)).assign_attrs(about_it)
    return found


def _horizon_s(tree: xr.DataTree) -> float:
    times = about(tree, "config", {}).get("times", {})
    return S_PER_H * float(times.get("horizon_h", 0.0))


def _ends(found: Sequence[Estimate]) -> list[tuple[float, ...]]:
    return list(zip(*map(estimate_ends, found), strict=True))
