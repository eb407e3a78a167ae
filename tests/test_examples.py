"""The examples print what the datasets that they make hold."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sdn_mc
from sdn_mc import config

FOLDER = Path(__file__).resolve().parents[1] / "scripts" / "examples"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))
MOST_LINES = 60
DECIMALS = 0.5001e-4  # half a unit of the last of four
NUMBER = r"([+-]?\d+\.\d+)"
INTERVAL = rf"{NUMBER} \[{NUMBER}, {NUMBER}\]"


def module_of(name: str) -> Any:
    """An example, imported from its file."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(name: str, folder: Path, *more: Path) -> None:
    """An example's `main`, in this process."""
    module_of(name).main(folder, *more)


def ends_of(folder: Path, output: str, column: int, flow: int = -1) -> list[float]:
    """An estimate of the summary, and its interval."""
    at = sdn_mc.open_result(folder)["/summary"].to_dataset().isel(column=column, flow=flow)
    return [float(at[f"{output}{end}"]) for end in ("", "_low", "_high")]


def intervals(text: str) -> list[list[float]]:
    """Every estimate with its interval, in order."""
    return [list(map(float, found)) for found in re.findall(INTERVAL, text)]


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_short_and_says_how_it_is_started(name):
    text = (FOLDER / f"{name}.py").read_text("utf-8")
    assert len(text.splitlines()) < MOST_LINES
    assert f"python scripts/examples/{name}.py [FOLDER" in text.split('"""')[1]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "real_elements"])
def test_the_words_of_an_example_make_a_run(name, monkeypatch):
    if name == "sweep_response":
        pytest.importorskip("matplotlib")
    monkeypatch.syspath_prepend(FOLDER)
    example, folders = module_of(name), [str(FOLDER / "mine")] if name == "own_threat" else []
    words = [*getattr(example, "SAME", ()), *getattr(example, "WORDS", ())]
    words += ["threats=[launch_loss]", "plugins=[my_threats]"] if folders else []
    words += list(getattr(example, "FLEETS", {}).values())[-1:]
    words += [example.SWEPT.partition(",")[0]] if hasattr(example, "SWEPT") else []
    job = config.job_of(words, folders)
    asked = getattr(example, "COLUMN", None)
    assert asked is None or asked in job.columns


def test_a_missing_element_file_is_said(tmp_path, capsys):
    run("real_elements", tmp_path)
    assert capsys.readouterr().out.startswith("skipped: ")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_availability_by_flow_is_that_of_the_summary(tmp_path, capsys):
    run("availability_by_flow", tmp_path)
    printed = intervals(capsys.readouterr().out)
    n_column, n_flow = 4, 13
    wanted = [
        ends_of(tmp_path / "run", "availability", column, flow)
        for column in range(n_column)
        for flow in range(n_flow)
    ]
    np.testing.assert_allclose(printed, wanted, atol=DECIMALS)


@pytest.mark.slow
def test_the_difference_of_two_fleets_is_that_of_their_summaries(tmp_path, capsys):
    run("compare_two_fleets", tmp_path)
    said = capsys.readouterr().out
    folders = tmp_path / "70 deg", tmp_path / "53 deg"
    column = 2  # healthy, failures, vendor_fault
    means = [ends_of(folder, "availability", column)[0] for folder in folders]
    found = re.search(rf"vendor_fault: {NUMBER} and {NUMBER}\n", said)
    assert found
    np.testing.assert_allclose(list(map(float, found.groups())), means, atol=DECIMALS)
    ((value, low, high),) = intervals(said)
    assert value == pytest.approx(means[0] - means[1], abs=DECIMALS) and low < value < high
    paired, apart = map(float, re.findall(rf"{NUMBER} (?:paired|if not)", said))
    # What is common to the draws has cancelled; and the interval is no narrower than by them.
    assert paired < apart / 2 and high - low > 2 * 1.96 * paired
    draws = [sdn_mc.open_result(folder)["/draws"] for folder in folders]
    assert np.array_equal(*(each["vendor_fault_onset_s"].values for each in draws))
    scores = [sdn_mc.open_result(folder)["/metrics"].to_dataset() for folder in folders]
    a, b = (s["availability"].sel(column="vendor_fault").mean("flow").values for s in scores)
    assert paired == pytest.approx(np.std(a - b, ddof=1) / np.sqrt(len(a)), rel=0.02)  # as printed


