"""SGP4 against the published verification set, the `sgp4` package, and real element sets."""

import dataclasses
import itertools
from pathlib import Path

import jax
import numpy as np
import pytest
import sgp4
from sgp4.api import Satrec, SatrecArray

from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.fleet import Elements, Fleet, Status
from sdn_mc.propagation import near_earth
from sdn_mc.propagation.coefficients import coefficients
from sdn_mc.propagation.deep_space import is_deep_space
from sdn_mc.propagation.kozai import kozai_mean_motion_rad_min
from sdn_mc.propagation.sgp4 import Sgp4, mean_elements

PACKAGE = Path(sgp4.__file__).parent
VERIFICATION_NEAR_EARTH = (5, 6251, 22312, 28057, 28350, 28872, 29141, 29238, 88888)

# The fields of `Elements`, in order, as the package names them.
IN_PACKAGE = (
    *("jdsatepoch", "jdsatepochF", "no_kozai", "ecco", "inclo"),
    *("nodeo", "argpo", "mo", "bstar"),
)

# Files of one catalogue snapshot, with their count and how many are deep-space objects.
FILES = {
    "starlink": (10_746, 0),
    "oneweb": (651, 0),
    "kuiper": (391, 0),
    "iridium-next": (80, 0),
    "sda": (71, 0),
    "geo-relay": (74, 74),
    "geo": (576, 576),
    "meo": (164, 164),
    "heo": (40, 40),
}
SNAPSHOT = JulianDate.parse("2026-08-22T02:00:00Z")
DAY_S = np.array([0.0, 17_000.5, 43_200.0, 71_234.0, 86_400.0])

POSITION_KM = 1e-7  # 1e-4 m: ten times the rounding of two float64 programs (7e-6 m found)
VELOCITY_KM_S = 1e-9  # 1e-6 m/s: the same (9e-9 m/s found)
EVERY_AGE = Sgp4(max_age_d=3660.0)


def records_in(path: Path) -> list[Satrec]:
    lines = [line.rstrip("\r\n") for line in path.read_text().splitlines()]
    neighbours = itertools.pairwise(lines)
    return [Satrec.twoline2rv(a, b) for a, b in neighbours if a[:2] == "1 " and b[:2] == "2 "]


def elements_of(records: list[Satrec]) -> Elements:
    return Elements(*(np.array([getattr(r, name) for r in records]) for name in IN_PACKAGE))


def fleet_of(elements: Elements, status=None) -> Fleet:
    none = np.zeros(len(elements), np.int64)
    return Fleet(
        elements=elements,
        status=none.astype(np.int8) if status is None else np.array(status, np.int8),
        plane=none,
        slot=none,
        shell=none,
        layer=none,
        n_terminal=none,
        unit_cost_musd=np.full(len(elements), np.nan),
        group={},
        labels=(),
        reference=elements.newest_epoch(),
        catalogue=None,
    )


def circular(altitude_km, inclination_deg, n_sat: int, bstar: float = 0.0) -> Elements:
    """Satellites spread over one orbit, B* as given; epoch at the snapshot."""
    every = np.ones(n_sat)
    inclination_rad = np.radians(inclination_deg) * every
    axis_km = (6378.137 + altitude_km) * every
    return Elements(
        epoch_day=SNAPSHOT.day * every,
        epoch_fraction=SNAPSHOT.fraction * every,
        mean_motion_rad_min=kozai_mean_motion_rad_min(axis_km, 0 * every, inclination_rad),
        eccentricity=0 * every,
        inclination_rad=inclination_rad,
        raan_rad=0.5 * every,
        argument_of_perigee_rad=0 * every,
        mean_anomaly_rad=np.linspace(0, 6, n_sat),
        bstar_per_radius=bstar * every,
    )


