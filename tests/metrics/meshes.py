"""Small meshes and masks for metrics that look at them."""

import dataclasses

import numpy as np

from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.network import Masks
from sdn_mc.core.scene import Access, Links, Scene


def with_mesh(scene: Scene, n_sat: int, edges, seen_by) -> Scene:
    """The scene with links between pairs of satellites, and the satellites that each site sees.

    `seen_by[site]`, or `seen_by[time][site]`, lists satellites, the highest first.
    """
    n_time, ports = len(scene.time_s), [[] for _ in range(n_sat)]
    for a, b in edges:
        ports[a].append((b, len(ports[b])))
        ports[b].append((a, len(ports[a]) - 1))
    n_port = max(1, *(len(each) for each in ports))
    neighbour = np.repeat(np.arange(n_sat, dtype=np.int32)[:, None], n_port, axis=1)
    peer = np.repeat(np.arange(n_port, dtype=np.int32)[None], n_sat, axis=0)
    delay_s = np.full((n_time, n_sat, n_port), np.inf)
    for sat, each in enumerate(ports):
        for port, (far, back) in enumerate(each):
            neighbour[sat, port], peer[sat, port] = far, back
            delay_s[:, sat, port] = 0.01
    terminal = np.repeat(np.arange(n_port, dtype=np.int32)[None], n_sat, axis=0)
    nobody = np.full((n_sat, n_port, 1), -1, np.int32)
    links = Links(neighbour, peer, terminal, nobody, delay_s, 0.0, n_port)
    return dataclasses.replace(scene, links=links, access=_access(scene, seen_by))


def packed(up: np.ndarray) -> np.ndarray:
    """Booleans [draw, time, a, b] to read-only words [time, word, a, b]."""
    padded = np.zeros((-(-len(up) // DRAWS_PER_WORD) * DRAWS_PER_WORD, *up.shape[1:]), np.uint32)
    padded[: len(up)] = up
    lanes = padded.reshape(-1, DRAWS_PER_WORD, *up.shape[1:])
    bit = np.arange(DRAWS_PER_WORD, dtype=np.uint32).reshape(1, -1, 1, 1, 1)
    words = np.ascontiguousarray(np.moveaxis((lanes << bit).sum(1, dtype=np.uint32), 0, 1))
    words.flags.writeable = False
    return words


def masks_of(link_up: np.ndarray, access_up: np.ndarray) -> Masks:
    """Masks of draws, from booleans [draw, time, sat, port] and [draw, time, site, candidate]."""
    return Masks(packed(link_up), packed(access_up))


def random_masks(scene: Scene, rng, n_draw: int, share_up: float = 0.7) -> Masks:
    """Satellites and links that are up at random; padding holds anything."""
    assert scene.links is not None and scene.access is not None
    n_time, n_sat, n_port = scene.links.delay_s.shape
    sat_up = rng.random((n_draw, n_time, n_sat)) < share_up
    half = rng.random((n_draw, n_time, n_sat, n_port)) < share_up
    link_up = half & sat_up[..., None]
    for sat in range(n_sat):
        for port in range(n_port):
            far, back = scene.links.neighbour[sat, port], scene.links.peer[sat, port]
            if far > sat:
                both = link_up[:, :, sat, port] & sat_up[:, :, far]
                link_up[:, :, sat, port] = link_up[:, :, far, back] = both
    t = np.arange(n_time)[:, None, None]
    access_up = sat_up[:, t, scene.access.sat]
    return masks_of(link_up, access_up)


def _access(scene: Scene, seen_by) -> Access:
    if not isinstance(seen_by[0][0], (list, tuple)):
        seen_by = [seen_by] * len(scene.time_s)
    room = max(len(each) for at_time in seen_by for each in at_time)
    shape = (len(scene.time_s), scene.sites.n_site, room)
    sat, delay_s = np.zeros(shape, np.int32), np.full(shape, np.inf)
    elevation_rad = np.full(shape, -np.inf, np.float32)
    for t, at_time in enumerate(seen_by):
        for site, each in enumerate(at_time):
            sat[t, site, : len(each)], delay_s[t, site, : len(each)] = each, 0.01
            elevation_rad[t, site, : len(each)] = 1.5 - 0.1 * np.arange(len(each))
    return Access(sat, delay_s, elevation_rad, best_only=False, n_cut=0)
