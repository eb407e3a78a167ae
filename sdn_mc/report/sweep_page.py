"""The report of a sweep: what the answer hangs on, response curves and surfaces, every point."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from sdn_mc.core.notes import others_in
from sdn_mc.core.shown import Shown
from sdn_mc.report import markup, sweep_data
from sdn_mc.report.answers import assumed_value
from sdn_mc.report.figures_data import about
from sdn_mc.report.markup import bullets, paragraph, safe
from sdn_mc.report.menus import Explored, explored
from sdn_mc.report.page import Section, definitions, globe_section
from sdn_mc.report.summary import MAIN_METRIC, value_and_interval
from sdn_mc.report.sweep_answers import answers_of_sweep, values_words
from sdn_mc.report.sweep_curves import curves
from sdn_mc.report.sweep_surfaces import surface
from sdn_mc.report.sweep_views import MOST_POINTS
from sdn_mc.report.sweep_views import shown as drawn
from sdn_mc.store import RESULT_NAME, open_collected

MOST_ROWS = 200  # of the table
POINTS_CSV = "points-csv"  # the link that holds the data of all figures


def sweep_sections(
    dataset: Path, shown: Shown | str | None, prefix: str
) -> tuple[str, list[Section]]:
    """Title and sections of a sweep, from its dataset."""
    tree = open_collected(dataset)
    title = str(tree.attrs["title"])
    title = f"Sweep: {title}" if "=" in title else title
    found = {key.name: sweep_data.against_first(tree, key) for key in sweep_data.keys_of(tree)}
    differences = {name: each for name, each in found.items() if each is not None}
    made = figures_of_sweep(tree, differences)
    figures = "".join(explored(each, prefix, _data_link(prefix, each.name)) for each in made)
    nothing = paragraph("No figure: no two points that differ have an estimate.")
    return title, [
        Section(prefix + "short", "The question and its answer", _question(tree)),
        Section(prefix + "figures", "Responses", figures or nothing),
        Section(
            prefix + "points", "Every point", point_table(tree, prefix, list(differences.values()))
        ),
        *([] if shown is None else [_globe(tree, shown, prefix)]),
        Section(prefix + "assumed", "Assumed, not known", assumption_table(tree)),
        Section(prefix + "provenance", "Notes and provenance", provenance(tree, dataset)),
    ]


def _data_link(prefix: str, name: str) -> str:
    """One table holds what all figures show; the page gives each link its content."""
    to = f'data-as="{prefix}{POINTS_CSV}" href="#" download="{prefix}{name}.csv"'
    return f"<a {to}>Data of these figures (CSV)</a>"


def _question(tree: xr.DataTree) -> str:
    """Warnings, then the questions with their answers."""
    told = "".join(f'<p class="warning">{safe(w)}</p>' for w in sweep_data.warnings_of(tree))
    return told + definitions(answers_of_sweep(tree))


def first_job(dataset: Path) -> Path | None:
    """The first job that is done, if it is still beside the dataset; it is shown on the globe."""
    folder = dataset.parent / str(open_collected(dataset).attrs.get("config_of", ""))
    return folder if (folder / RESULT_NAME).exists() else None


def figures_of_sweep(tree: xr.DataTree, differences: dict[str, xr.Dataset]) -> list[Explored]:
    """A curve for each key, and a surface for each pair of numeric keys."""
    keys = [key for key in sweep_data.keys_of(tree) if len(key.values) > 1]
    metrics = [drawn(sweep_data.response(tree, name)) for name in sweep_data.metrics_of(tree)]
    metrics = [each for each in metrics if np.isfinite(each.range).all()]
    if not metrics:
        return []
    numeric = [key for key in keys if key.is_number]
    pairs = [(x, y) for k, x in enumerate(numeric) for y in numeric[k + 1 :]]
    most = MOST_POINTS // max(1, len(keys) + len(pairs))
    return [
        *(curves(tree, key, metrics, differences.get(key.name), most) for key in keys),
        *(surface(tree, *pair, metrics, most) for pair in pairs),
    ]


def point_table(tree: xr.DataTree, prefix: str, differences: Sequence[xr.Dataset]) -> str:
    """One row a point: its values, the main metric in every column, and how far it has come."""
    keys, points = sweep_data.keys_of(tree), sweep_data.points_of(tree)
    metrics = sweep_data.metrics_of(tree)
    metric = MAIN_METRIC if MAIN_METRIC in metrics else next(iter(metrics), None)
    found = sweep_data.response(tree, metric) if metric else None
    columns = [] if found is None else sweep_data.shown_columns(found)
    status, rows = points["status"], []
    for index in list(np.ndindex(*status.shape))[:MOST_ROWS]:
        cells = [_cell(found.sel(column=c), index) for c in columns] if found is not None else []
        values = [sweep_data.value_words(k.values[n]) for k, n in zip(keys, index, strict=True)]
        told = f"{status.values[index]}, {points['draws_done'].values[index]:,} draws"
        rows.append((*values, *cells, told, str(points["folder"].values[index])))
    heads = [k.name if k.unit in ("", "1") else f"{k.name} ({k.unit})" for k in keys]
    caption = "" if found is None else f"{found.attrs['long_name']} over flows, by column"
    told = markup.table((*heads, *columns, "status", "folder"), rows, caption)
    if status.size > MOST_ROWS:
        told += paragraph(f"The first {MOST_ROWS} of {status.size:,} points; the data have all.")
    link = markup.download(sweep_data.all_points(tree, differences), "points.csv")
    link = link.replace("<a ", f'<a id="{prefix}{POINTS_CSV}" ', 1)
    link = link.replace("Data of this figure", "Every metric at every point, with its interval")
    return told + f'<p class="screen">{link}</p>'


def _cell(row: xr.Dataset, index: tuple[int, ...]) -> tuple[str, str]:
    value, low, high = (float(row[part].values[index]) for part in ("value", "low", "high"))
    return (
        ("-", "") if np.isnan(value) else value_and_interval(value, low, high, row.attrs["units"])
    )


def _globe(tree: xr.DataTree, shown: Shown | str, prefix: str) -> Section:
    """Of one point, with the command for others."""
    if isinstance(shown, str):
        words = f"No globe: {shown} `sdn-mc report` with the folder of a job shows one."
        return globe_section(shown, prefix)._replace(body=paragraph(words))
    words = (
        f"At {sweep_data.told_of(tree)}. `sdn-mc report` with the folder of another job shows that "
        "one."
    )
    made = globe_section(shown, prefix)
    return made._replace(body=paragraph(words) + made.body)


def assumption_table(tree: xr.DataTree) -> str:
    """Every assumed value that the first point read, and over which values it was swept."""
    swept = {key.key: values_words(key) for key in sweep_data.keys_of(tree)}
    rows = [
        (item["name"], assumed_value(item), swept.get(item["name"], "-"), item.get("meaning", ""))
        for item in about(tree, "assumptions", [])
    ]
    if not rows:
        return paragraph("Nothing that was read is marked as assumed, or no point is done.")
    words = (
        f"Values that no public source states, as they are at {sweep_data.told_of(tree)}. No "
        "interval on this page covers them."
    )
    return paragraph(words) + markup.table(("assumption", "value", "swept", "meaning"), rows)


def provenance(tree: xr.DataTree, dataset: Path) -> str:
    """Notes, what is not shown, how it was made and how to cite."""
    attrs, told = tree.attrs, ""
    notes = others_in(sweep_data.notes_of_sweep(tree))
    if notes:
        told += "<h3>Notes</h3>" + bullets(notes)
    if why := sweep_data.why_unpaired(tree):
        told += "<h3>Not shown</h3>" + bullets([f"Paired differences between points: {why}."])
    shared = " ".join(json.loads(attrs.get("overrides", "[]")))
    facts = [f"Dataset: {dataset}", f"Overrides of all points: {shared or 'none'}"]
    if "citation" in attrs:
        facts.append(f"Cite as: {attrs['citation']}. Licence: {attrs['licence']}.")
    return told + "<h3>Provenance</h3>" + bullets(facts)
