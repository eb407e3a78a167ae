"""Kozai's mean motion, which element sets print, and Brouwer's, which SGP4 computes with.

Convention of the whole project: `Elements.mean_motion_rad_min` is Kozai's, with WGS-72 constants,
as in every published element set. SGP4 first recovers Brouwer's mean motion n from Kozai's n_K,

    a_1 = (k_e / n_K)^(2/3),   delta(a) = (3/4) J2 (3 cos^2 i - 1) / ((1 - e^2)^(3/2) a^2),
    a_0 = a_1 (1 - d/3 - d^2 - (134/81) d^3)  with d = delta(a_1),   n = n_K / (1 + delta(a_0)),

(Hoots & Roehrich 1980, Spacetrack Report 3, section 6) and from it the semi-major axis by Kepler's
third law. An orbit given by its axis needs the inverse. Taking one mean motion for the other moves
a satellite by 50 to 370 km a day in low orbits. Lengths here are in Earth radii, times in minutes.
"""

import numpy as np
from jaxtyping import Float64

from sdn_mc.core.constants import S_PER_MIN, WGS72_J2, WGS72_MU_KM3_S2, WGS72_RADIUS_KM

# k_e: mean motion, rad/min, of a two-body orbit of one Earth radius.
MOTION_AT_SURFACE_RAD_MIN = S_PER_MIN * np.sqrt(WGS72_MU_KM3_S2 / WGS72_RADIUS_KM**3)

# delta is at most 2e-3 outside the Earth for e < 0.1, and each turn multiplies the error by about
# 4/3 of it: 6 turns reach the last bit, 20 do so wherever the recovery itself makes sense.
INVERSION_TURNS = 20


def kozai_mean_motion_rad_min(
    semi_major_axis_km: Float64[np.ndarray, "*batch"],
    eccentricity: Float64[np.ndarray, "*batch"],
    inclination_rad: Float64[np.ndarray, "*batch"],
) -> Float64[np.ndarray, "*batch"]:
    """Kozai's mean motion whose SGP4 (Brouwer, WGS-72) semi-major axis is the given one, rad/min.

    Exact to a few units of the last place.
    """
    axis_radii = semi_major_axis_km / WGS72_RADIUS_KM
    brouwer = MOTION_AT_SURFACE_RAD_MIN / axis_radii**1.5
    kozai = brouwer
    for _ in range(INVERSION_TURNS):
        kozai = brouwer * (1 + _correction(kozai, eccentricity, inclination_rad))
    return kozai


def brouwer_mean_motion_rad_min(
    kozai_rad_min: Float64[np.ndarray, "*batch"],
    eccentricity: Float64[np.ndarray, "*batch"],
    inclination_rad: Float64[np.ndarray, "*batch"],
) -> Float64[np.ndarray, "*batch"]:
    """Brouwer's mean motion of an element set, rad/min."""
    return kozai_rad_min / (1 + _correction(kozai_rad_min, eccentricity, inclination_rad))


def brouwer_axis_radii(
    brouwer_rad_min: Float64[np.ndarray, "*batch"],
) -> Float64[np.ndarray, "*batch"]:
    """Semi-major axis of Brouwer's mean motion, Earth radii of WGS-72."""
    return (MOTION_AT_SURFACE_RAD_MIN / brouwer_rad_min) ** (2 / 3)


def _correction(
    kozai_rad_min: Float64[np.ndarray, "*batch"],
    eccentricity: Float64[np.ndarray, "*batch"],
    inclination_rad: Float64[np.ndarray, "*batch"],
) -> Float64[np.ndarray, "*batch"]:
    """The relative excess of Kozai's mean motion over Brouwer's."""
    oblateness = 0.75 * WGS72_J2 * (3 * np.cos(inclination_rad) ** 2 - 1)
    oblateness = oblateness / (1 - eccentricity**2) ** 1.5
    axis = brouwer_axis_radii(kozai_rad_min)
    first = oblateness / axis**2
    axis = axis * (1 - first * (1 / 3 + first * (1 + first * 134 / 81)))
    return oblateness / axis**2
