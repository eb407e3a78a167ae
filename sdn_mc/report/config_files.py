"""Reads what the YAML files of the configuration say of themselves: nodes, and comments by key."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from sdn_mc.config import CONFIG_GROUPS, config_folder

Key = tuple[str, ...]
COMMENT = re.compile(r"(?:^|\s)#\s?(.*)$")


class Page(NamedTuple):
    """One YAML file with those of its group that it builds on."""

    node: dict[str, Any]
    notes: dict[Key, str]  # what stands behind a key, after "#"
    head: str  # the comment above the first key, as one text
    body: str  # the file itself below that comment


def choices(group: str, folders: Sequence[str] = ()) -> dict[str, Path]:
    """The files of a group by name: ours, then those of the user's own folders.

    One in a folder of the group is called FOLDER/NAME.
    """
    found: dict[str, Path] = {}
    for place in (each / group for each in (config_folder(), *map(Path, folders))):
        for path in sorted(place.rglob("*.yaml"), key=lambda path: (path.parent, path)):
            found.setdefault(path.relative_to(place).with_suffix("").as_posix(), path)
    return found


def every_choice(folders: Sequence[str] = ()) -> Iterator[tuple[str, str, Path]]:
    """Group, name and file of all that can be chosen."""
    for group in CONFIG_GROUPS:
        for name, path in choices(group, folders).items():
            yield group, name, path


def read_page(path: Path) -> Page:
    """A file's values and notes, over those of the files that it builds on."""
    text = path.read_text(encoding="utf-8")
    node = yaml.safe_load(text) or {}
    notes = dict(_notes(yaml.compose(text), text.splitlines(), ()))
    merged: dict[str, Any] = {}
    for base in node.pop("defaults", []):
        if isinstance(base, str) and base != "_self_":
            name, _, place = base.partition("@")  # NAME@PLACE: below the key PLACE
            below = read_page(path.parent / f"{name}.yaml")
            inside, keys = below.node, place.split(".") if place else []
            for key in reversed(keys):
                inside = {key: inside}
            merged = _merged(merged, inside)
            notes = {(*keys, *key): note for key, note in below.notes.items()} | notes
    head, body = _split_head(text)
    return Page(_merged(merged, node), notes, head, body)


def components(page: Page) -> list[tuple[str, dict[str, Any]]]:
    """Component nodes by name: the file itself (""), or those one level down, as threats are."""
    if "_target_" in page.node:
        return [("", page.node)]
    return [(k, v) for k, v in page.node.items() if isinstance(v, dict) and "_target_" in v]


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Mappings are merged key by key, everything else is replaced, as Hydra does it."""
    both = dict(below)
    for key, value in above.items():
        old = both.get(key)
        both[key] = (
            _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
        )
    return both


def _notes(node: Any, lines: list[str], place: Key) -> Iterator[tuple[Key, str]]:
    """Comments at the end of the line of each key."""
    if not isinstance(node, yaml.MappingNode) or node.flow_style:
        return  # what stands behind {…} is said of all of it
    for key, value in node.value:
        here = (*place, str(key.value))
        line, value_begins = key.end_mark.line, value.start_mark.line
        last = value.end_mark if value_begins == value.end_mark.line == line else key.end_mark
        found = COMMENT.search(lines[line][last.column :])
        if found:
            yield here, found.group(1).strip()
        yield from _notes(value, lines, here)


def _split_head(text: str) -> tuple[str, str]:
    """The comment at the head of the file, and the rest."""
    lines = text.splitlines()
    first = next((k for k, line in enumerate(lines) if not line.startswith("#")), len(lines))
    head = [line.removeprefix("#").strip() for line in lines[:first] if "@package" not in line]
    return " ".join(head), "\n".join(lines[first:]).strip()
