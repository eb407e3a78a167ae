"""`sdn-mc report`: one HTML page."""

from pathlib import Path
from typing import Any

from sdn_mc.cli.kinds import RUN, STUDY, SWEEP, dataset_of, kind_of
from sdn_mc.cli.words import output_apart, plugins_apart
from sdn_mc.core.problems import InputError
from sdn_mc.terminal import console, shown

HELP = """\
sdn-mc report RUN [RUN …] [--output FILE] [draws=17,40] [column=NAME] [plugins=[PACKAGE]]

  One HTML file that opens from disk without a network: the question and its answer in words, a
  globe with the constellation and what a few draws lost, and figures, each with its data. RUN: the
  folder of a run, a study or a sweep, or the dataset of a sweep. Two runs are compared first, as
  `sdn-mc compare` does. Of a sweep it shows how the answer moves with every swept key and with each
  pair of them; what is not collected yet is collected first. Needs plotly: pip install
  'sdn-mc[report]'.

  --output FILE  where to put it; else report.html in the folder; reports.html
                 in the first one, of several
  draws=17,40    draws to show on the globe instead of the median, a bad and the worst one
  column=NAME    the column that they are shown of; else the last one
"""


def command(words: list[str]) -> None:
    from sdn_mc.report import page

    words, plugins = plugins_apart(words)
    words, output = output_apart(words, "report")
    draws, column = _shown_draws(words)
    given = [Path(word) for word in words if "=" not in word]
    if not given:
        raise InputError("report: name a run folder, for example outputs/2027-01-01/12-00-00")
    page.check_installed()
    kinds = [kind_of(path) for path in given]
    runs = [dataset_of(p) if k == SWEEP else p for p, k in zip(given, kinds, strict=True)]
    chosen = _shown_in(runs[0], kinds[0], draws, column, plugins)
    compared = _compared(runs, plugins) if kinds == [RUN, RUN] else None
    path = page.write_report(
        runs, chosen, output or page.beside(runs[0], len(runs)), kinds, compared
    )
    size_mb = path.stat().st_size / 1e6
    console().print(f"report: {shown(path)} ({size_mb:.1f} MB)", markup=False, soft_wrap=True)


def _shown_in(
    path: Path, kind: str, draws: list[int], column: str | None, plugins: list[str]
) -> Any:
    """Draws for the globe, of the run that stands for the whole; or why there are none."""
    from sdn_mc.report import page
    from sdn_mc.report.sweep_page import first_job

    run = {STUDY: page.first_run, SWEEP: first_job}.get(kind, lambda run: run)(path)
    if run is None:
        return "No job of this sweep is done, or none lies beside its dataset."
    return _shown_of(run, draws, column, plugins)


def _shown_of(run: Path, draws: list[int], column: str | None, plugins: list[str]) -> Any:
    """Draws for the globe, or why there are none; what the user asked for is refused instead."""
    from sdn_mc import store
    from sdn_mc.runner import showing

    store.open_result(run)  # what is no result is told first
    console().print("building the scene again …", style="dim")
    try:
        return showing.shown_of(run, draws, column, plugins)
    except InputError as error:
        if any(problem.startswith("report:") for problem in error.problems):
            raise
        return " ".join(error.problems)


def _compared(runs: list[Path], plugins: list[str]) -> Any:
    """What two runs differ in, or why that cannot be told."""
    from sdn_mc.runner.comparing import compare

    try:
        return compare(runs[0], runs[1], plugins=plugins)
    except InputError as error:
        return " ".join(error.problems)


def _shown_draws(words: list[str]) -> tuple[list[int], str | None]:
    """draws=17,40 and column=NAME."""
    draws, column = list[int](), None
    for word in words:
        key, equals, value = word.partition("=")
        if key == "draws" and equals:
            if not all(part.isdigit() for part in value.split(",")):
                raise InputError(f"report: {word} given; write whole numbers, such as draws=17,40")
            draws = [int(part) for part in value.split(",")]
        elif key == "column" and equals:
            column = value
        elif equals:
            raise InputError(f"report: unknown key {key}; known are column, draws")
    return draws, column
