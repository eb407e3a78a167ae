"""Pieces of the page: text made safe, tables, figures with their data, JSON inside the page."""

import base64
import html
import json
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import xarray as xr

from sdn_mc.report.figures_data import as_csv

if TYPE_CHECKING:
    from sdn_mc.report.drawing import Figure

KEY = re.compile(r"[a-z]\w*(\.[\w*]+)+")  # of the configuration: may be broken after its dots


def safe(text: Any) -> str:
    """Text as HTML."""
    return html.escape(str(text))


def paragraph(text: str) -> str:
    """A paragraph of plain text."""
    return f"<p>{safe(text)}</p>"


def table(
    heads: Sequence[str], rows: Iterable[Sequence[Any]], caption: str = "", right: bool = False
) -> str:
    """A table; cells are text, or (value, interval). `right`: all but the first are numbers."""
    kinds = ['class="number"' if right and k else "" for k in range(len(heads))]
    head = "".join(f"<th {kind}>{safe(h)}</th>" for h, kind in zip(heads, kinds, strict=True))
    body = "".join(
        "<tr>"
        + "".join(f"<td {k}>{_cell(c)}</td>" for c, k in zip(row, kinds, strict=True))
        + "</tr>\n"
        for row in rows
    )
    title = f"<caption>{safe(caption)}</caption>" if caption else ""
    return (
        f'<div class="scroll"><table>{title}<thead><tr>{head}</tr></thead>\n'
        f"<tbody>{body}</tbody></table></div>\n"
    )


def _cell(cell: Any) -> str:
    if isinstance(cell, tuple):
        value, interval = map(safe, cell)
        return value + (f' <span class="interval">{interval}</span>' if interval else "")
    text = safe(cell)
    return text.replace(".", ".<wbr>") if KEY.fullmatch(text) else text


def bullets(lines: Iterable[str]) -> str:
    """A list."""
    return "<ul>" + "".join(f"<li>{safe(line)}</li>" for line in lines) + "</ul>\n"


def figure(made: "Figure", prefix: str = "") -> str:
    """A figure, its words, and its data to take away."""
    name = prefix + made.name
    plot = made.plot.to_json().replace("<", "\\u003c")
    link = download(made.data, f"{name}.csv")
    return (
        f'<figure id="figure-{name}"><div class="plot" data-plot="plot-{name}"></div>\n'
        f"<figcaption><h3>{safe(made.title)}</h3>{paragraph(made.words)}"
        f'<p class="screen">{link}</p></figcaption></figure>\n'
        f'<script type="application/json" id="plot-{name}">{plot}</script>\n'
    )


def download(data: xr.Dataset, name: str) -> str:
    """A link that holds the data as CSV."""
    content = base64.b64encode(as_csv(data).encode()).decode()
    return (
        f'<a download="{name}" href="data:text/csv;base64,{content}">Data of this figure (CSV)</a>'
    )


def json_block(name: str, values: Any) -> str:
    """Values that scripts of the page read."""
    text = json.dumps(values, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>\n'
