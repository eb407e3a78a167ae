"""What can be chosen, and what each part means: read from the YAML files and the code itself."""

import difflib
import importlib
import inspect
import math
import re
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import equinox as eqx
from rich.columns import Columns
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sdn_mc import config
from sdn_mc.config import CONFIG_GROUPS
from sdn_mc.core.fields import FieldInfo, fields_of
from sdn_mc.core.problems import InputError
from sdn_mc.report.config_files import (
    Key,
    Page,
    choices,
    components,
    every_choice,
    read_page,
)

# What YAML files write inside of other parts, by module.
INSIDE = {
    "distributions": "sdn_mc.core.distributions",
    "labels": "sdn_mc.constellation.labels",
    "per_satellite": "sdn_mc.constellation.per_satellite",
    "deployment": "sdn_mc.constellation.deployment",
    "emitters": "sdn_mc.threats.emitters",
    "stages": "sdn_mc.metrics.stages",
    "user_groups": "sdn_mc.access.users",
}
SENTENCE_END = re.compile(r"(?<=[.?!])\s+(?=[A-Z0-9`])")
NEAR_GROUP = 0.75  # "constellations" and "topologies" are near enough to the group they mean
MANY = 6  # entries of a list or mapping from which on they are told below the table


def print_list(group: str | None, console: Console, folders: Sequence[str] = ()) -> None:
    """The choices of all groups, a sentence each; of one group, with all that is said of them."""
    chosen = CONFIG_GROUPS if group is None else (_group(group),)
    for each in chosen:
        table = Table(title=each, title_justify="left", box=None, show_header=False)
        table.title_style = "bold"
        table.add_column(no_wrap=True)
        table.add_column()
        for name, path in choices(each, folders).items():
            words = _words(path)
            table.add_row(name, Text(words if group else SENTENCE_END.split(words)[0]))
        console.print(table)
    several = "threats and metrics take a list, GROUP=[A,B]"
    console.print(Text(f"\nChoose with GROUP=NAME; {several}. More: sdn-mc explain NAME"))
    if group is None:
        console.print(Text(f"What stands inside of parts: sdn-mc explain {' | '.join(INSIDE)}"))


def print_explanation(name: str, console: Console, folders: Sequence[str] = ()) -> None:
    """A part's own documentation: model, fields, sources."""
    if name in INSIDE:
        _print_inside(importlib.import_module(INSIDE[name]), console)
        return
    if name in CONFIG_GROUPS:
        print_list(name, console, folders)
        return
    group, own, path = _find(name, folders)
    page = read_page(path)
    choice = f"[{own}]" if group in ("threats", "metrics") else own
    console.print(Text.assemble((own, "bold"), f"   choose it with {group}={choice}"))
    if page.head:
        console.print(Text(page.head))
    for key, node in components(page):
        _print_component(node, page, (group, key) if key else (group,), console)
    if group == "experiment":
        _print_experiment(page, own, folders, console)
    if group != "experiment" and own in choices("experiment", folders):
        console.print(f"\nThere is also experiment={own}: explain experiment/{own}")


def _print_component(node: dict[str, Any], page: Page, place: Key, console: Console) -> None:
    kind = _class_of(node)
    if kind is None:
        console.print(Text(f"\n{node['_target_']}: not of sdn-mc, so it is not opened here"))
        return
    console.print()
    for text in (inspect.getdoc(inspect.getmodule(kind)), inspect.getdoc(kind)):
        console.print(Text(f"{text}\n"))
    assumed = set(node.get("_assumed_") or ())
    for name, info in fields_of(kind).items():
        note = page.notes.get((*place[1:], name), "")
        if (info.assumed or name in assumed) and "assumed" not in note:
            note = "; ".join(filter(None, ("assumed: sweep it", note)))
        _print_field(".".join((*place, name)), node.get(name), info, note, console)
        if isinstance(node.get(name), dict) and "_target_" not in node[name]:
            _print_entries(node[name], page, (*place[1:], name), console)


def _print_field(key: str, value: Any, info: FieldInfo, note: str, console: Console) -> None:
    """Key, value and unit, what is allowed; the meaning; what the YAML file adds."""
    unit = f" {info.unit}" if info.unit not in ("", "1") and value is not None else ""
    allowed = _allowed(info)
    line = Text.assemble((key, "bold"), " = ", _short(value), unit)
    console.print(line + Text(f"   ({allowed})" if allowed else "", style="dim"))
    console.print(_below(Text(info.doc)))
    if note:
        console.print(_below(Text(f"# {note}", style="dim")))
    if isinstance(value, list) and len(value) >= MANY:
        words = [Text(_short(each)) for each in value]
        console.print(_below(Columns(words, padding=(0, 3, 0, 0))))


def _print_entries(entries: dict[str, Any], page: Page, place: Key, console: Console) -> None:
    """A mapping's entries: components as a table of their fields, or rules, or plain values."""
    parts = {k: v for k, v in entries.items() if isinstance(v, dict) and "_target_" in v}
    kinds = {str(node["_target_"]) for node in parts.values()}
    if not parts:
        words = [Text(f"{key}: {_short(value)}") for key, value in entries.items()]
        console.print(_below(Columns(words, padding=(0, 3, 0, 0))))
    elif len(kinds) == 1 and len(fields_of(_class_of(next(iter(parts.values()))) or ())) > 1:
        console.print(_below(_field_table(parts)))
    else:
        for key, node in parts.items():
            note = page.notes.get((*place, key), "")
            if node.get("_assumed_") and "assumed" not in note:
                note = "; ".join(filter(None, ("assumed", note)))
            rule = Text.assemble(
                f"{key}: {_short(node, math.inf)}", (f"  # {note}" * bool(note), "dim")
            )
            console.print(_below(rule))


