"""The figures of a study: differences over the assumptions, and loss against concentration."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation

from sdn_mc.report import wording
from sdn_mc.report.decisions import STATES, state_of
from sdn_mc.report.looks import INK
from sdn_mc.report.plots.style import (
    HEIGHTS_MM,
    MARK,
    THICK,
    THIN,
    Width,
    add_legend,
    add_marks,
    canvas,
    look,
    rows,
    settled,
)

ASIDE_PT = 7.0  # between marks of one concentration, which would hide each other
FILLS = ("full", "none", "left", "bottom", "right", "top")  # of marks: columns, legible in grey


@settled
def decisions(data: xr.Dataset, width: Width = "single") -> Figure:
    """`figures_data.differences`: one row a setting, the assumed one on top.

    In a narrow figure the settings of one key stand below its name.
    """
    points = list(map(str, data["point"].values))
    names, of_point = _grouped(points) if width == "single" else (points, list(range(len(points))))
    heads = [k for k in range(len(names)) if k not in of_point]
    figure, axes, middle = rows(width, names, 0.0, wording.decisions(data), heads)
    axes.axvline(0, color=INK, linewidth=THIN)
    states = np.array([state_of(str(words)) for words in data["verdict"].values])
    for state, words in enumerate(STATES):
        at = np.flatnonzero(states == state)
        if len(at):
            add_marks(axes, middle[of_point][at], data.isel(point=at), words, state, ink=INK)
    add_legend(figure, width)
    return figure


def _grouped(points: list[str]) -> tuple[list[str], list[int]]:
    """Names of rows, with one more for each key that they share, and the row of each point."""
    names, of_point, last = list[str](), list[int](), ""
    for point in points:
        key, equals, value = point.partition("=")
        if equals and key != last:
            names.append(key)
        of_point.append(len(names))
        names.append(value if equals else point)
        last = key if equals else ""
    return names, of_point


@settled
def concentration_loss(data: xr.Dataset, width: Width = "single") -> Figure:
    """`figures_data.concentration_and_loss`: a mark a case and column."""
    figure, axes = canvas(width, HEIGHTS_MM[width], wording.concentration_loss(data))
    cases, columns = (list(dict.fromkeys(map(str, data[n].values))) for n in ("run", "column"))
    for k in range(data.sizes["row"]):
        row = data.isel(row=k)
        case, column = (str(row[name].values) for name in ("run", "column"))
        alike = np.flatnonzero(data["hhi"].values == data["hhi"].values[k])
        aside = ASIDE_PT * (np.flatnonzero(alike == k)[0] - (len(alike) - 1) / 2)
        moved = ScaledTranslation(aside / 72, 0, figure.dpi_scale_trans)
        style, fill = look(cases.index(case)), FILLS[columns.index(column) % len(FILLS)]
        axes.vlines(
            row["hhi"], row["low"], row["high"], style["colour"], linewidths=THICK,
            transform=axes.transData + moved, label=f"_{case}: {column}",
        )  # fmt: skip
        axes.plot(
            row["hhi"], row["value"], linestyle="none", marker=style["marker"], fillstyle=fill,
            color=style["colour"], markersize=1.4 * MARK, markerfacecoloralt="white",
            transform=axes.transData + moved,
            label=f"{case}: {column}",
        )  # fmt: skip
    axes.set_xlim(0, 1.1)
    axes.set_ylim(-0.05 * float(data["high"].max()), 1.05 * float(data["high"].max()))
    add_legend(figure, width)
    return figure
