"""For comparison with other programs: SGP4, or circular two-body motion of a stated period.

With `period_s`, every satellite moves at 2 pi / period_s on an orbit whose semi-major axis follows
from the period by Kepler's third law, a^3 = mu (period / 2 pi)^2.
"""

import equinox as eqx
import numpy as np
from jaxtyping import Float64

from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.fields import field
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.scene import Ephemeris
from sdn_mc.propagation.sgp4 import Sgp4
from sdn_mc.propagation.two_body import TwoBody


class Reference(eqx.Module):
    """SGP4 where no period is stated, two-body motion where one is."""

    period_s: float | None = field(
        unit="s", within=(5000, 1e6), doc="Orbital period of every satellite; null: SGP4."
    )
    mu_km3_s2: float = field(
        unit="km3/s2", within=(3.9e5, 4.1e5), doc="Gravitational parameter of the two-body motion."
    )
    max_age_d: float = field(
        unit="d", within=(0, 3660), doc="Longest time from an element set's epoch under SGP4."
    )

    def ephemeris(
        self, fleet: Fleet, start: JulianDate, time_s: Float64[np.ndarray, " time"]
    ) -> Ephemeris:
        """Positions at every time, km."""
        if self.period_s is None:
            return Sgp4(max_age_d=self.max_age_d).ephemeris(fleet, start, time_s)
        semi_major_axis_km = np.cbrt(self.mu_km3_s2 * (self.period_s / (2 * np.pi)) ** 2)
        motion = TwoBody(
            mu_km3_s2=self.mu_km3_s2,
            period_s=self.period_s,
            semi_major_axis_km=float(semi_major_axis_km),
        )
        return motion.ephemeris(fleet, start, time_s)
