"""A number for each satellite, by its group: prices by contract, terminals by variant.

`ByGroup` gives every satellite of a group the same value. `SharedByGroup` divides a total (a
contract's value) equally among the satellites of the group, so that the fleet costs what the
contracts add up to. The groups are those of one label of the constellation.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import numpy as np
from jaxtyping import Float64, Int

from sdn_mc.core.fields import field
from sdn_mc.core.problems import InputError


class Grouped(NamedTuple):
    """The groups of a fleet: of each satellite, by label, and their names."""

    group: Mapping[str, Int[np.ndarray, " sat"]]
    names: Mapping[str, tuple[str, ...]]


class ByGroup(eqx.Module):
    """The value of a satellite is that of its group."""

    label: str = field(doc="Label whose groups have the values.", static=True)
    values: Mapping[str, float] = field(doc="Value of a satellite, by group.", within=(0, 1e6))

    def of_each(self, grouped: Grouped, where: str) -> Float64[np.ndarray, " sat"]:
        """The value of every satellite."""
        return _looked_up(self.label, self.values, grouped, where)


class SharedByGroup(eqx.Module):
    """The total of a group is divided equally among its satellites."""

    label: str = field(doc="Label whose groups have the totals.", static=True)
    totals: Mapping[str, float] = field(doc="Total of all satellites, by group.", within=(0, 1e6))

    def of_each(self, grouped: Grouped, where: str) -> Float64[np.ndarray, " sat"]:
        """The share of every satellite."""
        total = _looked_up(self.label, self.totals, grouped, where)
        member_of = grouped.group[self.label]
        return total / np.bincount(member_of)[member_of]


def per_satellite(given: Any, grouped: Grouped, where: str) -> Float64[np.ndarray, " sat"]:
    """One number for all, NaN for none, or what a rule gives."""
    if isinstance(given, ByGroup | SharedByGroup):
        return given.of_each(grouped, where)
    n_sat = len(grouped.group["plane"])
    return np.full(n_sat, np.nan if given is None else float(given))


def _looked_up(
    label: str, values: Mapping[str, float], grouped: Grouped, where: str
) -> Float64[np.ndarray, " sat"]:
    if label not in grouped.names:
        raise InputError(
            f"{where}: the fleet has no label {label!r}; it has "
            f"{', '.join(sorted(grouped.names))}; name one of them, or add a rule under "
            f"constellation.labels.{label}"
        )
    names = grouped.names[label]
    if missing := [name for name in names if name not in values]:
        raise InputError(
            f"{where}: no value for {', '.join(missing)}; the groups of {label!r} are "
            f"{', '.join(names)}; give one for each"
        )
    return np.array([float(values[name]) for name in names])[grouped.group[label]]
