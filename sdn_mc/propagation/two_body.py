"""Two-body motion, for comparison with programs that use it: no J2, no drag.

The elements are read as Kepler's at each satellite's own epoch; the mean anomaly advances at n, and

    M = E - e sin E,   r = a (cos E - e) P + a sqrt(1 - e^2) sin E Q

with P towards the perigee and Q a quarter turn on (Vallado 2013, section 2.2). n and a come from
the elements and mu, or from the numbers given here, each by itself. Mean motions of element sets
and Walker shells are Kozai's (see `kozai`): read as Kepler's they give an axis that is some
kilometres off, so state `semi_major_axis_km` where that matters.
"""

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float64

from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.constants import MIN_PER_DAY, S_PER_MIN, TWO_PI, WGS72_RADIUS_KM
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.fleet import Elements, Fleet
from sdn_mc.core.scene import Ephemeris, MeanElements
from sdn_mc.propagation.outcome import status_after, wrapped_deg

# From the starting point below Newton's method needs at most 8 steps up to e = 0.99 (tested).
KEPLER_STEPS = 8
STARTING_SHARE = 0.85  # E = M + 0.85 e sign(sin M) (Danby 1987)


class TwoBody(eqx.Module):
    """Kepler ellipses. A satellite whose eccentricity is not in [0, 1) fails."""

    mu_km3_s2: Scalar = field(
        unit="km3/s2", within=(3.9e5, 4.1e5), doc="Gravitational parameter of the Earth."
    )
    period_s: Scalar | None = field(
        unit="s",
        within=(5000, 1e6),
        doc="Period of every satellite; null: of its element's mean motion.",
    )
    semi_major_axis_km: Scalar | None = field(
        unit="km",
        within=(6400, 1e6),
        doc="Semi-major axis of every satellite; null: of its element's mean motion and mu.",
    )

    def ephemeris(
        self, fleet: Fleet, start: JulianDate, time_s: Float64[np.ndarray, " time"]
    ) -> Ephemeris:
        """Positions at every time in the elements' frame, km."""
        elements = fleet.elements
        axis_km, motion_rad_s = self._axis_and_motion(elements)
        computable = _computable(elements) & np.isfinite(axis_km)
        e = np.where(computable, elements.eccentricity, 0.0)
        since_s = elements.minutes_since_epoch(start) * S_PER_MIN + time_s[:, None]
        anomaly = eccentric_anomaly_rad(elements.mean_anomaly_rad + motion_rad_s * since_s, e)
        near, ahead = _axes(elements)
        position_km = (axis_km * (np.cos(anomaly) - e))[..., None] * near
        position_km += (axis_km * np.sqrt(1 - e**2) * np.sin(anomaly))[..., None] * ahead
        position_km[:, ~computable] = 0.0
        return Ephemeris(
            start=start,
            time_s=time_s,
            position_km=position_km,
            status=status_after(fleet.status, ~computable),
            mean=self._mean(elements, start, axis_km, motion_rad_s, computable),
        )

    def _axis_and_motion(
        self, elements: Elements
    ) -> tuple[Float64[np.ndarray, " sat"], Float64[np.ndarray, " sat"]]:
        motion_rad_s = elements.mean_motion_rad_min / S_PER_MIN
        with np.errstate(divide="ignore"):
            axis_km = np.cbrt(float(self.mu_km3_s2) / motion_rad_s**2)
        if self.period_s is not None:
            motion_rad_s = np.full(len(elements), TWO_PI / float(self.period_s))
        if self.semi_major_axis_km is not None:
            axis_km = np.full(len(elements), float(self.semi_major_axis_km))
        return axis_km, motion_rad_s

    def _mean(
        self,
        elements: Elements,
        start: JulianDate,
        axis_km: Float64[np.ndarray, " sat"],
        motion_rad_s: Float64[np.ndarray, " sat"],
        computable: Bool[np.ndarray, " sat"],
    ) -> MeanElements:
        age_min = elements.minutes_since_epoch(start)
        anomaly = elements.mean_anomaly_rad + motion_rad_s * age_min * S_PER_MIN
        return MeanElements(
            altitude_km=np.where(computable, axis_km - WGS72_RADIUS_KM, 0.0),
            inclination_deg=np.rad2deg(elements.inclination_rad),
            raan_deg=wrapped_deg(elements.raan_rad),
            argument_of_latitude_deg=wrapped_deg(elements.argument_of_perigee_rad + anomaly),
            eccentricity=elements.eccentricity,
            age_d=age_min / MIN_PER_DAY,
            error=np.where(computable, 0, 1),
        )


def eccentric_anomaly_rad(
    mean_anomaly_rad: Float64[np.ndarray, "time sat"], eccentricity: Float64[np.ndarray, " sat"]
) -> Float64[np.ndarray, "time sat"]:
    """Root E of Kepler's equation M = E - e sin E, by Newton's method, in [-pi, pi]."""
    mean = mean_anomaly_rad - TWO_PI * np.round(mean_anomaly_rad / TWO_PI)
    angle = mean + STARTING_SHARE * eccentricity * np.sign(mean)
    for _ in range(KEPLER_STEPS):
        excess = angle - eccentricity * np.sin(angle) - mean
        angle = angle - excess / (1 - eccentricity * np.cos(angle))
    return angle


def _computable(elements: Elements) -> Bool[np.ndarray, " sat"]:
    e = elements.eccentricity
    return (e >= 0) & (e < 1) & (elements.mean_motion_rad_min > 0)


def _axes(
    elements: Elements,
) -> tuple[Float64[np.ndarray, "sat xyz"], Float64[np.ndarray, "sat xyz"]]:
    """Unit vectors in the plane of the orbit: towards the perigee, and a quarter turn on."""
    cos_node, sin_node = np.cos(elements.raan_rad), np.sin(elements.raan_rad)
    cos_i, sin_i = np.cos(elements.inclination_rad), np.sin(elements.inclination_rad)
    perigee = elements.argument_of_perigee_rad
    cos_w, sin_w = np.cos(perigee), np.sin(perigee)
    node = np.stack([cos_node, sin_node, np.zeros_like(cos_i)], axis=-1)
    north = np.stack([-sin_node * cos_i, cos_node * cos_i, sin_i], axis=-1)
    near = cos_w[:, None] * node + sin_w[:, None] * north
    return near, cos_w[:, None] * north - sin_w[:, None] * node
