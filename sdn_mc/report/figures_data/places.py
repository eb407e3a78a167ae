"""Availability of flows with the places of their ends, and the ways between these."""

import numpy as np
import xarray as xr

from sdn_mc.report.figures_data.reading import array, estimates

MOST_ARCS = 40  # flows drawn as lines from end to end; of more, the sources alone


def on_map(tree: xr.DataTree) -> xr.Dataset | None:
    """Availability of every flow with the places of its ends; NaN where an end is several sites.

    Columns of which it is not known are left out.
    """
    found = estimates(tree, "availability")
    if found is None or found.sizes["flow"] == 1:
        return None
    names = array(tree, "/scene/site")
    found = found.isel(flow=slice(0, -1), column=~np.isnan(found["value"].values).any(axis=-1))
    places = dict(zip(map(str, names), range(len(names)), strict=True))
    for end in ("source", "destination"):
        at = [places.get(str(name), -1) for name in array(tree, f"/metrics/{end}")]
        for axis in ("latitude", "longitude"):
            degrees = np.where(np.array(at) >= 0, array(tree, f"/scene/{axis}_deg")[at], np.nan)
            found[f"{end}_{axis}_deg"] = ("flow", degrees)
        found[end] = ("flow", [str(name) for name in array(tree, f"/metrics/{end}")])
    return found


def arcs(data: xr.Dataset) -> dict[int, np.ndarray]:
    """The great circle of each flow whose two ends are one site each; none of many flows."""
    if data.sizes["flow"] > MOST_ARCS:
        return {}
    ends = np.stack([places_of(data, "source"), places_of(data, "destination")])
    known = np.flatnonzero(~np.isnan(ends).any(axis=(0, 2)))
    return {int(k): great_circle(ends[0, k], ends[1, k]) for k in known}


def places_of(data: xr.Dataset, end: str) -> np.ndarray:
    """Longitude and latitude of one end of each flow, deg."""
    names = f"{end}_longitude_deg", f"{end}_latitude_deg"
    return np.stack([data[name].values for name in names], axis=-1)


def great_circle(a_deg: np.ndarray, b_deg: np.ndarray, n: int = 60) -> np.ndarray:
    """Longitude and latitude along the shorter arc, deg.

    Where it crosses the map's edge it goes there, a row of NaN follows, and it goes on from there.
    """

    def unit(place: np.ndarray) -> np.ndarray:
        lon, lat = np.radians(place)
        return np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])

    a, b = unit(a_deg), unit(b_deg)
    angle = max(float(np.arccos(np.clip(a @ b, -1, 1))), 1e-9)
    t = np.linspace(0, 1, n)[:, None]
    way = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
    lon, lat = np.degrees(np.arctan2(way[:, 1], way[:, 0])), np.degrees(np.arcsin(way[:, 2]))
    line = np.stack([lon, lat], axis=-1)
    parts, done = list[np.ndarray](), 0
    for k in (np.flatnonzero(np.abs(np.diff(lon)) > 180) + 1).tolist():
        edge = np.copysign(180.0, lon[k - 1])
        share = (edge - lon[k - 1]) / (lon[k] + 2 * edge - lon[k - 1])
        at = lat[k - 1] + share * (lat[k] - lat[k - 1])
        parts += [line[done:k], np.array([[edge, at], [np.nan, np.nan], [-edge, at]])]
        done = k
    return np.concatenate([*parts, line[done:]])
