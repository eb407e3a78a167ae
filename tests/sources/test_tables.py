"""CSV tables of sites, pairs, losses and labels: real ones, and what is told of faulty ones."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from sdn_mc.core.problems import InputError
from sdn_mc.sources import (
    read_input,
    read_labels,
    read_losses,
    read_pairs,
    read_sites,
    sha256_of,
)

SITES = Path(__file__).resolve().parents[3] / "shared" / "data" / "sites"


@pytest.fixture
def write(tmp_path: Path):
    """Write a file and return its path."""

    def writer(text: str) -> Path:
        file = tmp_path / "table.csv"
        file.write_text(text, encoding="utf-8")
        return file

    return writer


@pytest.mark.parametrize(
    "file, count",  # from the README beside the files
    [("endpoints", 47), ("starlink_gateways", 222), ("starlink_pops", 23), ("cities_top100", 100)],
)
def test_every_public_table_of_sites_is_read(file, count):
    path = SITES / f"{file}.csv"
    if not path.is_file():
        pytest.skip(f"{path.name} is not beside this checkout")
    sites = read_sites(path)
    assert len(sites.name) == len(sites.latitude_deg) == len(sites.altitude_m) == count
    if file == "endpoints":
        assert sites.name[0] == "Washington DC"
        assert (sites.latitude_deg[0], sites.longitude_deg[0]) == (38.9072, -77.0369)
        assert sites.altitude_m[0] == 20
    if file == "starlink_gateways":
        assert sites.name[0] == "Camaçari, BR"


def test_columns_stand_in_any_order_and_others_are_ignored(write):
    sites = read_sites(write('\ufeffLon_deg, kind,NAME,lat_deg\n350,x,"A, b",-90\n\n-180,,C,0\n'))
    assert sites.name == ("A, b", "C")
    np.testing.assert_array_equal(sites.longitude_deg, [-10, -180])
    np.testing.assert_array_equal(sites.altitude_m, [0, 0])


def test_pairs_losses_and_labels_are_read_in_file_order(write):
    assert read_pairs(write("source,destination\nB,A\nA,C\n"))[:2] == (("B", "A"), ("A", "C"))
    losses = read_losses(write("kind,a,b\nsatellite,12,\nlink,12,34\nsatellite,3\n"))
    assert losses.satellite.tolist() == [12, 3]
    assert (losses.link_a.tolist(), losses.link_b.tolist()) == ([12], [34])
    assert read_losses(write("kind,a,b\n")).satellite.size == 0
    assert read_labels(write("satellite,value\nX 1,red\n44714,blue\n")).value_of == {
        "X 1": "red",
        "44714": "blue",
    }


HEADER = "name,lat_deg,lon_deg,alt_m\n"


@pytest.mark.parametrize(
    "kind, text, parts",
    [
        ("sites", f"{HEADER}A,95,0,0\n", ["line 2: lat_deg is '95'", "-90 to 90"]),
        ("sites", f"{HEADER}A,0,361,0\n", ["lon_deg is '361'", "-360 to 360"]),
        ("sites", f"{HEADER}A,0,0,1e6\n", ["alt_m is '1e6'", "-500 to 100000"]),
        ("sites", f"{HEADER}A,north,0,0\n", ["lat_deg is 'north'", "a number from"]),
        ("sites", f"{HEADER}A,nan,0,0\n", ["lat_deg is 'nan'"]),
        ("sites", f"{HEADER}A,,0,0\n", ["lat_deg is ''"]),
        ("sites", f"{HEADER},1,0,0\n", ["name is empty"]),
        ("sites", f"{HEADER}A,1,0,0\nA,2,0,0\n", ["line 3: site 'A' stands here and in line 2"]),
        ("sites", f"{HEADER}A, b,1,0,0\n", ["line 2: it has 5 columns", "double quotes"]),
        ("sites", HEADER, ["a header but no site"]),
        (
            "sites",
            "city,lat_deg,lon_deg\nA,1,2\n",
            ["line 1", "name missing", "name,lat_deg,lon_deg"],
        ),
        ("sites", f'{HEADER}"A,1,0,0\n', ["not CSV", "double quote"]),
        ("sites", "", ["is empty"]),
        ("pairs", "source,destination\nA,\n", ["line 2: destination is empty"]),
        ("pairs", "source,destination\nA,A\n", ["both 'A'"]),
        ("pairs", "source,destination\n", ["a header but no pair"]),
        ("losses", "kind,a,b\nplane,1,\n", ["kind is 'plane'", "satellite and link"]),
        ("losses", "kind,a,b\nlink,1,\n", ["b is ''", "counted from 0"]),
        ("losses", "kind,a,b\nlink,4,4\n", ["satellite 4 to itself"]),
        ("losses", "kind,a,b\nsatellite,-1,\n", ["a is '-1'"]),
        ("losses", "kind,a,b\nsatellite,1,2\n", ["has no b"]),
        ("labels", "satellite,value\nA,x\nA,y\n", ["line 3", "'y' here and 'x' above"]),
        ("labels", "satellite,value\nA,\n", ["value is empty"]),
    ],
)
def test_a_faulty_table_is_told_in_one_sentence(kind, text, parts, write):
    with pytest.raises(InputError) as error:
        read_input(kind, str(write(text)), "my table.csv")
    assert len(error.value.problems) == 1
    assert str(error.value).startswith("my table.csv")
    for part in parts:
        assert part in str(error.value)


def test_all_faulty_lines_are_told_together(write):
    with pytest.raises(InputError) as error:
        read_sites(write(f"{HEADER}A,95,0,0\nB,0,0,0\nC,0,900,0\n"), "s.csv")
    assert [text[:13] for text in error.value.problems] == ["s.csv, line 2", "s.csv, line 4"]


def test_the_hash_is_that_of_the_bytes(write):
    file = write(HEADER)
    assert sha256_of(file) == hashlib.sha256(HEADER.encode()).hexdigest()


def test_an_unknown_kind_is_a_mistake_of_the_program():
    with pytest.raises(ValueError, match="elements, sites, pairs"):
        read_input("spreadsheet", "x")
