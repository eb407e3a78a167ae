"""What must hold of every mesh, and the links that are up when satellites are lost."""

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from sdn_mc.core.scene import Links


def at_time(links: Links, time: int) -> tuple[np.ndarray, np.ndarray]:
    """Neighbours and peers of one instant."""
    if links.neighbour.ndim == 2:
        return links.neighbour, links.peer
    return links.neighbour[time], links.peer[time]


def up_slots(links: Links, lost: np.ndarray, time: int = 0) -> np.ndarray:
    """Slots that carry traffic long after the loss of the given satellites [sat, port]."""
    neighbour, _ = at_time(links, time)
    skipped = links.wakes_on
    awake = np.all((skipped < 0) | lost[skipped], axis=-1)
    stands = np.isfinite(links.delay_s[time])
    return awake & stands & ~lost[:, None] & ~lost[neighbour]


def check_mesh(links: Links, lost: np.ndarray, time: int = 0) -> None:
    """Two-ended, no self or double link, and a terminal serves one link at a time."""
    n_sat = len(links.terminal)
    here = np.arange(n_sat)[:, None]
    neighbour, peer = at_time(links, time)
    assert np.array_equal(neighbour[neighbour, peer], np.broadcast_to(here, neighbour.shape))
    assert np.array_equal(
        peer[neighbour, peer], np.broadcast_to(np.arange(peer.shape[1]), peer.shape)
    )
    empty = neighbour == here
    assert np.all(np.isinf(links.delay_s[time][empty]))
    assert np.all(links.wakes_on[empty] == -1)
    up = up_slots(links, lost, time)
    assert np.array_equal(up[neighbour, peer] & ~empty, up)
    assert np.array_equal(links.delay_s[time][neighbour, peer][~empty], links.delay_s[time][~empty])
    sat, slot = np.nonzero(up)
    low, high = np.minimum(sat, neighbour[sat, slot]), np.maximum(sat, neighbour[sat, slot])
    _, ends = np.unique(low.astype(np.int64) * n_sat + high, return_counts=True)
    assert np.all(ends == 2)
    assert links.terminal.max() < links.n_terminal
    _, uses = np.unique(sat * links.n_terminal + links.terminal[sat, slot], return_counts=True)
    assert np.all(uses == 1)


def n_component(links: Links, lost: np.ndarray | None = None, time: int = 0) -> int:
    """Connected components of the survivors."""
    n_sat = len(links.terminal)
    lost = np.zeros(n_sat, bool) if lost is None else lost
    neighbour, _ = at_time(links, time)
    sat, slot = np.nonzero(up_slots(links, lost, time))
    graph = coo_matrix((np.ones(len(sat)), (sat, neighbour[sat, slot])), (n_sat, n_sat))
    label = connected_components(graph, directed=False)[1]
    return len(np.unique(label[~lost]))


def link_list(links: Links, time: int = 0) -> set[tuple[int, int]]:
    """Primary links, lower index first."""
    neighbour, _ = at_time(links, time)
    sat, slot = np.nonzero(neighbour[:, : links.n_terminal] > np.arange(len(neighbour))[:, None])
    return set(zip(sat.tolist(), neighbour[sat, slot].tolist(), strict=True))
