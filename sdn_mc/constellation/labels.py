"""Label rules: which group each satellite is in, for each way in which satellites fail together.

A satellite is in several groups at once: its prime, its bus, its software, its launch. A rule gives
one label; a constellation has one rule a label. Vendors, software groups and ground systems of real
and planned fleets are mostly inferred or assumed: the YAML files say which.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import equinox as eqx
import numpy as np
from jaxtyping import Int

from sdn_mc.constellation.patterns import quick_pattern
from sdn_mc.core.fields import field
from sdn_mc.core.fleet import Catalogue
from sdn_mc.core.problems import InputError
from sdn_mc.core.records import LabelRecords

NO_GROUP = "none"  # satellites that no group of a label holds, such as those without a plane
RESERVED = ("sat", "terminal", "site", "routing", "plane", "shell", "constellation")
LAUNCH = re.compile(r"[0-9]{4}-[0-9]{3}")  # the launch in an international designator


class Members(NamedTuple):
    """The satellites as label rules see them."""

    plane: Int[np.ndarray, " sat"]  # -1: none
    slot: Int[np.ndarray, " sat"]  # -1: none
    catalogue: Catalogue


class Groups(NamedTuple):
    """One label: the group of each satellite, and the names of the groups. All have a member."""

    member_of: Int[np.ndarray, " sat"]
    names: tuple[str, ...]


@runtime_checkable
class LabelRule(Protocol):
    """Says which group each satellite is in."""

    def assign(self, members: Members, where: str) -> Groups:
        """The groups; `where` is the rule's key, for messages."""
        ...


class AllSame(eqx.Module):
    """Every satellite is in one group."""

    value: str = field(doc="Name of the group.", static=True)

    def assign(self, members: Members, where: str) -> Groups:
        return Groups(np.zeros(len(members.plane), np.int64), (self.value,))


class Blocks(eqx.Module):
    """Consecutive planes (or satellites) are in one group: the first two planes, the next two, …"""

    values: Sequence[str] = field(doc="Names of the groups, in order.", static=True)
    sizes: Sequence[int] | None = field(
        doc="Planes (or satellites) of each group; null: as equal as they can be.", static=True
    )
    by: str = field(doc="What is counted.", choices=("plane", "sat"))

    def assign(self, members: Members, where: str) -> Groups:
        unit, n_unit = _units(members, self.by)
        n_value = _counted(self.values, where)
        if self.sizes is None:
            value_of = np.arange(n_unit) * n_value // max(n_unit, 1)
        else:
            if len(self.sizes) != n_value or sum(self.sizes) != n_unit or min(self.sizes) < 0:
                raise InputError(
                    f"{where}: sizes {list(self.sizes)!s:.60} for {n_value} values, but the "
                    f"fleet has {n_unit} of {self.by!r}; give one size a value that add up to "
                    f"{n_unit}, or null"
                )
            value_of = np.repeat(np.arange(n_value), self.sizes)
        return _named(_looked_up(value_of, unit), tuple(self.values))


class Alternate(eqx.Module):
    """Neighbouring planes (slots, satellites) are in different groups, in turn."""

    values: Sequence[str] = field(doc="Names of the groups, in turn.", static=True)
    by: str = field(doc="What alternates.", choices=("plane", "slot", "sat"))

    def assign(self, members: Members, where: str) -> Groups:
        unit, _ = _units(members, self.by)
        n_value = _counted(self.values, where)
        return _named(np.where(unit < 0, -1, unit % n_value), tuple(self.values))


class Table(eqx.Module):
    """A CSV table says it: `satellite` (name or catalogue number) and `value`."""

    path: LabelRecords = field(doc="CSV file with the columns satellite, value.", reads="labels")

    def assign(self, members: Members, where: str) -> Groups:
        value_of, catalogue = self.path.value_of, members.catalogue
        values = [
            value_of.get(name, value_of.get(str(number)))
            for name, number in zip(catalogue.name, catalogue.number, strict=True)
        ]
        return _by_value(values, catalogue, where, f"{self.path.origin} has no line for them")


