"""Which pairs of satellites may be linked for hours, and how good each pair is.

Candidates are a satellite's nearest ones by lasting distance in its shell, the next in its plane,
and the nearest in each of the next planes to the east (else a plane may be skipped by all).
A pair is possible if the two move together (cos of the angle between the planes above 0.5, which is
all there is to a seam), do not pass closer than `least_km`, come within range and above the horizon
at least at their nearest, and do not outrun the terminals there. At its nearest a pair of equal
radius a is at the mutual node, where the line of sight turns at 2 n sin(gamma / 2) a / d; d is
taken with the drift and with what circular mean orbits leave out.

Cost: the lasting distance, times 1.5 where the link stands for part of the orbit only.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int
from scipy.spatial import cKDTree

from sdn_mc.core.constants import WGS72_MU_KM3_S2, WGS84_RADIUS_KM
from sdn_mc.core.scene import MeanElements
from sdn_mc.topology.embedding import MOVE_TOGETHER, PairOrbits, embed, pair_orbits
from sdn_mc.topology.wiring import Limits

N_NEAREST = 32  # candidates a satellite from the tree: 3e5 pairs for 10,000 satellites
PLANES_EAST, N_A_PLANE = 2, 2  # candidates from each of the next planes
N_OTHER_SHELL = 6  # candidates a satellite from other shells
UNMODELLED_KM = 25.0  # eccentricity (0.002 a = 14 km) and short-period terms (10 km)
PART_TIME = 1.5  # cost of a link that geometry interrupts


class Place(NamedTuple):
    """Where each satellite of the mesh stands; every one has a plane and a shell."""

    plane: Int[np.ndarray, " sat"]
    shell: Int[np.ndarray, " sat"]
    next_in_plane: Int[np.ndarray, " sat"]  # by argument of latitude; itself where it is alone
    slot: Int[np.ndarray, " sat"]  # order in the plane
    rank: Int[np.ndarray, " sat"]  # of the plane by node in its shell
    n_rank: Int[np.ndarray, " sat"]  # planes in the shell


class Pairs(NamedTuple):
    """Possible pairs i < j, sorted, with what the matching asks of them."""

    i: Int[np.ndarray, " pair"]
    j: Int[np.ndarray, " pair"]
    cost_km: Float64[np.ndarray, " pair"]
    east_deg: Float64[np.ndarray, " pair"]
    ahead_deg: Float64[np.ndarray, " pair"]


def place_of(
    mean: MeanElements, plane: Int[np.ndarray, " sat"], shell: Int[np.ndarray, " sat"]
) -> Place:
    """Order of the satellites in their planes and of the planes in their shells."""
    pair, label = np.unique(np.stack([shell, plane], axis=1), axis=0, return_inverse=True)
    label = label.reshape(-1)
    size = np.bincount(label, minlength=len(pair))
    order = np.lexsort((mean.argument_of_latitude_deg, label))
    begin = (np.cumsum(size) - size)[label[order]]
    position = np.arange(len(label)) - begin
    slot, following = np.empty(len(label), int), np.empty(len(label), int)
    slot[order] = position
    following[order] = order[begin + (position + 1) % size[label[order]]]
    rank, n_rank = _ranks(mean, pair, label)
    return Place(plane, shell, following, slot, rank[label], n_rank[label])


def possible_pairs(
    mean: MeanElements,
    place: Place,
    limits: Limits,
    least_km: float,
    horizon_s: float,
    inter_shell: bool,
) -> Pairs:
    """All pairs that may be linked, in the order of their indices."""
    n_sat = len(place.plane)
    point_km = embed(mean, horizon_s)
    here, there = [np.arange(n_sat)], [place.next_in_plane]
    for shell in range(int(place.shell.max(initial=-1)) + 1):
        inside = np.flatnonzero(place.shell == shell)
        found = [nearest(point_km, inside, inside, N_NEAREST + 1)]
        found += _eastward(point_km, place, inside)
        if inter_shell:
            outside = np.flatnonzero(place.shell != shell)
            found.append(nearest(point_km, inside, outside, N_OTHER_SHELL))
        here += [a for a, _ in found]
        there += [b for _, b in found]
    i, j = _once(np.concatenate(here), np.concatenate(there), n_sat)
    orbits = pair_orbits(mean, point_km, i, j)
    possible, always = can_stand(orbits, limits, least_km)
    cost_km = orbits.rms_km * np.where(always, 1.0, PART_TIME)
    columns = (i, j, cost_km, orbits.east_deg, orbits.ahead_deg)
    return Pairs(*(values[possible] for values in columns))


def can_stand(
    orbits: PairOrbits, limits: Limits, least_km: float
) -> tuple[Bool[np.ndarray, " pair"], Bool[np.ndarray, " pair"]]:
    """Can the pair be linked at its nearest? And all along the orbit?"""
    longest_km = np.full(len(orbits.near_km), np.inf)
    if limits.max_range_km is not None:
        longest_km = np.minimum(longest_km, limits.max_range_km)
    if limits.grazing_km is not None:
        lowest_km = WGS84_RADIUS_KM + limits.grazing_km
        sight_km = 2 * np.sqrt(np.maximum(orbits.mean_radius_km**2 - lowest_km**2, 0.0))
        longest_km = np.minimum(longest_km, sight_km)
    possible = (orbits.cos_tilt > MOVE_TOGETHER) & (orbits.near_km > least_km)
    possible &= orbits.near_km < longest_km
    if limits.max_rate_deg_s is not None:
        mean_motion = np.sqrt(WGS72_MU_KM3_S2 / orbits.mean_radius_km**3)
        sine = np.sqrt(np.maximum(1.0 - orbits.cos_tilt, 0.0) / 2)
        passing_km_s = 2 * mean_motion * sine * orbits.mean_radius_km
        nearest_km = orbits.near_km - orbits.drift_km - UNMODELLED_KM
        nearest_km = np.maximum(nearest_km, UNMODELLED_KM)  # who may meet does so for a moment only
        possible &= passing_km_s <= np.radians(limits.max_rate_deg_s) * nearest_km
    return possible, orbits.far_km < longest_km


def nearest(
    point_km: Float64[np.ndarray, "sat axis"],
    seekers: Int[np.ndarray, " here"],
    sought: Int[np.ndarray, " there"],
    count: int,
) -> tuple[Int[np.ndarray, " pair"], Int[np.ndarray, " pair"]]:
    """The `count` nearest of `sought` for each of `seekers` (itself among them, if it is there)."""
    count = min(count, len(sought))
    if count == 0 or len(seekers) == 0:
        return np.zeros(0, int), np.zeros(0, int)
    _, found = cKDTree(point_km[sought]).query(point_km[seekers], k=np.arange(1, count + 1))
    return np.repeat(seekers, count), sought[found.reshape(-1)]


def _eastward(
    point_km: Float64[np.ndarray, "sat 7"], place: Place, inside: Int[np.ndarray, " member"]
) -> list[tuple[Int[np.ndarray, " pair"], Int[np.ndarray, " pair"]]]:
    """The nearest of each of the next planes to the east, by position alone."""
    by_rank = inside[np.argsort(place.rank[inside], kind="stable")]
    planes = np.split(by_rank, np.cumsum(np.bincount(place.rank[inside]))[:-1])
    position_km = point_km[:, :6]
    found = []
    for rank, members in enumerate(planes):
        for step in range(1, min(PLANES_EAST, len(planes) - 1) + 1):
            east = planes[(rank + step) % len(planes)]
            apart = position_km[members][:, None] - position_km[east][None]
            square = np.einsum("ijk,ijk->ij", apart, apart)
            near = np.argsort(square, axis=1, kind="stable")[:, :N_A_PLANE]
            found.append((np.repeat(members, near.shape[1]), east[near.reshape(-1)]))
    return found


def _once(
    a: Int[np.ndarray, " pair"], b: Int[np.ndarray, " pair"], n_sat: int
) -> tuple[Int[np.ndarray, " unique"], Int[np.ndarray, " unique"]]:
    """Each pair once, lower index first, in order; nobody is paired with itself."""
    low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b)
    key = np.unique((low * n_sat + high)[low != high])
    return key // n_sat, key % n_sat


def _ranks(
    mean: MeanElements, pair: Int[np.ndarray, "plane 2"], label: Int[np.ndarray, " sat"]
) -> tuple[Int[np.ndarray, " plane"], Int[np.ndarray, " plane"]]:
    """Place of every plane by node among those of its shell, and how many those are."""
    node = np.radians(mean.raan_deg)
    sine = np.bincount(label, np.sin(node), len(pair))
    cosine = np.bincount(label, np.cos(node), len(pair))
    angle = np.arctan2(sine, cosine) % (2 * np.pi)
    order = np.lexsort((angle, pair[:, 0]))
    shell = pair[order, 0]
    begin = np.searchsorted(shell, shell)
    rank, n_rank = np.empty(len(pair), int), np.empty(len(pair), int)
    rank[order] = np.arange(len(pair)) - begin
    n_rank[order] = np.searchsorted(shell, shell, side="right") - begin
    return rank, n_rank
