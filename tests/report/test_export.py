"""Exports hold what the dataset holds: the table row by row, the routes place by place."""

import csv
import importlib.util
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from sdn_mc import cli, store
from sdn_mc.config.sweep import SWEEP_NAME
from sdn_mc.core.constants import LIGHT_KM_S, WGS84_FLATTENING, WGS84_RADIUS_KM
from sdn_mc.geometry import geodetic_to_ecef
from sdn_mc.report import table
from sdn_mc.report.geojson import cut
from sdn_mc.runner.study import NOTE_NAME
from tests.runner_fleet import run_here

N_DRAW = 300
OUTAGES = (
    "threats=[satellite_failure,terminal_failure,vendor_fault,ground_outage]",
    "columns={failures: [satellite_failure, terminal_failure, ground_outage], all: [vendor_fault]}",
    "threats.ground_outage.rate_per_year=1000",
    "threats.ground_outage.repair_h=4.38",
)
SUMMED = 1e-12  # relative: sums of 300 numbers in another order
needs_pyarrow = pytest.mark.skipif(
    importlib.util.find_spec("pyarrow") is None, reason="pyarrow is absent: pip install pyarrow"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A run of the small fleet, its sites out a third of the time: three flows, two columns."""
    return run_here(tmp_path_factory.mktemp("run"), f"draws={N_DRAW}", *OUTAGES)


@pytest.fixture(scope="module")
def tree(run):
    return store.open_result(run)


def export(run: Path, file: Path, *keys: str) -> Path:
    """By the command."""
    cli.main(["export", str(run), str(file), *keys])
    return file


def rows_of(file: Path) -> list[dict[str, str]]:
    """A CSV by the standard library."""
    with file.open(encoding="utf-8", newline="") as page:
        return list(csv.DictReader(page))


def column_of(rows: list[dict[str, str]], name: str, **where: str) -> np.ndarray:
    """Numbers of the chosen rows."""
    return np.array([float(r[name]) for r in rows if where.items() <= r.items()])


def test_the_table_has_the_draws_of_the_dataset_and_the_means_of_its_summary(run, tree, tmp_path):
    rows = rows_of(export(run, tmp_path / "draws.csv"))
    metrics, drawn, summary = (tree[name] for name in ("/metrics", "/draws", "/summary"))
    keys = [(int(r["draw"]), r["column"]) for r in rows]
    assert keys == [(k, name) for k in range(N_DRAW) for name in ("failures", "all")]
    assert not [r for r in rows if {"", "nan", "NaN"} & set(r.values())]
    for k, name in enumerate(("failures", "all")):
        own = {"column": name}
        scores = {n: metrics[n].values[k].astype(float) for n in ("availability", "latency_p99_s")}
        mean, median = scores["availability"].mean(axis=-1), np.median(scores["latency_p99_s"], -1)
        assert np.array_equal(column_of(rows, "availability", **own), mean)
        assert np.array_equal(column_of(rows, "latency_p99_s", **own), median)
        assert "inf" in {r["latency_p99_s"] for r in rows}
        over = float(summary["availability"][k + 1, -1])
        assert column_of(rows, "availability", **own).mean() == pytest.approx(over, rel=SUMMED)
        for macro in ("vendor_fault_onset_s", "vendor_fault_repair_h", "weight"):
            stored = drawn[macro].values
            assert np.array_equal(column_of(rows, macro, **own).astype(stored.dtype), stored)
        hits = drawn["vendor_fault_hit"].values.sum(axis=-1)
        assert np.array_equal(column_of(rows, "n_vendor_fault_hit", **own), hits)
        assert np.array_equal(column_of(rows, "epoch", **own), drawn["epoch"].values)
    said = json.loads((tmp_path / "draws.csv.json").read_text("utf-8"))
    assert list(said["columns"]) == list(rows[0])
    for name, words in said["columns"].items():
        assert all(words[key] for key in ("units", "long_name", "meaning")), name
    assert said["columns"]["vendor_fault_repair_h"]["units"] == "h"
    assert "acts in all." in said["columns"]["vendor_fault_onset_s"]["meaning"]


@needs_pyarrow
def test_by_flow_and_in_parquet_every_score_of_the_dataset_has_its_row(run, tree, tmp_path):
    from pyarrow import parquet

    found = parquet.read_table(export(run, tmp_path / "draws.parquet", "flows=all"))
    metrics, at = tree["/metrics"], {name: found[name].to_numpy() for name in found.column_names}
    flows, columns = (list(map(str, metrics[n].values)) for n in ("flow", "column"))
    assert found.num_rows == N_DRAW * len(flows) * len(columns)
    index = (
        np.array([columns.index(name) for name in at["column"]]),
        at["draw"],
        np.array([flows.index(name) for name in at["flow"]]),
    )
    for name in ("availability", "latency_p95_s", "latency_added_s"):
        assert np.array_equal(at[name], metrics[name].values[index])
        assert found.schema.field(name).metadata[b"units"].decode() == metrics[name].attrs["units"]
    ends = [f"{a} - {b}" for a, b in zip(at["source"], at["destination"], strict=True)]
    assert ends == list(at["flow"])
    said = json.loads(found.schema.metadata[b"sdn_mc"])
    assert list(said["columns"]) == found.column_names and said["n_draw"] == N_DRAW


def test_small_pieces_make_the_same_table(run, tmp_path, monkeypatch):
    whole = export(run, tmp_path / "whole.csv", "flows=all").read_bytes()
    monkeypatch.setattr(table, "ROWS_AT_A_TIME", 1)
    assert export(run, tmp_path / "pieces.csv", "flows=all").read_bytes() == whole


def test_a_table_that_fails_half_way_leaves_the_old_one(run, tmp_path, monkeypatch):
    file = tmp_path / "draws.csv"
    file.write_text("old")

    def half(*_):
        yield {"draw": np.arange(2)}
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(table, "rows", half)
    with pytest.raises(SystemExit) as stop:
        export(run, file)
    assert stop.value.code == 2
    assert file.read_text() == "old" and list(tmp_path.iterdir()) == [file]


@pytest.fixture(scope="module")
def routes(run, tree, tmp_path_factory) -> dict:
    """Every instant of a draw that lost a path and kept another."""
    up = np.isfinite(tree["/paths"]["latency_failures_s"].values).mean(axis=(1, 2))
    draw = int(np.argmin(np.abs(up - 0.5)))
    file = tmp_path_factory.mktemp("out") / "new" / "routes.geojson"
    keys = f"draw={draw}", "time=all", "column=failures"
    return json.loads(export(run, file, *keys).read_text("utf-8"))


def of_kind(routes: dict, kind: str) -> list[tuple[dict, dict | None]]:
    """Properties and geometries."""
    each = [(f["properties"], f["geometry"]) for f in routes["features"]]
    return [(said, place) for said, place in each if said["kind"] == kind]


def test_routes_have_the_latencies_of_the_dataset_and_are_as_long_as_these_say(routes, tree):
    flows = list(map(str, tree["/metrics"]["flow"].values))
    series, n_lost = tree["/paths"]["latency_failures_s"].values, 0
    found = of_kind(routes, "flow")
    assert len(found) == len(flows) * tree["/scene"].sizes["time"]
    for said, place in found:
        stored_s = series[said["draw"], said["time"], flows.index(said["flow"])]
        if place is None:
            n_lost += 1
            assert np.isinf(stored_s) and said["latency_ms"] is None and not said["delivered"]
            continue
        assert said["delivered"] and np.float32(said["latency_ms"] / 1e3) == stored_s
        parts = place["coordinates"]
        line = np.concatenate([parts] if place["type"] == "LineString" else parts)
        keep = np.abs(np.abs(line[:, 0]) - 180) > 1e-9  # without the ends of a cut
        lon, lat, height_m = line[keep].T
        at_km, _ = geodetic_to_ecef(
            np.radians(lat), np.radians(lon), height_m / 1e3, WGS84_RADIUS_KM, WGS84_FLATTENING
        )
        length_km = np.linalg.norm(np.diff(at_km, axis=0), axis=-1).sum()
        # Positions are rounded to 0.1 m, at both ends of ten legs: 2 m are 7e-6 ms.
        assert length_km / LIGHT_KM_S * 1e3 == pytest.approx(said["latency_ms"], abs=1e-5)
        assert len(said["stops"].split(" → ")) == len(lat)
    assert 0 < n_lost < len(found)


def test_places_are_points_and_losses_have_their_causes(routes, run, tree):
    scene = tree["/scene"]
    names = list(map(str, scene["site"].values))
    for said, place in of_kind(routes, "site"):
        k = names.index(said["name"])
        stored = [float(scene[f"{axis}_deg"][k]) for axis in ("longitude", "latitude")]
        assert np.allclose(place["coordinates"][:2], stored, atol=1e-6)
        assert place["coordinates"][2] == pytest.approx(float(scene["altitude_m"][k]), abs=0.1)
    start, time_s = scene["start"].values, scene["time_s"].values
    on_routes = set()
    for said, _ in of_kind(routes, "flow"):
        after = np.datetime64(said["utc"].rstrip("Z")) - np.datetime64(
            str(start[said["epoch"]]).rstrip("Z")
        )
        exact_s = time_s[said["epoch"], said["time"]]
        assert after / np.timedelta64(1, "us") == pytest.approx(1e6 * exact_s, abs=1)
        stops = (said["stops"] or "").split(" → ")[1:-1]
        on_routes |= {(said["time"], name) for name in stops}
    satellites = of_kind(routes, "satellite")
    assert {(s["time"], s["name"]) for s, _ in satellites if s["on_route"]} == on_routes
    lost = [said for said, _ in satellites if said["lost"]]
    assert {said["causes"] for said in lost} == {"satellite_failure"}
    losses = [said for said, _ in of_kind(routes, "loss")]
    assert {(s["cause"], s["of"]) for s in losses} == {
        ("satellite_failure", "sat"),
        ("terminal_failure", "terminal"),
        ("ground_outage", "site"),
    }
    out = [said for said, _ in of_kind(routes, "site") if said["lost"]]
    assert {said["causes"] for said in out} == {"ground_outage"}
    for of, points in (("sat", lost), ("site", out)):
        counted = {s["time"]: s["count"] for s in losses if s["of"] == of}
        assert counted == Counter(said["time"] for said in points)


def test_lines_are_cut_at_the_antimeridian_and_nowhere_else():
    east, west = [170.0, 10.0, 600.0], [-170.0, 20.0, 800.0]
    edge = [15.0, 700.0]
    assert cut([east, west]) == [[east, [180.0, *edge]], [[-180.0, *edge], west]]
    assert cut([west, east]) == [[west, [-180.0, *edge]], [[180.0, *edge], east]]
    assert cut([[-80.0, 0.0, 0.0], [80.0, 0.0, 0.0]]) == [[[-80.0, 0.0, 0.0], [80.0, 0.0, 0.0]]]
    on_it = [[160.0, 0.0, 0.0], [180.0, 5.0, 0.0], [-160.0, 0.0, 0.0]]
    assert cut(on_it) == [on_it[:2], [[-180.0, 5.0, 0.0], on_it[2]]]
    named_west = [[160.0, 0.0, 0.0], [-180.0, 5.0, 0.0], [-160.0, 0.0, 0.0]]
    assert cut(named_west) == cut(on_it)
    assert cut(named_west[:2]) == [[named_west[0], [180.0, 5.0, 0.0]]]


BAD = {
    "no file": (("RUN",), "export: name a run and a file"),
    "no such ending": (("RUN", "a.xlsx"), "says what is written: .csv, .parquet, .geojson"),
    "another kind's key": (("RUN", "a.csv", "draw=3"), "draw=3 given; of a .csv file known are fl"),
    "some flows": (("RUN", "a.csv", "flows=2"), "flows=2 given; write flows=all"),
    "no draw": (("RUN", "a.geojson"), "no draw given; write draw=17"),
    "no number": (("RUN", "a.geojson", "draw=x"), "draw=x given; write whole numbers, such as"),
    "a draw too far": (("RUN", "a.geojson", "draw=1,300"), "draw=300 given; the run has 0 to 299"),
    "a time too far": (("RUN", "a.geojson", "draw=1", "time=6"), "time=6 given; the run has 0 to"),
    "no column": (("RUN", "a.geojson", "draw=1", "column=x"), "there are failures, all"),
    "no run": (("nowhere", "a.csv"), "nowhere: there is no such folder"),
    "a study": (("study", "a.csv"), "study is a study; name one of its runs: study/runs/one"),
    "a sweep": (("sweep", "a.csv"), "sweep is a sweep; name one of its jobs, such as sweep/0"),
    "no place": (("RUN", "taken/a.csv"), "taken/a.csv: this cannot be written ("),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_that_leaves_nothing(case, run, tmp_path, monkeypatch, capsys):
    words, message = BAD[case]
    (tmp_path / "study" / "runs" / "one" / "result.zarr").mkdir(parents=True)
    (tmp_path / "study" / NOTE_NAME).touch()
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / SWEEP_NAME).write_text(
        "title: t\nhydra: {searchpath: [], runtime: {cwd: .}, overrides: {hydra: [], "
        "task: ['draws=32,64']}}"
    )
    (tmp_path / "taken").touch()
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SystemExit) as stop:
        cli.main(["export", *(str(run) if word == "RUN" else word for word in words)])
    said = capsys.readouterr().err.replace(str(tmp_path) + "/", "")
    assert stop.value.code == 2 and message in said and len(said.splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_without_pyarrow_one_line_says_what_to_install(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit):
        export(run, tmp_path / "draws.parquet")
    assert "pip install 'sdn-mc[tables]'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
