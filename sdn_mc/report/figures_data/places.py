"""Availability of flows with the places of their ends."""

import numpy as np
import xarray as xr

from sdn_mc.report.figures_data.reading import array, estimates


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
