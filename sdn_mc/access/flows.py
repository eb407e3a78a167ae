"""Who talks to whom. A flow goes from a set of sites to a set of sites (anycast, by the best pair).

The lower bound of a pair's latency is the great circle on the mean sphere of 6371 km at the speed
of light in vacuum; no path by satellite is shorter.
"""

import itertools

import equinox as eqx
import numpy as np

from sdn_mc import geometry
from sdn_mc.access.sites import site_index
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


def flows_between(sites: Sites, ends: list[tuple[Ends, Ends]], where: list[str]) -> Flows:
    """Flows between named sites; every unknown name is reported, with `where` its flow stands."""
    problems = Problems()
    pairs: list[tuple[int, int, int]] = []
    bound_s, sources, destinations = [], [], []
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
        bound_s.append(min(_vacuum_s(sites, i, j) for i, j in both))
        sources.append(" | ".join(_listed(source)))
        destinations.append(" | ".join(_listed(destination)))
    problems.raise_all()
    table = np.array(pairs, np.int32).reshape(-1, 3)
    names = tuple(f"{a} - {b}" for a, b in zip(sources, destinations, strict=True))
    return Flows(
        pair_source=table[:, 0],
        pair_destination=table[:, 1],
        pair_flow=table[:, 2],
        bound_s=np.array(bound_s, np.float64),
        name=names,
        source=tuple(sources),
        destination=tuple(destinations),
    )


def _listed(ends: Ends) -> list[str]:
    return [ends] if isinstance(ends, str) else list(ends)


def _vacuum_s(sites: Sites, i: int, j: int) -> float:
    latitude_rad, longitude_rad = np.radians(sites.latitude_deg), np.radians(sites.longitude_deg)
    distance_km = geometry.great_circle_km(
        latitude_rad[i], longitude_rad[i], latitude_rad[j], longitude_rad[j], MEAN_RADIUS_KM
    )
    return float(distance_km) / LIGHT_KM_S
