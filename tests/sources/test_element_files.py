"""Element files: the real catalogue against an independent parser, other forms, and bad input."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from sgp4 import omm
from sgp4.api import Satrec
from sgp4.exporter import export_omm

from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.problems import InputError
from sdn_mc.sources import read_elements

ELEMENTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "elements"
COUNTS = {  # from the README beside the files
    "starlink": 10_746,
    "oneweb": 651,
    "kuiper": 391,
    "iridium-next": 80,
    "sda": 71,
    "starlink-coplanar-usa": 2,
    "geo-relay": 74,
    "geo": 576,
    "meo": 164,
    "heo": 40,
}
NAME = "STARLINK-1008"
FIRST = "1 44714U 19074B   26233.66069247  .00079812  00000+0  92669-3 0  9998"
SECOND = "2 44714  53.1479 112.7563 0005250  72.4880 287.6707 15.61080358374409"
OTHER = (
    "1 44718U 19074F   26233.65580165  .00084725  00000+0  96875-3 0  9990",
    "2 44718  53.1505 113.0664 0001728 119.0485 241.0703 15.61465915374398",
)
FIELDS = {  # of Elements: of sgp4's Satrec
    "mean_motion_rad_min": "no_kozai",
    "eccentricity": "ecco",
    "inclination_rad": "inclo",
    "raan_rad": "nodeo",
    "argument_of_perigee_rad": "argpo",
    "mean_anomaly_rad": "mo",
    "bstar_per_radius": "bstar",
    "epoch_day": "jdsatepoch",
    "epoch_fraction": "jdsatepochF",
}


@pytest.fixture(params=sorted(COUNTS))
def real_file(request: pytest.FixtureRequest) -> tuple[Path, int]:
    file = ELEMENTS / f"{request.param}_2026-08-22.tle"
    if not file.is_file():
        pytest.skip(f"{file.name} is not beside this checkout")
    return file, COUNTS[request.param]


@pytest.fixture
def write(tmp_path: Path):
    """Write a file and return its path."""

    def writer(text: str | bytes, name: str = "elements.tle") -> Path:
        file = tmp_path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return writer


def with_checksum(line: str) -> str:
    """The line with the checksum that belongs to its first 68 columns."""
    total = sum(int(c) if c.isdigit() else c == "-" for c in line[:68])
    return line[:68] + str(total % 10)


def message_of(path: Path) -> str:
    with pytest.raises(InputError) as error:
        read_elements(path, "fleet.tle")
    return str(error.value)


# ---- truth


def test_every_real_file_has_the_count_of_its_readme_and_the_values_of_sgp4(real_file):
    file, count = real_file
    records = read_elements(file)
    assert len(records.elements) == count
    assert records.notes == ()
    lines = file.read_text().splitlines()
    expected = [Satrec.twoline2rv(*lines[k + 1 : k + 3]) for k in range(0, len(lines), 3)]
    assert records.catalogue.name == tuple(lines[::3])
    assert records.catalogue.number == tuple(s.satnum for s in expected)
    for ours, theirs in FIELDS.items():
        values = np.array([getattr(s, theirs) for s in expected])
        # 2 ulp: the same decimal digits, converted and scaled in another order of operations
        ulp = np.spacing(np.abs(values))
        assert np.all(np.abs(getattr(records.elements, ours) - values) <= 2 * ulp), ours


def test_the_verification_set_is_refused_for_its_five_wrong_checksums_and_its_repeat():
    file = ELEMENTS / "sgp4-ver.tle"
    if not file.is_file():
        pytest.skip(f"{file.name} is not beside this checkout")
    text = message_of(file)
    assert text.count("the checksum in column 69") == 5
    assert "satellite 20413 stands here and at lines" in text
    assert len(text.splitlines()) == 6


@pytest.mark.parametrize("form", ["csv", "json of numbers", "json of texts"])
def test_a_real_file_written_as_omm_reads_back_equal(form, write):
    file = ELEMENTS / "oneweb_2026-08-22.tle"
    if not file.is_file():
        pytest.skip(f"{file.name} is not beside this checkout")
    lines = file.read_text().splitlines()[:300]
    messages = [as_omm(*lines[k : k + 3]) for k in range(0, len(lines), 3)]
    if form == "csv":
        out = io.StringIO()
        writer = csv.DictWriter(out, list(messages[0]))
        writer.writeheader()
        writer.writerows(messages)
        text = out.getvalue()
    elif form == "json of texts":
        text = json.dumps([{k: str(v) for k, v in m.items()} for m in messages])
    else:
        text = json.dumps(messages)
    expected = read_elements(write("\n".join(lines)))
    found = read_elements(write(text, "elements.omm"))
    assert found.catalogue == expected.catalogue
    for field in FIELDS:
        ours, theirs = getattr(found.elements, field), getattr(expected.elements, field)
        if field == "epoch_fraction":
            # 2e-16 d = 2e-11 s: the epoch goes through seconds; OMM itself stops at 1e-6 s
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-16)
        else:
            np.testing.assert_array_equal(ours, theirs, err_msg=field)


def test_omm_values_equal_those_of_the_sgp4_package(write):
    message = export_omm(Satrec.twoline2rv(FIRST, SECOND), NAME)
    message["EPOCH"] += "" if "." in message["EPOCH"] else ".000000"
    theirs = Satrec()
    omm.initialize(theirs, {k: str(v) for k, v in message.items()})
    ours = read_elements(write(json.dumps([message])))
    for field, name in FIELDS.items():
        if not name.startswith("jd"):
            # 4 ulp: sgp4's exporter and reader each scale by 2 pi once more
            np.testing.assert_allclose(
                getattr(ours.elements, field)[0], getattr(theirs, name), rtol=1e-15
            )
    epoch = JulianDate(ours.elements.epoch_day[0], ours.elements.epoch_fraction[0])
    assert epoch.iso() == "2026-08-21T15:51:23.829408Z"


def as_omm(name: str, first: str, second: str) -> dict:
    """A CelesTrak GP record from the digits of a three-line set."""
    year, day = 2000 + int(first[18:20]), float(first[20:32])
    start = JulianDate.parse(f"{year}-01-01T00:00:00Z")
    epoch = JulianDate(start.day + int(day) - 1, float("0" + first[23:32])).iso().rstrip("Z")
    return {
        "OBJECT_NAME": name,
        "OBJECT_ID": f"20{first[9:11]}-{first[11:17].strip()}",
        "EPOCH": epoch,
        "MEAN_MOTION": float(second[52:63]),
        "ECCENTRICITY": float("." + second[26:33]),
        "INCLINATION": float(second[8:16]),
        "RA_OF_ASC_NODE": float(second[17:25]),
        "ARG_OF_PERICENTER": float(second[34:42]),
        "MEAN_ANOMALY": float(second[43:51]),
        "EPHEMERIS_TYPE": 0,
        "CLASSIFICATION_TYPE": "U",
        "NORAD_CAT_ID": int(first[2:7]),
        "ELEMENT_SET_NO": 999,
        "REV_AT_EPOCH": int(second[63:68]),
        "BSTAR": float(f"{first[53]}.{first[54:59]}e{first[59:61]}"),
        "MEAN_MOTION_DOT": 0.0,
        "MEAN_MOTION_DDOT": 0.0,
    }


# ---- the forms that element lines take


@pytest.mark.parametrize(
    "text",
    [
        f"{FIRST}\n{SECOND}\n",
        f"{NAME}\n{FIRST}\n{SECOND}",
        f"0 {NAME}\n{FIRST}\n{SECOND}\n",
        f"\r\n{NAME}   \r\n{FIRST}\r\n\r\n{SECOND}\r\n",
        f"\ufeff# a remark\n{NAME}\n{FIRST} and more\n{SECOND}     0.00      4320.0\n",
    ],
    ids=["two lines", "three lines", "0 before the name", "CR-LF and blanks", "remarks, tails"],
)
def test_forms_of_one_set_mean_the_same(text, write):
    records = read_elements(write(text))
    assert records.catalogue.number == (44714,)
    assert records.catalogue.designator == ("2019-074B",)
    assert records.catalogue.name == ((NAME if NAME in text else ""),)
    assert records.elements.bstar_per_radius[0] == 0.92669e-3
    assert records.elements.epoch_fraction[0] == 0.66069247


@pytest.mark.parametrize(
    "written, number", [("A0000", 100_000), ("J2931", 182_931), ("Z9999", 339_999), ("00005", 5)]
)
def test_alpha_5_numbers_are_read(written, number, write):
    first, second = (with_checksum(line.replace("44714", written)) for line in (FIRST, SECOND))
    assert read_elements(write(f"{first}\n{second}\n")).catalogue.number == (number,)
    assert Satrec.twoline2rv(first, second).satnum == number


@pytest.mark.parametrize(
    "two_digits, year", [("57", 1957), ("99", 1999), ("00", 2000), ("56", 2056)]
)
def test_two_digit_years_run_from_1957_to_2056(two_digits, year, write):
    first = with_checksum(FIRST[:18] + two_digits + FIRST[20:])
    elements = read_elements(write(f"{first}\n{SECOND}\n")).elements
    epoch = JulianDate(elements.epoch_day[0], elements.epoch_fraction[0])
    assert epoch.iso().startswith(str(year))
    assert epoch.iso().endswith("T15:51:23.829408Z")


def test_of_two_sets_of_one_satellite_the_newer_is_kept_and_told(write):
    newer = with_checksum(FIRST.replace("26233.66069247", "26234.00000000"))
    for order in ((FIRST, newer), (newer, FIRST)):
        records = read_elements(write("".join(f"{line}\n{SECOND}\n" for line in order)))
        assert records.elements.epoch_fraction.tolist() == [0.0]
        assert "1 older element sets" in records.notes[0]


def test_nine_digit_numbers_are_read_from_omm(write):
    message = as_omm(NAME, FIRST, SECOND) | {"NORAD_CAT_ID": 799_501_234}
    assert read_elements(write(json.dumps([message]))).catalogue.number == (799_501_234,)


# ---- bad input: one sentence with file, line, what was found, what is allowed, what to do


def replaced(line: str, first: int, text: str) -> str:
    """The line with text from a column on (counted from 1), its checksum mended."""
    return with_checksum(line[: first - 1] + text + line[first - 1 + len(text) :])


@pytest.mark.parametrize(
    "lines, parts",
    [
        ([FIRST[:-1] + "7", SECOND], ["line 1: the checksum in column 69 is 7", "give 8"]),
        ([FIRST, SECOND[:40]], ["line 2: it has 40 characters", "69"]),
        ([FIRST, OTHER[1]], ["line 2: catalogue number 44718", "line 1", "44714"]),
        ([FIRST, NAME, SECOND], ["line 1: line '1'", "line 3: line '2'"]),
        ([FIRST, replaced(SECOND, 9, "181.0000")], ["inclination", "is 181", "0 to 180"]),
        ([FIRST, replaced(SECOND, 53, " 0.00000000")], ["mean motion", "above 0"]),
        (
            [FIRST, replaced(SECOND, 9, " 53.x479")],
            ["line 2, columns 9-16 (inclination)", "53.x479"],
        ),
        ([FIRST, replaced(SECOND, 27, "0.05250")], ["columns 27-33 (eccentricity)"]),
        ([replaced(FIRST, 21, "366.50000000"), SECOND], ["(epoch day)", "1 to 365 in 2026"]),
        ([replaced(FIRST, 63, "4"), SECOND], ["column 63 (ephemeris type)", "SGP4-XP"]),
        ([FIRST, SECOND, FIRST, SECOND], ["lines 3-4: satellite 44714", "lines 1-2"]),
        ([FIRST, SECOND, "one", "two", *OTHER], ["line 3: 'one' is neither part"]),
        (["hello", "world"], ["no element set", "OMM JSON"]),
        (["<!DOCTYPE html>", "<html>"], ["a web page", "download it again"]),
        (["CCSDS_OMM_VERS = 2.0", "EPOCH = 2026"], ["no element set", "allowed are"]),
        (['[{"OBJECT_NAME": "X"'], ["line 2: not JSON", "cut off"]),
        (["[]"], ["no element set"]),
        (['[{"OBJECT_NAME": "X"}]'], ["element set 1: EPOCH, NORAD_CAT_ID", "missing"]),
        (["OBJECT_NAME,MEAN_MOTION", "X,15"], ["the header", "ECCENTRICITY", "missing"]),
    ],
)
def test_a_faulty_element_file_is_told_in_full_sentences(lines, parts, write):
    text = message_of(write("\n".join(lines) + "\n"))
    assert all(line.startswith("fleet.tle") for line in text.splitlines())
    for part in parts:
        assert part in text


@pytest.mark.parametrize(
    "key, value, part",
    [
        ("ECCENTRICITY", 1.0, "eccentricity is 1"),
        ("ECCENTRICITY", float("nan"), "eccentricity is nan"),
        ("MEAN_MOTION", "fast", "MEAN_MOTION is 'fast'"),
        ("MEAN_MOTION", None, "MEAN_MOTION is None"),
        ("BSTAR", float("inf"), "BSTAR, 1/Earth radius, is inf"),
        ("RA_OF_ASC_NODE", 400, "is 400"),
        ("NORAD_CAT_ID", -3, "NORAD_CAT_ID is -3"),
        ("EPOCH", "yesterday", "EPOCH is 'yesterday'"),
        ("EPHEMERIS_TYPE", 4, "SGP4-XP"),
    ],
)
def test_a_faulty_omm_value_is_told_with_its_satellite(key, value, part, write):
    messages = [as_omm(NAME, FIRST, SECOND), as_omm("BAD", *OTHER) | {key: value}]
    text = message_of(write(json.dumps(messages)))
    assert text.startswith("fleet.tle, element set 2 (BAD): ")
    assert part in text
    assert len(text.splitlines()) == 1


def test_ten_faulty_lines_are_told_and_the_others_counted(write):
    bad = FIRST[:-1] + "7"
    text = message_of(write(f"{bad}\n{SECOND}\n" * 25))
    assert len(text.splitlines()) == 11
    assert text.endswith("and 15 more faults like these")


@pytest.mark.parametrize(
    "content, part",
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\x1f\x8b\x08\x00", "not text"),
        (b"a\0b", "not text"),
    ],
)
def test_files_that_hold_no_text_are_refused(content, part, write):
    assert part in message_of(write(content))


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path):
    assert "there is no such file" in message_of(tmp_path / "none.tle")
    assert "a folder, not a file" in message_of(tmp_path)


@pytest.mark.parametrize("cut", range(0, 140, 7))
def test_a_file_cut_off_anywhere_is_never_read_as_something_else(cut, write):
    whole = f"{FIRST}\n{SECOND}"
    file = write(whole[:cut] if cut else " ")
    with pytest.raises(InputError):
        read_elements(file)


@pytest.mark.parametrize("which", [0, 1])
def test_one_wrong_digit_anywhere_is_noticed(which, write):
    whole = [FIRST, SECOND]
    for column, character in enumerate(whole[which]):
        if character.isdigit():
            wrong = str((int(character) + 1) % 10)
            lines = list(whole)
            lines[which] = lines[which][:column] + wrong + lines[which][column + 1 :]
            with pytest.raises(InputError):
                read_elements(write("\n".join(lines)))
