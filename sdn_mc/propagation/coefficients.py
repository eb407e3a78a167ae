"""What SGP4 needs of each near-earth satellite, computed once in float64 on the host.

Equations: Hoots & Roehrich 1980, Spacetrack Report 3, section 6, as corrected in Vallado et al.
2006, AIAA 2006-6753. The satellite feels J2, J3, J4 and drag in a fixed power-law atmosphere.
Lengths are in Earth radii (WGS-72), times in minutes. The report's symbols stand in the comments.

With the perigee below 220 km the theory keeps fewer drag terms: the others are zero here, so that
the kernel has no branch.
"""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64

from sdn_mc.core.constants import WGS72_J2, WGS72_J3, WGS72_J4, WGS72_RADIUS_KM
from sdn_mc.core.fleet import Elements
from sdn_mc.propagation.kozai import brouwer_axis_radii, brouwer_mean_motion_rad_min

PerSat = Float64[Any, " sat"]  # numpy here, traced in the kernel

# Heights of the atmosphere model, km (Spacetrack Report 3, section 6).
ATMOSPHERE_TOP_KM = 120.0  # q0
ATMOSPHERE_BASE_KM = 78.0  # s, for a perigee above 156 km
LOWEST_BASE_KM = 20.0  # s, for a perigee below 98 km
BASE_FOLLOWS_BELOW_KM = 156.0
LOWEST_BASE_BELOW_KM = 98.0
FULL_DRAG_ABOVE_KM = 220.0

CIRCULAR_BELOW = 1e-4  # eccentricity below which the terms divided by it are dropped
TINY = 1.5e-12  # keeps 1 + cos i from 0 at 180 deg (AIAA 2006-6753)
J3_OVER_J2 = WGS72_J3 / WGS72_J2


class Coefficients(NamedTuple):
    """Of each satellite; all arrays have one axis, `sat`."""

    mean_motion: PerSat  # n0'', rad/min
    axis: PerSat  # a0'', Earth radii
    eccentricity: PerSat
    cos_inclination: PerSat
    sin_inclination: PerSat
    raan: PerSat
    perigee: PerSat  # argument of perigee, rad
    anomaly: PerSat  # mean anomaly, rad
    raan_rate: PerSat  # rad/min
    perigee_rate: PerSat
    anomaly_rate: PerSat
    raan_drag: PerSat  # x t^2
    axis_drag: tuple[PerSat, PerSat, PerSat, PerSat]  # C1, D2, D3, D4: x t .. t^4
    eccentricity_drag: PerSat  # B* C4: x t
    eccentricity_swing: PerSat  # B* C5: x (sin M - sin M0)
    longitude_drag: tuple[PerSat, PerSat, PerSat, PerSat]  # x t^2 .. t^5
    perigee_drag: PerSat  # x t
    anomaly_swing: PerSat  # x ((1 + eta cos M)^3 - the same at epoch)
    eta: PerSat
    swing_at_epoch: PerSat  # (1 + eta cos M0)^3
    sin_anomaly: PerSat  # sin M0
    longitude_wave: PerSat  # long period, by J3: x e cos(perigee) / p
    eccentricity_wave: PerSat  # long period, by J3: / p


class _Shape(NamedTuple):
    """The orbit's shape and what is often needed of it."""

    motion: PerSat
    axis: PerSat
    eccentricity: PerSat
    beta_sq: PerSat  # 1 - e^2
    cos_i: PerSat
    sin_i: PerSat


class _Drag(NamedTuple):
    """Atmosphere along the orbit."""

    base: PerSat  # s, Earth radii from the centre
    inverse: PerSat  # xi = 1 / (a - s)
    eta: PerSat  # a e xi
    density: PerSat  # (q0 - s)^4 xi^4
    c1: PerSat
    c3: PerSat
    c4: PerSat
    c5: PerSat


