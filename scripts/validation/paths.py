"""Geometry against published values, and path latencies against those of other programs."""

from collections.abc import Iterator

import numpy as np

from scripts.validation.rows import Row, Setting, equal, near
from sdn_mc import geometry
from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.constants import WGS84_FLATTENING, WGS84_RADIUS_KM
from tests.crosscheck import inputs
from tests.crosscheck import test_paths as crosscheck
from tests.test_geometry import HALF_DIGIT, ORACLES

EARTH_KM = 6378.137  # of the sphere and of the equator
SPHERE = "closed form on a sphere"
SOLVERS = ("xla_float64", "xla_float32", "xla_int32", "pull_push", "elimination")
LOSSES = ("node10pct", "node50pct", "planes0to5", "isl10pct")
CLOSED_US, SGP4_US = 1e-6, 1.0  # design 7
PERIOD_S = 5738.931703358754


def places(setting: Setting) -> Iterator[Row]:
    """Constants as they come out: points of the ellipsoid, sidereal time, views, lines of sight."""
    del setting
    shape = WGS84_RADIUS_KM, WGS84_FLATTENING
    for name, latitude, exact_km in (("equator", 0.0, EARTH_KM), ("pole", 90.0, 6356.752314245)):
        where_km, _ = geometry.geodetic_to_ecef(np.radians(latitude), 0.3, 0.0, *shape)
        found_km = float(np.linalg.norm(where_km))
        yield near(f"radius of WGS-84, {name}", found_km, exact_km, 1e-8, "km", "NGA.STND.0036")
    turned = geometry.gmst82_rad(JulianDate.parse("1992-08-20T12:14:00Z"), 0.0)
    # The date was one double in the book: 8e-8 deg.
    source = "Vallado 2013, example 3-5"
    yield near("sidereal time", float(np.degrees(turned)), 152.578787810, 8e-8, "deg", source)
    east = geometry.rotate_z(np.array([1.0, 0.0, 0.0]), np.radians(30.0))
    yield near("x axis turned east by 30 deg, y", float(east[1]), 0.5, 1e-12, "", "closed form")
    altitude_km, period_s, ranges_km, link_km = ORACLES[1]
    radius_km = EARTH_KM + altitude_km
    for elevation_deg, exact_km in zip((10.0, 25.0, 40.0), ranges_km, strict=True):
        found_km = float(geometry.slant_range_km(altitude_km, np.radians(elevation_deg), EARTH_KM))
        name = f"slant range at {elevation_deg:.0f} deg, 550 km"
        yield near(name, found_km, exact_km, HALF_DIGIT, "km", SPHERE)
        yield _elevation(elevation_deg, found_km, radius_km)
    found_s = float(geometry.circular_period_s(radius_km, 398_600.4418))
    yield near("period at 550 km", found_s, period_s, HALF_DIGIT, "s", SPHERE)
    half = np.array([radius_km, 0.5 * link_km])
    height_km = np.sqrt(half[0] ** 2 - half[1] ** 2)
    ends = np.array([[height_km, half[1], 0.0], [height_km, -half[1], 0.0]])
    found_km = float(geometry.grazing_altitude_km(ends[0], ends[1], EARTH_KM))
    # The length has no decimals: half a kilometre of it is 0.2 km of height.
    yield near(f"height that a link of {link_km} km grazes", found_km, 80, 0.25, "km", SPHERE)


def _elevation(elevation_deg: float, range_km: float, radius_km: float) -> Row:
    """A satellite of this range and radius, seen under what elevation: the law of cosines."""
    up_km = (radius_km**2 - EARTH_KM**2 - range_km**2) / (2 * EARTH_KM)
    target_km = np.array([EARTH_KM + up_km, np.sqrt(range_km**2 - up_km**2), 0.0])
    observer_km, vertical = np.array([EARTH_KM, 0.0, 0.0]), np.array([1.0, 0.0, 0.0])
    found = float(np.degrees(geometry.elevation_rad(observer_km, vertical, target_km)))
    name = f"elevation of what is at {range_km:.1f} km"
    return near(name, found, elevation_deg, 1e-9, "deg", "law of cosines")


def other_programs(setting: Setting) -> Iterator[Row]:
    """DSNS in closed form, and Hypatia's SGP4 healthy and with four kinds of loss."""
    inputs.write_hypatia_elements(setting.folder / "hypatia.tle")
    inputs.write_closed_form_elements(setting.folder / "closed.csv", PERIOD_S)
    for k, (case, solver, step_s, count, limit_us) in enumerate(_cases(setting.quick)):
        out, source = setting.folder / str(k), "DSNS" if case == crosscheck.CLOSED else "satgenpy"
        name = f"{_kind(case)}, {solver}, {count * len(inputs.PAIRS)} rows"
        try:
            worst = crosscheck.worst_us(setting.folder, out, case, solver, step_s, count)
        except AssertionError as error:
            yield equal(f"{name}: reachability", f"differs at {error}"[:60], "the same", "", source)
            continue
        yield equal(f"{name}: reachability", "the same", "the same", "", source)
        yield near(f"{name}: latency", worst, 0.0, limit_us, "us", source)


def _cases(quick: bool) -> Iterator[tuple[str, str, int, int, float]]:
    """Case, solver, step in s, count of instants, limit in us."""
    lost = [f"{crosscheck.SGP4}_fail_{name}" for name in LOSSES]
    if quick:
        yield crosscheck.CLOSED, "xla_float64", 600, 10, CLOSED_US
        yield crosscheck.SGP4, "pull_push", 600, 10, SGP4_US
        yield lost[0], "elimination", 600, 10, SGP4_US
        yield lost[3], "xla_int32", 600, 10, SGP4_US
        return
    yield crosscheck.CLOSED, "xla_float64", 60, 100, CLOSED_US
    for solver in SOLVERS:
        yield crosscheck.SGP4, solver, 240, 25, SGP4_US
        for case in lost:
            yield case, solver, 600, 10, SGP4_US


def _kind(case: str) -> str:
    if case == crosscheck.CLOSED:
        return "closed form"
    return f"SGP4, lost {case.partition('_fail_')[2]}" if "_fail_" in case else "SGP4, healthy"


def rotation(setting: Setting) -> Iterator[Row]:
    """A site goes round once in a sidereal day."""
    del setting
    start = JulianDate.parse("2027-01-01T00:00:00Z")
    angle = geometry.gmst82_rad(start, np.array([0.0, 86_164.0905]))
    apart = float(np.degrees((angle[1] - angle[0] + np.pi) % (2 * np.pi) - np.pi))
    yield near("turn of the Earth in a sidereal day", apart, 0.0, 1e-5, "deg", "86,164.0905 s")


CHECKS = (places, rotation, other_programs)
