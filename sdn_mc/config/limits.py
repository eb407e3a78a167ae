"""What a configuration may not be: larger or deeper than any person writes, or without an end.

YAML files of the user's are looked through before Hydra reads them, since a few lines of aliases,
or of interpolations that refer to each other, may stand for more than any memory holds. Numbers
that YAML 1.1 reads as nobody expects (1:30 as 90, in base 60; 010 as 8) are refused too.
"""

import itertools
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra._internal.core_plugins import file_config_source
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigResult

from sdn_mc.core.problems import InputError

MAX_BYTES = 1 << 20  # of a YAML file; the largest of ours has 6 kB
MAX_VALUES = 100_000  # with every alias written out; the whole configuration has about 500
MAX_DEPTH = 30
MAX_EXPANSION = 1_000_000  # characters and values that all interpolations stand for together
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TRAP = re.compile(
    r"([-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?)|([-+]?0[0_]*[1-7][0-7_]+)"
    r"|([-+]?[0-9][0-9_]{300,})"
)
TRAPS: Any = ("", "in base 60", "in base 8", "of hundreds of digits")
REFERENCE = re.compile(r"\$\{([^${}]*)\}")
PACKAGE = re.compile(r"\s*#\s*@package\s+(.*)")  # in the comments above the first value
PACKAGE_NAME = re.compile(r"\w+(\.\w+)*")
OWN_HYDRA = ("hydra._internal.", "hydra_plugins.", "logging.", "colorlog.")
CALLED = ("_target_", "class", "()")  # keys whose values Hydra or `logging` calls


class FileConfigSource(file_config_source.FileConfigSource):  # Hydra knows sources by this name
    """Hydra's reader of YAML files, which looks through those of the user's first."""

    trusted: str = ""  # the folder of ours

    def load_config(self, config_path: str) -> ConfigResult:
        file = os.path.normpath(os.path.join(self.path, self._normalize_file_name(config_path)))
        if not file.startswith(os.path.normpath(self.path) + os.sep):
            raise InputError(
                f"{config_path}: this is outside the folder {self.path}; name a file inside it"
            )
        if os.path.isfile(file) and self.path != self.trusted:
            check_yaml(Path(file))
        return super().load_config(config_path)


def look_through_files(trusted: Path) -> None:
    """From now on Hydra reads files of other folders only after a look through them."""
    Plugins.instance()  # registers Hydra's own, once
    FileConfigSource.trusted = str(trusted)
    SourcesRegistry.instance().types["file"] = FileConfigSource


def check_yaml(file: Path) -> None:
    """Refuse a file that is too large, too deep, without an end, or read as nobody expects."""
    if file.stat().st_size > MAX_BYTES:
        raise InputError(f"{file}: the file is larger than {MAX_BYTES >> 20} MB; make it smaller")
    try:
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: this is not UTF-8 text ({error.reason}); save it so") from None
    for number, line in enumerate(itertools.takewhile(_is_above_values, text.splitlines()), 1):
        named = PACKAGE.fullmatch(line)
        if named is not None and not PACKAGE_NAME.fullmatch(named[1].strip()):
            raise InputError(
                f"{file}, line {number}: @package {named[1]:.60} given; write `# @package _global_`"
            )
    seen = _Seen(file)
    try:
        for event in yaml.parse(text, Loader=LOADER):
            seen.take(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file}, line {mark.line + 1}" if mark is not None else f"{file}"
        what = getattr(error, "problem", None) or getattr(error, "reason", "it cannot be read")
        raise InputError(f"{place}: this is not YAML ({what}); correct it") from None


