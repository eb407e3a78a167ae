"""Links to whoever is nearest and visible now, under a terminal limit; for comparison only.

Model: at every instant the pairs in range and above the horizon are taken nearest first, while both
satellites have a terminal left. Nothing is known of the future: on Starlink 69 % of the links are
new every minute, with a mean life of 1.4 minutes, less than a terminal needs to acquire. Delays are
longer too (median stretch 1.32 against 1.13 of the planned mesh). A lower bound for link life, and
the mesh that some simulators assume; not a mesh that could be flown.

Limits: only the 24 nearest satellites of each are looked at. Neighbours change with time, so links
cannot be lost by name, and no terminal stands by.
"""

import equinox as eqx
import numpy as np
from jaxtyping import Float64, Int
from scipy.spatial import cKDTree

from sdn_mc.core.constants import LIGHT_KM_S
from sdn_mc.core.fields import field
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.scene import Ephemeris, Links
from sdn_mc.topology.matching import cheapest_first, ports_in_turn
from sdn_mc.topology.wiring import (
    GRAZING_DOC,
    RANGE_DOC,
    RATE_DOC,
    Limits,
    Wiring,
    link_delay_s,
    terminals_of,
    wire,
)

N_NEAREST = 24  # candidates of a satellite: six for each of four terminals


class NearestVisible(eqx.Module):
    """Nearest visible satellites, chosen anew at every instant."""

    terminals: int = field(within=(1, 16), doc="Laser terminals used on a satellite.", static=True)
    max_range_km: float | None = field(unit="km", within=(0, 1e6), doc=RANGE_DOC)
    grazing_km: float | None = field(unit="km", within=(-100, 1000), doc=GRAZING_DOC, assumed=True)
    max_rate_deg_s: float | None = field(unit="deg/s", within=(0, 180), doc=RATE_DOC, assumed=True)

    def build(self, fleet: Fleet, ephemeris: Ephemeris) -> Links:
        """Another wiring at every time, with its delays."""
        limits = Limits(self.max_range_km, self.grazing_km, self.max_rate_deg_s)
        member = np.flatnonzero(ephemeris.carries_traffic & (fleet.shell >= 0))
        room = terminals_of(fleet, self.terminals)
        shape = (len(ephemeris.time_s), fleet.n_sat, self.terminals)
        neighbour, peer = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
        delay_s = np.full(shape, np.inf)
        for t in range(len(ephemeris.time_s)):
            wiring, ends, ports, link_s = _at(ephemeris, t, member, room, limits, self.terminals)
            neighbour[t], peer[t] = wiring.neighbour, wiring.peer
            delay_s[t, ends, ports] = link_s[:, None]
        return Links(
            neighbour=neighbour,
            peer=peer,
            terminal=wiring.terminal,
            wakes_on=wiring.wakes_on,
            delay_s=delay_s,
            retarget_s=0.0,
            n_terminal=self.terminals,
            notes=(
                f"nearest-visible links: {np.isfinite(delay_s[0]).sum() // 2} links between "
                f"{len(member)} satellites at the first instant, chosen anew at every instant; for "
                "comparison only, no terminal re-points this fast",
            ),
        )


def _at(
    ephemeris: Ephemeris,
    time: int,
    member: Int[np.ndarray, " member"],
    room: Int[np.ndarray, " sat"],
    limits: Limits,
    n_terminal: int,
) -> tuple[
    Wiring,
    Int[np.ndarray, "link end"],
    Int[np.ndarray, "link end"],
    Float64[np.ndarray, " link"],
]:
    """Wiring of one instant, and its links: satellites, ports, delay s."""
    a, b = _near_pairs(ephemeris.position_km[time][member])
    a, b = member[a], member[b]
    link_s = link_delay_s(ephemeris, time, a, b, limits)
    stands = np.flatnonzero(np.isfinite(link_s))
    a, b, link_s = a[stands], b[stands], link_s[stands]
    got = cheapest_first(link_s * LIGHT_KM_S, a, b, room.copy())
    ends = np.stack([a[got], b[got]], axis=1)
    ports = ports_in_turn(ends)
    return wire(len(room), n_terminal, ends, ports), ends, ports, link_s[got]


def _near_pairs(
    position_km: Float64[np.ndarray, "member xyz"],
) -> tuple[Int[np.ndarray, " pair"], Int[np.ndarray, " pair"]]:
    """Each pair once in which one is among the nearest of the other, in order of indices."""
    n_member = len(position_km)
    count = min(N_NEAREST + 1, n_member)
    if count < 2:
        return np.zeros(0, int), np.zeros(0, int)
    _, found = cKDTree(position_km).query(position_km, k=np.arange(1, count + 1))
    a, b = np.repeat(np.arange(n_member), count), found.reshape(-1)
    key = np.unique((np.minimum(a, b) * n_member + np.maximum(a, b))[a != b])
    return key // n_member, key % n_member
