"""Builds components from their nodes; remembers what they assume and which files they read."""

import dataclasses
import importlib
import importlib.util
import inspect
import os
import sys
import typing
from pathlib import Path
from typing import Any

import equinox as eqx

from sdn_mc import sources
from sdn_mc.config.values import Checker, near, shown
from sdn_mc.core.fields import FieldInfo, fields_of
from sdn_mc.core.problems import InputError, Problems

# The verb of a component in each place, and the names of what it is given (see core.protocols).
VERBS = {
    "constellation": ("build", "start"),
    "propagation": ("ephemeris", "fleet, start, time_s"),
    "earth": ("site_km", "sites, fleet, start, time_s"),
    "topology": ("build", "fleet, ephemeris"),
    "access": ("build", "ephemeris, site_km, vertical, sites, fleet"),
    "sites": ("build", "fleet"),
    "flows": ("build", "sites"),
    "times": ("time_s", "seed, epoch"),
    "threats": ("sample", "key, macros, scene, prepared"),
    "routing": ("route", "solver, plan, masks, walk"),
    "solver": ("solve", "plan, masks, truth, walk"),
    "metrics": ("score", "series, healthy, scene"),
    "sampling": ("steer", "coins, shapes, draws, seed"),
}
MISSING = "???"  # how OmegaConf writes a value that the user has to give


class Builder:
    """Builds components and remembers what they assume and which files they read."""

    def __init__(self, folder: str, plugins: tuple[str, ...], problems: Problems) -> None:
        self.folder = Path(folder)
        self.plugins = plugins
        self.problems = problems
        self.checker = Checker(self.build, problems)
        self.assumptions: list[dict[str, Any]] = []
        self.inputs: dict[str, str] = {}

    def part(self, node: Any, group: str, where: str) -> Any:
        """The component that a run has in one place, or None with the faults noted."""
        if not isinstance(node, dict) or "_target_" not in node:
            name = where.partition(".")[2] or "NAME"
            how = f"{group}=[{name}]" if "." in where else f"{group}={name}"
            self.problems.add(f"{where}: {shown(node)} given; choose one by `{how}`")
            return None
        return self.build(node, where, group)

    def build(self, node: dict[str, Any], where: str, group: str = "") -> Any:
        """One component from its node, or None with the faults noted."""
        try:
            kind = self._class(node["_target_"], where, group)
        except InputError as error:
            self.problems.take(error)
            return None
        before = len(self.problems)
        fields, infos = _parameters(kind), fields_of(kind)
        given = {k: v for k, v in node.items() if not (k.startswith("_") and k.endswith("_"))}
        for key in given:
            if key not in fields:
                self.problems.add(unknown(f"{where}.{key}", key, list(fields)))
        assumed = self._assumed(node, list(fields), where)
        values: dict[str, Any] = {}
        for name, annotation in fields.items():
            info = infos.get(name)
            values[name] = self._value(
                given.get(name, MISSING), annotation, info, f"{where}.{name}"
            )
            if (info is not None and info.assumed) or name in assumed:
                self._assume(f"{where}.{name}", given.get(name), info)
        if len(self.problems) > before:
            return None
        component = kind(**values)
        for problem in component.problems() if hasattr(component, "problems") else []:
            self.problems.add(problem)
        return component if len(self.problems) == before else None

    def _class(self, target: Any, where: str, group: str) -> type[eqx.Module]:
        """The class of that name: a component, and one that does what its place asks."""
        place = f"{where}._target_"
        if not isinstance(target, str) or not self._is_trusted(target):
            package = str(target).partition(".")[0]
            raise InputError(
                f"{place}: {shown(target)} is outside sdn_mc; if you trust it, add "
                f"plugins=[{package}] to your own command line"
            )
        module, _, name = target.rpartition(".")
        try:
            if not all(part.isidentifier() for part in target.split(".")):
                raise ImportError("it is no name")
            kind = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise InputError(
                f"{place}: there is no {target} ({error}); `sdn-mc list` shows what there is"
            ) from None
        if not (isinstance(kind, type) and issubclass(kind, eqx.Module)):
            raise InputError(f"{place}: {target} is not a component; `sdn-mc list` shows which are")
        if group and not _can(kind, *VERBS[group]):
            verb = "{}({})".format(*VERBS[group])
            raise InputError(
                f"{place}: {target} does not fit here, as it has no {verb}; "
                f"`sdn-mc list {group}` shows what fits"
            )
        return kind

    def _is_trusted(self, target: str) -> bool:
        """Is it ours, or from a package that the user names? Such a one may lie where they are."""
        if any(target.startswith(f"{package}.") for package in self.plugins):
            return is_importable(target.partition(".")[0])
        return target.startswith("sdn_mc.")

    def _value(self, value: Any, annotation: Any, info: FieldInfo | None, where: str) -> Any:
        """A checked field value; records where the field holds a path."""
        if isinstance(value, str) and value.strip() == MISSING:
            meaning = info.doc.rstrip(".") if info else "see its documentation"
            self.problems.add(f"{where}: no value given; set it ({meaning})")
            return None
        if info is not None and info.reads and value is not None:
            return self._read(value, info.reads, where)
        return self.checker.value(value, annotation, info, where)

    def _read(self, value: Any, kind: str, where: str) -> Any:
        if not isinstance(value, str) or not value:
            self.problems.add(f"{where}: {shown(value)} given; give a path")
            return None
        is_file = kind != "celestrak"
        try:
            place = str(self.folder / Path(value).expanduser()) if is_file else value
            records = sources.read_input(kind, place, value)
            if is_file:
                self.inputs[value] = sources.sha256_of(place)
            return records
        except InputError as error:
            for problem in error.problems:
                self.problems.add(f"{where}: {problem}")
        except RuntimeError as error:  # "~nobody": no such user
            self.problems.add(f"{where}: {value}: {error}; give a path without ~")
        return None

    def _assumed(self, node: dict[str, Any], known: list[str], where: str) -> list[str]:
        """Fields whose values the configuration itself calls assumptions."""
        named = node.get("_assumed_") or []
        if isinstance(named, list) and all(name in known for name in named):
            return named
        self.problems.add(
            f"{where}._assumed_: {shown(named)} given; list fields that are assumptions, of "
            f"{', '.join(known)}"
        )
        return []

    def _assume(self, where: str, value: Any, info: FieldInfo | None) -> None:
        self.assumptions.append(
            {
                "name": where,
                "value": in_words(value),
                "unit": info.unit if info else "",
                "meaning": info.doc if info else "",
            }
        )