def _is_above_values(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


class _Seen:
    """Sizes and depths of what is open in a YAML text, and of what has a name."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.open: list[list[Any]] = [["", 0, 0]]  # name, values inside, levels inside
        self.named: dict[str, tuple[int, int]] = {}

    def take(self, event: Any) -> None:
        """The next event of the text."""
        where = f"{self.file}, line {event.start_mark.line + 1}"
        if (tag := getattr(event, "tag", None)) not in (None, "!", "tag:yaml.org,2002:str"):
            short = str(tag).replace("tag:yaml.org,2002:", "!!")
            raise InputError(f"{where}: the tag {short:.60} given; leave it out")
        if isinstance(event, yaml.CollectionStartEvent):
            if len(self.open) == 1 and not isinstance(event, yaml.MappingStartEvent):
                raise InputError(f"{where}: a list given; give keys with values, as KEY: VALUE")
            if len(self.open) > MAX_DEPTH:  # the reader takes ever longer for deeper ones
                raise self._too_much(where)
            self.open.append([event.anchor, 1, 1])
        elif isinstance(event, yaml.CollectionEndEvent):
            name, n_value, depth = self.open.pop()
            self._add(name, n_value, depth, where)
        elif isinstance(event, yaml.ScalarEvent):
            if len(self.open) == 1 and event.value:
                raise InputError(f"{where}: a text given; give keys with values, as KEY: VALUE")
            if event.implicit[0] and (trap := TRAP.fullmatch(event.value)):
                raise InputError(
                    f"{where}: {event.value:.40} would be read as a number {TRAPS[trap.lastindex]}"
                    "; write the number in base 10, or put a text in quotes"
                )
            self._add(event.anchor, 1, 0, where)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.named:
                raise InputError(f"{where}: *{event.anchor:.40} is unknown or inside itself")
            self._add(None, *self.named[event.anchor], where)

    def _add(self, name: str | None, n_value: int, depth: int, where: str) -> None:
        around = self.open[-1]
        around[1], around[2] = around[1] + n_value, max(around[2], depth + 1)
        if name:
            self.named[name] = n_value, depth
        if around[1] > MAX_VALUES or len(self.open) + depth > MAX_DEPTH:
            raise self._too_much(where)

    def _too_much(self, where: str) -> InputError:
        return InputError(
            f"{where}: more than {MAX_VALUES} values or {MAX_DEPTH} levels; make it smaller"
        )


def too_deep(overrides: Sequence[str]) -> dict[str, str]:
    """Those with brackets deeper than any person writes, for which Hydra's parser takes minutes;
    and what to say of each."""
    return {
        word: f"{word:.60}…: more than {MAX_DEPTH} brackets in each other; write it flatter"
        for word in filter(_is_too_deep, overrides)
    }


def _is_too_deep(override: str) -> bool:
    depth = 0
    for sign in override:
        depth = max(depth + (sign in "[{(") - (sign in "]})"), 0)
        if depth > MAX_DEPTH:
            return True
    return False


def check_interpolations(tree: dict[Any, Any]) -> None:
    """Refuse texts that stand for too much, such as `a: ${b}${b}` many times over."""
    known: dict[tuple[str, ...], int] = {}

    def expansion(path: tuple[str, ...], open_paths: tuple[tuple[str, ...], ...]) -> int:
        if path in known or path in open_paths or len(open_paths) > MAX_DEPTH:
            return known.get(path, 0)  # what refers to itself, OmegaConf tells
        node, total = _at(tree, path), 1
        if isinstance(node, dict | list):
            inside = node if isinstance(node, dict) else range(len(node))
            for key in inside:
                total += expansion((*path, str(key)), (*open_paths, path))
        elif isinstance(node, str):
            total += len(node)
            for words in REFERENCE.findall(node):
                for word in re.split("[:,]", words):
                    total += expansion(_target(word.strip(), path), (*open_paths, path))
        known[path] = min(total, 2 * MAX_EXPANSION)
        return known[path]

    if expansion((), ()) > MAX_EXPANSION:
        longest = max((p for p in known if isinstance(_at(tree, p), str)), key=lambda p: known[p])
        raise InputError(
            f"{'.'.join(longest):.80}: what stands in ${{…}} grows beyond {MAX_EXPANSION} "
            "characters; write it with fewer references"
        )


def check_hydra(node: Any, where: str = "hydra") -> None:
    """Refuse what would let Hydra call or write what a run has no use for."""
    if isinstance(node, list):
        for k, value in enumerate(node):
            check_hydra(value, f"{where}[{k}]")
    for key, value in node.items() if isinstance(node, dict) else ():
        place = f"{where}.{key}"
        if key in CALLED and not str(value).startswith(OWN_HYDRA):
            raise InputError(f"{place}: {value!r:.60} is no part of Hydra; take it away")
        check_hydra(value, place)


def _at(tree: Any, path: tuple[str, ...]) -> Any:
    """The value of a path, None where there is none."""
    for part in path:
        if isinstance(tree, dict):
            tree = next((v for k, v in tree.items() if str(k) == part), None)
        elif isinstance(tree, list) and part.isdigit() and int(part) < len(tree):
            tree = tree[int(part)]
        else:
            return None
    return tree


def _target(words: str, path: tuple[str, ...]) -> tuple[str, ...]:
    """The path that a reference names; leading dots count from where it stands."""
    dots = len(words) - len(words.lstrip("."))
    start = path[: len(path) - dots] if dots else ()
    named = re.split(r"[.\[\]]+", words[dots:].rstrip("]"))
    return (*start, *(part for part in named if part))
