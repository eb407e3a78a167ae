"""Fleets from element sets: a file's, or a CelesTrak group's.

Two ways to find planes and slots. `recover`: from mean elements at one instant (`recover.py`), with
a status for every satellite that is not in a working shell; real shells are not Walker patterns.
`file_order`: the file lists `planes` times `slots` satellites plane by plane and slot by slot, as
other programs write generated constellations; nobody is left out.

Limits: element sets are a representative constellation, not a forecast: an operator that manoeuvres
moves its satellites by kilometres a day (Starlink: 6.9 km median after a day, 31 km after two).
"""

from collections.abc import Mapping
from typing import NamedTuple

import equinox as eqx
import numpy as np
from jaxtyping import Float64, Int

from sdn_mc.constellation.labels import Groups, LabelRule, Members, groups_of, numbered_groups
from sdn_mc.constellation.recover import Recovered, recover
from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.problems import InputError
from sdn_mc.core.records import ElementRecords
from sdn_mc.core.scene import MeanElements
from sdn_mc.propagation.sgp4 import mean_elements

PATTERNS = ("recover", "file_order")
PATTERN_DOC = "Planes and slots: recovered from the orbits, or taken from the order of the file."


class ElementSets(eqx.Module):
    """The fleet of an element file: two- or three-line sets, OMM CSV or OMM JSON."""

    path: ElementRecords = field(doc="The element file.", reads="elements")
    name: str = field(doc="Name of the constellation.", static=True)
    pattern: str = field(doc=PATTERN_DOC, choices=PATTERNS)
    planes: int | None = field(
        doc="Planes of a file in order; null with pattern: recover.",
        within=(1, 10_000),
        static=True,
    )
    slots: int | None = field(
        doc="Satellites a plane of a file in order; null with pattern: recover.",
        within=(1, 10_000),
        static=True,
    )
    n_terminal: int = field(doc="Laser terminals of a satellite.", within=(0, 16), static=True)
    unit_cost_musd: Scalar | None = field(
        unit="MUSD", within=(0, 1e5), doc="Price of one satellite; null: not public."
    )
    labels: dict[str, LabelRule] = field(
        doc="Rules that say which satellites may fail together, by label."
    )

    def build(self, start: JulianDate | None) -> Fleet:
        """The fleet, its planes recovered at `start` (None: newest epoch, next whole hour)."""
        if problems := self.problems():
            raise InputError(problems)
        place = (
            _recovered(self.path, start)
            if self.pattern == "recover"
            else _in_file_order(len(self.path.elements), self.slots or 1)
        )
        return _fleet(
            self.path, place, self.name, self.n_terminal, self.unit_cost_musd, self.labels
        )

    def problems(self) -> list[str]:
        """Planes and slots that do not fit the pattern or the file."""
        given = (self.planes, self.slots)
        if self.pattern == "recover":
            if given == (None, None):
                return []
            return [
                f"constellation: planes {self.planes} and slots {self.slots} given with pattern: "
                "recover, which finds them; set both to null, or set pattern: file_order"
            ]
        if self.planes is None or self.slots is None:
            return [
                f"constellation: planes {self.planes} and slots {self.slots} given with pattern: "
                "file_order, which needs both; set both, or set pattern: recover"
            ]
        count = len(self.path.elements)
        if self.planes * self.slots != count:
            return [
                f"constellation: {self.planes} x {self.slots} = {self.planes * self.slots}, but "
                f"the file has {count} satellites; correct planes and slots, or set "
                "pattern: recover"
            ]
        return []


class CelestrakGroup(eqx.Module):
    """The fleet of a CelesTrak group, downloaded once and then read from the cache."""

    group: ElementRecords = field(
        doc="Name of the group in CelesTrak's addresses, such as starlink.", reads="celestrak"
    )
    name: str = field(doc="Name of the constellation.", static=True)
    n_terminal: int = field(doc="Laser terminals of a satellite.", within=(0, 16), static=True)
    unit_cost_musd: Scalar | None = field(
        unit="MUSD", within=(0, 1e5), doc="Price of one satellite; null: not public."
    )
    labels: dict[str, LabelRule] = field(
        doc="Rules that say which satellites may fail together, by label."
    )

    def build(self, start: JulianDate | None) -> Fleet:
        """The fleet, its planes recovered at `start` (None: newest epoch, next whole hour)."""
        place = _recovered(self.group, start)
        return _fleet(
            self.group, place, self.name, self.n_terminal, self.unit_cost_musd, self.labels
        )


class _Place(NamedTuple):
    """Where each satellite is in the pattern, and what the shells are called."""

    found: Recovered
    shell_names: tuple[str, ...]


def _fleet(
    records: ElementRecords,
    place: _Place,
    name: str,
    n_terminal: int,
    unit_cost_musd: Scalar | None,
    labels: Mapping[str, LabelRule],
) -> Fleet:
    """The fleet of some records, with their place in the pattern and their groups."""
    found, n_sat = place.found, len(records.elements)
    n_plane = int(found.plane.max(initial=-1)) + 1
    fixed = {
        "plane": numbered_groups(found.plane, tuple(f"plane {k:03d}" for k in range(n_plane))),
        "shell": numbered_groups(found.shell, place.shell_names),
        "constellation": Groups(np.zeros(n_sat, np.int64), (name,)),
    }
    members = Members(found.plane, found.slot, records.catalogue)
    group, named = groups_of(labels, members, fixed)
    cost = np.nan if unit_cost_musd is None else float(unit_cost_musd)
    return Fleet(
        elements=records.elements,
        status=found.status,
        plane=found.plane,
        slot=found.slot,
        shell=found.shell,
        layer=found.layer,
        n_terminal=np.full(n_sat, n_terminal),
        unit_cost_musd=np.full(n_sat, cost),
        group=group,
        labels=named,
        reference=records.elements.newest_epoch(),
        catalogue=records.catalogue,
        notes=(*records.notes, *found.notes),
    )


def _recovered(records: ElementRecords, start: JulianDate | None) -> _Place:
    instant = start or records.elements.newest_epoch().next_whole_hour()
    mean = mean_elements(records.elements, instant)
    found = recover(mean)
    return _Place(found, _shell_names(found.shell, mean))


def _in_file_order(n_sat: int, slots: int) -> _Place:
    index = np.arange(n_sat)
    plane, every = index // slots, np.zeros(n_sat, np.int64)
    found = Recovered(
        plane=plane,
        layer=plane,
        shell=every,
        slot=index % slots,
        status=np.zeros(n_sat, np.int8),
        notes=(),
    )
    return _Place(found, ("all",))


def _shell_names(shell: Int[np.ndarray, " sat"], mean: MeanElements) -> tuple[str, ...]:
    """Shells named by their median inclination and height, with a letter where two are alike."""
    names: list[str] = []
    for k in range(int(shell.max(initial=-1)) + 1):
        inside = shell == k
        name = (
            f"{_median(mean.inclination_deg[inside]):.1f} deg "
            f"{_median(mean.altitude_km[inside]):.0f} km"
        )
        alike = sum(other.startswith(name) for other in names)
        names.append(name + (f" ({chr(ord('a') + alike)})" if alike else ""))
    return tuple(names)


def _median(values: Float64[np.ndarray, " member"]) -> float:
    return float(np.median(values)) if len(values) else 0.0
