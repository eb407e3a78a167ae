"""Walker constellations: shells of equally spaced planes of equally spaced satellites.

Plane p of P has its node at `raan_deg + raan_span_deg p / P`; slot s of S in it has the mean
anomaly `anomaly_deg + 360 s / S + 360 F p / T`, with T = P S satellites and Walker's phasing F
(Walker 1984, J. Brit. Interplan. Soc. 37, 559: delta pattern, span 360; star pattern, span 180).

Conventions: elements are mean in the SGP4 sense (TEME of date, Brouwer, WGS-72); the altitude is
the mean semi-major axis less 6378.135 km; the mean motion written into the elements is Kozai's,
found from that axis (mixing the two up costs 50 to 370 km a day); no drag. A satellite with mean
eccentricity 0 is not exactly circular: J3 moves it by up to 6 km in height.
"""

import equinox as eqx
import numpy as np
from jaxtyping import Float, Int

from sdn_mc.constellation.labels import Groups, LabelRule, Members, groups_of
from sdn_mc.constellation.per_satellite import ByGroup, Grouped, SharedByGroup, per_satellite
from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.constants import WGS72_RADIUS_KM
from sdn_mc.core.distributions import Distribution
from sdn_mc.core.fields import Scalar, field, fields_of
from sdn_mc.core.fleet import Catalogue, Elements, Fleet
from sdn_mc.core.problems import InputError
from sdn_mc.propagation.kozai import kozai_mean_motion_rad_min


class Shell(eqx.Module):
    """One shell: planes at equal steps of the node, satellites at equal steps along each plane."""

    satellites: int = field(
        doc="Satellites of the shell, T: a multiple of planes.", within=(1, 200_000), static=True
    )
    planes: int = field(doc="Orbital planes, P.", within=(1, 10_000), static=True)
    phasing: int = field(
        doc="Walker's F: the phase step from a plane to the next is F * 360 / T degrees.",
        within=(0, 200_000),
        static=True,
    )
    altitude_km: Scalar = field(
        unit="km", within=(200, 60_000), doc="Mean semi-major axis less 6378.135 km."
    )
    inclination_deg: Scalar = field(unit="deg", within=(0, 180), doc="Inclination to the equator.")
    raan_span_deg: Scalar = field(
        unit="deg", within=(0, 360), doc="Nodes are spread over this: 360 delta, 180 star."
    )
    eccentricity: Scalar = field(unit="1", within=(0, 0.9), doc="Mean eccentricity.")
    argument_of_perigee_deg: Scalar = field(
        unit="deg", within=(-360, 360), doc="Mean argument of perigee, the same for all satellites."
    )
    raan_deg: Scalar = field(unit="deg", within=(-360, 360), doc="Node of the first plane.")
    anomaly_deg: Scalar = field(
        unit="deg", within=(-360, 360), doc="Mean anomaly of the first satellite."
    )

    @property
    def slots(self) -> int:
        """Satellites of one plane."""
        return self.satellites // self.planes

    def elements(self, epoch: JulianDate) -> Elements:
        """Mean elements at `epoch`, plane by plane, slot by slot."""
        plane, slot = self.place()
        raan_deg = self.raan_deg + self.raan_span_deg * plane / self.planes
        phase_deg = 360 * slot / self.slots + 360 * self.phasing * plane / self.satellites
        every = np.ones(self.satellites)
        inclination_rad = np.deg2rad(float(self.inclination_deg)) * every
        eccentricity = float(self.eccentricity) * every
        axis_km = (WGS72_RADIUS_KM + float(self.altitude_km)) * every
        return Elements(
            epoch_day=epoch.day * every,
            epoch_fraction=epoch.fraction * every,
            mean_motion_rad_min=kozai_mean_motion_rad_min(axis_km, eccentricity, inclination_rad),
            eccentricity=eccentricity,
            inclination_rad=inclination_rad,
            raan_rad=np.deg2rad(raan_deg % 360),
            argument_of_perigee_rad=np.deg2rad(float(self.argument_of_perigee_deg) % 360) * every,
            mean_anomaly_rad=np.deg2rad((self.anomaly_deg + phase_deg) % 360),
            bstar_per_radius=0 * every,
        )

    def place(self) -> tuple[Int[np.ndarray, " sat"], Int[np.ndarray, " sat"]]:
        """Plane and slot of each satellite, from 0 in this shell."""
        index = np.arange(self.satellites)
        return index // self.slots, index % self.slots


