"""Element files as enemies: what is written is read back, and what is damaged is refused."""

import csv
import datetime as dt
import io
import json
import random
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sgp4.api import Satrec

from sdn_mc.core.records import ElementRecords
from sdn_mc.sources.element_files import parse_elements, read_elements
from tests.fuzz.elements import (
    OMM_KEYS,
    as_tle,
    checksum,
    csv_text,
    json_text,
    random_truths,
    tle_text,
)
from tests.fuzz.harness import SIZES, hold
from tests.fuzz.mutations import changed, encoded
from tests.sources.test_element_files import FIELDS

UNIX_EPOCH_JD = 2440587.5
DEG = np.pi / 180
REV_DAY = 1440 / (2 * np.pi)
OMM_FIELDS = {  # of Elements: keyword, what one of its units is
    "mean_motion_rad_min": ("MEAN_MOTION", 1 / REV_DAY),
    "eccentricity": ("ECCENTRICITY", 1.0),
    "inclination_rad": ("INCLINATION", DEG),
    "raan_rad": ("RA_OF_ASC_NODE", DEG),
    "argument_of_perigee_rad": ("ARG_OF_PERICENTER", DEG),
    "mean_anomaly_rad": ("MEAN_ANOMALY", DEG),
    "bstar_per_radius": ("BSTAR", 1.0),
}


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "elements.txt"


def reader(file: Path):
    def read(data: bytes) -> ElementRecords:
        return read_elements(file, "fleet.txt")

    return read


def writer(file: Path, text_of, more=()):
    """Makes a case: the bytes, which are in the file by then."""

    def make(rng: random.Random) -> bytes:
        data = encoded(changed(text_of(random_truths(rng)), rng, more), rng)
        file.write_bytes(data)
        return data

    return make


# ---- what is written is read back


