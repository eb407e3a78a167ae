"""Orbit mean-elements messages as CelesTrak and Space-Track write them: CSV with a header, or JSON.

Source: CCSDS 502.0-B-3 (Orbit Data Messages), section 4, for the keywords and units: MEAN_MOTION
in rev/day, angles in degrees, BSTAR in 1/Earth radius, EPOCH in UTC. Where a message names its
theory, centre, frame or time system, they must be those of SGP4. Columns that SGP4 does not use are
ignored. JSON values may be numbers or texts. A keyword given twice is refused.
"""

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Mapping
from typing import Any

from sdn_mc.core.calendar import UNIX_EPOCH_JD
from sdn_mc.core.constants import S_PER_DAY
from sdn_mc.sources.element_records import MISTYPED, ElementSet
from sdn_mc.sources.files import CONTROL, Faults, decimal

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
MEANT = {  # what SGP4 takes elements to be; "" where the message does not say
    "EPHEMERIS_TYPE": ("", "0", "1", "2", "3", "5"),  # 4 is SGP4-XP, 6 is not general perturbations
    "MEAN_ELEMENT_THEORY": ("", "SGP4", "SGP/SGP4"),
    "CENTER_NAME": ("", "EARTH"),
    "REF_FRAME": ("", "TEME"),
    "TIME_SYSTEM": ("", "UTC"),
}
INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})?"
)
FIRST_YEAR, LAST_YEAR = 1957, 2099  # of epochs: from Sputnik on
UNIX_EPOCH = dt.datetime(1970, 1, 1)


def parse_csv(text: str, faults: Faults) -> list[ElementSet]:
    """Every element set of an OMM CSV; what is wrong is noted in `faults`."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    sets: list[ElementSet] = []
    header: list[str] | None = None
    try:
        for row in reader:
            place = f"line {reader.line_num}"
            if any("\n" in cell or "\r" in cell for cell in row):
                faults.add(reader.line_num, place, f"a text runs over several lines; {MISTYPED}")
                continue
            if not any(cell.strip() for cell in row):
                continue
            if header is None:
                header = [cell.strip().upper() for cell in row]
                if _lacks(header, "the header", reader.line_num, faults):
                    break
                if twice := sorted({key for key in header if key and header.count(key) > 1}):
                    _twice(twice, "the header", reader.line_num, faults)
                    break
                continue
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
        messages = json.loads(text, object_pairs_hook=_Message)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        what = getattr(error, "msg", "nested too deeply, or with a number of thousands of digits")
        faults.add(
            line, f"line {line}", f"not JSON ({what}), so that it may be cut off; {MISTYPED}"
        )
        return []
    sets: list[ElementSet] = []
    for k, message in enumerate(
        [messages] if isinstance(messages, _Message) else messages, start=1
    ):
        place = f"element set {k}"
        if not isinstance(message, _Message):
            faults.add(k, place, f"{message!r:.40} found, allowed: an object with OMM keywords")
        elif message.twice:
            _twice(message.twice, place, k, faults)
        elif not _lacks(message, place, k, faults):
            _add(message, k, place, sets, faults)
    return sets


class _Message(dict[str, Any]):
    """An object of JSON that knows which of its keys were given twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        keys = [key for key, _ in pairs] if len(self) < len(pairs) else []
        self.twice = sorted({key for key in keys if keys.count(key) > 1})


def _twice(keys: list[str], place: str, line: int, faults: Faults) -> None:
    faults.add(line, place, f"{', '.join(keys):.80} given twice; keep one of them")


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
    name = _text("OBJECT_NAME", message, line, place, faults)
    place = f"{place} ({name:.40})" if name else place
    before = len(faults)
    for key, allowed in MEANT.items():
        found = _text(key, message, line, place, faults)
        if found.upper() not in allowed:
            faults.add(
                line,
                place,
                f"{key} is {found:.40}, allowed {', '.join(allowed[1:])}; leave this set out, as "
                "SGP4 cannot use it (nor elements of SGP4-XP)",
            )
    values = {}
    for key, field in NUMBERS.items():
        values[field] = _number(key, message[key], line, place, faults)
    number = _catalogue_number(message["NORAD_CAT_ID"], line, place, faults)
    day, fraction = _epoch(message["EPOCH"], line, place, faults)
    designator = _text("OBJECT_ID", message, line, place, faults)
    if len(faults) == before:
        sets.append(
            ElementSet(line, place, name, number, designator, day, fraction, **values),
        )


def _text(key: str, message: Mapping[str, Any], line: int, place: str, faults: Faults) -> str:
    """A text or a whole number as a text of one line; "" where there is none."""
    value = message.get(key)
    if isinstance(value, str | int) and not isinstance(value, bool):
        text = str(value).strip()
        if not CONTROL.search(text) and "\n" not in text and "\r" not in text:
            return text
    elif value is None:
        return ""
    faults.add(line, place, f"{key} is {value!r:.40}, allowed is a text of one line; {MISTYPED}")
    return ""


def _number(key: str, value: Any, line: int, place: str, faults: Faults) -> float:
    found = decimal(value) if isinstance(value, str) else value
    try:
        if isinstance(found, int | float) and not isinstance(found, bool):
            return float(found)
    except OverflowError:
        pass
    faults.add(line, place, f"{key} is {value!r:.40}, allowed is a number; {MISTYPED}")
    return 0.0


def _catalogue_number(value: Any, line: int, place: str, faults: Faults) -> int:
    text = str(value).strip()
    if re.fullmatch("0*[1-9][0-9]{0,8}", text):
        return int(text.lstrip("0"))
    faults.add(
        line, place, f"NORAD_CAT_ID is {value!r:.40}, allowed is 1 to 9 digits, not 0; {MISTYPED}"
    )
    return 0


def _epoch(value: Any, line: int, place: str, faults: Faults) -> tuple[float, float]:
    """Julian day that begins at midnight and the rest of the day, exact to a microsecond."""
    text = str(value).strip()
    try:
        instant = dt.datetime.fromisoformat(text) if INSTANT.fullmatch(text) else None
    except ValueError:
        instant = None
    if instant is None or not FIRST_YEAR <= instant.year <= LAST_YEAR:
        faults.add(
            line,
            place,
            f"EPOCH is {value!r:.40}, allowed is an instant in UTC like "
            f"2026-08-22T03:06:00.123456, {FIRST_YEAR} to {LAST_YEAR}; {MISTYPED}",
        )
        return 0.0, 0.0
    if instant.tzinfo is not None:
        instant = instant.astimezone(dt.UTC).replace(tzinfo=None)
    since = instant - UNIX_EPOCH
    seconds = since.seconds + since.microseconds / 1e6
    return UNIX_EPOCH_JD + since.days, seconds / S_PER_DAY
