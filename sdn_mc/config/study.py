"""A study: cases that are compared, and the assumptions that are swept to see what would flip.

The top-level key `study` of an experiment:

    cases:        by name: `set`, values by key of the configuration, or a choice by group (such as
                  topology: planned); `column`, which of the run's columns
    compare:      pairs of cases; null: the first with each other one
    metrics:      by name of an output: `better` (higher or lower); `margin`, below which a
                  difference does not matter; and for what may be infinite `cap`, which larger
                  values count as, since two without a path have no difference; in its own unit
    assumptions:  by key of the configuration: the values to sweep, one key at a time; a key with
                  `*` sets every assumed value whose key it matches, all of them together
"""

import copy
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from omegaconf import DictConfig

from sdn_mc.config.building import in_words, unknown
from sdn_mc.config.composing import as_text, compose_with
from sdn_mc.config.job import CONFIG_GROUPS, Job, load, plain
from sdn_mc.config.values import shown
from sdn_mc.core.problems import InputError, Problems

KEYS = ("cases", "compare", "metrics", "assumptions")
BETTER = ("higher", "lower")
AS_ASSUMED = "as assumed"
EVERY_CASE = "every case"  # of a run that all cases share
LABEL = r"\.labels\.([^.]+)"


class Case(NamedTuple):
    """One of the things compared."""

    name: str
    changes: tuple[tuple[str, Any], ...]  # key of the configuration, value
    column: str


class Measure(NamedTuple):
    """An output that the comparison is made by, over flows."""

    name: str
    better: str  # "higher" or "lower"
    margin: float
    cap: float | None  # larger values count as this


class Study(NamedTuple):
    """What is compared, by what, and under which other assumptions."""

    cases: tuple[Case, ...]
    compare: tuple[tuple[str, str], ...]
    measures: tuple[Measure, ...]
    assumptions: tuple[tuple[str, tuple[Any, ...]], ...]


class Point(NamedTuple):
    """One setting of the assumptions: those of the experiment, or one of them changed."""

    key: str | None
    value: Any

    def changes(self) -> tuple[tuple[str, Any], ...]:
        """What it sets."""
        return () if self.key is None else ((self.key, self.value),)

    def words(self) -> str:
        """As a person would say it."""
        return AS_ASSUMED if self.key is None else f"{self.key}={in_words(self.value)}"


def points_of(study: Study) -> list[Point]:
    """The experiment's own point first, then each assumption's values."""
    swept = [Point(key, value) for key, values in study.assumptions for value in values]
    return [Point(None, None), *swept]


def study_of(tree: Mapping[str, Any]) -> Study | None:
    """The study of a resolved configuration, checked; None without one."""
    node = tree.get("study")
    if not node:
        return None
    problems = Problems()
    if not isinstance(node, dict):
        raise InputError(f"study: {shown(node)} given; give {', '.join(KEYS)}")
    for key in node:
        if key not in KEYS:
            problems.add(unknown(f"study.{key}", key, list(KEYS)))
    cases = tuple(
        case
        for name, given in _mapping(node, "cases", problems).items()
        if (case := _case(str(name), given, problems)) is not None
    )
    measures = tuple(
        measure
        for name, given in _mapping(node, "metrics", problems).items()
        if (measure := _measure(str(name), given, problems)) is not None
    )
    stop = tree.get("stop") or {}
    if isinstance(stop, dict) and stop.get("half_width") is not None:
        problems.add(
            f"stop.half_width: {shown(stop['half_width'])} given, but a study compares its runs "
            "draw by draw, so that all need as many; leave it null, and give draws"
        )
    if len(cases) < 2 and not problems:
        problems.add("study.cases: fewer than two given; name at least two, to compare them")
    if not measures and not problems:
        problems.add("study.metrics: none given; name at least one output, such as availability")
    found = Study(
        cases=cases,
        compare=_compared(node.get("compare"), [case.name for case in cases], problems),
        measures=measures,
        assumptions=_assumptions(_mapping(node, "assumptions", problems), problems),
    )
    problems.raise_all()
    return found


def changed_job(
    overrides: Sequence[str],
    config_dirs: Sequence[str],
    changes: Sequence[tuple[str, Any]],
    known: dict[tuple[str, ...], DictConfig],
) -> Job:
    """The job of these overrides with some values set anew; a later change of a key wins."""
    if any(key.partition(".")[0] == "plugins" for key, _ in changes):
        raise InputError("study: plugins are not changed by a study; name them in the command")
    single = {k: v for k, v in changes if "*" not in k and not isinstance(v, dict)}
    choices = [f"{k}={as_text(v)}" for k, v in single.items() if k in CONFIG_GROUPS]
    values = {k: v for k, v in single.items() if k not in CONFIG_GROUPS}
    tree = plain(compose_with(known, [*overrides, *choices], config_dirs, values))
    for key, value in changes:
        if "*" not in key and isinstance(value, dict):  # replaced, where an override would merge
            _set(tree, key, value)
    job = load(tree)
    together = [(key, value) for key, value in changes if "*" in key]
    for key, value in together:
        names = [item["name"] for item in job.assumptions if fnmatchcase(item["name"], key)]
        if not names:
            raise InputError(
                f"study.assumptions.{key}: it matches no assumed value of the run; correct it "
                "(`sdn-mc summary` of a run lists the assumed values)"
            )
        for name in names:
            _set(tree, name, value)
    return load(tree) if together else job


