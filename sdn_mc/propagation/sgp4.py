"""SGP4: published element sets, and Walker shells in the same terms, to positions in TEME.

Near-earth satellites go through the JAX kernel of `near_earth`, deep-space ones (period of 225 min
and more) through the `sgp4` package; WGS-72 constants, Kozai mean motion (see `kozai`). The frame
is the true equator and mean equinox of date. Held to 1e-4 m against the package.

Limits: an element set describes the orbit it was fitted to. One day on, a manoeuvring Starlink is
7 km from its own newer set (median; 30 km for one in ten), OneWeb 0.4 km; a run of days is a
representative constellation, not a forecast.
"""

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Bool, Float64, Int

from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.constants import MIN_PER_DAY, S_PER_MIN, WGS72_RADIUS_KM
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.fleet import Elements, Fleet
from sdn_mc.core.scene import Ephemeris, MeanElements
from sdn_mc.propagation.coefficients import coefficients
from sdn_mc.propagation.deep_space import deep_space_mean, deep_space_positions, is_deep_space
from sdn_mc.propagation.near_earth import mean_states, positions
from sdn_mc.propagation.outcome import status_after, wrapped_deg

BLOCK_STATES = 2**22  # satellite-times in one call of the kernel: 128 MiB of results


class Sgp4(eqx.Module):
    """SGP4 with the WGS-72 constants of the element sets.

    A satellite fails if, at any time of the window, its eccentricity leaves [0, 1), its
    semi-latus rectum is negative, it is below the surface, or its elements are older than allowed.
    It then carries no traffic in this epoch and its position is the centre of the Earth.
    """

    max_age_d: Scalar = field(
        unit="d",
        within=(0, 3660),
        doc="Longest time between an element set's epoch and any instant of the window.",
        assumed=True,
    )

    def ephemeris(
        self, fleet: Fleet, start: JulianDate, time_s: Float64[np.ndarray, " time"]
    ) -> Ephemeris:
        """TEME positions at every time, km."""
        age_min = fleet.elements.minutes_since_epoch(start)
        position_km, failed = _positions(fleet.elements, start, time_s)
        reach_min = np.maximum(
            np.abs(age_min + time_s.min() / S_PER_MIN), np.abs(age_min + time_s.max() / S_PER_MIN)
        )
        failed |= reach_min > float(self.max_age_d) * MIN_PER_DAY
        position_km[:, failed] = 0.0
        return Ephemeris(
            start=start,
            time_s=time_s,
            position_km=position_km,
            status=status_after(fleet.status, failed),
            mean=mean_elements(fleet.elements, start),
        )


def mean_elements(elements: Elements, instant: JulianDate) -> MeanElements:
    """Secular elements of every satellite at one instant, as SGP4 has them before its waves.

    Where `error` is not 0 the other values are 0, but for the age.
    """
    age_min = elements.minutes_since_epoch(instant)
    deep = is_deep_space(elements)
    table = np.zeros((len(elements), 6))
    error = np.zeros(len(elements), np.int64)
    near, code = mean_states(coefficients(_subset(elements, ~deep)), age_min[~deep, None])
    inclination = elements.inclination_rad[~deep, None]
    rows = (near.axis, near.eccentricity, inclination, near.raan, near.perigee, near.anomaly)
    table[~deep] = np.concatenate(rows, axis=1)
    error[~deep] = code[:, 0]
    if deep.any():
        table[deep], error[deep] = deep_space_mean(_subset(elements, deep), instant)
    return _in_degrees(table, age_min / MIN_PER_DAY, error)


def _positions(
    elements: Elements, start: JulianDate, time_s: Float64[np.ndarray, " time"]
) -> tuple[Float64[np.ndarray, "time sat xyz"], Bool[np.ndarray, " sat"]]:
    """Positions by whichever theory each satellite needs, and who fails at any time."""
    deep = is_deep_space(elements)
    near_km, near_failed = _near_positions(_subset(elements, ~deep), start, time_s)
    if not deep.any():
        return near_km, near_failed
    deep_km, deep_code = deep_space_positions(_subset(elements, deep), start, time_s)
    position_km = np.empty((len(time_s), len(elements), 3))
    failed = np.empty(len(elements), bool)
    position_km[:, ~deep], position_km[:, deep] = near_km, deep_km
    failed[~deep], failed[deep] = near_failed, np.any(deep_code, axis=1)
    return position_km, failed


def _near_positions(
    elements: Elements, start: JulianDate, time_s: Float64[np.ndarray, " time"]
) -> tuple[Float64[np.ndarray, "time sat xyz"], Bool[np.ndarray, " sat"]]:
    """In blocks of equal length (the last one padded), so that only the result is ever large."""
    n_time, n_sat = len(time_s), len(elements)
    table = coefficients(elements)
    age_min = elements.minutes_since_epoch(start)[:, None]
    n_block = max(1, -(-n_time * n_sat // BLOCK_STATES))
    length = -(-n_time // n_block)
    position_km = np.empty((n_time, n_sat, 3))
    failed = np.zeros(n_sat, bool)
    for first in range(0, n_time, length):
        block_s = time_s[np.minimum(np.arange(first, first + length), n_time - 1)]
        block_km, code = positions(table, age_min + block_s / S_PER_MIN)
        position_km[first : first + length] = block_km[: n_time - first]
        failed |= np.any(code, axis=1)
    return position_km, failed


def _subset(elements: Elements, chosen: Bool[np.ndarray, " sat"]) -> Elements:
    return jax.tree.map(lambda values: values[chosen], elements)


def _in_degrees(
    table: Float64[np.ndarray, "sat element"],
    age_d: Float64[np.ndarray, " sat"],
    error: Int[np.ndarray, " sat"],
) -> MeanElements:
    """From axis (Earth radii), eccentricity, inclination, node, perigee, anomaly (rad)."""
    nothing = np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    axis, eccentricity, inclination, raan, perigee, anomaly = np.where(
        error[:, None] == 0, table, nothing
    ).T
    return MeanElements(
        altitude_km=(axis - 1) * WGS72_RADIUS_KM,
        inclination_deg=np.rad2deg(inclination),
        raan_deg=wrapped_deg(raan),
        argument_of_latitude_deg=wrapped_deg(perigee + anomaly),
        eccentricity=eccentricity,
        age_d=age_d,
        error=error,
    )
