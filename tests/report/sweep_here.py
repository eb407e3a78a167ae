"""A dataset of a sweep with numbers made up, as `collect` writes one."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

COLUMNS = ("healthy", "failures", "fault")


def made_up(
    keys: dict[str, Sequence[Any]], undone: Sequence[int] = (), n_metric: int = 1
) -> xr.DataTree:
    """Availability falls along every key; p95 latency, a second metric, is ∞ at the last point."""
    names, shape = list(keys), tuple(map(len, keys.values()))
    n_point, n_column = int(np.prod(shape)), len(COLUMNS)
    status = np.array(["done"] * n_point, object)
    status[list(undone)] = "failed"
    steps = sum(np.indices(shape)).reshape(-1, 1) / max(sum(shape) - len(shape), 1)
    value = 1 - steps * np.arange(n_column) / n_column
    value[status != "done"] = np.nan
    latency_s = 0.05 + 0.01 * value
    latency_s[-1] = np.where(np.isnan(latency_s[-1]), np.nan, np.inf)
    root = xr.Dataset(
        {
            "status": (names, status.reshape(shape).astype(str)),
            "draws_done": (names, np.where(status == "done", 64, 0).reshape(shape)),
            "n_draw": (names, np.full(shape, 64)),
            "run_seed": (names, np.where(status == "done", 1, -1).reshape(shape)),
            "folder": (names, np.arange(n_point).reshape(shape).astype(str)),
        },
        _coords(keys),
        {"title": "made up", "notes": "[]", "config_of": "0", "device": "CPU", "versions": "{}"},
    )
    root.attrs |= {"config": json.dumps({"times": {"n_epoch": 1}}), "citation": "", "licence": ""}
    outputs = {"availability": (value, "1"), "latency_p95_s": (latency_s, "s")}
    outputs |= {f"metric_{k}": (value, "1") for k in range(n_metric - len(outputs))}
    data = {}
    for metric, (values, units) in list(outputs.items())[: max(n_metric, 2)]:
        for part, shift in (("", 0.0), ("_low", -0.01), ("_high", 0.01)):
            array = (values + shift).reshape(*shape, n_column, 1).repeat(2, axis=-1)
            said = {"units": units, "long_name": metric.replace("_", " ")}
            data[metric + part] = ((*names, "column", "flow"), array, said)
    summary = xr.Dataset(data, {"column": list(COLUMNS), "flow": ["one", "over flows"]})
    return xr.DataTree.from_dict({"/": root, "/summary": summary.assign_coords(_coords(keys))})


def _coords(keys: dict[str, Sequence[Any]]) -> dict[str, Any]:
    said = {"units": "h", "meaning": "A key."}
    return {k: (k, np.array(values), said | {"key": f"part.{k}"}) for k, values in keys.items()}
