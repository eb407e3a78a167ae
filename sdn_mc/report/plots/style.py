"""How figures on paper look: sizes, letters, rows of names, bands, intervals, legends on top.

Widths are those of journals' columns. Nothing of matplotlib's state is changed: settings hold while
a figure is made or written, over matplotlib's own defaults, whatever the user's are.
"""

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any, Literal, ParamSpec, TypeVar

import matplotlib.style
import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import blended_transform_factory

from sdn_mc.report.looks import COLOURS, DASHES, GRID, INK, MARKERS
from sdn_mc.report.wording import Wording

Width = Literal["single", "double"]
WIDTHS_MM: dict[Width, float] = {"single": 88.0, "double": 180.0}
HEIGHTS_MM: dict[Width, float] = {"single": 58.0, "double": 85.0}  # of figures with two scales
MM_PER_INCH = 25.4
EDGE_MM = 2.0  # of paper that legends leave free
POINTS, DPI = 8, 300
LINE_MM, LETTER_MM = 3.3, 1.4  # a line of letters, a letter of the middle width
NAMES_MM: dict[Width, float] = {"single": 40.0, "double": 100.0}  # most that names take of a width
THIN, THICK, MARK = 0.7, 1.2, 3.6  # points
FAINT = 0.18
SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": POINTS,
    "axes.titlesize": POINTS,
    "axes.labelsize": POINTS,
    "legend.fontsize": POINTS,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": THIN,
    "hatch.linewidth": THIN,
    "figure.constrained_layout.w_pad": 0.04,
    "figure.constrained_layout.h_pad": 0.02,
    "pdf.fonttype": 42,  # letters stay letters
    "svg.fonttype": "none",
    "svg.hashsalt": "sdn_mc",  # names inside the file that are the same each time
}
_DASHES = {
    "solid": "-", "dash": (0, (5, 1.5)), "dot": (0, (1.2, 1.2)), "dashdot": (0, (6, 1.5, 1.2, 1.5)),
    "longdash": (0, (9, 2.5)), "longdashdot": (0, (9, 2, 1.2, 2)),
}  # fmt: skip
_MARKERS = {
    "circle": "o", "square": "s", "diamond": "D", "triangle-up": "^", "x": "X", "cross": "P",
    "star": "*",
}  # fmt: skip
_P = ParamSpec("_P")
_R = TypeVar("_R")


def settled(make: Callable[_P, _R]) -> Callable[_P, _R]:
    """The function, run under the settings."""

    @functools.wraps(make)
    def run(*args: _P.args, **words: _P.kwargs) -> _R:
        with matplotlib.style.context(["default", SETTINGS]):
            return make(*args, **words)

    return run


def look(k: int) -> dict[str, Any]:
    """Colour, dash and marker of the k-th column."""
    k %= len(COLOURS)
    return {"colour": COLOURS[k], "dash": _DASHES[DASHES[k]], "marker": _MARKERS[MARKERS[k]]}


def canvas(width: Width, height_mm: float, said: Wording) -> tuple[Figure, Axes]:
    """An empty figure with both axes named and ruled."""
    size = WIDTHS_MM[width] / MM_PER_INCH, height_mm / MM_PER_INCH
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)  # measures letters; no display
    axes = figure.add_subplot()
    plain(axes)
    axes.grid(True, color=GRID, linewidth=THIN)
    axes.set_axisbelow(True)
    axes.set_xlabel(wrapped(said.x, WIDTHS_MM[width] - (25.0 if said.y else 6.0)))
    axes.set_ylabel(wrapped(said.y, height_mm - 18.0))
    return figure, axes


def plain(axes: Axes) -> None:
    """Ticks as they are to be; told to the axes, since some ticks are only made when drawn."""
    for which, length in (("major", 2.5), ("minor", 1.5)):
        axes.tick_params(
            which=which, labelsize=POINTS, length=length, width=THIN, color=INK, labelcolor=INK
        )


