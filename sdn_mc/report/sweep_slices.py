"""Parts of a sweep for a drawing on paper: along one key, or over two, all else held.

Keys that are on no axis stand at the values asked for, by name, else at their first; nothing is
averaged over. Times are in the unit that is read; `status` says which points are not done.
"""

from typing import Any

import xarray as xr

from sdn_mc.core.problems import InputError
from sdn_mc.report import sweep_data
from sdn_mc.report.figures_data import ENDS
from sdn_mc.report.summary import MAIN_METRIC
from sdn_mc.report.sweep_axes import colour_limits


def along(tree: xr.DataTree, key: str, metric: str = MAIN_METRIC, **held: Any) -> xr.Dataset:
    """A metric along one key, by column."""
    found = _metric(tree, metric)
    found = found.sel(column=sweep_data.shown_columns(found))
    return _held(tree, found, [key], held).transpose(key, ...).assign_attrs(along=key)


def over(tree: xr.DataTree, x: str, y: str, metric: str = MAIN_METRIC, **held: Any) -> xr.Dataset:
    """A metric over two keys, of one column: unless told, the one that changes most.

    `limits` are those of the colours, over all values of the column.
    """
    found = _metric(tree, metric)
    columns = sweep_data.by_change(found)
    column = held.pop("column", columns[0])
    if column not in columns:
        raise InputError(f"column: {column!r} given; there are {', '.join(columns)}")
    found = found.sel(column=column)
    said = {"along": x, "over": y, "column": column, "limits": colour_limits(found)}
    return _held(tree, found, [x, y], held).transpose(x, y).assign_attrs(said)


def _metric(tree: xr.DataTree, metric: str) -> xr.Dataset:
    known = sweep_data.metrics_of(tree)
    if not known:
        raise InputError(
            "no point of this sweep is done; `sdn-mc resume`, with its folder, does what is left"
        )
    if metric not in known:
        raise InputError(f"metric: {metric!r} given; this sweep has {', '.join(known)}")
    found = sweep_data.in_reading_unit(sweep_data.response(tree, metric))
    for part in ENDS:
        found[part].attrs["units"] = found.attrs["units"]
    return found.assign(status=sweep_data.points_of(tree)["status"])


def _held(
    tree: xr.DataTree, found: xr.Dataset, axes: list[str], held: dict[str, Any]
) -> xr.Dataset:
    """All other keys at one value each; which, in words."""
    keys = {key.name: key for key in sweep_data.keys_of(tree)}
    if unknown := [name for name in (*axes, *held) if name not in keys]:
        raise InputError(f"{unknown[0]}: not among the swept keys, {', '.join(keys)}")
    words = []
    for name, key in keys.items():
        if name not in axes:
            value = held.get(name, key.values[0])
            if value not in key.values:
                raise InputError(f"{name}: {value} given; swept are {key.values}")
            found = found.sel({name: value})
            words.append(f"{name} = {key.words(key.values.index(value))}")
    return found.assign_attrs(held=", ".join(words))
