"""The report of a sweep: its numbers are those of its runs; what is not done is told and blank."""

import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sdn_mc
from sdn_mc import cli, store
from sdn_mc.core.constants import DRAWS_PER_GROUP
from sdn_mc.report import figures_data, page, sweep_data
from sdn_mc.report.summary import value_and_interval
from sdn_mc.runner.sweep import collected
from sdn_mc.statistics import paired_difference
from tests.report.test_page import answer, words_of
from tests.small_run import SMALL

pytest.importorskip("plotly", reason="plotly is absent: pip install plotly")
pd = pytest.importorskip("pandas", reason="comes with xarray")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
RATE, N_EPOCH = "threats.satellite_failure.rate_per_year", 2
BASE = (
    *(word for word in SMALL if not word.startswith("metrics=")),
    "metrics=[availability,degradation]", "times.count=3", f"times.n_epoch={N_EPOCH}",
    "threats=[satellite_failure]", "title=A sweep", "draws=300",
)  # fmt: skip
SWEPT = (f"{RATE}=2,0.1", "topology.mend=fixed,bypass")  # a number, falling, and words


@pytest.fixture(scope="module")
def sweep(tmp_path_factory) -> Path:
    """Four points, over a number and a choice."""
    folder = tmp_path_factory.mktemp("made") / "sweep"
    argv, sys.argv = sys.argv, ["sdn-mc"]
    cli.main(["run", "-m", *BASE, *SWEPT, f"hydra.sweep.dir={folder}"])
    sys.argv = argv
    return folder


@pytest.fixture(scope="module")
def report(sweep) -> Path:
    """Its report, by the command, which collects first."""
    assert not (sweep / "collected.zarr").exists()
    cli.main(["report", str(sweep)])
    return sweep / "report.html"


@pytest.fixture(scope="module")
def broken(sweep, report, tmp_path_factory) -> Path:
    """The same, one job gone and one failed since it was collected."""
    folder = Path(shutil.copytree(sweep, tmp_path_factory.mktemp("broken") / "sweep"))
    shutil.rmtree(folder / "1")
    shutil.rmtree(folder / "2" / "result.zarr")
    store.write_note(folder / "2" / "failed.json", {"problems": ["it broke"], "traceback": ""})
    os.utime(folder / "2" / "failed.json", (0, 0))  # what tells is the state, not the time
    page.write_report([collected(folder)], "none here", folder / "report.html", ["sweep"])
    return folder


def opened(folder: Path) -> xr.DataTree:
    return store.open_collected(folder / "collected.zarr")


def runs_of(folder: Path) -> list[tuple[dict[str, int], xr.DataTree]]:
    """Every run that is done, and where its point is."""
    points = sweep_data.points_of(opened(folder))
    return [
        (
            dict(zip(points["status"].dims, index, strict=True)),
            store.open_result(folder / str(points["folder"].values[index])),
        )
        for index in np.ndindex(*points["status"].shape)
        if points["status"].values[index] == "done"
    ]


def test_what_is_drawn_at_each_point_is_what_its_own_run_says(sweep, report):
    tree = opened(sweep)
    assert sweep_data.metrics_of(tree)[:2] == ["availability", "availability_lost"]
    seen = 0
    for at, run in runs_of(sweep):
        rate = json.loads(run.attrs["config"])["threats"]["satellite_failure"]["rate_per_year"]
        assert sweep_data.keys_of(tree)[0].values[at["rate_per_year"]] == rate
        for metric in sweep_data.metrics_of(tree):
            known, found = figures_data.estimates(run, metric), sweep_data.response(tree, metric)
            assert known is not None and found.attrs["units"] == known.attrs["units"]
            for part in figures_data.ENDS:
                one = known[part].isel(flow=-1).values
                np.testing.assert_array_equal(found[part].isel(at).values, one)
                seen += np.isfinite(one).sum()
    assert seen > 4 * 3 * 2 * 2


