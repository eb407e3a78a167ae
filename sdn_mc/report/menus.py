"""Figures with several menus: a frame with styled traces, and what each choice puts into them.

A view holds changes of the traces and of the layout, as JSON: the page lays them over the frame.
The first entry of every menu is what is shown first, and on paper.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from sdn_mc.report.markup import paragraph, safe

DIGITS = 6  # of drawn numbers


class Menu(NamedTuple):
    """One choice. `frees`: for each of its entries the number of a menu that then says nothing."""

    label: str
    entries: list[str]
    frees: list[int] | None = None


class Explored(NamedTuple):
    """A figure with its menus; `views` by the numbers of their entries, "0,2,1"."""

    name: str
    title: str
    words: str  # a paragraph a line
    frame: go.Figure
    menus: list[Menu]
    views: dict[str, dict[str, Any]]  # "data": changes of traces, "last": of the last one


def view_name(at: Sequence[int]) -> str:
    """The key of a view."""
    return ",".join(map(str, at))


def numbers(values: Any) -> list[float | None]:
    """A row as JSON has it: rounded, with nothing where there is no number."""
    return [float(f"{v:.{DIGITS}g}") if np.isfinite(v) else None for v in np.asarray(values, float)]


def explored(made: Explored, prefix: str, data_link: str) -> str:
    """The figure with its menus above it, and its words beside it."""
    name = prefix + made.name
    frame = json.loads(made.frame.to_json())
    text = json.dumps({"frame": frame, "views": made.views}, separators=(",", ":"), allow_nan=False)
    text = text.replace("<", "\\u003c")
    return (
        f'<figure id="figure-{name}"><div>{_selects(made.menus, name)}'
        f'<div class="plot" id="plot-of-{name}" data-views="views-{name}"></div></div>\n'
        f"<figcaption><h3>{safe(made.title)}</h3>"
        f"{''.join(map(paragraph, made.words.splitlines()))}"
        f'<p class="screen">{data_link}</p></figcaption></figure>\n'
        f'<script type="application/json" id="views-{name}">{text}</script>\n'
    )


def _selects(menus: Sequence[Menu], name: str) -> str:
    """A labelled list for each menu; one with a single entry is told by the figure itself."""
    made = ""
    for k, menu in enumerate(menus):
        options = "".join(
            f'<option value="{n}">{safe(each)}</option>' for n, each in enumerate(menu.entries)
        )
        frees = "" if menu.frees is None else f' data-frees="{view_name(menu.frees)}"'
        hidden = " hidden" if len(menu.entries) < 2 else ""
        made += f"<label{hidden}>{safe(menu.label)} "
        made += f'<select data-of="{name}" data-menu="{k}"{frees}>{options}</select></label>'
    return f'<div class="menus screen">{made}</div>'
