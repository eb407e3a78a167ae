"""What every figure reads of a result: its columns, flows and estimates."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from sdn_mc.statistics import Estimate

HEALTHY, OVER_FLOWS = "healthy", "over flows"
ALONE, WITHOUT, ALL = "only_", "all_but_", "all"  # names of columns that tell importance
MOST_FLOWS = 12  # shown one by one
N_STEP = 40  # points of a distribution
ENDS = ("value", "low", "high")
SHARE = (0.0, 1.0)


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


def availability(tree: xr.DataTree) -> xr.Dataset | None:
    """That of the columns and flows shown one by one; `n_flow` tells how many flows there are."""
    found = estimates(tree, "availability")
    if found is None:
        return None
    n_flow = found.sizes["flow"] - 1
    found = found.sel(column=shown_columns(tree))
    return found.isel(flow=[*shown_flows(tree), n_flow]).assign_attrs(n_flow=n_flow)


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


def is_plain(tree: xr.DataTree) -> bool:
    """Are draws alike? Else means and intervals need their weights: only the summary has those."""
    return not about(tree, "sampling", {})


def is_snapshot(tree: xr.DataTree) -> bool:
    """Are the instants a sample of a longer time?"""
    times = about(tree, "config", {}).get("times", {})
    return str(times.get("_target_", "")).endswith(".Snapshot")


def as_csv(data: xr.Dataset) -> str:
    """A table with a column for each axis and variable, each with its unit in its name."""
    units = {str(name): str(v.attrs.get("units", "1")) for name, v in data.variables.items()}
    named = data.rename({n: f"{n}_{unit}" for n, unit in units.items() if _lacks(n, unit)})
    return named.to_dataframe().to_csv(index=any(named.sizes.get(d, 0) for d in named.indexes))


def _lacks(name: str, unit: str) -> bool:
    """Has a variable a unit that its name does not say?"""
    return unit not in ("1", "", *name.split("_"))


def estimate_ends(found: Estimate) -> tuple[float, float, float]:
    """Its value and the ends of its interval."""
    return found.value, found.low, found.high


def by_column(rows: dict[str, Any], names: Sequence[str], axis: str, at: np.ndarray) -> xr.Dataset:
    """Rows of each column as arrays [column, axis]."""
    data = {
        name: (("column", axis), np.array([rows[c][k] for c in rows], np.float64))
        for k, name in enumerate(names)
    }
    return xr.Dataset(data, {"column": list(rows), axis: at})
