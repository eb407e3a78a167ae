"""Lasting distance between circular orbits, as a Euclidean distance.

Two circular orbits of radius a, planes inclined to each other by gamma, phases Delta apart as
measured from their mutual node: over an orbit the square of the distance has the mean
`2 a^2 (1 - cos^2(gamma / 2) cos Delta)` and swings by `a^2 (1 - cos gamma)` to either side of it.
With p the unit position now and q the one a quarter orbit later, the points `a (p, q) / sqrt(2)` in
six dimensions are exactly the root of that mean apart. So one nearest-neighbour tree finds lasting
neighbours of any fleet, without planes, seam or phasing. Our derivation; a test compares it with
sums over an orbit.

A height difference makes two satellites drift apart along their track by 1.5 n dh t. Half of what a
horizon T brings is the seventh coordinate, `0.75 n T a`, which pushes other layers away.

Assumptions: circular orbits; nodes and phases keep their differences over the horizon.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int

from sdn_mc.core.constants import WGS72_MU_KM3_S2, WGS72_RADIUS_KM
from sdn_mc.core.scene import MeanElements

MOVE_TOGETHER = 0.5  # cos of the angle between two planes above which links between them last


class PairOrbits(NamedTuple):
    """How two orbits lie to each other, pair by pair."""

    mean_radius_km: Float64[np.ndarray, " pair"]
    cos_tilt: Float64[np.ndarray, " pair"]  # of the angle between the planes: 1 is co-planar
    rms_km: Float64[np.ndarray, " pair"]  # distance over an orbit, with the drift
    drift_km: Float64[np.ndarray, " pair"]  # apart along the track, half of what the horizon brings
    near_km: Float64[np.ndarray, " pair"]  # least distance over an orbit
    far_km: Float64[np.ndarray, " pair"]  # greatest distance over an orbit
    east_deg: Float64[np.ndarray, " pair"]  # how far the plane of j lies east of that of i
    ahead_deg: Float64[np.ndarray, " pair"]  # phase of j ahead of i


def embed(mean: MeanElements, horizon_s: float) -> Float64[np.ndarray, "sat 7"]:
    """Points whose distance is the lasting distance, km: six of position and one of drift."""
    radius_km = WGS72_RADIUS_KM + mean.altitude_km
    to_node, to_north = _plane_axes(mean)
    phase = np.radians(mean.argument_of_latitude_deg)[:, None]
    now = np.cos(phase) * to_node + np.sin(phase) * to_north
    quarter_later = np.cos(phase) * to_north - np.sin(phase) * to_node
    speed_rad_s = np.median(np.sqrt(WGS72_MU_KM3_S2 / radius_km**3)) if len(radius_km) else 0.0
    drift_km = 0.75 * speed_rad_s * horizon_s * radius_km[:, None]
    scale_km = radius_km[:, None] / np.sqrt(2.0)
    return np.concatenate([scale_km * now, scale_km * quarter_later, drift_km], axis=1)


def pair_orbits(
    mean: MeanElements,
    point_km: Float64[np.ndarray, "sat 7"],
    i: Int[np.ndarray, " pair"],
    j: Int[np.ndarray, " pair"],
) -> PairOrbits:
    """How the orbits of satellites `i` and `j` lie to each other; `point_km` from `embed`."""
    apart_km = point_km[i] - point_km[j]
    square_km2 = np.einsum("ij,ij->i", apart_km[:, :6], apart_km[:, :6])
    normal = np.cross(*_plane_axes(mean))
    cos_tilt = np.einsum("ij,ij->i", normal[i], normal[j])
    mean_radius_km = WGS72_RADIUS_KM + (mean.altitude_km[i] + mean.altitude_km[j]) / 2
    swing_km2 = mean_radius_km**2 * (1.0 - cos_tilt)
    node_deg = wrapped_deg(mean.raan_deg[j] - mean.raan_deg[i])
    inclination = np.radians((mean.inclination_deg[i] + mean.inclination_deg[j]) / 2)
    phase_deg = mean.argument_of_latitude_deg[j] - mean.argument_of_latitude_deg[i]
    return PairOrbits(
        mean_radius_km=mean_radius_km,
        cos_tilt=cos_tilt,
        rms_km=np.sqrt(square_km2 + apart_km[:, 6] ** 2),
        drift_km=np.abs(apart_km[:, 6]),
        near_km=np.sqrt(np.maximum(square_km2 - swing_km2, 0.0)),
        far_km=np.sqrt(square_km2 + swing_km2),
        east_deg=node_deg * np.sin(inclination),
        ahead_deg=wrapped_deg(phase_deg + node_deg * np.cos(inclination)),
    )


def wrapped_deg(angle_deg: Float64[np.ndarray, "*any"]) -> Float64[np.ndarray, "*any"]:
    """The same angle in [-180, 180)."""
    return (angle_deg + 180.0) % 360.0 - 180.0


def _plane_axes(
    mean: MeanElements,
) -> tuple[Float64[np.ndarray, "sat 3"], Float64[np.ndarray, "sat 3"]]:
    """Unit vectors in the orbit plane: to the ascending node, and a quarter turn ahead of it."""
    node, tilt = np.radians(mean.raan_deg), np.radians(mean.inclination_deg)
    to_node = np.stack([np.cos(node), np.sin(node), np.zeros_like(node)], axis=1)
    to_north = np.stack(
        [-np.sin(node) * np.cos(tilt), np.cos(node) * np.cos(tilt), np.sin(tilt)], axis=1
    )
    return to_node, to_north
