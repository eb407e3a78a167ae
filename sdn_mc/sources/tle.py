"""Two-line and three-line element sets, by column, with checksums.

Layout: Hoots and Roehrich 1980 (Spacetrack Report 3); Vallado et al. 2006 (AIAA 2006-6753), app.
A. A name line is optional ("0 " before it too); blank lines, lines that begin with "#", line ends
of any system and text after a blank in column 70 are allowed. Catalogue numbers above 99,999 are
written in Alpha-5: a letter (without I and O) for the first two digits, up to Z9999 = 339,999.
Columns between fields must be blank, which shows lines that are shifted in part.
"""

import re
from typing import NamedTuple

from sdn_mc.sources.element_records import (
    MISTYPED,
    ElementSet,
    day_zero,
    full_year,
)
from sdn_mc.sources.files import Faults

LINE_LENGTH = 69
LINE_END = re.compile(r"\r\n?|\n")
ALPHA_5 = {letter: 10 + k for k, letter in enumerate("ABCDEFGHJKLMNPQRSTUVWXYZ")}
CHECK_VALUE = bytes(
    byte - 48 if 48 <= byte <= 57 else int(byte == ord("-")) for byte in range(256)
)  # digits count their value, a minus sign 1, all else 0
ANGLE = r"(?: {3}| {2}[0-9]| [0-9]{2}|[0-9]{3})\.[0-9]{4}"
DAY = r"(?: {2}[0-9]| [0-9]{2}|[0-9]{3})\.[0-9]{8}"
MOTION = r"(?: {2}| [0-9]|[0-9]{2})\.[0-9]{8}"
DECIMAL = r"[ +-][0-9]{5}[ +-][0-9]"  # with a decimal point assumed before the first digit
NUMBER = r"(?:[0-9A-HJ-NP-Z][0-9]{4}| [0-9]{4}| {2}[0-9]{3}| {3}[0-9]{2}| {4}[0-9])"


class Columns(NamedTuple):
    """A field of a line: columns counted from 1, both included."""

    first: int
    last: int
    what: str
    pattern: str
    allowed: str
    key: str = ""  # group of the pattern, where the value is used


def _blank(column: int) -> Columns:
    return Columns(column, column, "between fields", " ", "a blank")


CHECKSUM = Columns(69, 69, "checksum", "[0-9]", "a digit")
SATELLITE = Columns(3, 7, "catalogue number", NUMBER, "5 digits, or Alpha-5", "number")
FIRST = (
    Columns(1, 2, "line number", "1 ", "'1 '"),
    SATELLITE,
    _blank(9),
    Columns(10, 17, "international designator", "[ -~]{8}", "any text", "designator"),
    _blank(18),
    Columns(19, 20, "epoch year", "[ 0-9][0-9]", "two digits", "year"),
    Columns(21, 32, "epoch day", DAY, "DDD.DDDDDDDD", "day"),
    _blank(33),
    Columns(34, 43, "half of the first derivative", r"[ +0-]\.[0-9]{8}", "like ' .00012345'"),
    _blank(44),
    Columns(45, 52, "sixth of the second derivative", DECIMAL, "like ' 12345-4'"),
    _blank(53),
    Columns(54, 61, "BSTAR", DECIMAL, "like ' 12345-4'", "bstar"),
    _blank(62),
    Columns(63, 63, "ephemeris type", "[ 0-35-9]", "0 (SGP4), not 4 (SGP4-XP)"),
    _blank(64),
    CHECKSUM,
)
SECOND = (
    Columns(1, 2, "line number", "2 ", "'2 '"),
    SATELLITE,
    _blank(8),
    Columns(9, 16, "inclination", ANGLE, "degrees as NNN.NNNN", "inclination"),
    _blank(17),
    Columns(18, 25, "right ascension of the node", ANGLE, "degrees as NNN.NNNN", "raan"),
    _blank(26),
    Columns(
        27, 33, "eccentricity", "[ 0-9]{7}", "7 digits after the decimal point", "eccentricity"
    ),
    _blank(34),
    Columns(35, 42, "argument of perigee", ANGLE, "degrees as NNN.NNNN", "perigee"),
    _blank(43),
    Columns(44, 51, "mean anomaly", ANGLE, "degrees as NNN.NNNN", "anomaly"),
    _blank(52),
    Columns(53, 63, "mean motion", MOTION, "rev/day as NN.NNNNNNNN", "motion"),
    CHECKSUM,
)


