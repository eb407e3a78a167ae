"""Of a study: its cases as assumed, their differences at every point, what concentration costs."""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from sdn_mc.config.study import AS_ASSUMED
from sdn_mc.report.figures_data.losses import what_hurts
from sdn_mc.report.figures_data.reading import ENDS, about, ends_of
from sdn_mc.report.summary import open_summary
from sdn_mc.store import open_store

RUNS = "runs"


def base_runs(study: Path) -> dict[str, xr.DataTree]:
    """The runs in which nothing was changed but what makes a case, by their cases."""
    found = {}
    for run in sorted((study / RUNS).iterdir()):
        words = str(open_store(run).attributes()["title"]).rpartition(": ")[2]
        if words.endswith(f", {AS_ASSUMED}"):
            found[words.removesuffix(f", {AS_ASSUMED}")] = open_summary(run)
    return found


def differences(found: xr.Dataset, comparison: int, measure: int) -> xr.Dataset:
    """One comparison by one measure, at every point; as assumed first."""
    row = found.isel(comparison=comparison, measure=measure)
    names = {"difference": "value", "difference_low": "low", "difference_high": "high"}
    about_it = {name: str(row[name].values) for name in ("first", "second", "measure")}
    data = row[[*names, "verdict"]].rename(names).drop_vars(("first", "second", "measure"))
    if about_it["measure"].endswith("_s"):
        for part in ENDS:
            data[part].attrs["units"] = "s"
    return data.assign_attrs(about_it)


def concentration_and_loss(trees: dict[str, xr.DataTree]) -> xr.Dataset | None:
    """How concentrated each fleet is, and what it loses; by the kind of group that differs most.

    None where fleets are alike in this.
    """
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
    data = xr.Dataset({name: ("row", list(values)) for name, values in columns.items()})
    spread = {
        label: float(np.ptp(data["hhi"].values[data["label"].values == label]))
        for label in dict.fromkeys(map(str, data["label"].values))
    }
    label = max(spread, key=lambda each: spread[each])
    if spread[label] == 0:
        return None
    chosen = data.isel(row=np.flatnonzero(data["label"].values == label))
    return chosen.assign_attrs(label=label)
