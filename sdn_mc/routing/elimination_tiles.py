"""Sources taken together: as many as their rows stay in the cache.

All sources share the satellites' part of an elimination. A site has a row at each satellite on its
way to the root, so hundreds of sites would leave no row in the cache from one group to the next.
The sources are cut into tiles; each tile's sites go through all groups by themselves.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32

from sdn_mc.core.network import Network
from sdn_mc.routing.elimination_access import Hanging, hang_sites, most_meetings, site_step_of
from sdn_mc.routing.elimination_program import Program

# Sites of a tile, where its sources do not have more destinations than that.
MOST_SITES, SOURCES_AT_LEAST = 32, 16


class Tiles(NamedTuple):
    """Sources, used sites and pairs, tile after tile; see `Stretch`."""

    tile_source: Int32[np.ndarray, " tileboundary"]
    tile_used: Int32[np.ndarray, " tileboundary"]
    used: Int32[np.ndarray, " usedsite"]
    pair_start: Int32[np.ndarray, " boundary"]
    pair_column: Int32[np.ndarray, " pair"]
    pair_used: Int32[np.ndarray, " pair"]


def tiles_of(network: Network) -> Tiles:
    """Tiles of nearly as many sources each."""
    by_source = np.argsort(network.pair_source, kind="stable")
    n_source = len(network.source)
    start = np.searchsorted(network.pair_source[by_source], np.arange(n_source + 1))
    site = network.pair_site[by_source]
    n_destination = len(np.unique(site))
    most = max(SOURCES_AT_LEAST, MOST_SITES - n_destination)
    n_tile = -(-n_source // most)
    bounds = [n_source * k // n_tile for k in range(n_tile + 1)]
    used, places = [], []
    for first, end in pairwise(bounds):
        own, ends = network.source[first:end], site[start[first] : start[end]]
        used.append(np.concatenate([own, np.setdiff1d(ends, own)]))
        place = np.zeros(network.access_sat.shape[1], np.int32)
        place[used[-1]] = np.arange(len(used[-1]))
        places.append(place[ends])
    n_used = np.cumsum([0, *(len(each) for each in used)])
    return Tiles(
        tile_source=np.array(bounds, np.int32),
        tile_used=n_used.astype(np.int32),
        used=np.concatenate(used).astype(np.int32),
        pair_start=start.astype(np.int32),
        pair_column=by_source.astype(np.int32),
        pair_used=np.concatenate(places).astype(np.int32),
    )


def most_used(tile_used: Int32[np.ndarray, " tileboundary"]) -> int:
    """Sites of the largest tile."""
    return int(np.diff(tile_used).max())


def hang_tiles(
    program: Program,
    tiles: Tiles,
    access_sat: Int32[np.ndarray, "time site candidate"],
    access_ticks: Int32[np.ndarray, "time site candidate"],
) -> tuple[Hanging, int]:
    """Where the sites of every tile hang at every time, tile after tile; most meetings at once."""
    found, n_meeting = [], 0
    step = site_step_of(most_used(tiles.tile_used))
    for k in range(len(tiles.tile_used) - 1):
        used = tiles.used[tiles.tile_used[k] : tiles.tile_used[k + 1]]
        hanging = hang_sites(program, used, step, access_sat, access_ticks)
        start = tiles.pair_start[tiles.tile_source[k] : tiles.tile_source[k + 1] + 1]
        n_meeting += most_meetings(hanging, start, tiles.pair_used, len(used))
        found.append(hanging)
    n_site = np.cumsum([0, *(len(each.site) for each in found)])
    n_link = np.cumsum([0, *(len(each.link_row) for each in found)])
    joined = Hanging(
        np.concatenate([one.start + n for one, n in zip(found, n_site, strict=False)]),
        np.concatenate([one.site for one in found]),
        np.concatenate([one.link_start + n for one, n in zip(found, n_link, strict=False)]),
        np.concatenate([one.link_row for one in found]),
        np.concatenate([one.link_slot for one in found]),
    )
    return joined._replace(
        start=joined.start.astype(np.int32), link_start=joined.link_start.astype(np.int32)
    ), n_meeting
