"""Orbit mean-elements messages as CelesTrak and Space-Track write them: CSV with a header, or JSON.

Source: CCSDS 502.0-B-3 (Orbit Data Messages), section 4, for the keywords and units: MEAN_MOTION
in rev/day, angles in degrees, BSTAR in 1/Earth radius, EPOCH in UTC. Columns that SGP4 does not use
are ignored. JSON values may be numbers or texts.
"""

import csv
import datetime as dt
import io
import json
from collections.abc import Mapping
from typing import Any

from sdn_mc.core.calendar import UNIX_EPOCH_JD
from sdn_mc.core.constants import S_PER_DAY
from sdn_mc.sources.element_records import MISTYPED, ElementSet
from sdn_mc.sources.files import Faults

NUMBERS = {
    "MEAN_MOTION": "mean_motion_rev_day",
    "ECCENTRICITY": "eccentricity",
    "INCLINATION": "inclination_deg",
    "RA_OF_ASC_NODE": "raan_deg",
    "ARG_OF_PERICENTER": "argument_of_perigee_deg",
    "MEAN_ANOMALY": "mean_anomaly_deg",
    "BSTAR": "bstar_per_radius",
}
REQUIRED = ("EPOCH", "NORAD_CAT_ID", *NUMBERS)
MAX_CATALOGUE_NUMBER = 999_999_999  # nine digits, the widest that 18 SDS has announced
SGP4_XP = "4"  # ephemeris type of elements that SGP4 cannot use
UNIX_EPOCH = dt.datetime(1970, 1, 1)


def parse_csv(text: str, faults: Faults) -> list[ElementSet]:
    """Every element set of an OMM CSV; what is wrong is noted in `faults`."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    sets: list[ElementSet] = []
    header: list[str] | None = None
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if header is None:
                header = [cell.strip().upper() for cell in row]
                if _lacks(header, "the header", reader.line_num, faults):
                    break
                continue
            place = f"line {reader.line_num}"
            if len(row) != len(header):
                faults.add(
                    reader.line_num,
                    place,
                    f"it has {len(row)} columns, the header has {len(header)}; {MISTYPED}",
                )
                continue
            _add(dict(zip(header, row, strict=True)), reader.line_num, place, sets, faults)
    except csv.Error as error:
        faults.add(reader.line_num, f"line {reader.line_num}", f"not CSV ({error}); {MISTYPED}")
    return sets


def parse_json(text: str, faults: Faults) -> list[ElementSet]:
    """Every element set of an OMM JSON list; what is wrong is noted in `faults`."""
    try:
        messages = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        what = getattr(error, "msg", "nested too deeply")
        faults.add(
            line, f"line {line}", f"not JSON ({what}), so that it may be cut off; {MISTYPED}"
        )
        return []
    sets: list[ElementSet] = []
    for k, message in enumerate([messages] if isinstance(messages, dict) else messages, start=1):
        place = f"element set {k}"
        if not isinstance(message, dict):
            faults.add(k, place, f"{message!r:.40} found, allowed: an object with OMM keywords")
        elif not _lacks(message, place, k, faults):
            _add(message, k, place, sets, faults)
    return sets


def _lacks(keys: Any, place: str, line: int, faults: Faults) -> bool:
    """Note the required keywords that are absent."""
    missing = [key for key in REQUIRED if key not in keys]
    if missing:
        faults.add(
            line,
            place,
            f"{', '.join(missing)} missing; needed are {', '.join(REQUIRED)}; download the file "
            "again in CelesTrak's FORMAT=csv or FORMAT=json",
        )
    return bool(missing)


def _add(
    message: Mapping[str, Any], line: int, place: str, sets: list[ElementSet], faults: Faults
) -> None:
    """Add one message, or what is wrong with it."""
    name = str(message.get("OBJECT_NAME") or "").strip()
    place = f"{place} ({name})" if name else place
    before = len(faults)
    if str(message.get("EPHEMERIS_TYPE") or 0).strip() == SGP4_XP:
        faults.add(
            line, place, "EPHEMERIS_TYPE is 4 (SGP4-XP), allowed is 0 (SGP4); leave this set out"
        )
    values = {}
    for key, field in NUMBERS.items():
        values[field] = _number(key, message[key], line, place, faults)
    number = _catalogue_number(message["NORAD_CAT_ID"], line, place, faults)
    day, fraction = _epoch(message["EPOCH"], line, place, faults)
    if len(faults) == before:
        designator = str(message.get("OBJECT_ID") or "").strip()
        sets.append(
            ElementSet(line, place, name, number, designator, day, fraction, **values),
        )


def _number(key: str, value: Any, line: int, place: str, faults: Faults) -> float:
    try:
        if not isinstance(value, bool) and str(value).isascii() and "_" not in str(value):
            return float(value)
    except (TypeError, ValueError, OverflowError):
        pass
    faults.add(line, place, f"{key} is {value!r:.40}, allowed is a number; {MISTYPED}")
    return 0.0


def _catalogue_number(value: Any, line: int, place: str, faults: Faults) -> int:
    text = str(value).strip()
    if text.isascii() and text.isdigit() and 0 < int(text) <= MAX_CATALOGUE_NUMBER:
        return int(text)
    faults.add(
        line, place, f"NORAD_CAT_ID is {value!r:.40}, allowed is 1 to 9 digits, not 0; {MISTYPED}"
    )
    return 0


def _epoch(value: Any, line: int, place: str, faults: Faults) -> tuple[float, float]:
    """Julian day that begins at midnight and the rest of the day, exact to a microsecond."""
    try:
        instant = dt.datetime.fromisoformat(str(value).strip())
    except ValueError:
        faults.add(
            line,
            place,
            f"EPOCH is {value!r:.40}, allowed is an instant in UTC like "
            f"2026-08-22T03:06:00.123456; {MISTYPED}",
        )
        return 0.0, 0.0
    if instant.tzinfo is not None:
        instant = instant.astimezone(dt.UTC).replace(tzinfo=None)
    since = instant - UNIX_EPOCH
    seconds = since.seconds + since.microseconds / 1e6
    return UNIX_EPOCH_JD + since.days, seconds / S_PER_DAY
