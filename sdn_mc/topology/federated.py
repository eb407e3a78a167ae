"""The mesh of a federation: each member's own, and links between members that may link.

Model: the satellites of each group of a label (`constellation` unless told otherwise) are wired by
a topology of their own, as if no others were there. Then, for each pair of groups in `allowed`,
terminals that are still free are joined, cheapest first over all pairs:

    lasting   once an epoch, by lasting distance over `horizon_s` (`candidates.py`), pairs that can
              stand at their nearest; such a link comes and goes with geometry. Satellites at other
              heights drift apart within hours, and nobody re-points: the low end.
    nearest   at every instant, by distance now (as in `nearest.py`); acquisition costs nothing: the
              high end.

A grid uses every terminal it has, so a `keep_free` share of each allowed group's satellites, evenly
chosen, leaves its last terminal to other members. Who is *allowed* to link is said here; who
*succeeds* is a threat (`threats/interoperability.py`).

Limits: one terminal serves one link; all cross links have one set of limits; a standby link never
joins two members. Method and constants are ours.
"""

import dataclasses

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Bool, Int

from sdn_mc.core.fields import field
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.problems import InputError
from sdn_mc.core.scene import Ephemeris, Links
from sdn_mc.topology.bent_pipe import BentPipe
from sdn_mc.topology.cross_links import LASTING, NEAREST, Pair, Rule, joined_across
from sdn_mc.topology.describe import components
from sdn_mc.topology.planned import GOLDEN, Planned
from sdn_mc.topology.plus_grid import PlusGrid
from sdn_mc.topology.wiring import GRAZING_DOC, RANGE_DOC, RATE_DOC, Limits


class Federated(eqx.Module):
    """Each member by its own topology, and links between members that are allowed to link."""

    label: str = field(doc="Label whose groups are the members.", static=True)
    members: dict[str, PlusGrid | Planned | BentPipe] = field(
        doc="Topology of a member, by its name."
    )
    otherwise: PlusGrid | Planned | BentPipe = field(
        doc="Topology of members that are not named under members."
    )
    allowed: tuple[tuple[str, str], ...] = field(
        doc="Pairs of members that may link; none: each inside itself only.", static=True
    )
    cross: str = field(choices=(LASTING, NEAREST), doc="How links between members are chosen.")
    keep_free: float = field(
        unit="1",
        within=(0, 1),
        doc="Satellites of a member in `allowed` that keep their last terminal for other members.",
        assumed=True,
    )
    max_range_km: float | None = field(unit="km", within=(0, 1e6), doc=RANGE_DOC)
    grazing_km: float | None = field(unit="km", within=(-100, 1000), doc=GRAZING_DOC, assumed=True)
    max_rate_deg_s: float | None = field(unit="deg/s", within=(0, 180), doc=RATE_DOC, assumed=True)
    least_km: float = field(
        unit="km", within=(0, 1000), doc="Pairs that pass closer are not linked.", assumed=True
    )
    horizon_s: float = field(
        unit="s",
        within=(0, 604_800),
        doc="Time for which lasting links between members are planned.",
        assumed=True,
    )

    def problems(self) -> list[str]:
        """Meshes of members that do not go together."""
        own = [*self.members.values(), self.otherwise]
        mending = [mesh for mesh in own if getattr(mesh, "mend", "fixed") != "fixed"]
        found = []
        if len({float(mesh.retarget_s) for mesh in mending}) > 1:  # type: ignore[union-attr]
            found.append("topology: members have several retarget_s; give all of them one")
        if mending and self.cross == NEAREST and self.allowed:
            found.append(
                "topology.cross: nearest links change at every instant, and standby links "
                "(mend: bypass) need lasting ones; set cross: lasting, or mend: fixed"
            )
        return found

    def misfits(self, fleet: Fleet) -> list[str]:
        """Names that the fleet does not have, and what the members' own topologies object to."""
        try:
            fleet.n_group(self.label)
        except InputError as error:
            return error.problems
        names = fleet.group_names[self.label]
        asked = [("members", name) for name in self.members]
        asked += [("allowed", name) for pair in self.allowed for name in pair]
        found = [
            f"{key}: no group of {self.label!r} is named {name!r}; there are {', '.join(names)}; "
            "correct the name, or leave it out"
            for key, name in dict.fromkeys(asked)
            if name not in names
        ]
        found += [
            f"allowed: {one} is paired with itself; its own topology links it, so leave this out"
            for one, other in self.allowed
            if one == other
        ]
        for k, name in enumerate(names):
            own = self.members.get(name, self.otherwise)
            if hasattr(own, "misfits"):
                part = _of(fleet, np.flatnonzero(fleet.group[self.label] == k))
                found += [f"{name}: {problem}" for problem in own.misfits(part)]
        return found

    def build(self, fleet: Fleet, ephemeris: Ephemeris) -> Links:
        """The meshes of all members, and the links between them."""
        if problems := self.misfits(fleet):
            raise InputError(problems)
        group, names = fleet.group[self.label], fleet.group_names[self.label]
        pairs = [
            (group == names.index(one), group == names.index(two)) for one, two in self.allowed
        ]
        wired = dataclasses.replace(fleet, n_terminal=fleet.n_terminal - self._spared(fleet, pairs))
        parts = []
        for k, name in enumerate(names):
            own, at = self.members.get(name, self.otherwise), np.flatnonzero(group == k)
            parts.append((at, own.build(_of(wired, at), _seen(ephemeris, at))))
        notes = [
            f"{name}: {note}"
            for name, (_, part) in zip(names, parts, strict=True)
            for note in part.notes
        ]
        room = int(fleet.n_terminal.max(initial=1)) if pairs else 1
        links = _side_by_side(parts, fleet.n_sat, room)
        if pairs:
            limits = Limits(self.max_range_km, self.grazing_km, self.max_rate_deg_s)
            rule = Rule(self.cross, limits, self.least_km, self.horizon_s)
            links = joined_across(links, fleet, ephemeris, pairs, rule)
            for (one, two), (a, b) in zip(self.allowed, pairs, strict=True):
                notes.append(_cross_note(links, f"{one} and {two}", a, b))
        in_mesh = ephemeris.carries_traffic & (fleet.shell >= 0)
        notes.append(_whole_note(links, in_mesh))
        return dataclasses.replace(links, notes=tuple(notes))

    def _spared(self, fleet: Fleet, pairs: list[Pair]) -> Int[np.ndarray, " sat"]:
        """One for satellites that keep a terminal free, else 0."""
        allowed = np.zeros(fleet.n_sat, bool)
        for one, other in pairs:
            allowed |= one | other
        chosen = np.arange(fleet.n_sat) * GOLDEN % 1.0 < self.keep_free
        return (allowed & chosen & (fleet.n_terminal > 0)).astype(int)


