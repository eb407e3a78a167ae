"""The near-earth SGP4 kernel: coefficients and minutes since each epoch to TEME km and km/s.

Secular motion with drag, then the long-period wave of J3, Kepler's equation in equinoctial form,
and the short-period terms of J2 (Hoots & Roehrich 1980, Spacetrack Report 3, section 6; Vallado et
al. 2006, AIAA 2006-6753). Good below a period of 225 min. Two liberties, both below a micrometre:
Kepler's equation takes four Newton steps (1e-13 rad at e = 0.5), and the short-period changes of
the angles, at most 1e-3 rad, enter by the addition theorems, so that no angle is found by arctan.

Each satellite-time carries the failure code of the `sgp4` package; a failed one stands at the
centre of the Earth with code > 0, never at NaN. Run it in 64-bit mode on the CPU: `states` and
`positions` see to that. New elements of the same number of satellites compile nothing.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float64, Int8

from sdn_mc.core.constants import S_PER_MIN, TWO_PI, WGS72_J2, WGS72_RADIUS_KM
from sdn_mc.propagation.coefficients import Coefficients
from sdn_mc.propagation.kozai import MOTION_AT_SURFACE_RAD_MIN

SatTime = Float64[Array, "sat time"]
Vector = tuple[SatTime, SatTime, SatTime]

# Failure codes, as the `sgp4` package numbers them.
NO_FAILURE = 0
ECCENTRICITY = 1  # mean eccentricity outside [-0.001, 1), or a value that is not finite
SEMI_LATUS_RECTUM = 4  # negative
DECAYED = 6  # below the surface

KEPLER_STEPS = 4
LARGEST_STEP_RAD = 0.95
LOWEST_MEAN_ECCENTRICITY = -0.001
SMALLEST_ECCENTRICITY = 1e-6
RADII_PER_MIN_KM_S = WGS72_RADIUS_KM * MOTION_AT_SURFACE_RAD_MIN / S_PER_MIN


class Secular(NamedTuple):
    """Mean elements at the time: lengths in Earth radii, angles in rad, not wrapped."""

    axis: SatTime
    eccentricity: SatTime  # before it is kept from 0
    raan: SatTime
    perigee: SatTime
    anomaly: SatTime


class _Orbit(NamedTuple):
    """The osculating ellipse after the long-period terms, without the short-period ones."""

    axis: SatTime
    semi_latus: SatTime
    beta: SatTime
    radius: SatTime
    e_sin: SatTime  # e sin E
    sin_u: SatTime  # u: argument of latitude
    cos_u: SatTime


def positions(
    table: Coefficients, minutes: Float64[np.ndarray, "sat time"]
) -> tuple[Float64[np.ndarray, "time sat xyz"], Int8[np.ndarray, "sat time"]]:
    """TEME positions, km, and failure codes."""
    stacked = _on_cpu(_position_kernel, table, minutes)
    return stacked[:3].T, stacked[3].astype(np.int8)


def states(
    table: Coefficients, minutes: Float64[np.ndarray, "sat time"]
) -> tuple[
    Float64[np.ndarray, "time sat xyz"],
    Float64[np.ndarray, "time sat xyz"],
    Int8[np.ndarray, "sat time"],
]:
    """TEME positions, km, velocities, km/s, and failure codes."""
    stacked = _on_cpu(_state_kernel, table, minutes)
    return stacked[:3].T, stacked[3:6].T, stacked[6].astype(np.int8)


def mean_states(
    table: Coefficients, minutes: Float64[np.ndarray, "sat time"]
) -> tuple[Secular, Int8[np.ndarray, "sat time"]]:
    """Secular elements and failure codes."""
    return _on_cpu(_secular_kernel, table, minutes)


def secular(table: Coefficients, minutes: SatTime) -> Secular:
    """Mean elements under J2, J4 and drag."""
    t = minutes
    c1, d2, d3, d4 = table.axis_drag
    l2, l3, l4, l5 = table.longitude_drag
    undragged = table.anomaly + table.anomaly_rate * t
    swing = (1 + table.eta * jnp.cos(undragged)) ** 3 - table.swing_at_epoch
    lag = table.perigee_drag * t + table.anomaly_swing * swing
    anomaly = undragged + lag
    root = 1 - t * (c1 + t * (d2 + t * (d3 + t * d4)))
    shrink = table.eccentricity_drag * t
    shrink += table.eccentricity_swing * (jnp.sin(anomaly) - table.sin_anomaly)
    ahead = table.mean_motion * t**2 * (l2 + t * (l3 + t * (l4 + t * l5)))
    return Secular(
        axis=table.axis * root**2,
        eccentricity=table.eccentricity - shrink,
        raan=table.raan + t * (table.raan_rate + table.raan_drag * t),
        perigee=table.perigee + table.perigee_rate * t - lag,
        anomaly=anomaly + ahead,
    )


def _on_cpu(kernel: Any, table: Coefficients, minutes: Float64[np.ndarray, "sat time"]) -> Any:
    cpu = jax.local_devices(backend="cpu")[0]
    with jax.enable_x64(True), jax.default_device(cpu):
        return jax.tree.map(np.asarray, kernel(table, minutes))


@jax.jit
def _position_kernel(
    table: Coefficients, minutes: Float64[Array, "sat time"]
) -> Float64[Array, "row sat time"]:
    # One stacked result: with several, XLA on a CPU works out what they share once for each.
    position, _, code = _state(_columns(table), minutes)
    return jnp.stack([*position, code.astype(jnp.float64)])


@jax.jit
def _state_kernel(
    table: Coefficients, minutes: Float64[Array, "sat time"]
) -> Float64[Array, "row sat time"]:
    position, velocity, code = _state(_columns(table), minutes)
    return jnp.stack([*position, *velocity, code.astype(jnp.float64)])


@jax.jit
def _secular_kernel(
    table: Coefficients, minutes: Float64[Array, "sat time"]
) -> tuple[Secular, Int8[Array, "sat time"]]:
    columns = _columns(table)
    mean = secular(columns, minutes)
    orbit = _solve_kepler(columns, mean)
    radius, _ = _short_period_radius(columns, orbit)
    floored = jnp.maximum(mean.eccentricity, SMALLEST_ECCENTRICITY)
    return mean._replace(eccentricity=floored), _failure(mean, orbit, radius)


def _columns(table: Coefficients) -> Coefficients:
    """With a last axis, along which times broadcast."""
    return jax.tree.map(lambda value: value[:, None], table)


def _state(table: Coefficients, minutes: SatTime) -> tuple[Vector, Vector, Int8[Array, "sat time"]]:
    mean = secular(table, minutes)
    orbit = _solve_kepler(table, mean)
    radius, double_angle = _short_period_radius(table, orbit)
    code = _failure(mean, orbit, radius)
    outward, forward = _directions(table, mean, orbit, double_angle)
    radial, transverse = _speeds(table, orbit, double_angle)

    def kept(value: SatTime) -> SatTime:
        return jnp.where(code == NO_FAILURE, value, 0.0)

    position = tuple(kept(radius * WGS72_RADIUS_KM * u) for u in outward)
    velocity = tuple(
        kept((radial * u + transverse * v) * RADII_PER_MIN_KM_S)
        for u, v in zip(outward, forward, strict=True)
    )
    return position, velocity, code  # type: ignore[return-value]


def _solve_kepler(table: Coefficients, mean: Secular) -> _Orbit:
    """Long-period terms, then Kepler's equation for E + perigee, by Newton's method."""
    e = jnp.maximum(mean.eccentricity, SMALLEST_ECCENTRICITY)
    inverse_p = 1 / (mean.axis * (1 - e * e))
    ex = e * jnp.cos(mean.perigee)
    ey = e * jnp.sin(mean.perigee) + inverse_p * table.eccentricity_wave
    longitude = mean.anomaly + mean.perigee + inverse_p * table.longitude_wave * ex
    longitude -= TWO_PI * jnp.round(longitude / TWO_PI)
    angle = longitude
    for _ in range(KEPLER_STEPS):
        sine, cosine = jnp.sin(angle), jnp.cos(angle)
        step = (longitude - ey * cosine + ex * sine - angle) / (1 - cosine * ex - sine * ey)
        angle += jnp.clip(step, -LARGEST_STEP_RAD, LARGEST_STEP_RAD)
    sine, cosine = jnp.sin(angle), jnp.cos(angle)
    e_cos, e_sin = ex * cosine + ey * sine, ex * sine - ey * cosine
    e_sq = ex * ex + ey * ey
    beta = jnp.sqrt(1 - e_sq)
    radius = mean.axis * (1 - e_cos)
    share = e_sin / (1 + beta)
    return _Orbit(
        axis=mean.axis,
        semi_latus=mean.axis * (1 - e_sq),
        beta=beta,
        radius=radius,
        e_sin=e_sin,
        sin_u=mean.axis / radius * (sine - ey - ex * share),
        cos_u=mean.axis / radius * (cosine - ex + ey * share),
    )


def _short_period_radius(
    table: Coefficients, orbit: _Orbit
) -> tuple[SatTime, tuple[SatTime, SatTime]]:
    """Radius with its J2 terms, Earth radii; and sin 2u, cos 2u."""
    sin_2u, cos_2u = 2 * orbit.sin_u * orbit.cos_u, 1 - 2 * orbit.sin_u**2
    j2 = 0.5 * WGS72_J2 / orbit.semi_latus
    con41 = 3 * table.cos_inclination**2 - 1
    radius = orbit.radius * (1 - 1.5 * j2 / orbit.semi_latus * orbit.beta * con41)
    return radius + 0.5 * j2 * table.sin_inclination**2 * cos_2u, (sin_2u, cos_2u)


def _directions(
    table: Coefficients, mean: Secular, orbit: _Orbit, double_angle: tuple[SatTime, SatTime]
) -> tuple[Vector, Vector]:
    """Unit vectors: outward, and forward in the plane of the orbit."""
    sin_2u, cos_2u = double_angle
    cos_i, sin_i = table.cos_inclination, table.sin_inclination
    j2 = 0.5 * WGS72_J2 / orbit.semi_latus**2
    su, cu = _turned(orbit.sin_u, orbit.cos_u, -0.25 * j2 * (7 * cos_i**2 - 1) * sin_2u)
    so, co = _turned(jnp.sin(mean.raan), jnp.cos(mean.raan), 1.5 * j2 * cos_i * sin_2u)
    si, ci = _turned(sin_i, cos_i, 1.5 * j2 * cos_i * sin_i * cos_2u)
    outward = (co * cu - so * ci * su, so * cu + co * ci * su, si * su)
    forward = (-co * su - so * ci * cu, -so * su + co * ci * cu, si * cu)
    return outward, forward


def _turned(sine: Array, cosine: Array, by: SatTime) -> tuple[SatTime, SatTime]:
    """Sine and cosine of an angle plus a small one (1e-3 rad: the error is below 5e-14)."""
    small_sine, small_cosine = by * (1 - by * by / 6), 1 - 0.5 * by * by
    return sine * small_cosine + cosine * small_sine, cosine * small_cosine - sine * small_sine


def _speeds(
    table: Coefficients, orbit: _Orbit, double_angle: tuple[SatTime, SatTime]
) -> tuple[SatTime, SatTime]:
    """Radial and transverse speed in units of `RADII_PER_MIN_KM_S`."""
    sin_2u, cos_2u = double_angle
    sin2_i = table.sin_inclination**2
    j2 = 0.5 * WGS72_J2 / orbit.semi_latus / orbit.axis**1.5
    radial = jnp.sqrt(orbit.axis) * orbit.e_sin / orbit.radius - j2 * sin2_i * sin_2u
    con41 = 3 * table.cos_inclination**2 - 1
    transverse = jnp.sqrt(orbit.semi_latus) / orbit.radius
    return radial, transverse + j2 * (sin2_i * cos_2u + 1.5 * con41)


def _failure(mean: Secular, orbit: _Orbit, radius: SatTime) -> Int8[Array, "sat time"]:
    """What is wrong, by the `sgp4` package's codes; the first test that fails names it."""
    bad_eccentricity = (mean.eccentricity >= 1) | (mean.eccentricity < LOWEST_MEAN_ECCENTRICITY)
    sane = jnp.isfinite(radius) & jnp.isfinite(orbit.sin_u) & jnp.isfinite(mean.raan)
    code = jnp.where(radius < 1, DECAYED, NO_FAILURE)
    code = jnp.where(sane, code, ECCENTRICITY)
    code = jnp.where(orbit.semi_latus < 0, SEMI_LATUS_RECTUM, code)
    return jnp.where(bad_eccentricity, ECCENTRICITY, code).astype(jnp.int8)