def covers(key: str, name: str) -> bool:
    """Does sweeping this key change the assumed value of that name?"""
    return name == key or name.startswith(f"{key}.") or fnmatchcase(name, key)


def unread(job: Job) -> set[str]:
    """Assumed labels that no part of the run names, so that no verdict can depend on them."""
    others = {k: v for k, v in job.resolved.items() if k not in ("constellation", "study")}
    words = set(_words(others))
    names = [item["name"] for item in job.assumptions]
    label_of = {name: match[1] for name in names if (match := re.search(LABEL, name))}
    return {name for name, label in label_of.items() if label not in words}


def _words(node: Any) -> Iterator[str]:
    """Every key and text below a node."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield str(key)
            yield from _words(value)
    elif isinstance(node, list):
        for value in node:
            yield from _words(value)
    elif isinstance(node, str):
        yield node


def _set(tree: dict[str, Any], key: str, value: Any) -> None:
    """Set one value by its dotted key."""
    *parents, last = key.split(".")
    for k, part in enumerate(parents):
        if not isinstance(tree.get(part), dict):
            there = ", ".join(name for name in tree if not name.startswith("_"))
            raise InputError(
                f"{key}: there is no {'.'.join(parents[: k + 1])}; there are {there}; correct the "
                "key, or choose a part that has it"
            )
        tree = tree[part]
    tree[last] = copy.deepcopy(value)


def _mapping(node: Mapping[str, Any], key: str, problems: Problems) -> dict[str, Any]:
    value = node.get(key) or {}
    if not isinstance(value, dict):
        problems.add(f"study.{key}: {shown(value)} given; give names with what belongs to each")
        return {}
    return value


def _case(name: str, given: Any, problems: Problems) -> Case | None:
    where, node = f"study.cases.{name}", given or {}
    if not isinstance(node, dict) or set(node) - {"set", "column"}:
        problems.add(f"{where}: {shown(given)} given; give `set` (values by key) and `column`")
        return None
    changes = node.get("set") or {}
    if not isinstance(changes, dict):
        problems.add(f"{where}.set: {shown(changes)} given; give values by key, as {{KEY: VALUE}}")
        return None
    return Case(name, tuple(changes.items()), str(node.get("column", "attacked")))


def _measure(name: str, given: Any, problems: Problems) -> Measure | None:
    where, node = f"study.metrics.{name}", given
    needed = {"better", "margin"}
    if not isinstance(node, dict) or not needed <= set(node) <= needed | {"cap"}:
        problems.add(f"{where}: {shown(given)} given; give `better`, `margin` and, perhaps, `cap`")
        return None
    if node["better"] not in BETTER:
        problems.add(f"{where}.better: {shown(node['better'])} given; allowed are higher, lower")
    margin = _number(node["margin"], f"{where}.margin", problems)
    cap = _number(node["cap"], f"{where}.cap", problems) if "cap" in node else None
    return Measure(name, str(node["better"]), margin, cap)


def _number(value: Any, where: str, problems: Problems) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        problems.add(f"{where}: {shown(value)} given; give a number above 0")
        return 1.0
    return float(value)


def _compared(given: Any, names: Sequence[str], problems: Problems) -> tuple[tuple[str, str], ...]:
    """Pairs of names of cases."""
    if given is None:
        return tuple((names[0], name) for name in names[1:])
    if given == "all":
        return tuple(itertools.combinations(names, 2))
    found = []
    for k, pair in enumerate(given if isinstance(given, list) else [given]):
        if not isinstance(pair, list) or len(pair) != 2 or not set(map(str, pair)) <= set(names):
            problems.add(
                f"study.compare[{k}]: {shown(pair)} given; give two of {', '.join(names)}, or "
                "`all`, or null for the first with each other one"
            )
        else:
            found.append((str(pair[0]), str(pair[1])))
    return tuple(found)


def _assumptions(
    given: Mapping[str, Any], problems: Problems
) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    for key, values in given.items():
        if not isinstance(values, list) or not values:
            problems.add(f"study.assumptions.{key}: {shown(values)} given; list values to sweep")
    return tuple(
        (str(key), tuple(values)) for key, values in given.items() if isinstance(values, list)
    )