def test_points_are_paired_draw_by_draw(sweep, report):
    tree, runs = opened(sweep), {tuple(at.values()): run for at, run in runs_of(sweep)}
    found = sweep_data.against_first(tree, sweep_data.keys_of(tree)[0])
    first, last = (
        runs[k, 1]["/metrics/availability"].values[0].astype(np.float64).mean(-1) for k in (0, 1)
    )
    epoch = runs[0, 1]["/metrics/epoch"].values
    assert list(np.unique(epoch)) == [0, 1] and len(epoch) > DRAWS_PER_GROUP
    row = found.sel(column="attacked").isel(mend=1)
    drawn = [row[part].values[1] for part in figures_data.ENDS]
    folders = sweep_data.points_of(tree)["folder"].values[:, 1]
    compared = sdn_mc.compare(sweep / folders[1], sweep / folders[0]).sel(measure="availability")
    known = [float(compared[f"difference{end}"]) for end in ("", "_low", "_high")]
    np.testing.assert_allclose(drawn, known, rtol=1e-12)
    alone = paired_difference(last, first, epoch, within=(-1.0, 1.0))  # draws, without instants
    assert known[0] == pytest.approx(alone.value) and known[0] < 0
    assert known[2] - known[1] > alone.high - alone.low
    assert all(row[part].values[0] == 0 for part in figures_data.ENDS)
    alone = tree.copy()
    alone.attrs["config"] = json.dumps({"sampling": {}, "times": {}})
    assert sweep_data.against_first(alone, sweep_data.keys_of(tree)[0]) is None


def test_words_answer_with_the_numbers_of_the_runs(sweep, report):
    words, tree = words_of(report), opened(sweep)
    assert "A sweep" in answer(words, "What was asked?", "How available")
    assert f"{RATE}: 0.1, 2 (1/year)" in answer(words, "What was asked?", "How available")
    assert "topology.mend: fixed, bypass" in answer(words, "What was asked?", "How available")
    available = answer(words, "at best and at worst?", "What hurt most?")
    value = {
        tuple(at.values()): figures_data.estimates(run, "availability")
        for at, run in runs_of(sweep)
    }
    over = {at: float(v["value"].values[-1, -1]) for at, v in value.items()}
    best, worst = max(over, key=over.get), min(over, key=over.get)
    assert over[best] > over[worst]
    for at, word in ((best, "best"), (worst, "worst")):
        row = value[at].isel(column=-1, flow=-1)
        text, interval = value_and_interval(*figures_data.ends_of(row), "1")
        told = f"{word} {text} (95 % interval {interval.strip('[]').replace(', ', ' to ')})"
        assert told in available
        rate = sweep_data.keys_of(tree)[0].words(at[0])
        assert f"at rate_per_year = {rate}" in available.partition(told)[2]
    moved = answer(words, "Which swept key moves it most?", "What was assumed?")
    assert moved.index(RATE) < moved.index("topology.mend")
    less = sweep_data.against_first(tree, sweep_data.keys_of(tree)[0])["value"]
    assert f"a paired difference of {-float(less.min()):.4f}" in moved
    assert RATE in answer(words, "What was assumed?", "Held at one value")
    assert "All 4 are done" in words and "300 draws at each point" in words
    assert "16 satellites" in answer(words, "Which constellation?", "On what machine?")
    assert tree.attrs["device"] in answer(words, "On what machine?", "Responses")


def test_the_page_holds_the_data_of_all_figures(sweep, report):
    text, tree = report.read_text("utf-8"), opened(sweep)
    for name in ("response_rate_per_year", "response_mend"):
        assert f'id="figure-{name}"' in text and f'download="{name}.csv"' in text
    content = re.search(r'id="points-csv"[^>]*base64,([\w+/=]+)"', text)
    assert content is not None
    table = pd.read_csv(io.BytesIO(base64.b64decode(content[1])))
    table = table.set_index(["rate_per_year", "mend", "column"])
    for metric in sweep_data.metrics_of(tree):
        known = sweep_data.response(tree, metric)["value"].to_series()
        np.testing.assert_allclose(table[metric][known.index], known, rtol=1e-12)
    assert {"availability_minus_first_rate_per_year_low", "status"} <= set(table.columns)


def test_what_is_not_done_is_told_and_has_no_number(broken):
    words = words_of(broken / "report.html")
    told = answer(words, "Which points are not done?", "How many draws?")
    assert "2 of 4 are done; 1 failed, 1 missing" in told
    assert "rate_per_year = 2 per year, mend = bypass (missing)" in told
    assert "rate_per_year = 0.1 per year, mend = fixed (failed)" in told
    assert "2 failed: it broke" in words
    rows = answer(words, "Every point", "Every metric at every point")
    assert "2 bypass - - missing" in rows and "0.1 fixed - - failed" in rows
    tree = opened(broken)
    for metric in sweep_data.metrics_of(tree):
        value = sweep_data.response(tree, metric)["value"]
        assert np.isnan(value.values[1, 1]).all() and np.isnan(value.values[0, 0]).all()


