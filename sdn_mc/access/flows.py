"""Who talks to whom. A flow goes from a set of sites to a set of sites (anycast, by the best pair).

The lower bound of a pair's latency is the great circle on the mean sphere of 6371 km at the speed
of light in vacuum; no path by satellite is shorter. Where an end moves it is 0 here: the engine,
which knows where everything is, puts the least bound over the run's instants in its place. A flow's
bound is the least of its pairs'. The last mile of both ends is no part of it.
"""

import itertools

import equinox as eqx
import numpy as np

from sdn_mc import geometry
from sdn_mc.access.sites import chosen, site_index
from sdn_mc.core.constants import LIGHT_KM_S, MEAN_RADIUS_KM
from sdn_mc.core.fields import field
from sdn_mc.core.problems import InputError, Problems
from sdn_mc.core.records import PairRecords
from sdn_mc.core.scene import Flows, Sites

Ends = str | tuple[str, ...]


class FlowList(eqx.Module):
    """Flows written out in the configuration."""

    flows: tuple[tuple[Ends, ...] | str, ...] = field(
        doc="Each [source, destination]; either may be a list of sites, of which any will do.",
        static=True,
    )

    def build(self, sites: Sites) -> Flows:
        """The flows in the order given."""
        ends = [(ends[0], ends[1]) for ends in self.flows]
        return flows_between(sites, ends, [f"flows.flows[{k}]" for k in range(len(ends))])

    def problems(self) -> list[str]:
        """Entries that are not a source and a destination."""
        if not self.flows:
            return ["flows.flows: no flow is listed; list at least one as [source, destination]"]
        return [
            f"flows.flows[{k}]: {ends if isinstance(ends, str) else list(ends)!r} given; write "
            "[source, destination]"
            for k, ends in enumerate(self.flows)
            if isinstance(ends, str) or len(ends) != 2
        ]


class FlowFile(eqx.Module):
    """One flow a line of a CSV file with the columns source, destination."""

    path: PairRecords = field(doc="The CSV file.", reads="pairs")

    def build(self, sites: Sites) -> Flows:
        """The flows in file order."""
        ends: list[tuple[Ends, Ends]] = [*zip(self.path.source, self.path.destination, strict=True)]
        rows = [f"flows.path: {self.path.origin}, row {k + 1}" for k in range(len(ends))]
        return flows_between(sites, ends, rows)


class ToAny(eqx.Module):
    """One flow from each of many sites to whichever of a set of sites is best for it."""

    sources: tuple[str, ...] = field(
        doc="Sites by name or pattern (`*` and `?`), or all of a kind as kind:WORD.", static=True
    )
    destinations: tuple[str, ...] = field(
        doc="The sites of which any will do, written in the same way.", static=True
    )
    called: str = field(doc="What the destinations are called in the names of flows.", static=True)

    def build(self, sites: Sites) -> Flows:
        """In the order of the sites."""
        problems, found = Problems(), []
        for name in ("sources", "destinations"):
            try:
                found.append(chosen(sites, getattr(self, name), f"flows.{name}"))
            except InputError as error:
                problems.take(error)
        problems.raise_all()
        sources, destinations = found
        ends: list[tuple[Ends, Ends]] = [(source, tuple(destinations)) for source in sources]
        return flows_between(sites, ends, [f"flows: from {name}" for name in sources], self.called)

    def problems(self) -> list[str]:
        """Nothing to choose from."""
        return [
            f"flows.{name}: [] given; list at least one name, pattern or kind:WORD"
            for name in ("sources", "destinations")
            if not getattr(self, name)
        ]


def flows_between(
    sites: Sites, ends: list[tuple[Ends, Ends]], where: list[str], called: str | None = None
) -> Flows:
    """Flows between named sites; every unknown name is reported, with `where` its flow stands.

    `called` stands for the destinations in the names of the flows.
    """
    problems = Problems()
    pairs: list[tuple[int, int, int]] = []
    bound_s, sources, destinations = [], [], []
    moves = sites.moves
    for flow, (source, destination) in enumerate(ends):
        try:
            a = [site_index(sites, name, where[flow]) for name in _listed(source)]
            b = [site_index(sites, name, where[flow]) for name in _listed(destination)]
        except InputError as error:
            problems.take(error)
            continue
        both = [(i, j) for i, j in itertools.product(a, b) if i != j]
        if not both:
            problems.add(f"{where[flow]}: source and destination are the same site; name two sites")
            continue
        pairs += [(i, j, flow) for i, j in both]
        bound_s.append(min(_vacuum_s(sites, moves, i, j) for i, j in both))
        sources.append(" | ".join(_listed(source)))
        destinations.append(" | ".join(_listed(destination)) if called is None else called)
    problems.raise_all()
    table = np.array(pairs, np.int32).reshape(-1, 3)
    last_mile_s = sites.last_mile_s[table[:, :2]].sum(axis=1)
    names = tuple(f"{a} - {b}" for a, b in zip(sources, destinations, strict=True))
    return Flows(
        pair_source=table[:, 0],
        pair_destination=table[:, 1],
        pair_flow=table[:, 2],
        bound_s=np.array(bound_s, np.float64),
        name=names,
        source=tuple(sources),
        destination=tuple(destinations),
        last_mile_s=last_mile_s if last_mile_s.any() else None,
    )


def _listed(ends: Ends) -> list[str]:
    return [ends] if isinstance(ends, str) else list(ends)


def _vacuum_s(sites: Sites, moves: np.ndarray, i: int, j: int) -> float:
    if moves[i] or moves[j]:
        return 0.0
    latitude_rad, longitude_rad = np.radians(sites.latitude_deg), np.radians(sites.longitude_deg)
    distance_km = geometry.great_circle_km(
        latitude_rad[i], longitude_rad[i], latitude_rad[j], longitude_rad[j], MEAN_RADIUS_KM
    )
    return float(distance_km) / LIGHT_KM_S
