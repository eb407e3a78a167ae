"""Ground sites, listed in the configuration or read from a CSV file."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

import equinox as eqx
import numpy as np

from sdn_mc.core.fields import field
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.problems import InputError, Problems
from sdn_mc.core.records import SiteRecords
from sdn_mc.core.scene import Sites

KIND = "kind:"  # before a word, in the place of a pattern of names


class SiteList(eqx.Module):
    """Sites written out in the configuration."""

    sites: dict[str, tuple[float | int, ...]] = field(
        doc="Name: [latitude deg, longitude deg, altitude m above the ellipsoid].", static=True
    )

    def build(self, fleet: Fleet | None = None) -> Sites:
        """The sites in the order given."""
        del fleet
        where = np.array([list(at) for at in self.sites.values()], np.float64).reshape(-1, 3)
        return Sites(where[:, 0], where[:, 1], where[:, 2], tuple(self.sites))

    def problems(self) -> list[str]:
        """Coordinates that are not on the Earth."""
        found = [] if self.sites else ["sites.sites: no site is listed; list at least one"]
        for name, at in self.sites.items():
            where = f"sites.sites.{name}"
            if len(at) != 3:
                found.append(f"{where}: {list(at)} given; write [latitude, longitude, altitude_m]")
            elif not -90 <= at[0] <= 90:
                found.append(f"{where}: latitude {at[0]:g} deg given; allowed are -90 to 90")
            elif not -180 <= at[1] <= 360:
                found.append(f"{where}: longitude {at[1]:g} deg given; allowed are -180 to 360")
        return found


class SiteFile(eqx.Module):
    """Sites of a CSV file with the columns name, lat_deg, lon_deg and (optional) alt_m."""

    path: SiteRecords = field(doc="The CSV file.", reads="sites")

    def build(self, fleet: Fleet | None = None) -> Sites:
        """The sites in file order."""
        del fleet
        file = self.path
        return Sites(file.latitude_deg, file.longitude_deg, file.altitude_m, file.name)


def site_index(sites: Sites, name: str, where: str) -> int:
    """Index of a site by name; one clear message where there is none."""
    try:
        return sites.name.index(name)
    except ValueError:
        known = ", ".join(sites.name[:8]) + (", …" if len(sites.name) > 8 else "")
        raise InputError(
            f"{where}: no site is named {name!r}; the sites are {known}; add it to the sites or "
            "correct the name"
        ) from None


def chosen(sites: Sites, patterns: Sequence[str], where: str) -> list[str]:
    """Names of the sites that any pattern fits, in the order of the sites; each must fit one."""
    problems, fits = Problems(), np.zeros(sites.n_site, bool)
    kinds = sites.kind
    for pattern in patterns:
        kind = pattern.removeprefix(KIND) if pattern.startswith(KIND) else None
        own = np.array(
            [
                name == pattern or fnmatchcase(name, pattern) if kind is None else its == kind
                for name, its in zip(sites.name, kinds, strict=True)
            ],
            bool,
        )
        if not own.any():
            what = f"is named {pattern!r}" if kind is None else f"is of the kind {kind!r}"
            known = ", ".join(sites.name[:8]) + (", …" if sites.n_site > 8 else "")
            problems.add(
                f"{where}: no site {what}; the sites are {known}, of the kinds "
                f"{', '.join(dict.fromkeys(kinds))}; correct it, or add a site"
            )
        fits |= own
    problems.raise_all()
    return [name for name, fit in zip(sites.name, fits, strict=True) if fit]
