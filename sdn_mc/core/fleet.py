"""The fleet: who the satellites are and how they move, before anything happens to them."""

import enum
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float, Int, Int8

from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.problems import InputError, Problems


class Status(enum.IntEnum):
    """Why a satellite carries traffic (0) or does not; counted in every summary."""

    IN_SERVICE = 0
    PROPAGATION_ERROR = 1
    OLD_ELEMENTS = 2
    DECAYING = 3
    ECCENTRIC = 4
    OFF_BAND = 5
    LONE_PLANE = 6
    EXCLUDED = 7
    NOT_LAUNCHED = 8

    @property
    def meaning(self) -> str:
        """The word that tables print."""
        return _MEANING[self]


# A satellite that is alone in its plane may still be linked across planes.
CARRIES_TRAFFIC = (Status.IN_SERVICE, Status.LONE_PLANE)

_MEANING = {
    Status.IN_SERVICE: "in service",
    Status.PROPAGATION_ERROR: "propagation error",
    Status.OLD_ELEMENTS: "old elements",
    Status.DECAYING: "decaying",
    Status.ECCENTRIC: "eccentric",
    Status.OFF_BAND: "off band (raising, lowering, parked, spare)",
    Status.LONE_PLANE: "alone in its plane",
    Status.EXCLUDED: "excluded by the configuration",
    Status.NOT_LAUNCHED: "not launched yet, or cancelled",
}


class Elements(eqx.Module):
    """Mean elements in the SGP4 sense (TEME, Brouwer mean, Kozai mean motion), one set a satellite.

    float64; each satellite has its own epoch, a two-part Julian date in UTC.
    """

    epoch_day: Float[np.ndarray, " sat"]
    epoch_fraction: Float[np.ndarray, " sat"]
    mean_motion_rad_min: Float[np.ndarray, " sat"]
    eccentricity: Float[np.ndarray, " sat"]
    inclination_rad: Float[np.ndarray, " sat"]
    raan_rad: Float[np.ndarray, " sat"]
    argument_of_perigee_rad: Float[np.ndarray, " sat"]
    mean_anomaly_rad: Float[np.ndarray, " sat"]
    bstar_per_radius: Float[np.ndarray, " sat"]

    def __len__(self) -> int:
        return len(self.epoch_day)

    def minutes_since_epoch(self, instant: JulianDate) -> Float[np.ndarray, " sat"]:
        """Minutes from each satellite's own epoch to `instant`."""
        days = (instant.day - self.epoch_day) + (instant.fraction - self.epoch_fraction)
        return days * 1440.0

    def newest_epoch(self) -> JulianDate:
        """The latest epoch in the set."""
        k = int(np.lexsort((self.epoch_fraction, self.epoch_day))[-1])
        return JulianDate(float(self.epoch_day[k]), float(self.epoch_fraction[k]))


class Catalogue(NamedTuple):
    """What people call the satellites; kept out of compiled code."""

    name: tuple[str, ...]
    number: tuple[int, ...]  # catalogue number, or the index + 1 of a synthetic satellite
    designator: tuple[str, ...]  # international designator ("2025-203A"), "" if none


class Fleet(eqx.Module):
    """Satellites with their elements, place in the pattern, and the groups that may fail together.

    `group[label][sat]` is an index into `group_names` of that label. Labels always there: `plane`,
    `shell`, `constellation`; others (`prime`, `bus`, `laser`, `software`, `ground_system`,
    `launch`) come from the constellation's label rules. `sat`, `terminal`, `site` and `routing` are
    things that fail by themselves, so no label has these names.
    """

    elements: Elements
    status: Int8[np.ndarray, " sat"]
    plane: Int[np.ndarray, " sat"]  # over all shells; -1 where the satellite has none
    slot: Int[np.ndarray, " sat"]  # order along its plane, by argument of latitude
    shell: Int[np.ndarray, " sat"]
    layer: Int[np.ndarray, " sat"]  # members of one plane at one height: a lasting slot order
    n_terminal: Int[np.ndarray, " sat"]
    unit_cost_musd: Float[np.ndarray, " sat"]  # NaN where no price is public
    group: dict[str, Int[np.ndarray, " sat"]]
    labels: tuple[tuple[str, tuple[str, ...]], ...] = eqx.field(static=True)
    reference: JulianDate = eqx.field(static=True)  # newest epoch: where a run starts by default
    catalogue: Catalogue | None = eqx.field(static=True)
    notes: tuple[str, ...] = eqx.field(static=True, default=())  # what the summary must say of it

    @property
    def n_sat(self) -> int:
        return len(self.status)

    @property
    def group_names(self) -> dict[str, tuple[str, ...]]:
        """Names of the groups of each label."""
        return dict(self.labels)

    def n_group(self, label: str) -> int:
        """Number of groups under a label."""
        names = self.group_names
        if label not in names:
            raise InputError(
                f"the fleet has no grouping {label!r}; it has {', '.join(sorted(names))}; name one "
                f"of them, or add a rule under constellation.labels.{label}"
            )
        return len(names[label])

    def members(self, wanted: Iterable[tuple[str, str]], where: str) -> Bool[np.ndarray, " sat"]:
        """Satellites that are, under every label given, in a group that its pattern fits."""
        found, problems = np.ones(self.n_sat, bool), Problems()
        for label, pattern in wanted:
            names = self.group_names.get(label)
            if names is None:
                known = ", ".join(sorted(self.group_names))
                problems.add(
                    f"{where}: the fleet has no label {label!r}; it has {known}; name one of them, "
                    f"or add a rule under constellation.labels.{label}"
                )
                continue
            fits = np.array([fnmatchcase(name, pattern) for name in names], bool)
            if not fits.any():
                known = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
                problems.add(
                    f"{where}: no group of the label {label!r} is named {pattern!r}; there are "
                    f"{known}; correct the name or the pattern"
                )
                continue
            found &= fits[self.group[label]]
        problems.raise_all()
        if not found.any():
            problems.add(
                f"{where}: no satellite is in all of "
                + ", ".join(f"{label}: {pattern}" for label, pattern in wanted)
                + "; leave one out"
            )
        problems.raise_all()
        return found
