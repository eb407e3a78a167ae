"""Checks of single values against the annotation and the range of their field, and their words."""

import difflib
import math
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp

from sdn_mc.core.distributions import Distribution
from sdn_mc.core.fields import FieldInfo
from sdn_mc.core.problems import Problems

Build = Callable[[Any, str], Any]  # makes a component from its node and the name of its place
SEQUENCES = (tuple, list, Sequence)
MAPPINGS = (dict, Mapping)
QUANTILES_CHECKED = (0.001, 0.5, 0.999)  # of a distribution, against the range of its field


class Checker:
    """Turns plain values into what a field takes; notes what cannot be turned."""

    def __init__(self, build: Build, problems: Problems) -> None:
        self.build = build
        self.problems = problems

    def value(self, value: Any, kind: Any, info: FieldInfo | None, where: str) -> Any:
        """The value as the component takes it, lists as tuples; None where it is faulty."""
        kinds = kinds_of(kind)
        if value is None and types.NoneType in kinds:
            return None
        if isinstance(value, list) and (inner := _inner(kinds, SEQUENCES)) is not None:
            return self._sequence(value, inner, info, where)
        if isinstance(value, dict):
            return self._mapping(value, kinds, info, where)
        if isinstance(value, bool) and bool in kinds:
            return value
        if isinstance(value, str) and str in kinds:
            return self._text(value, info, where)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if float in kinds:
                return self._number(value, False, info, where)
            if int in kinds:
                return self._number(value, True, info, where)
        return self._refuse(value, kinds, info, where)

    def _sequence(
        self, values: list[Any], inner: tuple[Any, ...], info: FieldInfo | None, where: str
    ) -> tuple[Any, ...]:
        """Each element against its own annotation: tuple[X, ...], Sequence[X] or tuple[X, Y]."""
        free = len(inner) < 2 or inner[1] is Ellipsis
        if not free and len(values) != len(inner):
            self.problems.add(f"{where}: {len(values)} values given; give {len(inner)}")
            return ()
        kinds = [inner[0]] * len(values) if free else inner
        pairs = enumerate(zip(values, kinds, strict=True))
        return tuple(self.value(value, kind, info, f"{where}[{k}]") for k, (value, kind) in pairs)

    def _mapping(
        self, value: dict[Any, Any], kinds: tuple[Any, ...], info: FieldInfo | None, where: str
    ) -> Any:
        """A component, or a mapping whose values are checked one by one."""
        if "_target_" in value:
            return self._component(value, kinds, info, where)
        inner = _inner(kinds, MAPPINGS)
        if inner is None:
            return self._refuse(value, kinds, info, where)
        kind = inner[1] if len(inner) > 1 else Any
        return {
            str(key): self.value(each, kind, info, f"{where}.{key}") for key, each in value.items()
        }

    def _component(
        self, node: dict[str, Any], kinds: tuple[Any, ...], info: FieldInfo | None, where: str
    ) -> Any:
        built = self.build(node, where)
        if built is None:
            return None
        if not any(isinstance(k, type) and isinstance(built, k) for k in kinds):
            given = str(node["_target_"]).rpartition(".")[2]
            self.problems.add(f"{where}: a {given} given; give {wanted(kinds, info)}")
            return None
        if isinstance(built, Distribution):
            self._distribution(built, info, where)
        return built

    def _distribution(self, given: Distribution, info: FieldInfo | None, where: str) -> None:
        """A distribution's middle and ends must be numbers inside the field's range."""
        if not (where.startswith("threats.") or (info is not None and info.drawn)):
            self.problems.add(
                f"{where}: a distribution given, but only threats are drawn anew in each draw, "
                "and delays of chains; give a number, and sweep it"
            )
            return
        try:
            low, middle, high = (float(given.quantile(jnp.float32(q))) for q in QUANTILES_CHECKED)
        except ArithmeticError:
            low = middle = high = math.nan
        bounds = [getattr(given, name) for name in ("low", "mode", "high") if hasattr(given, name)]
        if not low <= middle <= high or bounds != sorted(bounds):
            self.problems.add(
                f"{where}: the distribution makes no sense (its quantiles at 0.001, 0.5 and 0.999 "
                f"are {low:g}, {middle:g} and {high:g}); correct its parameters"
            )
        elif info and info.within and not info.within[0] <= low <= high <= info.within[1]:
            self.problems.add(
                f"{where}: the distribution runs from {low:g} to {high:g}{_unit(info)}; allowed "
                f"are {in_range(info)}"
            )

    def _text(self, value: str, info: FieldInfo | None, where: str) -> str:
        if info is not None and info.choices and value not in info.choices:
            self.problems.add(
                f"{where}: {value!r} given; allowed are {', '.join(info.choices)}"
                + near(value, info.choices)
            )
        return value

    def _number(
        self, value: float, whole: bool, info: FieldInfo | None, where: str
    ) -> float | int | None:
        try:
            finite = math.isfinite(value)
        except OverflowError:  # a whole number beyond every float
            finite = False
        if not finite or (whole and value != int(value)):
            kind = "whole number" if whole else "finite number"
            self.problems.add(f"{where}: {value!r:.40}{_unit(info)} given; give a {kind}")
            return None
        if info is not None and info.within is not None:
            low, high = info.within
            if not low <= value <= high:
                self.problems.add(
                    f"{where}: {value:g}{_unit(info)} given; allowed are {in_range(info)}"
                )
        return int(value) if whole else float(value)

    def _refuse(
        self, value: Any, kinds: tuple[Any, ...], info: FieldInfo | None, where: str
    ) -> None:
        quotes = str in kinds and isinstance(value, (int, float))
        hint = f" ('{value}' in quotes is one)" if quotes else ""
        self.problems.add(f"{where}: {shown(value)} given; give {wanted(kinds, info)}{hint}")


