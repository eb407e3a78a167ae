"""The report: one HTML file that opens from disk, holds its own library and asks no network.

Of a run: the question and its answers, the globe, figures, tables, assumptions. Of a study: its
decisions first, then its first run. Of a sweep: curves and surfaces over its keys. Several can
stand in one file, one after the other; two runs whose draws are common are compared before that.
"""

import importlib.util
import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import xarray as xr

from sdn_mc.core.notes import others_in, warnings_in
from sdn_mc.core.problems import InputError
from sdn_mc.core.shown import Shown
from sdn_mc.report import figures_data, markup
from sdn_mc.report.answers import answers_of, assumed_value
from sdn_mc.report.markup import bullets, paragraph, safe
from sdn_mc.report.summary import notes_of, open_summary, value_and_interval
from sdn_mc.report.writing import in_one_step
from sdn_mc.store import RESULT_NAME

SHORT = "short"  # the section with the answers
NAME = "report.html"
NAME_OF_SEVERAL = "reports.html"  # so that the first keeps its own
MOST_COLUMNS = 6  # side by side
OVER_FLOWS_WORDS = "Over flows: the mean, of latencies and times to restore the median"
INSTALL = (
    "report: it needs plotly, which is not installed; `pip install 'sdn-mc[report]'`, or `pip "
    "install plotly`"
)


class Section(NamedTuple):
    """A part of the page."""

    name: str  # of its anchor
    title: str
    body: str


def write_report(
    runs: Sequence[Path],
    shown: Shown | str,
    output: Path,
    kinds: Sequence[str],
    compared: xr.Dataset | str | None = None,
) -> Path:
    """Write the page of some folders; `kinds` says of each what it holds: run, study or sweep.

    `shown` are the draws of the first one to be looked at, or words on why there are none;
    `compared` what two runs differ in, or words on why that is not known.
    """
    check_installed()
    from plotly import offline

    from sdn_mc.report.comparison_page import comparison_section
    from sdn_mc.report.study_page import study_sections
    from sdn_mc.report.sweep_page import sweep_sections

    makers = {"run": run_sections, "study": study_sections, "sweep": sweep_sections}
    title, sections = "", list[Section]()
    if compared is not None:
        sections.append(comparison_section(compared))
    for k, (run, kind) in enumerate(zip(runs, kinds, strict=True)):
        prefix = f"run{k + 1}-" if len(runs) > 1 else ""
        name, found = makers[kind](run, None if k else shown, prefix)
        title = title or name
        which = f"{chr(ord('A') + k)}: " if len(runs) > 1 else ""  # as the comparison calls them
        sections += [each._replace(title=which + each.title) for each in found]
    text = _page(title, sections, offline.get_plotlyjs())
    with in_one_step(output) as partial:
        partial.write_text(text, encoding="utf-8")
    return output


def _page(title: str, sections: Sequence[Section], library: str) -> str:
    links = "".join(f'<a href="#{s.name}">{safe(s.title)}</a>' for s in sections)
    body = "".join(
        f'<section id="{s.name}"><h2>{safe(s.title)}</h2>\n{s.body}</section>\n' for s in sections
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{safe(title)}</title>\n'
        f"<style>\n{_own('page.css')}</style></head>\n<body>\n"
        f"<header><h1>{safe(title)}</h1></header>\n<nav>{links}</nav>\n<main>{body}</main>\n"
        f"<script>{library}</script>\n<script>\n{_own('page.js')}</script>\n</body></html>\n"
    )


def _own(name: str) -> str:
    return resources.files("sdn_mc.report").joinpath(name).read_text("utf-8")


def check_installed() -> None:
    """Refuse, in one line, where the library of the figures is absent."""
    if importlib.util.find_spec("plotly") is None:
        raise InputError(INSTALL)


def beside(run: Path, n_run: int = 1) -> Path:
    """Where the report of a run, study or dataset of a sweep goes, unless told; or of several."""
    folder = run.parent if run.suffix == Path(RESULT_NAME).suffix else run
    return folder / (NAME if n_run == 1 else NAME_OF_SEVERAL)


def first_run(study: Path) -> Path:
    """The run of a study that is shown in full."""
    runs = sorted(p for p in (study / figures_data.RUNS).glob("*") if (p / RESULT_NAME).exists())
    if not runs:
        raise InputError(f"{study}: no run of this study has begun; `sdn-mc resume {study}` does")
    return runs[0]