def is_importable(package: str) -> bool:
    """Is there such a package, installed or where the user is?"""
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def in_words(value: Any) -> Any:
    """A component's node as "LogNormal(median=2.5, sigma=0.5)"; other values as they are."""
    if isinstance(value, dict) and "_target_" in value:
        inside = [f"{k}={in_words(v)}" for k, v in value.items() if not k.startswith("_")]
        return f"{str(value['_target_']).rpartition('.')[2]}({', '.join(inside)})"
    return value


def unknown(where: str, key: str, known: list[str]) -> str:
    """A key that does not exist, with those that do."""
    names = [name for name in known if not name.startswith("_")]
    return f"{where}: unknown key; known are {', '.join(names) or 'none'}" + near(key, names)


def _parameters(kind: type[eqx.Module]) -> dict[str, Any]:
    """Annotation of everything a configuration gives: what is declared, else without default."""
    hints, infos = typing.get_type_hints(kind), fields_of(kind)
    own = [f for f in dataclasses.fields(kind) if f.init]
    return {
        f.name: hints[f.name]
        for f in own
        if f.name in infos or (not infos and f.default is dataclasses.MISSING)
    }


def _can(kind: type, verb: str, given: str) -> bool:
    """Has the class this verb, taking that many things? Without any, a field will do."""
    if not given:
        return hasattr(kind, verb) or verb in _parameters(kind)
    method = getattr(kind, verb, None)
    if not callable(method):
        return False
    try:
        inspect.signature(method).bind(kind, *given.split(","))
    except TypeError:
        return False
    return True
