"""The fixed scenes of the kernel benchmark: Walker shells in a +Grid, sites, and random losses.

Three networks: 340 satellites in a star of 17 planes, 1,584 in a delta of 72 planes, and 10,076 in
six shells whose satellites use a fifth terminal for the nearest satellite of another shell. Ten
sources and ten destinations, each with up to eight access candidates; every source to every
destination. Orbits are circles and the Earth a sphere: what counts here is the shape of the graph.
Losses are independent: satellites, links and access links, in the shares of `LOSSES`.
"""

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from sdn_mc.core.constants import EARTH_MU_KM3_S2, LIGHT_KM_S, MEAN_RADIUS_KM
from sdn_mc.core.network import Masks, Network

N_SOURCE = N_DESTINATION = 10
N_CANDIDATE = 8
STEP_S = 60.0
EARTH_RAD_S = 7.2921159e-5  # rotation of the Earth, WGS-84
INTER_SHELL_KM = 1500.0
# Shares lost of satellites, links and access links.
LOSSES = {0.05: (0.05, 0.02, 0.05), 0.3: (0.30, 0.05, 0.10)}


class Shell(NamedTuple):
    """A Walker shell; a star spans 180 degrees of node and has a seam."""

    n_plane: int
    n_slot: int
    phasing: int
    inclination_deg: float
    altitude_km: float
    star: bool = False


SHELLS = {
    340: (Shell(17, 20, 7, 85.0, 1000.0, star=True),),
    1584: (Shell(72, 22, 17, 53.0, 550.0),),
    10076: (
        Shell(72, 22, 17, 53.0, 550.0),
        Shell(72, 22, 17, 53.2, 540.0),
        Shell(36, 20, 11, 70.0, 570.0),
        Shell(6, 58, 1, 97.6, 560.0),
        Shell(48, 110, 17, 43.0, 530.0),
        Shell(20, 28, 5, 60.0, 600.0),
    ),
}
MIN_ELEVATION_DEG = {340: 10.0, 1584: 25.0, 10076: 25.0}


class Draws(NamedTuple):
    """Random losses: what is up, as flags for rivals and as words for solvers."""

    link_up: np.ndarray  # [sat, port, draw], the same at all times
    access_up: np.ndarray  # [time, site, candidate, draw]
    masks: Masks


def network_of(n_sat: int, n_time: int, seed: int = 0) -> Network:
    """The network of a size, at `n_time` instants a minute apart; sites from `seed`."""
    shells = SHELLS[n_sat]
    position_km = np.stack(
        [np.concatenate([_circle(s, k * STEP_S) for s in shells]) for k in range(n_time)]
    )
    neighbour = np.concatenate(
        [_grid(s, first) for s, first in zip(shells, _firsts(shells), strict=True)]
    )
    if len(shells) > 1:
        neighbour = _join_shells(neighbour, shells, position_km[0])
    own = np.arange(n_sat, dtype=np.int32)[:, None]
    there = neighbour >= 0
    neighbour = np.where(there, neighbour, own).astype(np.int32)
    length_km = np.linalg.norm(position_km[:, neighbour] - position_km[:, :, None], axis=-1)
    access_sat, access_km = _access(position_km, MIN_ELEVATION_DEG[n_sat], seed)
    source = np.arange(N_SOURCE, dtype=np.int32)
    destination = np.arange(N_SOURCE, N_SOURCE + N_DESTINATION, dtype=np.int32)
    return Network(
        neighbour=neighbour,
        delay_s=np.where(there, length_km / LIGHT_KM_S, np.inf),
        access_sat=access_sat,
        access_delay_s=access_km / LIGHT_KM_S,
        source=source,
        pair_source=np.repeat(source, N_DESTINATION),
        pair_site=np.tile(destination, N_SOURCE),
    )


def draws_of(network: Network, loss: float, n_draw: int, seed: int) -> Draws:
    """Independent losses; a link is up if it and both of its satellites are."""
    lost_sat, lost_link, lost_access = LOSSES[loss]
    rng = np.random.default_rng(seed)
    n_time, n_sat, n_port = network.delay_s.shape
    sat_up = rng.random((n_sat, n_draw)) >= lost_sat
    here = np.arange(n_sat)[:, None]
    ends = np.sort(np.stack(np.broadcast_arrays(here, network.neighbour), -1), axis=-1)
    _, link = np.unique(ends.reshape(-1, 2), axis=0, return_inverse=True)
    link = link.reshape(n_sat, n_port)
    link_up = (rng.random((link.max() + 1, n_draw)) >= lost_link)[link]
    link_up &= sat_up[:, None] & sat_up[network.neighbour]
    access_up = rng.random((*network.access_sat.shape[1:], n_draw)) >= lost_access
    access_up = access_up & sat_up[network.access_sat]
    words = np.repeat(_words(link_up)[None], n_time, axis=0)
    masks = Masks(words, np.stack([_words(each) for each in access_up]))
    return Draws(link_up, access_up, masks)


