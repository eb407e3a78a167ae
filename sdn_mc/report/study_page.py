"""The report of a study: its decisions, what flips them, its runs, and its first run in full."""

from pathlib import Path

import numpy as np
import xarray as xr

from sdn_mc.core.shown import Shown
from sdn_mc.report import figures_data, markup, wording
from sdn_mc.report.answers import interval_words
from sdn_mc.report.decisions import EVERY_INTERVAL, assumed_rows, row_words, state_of
from sdn_mc.report.drawing import Figure, bars, base, choose
from sdn_mc.report.looks import COLOURS, INK, MARKERS
from sdn_mc.report.page import SHORT, Section, definitions, first_run, run_sections
from sdn_mc.report.study_answers import study_answers, words_of
from sdn_mc.store import open_decisions


def study_sections(
    study: Path, shown: Shown | str | None, prefix: str
) -> tuple[str, list[Section]]:
    """Title and sections of a study."""
    found = open_decisions(study)
    trees = figures_data.base_runs(study)
    first = next(iter(trees.values()))
    n_run = len(list((study / figures_data.RUNS).iterdir()))
    figures = [forest(found), *concentrated(trees)]
    title = str(found.attrs["title"])
    told = definitions(study_answers(found, trees, n_run)) + "<h3>Words on this page</h3>"
    told += definitions([(word, [meaning]) for word, meaning in words_of(first)])
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
        *(
            s._replace(title=f"First run: {s.title[0].lower()}{s.title[1:]}")
            for s in own
            if not s.name.endswith(SHORT)
        ),
    ]


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
        row = figures_data.differences(found, c, m)
        said = wording.decisions(row)
        state = [state_of(str(words)) for words in row["verdict"].values]
        figure.add_scatter(
            x=row["value"].values, y=at, mode="markers", visible=k == 0, showlegend=False,
            marker={
                "size": 8,
                "symbol": [MARKERS[s] for s in state], "color": [COLOURS[s] for s in state],
            },
            error_x=bars(row) | {"color": INK, "thickness": 1.2, "width": 2},
            customdata=list(map(str, row["verdict"].values)),
            hovertemplate="%{x:.4g}: %{customdata}",
        )  # fmt: skip
        pair = f"{row.attrs['first']} minus {row.attrs['second']}"
        entries.append((f"{pair}: {row.attrs['measure']}", [j == k for j in range(len(cells))]))
        unit = said.x.rpartition("(")[2]
        axes.append(f"difference in {row.attrs['measure']} ({unit}")
    choose(figure, entries, axes)
    figure.update_xaxes(title_text=axes[0])
    figure.add_vline(x=0, line={"color": INK, "width": 1})
    figure.update_layout(margin_l=340, font_size=12)
    figure.update_yaxes(tickvals=at, ticktext=[_short(p) for p in points], range=[-1, len(points)])
    words = (
        f"{said.words} Blue squares: decided; green circles: no difference that matters; orange "
        "diamonds: not decided. Choose a comparison above; on paper stands the first, "
        f"{entries[0][0]}."
    )
    return Figure("decisions", said.title, words, figure, found)


def _short(words: str, most: int = 46) -> str:
    """The end of a long key says more than its beginning."""
    return words if len(words) <= most else "…" + words[-most + 1 :]


def concentrated(trees: dict[str, xr.DataTree]) -> list[Figure]:
    """Loss against concentration, over the cases; by the kind of group that differs most."""
    data = figures_data.concentration_and_loss(trees)
    if data is None:
        return []
    said = wording.concentration_loss(data)
    figure = base(said.x, said.y)
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
    return [Figure("concentration_loss", said.title, said.words, figure, data)]


def swept_table(found: xr.Dataset) -> str:
    """Every assumption with the values it was swept over."""
    heads = ("assumption", "value", "swept", "turns a verdict")
    words = (
        "A verdict turns where it is decided as assumed, and decided the other way at a swept "
        "value. What is not swept may turn verdicts, too: nobody has looked."
    )
    return markup.table(heads, assumed_rows(found), "Assumed, not known") + markup.paragraph(words)


def case_table(trees: dict[str, xr.DataTree]) -> str:
    """Availability of every column of every case."""
    rows = []
    for case, tree in trees.items():
        found = figures_data.estimates(tree, "availability")
        for k, column in enumerate(figures_data.columns_of(tree)):
            words = "not scored" if found is None else interval_words(found, k)
            rows.append((case, column, words))
    return markup.table(("case", "column", "availability over flows"), rows)
