"""SGP4 against the `sgp4` package: the published verification set, and element sets of a day."""

from collections.abc import Iterator

import numpy as np
from sgp4.api import SatrecArray

from scripts.validation.rows import Row, Setting, equal, near, skipped
from sdn_mc.propagation import near_earth
from sdn_mc.propagation.coefficients import coefficients
from sdn_mc.propagation.deep_space import is_deep_space
from tests.propagation import test_sgp4 as sets

PUBLISHED = "Vallado et al. 2006, tcppver.out"
PACKAGE = "package sgp4"
MOST_M, MOST_FLOAT32_M = 1e-4, 1.0  # design 7
M_PER_KM = 1000.0


def verification_set(setting: Setting) -> Iterator[Row]:
    """The near-earth objects, at every published time."""
    del setting
    of_table, of_package, speed, count = [0.0], [0.0], [0.0], 0
    for record, rows in sets.published().values():
        elements = sets.elements_of([record])
        assert not is_deep_space(elements)[0]
        found = near_earth.states(coefficients(elements), rows[None, :, 0])
        position_km, velocity_km_s = found[0][:, 0], found[1][:, 0]
        known = [record.sgp4_tsince(minutes) for minutes in rows[:, 0]]
        count += len(rows)
        of_table.append(_worst_m(position_km, rows[:, 1:4]))
        of_package.append(_worst_m(position_km, np.array([r for _, r, _ in known])))
        speed.append(_worst_m(velocity_km_s, np.array([v for _, _, v in known])))
    where = f"{count} states of {len(sets.VERIFICATION_NEAR_EARTH)} near-earth objects"
    yield near(f"position, {where}", max(of_table), 0.0, MOST_M, "m", PUBLISHED)
    yield near(f"position, {where}", max(of_package), 0.0, MOST_M, "m", PACKAGE)
    # Ten times what two programs in float64 differ by.
    yield near(f"velocity, {where}", max(speed), 0.0, 1e-6, "m/s", PACKAGE)


def element_sets_of_a_day(setting: Setting) -> Iterator[Row]:
    """All Starlink satellites of one day's catalogue, at five instants of it."""
    if setting.data is None:
        yield skipped("10,746 Starlink element sets", "outside data are not beside the checkout")
        return
    records = sets.records_in(setting.data / "elements" / "starlink_2026-08-22.tle")
    yield equal("Starlink element sets", len(records), 10_746, "sets", "CelesTrak 2026-08-22")
    fraction = sets.SNAPSHOT.fraction + sets.DAY_S / 86_400
    times = np.full(len(fraction), sets.SNAPSHOT.day), fraction
    _, expected_km, _ = SatrecArray(records).sgp4(*times)
    fleet = sets.fleet_of(sets.elements_of(records))
    found = sets.EVERY_AGE.ephemeris(fleet, sets.SNAPSHOT, sets.DAY_S)
    expected_km, found_km = expected_km.transpose(1, 0, 2), found.position_km
    name = f"position, {len(records):,} Starlink sets at {len(fraction)} times"
    yield near(name, _worst_m(found_km, expected_km), 0.0, MOST_M, "m", PACKAGE)
    stored_km = found_km.astype(np.float32).astype(np.float64)
    apart_m = _worst_m(stored_km, expected_km)
    yield near(f"{name}, as float32", apart_m, 0.0, MOST_FLOAT32_M, "m", PACKAGE)


def _worst_m(a_km: np.ndarray, b_km: np.ndarray) -> float:
    return float(np.linalg.norm(a_km - b_km, axis=-1).max()) * M_PER_KM


CHECKS = (verification_set, element_sets_of_a_day)