def _field_table(parts: dict[str, dict[str, Any]]) -> Table:
    """Components of one kind side by side: a row for each field."""
    table = Table(box=None, pad_edge=False)
    table.add_column(no_wrap=True)
    for name in parts:
        table.add_column(Text(name), justify="right")
    table.add_column(Text("unit"))
    table.add_column()
    kind = _class_of(next(iter(parts.values())))
    for name, info in fields_of(kind).items():
        assumed = [key for key, node in parts.items() if name in (node.get("_assumed_") or ())]
        note = "assumed" if len(assumed) == len(parts) else ""
        note = note or (f"assumed of {', '.join(assumed)}" if assumed else "")
        values = [_short(node.get(name)) for node in parts.values()]
        table.add_row(name, *values, info.unit, Text(note, style="dim"))
    return table


def _print_experiment(page: Page, name: str, folders: Sequence[str], console: Console) -> None:
    """The file itself, and what a user has to give."""
    missing = config.missing([f"experiment={name}"], folders)
    give = "".join(f" {key}=…" for key in missing)
    console.print(Text(f"\nsdn-mc run experiment={name}{give}\n", style="bold"))
    console.print(Text(page.body))


def _print_inside(module: ModuleType, console: Console) -> None:
    """The components of a module, as a YAML file writes them."""
    console.print(Text(f"{inspect.getdoc(module)}\n"))
    for name, kind in vars(module).items():
        if (
            isinstance(kind, type)
            and issubclass(kind, eqx.Module)
            and kind.__module__ == module.__name__
        ):
            given = [f for f in inspect.signature(kind).parameters if f != "shape"]
            node = ", ".join([f"_target_: {module.__name__}.{name}", *(f"{f}: …" for f in given)])
            console.print(Text(f"{{{node}}}", style="bold"))
            console.print(_below(Text(inspect.getdoc(kind) or "")))
            for field, info in fields_of(kind).items():
                allowed = f" ({_allowed(info)})" if _allowed(info) else ""
                console.print(_below(Text(f"{field}: {info.doc}{allowed}")))


# ---- words


def _allowed(info: FieldInfo) -> str:
    if info.choices:
        return " | ".join(info.choices)
    if info.within:
        unit = f" {info.unit}" if info.unit not in ("", "1") else ""
        return f"{info.within[0]:,.10g} to {info.within[1]:,.10g}{unit}"
    return "a path" if info.reads and info.reads != "celestrak" else ""


def _below(inside: RenderableType) -> Padding:
    """Indented under its key."""
    return Padding(inside, (0, 0, 0, 4), expand=False)


def _short(value: Any, many: float = MANY) -> str:
    """A value as a person writes it; the number of its entries where there are many."""
    if isinstance(value, dict) and "_target_" in value:
        kind = str(value["_target_"]).rpartition(".")[2]
        inside = [f"{k}: {_short(v, many)}" for k, v in value.items() if not k.startswith("_")]
        return f"{kind}({', '.join(inside)})"
    if isinstance(value, dict | list) and len(value) >= many:
        return f"{len(value)} entries"
    if isinstance(value, dict) and any(isinstance(v, dict) for v in value.values()):
        return f"{len(value)} entr{'y' if len(value) == 1 else 'ies'}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_short(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_short, value)) + "]"
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def sentence_of(group: str, name: str) -> str:
    """What a choice is, in a sentence; empty where there is none of this name."""
    path = choices(group).get(name)
    return "" if path is None else SENTENCE_END.split(_words(path))[0]


def _words(path: Path) -> str:
    """What a file says of itself, or else what its component does."""
    page = read_page(path)
    kinds = [kind for _, node in components(page) if (kind := _class_of(node)) is not None]
    first = (inspect.getdoc(kinds[0]) or "").splitlines()[0] if kinds else ""
    return page.head or first


def _group(word: str) -> str:
    near = difflib.get_close_matches(word, CONFIG_GROUPS, 1, NEAR_GROUP)
    if not near:
        raise InputError(f"list: no group is called {word!r}; there are {', '.join(CONFIG_GROUPS)}")
    return near[0]


def _find(name: str, folders: Sequence[str]) -> tuple[str, str, Path]:
    """Group, name and file by the name, or by GROUP/NAME (GROUP=NAME) where several have one.

    Of a name in a folder, FOLDER/NAME, the last part will do.
    """
    asked = re.sub("[=.]", "/", name)
    found = [
        (group, own, path)
        for group, own, path in every_choice(folders)
        if f"/{group}/{own}".endswith(f"/{asked}")
    ]
    parts = [each for each in found if each[0] != "experiment"] or found
    if len(parts) == 1:
        return parts[0]
    if parts:
        both = ", ".join(f"{group}/{own}" for group, own, _ in parts)
        raise InputError(f"explain: several groups have {asked!r}; name one of {both}")
    known = {own for _, own, _ in every_choice(folders)}
    near = difflib.get_close_matches(asked.rpartition("/")[2], sorted(known), 3)
    raise InputError(
        f"explain: nothing is called {name!r}; "
        + (f"did you mean {', '.join(near)}?" if near else "`sdn-mc list` shows what there is")
    )


def _class_of(node: dict[str, Any]) -> Any:
    """The class of a node, if it is ours: a user's own code is run only where it is named."""
    module, _, name = str(node["_target_"]).rpartition(".")
    return getattr(importlib.import_module(module), name) if module.startswith("sdn_mc.") else None
