"""Several constellations as one fleet: tranches of a program, vendors, civil and military systems.

The satellites of each member follow those of the one before. Labels are united: `constellation`
has a group for each member; `plane` and `shell` are counted on, their names behind the member's;
under every other label, groups of one name are one group whichever member they come from, so that
members which share a supplier, a ground system or software also fail with it. A satellite whose
member lacks a label is in the group "none" of that label. Rules under `labels` are applied to the
whole fleet and replace what the members say: `ground_system: AllSame` makes everybody share one.

A Walker pattern has no date of its own, so every one holds at the start of the run, whatever its
`epoch` says; element sets keep theirs.

`deployment` says how much of a member is in service at the start of the run; a member that it does
not name is there in full. To cancel one, give it a `deployed_fraction` of 0, or leave it out
(`~constellation.members.NAME`); to add one, `+constellation@constellation.members.NAME=OTHER`.

Being in one fleet links nobody: any topology wires each shell by itself, and `topology=federated`
adds links between the members that it allows to.
"""

import dataclasses
from typing import NamedTuple

import equinox as eqx
import numpy as np
from jaxtyping import Int

from sdn_mc.constellation.deployment import Deployment
from sdn_mc.constellation.element_sets import CelestrakGroup, ElementSets
from sdn_mc.constellation.labels import (
    NO_GROUP,
    Groups,
    LabelRule,
    Members,
    groups_of,
    numbered_groups,
)
from sdn_mc.constellation.walker import Walker, joined_elements
from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.fields import field
from sdn_mc.core.fleet import CARRIES_TRAFFIC, Catalogue, Fleet, Status
from sdn_mc.core.problems import InputError

COUNTED_ON = ("plane", "shell")  # labels whose groups are never shared between members


class Federation(eqx.Module):
    """One fleet of several constellations."""

    name: str = field(doc="Name of the whole.", static=True)
    members: "dict[str, Walker | ElementSets | CelestrakGroup | Federation]" = field(
        doc="The constellations by name, in the order of the satellites."
    )
    epoch: str | None = field(
        doc="Start where the run has none, for patterns too; null: each member has its own epoch.",
        static=True,
    )
    deployment: dict[str, Deployment] = field(
        doc="How much of a member is in service, by its name; not named: all of it."
    )
    labels: dict[str, LabelRule] = field(
        doc="Rules over the whole fleet; they replace what members say under the same label."
    )

    def build(self, start: JulianDate | None) -> Fleet:
        """The joint fleet at the start of the run, else at `epoch`."""
        if problems := self.problems():
            raise InputError(problems)
        if start is None and self.epoch is not None:
            start = JulianDate.parse(self.epoch, "constellation.epoch")
        parts = [
            _Part(name, self._deployed(name, _built(name, member, start), start))
            for name, member in self.members.items()
        ]
        fleet = self._joined(parts)
        if np.all(fleet.status == Status.NOT_LAUNCHED):
            raise InputError(
                "constellation.deployment: no satellite is in service at "
                f"{(start or fleet.reference).iso()}; start later (times.start), or change the plan"
            )
        return fleet

    def problems(self) -> list[str]:
        """No member, deployment of one that is not there, an epoch that is none."""
        found = [] if self.members else ["constellation.members: none given; give at least one"]
        found += [
            f"constellation.deployment.{name}: there is no such member; there are "
            f"{', '.join(self.members)}; correct the name, or leave it out"
            for name in self.deployment
            if name not in self.members
        ]
        try:
            JulianDate.parse(self.epoch or "2027-01-01", "constellation.epoch")
        except InputError as error:
            found += error.problems
        return found

    def _deployed(self, name: str, fleet: Fleet, start: JulianDate | None) -> Fleet:
        """The member with what is not launched marked so, and a note on it."""
        if name not in self.deployment:
            return fleet
        plan, instant = self.deployment[name], start or fleet.reference
        unit = fleet.plane if plan.by == "plane" else np.arange(fleet.n_sat)
        up = np.append(plan.in_service(int(unit.max(initial=-1)) + 1, instant), False)[unit]
        status = np.where(up, fleet.status, np.int8(Status.NOT_LAUNCHED))
        here = int(np.isin(status, CARRIES_TRAFFIC).sum())
        note = f"{here} of {fleet.n_sat} satellites are in service at {instant.iso()}"
        return dataclasses.replace(fleet, status=status, notes=(*fleet.notes, note))

    def _joined(self, parts: "list[_Part]") -> Fleet:
        """One fleet with the united labels."""
        fleets = [part.fleet for part in parts]
        size = [fleet.n_sat for fleet in fleets]
        catalogue = _catalogue(parts)
        plane, slot = _counted_on(parts, "plane"), np.concatenate([f.slot for f in fleets])
        every = sorted({label for fleet in fleets for label in fleet.group_names})
        fixed = {label: _united(parts, label) for label in every}
        fixed["constellation"] = Groups(
            np.repeat(np.arange(len(parts)), size), tuple(part.name for part in parts)
        )
        group, labels = groups_of(self.labels, Members(plane, slot, catalogue), fixed)
        return Fleet(
            elements=joined_elements([fleet.elements for fleet in fleets]),
            status=np.concatenate([fleet.status for fleet in fleets]),
            plane=plane,
            slot=slot,
            shell=_counted_on(parts, "shell"),
            layer=_counted_on(parts, "layer"),
            n_terminal=np.concatenate([fleet.n_terminal for fleet in fleets]),
            unit_cost_musd=np.concatenate([fleet.unit_cost_musd for fleet in fleets]),
            group=group,
            labels=labels,
            reference=max(fleet.reference for fleet in fleets),
            catalogue=catalogue,
            notes=tuple(f"{part.name}: {note}" for part in parts for note in part.fleet.notes),
        )