def rows(
    width: Width, names: Sequence[str], least_mm: float, said: Wording, heads: Sequence[int] = ()
) -> tuple[Figure, Axes, np.ndarray]:
    """A figure with a row for each name, from the top; and the middle of each row, mm.

    Some rows may be `heads`, which hold nothing else and run over the whole width.
    """
    most_mm = [WIDTHS_MM[width] - 3.0 if k in heads else NAMES_MM[width] for k in range(len(names))]
    lines = [wrapped(name, most) for name, most in zip(names, most_mm, strict=True)]
    between_mm = 0.2 if heads else 0.9  # more rows are to go on a page
    heights = [max(least_mm, LINE_MM * (1 + line.count("\n")) + between_mm) for line in lines]
    ends = np.cumsum(heights)
    figure, axes = canvas(width, float(ends[-1]) + 8.0 + LINE_MM, said)
    axes.xaxis.set_label_text(axes.get_xlabel(), ha="right", x=1.0)  # may begin below the names
    n_more = str(axes.get_xlabel()).count("\n")
    figure.set_figheight(figure.get_figheight() + n_more * LINE_MM / MM_PER_INCH)
    middle = ends - np.array(heights) / 2
    others = [k for k in range(len(names)) if k not in heads]
    axes.set_yticks(middle[others], [lines[k] for k in others])
    from_left = blended_transform_factory(figure.transFigure, axes.transData)
    axes.spines["left"].set_visible(not heads)
    for k in heads:
        axes.text(
            0.01, middle[k], lines[k], transform=from_left, ha="left", va="center_baseline",
            bbox={"color": "white", "pad": 0.5}, in_layout=False,
        )  # fmt: skip
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(float(ends[-1]), 0.0)
    axes.grid(False, axis="y")
    if least_mm > 2 * LINE_MM:  # of several marks: tells rows apart
        axes.hlines(ends[:-1], 0, 1, GRID, transform=axes.get_yaxis_transform(), linewidths=THIN)
    return figure, axes, middle


def wrapped(words: str, most_mm: float) -> str:
    """Words in as few lines as are no longer than so much, alike in length; nothing is cut off."""
    most = max(8, int(most_mm / LETTER_MM))
    lines = _lines(words, most)
    while most > 8 and len(shorter := _lines(words, most - 1)) == len(lines):
        most, lines = most - 1, shorter
    return "\n".join(lines)


def _lines(words: str, most: int) -> list[str]:
    """Lines of so many letters, broken after blanks and signs, and longer parts anywhere."""
    pieces = re.findall(r".+?(?:[ _./:,=-]+|$)", words)
    parts = [p[k : k + most] for p in pieces for k in range(0, len(p), most)]
    lines = [""]
    for part in parts:
        if len((lines[-1] + part).rstrip()) > most:
            lines.append("")
        lines[-1] += part
    return [line.strip() for line in lines]


def add_band(axes: Axes, x: Any, row: xr.Dataset, name: str, k: int, stepped: bool = False) -> None:
    """A line with its interval."""
    style = look(k)
    axes.fill_between(
        x, row["low"].values, row["high"].values, color=style["colour"], alpha=FAINT, linewidth=0,
        step="post" if stepped else None, label=f"_{name}",
    )  # fmt: skip
    axes.plot(
        x, row["value"].values, color=style["colour"], linestyle=style["dash"], linewidth=THICK,
        drawstyle="steps-post" if stepped else "default", label=name,
    )  # fmt: skip


def add_marks(
    axes: Axes, y: Any, row: xr.Dataset, name: str, k: int, ink: str | None = None, **more: Any
) -> None:
    """Marks with their intervals, along x."""
    style = look(k)
    colour = ink or style["colour"]
    ends = row["low"].values, row["high"].values
    axes.hlines(y, *ends, colour, linewidths=THICK, label=f"_{name}")
    axes.plot(
        row["value"].values, y, linestyle="none", marker=style["marker"], markersize=MARK,
        color=style["colour"], markeredgecolor=colour, markeredgewidth=0.5, label=name, **more,
    )  # fmt: skip


def add_legend(figure: Figure, width: Width, handles: Sequence[Artist] | None = None) -> None:
    """Above the axes, in as many columns as there is room for; the figure grows by it."""
    if handles is None:
        handles = figure.axes[0].get_legend_handles_labels()[0]
    names = [wrapped(str(handle.get_label()), WIDTHS_MM[width] - 15.0) for handle in handles]
    is_marks = all(isinstance(h, Line2D) and h.get_linestyle() == "None" for h in handles)
    for n_column in range(len(handles), 0, -1):
        legend = figure.legend(
            handles, names, loc="outside upper left", ncols=n_column, frameon=False,
            handlelength=1.0 if is_marks else 3.2, columnspacing=1.2, borderpad=0.2,
            labelspacing=0.35,
        )  # fmt: skip
        box = legend.get_window_extent()
        if n_column == 1 or box.width <= figure.bbox.width - 2 * EDGE_MM / MM_PER_INCH * DPI:
            break
        legend.remove()
    figure.set_figheight(figure.get_figheight() + box.height / figure.dpi)