def coefficients(elements: Elements) -> Coefficients:
    """Coefficients of near-earth satellites. What makes no sense turns NaN in its own row only."""
    with np.errstate(all="ignore"):
        shape = _shape(elements)
        raan_rate, perigee_rate, anomaly_rate = _secular_rates(shape)
        drag = _drag(shape, elements)
        full = (shape.axis * (1 - shape.eccentricity) - 1) * WGS72_RADIUS_KM >= FULL_DRAG_ABOVE_KM
        axis_drag, longitude_drag = _drag_powers(shape, drag, full)
        swing = np.where(
            shape.eccentricity > CIRCULAR_BELOW,
            -2 / 3 * drag.density / np.maximum(shape.eccentricity * drag.eta, TINY),
            0.0,
        )
        bstar, perigee = elements.bstar_per_radius, elements.argument_of_perigee_rad
        anomaly = elements.mean_anomaly_rad
        node_j2 = -1.5 * WGS72_J2 * shape.motion * shape.cos_i / (shape.axis * shape.beta_sq) ** 2
        from_pole = np.maximum(1 + shape.cos_i, TINY)
        return Coefficients(
            mean_motion=shape.motion,
            axis=shape.axis,
            eccentricity=shape.eccentricity,
            cos_inclination=shape.cos_i,
            sin_inclination=shape.sin_i,
            raan=elements.raan_rad,
            perigee=perigee,
            anomaly=anomaly,
            raan_rate=raan_rate,
            perigee_rate=perigee_rate,
            anomaly_rate=anomaly_rate,
            raan_drag=3.5 * shape.beta_sq * node_j2 * drag.c1,
            axis_drag=axis_drag,
            eccentricity_drag=bstar * drag.c4,
            eccentricity_swing=np.where(full, bstar * drag.c5, 0.0),
            longitude_drag=longitude_drag,
            perigee_drag=np.where(full, bstar * drag.c3 * np.cos(perigee), 0.0),
            anomaly_swing=np.where(full, bstar * swing, 0.0),
            eta=drag.eta,
            swing_at_epoch=(1 + drag.eta * np.cos(anomaly)) ** 3,
            sin_anomaly=np.sin(anomaly),
            longitude_wave=-0.25 * J3_OVER_J2 * shape.sin_i * (3 + 5 * shape.cos_i) / from_pole,
            eccentricity_wave=-0.5 * J3_OVER_J2 * shape.sin_i,
        )


def _shape(elements: Elements) -> _Shape:
    motion = brouwer_mean_motion_rad_min(
        elements.mean_motion_rad_min, elements.eccentricity, elements.inclination_rad
    )
    return _Shape(
        motion=motion,
        axis=brouwer_axis_radii(motion),
        eccentricity=elements.eccentricity,
        beta_sq=1 - elements.eccentricity**2,
        cos_i=np.cos(elements.inclination_rad),
        sin_i=np.sin(elements.inclination_rad),
    )


def _secular_rates(shape: _Shape) -> tuple[PerSat, PerSat, PerSat]:
    """Rates of node, perigee and mean anomaly under J2, J2^2 and J4, rad/min."""
    cos2 = shape.cos_i**2
    cos4 = cos2**2
    beta = np.sqrt(shape.beta_sq)
    inverse_p2 = 1 / (shape.axis * shape.beta_sq) ** 2
    j2 = 1.5 * WGS72_J2 * inverse_p2 * shape.motion
    j2_j2 = 0.5 * j2 * WGS72_J2 * inverse_p2
    j4 = -0.46875 * WGS72_J4 * inverse_p2**2 * shape.motion
    raan = shape.cos_i * (-j2 + 0.5 * j2_j2 * (4 - 19 * cos2) + 2 * j4 * (3 - 7 * cos2))
    perigee = (
        0.5 * j2 * (5 * cos2 - 1)
        + 0.0625 * j2_j2 * (7 - 114 * cos2 + 395 * cos4)
        + j4 * (3 - 36 * cos2 + 49 * cos4)
    )
    anomaly = (
        shape.motion
        + 0.5 * j2 * beta * (3 * cos2 - 1)
        + 0.0625 * j2_j2 * beta * (13 - 78 * cos2 + 137 * cos4)
    )
    return raan, perigee, anomaly


