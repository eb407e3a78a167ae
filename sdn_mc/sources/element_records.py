"""Element sets of any format, checked together and turned into `ElementRecords`.

Units follow the files (revolutions a day, degrees) up to here and SGP4 (rad/min, rad) afterwards.
Full double precision is kept. Two sets of one catalogue number: the newer one is kept and a note
says so; two with the same epoch contradict each other and are refused.
"""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from sdn_mc.core.calendar import UNIX_EPOCH_JD
from sdn_mc.core.constants import MIN_PER_DAY, TWO_PI
from sdn_mc.core.fleet import Catalogue, Elements
from sdn_mc.core.problems import InputError
from sdn_mc.core.records import ElementRecords
from sdn_mc.sources.files import Faults

FIRST_TWO_DIGIT_YEAR = 57  # 57-99 are 19xx, 00-56 are 20xx (Sputnik's year; the TLE convention)
RAD_PER_DEG = np.pi / 180
REV_DAY_PER_RAD_MIN = MIN_PER_DAY / TWO_PI
FORMATS = "two-line or three-line element sets, OMM CSV and OMM JSON (CelesTrak's FORMAT=csv, json)"
MISTYPED = "correct it, or download the file again"


class ElementSet(NamedTuple):
    """One satellite's set as its file gives it."""

    line: int  # orders the faults: line number, or count of the set
    place: str  # how a message names it: "line 12", "element set 4"
    name: str
    number: int
    designator: str
    epoch_day: float
    epoch_fraction: float
    mean_motion_rev_day: float
    eccentricity: float
    inclination_deg: float
    raan_deg: float
    argument_of_perigee_deg: float
    mean_anomaly_deg: float
    bstar_per_radius: float


class Range(NamedTuple):
    """The allowed values of one column."""

    field: str
    what: str
    low: float
    high: float
    open_low: bool = False
    open_high: bool = False


RANGES = (
    Range("mean_motion_rev_day", "mean motion, rev/day,", 0.0, 100.0, True, True),
    Range("eccentricity", "eccentricity", 0.0, 1.0, open_high=True),
    Range("inclination_deg", "inclination, deg,", 0.0, 180.0),
    Range("raan_deg", "right ascension of the node, deg,", -360.0, 360.0),
    Range("argument_of_perigee_deg", "argument of perigee, deg,", -360.0, 360.0),
    Range("mean_anomaly_deg", "mean anomaly, deg,", -360.0, 360.0),
    Range("bstar_per_radius", "BSTAR, 1/Earth radius,", -np.inf, np.inf),
)


def records_of(sets: Sequence[ElementSet], faults: Faults, origin: str) -> ElementRecords:
    """Checked records in file order; raises every fault, those noted before included."""
    columns = {r.field: np.array([getattr(s, r.field) for s in sets], np.float64) for r in RANGES}
    _check_ranges(columns, sets, faults)
    newest = _newest(sets, faults)
    faults.raise_all()
    if not sets:
        raise InputError(f"{origin}: it holds no element set; allowed are {FORMATS}")
    kept = [sets[k] for k in newest]
    notes: tuple[str, ...] = ()
    if len(kept) < len(sets):
        dropped = len(sets) - len(kept)
        notes = (f"{origin}: {dropped} older element sets of satellites listed twice were dropped",)
    catalogue = Catalogue(
        tuple(s.name for s in kept),
        tuple(s.number for s in kept),
        tuple(s.designator for s in kept),
    )
    elements = _elements(kept, {name: column[newest] for name, column in columns.items()})
    return ElementRecords(elements, catalogue, origin, notes)


def full_year(two_digits: int) -> int:
    """The year of a two-digit year in an element set."""
    return two_digits + (1900 if two_digits >= FIRST_TWO_DIGIT_YEAR else 2000)


def day_zero(year: int) -> float:
    """Julian date of the midnight on which day of year 0 begins: 31 December of the year before."""
    unix_day = dt.date(year, 1, 1).toordinal() - dt.date(1970, 1, 1).toordinal()
    return UNIX_EPOCH_JD + unix_day - 1


def _elements(
    sets: Sequence[ElementSet], columns: dict[str, Float64[np.ndarray, " sat"]]
) -> Elements:
    return Elements(
        epoch_day=np.array([s.epoch_day for s in sets], np.float64),
        epoch_fraction=np.array([s.epoch_fraction for s in sets], np.float64),
        mean_motion_rad_min=columns["mean_motion_rev_day"] / REV_DAY_PER_RAD_MIN,
        eccentricity=columns["eccentricity"],
        inclination_rad=columns["inclination_deg"] * RAD_PER_DEG,
        raan_rad=columns["raan_deg"] * RAD_PER_DEG,
        argument_of_perigee_rad=columns["argument_of_perigee_deg"] * RAD_PER_DEG,
        mean_anomaly_rad=columns["mean_anomaly_deg"] * RAD_PER_DEG,
        bstar_per_radius=columns["bstar_per_radius"],
    )


def _check_ranges(
    columns: dict[str, Float64[np.ndarray, " sat"]], sets: Sequence[ElementSet], faults: Faults
) -> None:
    for field, what, low, high, open_low, open_high in RANGES:
        value = columns[field]
        above = value > low if open_low else value >= low
        below = value < high if open_high else value <= high
        for k in np.flatnonzero(~(above & below & np.isfinite(value))).tolist():
            allowed = _allowed(low, high, open_low, open_high)
            faults.add(
                sets[k].line,
                sets[k].place,
                f"{what} is {value[k]:.10g}, allowed {allowed}; {MISTYPED}",
            )


def _allowed(low: float, high: float, open_low: bool, open_high: bool) -> str:
    if not np.isfinite(high):
        return "is a finite number"
    if not open_high:
        return f"are {low:g} to {high:g}"
    return f"are numbers {'above' if open_low else 'from'} {low:g} and below {high:g}"


def _newest(sets: Sequence[ElementSet], faults: Faults) -> list[int]:
    """Indices of the sets to keep, in file order: the newest of each catalogue number."""
    kept: dict[int, int] = {}
    for k, new in enumerate(sets):
        old = sets[kept.setdefault(new.number, k)]
        if old is new:
            continue
        ahead = (new.epoch_day - old.epoch_day) + (new.epoch_fraction - old.epoch_fraction)
        if ahead == 0:
            faults.add(
                new.line,
                new.place,
                f"satellite {new.number} stands here and at {old.place} with the same epoch, and "
                "allowed is one set for each satellite and epoch; delete one of them",
            )
        elif ahead > 0:
            kept[new.number] = k
    return sorted(kept.values())
