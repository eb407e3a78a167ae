"""Files of figures: PNG, SVG and PDF that are the same bytes for the same run, and their data."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from sdn_mc.report.figures_data import as_csv
from sdn_mc.report.plots.making import Plot
from sdn_mc.report.plots.style import DPI, settled
from sdn_mc.report.writing import in_one_step

FORMATS = ("png", "svg", "pdf")
CAPTIONS = "captions.txt"
_NO_DATE = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}


@settled
def write(figure: Figure, file: str | Path) -> None:
    """One file, of the kind that its name ends in."""
    kind = Path(file).suffix.removeprefix(".")
    with in_one_step(Path(file)) as partial:
        figure.savefig(partial, format=kind, dpi=DPI, metadata=_NO_DATE.get(kind))


def write_all(plots: Sequence[Plot], folder: str | Path, formats: Sequence[str]) -> None:
    """A file a figure and format, its data as CSV beside it, and captions of all."""
    for plot in plots:
        for kind in formats:
            write(plot.figure, Path(folder) / f"{plot.name}.{kind}")
        _write_text(as_csv(plot.data), Path(folder) / f"{plot.name}.csv")
    captions = [f"{plot.name}: {plot.said.title}. {plot.said.words}\n" for plot in plots]
    _write_text("\n".join(captions), Path(folder) / CAPTIONS)


def _write_text(text: str, file: Path) -> None:
    with in_one_step(file) as partial:
        partial.write_text(text, encoding="utf-8", newline="")
