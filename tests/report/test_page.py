"""The report as a reader meets it: whole on disk, in words that equal the dataset, in a browser."""

import html
import importlib.util
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from sdn_mc import cli, store
from sdn_mc.report import figures_data
from sdn_mc.report.comparison import notes_of, print_comparison, tables_of
from sdn_mc.report.summary import value_and_interval
from sdn_mc.runner.comparing import compare
from tests.runner_fleet import run_here

needs_plotly = pytest.mark.skipif(
    importlib.util.find_spec("plotly") is None, reason="plotly is absent: pip install plotly"
)
MOST_BYTES = 15e6


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A run of the small fleet, with a given fault."""
    return run_here(tmp_path_factory.mktemp("run"), "draws=300")


@pytest.fixture(scope="module")
def report(run) -> Path:
    """Its report, by the command."""
    cli.main(["report", str(run)])
    return run / "report.html"


def words_of(report: Path) -> str:
    """What a reader reads: the page without scripts, styles and tags."""
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", report.read_text("utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", text)))


def answer(words: str, asked: str, until: str) -> str:
    """What stands between two questions."""
    return words.partition(asked)[2].partition(until)[0]


@needs_plotly
def test_the_page_holds_everything_and_asks_no_network(report):
    text = report.read_text("utf-8")
    assert report.stat().st_size < MOST_BYTES
    outside = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)  # the library names hosts
    assert not re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//""", outside)
    assert "http" not in re.sub(r"data:text/csv;base64,[\w+/=]+", "", outside)
    for name in ("availability", "through_time", "latency", "map", "what_hurts"):
        assert f'id="figure-{name}"' in text and f'download="{name}.csv"' in text


@needs_plotly
def test_the_words_answer_eight_questions_with_the_datasets_numbers(run, report):
    words, tree = words_of(report), store.open_result(run)
    assert "What was asked? " + tree.attrs["title"] in words
    available = answer(words, "How available is it, healthy and attacked?", "What hurt most?")
    found = figures_data.estimates(tree, "availability")
    assert found is not None
    for k, column in enumerate(figures_data.columns_of(tree)):
        row = found.isel(column=k, flow=-1)
        value, interval = value_and_interval(*figures_data.ends_of(row), "1")
        low, high = interval.strip("[]").split(", ")
        assert f"{column}" in available or column == "healthy"
        assert f"{value} (95 % interval {low} to {high})" in available
    lost = tree["/summary"]["availability_lost"].values[:, -1]
    worst = figures_data.columns_of(tree)[int(np.argmax(lost))]
    hurt = answer(words, "What hurt most?", "What was assumed?")
    assert f"{worst} costs most: {lost.max():.4f}" in hurt
    n_assumed = len(json.loads(tree.attrs["assumptions"]))
    assert f"{n_assumed} values" in answer(words, "What was assumed?", "What would flip")
    assert "cannot tell" in answer(words, "What would flip the verdict?", "How many draws?")
    assert "300 draws, seed 1" in answer(words, "How many draws?", "Which constellation?")
    fleet = answer(words, "Which constellation?", "On what machine?")
    assert "60 satellites, 60 of them in the mesh" in fleet
    assert tree.attrs["device"] in answer(words, "On what machine?", "The constellation")


@needs_plotly
def test_a_run_whose_inputs_are_gone_gets_a_page_that_says_why_it_has_no_globe(run, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(run, moved)
    result = store.open_store(moved)
    config = json.loads(result.attributes()["config"])
    config["constellation"] = {
        "_target_": "sdn_mc.constellation.element_sets.ElementSets",
        "path": "gone.tle",
    }
    result.set_attributes({"config": json.dumps(config)})
    cli.main(["report", str(moved), "--output", str(tmp_path / "page.html")])
    words = words_of(tmp_path / "page.html")
    assert "No globe: " in words and "gone.tle" in words
    assert "Availability by flow" in words


@needs_plotly
def test_several_runs_share_a_page(run, tmp_path):
    cli.main(["report", str(run), str(run / "result.zarr"), f"--output={tmp_path / 'two.html'}"])
    text = (tmp_path / "two.html").read_text("utf-8")
    names = re.findall(r'\bid="([^"]+)"', text)
    assert len(names) == len(set(names))
    assert 'id="figure-run1-latency"' in text and 'id="figure-run2-latency"' in text
    assert names[0] == "compared" and 'download="differences.csv"' in text
    assert "A minus B, on 300 common draws, seed 1." in words_of(tmp_path / "two.html")


@needs_plotly
def test_two_runs_that_cannot_be_compared_share_a_page_that_says_why(run, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(run, other)
    store.open_store(other).set_attributes({"seed": 2})
    cli.main(["report", str(run), str(other), f"--output={tmp_path / 'two.html'}"])
    words = words_of(tmp_path / "two.html")
    assert f"Not compared. compare: seed is 1 in {run} and 2 in {other}; draws pair only" in words
    assert words.count("The question and its answer What was asked?") == 2


@needs_plotly
def test_the_section_that_compares_two_runs_has_the_rows_of_the_terminal(run, tmp_path):
    from sdn_mc.report.comparison_page import comparison_section

    found = compare(run, run, ("failures", "all"))
    (tmp_path / "page.html").write_text(comparison_section(found).body, "utf-8")
    words, page = words_of(tmp_path / "page.html"), io.StringIO()
    print_comparison(found, Console(file=page, width=200))
    printed = [line.split() for line in page.getvalue().splitlines()]
    for told in tables_of(found):
        for row in told.rows:
            assert " ".join(cell for cell in row if cell) in words
            assert [word for cell in row for word in cell.split()] in printed
    for note in notes_of(found):
        assert note in words and f"- {note}".split() in printed


@needs_plotly
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "report: name a run folder"),
        (("RUN", "draws=x"), "write whole numbers, such as draws=17,40"),
        (("RUN", "draws=300"), "draws=300 given; the run has 0 to 299"),
        (("RUN", "column=none"), "no column is called 'none'; there are failures, all"),
        (("RUN", "colour=red"), "unknown key colour; known are column, draws"),
        (("RUN", "--output"), "name a file, for example --output report.html"),
        (("RUN", "--output=RUN/result.zarr/zarr.json/x.html"), "x.html: this cannot be written"),
        (("RUN", "--output=/dev/null"), "/dev/null: this is no file that could be replaced"),
        (("RUN", "--big"), "--big: unknown flag; see sdn-mc report --help"),
        (("nowhere",), "nowhere: there is no such folder"),
    ],
)
def test_bad_input_is_one_line(run, capsys, words, message):
    with pytest.raises(SystemExit) as stop:
        cli.main(["report", *(word.replace("RUN", str(run)) for word in words)])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_without_plotly_one_line_says_what_to_install(run):
    code = (
        "import sys; sys.modules['plotly'] = None\n"
        "from sdn_mc import cli; cli.main(['report', sys.argv[1]])"
    )
    ended = subprocess.run([sys.executable, "-c", code, run], capture_output=True, text=True)
    assert ended.returncode == 2 and len(ended.stderr.splitlines()) == 1
    assert "pip install plotly" in ended.stderr
