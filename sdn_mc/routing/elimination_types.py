"""What the compiled parts of `elimination` share: one stretch of times, slots, working memory."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, Int64, UInt32

from sdn_mc.routing.elimination_access import Hanging
from sdn_mc.routing.elimination_program import Program
from sdn_mc.routing.walk_kernel import Trail

N_SOURCE_TILE = 2  # room for sources comes in multiples of the smallest tile of the way back


class Stretch(NamedTuple):
    """Consecutive times that share a topology, and tiles of sources that are taken together.

    The sites of a tile are numbered: its sources in order, then others that its pairs use.
    """

    program: Program
    hanging: Hanging  # rows of tile k and time i of the stretch: k * times + i
    first_time: int
    n_time: int
    n_meeting: int  # pairs of sites that hang on one group, in all tiles: at most, at one time
    n_source: int
    tile_source: Int32[np.ndarray, " tileboundary"]
    tile_used: Int32[np.ndarray, " tileboundary"]
    used: Int32[np.ndarray, " usedsite"]  # tile after tile
    pair_start: Int32[np.ndarray, " boundary"]  # of each source
    pair_column: Int32[np.ndarray, " pair"]
    pair_used: Int32[np.ndarray, " pair"]  # destination, as a number in the tile
    neighbour: Int32[np.ndarray, "epochtime sat port"]
    link_ticks: Int32[np.ndarray, "time sat port"]
    access_sat: Int32[np.ndarray, "time site candidate"]
    access_ticks: Int32[np.ndarray, "time site candidate"]


class Slots(NamedTuple):
    """Links and access links as flat lists of slots, at one time in one word of draws."""

    link_ticks: Int32[np.ndarray, " slot"]
    link_up: UInt32[np.ndarray, " slot"]
    access_ticks: Int32[np.ndarray, " accessslot"]
    access_up: UInt32[np.ndarray, " accessslot"]


class Scratch(NamedTuple):
    """Working memory of one call; the pool and the site rows say "no path" between words."""

    pool: Int32[np.ndarray, " element"]
    group_rows: Int32[np.ndarray, " element"]  # of one group, or of all for the way back
    site_rows: Int32[np.ndarray, " element"]  # of used site i at a rank: row rank * site_step + i
    site_step: int
    seen: Int32[np.ndarray, " usedsite"]  # the last group that a used site was seen on
    meeting: Int32[np.ndarray, "meeting three"]  # at one time: two used sites, and the pair
    meeting_start: Int64[np.ndarray, "tile groupboundary"]
    distance: Int32[np.ndarray, " element"]  # from source i: row rank * distance_step + i
    distance_step: int
    way: Trail