def _atmosphere_base_km(perigee_km: PerSat) -> PerSat:
    """The height s, lowered for satellites that dip below 156 km."""
    followed = np.where(
        perigee_km < LOWEST_BASE_BELOW_KM, LOWEST_BASE_KM, perigee_km - ATMOSPHERE_BASE_KM
    )
    return np.where(perigee_km < BASE_FOLLOWS_BELOW_KM, followed, ATMOSPHERE_BASE_KM)


def _drag(shape: _Shape, elements: Elements) -> _Drag:
    """The drag coefficients C1, C3, C4 and C5 (C1 with B*, as the report has it)."""
    motion, axis, e, beta_sq, cos_i, sin_i = shape
    perigee_km = (axis * (1 - e) - 1) * WGS72_RADIUS_KM
    base_km = _atmosphere_base_km(perigee_km)
    base = base_km / WGS72_RADIUS_KM + 1
    inverse = 1 / (axis - base)
    eta = axis * e * inverse
    eta2, e_eta = eta**2, e * eta
    density = ((ATMOSPHERE_TOP_KM - base_km) / WGS72_RADIUS_KM * inverse) ** 4
    psi = np.abs(1 - eta2)
    strength = density / psi**3.5
    c2 = (
        strength
        * motion
        * (
            axis * (1 + 1.5 * eta2 + e_eta * (4 + eta2))
            + 0.375 * WGS72_J2 * inverse / psi * (3 * cos_i**2 - 1) * (8 + 3 * eta2 * (8 + eta2))
        )
    )
    c3 = np.where(
        e > CIRCULAR_BELOW,
        -2 * density * inverse * J3_OVER_J2 * motion * sin_i / np.maximum(e, CIRCULAR_BELOW),
        0.0,
    )
    zonal = -3 * (3 * cos_i**2 - 1) * (1 - 2 * e_eta + eta2 * (1.5 - 0.5 * e_eta)) + (
        0.75 * sin_i**2 * (2 * eta2 - e_eta * (1 + eta2))
    ) * np.cos(2 * elements.argument_of_perigee_rad)
    c4 = (
        2
        * motion
        * strength
        * axis
        * beta_sq
        * (
            eta * (2 + 0.5 * eta2)
            + e * (0.5 + 2 * eta2)
            - WGS72_J2 * inverse / (axis * psi) * zonal
        )
    )
    c5 = 2 * strength * axis * beta_sq * (1 + 2.75 * (eta2 + e_eta) + e_eta * eta2)
    c1 = elements.bstar_per_radius * c2
    return _Drag(base, inverse, eta, density, c1, c3, c4, c5)


def _drag_powers(
    shape: _Shape, drag: _Drag, full: np.ndarray
) -> tuple[tuple[PerSat, PerSat, PerSat, PerSat], tuple[PerSat, PerSat, PerSat, PerSat]]:
    """Polynomials in time: of the root of the axis, and of the mean longitude over n."""
    axis, xi, c1 = shape.axis, drag.inverse, drag.c1
    d2 = 4 * axis * xi * c1**2
    step = d2 * xi * c1 / 3
    d3 = (17 * axis + drag.base) * step
    d4 = 0.5 * step * axis * xi * (221 * axis + 31 * drag.base) * c1
    cubic = d2 + 2 * c1**2
    quartic = 0.25 * (3 * d3 + c1 * (12 * d2 + 10 * c1**2))
    quintic = 0.2 * (3 * d4 + 12 * c1 * d3 + 6 * d2**2 + 15 * c1**2 * (2 * d2 + c1**2))

    def kept(power: PerSat) -> PerSat:
        return np.where(full, power, 0.0)

    return (
        (c1, kept(d2), kept(d3), kept(d4)),
        (1.5 * c1, kept(cubic), kept(quartic), kept(quintic)),
    )
