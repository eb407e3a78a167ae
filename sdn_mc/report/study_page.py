"""The report of a study: its decisions, what flips them, its runs, and its first run in full."""

import json
from pathlib import Path

import numpy as np
import xarray as xr

from sdn_mc.config.study import AS_ASSUMED
from sdn_mc.core.shown import Shown
from sdn_mc.report import figures_data, markup
from sdn_mc.report.answers import interval_words, study_answers
from sdn_mc.report.decisions import EVERY_INTERVAL, NO_MATTER, OPEN, flips, row_words, sweep_of
from sdn_mc.report.drawing import COLOURS, INK, INTERVAL, MARKERS, Figure, bars, base, choose
from sdn_mc.report.page import RUNS, Section, definitions, first_run, run_sections
from sdn_mc.report.summary import open_summary
from sdn_mc.store import open_decisions, open_store

FLIPS = "flips: "
VERDICTS = {NO_MATTER: 0, OPEN: 2}  # marks; 1: decided


def study_sections(
    study: Path, shown: Shown | str | None, prefix: str
) -> tuple[str, list[Section]]:
    """Title and sections of a study."""
    found = open_decisions(study)
    trees = base_runs(study)
    first = next(iter(trees.values()))
    figures = [forest(found), *concentrated(trees)]
    title = str(found.attrs["title"])
    told = definitions(study_answers(found, first, flipping(found)))
    run = first_run(study)
    _, own = run_sections(run, shown, f"{prefix}first-")
    return title, [
        Section(prefix + "study", "The question and its answer", told),
        Section(prefix + "decisions", "Decisions", decision_tables(found)),
        Section(
            prefix + "sweeps",
            "What the assumptions do to them",
            "".join(markup.figure(each, prefix) for each in figures) + swept_table(found),
        ),
        Section(prefix + "runs", "The cases, as assumed", case_table(trees)),
        *(s._replace(title=f"First run: {s.title[0].lower()}{s.title[1:]}") for s in own),
    ]


def base_runs(study: Path) -> dict[str, xr.DataTree]:
    """The runs in which nothing was changed but what makes a case, by their cases."""
    found = {}
    for run in sorted((study / RUNS).iterdir()):
        words = str(open_store(run).attributes()["title"]).rpartition(": ")[2]
        if words.endswith(f", {AS_ASSUMED}"):
            found[words.removesuffix(f", {AS_ASSUMED}")] = open_summary(run)
    return found


def flipping(found: xr.Dataset) -> list[str]:
    """Which assumption turns which verdict, in sentences."""
    said = []
    for c, m in np.ndindex(found.sizes["comparison"], found.sizes["measure"]):
        for key in json.loads(found.attrs["swept"]):
            words = flips(found, c, m, key)
            if words.startswith(FLIPS):
                pair = f"{found['first'].values[c]} against {found['second'].values[c]}"
                said.append(f"{pair}, by {found['measure'].values[m]}: {key}: {words}.")
    return said


def decision_tables(found: xr.Dataset) -> str:
    """One table a comparison."""
    heads = ("measure", "first", "second", "difference", "verdict")
    told = ""
    for c in range(found.sizes["comparison"]):
        first, second = str(found["first"].values[c]), str(found["second"].values[c])
        rows = [
            (str(found["measure"].values[m]), *row_words(found, c, m))
            for m in range(found.sizes["measure"])
        ]
        names = (heads[0], first, second, *heads[3:])
        told += markup.table(names, rows, f"{first} against {second}")
    return told + markup.paragraph(EVERY_INTERVAL)


