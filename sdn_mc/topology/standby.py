"""Standby links: a terminal that loses its neighbour may point past it, at the next one in line.

For satellites a, b, c in line, a's terminal toward b and c's terminal toward b can form the link
a-c once b has been lost for as long as re-pointing takes. With `skip` n, up to n lost neighbours
in a row are bridged. A link that arrives at a satellite by one port leaves it, in line, by the
opposite one (ahead - behind, east - west), so the lines are chains and no terminal stands in two
awake links at a time. A 3-terminal satellite has one cross port and no opposite to it: it bridges
along its plane only.

Two ways that mesh operators are modelled are both offered: `fixed` (no standby links, a lower
bound) and `bypass`. Which pairs geometry allows is tested like any link. Not modelled: a terminal
that turns to a satellite off its line, and two lost lines that trade terminals.
"""

import numpy as np
from jaxtyping import Bool, Int

from sdn_mc.topology.wiring import AHEAD, BEHIND, EAST, WEST, Wiring

MENDS = ("fixed", "bypass")
MEND_DOC = "What a terminal does that lost its neighbour: nothing, or point past it."
SKIP_DOC = "Lost neighbours in a row that a bypass can bridge."
RETARGET_DOC = (
    "Loss of a neighbour before its bypass carries traffic; 100 s is the acquisition limit of the "
    "SDA optical terminal standard."
)
OPPOSITE = np.array([BEHIND, AHEAD, WEST, EAST])  # of ahead, behind, east, west


def mended(wiring: Wiring, mend: str, skip: int) -> Wiring:
    """The wiring with its standby slots, or as it is."""
    return with_standby(wiring, skip) if mend == "bypass" else wiring


def with_standby(wiring: Wiring, skip: int) -> Wiring:
    """Adds `skip` standby slots for every terminal, after the primary ones, port by port."""
    n_sat, n_terminal = wiring.neighbour.shape
    start = np.repeat(np.arange(n_sat)[:, None], n_terminal, axis=1)
    shape = (n_sat, n_terminal, skip)
    own_slot = np.broadcast_to(
        n_terminal + np.arange(n_terminal * skip).reshape(n_terminal, skip), shape
    )
    neighbour, peer = np.broadcast_to(start[..., None], shape).copy(), own_slot.copy()
    wakes_on = np.full((*shape, skip), -1)
    passed = np.full(shape, -1)
    at, arrival = wiring.neighbour.astype(int), wiring.peer.astype(int)
    in_line = at != start
    for k in range(skip):
        passed[..., k] = at
        at, arrival, in_line = _next_in_line(wiring, at, arrival, in_line)
        in_line &= (at != start) & np.all(at[..., None] != passed, axis=-1)
        neighbour[in_line, k] = at[in_line]
        peer[in_line, k] = n_terminal + arrival[in_line] * skip + k
        wakes_on[in_line, k] = passed[in_line]
    flat = (n_sat, n_terminal * skip)
    double = _doubles(wiring, neighbour.reshape(flat), peer.reshape(flat), skip).reshape(shape)
    return Wiring(
        neighbour=_joined(wiring.neighbour, np.where(double, start[..., None], neighbour)),
        peer=_joined(wiring.peer, np.where(double, own_slot, peer)),
        terminal=_joined(wiring.terminal, np.repeat(wiring.terminal, skip, axis=1)),
        wakes_on=np.concatenate(
            [
                np.full((n_sat, n_terminal, skip), -1, np.int32),
                np.where(double[..., None], -1, wakes_on).reshape(*flat, skip).astype(np.int32),
            ],
            axis=1,
        ),
        n_terminal=n_terminal,
    )


def _next_in_line(
    wiring: Wiring,
    at: Int[np.ndarray, "sat port"],
    arrival: Int[np.ndarray, "sat port"],
    in_line: Bool[np.ndarray, "sat port"],
) -> tuple[Int[np.ndarray, "sat port"], Int[np.ndarray, "sat port"], Bool[np.ndarray, "sat port"]]:
    """One satellite further, left by the port opposite to the arrival: where, how, is there one?"""
    leave = OPPOSITE[arrival]
    has_port = leave < wiring.n_terminal
    leave = np.where(has_port, leave, 0)
    following = wiring.neighbour[at, leave].astype(int)
    onward = in_line & has_port & (following != at)
    by = wiring.peer[at, leave].astype(int)
    return np.where(onward, following, at), np.where(onward, by, arrival), onward


def _doubles(
    wiring: Wiring,
    neighbour: Int[np.ndarray, "sat standby"],
    peer: Int[np.ndarray, "sat standby"],
    skip: int,
) -> Bool[np.ndarray, "sat standby"]:
    """Standby links between satellites that are linked already, or by a shorter standby.

    They occur on short rings only: round a ring of three, the next but one is the neighbour.
    """
    n_sat, n_standby = neighbour.shape
    here = np.broadcast_to(np.arange(n_sat)[:, None], neighbour.shape)
    slot = here * n_standby + np.arange(n_standby)
    other = neighbour * n_standby + (peer - wiring.n_terminal)
    link = np.minimum(slot, other)  # one number for both ends
    used = neighbour != here
    pair = _pair(here[used], neighbour[used], n_sat)
    order = np.lexsort((link[used], slot[used] % skip, pair))
    pairs, first = np.unique(pair[order], return_index=True)
    primary = _pair(np.arange(n_sat)[:, None], wiring.neighbour, n_sat)
    kept = link[used][order][first][~np.isin(pairs, primary)]
    return used & ~np.isin(link, kept)


def _pair(a: np.ndarray, b: np.ndarray, n_sat: int) -> np.ndarray:
    """One number for two satellites in either order."""
    return np.minimum(a, b).astype(np.int64) * n_sat + np.maximum(a, b)


def _joined(
    primary: Int[np.ndarray, "sat port"], standby: Int[np.ndarray, "sat ..."]
) -> Int[np.ndarray, "sat slot"]:
    return np.concatenate([primary, standby.reshape(len(primary), -1)], axis=1).astype(np.int32)
