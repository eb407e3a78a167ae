"""What a stored configuration tells without composing it anew: its metrics, and what two differ in.

Of two configurations each key that is not the same in both is a row, by its dotted name. A part of
another class, or one that only one of them has, is one row and not its many keys.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sdn_mc.config.building import Builder, in_words
from sdn_mc.core.problems import Problems

ABSENT = "-"  # a key that the other configuration has
NOT_OF_THE_SCENE = (
    "draws", "title", "study", "stop", "store", "run", "part", "plugins", "aliases",
)  # fmt: skip
LONGEST = 60  # characters of a value
TARGET = "_target_"


class Difference(NamedTuple):
    """A key that is not the same in two configurations, in words."""

    key: str
    first: str
    second: str


def stored_metrics(tree: Mapping[str, Any], folder: str, plugins: Sequence[str]) -> dict[str, Any]:
    """The metrics of a stored configuration, which read no file that may be gone by now."""
    problems, found = Problems(), dict[str, Any]()
    builder = Builder(folder, tuple(plugins), problems)
    for name, node in (tree.get("metrics") or {}).items():
        found[name] = builder.part(node, "metrics", f"metrics.{name}")
    problems.raise_all()
    return found


def differences_of(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Difference]:
    """What differs in two resolved configurations, but for words and how the work is done."""
    kept = [
        {k: v for k, v in tree.items() if k not in NOT_OF_THE_SCENE} for tree in (first, second)
    ]
    return list(_differing(kept[0], kept[1], ""))


def _differing(first: Any, second: Any, key: str) -> Iterator[Difference]:
    both = isinstance(first, dict) and isinstance(second, dict)
    if not both or first.get(TARGET) != second.get(TARGET):
        if first != second:
            yield Difference(key, value_words(first), value_words(second))
        return
    for name in dict.fromkeys([*first, *second]):
        if name == TARGET or not (name.startswith("_") and name.endswith("_")):  # else a note
            one, other = first.get(name, _Absent), second.get(name, _Absent)
            yield from _differing(one, other, f"{key}.{name}".lstrip("."))


class _Absent:
    """Stands for a key that is not there: null is a value."""


def value_words(value: Any) -> str:
    """A value of a configuration, not too long."""
    if value is _Absent:
        return ABSENT
    if isinstance(value, str):
        text = value
    elif isinstance(value, dict) and TARGET in value:
        text = str(in_words(value))
    else:
        text = json.dumps(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 2]} …"
