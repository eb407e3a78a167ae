"""A grid of ground users over the Earth, each for the same area: for coverage by latitude.

Model: the Fibonacci lattice on a sphere (Swinbank & Purser 2006, Q. J. R. Meteorol. Soc. 132,
1769): point k of n has the sine of its latitude in the middle of the k-th of n equal steps, and
lies one golden section of a turn east of the one before. So equal zones hold equal numbers, within
one, and a mean over the points is a mean over the area. With bounds of latitude the steps divide
the zone between them. Geodetic latitudes are taken as the sphere's.
"""

from collections.abc import Iterator

import equinox as eqx
import numpy as np

from sdn_mc.access.users import KIND_DOC, ON_EARTH, Site, Terminal
from sdn_mc.core.fields import field
from sdn_mc.core.fleet import Fleet

GOLDEN_SECTION = (3 - np.sqrt(5)) / 2  # of a turn


class UserGrid(eqx.Module):
    """Users spread evenly, named after the group and numbered from south to north."""

    kind: str = field(doc=KIND_DOC, choices=ON_EARTH)
    count: int = field(within=(1, 100_000), doc="Number of users.", static=True)
    latitude_deg: tuple[float, float] = field(
        unit="deg", within=(-90, 90), doc="Southern and northern bound."
    )
    altitude_m: float = field(unit="m", within=(-500, 20_000), doc="Height of all of them.")
    terminal: Terminal = field(doc="What they have.")

    def sites(self, group: str, fleet: Fleet, where: str) -> Iterator[Site]:
        """From south to north."""
        del fleet, where
        low, high = np.sin(np.radians(self.latitude_deg))
        k = np.arange(self.count)
        latitude_deg = np.degrees(np.arcsin(low + (high - low) * (k + 0.5) / self.count))
        longitude_deg = 360.0 * (k * GOLDEN_SECTION % 1.0) - 180.0
        user, width = self.terminal.user(self.kind), len(str(self.count))
        for number, latitude, longitude in zip(k, latitude_deg, longitude_deg, strict=True):
            at = float(latitude), float(longitude), self.altitude_m
            yield Site(f"{group} {number + 1:0{width}d}", at, user)

    def faults(self, where: str) -> list[str]:
        """Bounds the wrong way round."""
        low, high = self.latitude_deg
        if low < high:
            return []
        return [f"{where}.latitude_deg: [{low:g}, {high:g}] given; write [southern, northern]"]
