"""What some draws had on a map, as GeoJSON (RFC 7946): routes, sites, satellites and losses.

A position is longitude and latitude, deg, and height, m, on WGS-84; of a run on a sphere, on that.
A satellite stands above its point on the ground. A line between two positions is straight in these
coordinates, as the RFC has it (3.1.1), and cut where it crosses the antimeridian (3.1.9).
Features, for each draw and instant (`kind`):

    flow        its route from site to site; without one it is there too, with no geometry
    site        every site, and what holds a lost one down
    satellite   those on a route, and the lost ones with what holds them down
    loss        how many of what each cause holds down, also of what has no place; no geometry
"""

import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sdn_mc import geometry
from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.shown import Shown, ShownDraw, ShownRoute

Position = list[float]
Feature = dict[str, Any]

DECIMALS = (6, 6, 1)  # of a degree 0.1 m (RFC 7946, section 11.2); of a height as much
TO = " → "
PROPERTIES = {
    "kind": "flow, site, satellite or loss",
    "draw": "index of the realisation",
    "epoch": "number of the epoch in /scene",
    "column": "which threats act; see the root attribute columns of the result",
    "time": "number of the instant in /scene and /paths",
    "utc": "the instant, ISO 8601",
    "flow": "source and destination",
    "latency_ms": "one-way latency, ms, as in /paths; null: not delivered",
    "delivered": "whether every leg of the route is up in truth; false: no path",
    "stops": f"sites and satellites of the route, from its source on, with '{TO}' between",
    "name": "of the site or satellite",
    "on_route": "whether a flow's route passes it",
    "lost": "whether it is down",
    "causes": "what holds it down, with commas; null: nothing",
    "cause": "what holds down `count` of the kind `of`",
}


def write_geojson(shown: Shown, about: Mapping[str, Any], path: Path) -> dict[str, int]:
    """Write all draws but the one without threats; how many features there are of each kind."""
    counts: dict[str, int] = {}
    own = json.dumps({**about, "properties": PROPERTIES}, ensure_ascii=False)
    with path.open("w", encoding="utf-8") as page:
        page.write(f'{{"type": "FeatureCollection",\n"sdn_mc": {own},\n"features": [')
        for feature in features(shown):
            kind = feature["properties"]["kind"]
            page.write(",\n" if counts else "\n")
            page.write(json.dumps(feature, ensure_ascii=False, allow_nan=False))
            counts[kind] = counts.get(kind, 0) + 1
        page.write("\n]}\n")
    return counts


def features(shown: Shown) -> Iterator[Feature]:
    """By draw, then instant: flows, sites, satellites, losses."""
    for one in shown.draws[1:]:
        epoch = shown.epochs[one.epoch]
        start = JulianDate.parse(epoch.start)
        for frame, time in enumerate(epoch.time):
            when = {
                "draw": one.draw,
                "epoch": one.epoch,
                "column": one.column,
                "time": int(time),
                "utc": start.plus_s(float(epoch.time_s[frame])).iso(),
            }
            sat = positions(epoch.sat_km[frame], shown.earth)
            site = positions(epoch.site_km[frame], shown.earth)
            for feature in _at_one_instant(shown, one, frame, sat, site):
                kind, *rest = feature["properties"].items()
                yield feature | {"properties": dict([kind, *when.items(), *rest])}


def positions(place_km: np.ndarray, earth: tuple[float, float]) -> list[Position]:
    """Longitude, latitude (deg) and height (m) of Earth-fixed places."""
    latitude_rad, longitude_rad, height_km = geometry.ecef_to_geodetic(place_km, *earth)
    each = np.degrees(longitude_rad), np.degrees(latitude_rad), 1e3 * np.asarray(height_km)
    rounded = [np.round(values, n) for values, n in zip(each, DECIMALS, strict=True)]
    return np.stack(rounded, axis=-1).tolist()


def cut(line: list[Position]) -> list[list[Position]]:
    """Parts of a line that do not cross the antimeridian: each step goes the shorter way round."""
    parts = [line[:1]]
    for a, b in itertools.pairwise(line):
        if abs(east := b[0] - a[0]) > 180:
            edge = 180.0 if east < 0 else -180.0
            way = east + 2 * edge
            share = (edge - a[0]) / way if way else 0.0
            at = [round(p + share * (q - p), n) for p, q, n in zip(a, b, DECIMALS, strict=True)]
            _append(parts[-1], [edge, *at[1:]])
            parts.append([[-edge, *at[1:]]])
            _append(parts[-1], b)
        else:
            parts[-1].append(b)
    return [part for part in parts if len(part) > 1]


def _append(part: list[Position], position: Position) -> None:
    """Unless the line is there already, as where a stop lies on the antimeridian."""
    if part[-1] != position:
        part.append(position)


def _at_one_instant(
    shown: Shown, one: ShownDraw, frame: int, sat: list[Position], site: list[Position]
) -> Iterator[Feature]:
    """Features without when they are."""
    routes, lost = one.routes[frame], one.sat_causes[frame]
    for name, route in zip(shown.flow, routes, strict=True):
        yield _flow(shown, name, route, sat, site)
    held = one.site_causes[frame]
    for k, name in enumerate(shown.site):
        yield _point("site", name, site[k], held.get(k, ()))
    passed = {k for route in routes if route is not None for k in route.sat}
    for k in sorted(passed | lost.keys()):
        yield _point("satellite", shown.sat[k], sat[k], lost.get(k, ()), on_route=k in passed)
    for words, count in one.lost[frame].items():
        cause, _, of = words.partition(": ")
        if count:
            yield _feature(None, kind="loss", cause=cause, of=of, count=count)


def _flow(
    shown: Shown,
    name: str,
    route: ShownRoute | None,
    sat: list[Position],
    site: list[Position],
) -> Feature:
    if route is None:
        nothing = {"latency_ms": None, "delivered": False, "stops": None}
        return _feature(None, kind="flow", flow=name, **nothing)
    parts = cut([site[route.source], *(sat[k] for k in route.sat), site[route.destination]])
    line = (
        {"type": "LineString", "coordinates": parts[0]}
        if len(parts) == 1
        else {"type": "MultiLineString", "coordinates": parts}
    )
    stops = [shown.site[route.source], *(shown.sat[k] for k in route.sat)]
    return _feature(
        line,
        kind="flow",
        flow=name,
        latency_ms=round(1e3 * route.latency_s, 6) if np.isfinite(route.latency_s) else None,
        delivered=bool(route.delivered),
        stops=TO.join([*stops, shown.site[route.destination]]),
    )


def _point(kind: str, name: str, at: Position, causes: tuple[str, ...], **more: bool) -> Feature:
    place = {"type": "Point", "coordinates": at}
    held = {"lost": bool(causes), "causes": ", ".join(causes) or None}
    return _feature(place, kind=kind, name=name, **more, **held)


def _feature(place: dict[str, Any] | None, **properties: Any) -> Feature:
    return {"type": "Feature", "geometry": place, "properties": properties}