def published() -> dict[int, tuple[Satrec, np.ndarray]]:
    """The near-earth objects of Vallado et al. 2006 and their published rows."""
    by_number = {r.satnum: r for r in records_in(PACKAGE / "SGP4-VER.TLE")}
    blocks: dict[int, list[list[float]]] = {}
    for line in (PACKAGE / "tcppver.out").read_text().splitlines():
        words = line.split()
        if words[1:] == ["xx"]:
            number = int(words[0])
            blocks.setdefault(number, [])
        elif words:
            blocks[number].append([float(word) for word in words[:7]])
    return {n: (by_number[n], np.array(blocks[n])) for n in VERIFICATION_NEAR_EARTH}


@pytest.fixture(scope="module")
def verification() -> dict[int, tuple[Satrec, np.ndarray]]:
    return published()


@pytest.mark.parametrize("number", VERIFICATION_NEAR_EARTH)
def test_verification_objects_move_as_published_and_as_the_package_says(verification, number):
    record, rows = verification[number]
    elements = elements_of([record])
    assert not is_deep_space(elements)[0]
    position_km, velocity_km_s, code = near_earth.states(coefficients(elements), rows[None, :, 0])
    assert not code.any()
    np.testing.assert_allclose(position_km[:, 0], rows[:, 1:4], rtol=0, atol=POSITION_KM)
    for row, here_km, speed_km_s in zip(rows, position_km[:, 0], velocity_km_s[:, 0], strict=True):
        error, r, v = record.sgp4_tsince(row[0])
        assert error == 0
        np.testing.assert_allclose(here_km, r, rtol=0, atol=POSITION_KM)
        np.testing.assert_allclose(speed_km_s, v, rtol=0, atol=VELOCITY_KM_S)


@pytest.mark.parametrize("name", FILES)
def test_real_element_sets_agree_with_the_package_for_a_day(shared_data, name):
    records = records_in(shared_data / "elements" / f"{name}_2026-08-22.tle")
    elements, (count, n_deep) = elements_of(records), FILES[name]
    assert len(records) == count and is_deep_space(elements).sum() == n_deep
    fraction = SNAPSHOT.fraction + DAY_S / 86_400
    error, r, v = SatrecArray(records).sgp4(np.full(len(DAY_S), SNAPSHOT.day), fraction)
    assert not error.any()
    ephemeris = EVERY_AGE.ephemeris(fleet_of(elements), SNAPSHOT, DAY_S)
    assert not ephemeris.status.any()
    expected_km = r.transpose(1, 0, 2)
    if n_deep:
        np.testing.assert_array_equal(ephemeris.position_km, expected_km)
        return
    np.testing.assert_allclose(ephemeris.position_km, expected_km, rtol=0, atol=POSITION_KM)
    minutes = elements.minutes_since_epoch(SNAPSHOT)[:, None] + DAY_S / 60
    _, velocity_km_s, _ = near_earth.states(coefficients(elements), minutes)
    np.testing.assert_allclose(velocity_km_s, v.transpose(1, 0, 2), rtol=0, atol=VELOCITY_KM_S)
    stored_km = ephemeris.position_km.astype(np.float32).astype(np.float64)
    # Half a unit of the last place of 8,000 km in float32 is 0.24 m an axis.
    assert np.linalg.norm(stored_km - expected_km, axis=-1).max() < 1e-3


@pytest.mark.parametrize("name", ["oneweb", "sda", "meo", "heo"])
def test_mean_elements_are_those_the_package_leaves_behind(shared_data, name):
    records = records_in(shared_data / "elements" / f"{name}_2026-08-22.tle")
    found = mean_elements(elements_of(records), SNAPSHOT)
    for record in records:
        record.sgp4(*SNAPSHOT)
    names = ("am", "em", "im", "Om", "om", "mm")
    axis, e, tilt, node, perigee, anomaly = (
        np.array([getattr(record, name) for record in records]) for name in names
    )

    def apart_deg(found_deg, expected_rad):
        return np.abs((found_deg - np.rad2deg(expected_rad) + 180) % 360 - 180).max()

    assert not found.error.any()
    np.testing.assert_allclose(found.altitude_km, (axis - 1) * 6378.135, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.eccentricity, e, rtol=0, atol=1e-15)
    # Angles of some hundred radians are rounded to 5e-14 rad, then wrapped: 1e-9 deg is plenty.
    assert apart_deg(found.inclination_deg, tilt) < 1e-9
    assert apart_deg(found.raan_deg, node) < 1e-9
    assert apart_deg(found.argument_of_latitude_deg, perigee + anomaly) < 1e-9


