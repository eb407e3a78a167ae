"""Links listed one by one: the list is the model, and geometry says when each one stands.

Each line names two satellites, by name or by index in fleet order (from 0). Ports are given in
order of appearance, so the first line that names a satellite uses its port 0. Nothing stands by.
"""

import equinox as eqx
import numpy as np
from jaxtyping import Int

from sdn_mc.core.fields import field
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.problems import InputError, Problems
from sdn_mc.core.records import PairRecords
from sdn_mc.core.scene import Ephemeris, Links
from sdn_mc.topology.describe import described
from sdn_mc.topology.matching import ports_in_turn
from sdn_mc.topology.wiring import (
    GRAZING_DOC,
    RANGE_DOC,
    RATE_DOC,
    Limits,
    links_over_time,
    terminals_of,
    wire,
)


class ExplicitLinks(eqx.Module):
    """The links of a file, and no others."""

    path: PairRecords = field(
        doc="CSV with the columns source, destination: satellite names, or indices from 0.",
        reads="pairs",
    )
    terminals: int = field(within=(1, 64), doc="Laser terminals used on a satellite.", static=True)
    max_range_km: float | None = field(unit="km", within=(0, 1e6), doc=RANGE_DOC)
    grazing_km: float | None = field(unit="km", within=(-100, 1000), doc=GRAZING_DOC, assumed=True)
    max_rate_deg_s: float | None = field(unit="deg/s", within=(0, 180), doc=RATE_DOC, assumed=True)

    def misfits(self, fleet: Fleet) -> list[str]:
        """Listed satellites that the fleet does not have, and more links than terminals."""
        try:
            ends = _ends(self.path, fleet)
            _check_room(self.path, fleet, ends, ports_in_turn(ends), self.terminals)
        except InputError as error:
            return error.problems
        return []

    def build(self, fleet: Fleet, ephemeris: Ephemeris) -> Links:
        """The listed links, and their delays at every time."""
        ends = _ends(self.path, fleet)
        ports = ports_in_turn(ends)
        _check_room(self.path, fleet, ends, ports, self.terminals)
        wiring = wire(fleet.n_sat, self.terminals, ends, ports)
        limits = Limits(self.max_range_km, self.grazing_km, self.max_rate_deg_s)
        links = links_over_time(wiring, ephemeris, limits)
        return described(links, ephemeris.carries_traffic & (fleet.shell >= 0))


def _ends(records: PairRecords, fleet: Fleet) -> Int[np.ndarray, "link end"]:
    """Indices of the listed satellites; every fault of the list is reported."""
    names = () if fleet.catalogue is None else fleet.catalogue.name
    index = {name: k for k, name in reversed(list(enumerate(names)))}
    problems = Problems()
    ends = np.zeros((len(records.source), 2), int)
    seen: dict[tuple[int, int], int] = {}
    for line, pair in enumerate(zip(records.source, records.destination, strict=True)):
        where = f"{records.origin}, link {line + 1}"
        for end, text in enumerate(pair):
            found = _index(text, index, fleet.n_sat)
            if found is None:
                problems.add(
                    f"{where}: there is no satellite {text!r}; give a name of the fleet, or an "
                    f"index from 0 to {fleet.n_sat - 1}"
                )
            else:
                ends[line, end] = found
        if problems:
            continue
        a, b = sorted(int(k) for k in ends[line])
        if a == b:
            problems.add(f"{where}: {pair[0]} is linked to itself; name two satellites")
        elif (a, b) in seen:
            problems.add(
                f"{where}: {pair[0]} and {pair[1]} are linked already by link {seen[a, b] + 1}; "
                "list each link once"
            )
        seen.setdefault((a, b), line)
    problems.raise_all()
    return ends


def _index(text: str, index: dict[str, int], n_sat: int) -> int | None:
    """The satellite of that name, or of that number if it is one of the fleet's."""
    if text in index:
        return index[text]
    if text.isascii() and text.isdigit() and int(text) < n_sat:
        return int(text)
    return None


def _check_room(
    records: PairRecords,
    fleet: Fleet,
    ends: Int[np.ndarray, "link end"],
    ports: Int[np.ndarray, "link end"],
    terminals: int,
) -> None:
    room = terminals_of(fleet, terminals)
    over = np.argwhere(ports >= room[ends])
    if len(over):
        line, end = over[0]
        sat = ends[line, end]
        raise InputError(
            f"{records.origin}, link {line + 1}: satellite {sat} would have {ports[line, end] + 1} "
            f"links, but it has {room[sat]} terminals; shorten the list, or raise "
            "topology.terminals and the constellation's n_terminal"
        )
