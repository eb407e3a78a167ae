"""True elements at random, written in each format by other code than the readers'."""

import csv
import datetime as dt
import io
import json
import random
from typing import NamedTuple

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # of Alpha-5
OMM_KEYS = ("MEAN_MOTION", "ECCENTRICITY", "INCLINATION", "RA_OF_ASC_NODE", "ARG_OF_PERICENTER",
            "MEAN_ANOMALY", "BSTAR")  # fmt: skip


class Truth(NamedTuple):
    """One satellite's elements as whole numbers of the last place of a two-line set."""

    name: str
    number: int
    designator: str
    year: int
    day_e8: int  # of the year, from 1, in 1e-8 days
    motion_e8: int
    eccentricity_e7: int
    inclination_e4: int
    raan_e4: int
    perigee_e4: int
    anomaly_e4: int
    bstar_mantissa: int  # in 1e-5
    bstar_exponent: int


def random_truth(rng: random.Random, number: int | None = None) -> Truth:
    days = 366 if (year := rng.randint(1957, 2056)) % 4 == 0 else 365
    return Truth(
        name=rng.choice(("", "SAT", "STARLINK-1008", "ISS (ZARYA)", "É-1", "FLOCK 4P 12")),
        number=rng.randint(1, 339_999) if number is None else number,
        designator=rng.choice(("19074B", "98067A", "", "24001ABC")),
        year=year,
        day_e8=rng.randint(10**8, (days + 1) * 10**8 - 1),
        motion_e8=rng.randint(1, 17 * 10**8),
        eccentricity_e7=rng.choice((0, rng.randrange(10**7), rng.randrange(10**4))),
        inclination_e4=rng.randint(0, 180 * 10**4),
        raan_e4=rng.randrange(360 * 10**4),
        perigee_e4=rng.randrange(360 * 10**4),
        anomaly_e4=rng.randrange(360 * 10**4),
        bstar_mantissa=rng.choice((0, rng.randint(-99_999, 99_999))),
        bstar_exponent=rng.randint(-9, 2),
    )


def random_truths(rng: random.Random, most: int = 4) -> list[Truth]:
    return [random_truth(rng, n) for n in rng.sample(range(1, 339_999), rng.randint(1, most))]


def fixed(value: int, places: int, width: int) -> str:
    """A whole number of the last place, written with a point."""
    whole, part = divmod(value, 10**places)
    return f"{whole}.{part:0{places}d}".rjust(width)


def as_tle(t: Truth) -> list[str]:
    """The two lines, and the name above them if there is one."""
    number = f"{t.number:05d}"
    if t.number > 99_999:
        number = LETTERS[t.number // 10_000 - 10] + f"{t.number % 10_000:04d}"
    sign = "-" if t.bstar_mantissa < 0 else " "
    bstar = f"{sign}{abs(t.bstar_mantissa):05d}{t.bstar_exponent:+d}"
    day = fixed(t.day_e8, 8, 12).replace(" ", "0")
    first = (
        f"1 {number}U {t.designator:8} {t.year % 100:02d}{day}  .00000000  00000+0 {bstar} 0  999"
    )
    second = (
        f"2 {number} {fixed(t.inclination_e4, 4, 8)} {fixed(t.raan_e4, 4, 8)} "
        f"{t.eccentricity_e7:07d} {fixed(t.perigee_e4, 4, 8)} {fixed(t.anomaly_e4, 4, 8)} "
        f"{fixed(t.motion_e8, 8, 11)}    1"
    )
    lines = [line + checksum(line) for line in (first, second)]
    return [t.name, *lines] if t.name else lines


def checksum(line: str) -> str:
    return str(sum(int(c) if "0" <= c <= "9" else int(c == "-") for c in line) % 10)


def as_message(t: Truth) -> dict[str, str]:
    """The keywords of an orbit mean-elements message, as texts."""
    day, part = divmod(t.day_e8, 10**8)
    start = dt.datetime(t.year, 1, 1) + dt.timedelta(days=day - 1)
    instant = start + dt.timedelta(microseconds=part * 864)  # 1e-8 days are 864 us
    epoch = instant.isoformat(timespec="microseconds")
    return {
        "OBJECT_NAME": t.name,
        "OBJECT_ID": t.designator,
        "EPOCH": epoch,
        "MEAN_MOTION": fixed(t.motion_e8, 8, 0),
        "ECCENTRICITY": fixed(t.eccentricity_e7, 7, 0),
        "INCLINATION": fixed(t.inclination_e4, 4, 0),
        "RA_OF_ASC_NODE": fixed(t.raan_e4, 4, 0),
        "ARG_OF_PERICENTER": fixed(t.perigee_e4, 4, 0),
        "MEAN_ANOMALY": fixed(t.anomaly_e4, 4, 0),
        "EPHEMERIS_TYPE": "0",
        "CLASSIFICATION_TYPE": "U",
        "NORAD_CAT_ID": str(t.number),
        "ELEMENT_SET_NO": "999",
        "REV_AT_EPOCH": "1",
        "BSTAR": f"{t.bstar_mantissa}e{t.bstar_exponent - 5}",
        "MEAN_MOTION_DOT": "0",
        "MEAN_MOTION_DDOT": "0",
    }


def tle_text(truths: list[Truth]) -> str:
    return "\n".join(line for t in truths for line in as_tle(t)) + "\n"


def csv_text(truths: list[Truth]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(as_message(truths[0])), lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(as_message, truths))
    return out.getvalue()


def json_text(truths: list[Truth], as_numbers: bool = True) -> str:
    """Messages with their numbers as the digits of the truth, or as texts."""
    text = json.dumps([as_message(t) for t in truths], indent=0, ensure_ascii=False)
    if as_numbers:
        for key in (*OMM_KEYS, "NORAD_CAT_ID", "EPHEMERIS_TYPE"):
            head, *parts = text.split(f'"{key}": "')
            text = head + "".join(f'"{key}": ' + part.replace('"', "", 1) for part in parts)
    return text