def test_a_satellite_the_package_cannot_propagate_fails_and_its_neighbours_do_not():
    # 33334 of the verification set: error 3 at its epoch, by design.
    records = records_in(PACKAGE / "SGP4-VER.TLE")
    bad = next(r for r in records if r.satnum == 33334)
    good = next(r for r in records if r.satnum == 5)
    elements = elements_of([good, bad])
    moved = dataclasses.replace(
        elements,
        epoch_day=elements.epoch_day[[1, 1]],
        epoch_fraction=elements.epoch_fraction[[1, 1]],
    )
    ephemeris = EVERY_AGE.ephemeris(fleet_of(moved), moved.newest_epoch(), np.array([0.0]))
    np.testing.assert_array_equal(ephemeris.status, [Status.IN_SERVICE, Status.PROPAGATION_ERROR])
    np.testing.assert_array_equal(ephemeris.mean.error, [0, 3])
    np.testing.assert_array_equal(ephemeris.position_km[:, 1], 0.0)
    assert np.linalg.norm(ephemeris.position_km[0, 0]) > 6378


def test_one_that_decays_in_the_window_leaves_every_bit_of_its_neighbours():
    healthy = circular(550.0, 53.0, 9)
    doomed = circular(180.0, 53.0, 9, bstar=0.05)
    k = 4
    mixed = jax.tree.map(lambda a, b: np.where(np.arange(9) == k, b, a), healthy, doomed)
    time_s = np.arange(0.0, 3 * 86_400, 3600)
    with_it = EVERY_AGE.ephemeris(fleet_of(mixed), SNAPSHOT, time_s)
    without = EVERY_AGE.ephemeris(fleet_of(healthy), SNAPSHOT, time_s)
    assert with_it.mean.error[k] == 0, "it flies when the window opens"
    _, code = near_earth.positions(
        coefficients(mixed), np.broadcast_to(time_s / 60, (9, len(time_s)))
    )
    assert code[k, 0] == 0 and code[k].any(), "and is lost inside the window"
    assert not np.delete(code, k, axis=0).any()
    assert with_it.status[k] == Status.PROPAGATION_ERROR
    others = np.arange(9) != k
    np.testing.assert_array_equal(with_it.status[others], Status.IN_SERVICE)
    np.testing.assert_array_equal(with_it.position_km[:, others], without.position_km[:, others])
    np.testing.assert_array_equal(with_it.position_km[:, k], 0.0)


def test_impossible_elements_fail_alone_and_nothing_is_nan():
    elements = circular(550.0, 53.0, 4)
    bad = dataclasses.replace(
        elements,
        eccentricity=np.array([0.0, 1.1, 0.0, 0.0]),
        mean_motion_rad_min=elements.mean_motion_rad_min * [1, 1, -1, 1],
    )
    ephemeris = EVERY_AGE.ephemeris(fleet_of(bad), SNAPSHOT, np.array([0.0, 600.0]))
    np.testing.assert_array_equal(ephemeris.status != 0, [False, True, True, False])
    assert np.isfinite(ephemeris.position_km).all()
    assert all(np.isfinite(values).all() for values in ephemeris.mean)
    intact = EVERY_AGE.ephemeris(fleet_of(elements), SNAPSHOT, np.array([0.0, 600.0]))
    np.testing.assert_array_equal(ephemeris.position_km[:, [0, 3]], intact.position_km[:, [0, 3]])