# ---- words


def kinds_of(kind: Any) -> tuple[Any, ...]:
    """The alternatives of an annotation."""
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        return tuple(k for part in typing.get_args(kind) for k in kinds_of(part))
    return (kind,)


def wanted(kinds: tuple[Any, ...], info: FieldInfo | None) -> str:
    """What a field takes, in words."""
    if info is not None and info.choices:
        return "one of " + ", ".join(info.choices)
    bounds = f", {in_range(info)}" if info is not None and info.within else ""
    words = [_word(kind) + (bounds if kind in (int, float) else "") for kind in kinds]
    found = dict.fromkeys(word for word in words if word and not word.startswith(","))
    if "a number" + bounds in found:
        found.pop("a whole number" + bounds, None)
    return " or ".join(found) or "something else"


def in_range(info: FieldInfo) -> str:
    """A field's lowest and highest value."""
    assert info.within is not None
    return f"{info.within[0]:g} to {info.within[1]:g}{_unit(info)}"


def near(word: str, known: Iterable[str]) -> str:
    """A suggestion, if a known word is close."""
    close = difflib.get_close_matches(word, list(known), 1)
    return f"; did you mean {close[0]}?" if close else ""


def shown(value: Any) -> str:
    """A value as a person writes it, cut where it is long."""
    text = "null" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _word(kind: Any) -> str:
    plain = {bool: "true or false", str: "a text", int: "a whole number", float: "a number"}
    if kind in plain:
        return plain[kind]
    if kind is types.NoneType:
        return "null"
    origin = typing.get_origin(kind)
    if origin in SEQUENCES:
        inner = " or ".join(dict.fromkeys(map(_word, kinds_of(typing.get_args(kind)[0]))))
        return f"a list (each {inner})"
    if origin in MAPPINGS:
        inner = " or ".join(dict.fromkeys(map(_word, kinds_of(typing.get_args(kind)[-1]))))
        return f"a mapping (NAME: {inner})"
    if kind is Distribution:
        return ""  # an option everywhere in threats, told in the README
    if isinstance(kind, type) and kind.__module__.startswith("sdn_mc."):
        return f"a {kind.__name__} ({{_target_: …}})"
    return ""


def _inner(kinds: tuple[Any, ...], origins: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The parameters of the first alternative with one of these origins."""
    return next((typing.get_args(k) for k in kinds if typing.get_origin(k) in origins), None)


def _unit(info: FieldInfo | None) -> str:
    return f" {info.unit}" if info is not None and info.unit not in ("", "1") else ""