def _firsts(shells: tuple[Shell, ...]) -> np.ndarray:
    return np.cumsum([0] + [s.n_plane * s.n_slot for s in shells])[:-1]


def _circle(shell: Shell, at_s: float) -> np.ndarray:
    """Inertial positions, km, [sat, xyz]."""
    radius_km = MEAN_RADIUS_KM + shell.altitude_km
    plane, slot = np.divmod(np.arange(shell.n_plane * shell.n_slot), shell.n_slot)
    node = (np.pi if shell.star else 2 * np.pi) * plane / shell.n_plane
    phase = slot + shell.phasing * plane / shell.n_plane
    u = 2 * np.pi * phase / shell.n_slot + np.sqrt(EARTH_MU_KM3_S2 / radius_km**3) * at_s
    tilt = np.radians(shell.inclination_deg)
    x = np.cos(u) * np.cos(node) - np.sin(u) * np.cos(tilt) * np.sin(node)
    y = np.cos(u) * np.sin(node) + np.sin(u) * np.cos(tilt) * np.cos(node)
    return radius_km * np.stack([x, y, np.sin(u) * np.sin(tilt)], axis=-1)


def _grid(shell: Shell, first: int) -> np.ndarray:
    """Neighbours ahead, behind, and in the planes to either side; -1 across the seam of a star."""
    plane, slot = np.divmod(np.arange(shell.n_plane * shell.n_slot), shell.n_slot)

    def at(plane_step: int, slot_step: int) -> np.ndarray:
        turns, wrapped = np.divmod(plane + plane_step, shell.n_plane)
        shift = slot + slot_step + turns * shell.phasing
        found = first + wrapped * shell.n_slot + shift % shell.n_slot
        return np.where((turns != 0) & shell.star, -1, found)

    return np.stack([at(0, 1), at(0, -1), at(1, 0), at(-1, 0)], axis=-1)


def _join_shells(
    neighbour: np.ndarray, shells: tuple[Shell, ...], position_km: np.ndarray
) -> np.ndarray:
    """A fifth port for the nearest free satellite of a later shell, nearest pairs first."""
    bounds = [*_firsts(shells), len(position_km)]
    extra = np.full(len(position_km), -1)
    for k in range(len(shells) - 1):
        own = np.arange(bounds[k], bounds[k + 1])
        tree = cKDTree(position_km[bounds[k + 1] :])
        far_km, far = tree.query(position_km[own], k=6, distance_upper_bound=INTER_SHELL_KM)
        for flat in np.argsort(far_km, axis=None, kind="stable"):
            i, j = np.unravel_index(flat, far_km.shape)
            if not np.isfinite(far_km[i, j]):
                break
            a, b = own[i], bounds[k + 1] + far[i, j]
            if extra[a] < 0 and extra[b] < 0:
                extra[a], extra[b] = b, a
    return np.concatenate([neighbour, extra[:, None]], axis=1)


def _access(
    position_km: np.ndarray, min_elevation_deg: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Nearest satellites above the mask and their slant ranges, [time, site, candidate]."""
    rng = np.random.default_rng(seed)
    n_site = N_SOURCE + N_DESTINATION
    latitude = np.arcsin(rng.uniform(-0.75, 0.75, n_site))
    longitude = rng.uniform(-np.pi, np.pi, n_site)
    sats, ranges = [], []
    for k, at_km in enumerate(position_km):
        turned = longitude + EARTH_RAD_S * STEP_S * k
        up = np.stack(
            [
                np.cos(latitude) * np.cos(turned),
                np.cos(latitude) * np.sin(turned),
                np.sin(latitude),
            ],
            axis=-1,
        )
        line = at_km[None] - MEAN_RADIUS_KM * up[:, None]
        range_km = np.linalg.norm(line, axis=-1)
        sine = np.einsum("sax,sx->sa", line, up) / range_km
        seen_km = np.where(sine > np.sin(np.radians(min_elevation_deg)), range_km, np.inf)
        best = np.argsort(seen_km, axis=1, kind="stable")[:, :N_CANDIDATE]
        sats.append(best)
        ranges.append(np.take_along_axis(seen_km, best, axis=1))
    return np.stack(sats).astype(np.int32), np.stack(ranges)


def _words(flags: np.ndarray) -> np.ndarray:
    """[..., draw] flags as [word, ...] words of 32 draws."""
    split = flags.reshape(*flags.shape[:-1], -1, 32)
    packed = np.packbits(split, axis=-1, bitorder="little").view("<u4")[..., 0]
    return np.ascontiguousarray(np.moveaxis(packed, -1, 0))
