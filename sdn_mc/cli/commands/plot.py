"""`sdn-mc plot`: static figures for papers."""

import importlib.util
from collections.abc import Collection
from pathlib import Path
from typing import Any

from sdn_mc.cli.kinds import RUN, STUDY, SWEEP, dataset_of, kind_of
from sdn_mc.cli.words import one_path, output_apart, place
from sdn_mc.core.problems import InputError
from sdn_mc.terminal import console, shown

HELP = """\
sdn-mc plot RUN [--output FOLDER] [format=pdf,png] [figures=NAME,NAME] [width=single]
            [metric=availability]

  The figures of the report as files for a paper, one a figure and format, each with its data as CSV
  beside it, and captions.txt. RUN: a run, a study or a sweep. What cannot be shown is told with the
  setting that would give it. Needs matplotlib: pip install 'sdn-mc[report]'.

  --output FOLDER  where to put them; else figures/ in the folder of the run
  format=…         any of png (300 dpi), svg, pdf; text stays text, and the same run gives the same
                   bytes again
  figures=…        of a run: availability, through_time, latency, map, what_hurts, restored,
                   outages, budget, concentration; of a study: decisions (one a comparison and
                   measure), concentration_loss; of a sweep: response (one a key), surface (one
                   a pair of numeric keys); else all
  width=…          single (88 mm) or double (180 mm), a journal's columns; letters of 8 pt
  metric=…         of a sweep: availability, latency_p95_s, …; keys that a figure does not show
                   stand at their first values

To change what they look like: python -c "from sdn_mc.report import plots; help(plots)".
"""
INSTALL = (
    "plot: it needs matplotlib, which is not installed; `pip install 'sdn-mc[report]'`, or `pip "
    "install matplotlib`"
)
KEYS = ("figures", "format", "width", "metric")
FOLDER = "figures"
PAGE_MM = 240  # of an A4 page, 297 high, that margins and a caption leave


def command(words: list[str]) -> None:
    words, output = output_apart(words, "plot", is_folder=True)
    given = _given([word for word in words if "=" in word])
    path = place(one_path([word for word in words if "=" not in word], "plot"))
    if importlib.util.find_spec("matplotlib") is None:
        raise InputError(INSTALL)
    from sdn_mc.report import plots

    kind = kind_of(path) if isinstance(path, Path) else RUN
    known = {RUN: plots.RUN, STUDY: plots.STUDY, SWEEP: plots.SWEEP}[kind]
    others = f"; its runs, in {path}/runs, show others" if kind == STUDY else ""
    formats = _allowed(given.get("format", ["pdf", "png"]), "format", plots.FORMATS)
    (width,) = _allowed(given.get("width", ["single"]), "width", plots.WIDTHS_MM, most=1)
    names = _allowed(given.get("figures", list(known)), "figures", known, others)
    if "metric" in given and kind != SWEEP:
        raise InputError(f"plot: metric given, but {path} is a {kind}; it is for sweeps")
    folder = output or _beside(path)
    made, missing = _made(path, kind, width, names, given.get("metric", []))
    if not made:
        raise InputError(f"plot: {path}: no figure can be shown. {' '.join(missing)}")
    plots.write_all(made, folder, formats)
    _tell(made, missing, folder, formats)


def _given(words: list[str]) -> dict[str, list[str]]:
    """The values of each key."""
    given = {}
    for word in words:
        key, _, values = word.partition("=")
        if key not in KEYS:
            raise InputError(f"plot: unknown key {key}; known are {', '.join(KEYS)}")
        given[key] = values.strip("[]").split(",")
    return given


def _allowed(
    values: list[str], key: str, known: Collection[str], others: str = "", most: int | None = None
) -> list[str]:
    """The values of one key, each once; what is unknown, or too much, is refused."""
    values = list(dict.fromkeys(values))
    if any(value not in known for value in values) or len(values) > (most or len(values)):
        allowed = "is one of" if most else "are"
        raise InputError(
            f"plot: {key}={','.join(values)} given; allowed {allowed} {', '.join(known)}{others}"
        )
    return values


def _beside(path: Path | str) -> Path:
    """Where the figures of a run, study or sweep go, unless told."""
    from sdn_mc.store import COLLECTED_NAME, RESULT_NAME

    if isinstance(path, str):
        raise InputError(f"plot: {path} is no folder; say where to put figures: --output FOLDER")
    return (path.parent if path.name in (RESULT_NAME, COLLECTED_NAME) else path) / FOLDER


def _made(path: Path | str, kind: str, width: Any, names: list[str], metric: list[str]) -> Any:
    from sdn_mc.report import plots, sweep_data
    from sdn_mc.report.summary import open_summary
    from sdn_mc.store import open_collected

    if kind == STUDY:
        return plots.of_study(Path(path), width, names)
    if kind == RUN:
        return plots.of_run(open_summary(path), width, names)
    tree = open_collected(dataset_of(Path(path)))
    known = sweep_data.metrics_of(tree)
    if not known:
        raise InputError(f"plot: {path}: no point of this sweep has an estimate yet")
    (chosen,) = _allowed(metric or known[:1], "metric", known, most=1)
    return plots.of_sweep(tree, width, names, chosen)


def _tell(made: list[Any], missing: list[str], folder: Path, formats: list[str]) -> None:
    """Where the files are, and of what is missing what would give it."""
    from sdn_mc.report.plots.style import MM_PER_INCH

    out = console()
    kinds = ", ".join(formats)
    for plot in made:
        high_mm = MM_PER_INCH * plot.figure.get_figheight()
        note = f"; {high_mm:.0f} mm high: try width=double" if high_mm > PAGE_MM else ""
        out.print(f"{plot.name} ({kinds}): {plot.said.title}{note}", markup=False, highlight=False)
    for words in missing:
        out.print(f"not shown: {words}", style="dim", markup=False, highlight=False)
    out.print(f"figures: {shown(folder)}", markup=False, soft_wrap=True)
