"""CSV tables as enemies: sites, pairs, losses and labels are read as they stand, or refused."""

import csv
import io
import os
import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdn_mc.core.problems import InputError
from sdn_mc.sources import files as reading
from sdn_mc.sources import read_input
from tests.fuzz.harness import SIZES, clear, hold, watched
from tests.fuzz.mutations import changed, encoded

NAMES = ("London", "Nuuk", "A, b", 'the "Hub"', "Camaçari, BR", "é", "1", "-", "x" * 40, "東京")
KINDS = ("sites", "pairs", "losses", "labels")
text_of_a_cell = (
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cf")), min_size=1)
    .map(str.strip)
    .filter(bool)
)


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "table.csv"


def table(header: str, rows: list[list[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header.split(","))
    writer.writerows(rows)
    return out.getvalue()


def good(kind: str, rng: random.Random) -> str:
    """A table with nothing wrong in it."""
    names = rng.sample(NAMES, rng.randint(2, 6))
    if kind == "sites":
        rows = [
            [name, round(rng.uniform(-90, 90), 4), rng.uniform(-360, 360), rng.randint(-400, 5000)]
            for name in names
        ]
        return table("name,lat_deg,lon_deg,alt_m", rows)
    if kind == "pairs":
        return table("source,destination", [rng.sample(names, 2) for _ in names])
    if kind == "losses":
        ends = [rng.sample(range(10 ** rng.randint(2, 9)), 2) for _ in names]
        rows = [["link", *e] if rng.random() < 0.5 else ["satellite", e[0], ""] for e in ends]
        return table("kind,a,b", rows)
    return table("satellite,value", [[name, rng.choice(NAMES)] for name in names])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_case", SIZES)
def test_a_damaged_table_is_refused_or_means_what_stands_in_it(n_case, kind, file):
    def make(rng: random.Random) -> bytes:
        data = encoded(changed(good(kind, rng), rng), rng)
        file.write_bytes(data)
        return data

    def read(data: bytes) -> Any:
        return read_input(kind, str(file), "my.csv")

    def right(data: bytes, records: Any) -> None:
        RIGHT[kind](rows_of(data), records)

    hold(n_case, make, read, right, {str(file)}, "my.csv")


def rows_of(data: bytes) -> list[dict[str, str]]:
    """The rows of a CSV text by plain splitting: quotes only around whole cells, of one line."""
    text = data.decode("utf-8-sig")
    rows = [cells_of(line) for line in re.split(r"\r\n|\r|\n", text)]
    rows = [row for row in rows if any(rows and cell.strip() for cell in row)]
    header = [cell.strip().lower() for cell in rows[0]]
    found = []
    for row in rows[1:]:
        assert not any(cell.strip() for cell in row[len(header) :]), row
        row += [""] * (len(header) - len(row))
        found.append({k: v.strip() for k, v in zip(header, row, strict=False)})
    return found


def cells_of(line: str) -> list[str]:
    """The cells of one line, character by character."""
    cells, k = [], 0
    while True:
        if line[k : k + 1] == '"':
            cell, k = "", k + 1
            while line[k] != '"' or line[k : k + 2] == '""':
                cell, k = cell + line[k], k + (2 if line[k] == '"' else 1)
            k += 1
            assert line[k : k + 1] in ("", ","), line
        else:
            end = line.find(",", k)
            end = len(line) if end < 0 else end
            cell, k = line[k:end], end
        cells.append(cell)
        if k >= len(line):
            return cells
        k += 1


def number(text: str) -> float:
    assert re.fullmatch(r"[-+]?[0-9]*\.?[0-9]*(?:[eE][-+]?[0-9]+)?", text), text
    return float(text)


def right_sites(rows: list[dict[str, str]], records: Any) -> None:
    assert records.name == tuple(row["name"] for row in rows)
    assert len(set(records.name)) == len(rows) > 0
    for k, row in enumerate(rows):
        latitude, longitude = number(row["lat_deg"]), number(row["lon_deg"])
        assert records.latitude_deg[k] == latitude and -90 <= latitude <= 90
        assert -180 <= records.longitude_deg[k] <= 180 and -360 <= longitude <= 360
        turns = (records.longitude_deg[k] - longitude) / 360
        assert abs(turns - round(turns)) < 1e-15  # one rounding of 360 deg is 1.6e-16 of a turn
        assert records.altitude_m[k] == (number(row["alt_m"]) if row.get("alt_m") else 0)


def right_pairs(rows: list[dict[str, str]], records: Any) -> None:
    assert list(zip(records.source, records.destination, strict=True)) == [
        (row["source"], row["destination"]) for row in rows
    ]
    assert all(row["source"] and row["source"] != row["destination"] for row in rows)


def right_losses(rows: list[dict[str, str]], records: Any) -> None:
    satellites = [int(row["a"]) for row in rows if row["kind"].lower() == "satellite"]
    links = [(int(row["a"]), int(row["b"])) for row in rows if row["kind"].lower() == "link"]
    assert records.satellite.tolist() == satellites
    ends = zip(records.link_a.tolist(), records.link_b.tolist(), strict=True)
    assert list(ends) == links
    assert len(satellites) + len(links) == len(rows)
    assert all(row[key].isascii() for row in rows for key in ("a", "b") if key in row)


def right_labels(rows: list[dict[str, str]], records: Any) -> None:
    assert records.value_of == {row["satellite"]: row["value"] for row in rows}
    assert all(row["satellite"] and row["value"] for row in rows)


RIGHT = {
    "sites": right_sites,
    "pairs": right_pairs,
    "losses": right_losses,
    "labels": right_labels,
}


# ---- what is written is read back


@given(
    st.dictionaries(
        text_of_a_cell,
        st.tuples(st.floats(-90, 90), st.floats(-180, 180), st.floats(-500, 1e5)),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=60, deadline=None)
def test_sites_that_are_written_are_read_back_bit_for_bit(file, places):
    rows = [[name, *map(repr, place)] for name, place in places.items()]
    file.write_text(table("name,lat_deg,lon_deg,alt_m", rows), encoding="utf-8")
    records = read_input("sites", str(file))
    assert records.name == tuple(places)
    columns = records.latitude_deg, records.longitude_deg, records.altitude_m
    assert list(zip(*(c.tolist() for c in columns), strict=True)) == list(places.values())


@given(st.dictionaries(text_of_a_cell, text_of_a_cell, min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_labels_that_are_written_are_read_back(file, value_of):
    file.write_text(table("satellite,value", list(map(list, value_of.items()))), encoding="utf-8")
    assert read_input("labels", str(file)).value_of == value_of


# ---- what is no file, or too much of one


@pytest.mark.parametrize("kind", (*KINDS, "elements"))
def test_pipes_devices_and_folders_are_refused_unread(kind, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (str(pipe), "/dev/zero", str(tmp_path), "no/such", "a\0b", "x" * 5000):
        with pytest.raises(InputError) as caught, watched(set()):
            read_input(kind, path, "given.csv")
        clear(caught.value, "given.csv: ")


def test_a_file_that_is_too_large_is_refused_unread(tmp_path):
    file = tmp_path / "large.csv"
    with file.open("wb") as out:
        out.truncate(reading.MAX_BYTES + 1)  # sparse: it takes no room
    with pytest.raises(InputError, match="256 MB") as caught, watched(set()):
        read_input("sites", str(file))
    clear(caught.value)