class ByLaunch(eqx.Module):
    """Satellites of one launch are a group: year and number of the international designator."""

    def assign(self, members: Members, where: str) -> Groups:
        found = [LAUNCH.match(text) for text in members.catalogue.designator]
        values = [match.group() if match else None for match in found]
        missing = "their international designators name no launch"
        return _by_value(values, members.catalogue, where, missing)


class ByName(eqx.Module):
    """Names of satellites say it: the first pattern that matches from the start of the name."""

    patterns: Mapping[str, str] = field(
        doc="Regular expression (a plain prefix is one): name of the group.", static=True
    )
    otherwise: str | None = field(
        doc="Group of satellites that match nothing; null: that is an error.", static=True
    )

    def assign(self, members: Members, where: str) -> Groups:
        names = members.catalogue.name
        longest = max(map(len, names), default=0)
        tests = [
            (quick_pattern(text, where, len(names), longest), value)
            for text, value in self.patterns.items()
        ]
        values = [
            next((value for test, value in tests if test.match(name)), self.otherwise)
            for name in names
        ]
        missing = "no pattern matches their names and otherwise is null"
        return _by_value(values, members.catalogue, where, missing)


def groups_of(
    rules: Mapping[str, LabelRule], members: Members, fixed: Mapping[str, Groups]
) -> tuple[dict[str, Int[np.ndarray, " sat"]], tuple[tuple[str, tuple[str, ...]], ...]]:
    """`Fleet.group` and `Fleet.labels` from the rules and from the labels that are always there."""
    found = dict(fixed)
    for label in sorted(rules):
        where = f"constellation.labels.{label}"
        if not label.isidentifier():
            raise InputError(f"{where}: name a label by letters, digits and _")
        if label in RESERVED:
            raise InputError(
                f"{where}: this label means something else already ({', '.join(RESERVED)} are "
                "taken); choose another name"
            )
        found[label] = rules[label].assign(members, where)
    order = sorted(found)
    return {k: found[k].member_of for k in order}, tuple((k, found[k].names) for k in order)


def numbered_groups(index: Int[np.ndarray, " sat"], names: tuple[str, ...]) -> Groups:
    """Groups from indices of which -1 means none: those satellites get a group of their own."""
    return _named(index, names)


def _units(members: Members, by: str) -> tuple[Int[np.ndarray, " sat"], int]:
    """Index of each satellite's unit (-1: none) and the number of units."""
    unit = {
        "plane": members.plane,
        "slot": members.slot,
        "sat": np.arange(len(members.plane)),
    }[by]
    return unit, int(unit.max(initial=-1)) + 1


def _counted(values: Sequence[str], where: str) -> int:
    if not values or len(set(values)) < len(values):
        raise InputError(
            f"{where}: values {list(values)!s:.60} given; give at least one, none twice"
        )
    return len(values)


def _looked_up(
    value_of: Int[np.ndarray, " unit"], unit: Int[np.ndarray, " sat"]
) -> Int[np.ndarray, " sat"]:
    return np.where(unit < 0, -1, np.append(value_of, -1)[unit])


def _by_value(
    values: Sequence[str | None], catalogue: Catalogue, where: str, why_missing: str
) -> Groups:
    missing = [k for k, value in enumerate(values) if value is None]
    if missing:
        some = ", ".join(
            f"{catalogue.name[k] or str(catalogue.number[k]):.40}" for k in missing[:4]
        )
        more = f" and {len(missing) - 4} more" if len(missing) > 4 else ""
        raise InputError(
            f"{where}: no group for {some}{more} ({why_missing}); every satellite needs one, so "
            "add them or use another rule"
        )
    names = tuple(sorted({value for value in values if value is not None}))
    place = {name: k for k, name in enumerate(names)}
    return Groups(np.array([place[str(value)] for value in values], np.int64), names)


def _named(index: Int[np.ndarray, " sat"], names: tuple[str, ...]) -> Groups:
    """Groups without members dropped; satellites in none (-1) put into a last group."""
    used = np.unique(index[index >= 0])
    kept = tuple(names[k] for k in used.tolist())
    renumbered = np.searchsorted(used, index)
    if (index < 0).any():
        return Groups(np.where(index < 0, len(kept), renumbered), (*kept, NO_GROUP))
    return Groups(renumbered, kept)