@given(st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_what_is_written_in_any_format_is_read_back_as_it_was(rng):
    truths = random_truths(rng)
    texts = [tle_text(truths), csv_text(truths), json_text(truths), json_text(truths, False)]
    for text in texts:
        records = parse_elements(text, "fleet.txt")
        assert records.catalogue.number == tuple(t.number for t in truths)
        assert records.catalogue.name == tuple(t.name for t in truths)
        for k, t in enumerate(truths):
            e = records.elements
            # Decimal numbers are read to the nearest float, and scaled once: 1 ulp.
            near(e.mean_motion_rad_min[k], float(Decimal(t.motion_e8) / 10**8) / REV_DAY, 1)
            near(e.eccentricity[k], float(Decimal(t.eccentricity_e7) / 10**7), 0)
            near(e.inclination_rad[k], float(Decimal(t.inclination_e4) / 10**4) * DEG, 1)
            near(e.raan_rad[k], float(Decimal(t.raan_e4) / 10**4) * DEG, 1)
            near(e.argument_of_perigee_rad[k], float(Decimal(t.perigee_e4) / 10**4) * DEG, 1)
            near(e.mean_anomaly_rad[k], float(Decimal(t.anomaly_e4) / 10**4) * DEG, 1)
            bstar = Decimal(t.bstar_mantissa).scaleb(t.bstar_exponent - 5)
            near(e.bstar_per_radius[k], float(bstar), 0)
            day, part = divmod(t.day_e8, 10**8)
            january = dt.date(t.year, 1, 1).toordinal() - dt.date(1970, 1, 1).toordinal()
            assert e.epoch_day[k] == UNIX_EPOCH_JD + january + day - 1
            # 2e-16 d: in messages the epoch goes through seconds of the day
            assert abs(e.epoch_fraction[k] - part / 1e8) <= 2e-16


@given(st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_sgp4_package_reads_the_same_numbers_of_what_is_accepted(rng):
    text = tle_text(random_truths(rng))
    right_lines(text.encode(), parse_elements(text, "fleet.txt"))


def near(ours: float, theirs: float, n_ulp: int) -> None:
    assert abs(ours - theirs) <= n_ulp * np.spacing(abs(theirs)), (ours, theirs)


# ---- two- and three-line sets


@pytest.mark.parametrize("n_case", SIZES)
def test_a_damaged_two_line_file_is_refused_or_means_what_sgp4_reads(n_case, file):
    make = writer(file, tle_text, (mended,))
    hold(n_case, make, reader(file), right_lines, {str(file)}, "fleet.txt")


def mended(text: str, rng: random.Random) -> str:
    """Checksums set right, so that they hide what is wrong."""
    lines = text.split("\n")
    found = (line[:68] + checksum(line[:68]) if len(line) == 69 else line for line in lines)
    return "\n".join(found)


def right_lines(data: bytes, records: ElementRecords) -> None:
    """Every element line of the text is one of the sets, with the values of the sgp4 package."""
    lines = [line.rstrip() for line in re.split(r"\r\n|\r|\n", data.decode("utf-8-sig"))]
    lines = [line for line in lines if line and line[0] != "#"]
    firsts = [k for k, line in enumerate(lines) if line.startswith("1 ") and len(line) >= 69]
    newest: dict[int, tuple[float, Any]] = {}
    for k in firsts:
        one, two = lines[k][:69], lines[k + 1][:69]
        assert all(line[68] == checksum(line[:68]) for line in (one, two))
        assert one[2:7] == two[2:7]
        found = Satrec.twoline2rv(one, two)
        when = found.jdsatepoch + found.jdsatepochF
        if found.satnum not in newest or when > newest[found.satnum][0]:
            name = lines[k - 1] if k and k - 2 not in firsts else ""
            newest[found.satnum] = when, (found, name)
    assert sum(line.startswith("2 ") and len(line) >= 69 for line in lines) == len(firsts)
    assert set(records.catalogue.number) == set(newest)
    for k, number in enumerate(records.catalogue.number):
        theirs, name = newest[number][1]
        assert records.catalogue.name[k] == name.removeprefix("0 ").strip()
        for ours, theirs_name in FIELDS.items():
            # 2 ulp: the same decimal digits, converted and scaled in another order of operations
            near(getattr(records.elements, ours)[k], getattr(theirs, theirs_name), 2)


# ---- orbit mean-elements messages


@pytest.mark.parametrize("n_case", SIZES)
def test_a_damaged_csv_of_messages_is_refused_or_means_what_stands_in_it(n_case, file):
    hold(n_case, writer(file, csv_text), reader(file), right_csv, {str(file)}, "fleet.txt")


@pytest.mark.parametrize("n_case", SIZES)
def test_a_damaged_json_of_messages_is_refused_or_means_what_stands_in_it(n_case, file):
    make = writer(file, json_text, (nested, key_again, other_value))
    hold(n_case, make, reader(file), right_json, {str(file)}, "fleet.txt")


def nested(text: str, rng: random.Random) -> str:
    many = rng.choice((1, 10, 100_000))
    return rng.choice(("[" * many + text + "]" * many, text.replace('"', '{"a":' * many + '"', 1)))


def key_again(text: str, rng: random.Random) -> str:
    key = rng.choice((*OMM_KEYS, "EPOCH", "NORAD_CAT_ID", "OBJECT_NAME"))
    return text.replace("{", f'{{"{key}": {rng.choice(("1", "0.5", chr(34) + "x" + chr(34)))},', 1)


def other_value(text: str, rng: random.Random) -> str:
    """Another value of a key: of another kind, of another theory."""
    key = rng.choice(
        (*OMM_KEYS, "EPOCH", "NORAD_CAT_ID", "OBJECT_NAME", "OBJECT_ID", "EPHEMERIS_TYPE")
    )
    values = ("{}", "[]", "[1]", "null", "true", '"\\ud800"', '"\\u0000"', '"a\\nb"', "NaN", "4",
              "Infinity", "1e400", "9" * 5000, '"2026-W34-6"', "20260822", '"0001-01-01T00:00:00"',
              '"2026-08-22T03:06:00+10:00"', '"9999-12-31T23:59:59"', "4.0", "1.5")  # fmt: skip
    found = re.sub(f'"{key}": [^,\n]*', lambda _: f'"{key}": {rng.choice(values)}', text, count=1)
    theory = rng.choice(('"MEAN_ELEMENT_THEORY": "DSST"', '"REF_FRAME": "J2000"',
                         '"TIME_SYSTEM": "TAI"', '"CENTER_NAME": "MARS"'))  # fmt: skip
    return found if rng.random() < 0.8 else found.replace("{", "{" + theory + ",", 1)


def right_csv(data: bytes, records: ElementRecords) -> None:
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    header = [cell.strip().upper() for cell in rows[0]]
    assert all(header.count(key) == 1 for key in (*OMM_KEYS, "EPOCH", "NORAD_CAT_ID"))
    right_messages([dict(zip(header, row, strict=True)) for row in rows[1:]], records)


def right_json(data: bytes, records: ElementRecords) -> None:
    messages = json.loads(data.decode("utf-8-sig"), parse_float=Decimal, parse_int=Decimal)
    right_messages([messages] if isinstance(messages, dict) else messages, records)


def right_messages(messages: list[dict[str, Any]], records: ElementRecords) -> None:
    """Each message is one of the sets, with the decimal digits that stand in it."""
    newest: dict[int, tuple[Any, dict[str, Any]]] = {}
    for message in messages:
        number, when = int(digits(message["NORAD_CAT_ID"])), instant(message["EPOCH"])
        assert str(message.get("EPHEMERIS_TYPE") or 0).strip() in ("", "0", "1", "2", "3", "5")
        assert message.get("MEAN_ELEMENT_THEORY", "SGP4") in ("SGP4", "")
        if number not in newest or when > newest[number][0]:
            newest[number] = when, message
    assert set(records.catalogue.number) == set(newest)
    for k, number in enumerate(records.catalogue.number):
        when, message = newest[number]
        name = message.get("OBJECT_NAME")
        assert records.catalogue.name[k] == ("" if name is None else str(name).strip())
        assert "\n" not in records.catalogue.name[k] and "\0" not in records.catalogue.name[k]
        for field, (key, unit) in OMM_FIELDS.items():
            near(getattr(records.elements, field)[k], float(digits(message[key])) * unit, 1)
        midnight = dt.datetime(1970, 1, 1)
        days = (when - midnight) // dt.timedelta(days=1)
        rest = (when - midnight) - dt.timedelta(days=days)
        assert records.elements.epoch_day[k] == UNIX_EPOCH_JD + days
        ours = records.elements.epoch_fraction[k]
        assert abs(ours - rest / dt.timedelta(days=1)) <= 2e-16


def digits(value: Any) -> str:
    """The text of a plain number, and nothing else."""
    text = str(value).strip()
    assert re.fullmatch(r"[-+]?[0-9]*\.?[0-9]*(?:[eE][-+]?[0-9]+)?", text), text
    return text


def instant(text: str) -> dt.datetime:
    """An epoch by its digits, to the microsecond, zones taken off."""
    text = text.strip()
    parts = re.fullmatch(r"\s*(\d+)-(\d+)-(\d+).(\d+):(\d+):(\d+)(?:\.(\d+))?(\S*)\s*", text)
    assert parts is not None and text.isascii(), text
    year, month, day, hour, minute, second = (int(parts[k]) for k in range(1, 7))
    micro = int(((parts[7] or "") + "000000")[:6])
    found = dt.datetime(year, month, day, hour, minute, second, micro)
    assert 1957 <= year <= 2099
    if parts[8] in ("", "Z"):
        return found
    sign = -1 if parts[8][0] == "-" else 1
    return found - sign * dt.timedelta(hours=int(parts[8][1:3]), minutes=int(parts[8][4:6]))


# ---- what is no file


def test_two_lines_of_other_satellites_are_never_joined():
    rng = random.Random(5)
    for _ in range(50):
        a, b = (as_tle(t)[-2:] for t in random_truths(rng, 1) + random_truths(rng, 1))
        with pytest.raises(Exception, match="catalogue number"):
            parse_elements("\n".join((a[0], b[1])), "fleet.txt")