class Walker(eqx.Module):
    """A fleet of one or more Walker shells."""

    name: str = field(doc="Name of the constellation.", static=True)
    shells: dict[str, Shell] = field(doc="The shells by name, in the order of the satellites.")
    epoch: str | None = field(
        doc="Instant of the elements, ISO 8601 in UTC; null: where the run starts.", static=True
    )
    n_terminal: int | ByGroup = field(
        doc="Laser terminals of a satellite; or ByGroup.", within=(0, 16), static=True
    )
    unit_cost_musd: Scalar | ByGroup | SharedByGroup | None = field(
        unit="MUSD",
        within=(0, 1e5),
        doc="Price of one satellite; null: not public; or ByGroup, or SharedByGroup.",
    )
    labels: dict[str, LabelRule] = field(
        doc="Rules that say which satellites may fail together, by label."
    )

    def build(self, start: JulianDate | None) -> Fleet:
        """The fleet; its elements hold at `epoch` whatever the start, if there is one."""
        if problems := self.problems():
            raise InputError(problems)
        epoch = self._epoch(start)
        shells = list(self.shells.values())
        n_sat = sum(shell.satellites for shell in shells)
        first_plane = np.cumsum([0, *(shell.planes for shell in shells)])
        places = [shell.place() for shell in shells]
        plane = np.concatenate(
            [p + first for (p, _), first in zip(places, first_plane[:-1], strict=True)]
        )
        slot = np.concatenate([s for _, s in places])
        shell_index = np.repeat(np.arange(len(shells)), [s.satellites for s in shells])
        catalogue = Catalogue(self._names(), tuple(range(1, n_sat + 1)), ("",) * n_sat)
        fixed = {
            "plane": Groups(plane, self._plane_names()),
            "shell": Groups(shell_index, tuple(self.shells)),
            "constellation": Groups(np.zeros(n_sat, np.int64), (self.name,)),
        }
        group, labels = groups_of(self.labels, Members(plane, slot, catalogue), fixed)
        made = Grouped(group, dict(labels))
        return Fleet(
            elements=joined_elements([shell.elements(epoch) for shell in shells]),
            status=np.zeros(n_sat, np.int8),
            plane=plane,
            slot=slot,
            shell=shell_index,
            layer=plane,
            n_terminal=per_satellite(self.n_terminal, made, "constellation.n_terminal").astype(int),
            unit_cost_musd=per_satellite(self.unit_cost_musd, made, "constellation.unit_cost_musd"),
            group=group,
            labels=labels,
            reference=epoch,
            catalogue=catalogue,
        )

    def problems(self) -> list[str]:
        """Planes that do not divide, numbers that vary from draw to draw, an epoch that is none."""
        found = [] if self.shells else ["constellation.shells: no shell given; give at least one"]
        for name, shell in self.shells.items():
            where = f"constellation.shells.{name}"
            if shell.satellites % shell.planes:
                near = max(round(shell.satellites / shell.planes), 1) * shell.planes
                found.append(
                    f"{where}: {shell.satellites} satellites do not divide into {shell.planes} "
                    f"planes; set satellites to a multiple of planes, such as {near}"
                )
            found += _varying(shell, where)
        found += _varying(self, "constellation")
        try:
            JulianDate.parse(self.epoch or "2027-01-01", "constellation.epoch")
        except InputError as error:
            found += error.problems
        return found

    def _epoch(self, start: JulianDate | None) -> JulianDate:
        """Where the elements hold."""
        if self.epoch is not None:
            return JulianDate.parse(self.epoch, "constellation.epoch")
        if start is None:
            raise InputError(
                "constellation.epoch: null stands for the start of the run, but times.start is "
                "null too; set one of them, as times.start=2027-01-01T00:00:00Z"
            )
        return start

    def _plane_names(self) -> tuple[str, ...]:
        return tuple(
            f"{name} p{plane:02d}"
            for name, shell in self.shells.items()
            for plane in range(shell.planes)
        )

    def _names(self) -> tuple[str, ...]:
        return tuple(
            f"{name} p{plane:02d} s{slot:02d}"
            for name, shell in self.shells.items()
            for plane in range(shell.planes)
            for slot in range(shell.slots)
        )


def _varying(component: eqx.Module, where: str) -> list[str]:
    """The fleet is the same in every draw, so that no number of it may be a distribution."""
    return [
        f"{where}.{name}: a distribution given, but the fleet is the same in every draw; give a "
        "number, and sweep it"
        for name in fields_of(component)
        if isinstance(getattr(component, name), Distribution)
    ]


def joined_elements(parts: list[Elements]) -> Elements:
    """The elements of several fleets, one after another."""
    columns: dict[str, Float[np.ndarray, " sat"]] = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in Elements.__dataclass_fields__
    }
    return Elements(**columns)
