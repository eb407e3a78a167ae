"""Figures for papers show what the data hold, fit their columns, and are the same bytes again."""

import importlib.util
import itertools
import json
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from sdn_mc import cli, config, report, runner, store
from sdn_mc.report import figures_data, looks, wording
from tests.runner_fleet import FLEET, QUIET, run_here

if importlib.util.find_spec("matplotlib") is None:
    pytest.skip("matplotlib is absent: pip install matplotlib", allow_module_level=True)

import matplotlib
from matplotlib.image import imread

from sdn_mc.report import plots

EPISODE = (
    "times=episode",
    "times.n_epoch=2",
    "times.before_h=0.5",
    "times.horizon_h=2",
    "times.step_s=600",
    "metrics=[availability,continuity,time_to_restore]",
)
LONG_NAME = (
    "A station with a name that no column of a journal has room for - "
    + "another_one" * 3
    + "x" * 90
)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    return run_here(tmp_path_factory.mktemp("run"), "draws=64")


@pytest.fixture(scope="module")
def tree(run):
    return store.open_result(run)


@pytest.fixture(scope="module")
def episode(tmp_path_factory):
    fleet = (word for word in FLEET if not word.startswith("times."))
    job = config.load(config.compose([*fleet, *EPISODE, "draws=32"]))
    return store.open_result(runner.run(job, tmp_path_factory.mktemp("episode"), QUIET))


