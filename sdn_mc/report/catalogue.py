"""What can be chosen, and what each part means: read from the YAML files and the code itself."""

import difflib
import importlib
import inspect
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from sdn_mc.config import CONFIG_GROUPS, config_folder
from sdn_mc.core.fields import FieldInfo, fields_of
from sdn_mc.core.problems import InputError


def print_list(group: str | None, console: Console) -> None:
    """The choices of one group, or of all."""
    if group is not None and group not in CONFIG_GROUPS:
        raise InputError(
            f"list: no group is called {group!r}; there are {', '.join(CONFIG_GROUPS)}"
        )
    for each in CONFIG_GROUPS if group is None else [group]:
        table = Table(title=each, title_justify="left", box=None, show_header=False)
        table.add_column(style="bold", no_wrap=True)
        table.add_column()
        for name, path in _choices(each).items():
            table.add_row(name, _one_line(path))
        console.print(table)
    console.print("choose with GROUP=NAME; threats and metrics take a list, GROUP=[A,B]")


def print_explanation(name: str, console: Console) -> None:
    """A component's own documentation: model, fields, source."""
    group, path = _find(name)
    console.print(f"[bold]{path.stem}[/bold] ({group}={path.stem})")
    comment = _comment(path)
    if comment:
        console.print(comment)
    for key, node in _components(path):
        kind = _class_of(node)
        if kind is None:
            continue
        console.print()
        console.print((inspect.getmodule(kind).__doc__ or "").strip(), markup=False)
        console.print()
        console.print(f"{kind.__name__}: {(kind.__doc__ or '').strip()}", markup=False)
        console.print(_field_table(kind, node, f"{group}.{key}" if key else group))
    if group == "experiment":
        console.print()
        console.print(path.read_text(encoding="utf-8"), markup=False)


def _field_table(kind: Any, node: dict[str, Any], where: str) -> Table:
    table = Table(title=f"fields of {where}", title_justify="left", box=None)
    for head in ("field", "value", "unit", "allowed", "meaning"):
        table.add_column(head, overflow="fold")
    assumed = set(node.get("_assumed_") or ())
    for name, info in fields_of(kind).items():
        note = " (assumed: sweep it)" if info.assumed or name in assumed else ""
        table.add_row(name, _short(node.get(name)), info.unit, _allowed(info), info.doc + note)
    return table


def _allowed(info: FieldInfo) -> str:
    if info.choices:
        return " | ".join(info.choices)
    if info.within:
        return f"{info.within[0]:g} to {info.within[1]:g}"
    return "a path" if info.reads else ""


def _short(value: Any) -> str:
    if isinstance(value, dict) and "_target_" in value:
        kind = str(value["_target_"]).rpartition(".")[2]
        return f"{kind}({', '.join(f'{k}={v}' for k, v in value.items() if k != '_target_')})"
    if isinstance(value, dict | list):
        return f"{len(value)} entries"
    return "null" if value is None else str(value)


def _choices(group: str) -> dict[str, Path]:
    return {path.stem: path for path in sorted((config_folder() / group).glob("*.yaml"))}


def _find(name: str) -> tuple[str, Path]:
    """A YAML file by its name, or by group/name where several groups have one."""
    group, _, stem = name.rpartition("/")
    groups = [group] if group else list(CONFIG_GROUPS)
    found = [(g, _choices(g)[stem]) for g in groups if stem in _choices(g)]
    if len(found) == 1:
        return found[0]
    if found:
        both = ", ".join(f"{g}/{stem}" for g, _ in found)
        raise InputError(f"explain: several groups have {stem!r}; name one of {both}")
    known = [stem for g in CONFIG_GROUPS for stem in _choices(g)]
    near = difflib.get_close_matches(stem, known, 3)
    raise InputError(
        f"explain: nothing is called {name!r}; "
        + (f"did you mean {', '.join(near)}?" if near else "`sdn-mc list` shows what there is")
    )


def _components(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """The component nodes of a file: itself, or those one level down (threats, metrics)."""
    node = _merged(path)
    if "_target_" in node:
        return [("", node)]
    inner = [(k, v) for k, v in node.items() if isinstance(v, dict) and "_target_" in v]
    return inner


def _merged(path: Path) -> dict[str, Any]:
    """A file with the files of its own group that it builds on."""
    node = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    merged: dict[str, Any] = {}
    for base in node.pop("defaults", []):
        if isinstance(base, str) and base != "_self_":
            merged |= _merged(path.parent / f"{base}.yaml")
    return merged | node


def _class_of(node: dict[str, Any]) -> Any:
    module, _, name = str(node["_target_"]).rpartition(".")
    return getattr(importlib.import_module(module), name, None)


def _comment(path: Path) -> str:
    """The comment at the head of the file."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# @package"):
            continue
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# "))
    return " ".join(lines)


def _one_line(path: Path) -> str:
    comment = _comment(path)
    if comment:
        return comment
    for _, node in _components(path):
        kind = _class_of(node)
        if kind is not None:
            return (kind.__doc__ or "").strip().splitlines()[0]
    return ""
