"""How much of a constellation is in service at a date: planned launches and how late they are.

`DeployedFraction` is a share at any date: 0 cancels the constellation. `Launches` is a plan: launch
k (from 0) carries the next planes in their order and is in service at

    first + (slip + k interval + checkout) months,   a month being 365.25 / 12 days.

What is not in service at the start of the run carries no traffic and is counted as not launched.
Limits: the first epoch's start decides for all epochs of a run; a launch succeeds, and its
satellites stand at their places at once. Dates are plans of operators; slips are to be swept.
"""

from typing import Protocol, runtime_checkable

import equinox as eqx
import numpy as np
from jaxtyping import Bool

from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.constants import S_PER_YEAR
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.problems import InputError

S_PER_MONTH = S_PER_YEAR / 12
ROUNDING = 1e-9  # 0.58 of 50 is 28.999999999999996 in float64
BY_DOC = "What is counted, in the order of the fleet."


@runtime_checkable
class Deployment(Protocol):
    """Says which planes (or satellites) of a constellation are in service."""

    by: str

    def in_service(self, n_unit: int, instant: JulianDate) -> Bool[np.ndarray, " unit"]:
        """Which of so many planes (or satellites), in their order, are in service."""
        ...


class DeployedFraction(eqx.Module):
    """The first planes (or satellites), whatever the date."""

    deployed_fraction: Scalar = field(
        unit="1", within=(0, 1), doc="Share in service, rounded down to whole planes (satellites)."
    )
    by: str = field(doc=BY_DOC, choices=("plane", "sat"))

    def in_service(self, n_unit: int, instant: JulianDate) -> Bool[np.ndarray, " unit"]:
        del instant
        return np.arange(n_unit) < np.floor(float(self.deployed_fraction) * n_unit + ROUNDING)


class Launches(eqx.Module):
    """Launches at equal intervals from a planned date on, all late by one slip."""

    first: str = field(doc="Planned date of the first launch, ISO 8601 in UTC.", static=True)
    interval_months: Scalar = field(
        unit="month", within=(0, 120), doc="Time from a launch to the next."
    )
    per_launch: int = field(
        doc="Planes (or satellites) that a launch carries.", within=(1, 10_000), static=True
    )
    by: str = field(doc=BY_DOC, choices=("plane", "sat"))
    checkout_months: Scalar = field(
        unit="month",
        within=(0, 120),
        doc="From launch to service: raising the orbit, tests.",
        assumed=True,
    )
    slip_months: Scalar = field(
        unit="month", within=(-120, 240), doc="Delay of every launch against the plan."
    )

    def in_service(self, n_unit: int, instant: JulianDate) -> Bool[np.ndarray, " unit"]:
        first = JulianDate.parse(self.first, "constellation.deployment")
        launch = np.arange(n_unit) // self.per_launch
        months = self.slip_months + self.checkout_months + launch * self.interval_months
        return instant.seconds_since(first) >= np.asarray(months, float) * S_PER_MONTH

    def problems(self) -> list[str]:
        """A date that is none."""
        try:
            JulianDate.parse(self.first, "first")
        except InputError as error:
            return error.problems
        return []