class _Part(NamedTuple):
    """A member that has been built."""

    name: str
    fleet: Fleet


def _built(name: str, member: eqx.Module, start: JulianDate | None) -> Fleet:
    """A member's fleet; its faults are told with its place."""
    if isinstance(member, Walker) and start is not None:
        member = dataclasses.replace(member, epoch=None)
    try:
        return member.build(start)  # type: ignore[attr-defined]
    except InputError as error:
        at = f"constellation.members.{name}."
        raise InputError(p.replace("constellation.", at, 1) for p in error.problems) from None


def _counted_on(parts: list[_Part], what: str) -> Int[np.ndarray, " sat"]:
    """Planes (shells, layers) counted on from member to member; -1 stays."""
    first, found = 0, []
    for part in parts:
        index = getattr(part.fleet, what)
        found.append(np.where(index < 0, -1, index + first))
        first += int(index.max(initial=-1)) + 1
    return np.concatenate(found)


def _united(parts: list[_Part], label: str) -> Groups:
    """The groups of one label: those of one name are one, unless the label is counted on."""
    names: dict[str, int] = {}
    found = []
    for part in parts:
        own = part.fleet.group_names.get(label, (NO_GROUP,))
        shown = [f"{part.name} {k}" if label in COUNTED_ON and k != NO_GROUP else k for k in own]
        number = [-1 if k == NO_GROUP else names.setdefault(k, len(names)) for k in shown]
        member_of = part.fleet.group.get(label, np.zeros(part.fleet.n_sat, np.int64))
        found.append(np.array(number)[member_of])
    return numbered_groups(np.concatenate(found), tuple(names))


def _catalogue(parts: list[_Part]) -> Catalogue:
    """Names behind the member's; numbers of the members, or from 1 on where two are the same."""
    named = [(part.name, part.fleet.catalogue) for part in parts]
    name = tuple(f"{who} {own}" for who, all_of in named if all_of for own in all_of.name)
    number = tuple(n for _, all_of in named if all_of for n in all_of.number)
    if len(set(number)) < len(number):
        number = tuple(range(1, len(number) + 1))
    designator = tuple(d for _, all_of in named if all_of for d in all_of.designator)
    return Catalogue(name, number, designator)
