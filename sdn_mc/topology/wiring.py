"""From a wiring to links over time: delay at light speed where geometry allows the link, else inf.

A link stands at one time if both satellites carry traffic, its range d is at most the longest one,
the straight segment stays `grazing_km` above a sphere of the Earth's equatorial radius, and neither
terminal must turn faster than its limit. A limit that is None is not tested.

Turning is in the orbit frame (radial, along-track, normal), which itself turns by w_a about the
orbit normal. Seen from a, satellite b moves at v = (w_b - w_a) x r_b, so the line of sight turns at
|d x v| / d^2; the faster end counts. w comes from the mean elements: circular orbits, the node
moving as J2 moves it (Vallado 2013, eq. 9-37), which is enough for a limit of a degree a second.

Each link is computed once and stands with the same bits in both of its slots.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int, Int32

from sdn_mc.core.constants import (
    LIGHT_KM_S,
    WGS72_J2,
    WGS72_MU_KM3_S2,
    WGS72_RADIUS_KM,
    WGS84_RADIUS_KM,
)
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.scene import Ephemeris, Links, MeanElements

AHEAD, BEHIND, EAST, WEST = range(4)  # ports of the meshes that have directions
RANGE_DOC = "Longest link; null: no limit."
GRAZING_DOC = "Lowest height of a link's line of sight above the equatorial sphere; null: no test."
RATE_DOC = "Fastest turn of a terminal in the orbit frame; null: no limit."
TINY_KM2 = 1e-12  # a micrometre: keeps two satellites at one point from dividing by zero


class Limits(NamedTuple):
    """What geometry must grant; None: not tested."""

    max_range_km: float | None
    grazing_km: float | None
    max_rate_deg_s: float | None


class Wiring(NamedTuple):
    """Who looks at whom, before time: the fields of `Links` that do not depend on it."""

    neighbour: Int32[np.ndarray, "sat port"]
    peer: Int32[np.ndarray, "sat port"]
    terminal: Int32[np.ndarray, "sat port"]
    wakes_on: Int32[np.ndarray, "sat port skipped"]
    n_terminal: int


def terminals_of(fleet: Fleet, most: int) -> Int[np.ndarray, " sat"]:
    """Terminals that each satellite may use, where the topology uses at most `most`."""
    return np.minimum(fleet.n_terminal, most)


def wire(
    n_sat: int,
    n_terminal: int,
    sat: Int[np.ndarray, "link end"],
    port: Int[np.ndarray, "link end"],
) -> Wiring:
    """The wiring of a list of links, each given by its two satellites and the ports they use."""
    neighbour = np.repeat(np.arange(n_sat, dtype=np.int32)[:, None], n_terminal, axis=1)
    own_port = np.repeat(np.arange(n_terminal, dtype=np.int32)[None], n_sat, axis=0)
    peer = own_port.copy()
    for here, there in ((0, 1), (1, 0)):
        neighbour[sat[:, here], port[:, here]] = sat[:, there]
        peer[sat[:, here], port[:, here]] = port[:, there]
    never = np.full((n_sat, n_terminal, 1), -1, np.int32)
    return Wiring(neighbour, peer, own_port, never, n_terminal)


def links_over_time(
    wiring: Wiring,
    ephemeris: Ephemeris,
    limits: Limits,
    retarget_s: float = 0.0,
) -> Links:
    """The links with their delays at every time, s."""
    here, port, there, far_port = both_ends(wiring)
    shape = (len(ephemeris.time_s), *wiring.neighbour.shape)
    delay_s = np.full(shape, np.inf)
    for t in range(len(ephemeris.time_s)):
        link_s = link_delay_s(ephemeris, t, here, there, limits)
        delay_s[t, here, port] = link_s
        delay_s[t, there, far_port] = link_s
    return Links(
        neighbour=wiring.neighbour,
        peer=wiring.peer,
        terminal=wiring.terminal,
        wakes_on=wiring.wakes_on,
        delay_s=delay_s,
        retarget_s=float(retarget_s),
        n_terminal=wiring.n_terminal,
    )


def both_ends(
    wiring: Wiring,
) -> tuple[
    Int[np.ndarray, " link"],
    Int[np.ndarray, " link"],
    Int[np.ndarray, " link"],
    Int[np.ndarray, " link"],
]:
    """Each link once: satellite and slot of its lower end, then of its higher end."""
    here, port = np.nonzero(wiring.neighbour > np.arange(len(wiring.neighbour))[:, None])
    return here, port, wiring.neighbour[here, port], wiring.peer[here, port]


def link_delay_s(
    ephemeris: Ephemeris,
    time: int,
    a: Int[np.ndarray, " link"],
    b: Int[np.ndarray, " link"],
    limits: Limits,
) -> Float64[np.ndarray, " link"]:
    """Delay of each pair at one time, s; inf where the link does not stand."""
    usable = ephemeris.carries_traffic
    a_km, b_km = ephemeris.position_km[time][a], ephemeris.position_km[time][b]
    line_km = b_km - a_km
    square_km2 = _dot(line_km, line_km)
    range_km = np.sqrt(square_km2)
    stands = usable[a] & usable[b]
    if limits.max_range_km is not None:
        stands &= range_km <= limits.max_range_km
    if limits.grazing_km is not None:
        along = np.clip(-_dot(a_km, line_km) / np.maximum(square_km2, TINY_KM2), 0.0, 1.0)
        lowest_km = a_km + along[:, None] * line_km
        stands &= _dot(lowest_km, lowest_km) >= (WGS84_RADIUS_KM + limits.grazing_km) ** 2
    if limits.max_rate_deg_s is not None:
        spin = orbit_spin_rad_s(ephemeris.mean, float(ephemeris.time_s[time]))
        apart = spin[b] - spin[a]
        rate = np.maximum(_turning(line_km, apart, b_km), _turning(line_km, apart, a_km))
        stands &= rate <= np.radians(limits.max_rate_deg_s)
    return np.where(stands, range_km / LIGHT_KM_S, np.inf)


def orbit_spin_rad_s(mean: MeanElements, since_s: float) -> Float64[np.ndarray, "sat xyz"]:
    """Angular velocity of every satellite on its orbit, rad/s, `since_s` after the elements."""
    radius_km = WGS72_RADIUS_KM + mean.altitude_km
    speed_rad_s = np.sqrt(WGS72_MU_KM3_S2 / radius_km**3)
    inclination = np.radians(mean.inclination_deg)
    flattening = (WGS72_RADIUS_KM / radius_km) ** 2
    drift = -1.5 * WGS72_J2 * flattening * speed_rad_s * np.cos(inclination)
    node = np.radians(mean.raan_deg) + drift * since_s
    normal = np.stack(
        [
            np.sin(inclination) * np.sin(node),
            -np.sin(inclination) * np.cos(node),
            np.cos(inclination),
        ],
        axis=1,
    )
    return speed_rad_s[:, None] * normal


def _turning(
    line_km: Float64[np.ndarray, "link xyz"],
    spin_apart: Float64[np.ndarray, "link xyz"],
    target_km: Float64[np.ndarray, "link xyz"],
) -> Float64[np.ndarray, " link"]:
    """Rate of the line of sight to `target_km` in the orbit frame of the other end, rad/s."""
    across = np.cross(line_km, np.cross(spin_apart, target_km))
    return np.sqrt(_dot(across, across)) / np.maximum(_dot(line_km, line_km), TINY_KM2)


def _dot(
    a: Float64[np.ndarray, "link xyz"], b: Float64[np.ndarray, "link xyz"]
) -> Float64[np.ndarray, " link"]:
    return np.einsum("ij,ij->i", a, b)
