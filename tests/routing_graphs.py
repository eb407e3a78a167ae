"""Small networks and masks for the routing tests."""

import numpy as np

from sdn_mc.core.network import Masks, Network


def network_from_links(
    n_sat: int,
    links: list[tuple[int, int]],
    delay_s: np.ndarray,  # [time, link]
    access_sat: np.ndarray,
    access_delay_s: np.ndarray,
    pairs: list[tuple[int, int]],
    n_port: int = 4,  # one number for most tests: the kernel is compiled for each
) -> tuple[Network, np.ndarray]:
    """A network of undirected links, and the link behind each slot (-1: none)."""
    neighbour = np.tile(np.arange(n_sat, dtype=np.int32)[:, None], (1, n_port))
    slot_link = np.full((n_sat, n_port), -1)
    used = np.zeros(n_sat, int)
    for link, ends in enumerate(links):
        for here, there in (ends, ends[::-1]):
            neighbour[here, used[here]] = there
            slot_link[here, used[here]] = link
            used[here] += 1
    padded = np.concatenate([delay_s, np.full((len(delay_s), 1), np.inf)], axis=1)
    source = sorted({a for a, _ in pairs})
    network = Network(
        neighbour=neighbour,
        delay_s=padded[:, slot_link],
        access_sat=access_sat.astype(np.int32),
        access_delay_s=access_delay_s,
        source=np.array(source, np.int32),
        pair_source=np.array([source.index(a) for a, _ in pairs], np.int32),
        pair_site=np.array([b for _, b in pairs], np.int32),
    )
    return network, slot_link


def random_network(seed: int, n_sat: int = 40, n_time: int = 2) -> tuple[Network, np.ndarray]:
    """Random links, some parallel, some satellites and sites cut off; four sites, five pairs."""
    rng = np.random.default_rng(seed)
    n_link = int(rng.integers(0, 2 * n_sat))
    wanted = [tuple(rng.choice(n_sat - 3, 2, replace=False)) for _ in range(n_link)]
    wanted += wanted[: n_link // 8]  # parallel links between the same two satellites
    links: list[tuple[int, int]] = []
    free = np.full(n_sat, 4)
    for ends in wanted:
        if free[list(ends)].all():
            free[list(ends)] -= 1
            links.append(ends)
    delay_s = rng.uniform(1e-4, 3e-2, (n_time, len(links)))
    delay_s[rng.random(delay_s.shape) < 0.05] = np.inf
    access_delay_s = rng.uniform(1e-3, 1e-2, (n_time, 4, 3))
    access_delay_s[rng.random(access_delay_s.shape) < 0.3] = np.inf
    access_sat = rng.integers(0, n_sat, access_delay_s.shape)
    pairs = [(0, 1), (2, 1), (0, 3), (3, 0), (2, 2)]
    return network_from_links(n_sat, links, delay_s, access_sat, access_delay_s, pairs)


def irregular(seed: int) -> tuple[Network, np.ndarray]:
    """Random links, some parallel; separate parts and lone satellites; 1 to 5 sources and more.

    Sites may be source and destination, have no candidate that is up, or several at one satellite.
    """
    rng = np.random.default_rng(seed)
    n_sat, n_time = int(rng.integers(2, 90)), int(rng.integers(1, 3))
    n_source, n_destination = rng.integers(1, 6, 2)
    n_link = int(rng.integers(0, 2 * n_sat))
    halves = rng.integers(0, 2, n_sat)  # no link joins the halves
    links: list[tuple[int, int]] = []
    free = np.full(n_sat, 4)
    for _ in range(n_link):
        a, b = (int(sat) for sat in rng.integers(0, n_sat, 2))
        for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
            if a != b and halves[a] == halves[b] and free[a] and free[b]:
                free[[a, b]] -= 1
                links.append((a, b))
    delay_s = rng.uniform(1e-4, 3e-2, (n_time, len(links)))
    delay_s[rng.random(delay_s.shape) < 0.05] = np.inf
    shape = (n_time, int(n_source + n_destination), int(rng.integers(1, 5)))
    access_delay_s = rng.uniform(1e-3, 1e-2, shape)
    access_delay_s[rng.random(shape) < 0.3] = np.inf
    access_delay_s[:, -1][rng.random(n_time) < 0.3] = np.inf
    pairs = [(a, n_source + b) for a in range(n_source) for b in range(n_destination)]
    pairs += [(0, 0), (n_source, 0)]  # a site with itself; a destination that is a source too
    pairs = [pairs[i] for i in rng.permutation(len(pairs))]
    access_sat = rng.integers(0, n_sat, shape)
    return network_from_links(n_sat, links, delay_s, access_sat, access_delay_s, pairs)


def plus_grid(n_plane: int, n_slot: int, equal_delay: bool) -> tuple[Network, np.ndarray]:
    """A torus of planes with six access candidates for each of six sites."""
    rng = np.random.default_rng(5)
    sat = np.arange(n_plane * n_slot).reshape(n_plane, n_slot)
    along = np.stack([sat, np.roll(sat, -1, axis=1)], -1).reshape(-1, 2)
    across = np.stack([sat, np.roll(sat, -1, axis=0)], -1).reshape(-1, 2)
    links = [(int(a), int(b)) for a, b in np.concatenate([along, across])]
    shape = (2, len(links))
    delay_s = np.full(shape, 4e-3) if equal_delay else rng.uniform(2e-3, 8e-3, shape)
    access_delay_s = np.full((2, 6, 6), 2e-3) if equal_delay else rng.uniform(2e-3, 6e-3, (2, 6, 6))
    access_sat = rng.integers(0, sat.size, (2, 6, 6))
    pairs = [(0, 1), (1, 2), (2, 3), (0, 4), (5, 0), (5, 5)]
    return network_from_links(sat.size, links, delay_s, access_sat, access_delay_s, pairs)


def random_flags(
    network: Network, slot_link: np.ndarray, n_draw: int, loss: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """What is up: link slots [time, sat, port, draw] and access [time, site, candidate, draw].

    A link's two slots agree; padding slots hold noise, as they may.
    """
    rng = np.random.default_rng(seed)
    n_time, n_sat, n_port = network.delay_s.shape
    by_link = rng.random((n_time, slot_link.max() + 2, n_draw)) >= loss
    noise = rng.random((n_time, n_sat, n_port, n_draw)) >= 0.5
    link_up = np.where(slot_link[None, :, :, None] < 0, noise, by_link[:, slot_link])
    access_up = rng.random((*network.access_delay_s.shape, n_draw)) >= loss
    return link_up, access_up


def pack(link_up: np.ndarray, access_up: np.ndarray) -> Masks:
    """Flags with draws trailing to the words that solvers read."""
    return Masks(_words(link_up), _words(access_up))


def _words(flags: np.ndarray) -> np.ndarray:
    split = flags.reshape(*flags.shape[:-1], -1, 32)
    words = np.packbits(split, axis=-1, bitorder="little").view("<u4")[..., 0]
    return np.ascontiguousarray(np.moveaxis(words, -1, 1)).astype(np.uint32)


def answers(routes):
    """What a solver told, by name."""
    return {name: value for name, value in routes.__dict__.items() if value is not None}