def forest(found: xr.Dataset) -> Figure:
    """Differences with intervals at every setting; one comparison and measure at a time."""
    points = [str(p) for p in found["point"].values]
    figure = base("", "", 150 + 17 * len(points))
    at, entries, axes = np.arange(len(points))[::-1], [], []
    cells = list(np.ndindex(found.sizes["comparison"], found.sizes["measure"]))
    for k, (c, m) in enumerate(cells):
        row = found.isel(comparison=c, measure=m)
        value = row["difference"].values
        state = [VERDICTS.get(str(words), 1) for words in row["verdict"].values]
        figure.add_scatter(
            x=value, y=at, mode="markers", visible=k == 0, showlegend=False,
            marker={
                "size": 8,
                "symbol": [MARKERS[s] for s in state], "color": [COLOURS[s] for s in state],
            },
            error_x={
                "type": "data", "symmetric": False, "array": row["difference_high"].values - value,
                "arrayminus": value - row["difference_low"].values,
                "color": INK, "thickness": 1.2, "width": 2,
            },
            customdata=list(map(str, row["verdict"].values)),
            hovertemplate="%{x:.4g}: %{customdata}",
        )  # fmt: skip
        unit = "s" if str(row["measure"].values).endswith("_s") else "share"
        pair = f"{row['first'].values} less {row['second'].values}"
        entries.append((f"{pair}: {row['measure'].values}", [j == k for j in range(len(cells))]))
        axes.append(f"{row['measure'].values}, {pair} ({unit})")
    choose(figure, entries, axes)
    figure.update_xaxes(title_text=axes[0])
    figure.add_vline(x=0, line={"color": INK, "width": 1})
    figure.update_layout(margin_l=340, font_size=12)
    figure.update_yaxes(tickvals=at, ticktext=[_short(p) for p in points], range=[-1, len(points)])
    words = (
        "Paired difference on common draws as assumed (top), then with one assumption changed. "
        f"{INTERVAL} Blue squares: decided; green circles: no difference that matters; orange "
        "diamonds: open. Choose a comparison above; on paper stands the first."
    )
    return Figure("decisions", "Differences over the assumptions", words, figure, found)


def _short(words: str, most: int = 46) -> str:
    """The end of a long key says more than its beginning."""
    return words if len(words) <= most else "…" + words[-most + 1 :]


def concentrated(trees: dict[str, xr.DataTree]) -> list[Figure]:
    """Loss against concentration, over the cases; by the kind of group that differs most."""
    data = figures_data.concentration_and_loss(trees)
    if data is None:
        return []
    labels = list(dict.fromkeys(map(str, data["label"].values)))
    spread = {
        label: float(np.ptp(data["hhi"].values[data["label"].values == label])) for label in labels
    }
    label = max(labels, key=lambda each: spread[each])
    if spread[label] == 0:
        return []
    data = data.isel(row=np.flatnonzero(data["label"].values == label))
    figure = base(
        f"concentration of {label} (HHI: 1 is all in one group)",
        "availability lost (share of time)",
    )
    cases, columns = (list(dict.fromkeys(map(str, data[n].values))) for n in ("run", "column"))
    for k in range(data.sizes["row"]):
        row = data.isel(row=[k])
        case, column = str(row["run"].values[0]), str(row["column"].values[0])
        mark = MARKERS[columns.index(column) % len(MARKERS)]
        figure.add_scatter(
            x=row["hhi"].values, y=row["value"].values, mode="markers", name=f"{case}: {column}",
            marker={"color": COLOURS[cases.index(case) % len(COLOURS)], "symbol": mark, "size": 11},
            error_y=bars(row),
        )  # fmt: skip
    figure.update_xaxes(range=[0, 1.1])
    figure.update_yaxes(rangemode="tozero")
    words = (
        "What each case loses in each of its columns, against how concentrated its fleet is by "
        f"{label}. {INTERVAL} Cases differ in more than concentration."
    )
    return [Figure("concentration_loss", "Concentration against loss", words, figure, data)]


def swept_table(found: xr.Dataset) -> str:
    """Every assumption with the values it was swept over."""
    items = json.loads(found.attrs["assumptions"])
    rows = [(i["name"], str(i["value"]), *sweep_of(found, i["name"])) for i in items]
    return markup.table(
        ("assumption", "value", "swept", "flips a verdict"), rows, "Assumed, not known"
    )


def case_table(trees: dict[str, xr.DataTree]) -> str:
    """Availability of every column of every case."""
    rows = []
    for case, tree in trees.items():
        found = figures_data.estimates(tree, "availability")
        for k, column in enumerate(figures_data.columns_of(tree)):
            words = "not scored" if found is None else interval_words(found, k)
            rows.append((case, column, words))
    return markup.table(("case", "column", "availability over flows"), rows)