def _cross_note(
    links: Links, names: str, one: Bool[np.ndarray, " sat"], other: Bool[np.ndarray, " sat"]
) -> str:
    """How many links between two members stand."""
    across = (one[:, None] & other[links.neighbour]) & np.isfinite(links.delay_s)
    count = across.sum(axis=(1, 2))
    return (
        f"between {names} {count.mean():.1f} links stand on average over the scene's instants, "
        f"{count.min()} at least"
    )


def _whole_note(links: Links, in_mesh: Bool[np.ndarray, " sat"]) -> str:
    """Pieces of the whole at the first instant."""
    neighbour = links.neighbour if links.neighbour.ndim == 2 else links.neighbour[0]
    here, port = np.nonzero(np.isfinite(links.delay_s[0, :, : links.n_terminal]))
    size = np.bincount(components(len(in_mesh), here, neighbour[here, port])[in_mesh])
    pieces = np.count_nonzero(size)
    return (
        f"together: {pieces} connected component{'s' if pieces > 1 else ''} at the first instant, "
        f"the largest with {size.max(initial=0) / max(in_mesh.sum(), 1):.1%} of the satellites"
    )


def _of(fleet: Fleet, at: Int[np.ndarray, " member"]) -> Fleet:
    """The fleet of some satellites; the groups keep their names and numbers."""
    part = jax.tree.map(lambda values: values[at], fleet)
    return dataclasses.replace(part, catalogue=None, notes=())


def _seen(ephemeris: Ephemeris, at: Int[np.ndarray, " member"]) -> Ephemeris:
    """Where some satellites are."""
    return dataclasses.replace(
        ephemeris,
        position_km=ephemeris.position_km[:, at],
        status=ephemeris.status[at],
        mean=type(ephemeris.mean)(*(values[at] for values in ephemeris.mean)),
    )


def _side_by_side(parts: list[tuple[Int[np.ndarray, " _"], Links]], n_sat: int, room: int) -> Links:
    """Meshes of disjoint satellites as one: terminals first, then standby slots.

    Each mesh has as many slots as it likes; slots that it lacks are empty.
    """
    n_terminal = max([room, *(part.n_terminal for _, part in parts)])
    n_standby = max(part.terminal.shape[1] - part.n_terminal for _, part in parts)
    n_port, n_skip = n_terminal + n_standby, max(part.wakes_on.shape[2] for _, part in parts)
    own = np.arange(n_sat, dtype=np.int32)[:, None]
    port = np.arange(n_port, dtype=np.int32)
    neighbour, peer = np.repeat(own, n_port, 1), np.repeat(port[None], n_sat, 0)
    terminal = np.where(peer < n_terminal, peer, 0)
    wakes_on = np.full((n_sat, n_port, n_skip), -1, np.int32)
    n_time = len(parts[0][1].delay_s)
    delay_s = np.full((n_time, n_sat, n_port), np.inf)
    retarget_s = 0.0
    for at, part in parts:
        slots = np.arange(part.terminal.shape[1])
        to = np.where(slots < part.n_terminal, slots, slots - part.n_terminal + n_terminal)
        cell = at[:, None], to[None]
        neighbour[cell], peer[cell] = at[part.neighbour], to[part.peer]
        terminal[cell] = part.terminal
        global_wakes = np.where(part.wakes_on < 0, -1, at[part.wakes_on])
        wakes_on[cell[0], cell[1], : part.wakes_on.shape[2]] = global_wakes
        delay_s[:, cell[0], cell[1]] = part.delay_s
        retarget_s = max(retarget_s, part.retarget_s)
    return Links(
        neighbour=neighbour,
        peer=peer,
        terminal=terminal.astype(np.int32),
        wakes_on=wakes_on,
        delay_s=delay_s,
        retarget_s=retarget_s,
        n_terminal=n_terminal,
    )