def test_a_dataset_is_made_anew_only_where_jobs_have_changed(broken, capsys):
    path, stamp = broken / "collected.zarr", "zarr.json"
    before = (path / stamp).stat().st_mtime_ns
    assert collected(broken) == path and (path / stamp).stat().st_mtime_ns == before
    os.utime(broken / "0" / "result.zarr" / stamp)  # the run has ended again
    collected(broken)
    assert (path / stamp).stat().st_mtime_ns > before


def test_a_dataset_alone_has_a_report_without_a_globe(sweep, report, tmp_path):
    alone = Path(shutil.copytree(sweep / "collected.zarr", tmp_path / "all.zarr"))
    cli.main(["report", str(alone)])
    words = words_of(tmp_path / "report.html")
    assert "No globe: No job of this sweep is done, or none lies beside its dataset" in words
    assert "Response to rate_per_year" in words


def test_static_figures_are_files_with_the_data_of_the_runs(sweep, report, tmp_path, capsys):
    words = (f"--output={tmp_path / 'a'}", "format=png", "figures=response")
    cli.main(["plot", str(sweep), *words, "metric=availability_lost"])
    cli.main(["plot", str(sweep / "collected.zarr"), f"--output={tmp_path / 'b'}", "format=png"])
    names = {file.name for file in (tmp_path / "a").iterdir()}
    both = [f"response_{name}_availability_lost" for name in ("rate_per_year", "mend")]
    assert names == {f"{n}.{kind}" for n in both for kind in ("png", "csv")} | {"captions.txt"}
    table = pd.read_csv(tmp_path / "a" / f"{both[0]}.csv")
    known = sweep_data.response(opened(sweep), "availability_lost")["value"].isel(mend=0)
    np.testing.assert_allclose(table["value"], known.values.ravel(), rtol=1e-12)
    assert (table["mend"] == "fixed").all()
    assert "Held: mend = fixed" in (tmp_path / "a" / "captions.txt").read_text("utf-8")
    assert "not shown: Surfaces: sweep two keys" in " ".join(capsys.readouterr().out.split())


TELL = """<script>window.addEventListener("load", () => {
  const found = {errors: window.sdn.errors, views: {}};
  for (const box of document.querySelectorAll(".menus")) {
    const menus = [...box.querySelectorAll("select")], div = box.nextElementSibling;
    const tell = () => { found.views[div.id + ":" + menus.map((m) => m.disabled ? 0 : m.value)] =
      div.data.filter((t) => t.visible !== false && t.name).map((t) => [t.name, t.y]); };
    const each = (k) => { if (k === menus.length) return tell();
      for (let n = 0; n < menus[k].options.length; n++) {
        menus[k].value = n; menus[k].onchange(); each(k + 1); } };
    each(0);
  }
  const told = document.createElement("pre");
  told.id = "told"; told.textContent = JSON.stringify(found); document.body.append(told);
});</script></body>"""


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="absent: chromium")
def test_in_a_browser_every_choice_shows_its_own_numbers(sweep, report, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(report.read_text("utf-8").replace("</body>", TELL), "utf-8")
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader", "--virtual-time-budget=60000", "--dump-dom", file.as_uri(),
    ]  # fmt: skip
    dom = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout
    told = re.search(r'<pre id="told">(.*?)</pre>', dom, re.DOTALL)
    assert told is not None
    found = json.loads(told[1])
    assert found["errors"] == []
    known = sweep_data.response(opened(sweep), "availability")["value"]
    mends = list(known["mend"].values)
    for k, mend in enumerate(mends):
        drawn = dict(found["views"][f"plot-of-response_rate_per_year:0,0,0,{k}"])
        for column in map(str, known["column"].values):
            np.testing.assert_allclose(
                drawn[column], known.sel(mend=mend, column=column), rtol=1e-5
            )
    drawn = dict(found["views"]["plot-of-response_rate_per_year:0,1,0,0"])
    assert list(drawn) == [f"mend = {mend}" for mend in mends]
    assert len(found["views"]) > 20
