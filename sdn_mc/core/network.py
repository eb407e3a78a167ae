"""What solvers see: one epoch's geometry, mask words over draws, and the routes they return."""

from typing import NamedTuple

import equinox as eqx
import numpy as np
from jaxtyping import Array, Bool, Float, Float64, Int16, Int32, UInt32

Either = np.ndarray | Array  # of the host, or of a device

TICK_S = 2e-9  # unit of integer latencies: 2 ns, so rounding stays below 1 ns a link
NO_PATH_TICKS = 1 << 29  # 1.07 s: larger than any path, and the sum of two fits in an int32
NO_HOPS = -1


class Network(eqx.Module):
    """Delays of one epoch. float64 s; inf where there is no link. Sources and pairs index sites."""

    neighbour: Int32[np.ndarray, "*time sat port"]  # the satellite itself where there is no link
    delay_s: Float64[np.ndarray, "time sat port"]
    access_sat: Int32[np.ndarray, "time site candidate"]
    access_delay_s: Float64[np.ndarray, "time site candidate"]
    source: Int32[np.ndarray, " source"]  # sites that searches start from
    pair_source: Int32[np.ndarray, " pair"]  # index into `source`
    pair_site: Int32[np.ndarray, " pair"]  # destination site


class Frozen(NamedTuple):
    """Where nobody finds a new route in a block of draws; on the host.

    `instant` is the number of the instant whose routes are in force: its own where routing works.
    """

    instant: Int32[np.ndarray, "time draw"]
    access_up: UInt32[np.ndarray, "time word site candidate"]  # before a site chooses the best one


class Masks(eqx.Module):
    """What is up, 32 draws to a word: bit i % 32 of word i // 32 is draw i of the block.

    A link's two slots carry the same bits. Padding slots and candidates may hold anything. On a
    device for solvers that say `on_device`, else on the host. Solvers are not given `frozen`.
    """

    link_up: UInt32[Either, "time word sat port"]
    access_up: UInt32[Either, "time word site candidate"]
    frozen: Frozen | None = None  # None: routing works in every draw, all along


class Routes(eqx.Module):
    """The answer of a solver for one block of draws.

    `hops` counts the satellites on the path less one (-1: no path); `delivered` says whether every
    link of the path is up in the true masks, where routing knew only older ones. Both are None
    where no walk was asked for. `passes` says of each kind of marked thing that was asked about
    whether the path passes one, and means nothing where nothing is delivered.
    """

    latency_s: Float[Either, "time pair draw"]  # inf: no path
    hops: Int16[Either, "time pair draw"] | None = None
    delivered: Bool[Either, "time pair draw"] | None = None
    passes: tuple[Bool[Either, "time pair draw"], ...] | None = None


class DrawMasks(NamedTuple):
    """What is up in one draw at one time."""

    link_up: Bool[np.ndarray, "sat port"]
    access_up: Bool[np.ndarray, "site candidate"]
    in_force: "InForce | None" = None  # None: routing works


class InForce(NamedTuple):
    """The earlier instant whose routes are in force, and what masks of the same age had up then."""

    time: int
    then: DrawMasks
    access_up: Bool[np.ndarray, "site candidate"]  # at present, before a site chooses the best one


class Walk(NamedTuple):
    """One route, source first. `leg` runs over the access link, the links and the access link."""

    source_site: int
    destination_site: int
    source_candidate: int
    destination_candidate: int
    sat: tuple[int, ...]
    port: tuple[int, ...]  # at sat[i + 1], towards sat[i]
    delay_s: tuple[float, ...]  # of each leg, exact; one more than there are satellites; inf: gone
    truly_up: tuple[bool, ...]  # of each leg, in the true masks
    latency_s: float  # as the integer solvers report it, before rounding to float32

    @property
    def hops(self) -> int:
        """Satellites less one."""
        return len(self.sat) - 1

    @property
    def delivered(self) -> bool:
        """Every leg is up in the true masks."""
        return all(self.truly_up)


def to_ticks(delay_s: Float64[np.ndarray, "..."]) -> Int32[np.ndarray, "..."]:
    """Seconds to whole ticks of 2 ns; inf (and anything beyond it) becomes `NO_PATH_TICKS`."""
    ticks = np.where(np.isfinite(delay_s), np.rint(delay_s / TICK_S), NO_PATH_TICKS)
    return np.minimum(ticks, NO_PATH_TICKS).astype(np.int32)


def from_ticks(ticks: Int32[np.ndarray, "..."]) -> Float64[np.ndarray, "..."]:
    """Whole ticks to seconds, float64; `NO_PATH_TICKS` and above become inf."""
    return np.where(ticks < NO_PATH_TICKS, ticks * TICK_S, np.inf)