@pytest.fixture(scope="module")
def study(run, tmp_path_factory) -> Path:
    """Two cases, one of a more concentrated fleet, compared at three points."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "study.json").write_text("{}")
    for k, case in enumerate(("one", "four")):
        shutil.copytree(run, folder / "runs" / f"00{k}")
        groups = [{"label": "vendor", "hhi": 1 / (1 + 3 * k), "groups": 1, "effective": 1.0}]
        change = {"title": f"A study: {case}, as assumed", "concentration": json.dumps(groups)}
        store.open_store(folder / "runs" / f"00{k}").set_attributes(change)
    points = ["as assumed", "threats.fault.repair_h=1", "threats.fault.repair_h=6"]
    cell = np.array([[[0.02, -0.01, -0.03]]])
    arrays = {
        "first": ["one"], "second": ["four"], "measure": ["availability"], "point": points,
        "difference": cell, "difference_low": cell - 0.01, "difference_high": cell + 0.02,
        "verdict": np.array([[["one better", "no matter", "open"]]]),
    }  # fmt: skip
    store.write_decisions(folder, arrays, {})
    return folder


def line_of(figure, name: str) -> np.ndarray:
    """The points of a named line or row of marks, x and y."""
    (found,) = [line for line in figure.axes[0].lines if line.get_label() == name]
    return found.get_xydata()


def ends_of(figure, name: str, axis: int) -> np.ndarray:
    """Both ends of every interval of a name, along x (0) or y (1)."""
    (found,) = [c for c in figure.axes[0].collections if c.get_label() == f"_{name}"]
    return np.array([segment[:, axis] for segment in found.get_segments()])


def assert_marks(figure, name: str, row: xr.Dataset) -> None:
    """Marks along x, with their intervals."""
    assert np.array_equal(line_of(figure, name)[:, 0], row["value"].values)
    ends = np.stack([row["low"].values, row["high"].values], axis=1)
    assert np.array_equal(ends_of(figure, name, 0), ends)


def assert_band(figure, name: str, x: np.ndarray, row: xr.Dataset) -> None:
    """A line with its interval, each of whose ends is a corner of the filled surface."""
    assert np.array_equal(line_of(figure, name), np.stack([x, row["value"].values], axis=1))
    (band,) = [c for c in figure.axes[0].collections if c.get_label() == f"_{name}"]
    corners = {(a, b) for path in band.get_paths() for a, b in path.vertices}
    for part in ("low", "high"):
        assert corners >= set(zip(x, row[part].values, strict=True))


def names_of(figure) -> list[str]:
    """Names of rows, without the breaks of lines."""
    return [tick.get_text().replace("\n", " ") for tick in figure.axes[0].get_yticklabels()]


def test_a_row_a_flow_shows_the_estimates_of_the_summary(tree):
    data = figures_data.availability(tree)
    figure = plots.availability(data)
    assert names_of(figure) == list(data["flow"].values)
    for column in data["column"].values:
        assert_marks(figure, column, data.sel(column=column))
    middle = figure.axes[0].get_yticks()
    assert np.all(np.abs(line_of(figure, "all")[:, 1] - middle) < 3)  # mm: in their own rows


@pytest.mark.parametrize("name", ["through_time", "latency", "restored", "outages"])
def test_lines_and_bands_are_those_of_the_data(name, tree, episode):
    read, draw, axis, shown = {
        "through_time": (figures_data.through_time, plots.through_time, "time", episode),
        "latency": (figures_data.latency_shares, plots.latency, "latency", tree),
        "restored": (figures_data.still_waiting, plots.restored, "time", episode),
        "outages": (figures_data.longest_gaps, plots.outages, "gap", episode),
    }[name]
    data = read(shown)
    figure, x = draw(data), data[axis].values
    for column in data["column"].values:
        row = data.sel(column=column)
        assert_band(figure, column, x, row.sel(flow="over flows") if "flow" in row.dims else row)
    if name == "through_time":
        assert np.array_equal(line_of(figure, "all: 5 to 95 % of draws")[:, 1], row["draws_p5"])
        low, high = figure.axes[0].get_ylim()
        assert low < row["draws_p5"].min() and high > 1


def test_bars_are_as_long_as_what_is_lost(tree):
    data = figures_data.what_hurts(tree)
    figure = plots.what_hurts(data)
    assert [bar.get_width() for bar in figure.axes[0].patches] == list(data["value"].values)
    ends = ends_of(figure, "lost against the healthy column", 0)
    assert np.array_equal(ends, np.stack([data["low"], data["high"]], axis=1))
    groups = figures_data.concentration(tree)
    bars = plots.concentration(groups).axes[0].patches
    assert [bar.get_width() for bar in bars] == list(groups["effective"].values)


def test_what_is_saved_stands_beside_what_is_lost():
    values = {part: ("row", [0.3, 0.2, 0.1]) for part in figures_data.ENDS}
    names = {"cause": ("row", ["a", "b", "a"]), "kind": ("row", ["lost", "lost", "saved"])}
    figure = plots.what_hurts(xr.Dataset(values | names))
    lost, saved = figure.axes[0].containers
    assert [bar.get_width() for bar in lost] == [0.3, 0.2]
    assert saved[0].get_width() == 0.1 and saved[0].get_hatch()
    assert names_of(figure) == ["a", "b"]
    first, second = figure.axes[0].get_yticks()
    at = saved[0].get_y() + saved[0].get_height() / 2
    assert abs(at - first) < abs(at - second)


def test_the_map_colours_each_way_by_the_availability_of_the_main_column(tree):
    data = figures_data.on_map(tree)
    data["value"][-1] = [0.7, 0.9, 0.8]
    figure = plots.world_map(data, "double")
    (shown,) = [c for c in figure.axes[0].collections if c.get_array() is not None]
    value = data["value"].values[-1]
    assert np.array_equal(shown.get_array(), np.sort(value)[::-1])
    ways = figures_data.arcs(data)
    for way, k in zip(shown.get_segments(), np.argsort(-value, kind="stable"), strict=True):
        assert np.array_equal(way, ways[int(k)][~np.isnan(ways[int(k)]).any(axis=1)])
    assert shown.get_clim() == (min(data["value"].values.min(), 0.99), 1.0)


def test_a_way_over_the_edge_of_the_map_reaches_it_on_both_sides():
    way = figures_data.great_circle(np.array([170.0, 10.0]), np.array([-160.0, 20.0]))
    (cut,) = np.flatnonzero(np.isnan(way[:, 0]))
    assert tuple(way[[cut - 1, cut + 1], 0]) == (180.0, -180.0)
    assert way[cut - 1, 1] == way[cut + 1, 1] and 10 < way[cut - 1, 1] < 20


def test_stages_of_no_time_are_told_beside_a_logarithmic_axis():
    values = np.array([[2.0, 3.0], [0.0, 0.0]])
    parts = dict.fromkeys(figures_data.ENDS, (("stage", "column"), values))
    columns = ["healthy", "all"]
    axes = {"stage": ["detect", "waiting for a path"], "column": columns}
    data = xr.Dataset(parts, axes, {"chain": "warning", "shown": columns})
    figure = plots.budget(data)
    assert line_of(figure, "all")[0, 0] == 3.0 and np.isnan(line_of(figure, "all")[1, 0])
    assert [text.get_text() for text in figure.axes[0].texts] == ["0 s"]
    assert figure.axes[0].get_xscale() == "log"


@pytest.mark.parametrize("width", plots.WIDTHS_MM)
def test_of_a_study_every_difference_is_a_mark_that_tells_its_verdict(study, width):
    made, missing = plots.of_study(study, width)
    assert missing == []
    forest, loss = made
    assert forest.name == "decisions_one_minus_four_availability"
    states = {"decided": "s", "no difference that matters": "o", "not decided": "D"}
    for point, (name, marker) in enumerate(states.items()):
        assert_marks(forest.figure, name, forest.data.isel(point=[point]))
        (marks,) = [line for line in forest.figure.axes[0].lines if line.get_label() == name]
        assert marks.get_marker() == marker
    names = list(forest.data["point"].values)
    assert names_of(forest.figure) == (names if width == "double" else [names[0], "1", "6"])
    heads = [text.get_text() for text in forest.figure.axes[0].texts]
    assert heads == ([] if width == "double" else ["threats.fault.repair_h"])
    for k in range(loss.data.sizes["row"]):
        row = loss.data.isel(row=k)
        name = f"{row['run'].values}: {row['column'].values}"
        assert np.array_equal(line_of(loss.figure, name)[0], [row["hhi"], row["value"]])
        assert np.array_equal(ends_of(loss.figure, name, 1)[0], [row["low"], row["high"]])
    assert set(loss.data["hhi"].values) == {1.0, 0.25}


@pytest.fixture(scope="module")
def drawn(run, tmp_path_factory) -> Path:
    """Files of the run, by the command."""
    folder = tmp_path_factory.mktemp("drawn") / "new" / "folder"
    cli.main(["plot", str(run), "--output", str(folder), "format=png,svg,pdf"])
    return folder


NAMES = ("availability", "through_time", "latency", "map", "what_hurts", "concentration")


def test_files_are_what_their_names_say(drawn, tree):
    kinds = ("csv", "pdf", "png", "svg")
    expected = {f"{name}.{kind}" for name in NAMES for kind in kinds} | {"captions.txt"}
    assert {file.name for file in drawn.iterdir()} == expected
    said = {plot.name: plot.said for plot in plots.of_run(tree)[0]}
    for name in NAMES:
        assert imread(drawn / f"{name}.png").shape[1] == int(88 / 25.4 * 300)
        pdf = (drawn / f"{name}.pdf").read_bytes()
        assert pdf.startswith(b"%PDF-") and b"/Type3" not in pdf and b"/CIDFontType2" in pdf
        root = ElementTree.parse(drawn / f"{name}.svg").getroot()
        texts = [text.text for text in root.iter(f"{SVG}text")]
        for words in (said[name].x, said[name].y):
            assert all(word in " ".join(texts).split() for word in words.split())
        assert f"{name}: {said[name].title}." in (drawn / "captions.txt").read_text("utf-8")
    assert root.attrib["width"] == f"{88 / 25.4 * 72:.6f}pt"


def test_the_csv_beside_a_figure_holds_its_data(drawn, tree):
    lines = (drawn / "latency.csv").read_text("utf-8").splitlines()
    assert lines[0] == "column,flow,latency_ms,value,low,high"
    data = figures_data.latency_shares(tree)
    assert len(lines) == 1 + data["value"].size
    assert float(lines[-1].split(",")[3]) == float(data["value"].values.ravel()[-1])


def test_the_same_run_gives_the_same_bytes_at_another_time_under_other_settings(
    drawn, run, tmp_path, monkeypatch
):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")  # what dates would be written as
    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 30, "savefig.dpi": 10}):
        figures = "figures=availability,through_time,map,what_hurts"  # of each kind of mark
        cli.main(["plot", str(run), f"--output={tmp_path}", "format=[png,svg,pdf]", figures])
    (tmp_path / "captions.txt").unlink()
    assert len(list(tmp_path.iterdir())) == 16
    for file in tmp_path.iterdir():
        assert file.read_bytes() == (drawn / file.name).read_bytes(), file.name


@pytest.mark.parametrize("width", plots.WIDTHS_MM)
def test_long_names_are_whole_and_inside_and_no_legend_covers_data(tree, width):
    data = figures_data.availability(tree)
    names = [LONG_NAME, *data["flow"].values[1:]]
    columns = [f"{name}_with_a_name_of_many_letters" for name in data["column"].values]
    figure = plots.availability(data.assign_coords(flow=names, column=columns), width)
    figure.draw_without_rendering()
    first = figure.axes[0].get_yticklabels()[0].get_text()
    assert first.replace("\n", "").replace(" ", "") == LONG_NAME.replace(" ", "")
    inked, paper = figure.get_tightbbox(), figure.bbox_inches
    assert inked.x0 >= 0 and inked.y0 >= 0 and inked.x1 <= paper.x1 and inked.y1 <= paper.y1
    (legend,) = figure.legends
    assert not legend.get_window_extent().overlaps(figure.axes[0].get_window_extent())
    boxes = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
    assert not any(a.overlaps(b) for a, b in itertools.pairwise(boxes))
    assert figure.get_figwidth() == {"single": 88, "double": 180}[width] / 25.4


def test_columns_differ_in_colour_dash_and_marker():
    """Colours and dashes together, and markers alone, for as many as one figure shows."""
    n = 5
    assert len(set(looks.MARKERS[:n])) == len(set(looks.DASHES[:n])) == len(set(looks.COLOURS[:n]))
    seen = [plots.style.look(k) for k in range(n)]
    assert len({str(each["dash"]) for each in seen}) == len({e["marker"] for e in seen}) == n


def test_what_cannot_be_shown_is_said_with_what_would_give_it(run, capsys, tmp_path):
    cli.main(["plot", str(run / "result.zarr"), "figures=map,restored", f"--output={tmp_path}"])
    said = capsys.readouterr().out
    assert f"not shown: {wording.MISSING['restored']}" in said and "latency" not in said
    assert {f.name for f in tmp_path.glob("map.*")} == {"map.pdf", "map.png", "map.csv"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "plot: name one run folder"),
        (("nowhere",), "nowhere: there is no such folder"),
        (("RUN", "format=jpg"), "plot: format=jpg given; allowed are png, svg, pdf"),
        (("RUN", "figures=pie"), "plot: figures=pie given; allowed are availability, through_time"),
        (("STUDY", "figures=latency"), "allowed are decisions, concentration_loss; its runs, in"),
        (("RUN", "width=single,double"), "allowed is one of single, double"),
        (("RUN", "colour=red"), "unknown key colour; known are figures, format, width"),
        (("RUN", "figures=restored"), "no figure can be shown. Time to restore: times=episode"),
        (("RUN", "--output"), "name a folder, for example --output figures"),
        (("RUN", "--output=FILE"), "name a folder, for example --output figures"),
        (("RUN", "--big"), "--big: unknown flag; see sdn-mc plot --help"),
        (("s3://bucket/run",), "say where to put figures: --output FOLDER"),
    ],
)
def test_bad_input_is_one_line(run, study, tmp_path, capsys, words, message):
    (tmp_path / "file").write_text("")
    places = {"RUN": run, "STUDY": study}
    given = [str(places.get(word, word)).replace("FILE", str(tmp_path / "file")) for word in words]
    with pytest.raises(SystemExit) as stop:
        cli.main(["plot", *given])
    said = capsys.readouterr().err
    assert stop.value.code == 2 and len(said.splitlines()) == 1 and message in said
    assert not (run / "figures").exists()


def test_without_matplotlib_one_line_says_what_to_install(run, capsys, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("sdn_mc.report.plots")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(report, "plots")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(SystemExit) as stop:
        cli.main(["plot", str(run)])
    said = capsys.readouterr().err
    assert stop.value.code == 2 and len(said.splitlines()) == 1
    assert "pip install matplotlib" in said


@pytest.mark.slow
def test_figures_ask_for_neither_plotly_nor_pyplot():
    code = (
        "import sys; sys.modules['plotly'] = None\n"
        "import sdn_mc.report.plots; assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