def run_sections(run: Path, shown: Shown | str | None, prefix: str) -> tuple[str, list[Section]]:
    """Title and sections of one run; `shown` None: there is a globe already."""
    from sdn_mc.report.figures import figures_of

    tree = open_summary(run)
    figures, missing = figures_of(tree)
    title = str(tree.attrs.get("question", tree.attrs["title"]))
    sections = [
        Section(prefix + SHORT, "The question and its answer", question(tree)),
        *([] if shown is None else [globe_section(shown, prefix)]),
        Section(
            prefix + "figures", "Figures", "".join(markup.figure(each, prefix) for each in figures)
        ),
        Section(prefix + "tables", "All metrics", metric_tables(tree)),
        Section(prefix + "assumed", "Assumed, not known", assumptions(tree)),
        Section(prefix + "provenance", "Notes and provenance", provenance(tree, run, missing)),
    ]
    return title, sections


def question(tree: xr.DataTree) -> str:
    """Warnings, then the questions with their answers."""
    warnings = warnings_in(notes_of(tree))
    told = "".join(f'<p class="warning">{safe(note)}</p>' for note in warnings)
    return told + definitions(answers_of(tree))


def definitions(answers: Sequence[tuple[str, list[str]]]) -> str:
    """Questions and answers side by side."""
    rows = "".join(
        f"<dt>{safe(asked)}</dt><dd>{''.join(map(paragraph, said))}</dd>\n"
        for asked, said in answers
    )
    return f"<dl>{rows}</dl>\n"


def globe_section(shown: Shown | str, prefix: str) -> Section:
    """The globe with its controls, or why there is none."""
    from sdn_mc.report.globe import payload

    title = "The constellation, and what a draw lost"
    if isinstance(shown, str):
        words = f"No globe: the scene could not be built again from the configuration. {shown}"
        return Section(prefix + "globe", title, paragraph(words))
    body = _own("globe.html") + markup.json_block("data-globe", payload(shown))
    return Section(prefix + "globe", title, body)


def metric_tables(tree: xr.DataTree) -> str:
    """Every output over flows, and availability by flow."""
    columns, shown = figures_data.columns_of(tree), figures_data.shown_columns(tree)
    summary = tree["/summary"].to_dataset()
    rows = []
    for name in sorted(str(n) for n in summary.data_vars if f"{n}_low" in summary):
        if (found := figures_data.estimates(tree, name)) is not None:
            rows.append([summary[name].attrs["long_name"], *_cells(found, -1)])
    heads, caption = ["metric", *columns], OVER_FLOWS_WORDS
    if is_long := len(columns) > MOST_COLUMNS:
        rows = [[row[0], c, cell] for row in rows for c, cell in zip(columns, row[1:], strict=True)]
        heads = ["metric", "column", "value"]
    told = markup.table(heads, rows, caption, right=not is_long)
    found = figures_data.estimates(tree, "availability")
    if found is not None and found.sizes["flow"] > 1:
        found = found.isel(column=[columns.index(name) for name in shown])
        flows = [*figures_data.shown_flows(tree), found.sizes["flow"] - 1]
        rows = [[str(found["flow"].values[f]), *_cells(found, f)] for f in flows]
        told += markup.table(["flow", *shown], rows, "Availability by flow", True)
        told += paragraph(f"Intervals: {found.attrs.get('method', '')}.")
    return told + paragraph("∞: no path at that share of the times, or not within the horizon.")


def _cells(found: xr.Dataset, flow: int) -> list[tuple[str, str]]:
    rows = (found.isel(column=k, flow=flow) for k in range(found.sizes["column"]))
    return [value_and_interval(*figures_data.ends_of(row), found.attrs["units"]) for row in rows]


def assumptions(tree: xr.DataTree) -> str:
    """Every assumed value that the run read."""
    items = figures_data.about(tree, "assumptions", [])
    rows = [(item["name"], assumed_value(item), item.get("meaning", "")) for item in items]
    words = "Values that no public source states. No interval on this page covers them: sweep them."
    return paragraph(words) + markup.table(["assumption", "value", "meaning"], rows)


def provenance(tree: xr.DataTree, run: Path, missing: Sequence[str]) -> str:
    """Notes, what is not shown, versions and how to cite."""
    attrs, told = tree.attrs, ""
    notes = others_in(notes_of(tree))
    if notes:
        told += "<h3>Notes</h3>" + bullets(notes)
    if missing:
        told += "<h3>Not shown, and what would give it</h3>" + bullets(missing)
    inputs = [
        f"{path}: sha-256 {digest}"
        for path, digest in json.loads(attrs.get("inputs", "{}")).items()
    ]
    facts = [
        f"Dataset: {run}", f"Configuration: {attrs.get('config_hash', '')}", *inputs,
        f"Cite as: {attrs['citation']}. Licence: {attrs['licence']}.",
    ]  # fmt: skip
    return told + "<h3>Provenance</h3>" + bullets(facts)