def parse_tle(text: str, faults: Faults) -> list[ElementSet]:
    """Every element set of the text; what is wrong with the others is noted in `faults`."""
    lines = [
        (number, line)
        for number, line in enumerate((raw.rstrip() for raw in LINE_END.split(text)), start=1)
        if line and not line.startswith("#")
    ]
    sets: list[ElementSet] = []
    stray: list[tuple[int, str]] = []  # lines that are neither a name nor part of a set
    name, k = "", 0
    while k < len(lines):
        number, line = lines[k]
        following = lines[k + 1] if k + 1 < len(lines) else (number, "")
        if line.startswith("1 ") and (following[1].startswith("2 ") or len(line) >= LINE_LENGTH):
            k += _add_set(name, lines[k], following, sets, faults)
            name = ""
        elif line.startswith("2 ") and len(line) >= LINE_LENGTH:
            _orphan(number, "2", "1", "before", faults)
            name, k = "", k + 1
        else:
            if name:
                stray.append(lines[k - 1])
            name, k = line.removeprefix("0 ").strip() or " ", k + 1
    if name:
        stray.append(lines[-1])
    if sets or len(faults):
        for number, line in stray:
            faults.add(
                number,
                f"line {number}",
                f"{_shown(line)} is neither part of an element set nor the name above one; "
                "delete it, or complete the set",
            )
    return sets


def _add_set(
    name: str,
    first: tuple[int, str],
    second: tuple[int, str],
    sets: list[ElementSet],
    faults: Faults,
) -> int:
    """Add the set, or its faults; the number of lines used."""
    if not second[1].startswith("2 "):
        _orphan(first[0], "1", "2", "after", faults)
        return 1
    one, two = FIRST_PATTERN.match(first[1]), SECOND_PATTERN.match(second[1])
    same = first[1][2:7] == second[1][2:7]
    if one and two and same and _checksum_holds(first[1]) and _checksum_holds(second[1]):
        place = f"lines {first[0]}-{second[0]}"
        found = _element_set(name.strip(), first[0], place, one.groupdict(), two.groupdict())
        if found is not None:
            sets.append(found)
            return 2
    _explain(first, FIRST, faults)
    _explain(second, SECOND, faults)
    if one and two and not same:
        faults.add(
            second[0],
            f"line {second[0]}",
            f"catalogue number {second[1][2:7]}, but line {first[0]} of the same set says "
            f"{first[1][2:7]}; both must be the same; {MISTYPED}",
        )
    if one:
        _explain_day(first[0], one["year"], one["day"], faults)
    return 2


def _element_set(name: str, line: int, place: str, one: dict, two: dict) -> ElementSet | None:
    """The values of a set whose lines have the right form; None if the day is not in the year."""
    year, day = full_year(int(one["year"])), one["day"]
    day_of_year = int(day[:3])
    if not 1 <= day_of_year <= _days_in(year):
        return None
    bstar = one["bstar"].replace(" ", "+")
    return ElementSet(
        line=line,
        place=place,
        name=name,
        number=_catalogue_number(one["number"]),
        designator=_designator(one["designator"]),
        epoch_day=day_zero(year) + day_of_year,
        epoch_fraction=float(day[3:]),
        mean_motion_rev_day=float(two["motion"]),
        eccentricity=float("." + two["eccentricity"].replace(" ", "0")),
        inclination_deg=float(two["inclination"]),
        raan_deg=float(two["raan"]),
        argument_of_perigee_deg=float(two["perigee"]),
        mean_anomaly_deg=float(two["anomaly"]),
        bstar_per_radius=float(f"{bstar[0]}.{bstar[1:6]}e{bstar[6:]}"),
    )