def test_elements_too_old_at_either_end_of_the_window_fail():
    elements = circular(550.0, 53.0, 4)
    aged = dataclasses.replace(
        elements, epoch_day=elements.epoch_day + np.array([0.0, -4.5, -3.9, 5.1])
    )
    week = Sgp4(max_age_d=5.0)
    ephemeris = week.ephemeris(fleet_of(aged), SNAPSHOT, np.array([0.0, 86_400.0]))
    np.testing.assert_array_equal(ephemeris.status != 0, [False, True, False, True])
    np.testing.assert_allclose(ephemeris.mean.age_d, [0.0, 4.5, 3.9, -5.1], atol=1e-12)


def test_who_carried_no_traffic_keeps_that_reason():
    elements = circular(550.0, 53.0, 4)
    bad = dataclasses.replace(elements, eccentricity=np.array([1.1, 1.1, 1.1, 0.0]))
    given = [Status.IN_SERVICE, Status.LONE_PLANE, Status.OFF_BAND, Status.OFF_BAND]
    ephemeris = EVERY_AGE.ephemeris(fleet_of(bad, given), SNAPSHOT, np.array([0.0]))
    failed = Status.PROPAGATION_ERROR
    np.testing.assert_array_equal(
        ephemeris.status, [failed, failed, Status.OFF_BAND, Status.OFF_BAND]
    )
    assert np.linalg.norm(ephemeris.position_km[0, 3]) > 6378


# First-order J2 drift of the node, deg/day, of circular orbits over a sphere of 6378.137 km.
@pytest.mark.parametrize(
    ("altitude_km", "inclination_deg", "drift_deg_d"),
    [
        (550, 53, -4.4892),
        (570, 70, -2.5257),
        (560, 97.6, 0.9816),
        (1000, 81, -0.9362),
        (1200, 87.9, -0.1997),
        (780, 86.4, -0.4178),
    ],
)
def test_nodes_drift_as_j2_moves_them(altitude_km, inclination_deg, drift_deg_d):
    elements = circular(altitude_km, inclination_deg, 1)
    before = mean_elements(elements, SNAPSHOT).raan_deg
    after = mean_elements(elements, SNAPSHOT.plus_s(86_400.0)).raan_deg
    # SGP4 adds J2^2 and J4: at most 1e-3 and 3e-3 of it, near the poles.
    assert (after - before)[0] == pytest.approx(drift_deg_d, rel=4e-3)


def test_new_elements_of_the_same_count_compile_nothing():
    time_s = np.linspace(0, 5400, 11)
    EVERY_AGE.ephemeris(fleet_of(circular(550.0, 53.0, 13)), SNAPSHOT, time_s)
    kernels = (near_earth._position_kernel, near_earth._secular_kernel)
    traced = [kernel._cache_size() for kernel in kernels]
    Sgp4(max_age_d=7.0).ephemeris(fleet_of(circular(1000.0, 81.0, 13, 1e-4)), SNAPSHOT, time_s + 1)
    assert [kernel._cache_size() for kernel in kernels] == traced


def test_long_windows_are_computed_in_blocks_with_the_same_result(monkeypatch):
    fleet, time_s = fleet_of(circular(550.0, 53.0, 7)), np.linspace(0, 86_400, 50)
    whole = EVERY_AGE.ephemeris(fleet, SNAPSHOT, time_s)
    monkeypatch.setattr("sdn_mc.propagation.sgp4.BLOCK_STATES", 100)
    split = EVERY_AGE.ephemeris(fleet, SNAPSHOT, time_s)
    # Vector and scalar forms of sine may differ in the last bit of 1e5 rad of phase: 1e-10 km.
    np.testing.assert_allclose(split.position_km, whole.position_km, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(split.status, whole.status)
