"""Links written down one by one in the configuration: as those of `explicit`, without a file."""

from collections.abc import Sequence

import equinox as eqx

from sdn_mc.core.fields import field
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.records import PairRecords
from sdn_mc.core.scene import Ephemeris, Links
from sdn_mc.topology.explicit import ExplicitLinks
from sdn_mc.topology.wiring import GRAZING_DOC, RANGE_DOC, RATE_DOC


class ListedLinks(eqx.Module):
    """The listed links, and no others."""

    links: tuple[tuple[int, int], ...] = field(
        doc="Both ends of each link, by index in fleet order (from 0).", static=True
    )
    terminals: int = field(within=(1, 64), doc="Laser terminals used on a satellite.", static=True)
    max_range_km: float | None = field(unit="km", within=(0, 1e6), doc=RANGE_DOC)
    grazing_km: float | None = field(unit="km", within=(-100, 1000), doc=GRAZING_DOC, assumed=True)
    max_rate_deg_s: float | None = field(unit="deg/s", within=(0, 180), doc=RATE_DOC, assumed=True)

    def misfits(self, fleet: Fleet) -> list[str]:
        """Listed satellites that the fleet does not have, and more links than terminals."""
        return self._explicit().misfits(fleet)

    def build(self, fleet: Fleet, ephemeris: Ephemeris) -> Links:
        """The listed links, and their delays at every time."""
        return self._explicit().build(fleet, ephemeris)

    def _explicit(self) -> ExplicitLinks:
        ends: Sequence[tuple[str, ...]] = [tuple(str(end) for end in link) for link in self.links]
        source, destination = zip(*ends, strict=True) if ends else ((), ())
        records = PairRecords(source, destination, "topology.links")
        limits = self.max_range_km, self.grazing_km, self.max_rate_deg_s
        return ExplicitLinks(records, self.terminals, *limits)