def _catalogue_number(text: str) -> int:
    if text[0] in ALPHA_5:
        return ALPHA_5[text[0]] * 10_000 + int(text[1:])
    return int(text)


def _designator(text: str) -> str:
    """ "25203A" as "2025-203A"; other texts as they are."""
    text = text.strip()
    if text.isascii() and text[:5].isdigit():
        return f"{full_year(int(text[:2]))}-{text[2:]}"
    return text


def _days_in(year: int) -> int:
    return int(day_zero(year + 1) - day_zero(year))


def _checksum_holds(line: str) -> bool:
    return _check_digit(line) == line[68]


def _check_digit(line: str) -> str:
    """Digits of columns 1 to 68 added up, a minus sign as 1, modulo 10."""
    return str(sum(line[:68].encode("latin-1", "replace").translate(CHECK_VALUE)) % 10)


def _explain(numbered: tuple[int, str], columns: tuple[Columns, ...], faults: Faults) -> None:
    """Note what is wrong with the form of one line."""
    number, line = numbered
    if len(line) < LINE_LENGTH:
        faults.add(
            number,
            f"line {number}",
            f"it has {len(line)} characters, an element line has {LINE_LENGTH}; {MISTYPED}",
        )
        return
    if odd := re.search("[^ -~]", line[:LINE_LENGTH]):
        faults.add(
            number,
            f"line {number}, column {odd.start() + 1}",
            f"{odd.group()!r} found, allowed: plain ASCII text in element lines; {MISTYPED}",
        )
        return
    for first, last, what, pattern, allowed, _ in columns:
        found = line[first - 1 : last]
        if not re.fullmatch(pattern, found):
            place = f"column {first}" if first == last else f"columns {first}-{last}"
            faults.add(
                number,
                f"line {number}, {place} ({what})",
                f"{_shown(found)} found, allowed: {allowed}; {MISTYPED}",
            )
            return
    if line[LINE_LENGTH : LINE_LENGTH + 1].strip():
        faults.add(
            number,
            f"line {number}",
            f"{_shown(line[LINE_LENGTH:])} stands right after the checksum in column 69, where a "
            f"blank or the end of the line is allowed; {MISTYPED}",
        )
        return
    if _check_digit(line) != line[68]:
        faults.add(
            number,
            f"line {number}",
            f"the checksum in column 69 is {line[68]}, but the digits of the line give "
            f"{_check_digit(line)}, so that a character is wrong; {MISTYPED}",
        )


def _explain_day(number: int, year: str, day: str, faults: Faults) -> None:
    days = _days_in(full_year(int(year)))
    if not 1 <= int(day[:3]) <= days:
        faults.add(
            number,
            f"line {number}, columns 21-32 (epoch day)",
            f"{day} found, allowed: 1 to {days} in {full_year(int(year))}; {MISTYPED}",
        )


def _orphan(number: int, this: str, other: str, where: str, faults: Faults) -> None:
    faults.add(
        number,
        f"line {number}",
        f"line '{this}' of an element set without its line '{other}' right {where} it; complete "
        "the set, or delete it",
    )


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _pattern(columns: tuple[Columns, ...]) -> re.Pattern[str]:
    """The whole line as one pattern: the fields, anything between them, nothing right after."""
    parts, at = [], 1
    for field in columns:
        parts.append(f"[ -~]{{{field.first - at}}}")
        parts.append(f"(?P<{field.key}>{field.pattern})" if field.key else field.pattern)
        at = field.last + 1
    return re.compile("".join(parts) + r"(?!\S)")


FIRST_PATTERN = _pattern(FIRST)
SECOND_PATTERN = _pattern(SECOND)