@pytest.mark.slow
def test_the_curve_of_a_sweep_is_that_of_its_runs(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    run("sweep_response", tmp_path)
    said = capsys.readouterr().out
    rows = re.findall(rf"(\w+) +(\d+) h  {INTERVAL}", said)
    assert len(rows) == 8
    for column, hours, *ends in rows:
        folder = tmp_path / "sweep" / str(("1", "2", "4", "8").index(hours))
        k = {"failures": 1, "vendor_fault": 2}[column]
        wanted = ends_of(folder, "availability", k)
        np.testing.assert_allclose(list(map(float, ends)), wanted, atol=DECIMALS)
        config = json.loads(sdn_mc.open_result(folder).attrs["config"])
        assert config["threats"]["vendor_fault"]["repair_h"] == int(hours)
    assert (tmp_path / "response.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_threat_of_ones_own_does_what_it_says(tmp_path, capsys):
    run("own_threat", tmp_path)
    said = capsys.readouterr().out
    hit = sdn_mc.open_result(tmp_path / "run")["/draws"]["launch_loss_hit"].values
    share = float(re.search(rf"launches hit: {NUMBER}", said).group(1))
    assert share == pytest.approx(hit.mean(), abs=DECIMALS)
    sigma = np.sqrt(0.1 * 0.9 / hit.size)
    assert abs(share - 0.1) < 4 * sigma  # one false alarm in 16,000, and the seed is fixed
    rows = re.findall(rf"(\d+) launches lost: +(\d+) draws, availability {NUMBER}", said)
    lost, count, means = np.array(rows, float).T
    assert np.array_equal(count, np.bincount(hit.sum(axis=-1))[lost.astype(int)])
    assert count.sum() == len(hit) and means[0] > means[-1]
    wanted = ends_of(tmp_path / "run", "availability_lost", -1)
    np.testing.assert_allclose(intervals(said), [wanted], atol=DECIMALS)


@pytest.mark.slow
def test_the_worst_draws_are_those_of_the_dataset(tmp_path, capsys):
    run("worst_draws", tmp_path)
    said = capsys.readouterr().out
    tree = sdn_mc.open_result(tmp_path / "run")
    scores = tree["/metrics"]["availability"].values[1].astype(float).mean(axis=-1)
    n_worst, n_draw, limit = re.search(
        rf"(\d+) of (\d+) draws .* of {NUMBER} or less", said
    ).groups()
    assert (int(n_worst), int(n_draw)) == (51, 1024)
    assert float(limit) == pytest.approx(np.sort(scores)[50], abs=DECIMALS)
    repair_h = tree["/draws"]["vendor_fault_repair_h"].values
    worst = np.argsort(scores, kind="stable")[:51]
    others = np.setdiff1d(np.arange(1024), worst)
    found = re.search(rf"repair_h +median {NUMBER} h against {NUMBER} h; .* in (\d+)%", said)
    medians = np.median(repair_h[worst]), np.median(repair_h[others])
    np.testing.assert_allclose(list(map(float, found.groups()[:2])), medians, rtol=1e-3)  # 4 digits
    larger = np.mean(repair_h[worst][:, None] > repair_h[others])
    assert int(found.group(3)) == pytest.approx(100 * larger, abs=0.51)


@pytest.mark.slow
def test_the_route_on_the_map_is_that_of_the_dataset(tmp_path, capsys):
    run("route_on_a_map", tmp_path)
    said = capsys.readouterr().out
    tree = sdn_mc.open_result(tmp_path / "run")
    latency_s = tree["/paths"]["latency_s"].values
    draw = int(re.search(r"draw (\d+) at", said).group(1))
    shown, healthy = map(float, re.search(rf"{NUMBER} ms, and {NUMBER} ms without", said).groups())
    longest_s = latency_s[np.isfinite(latency_s)].max()
    assert shown == pytest.approx(1e3 * longest_s, abs=6e-4)  # three decimals, and float32
    assert longest_s in latency_s[draw] and healthy < shown
    assert len(re.search(r"\n  (.+ → .+)\n", said).group(1).split(" → ")) > 3
    assert (tmp_path / "routes.geojson").stat().st_size > 0


@pytest.mark.slow
def test_a_real_fleet_is_counted_whole(tmp_path, capsys, shared_data):
    elements = shared_data / "elements" / "iridium-next_2026-08-22.tle"
    run("real_elements", tmp_path, elements)
    said = capsys.readouterr().out
    read, in_mesh = map(int, re.search(r"(\d+) satellites, (\d+) of them", said).groups())
    n_line = sum(line.startswith("1 ") for line in elements.read_text().splitlines())
    assert read == n_line == in_mesh + sum(map(int, re.findall(r"left out: (\d+)", said)))
    assert "planes recovered: 6, with 11 to" in said  # as Iridium NEXT flies: six planes of eleven
    wanted = [ends_of(tmp_path / "run", "availability", column) for column in (0, 1)]
    np.testing.assert_allclose(intervals(said), wanted, atol=DECIMALS)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_an_example_starts_from_the_command_line(name, tmp_path):
    command = [sys.executable, str(FOLDER / f"{name}.py"), str(tmp_path / "new")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout
