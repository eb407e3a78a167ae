"""Fleets for tests of planes and meshes: Walker patterns on circles, and real element files."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from sgp4.api import WGS72, Satrec, SatrecArray, jday

from sdn_mc.constellation.recover import Recovered, recover
from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.constants import WGS72_MU_KM3_S2, WGS72_RADIUS_KM
from sdn_mc.core.fleet import Catalogue, Elements, Fleet
from sdn_mc.core.scene import Ephemeris, MeanElements

START = JulianDate(*jday(2026, 8, 22, 0, 0, 0))


class Orbits(NamedTuple):
    """A fleet and where it is."""

    fleet: Fleet
    ephemeris: Ephemeris


def walker_elements(
    n_plane: int,
    n_slot: int,
    phasing: int,
    inclination_deg: float,
    altitude_km: float,
    span_deg: float = 360.0,
) -> MeanElements:
    """Plane by plane, slot by slot: node span * p / P, phase 360 s / S + 360 F p / T."""
    n_sat = n_plane * n_slot
    plane, slot = np.divmod(np.arange(n_sat), n_slot)
    return MeanElements(
        altitude_km=np.full(n_sat, float(altitude_km)),
        inclination_deg=np.full(n_sat, float(inclination_deg)),
        raan_deg=(span_deg * plane / n_plane) % 360.0,
        argument_of_latitude_deg=(360.0 * slot / n_slot + 360.0 * phasing * plane / n_sat) % 360.0,
        eccentricity=np.zeros(n_sat),
        age_d=np.zeros(n_sat),
        error=np.zeros(n_sat, int),
    )  # fmt: skip


def walker(
    n_plane: int,
    n_slot: int,
    phasing: int,
    inclination_deg: float,
    altitude_km: float,
    span_deg: float = 360.0,
    time_s: tuple[float, ...] = (0.0,),
    n_terminal: int = 4,
) -> Orbits:
    """A Walker fleet with the planes and slots it was made with."""
    mean = walker_elements(n_plane, n_slot, phasing, inclination_deg, altitude_km, span_deg)
    plane, slot = np.divmod(np.arange(n_plane * n_slot), n_slot)
    zero = np.zeros(len(plane), int)
    place = Recovered(plane, plane, zero, slot, zero.astype(np.int8), ())
    return Orbits(
        fleet_of(place, n_terminal), circular(mean, place.status, np.array(time_s, float))
    )  # fmt: skip


def fleet_of(place: Recovered, n_terminal: int = 4) -> Fleet:
    """A fleet with that place in the pattern, and elements that are not looked at."""
    n_sat = len(place.plane)
    zero = np.zeros(n_sat)
    names = tuple(f"S{k}" for k in range(n_sat))
    return Fleet(
        elements=Elements(*[zero] * 9),
        status=place.status,
        plane=place.plane,
        slot=place.slot,
        shell=place.shell,
        layer=place.layer,
        n_terminal=np.full(n_sat, n_terminal),
        unit_cost_musd=np.full(n_sat, np.nan),
        group={"constellation": np.zeros(n_sat, int)},
        labels=(("constellation", ("test",)),),
        reference=START,
        catalogue=Catalogue(names, tuple(range(1, n_sat + 1)), ("",) * n_sat),
    )


def circular(mean: MeanElements, status: np.ndarray, time_s: np.ndarray) -> Ephemeris:
    """Two-body motion on circles."""
    radius_km = WGS72_RADIUS_KM + mean.altitude_km
    speed_rad_s = np.sqrt(WGS72_MU_KM3_S2 / radius_km**3)
    node, tilt = np.radians(mean.raan_deg), np.radians(mean.inclination_deg)
    phase = np.radians(mean.argument_of_latitude_deg) + speed_rad_s * time_s[:, None]
    x = np.cos(node) * np.cos(phase) - np.sin(node) * np.cos(tilt) * np.sin(phase)
    y = np.sin(node) * np.cos(phase) + np.cos(node) * np.cos(tilt) * np.sin(phase)
    z = np.sin(tilt) * np.sin(phase)
    position_km = radius_km[:, None] * np.stack([x, y, z], axis=-1)
    return Ephemeris(START, time_s, position_km, status, mean)


def read_sets(folder: Path, name: str) -> list[Satrec]:
    """The three-line sets of a file, parsed by the sgp4 package."""
    path = folder / "elements" / f"{name}_2026-08-22.tle"
    if not path.is_file():
        pytest.skip(f"{path.name} is not there")
    lines = path.read_text().splitlines()
    return [
        Satrec.twoline2rv(lines[k + 1], lines[k + 2], WGS72) for k in range(0, len(lines) - 2, 3)
    ]


def secular_elements(sets: list[Satrec], hours: float = 0.0) -> MeanElements:
    """Mean elements at the start or later: what the sgp4 package leaves behind after a call."""
    found = np.empty((len(sets), 6))
    error = np.empty(len(sets), int)
    for k, one in enumerate(sets):
        fraction = START.fraction + hours / 24
        error[k] = one.sgp4(START.day, fraction)[0]
        age_d = (START.day - one.jdsatepoch) + (fraction - one.jdsatepochF)
        node, phase = np.degrees(one.Om) % 360.0, np.degrees(one.om + one.mm) % 360.0
        altitude_km = (one.am - 1.0) * WGS72_RADIUS_KM
        found[k] = altitude_km, np.degrees(one.im), node, phase, one.em, age_d
    return MeanElements(*found.T.copy(), error=error)


def real_fleet(sets: list[Satrec], time_s: np.ndarray, n_terminal: int = 4) -> Orbits:
    """A recovered fleet and its SGP4 positions."""
    mean = secular_elements(sets)
    place = recover(mean)
    fraction = START.fraction + time_s / 86_400
    _, position_km, _ = SatrecArray(sets).sgp4(np.full(len(time_s), START.day), fraction)
    position_km = np.ascontiguousarray(position_km.transpose(1, 0, 2))
    ephemeris = Ephemeris(START, time_s, position_km, place.status, mean)
    return Orbits(fleet_of(place, n_terminal), ephemeris)
