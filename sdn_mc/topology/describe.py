"""What the summary must say of a mesh: links, terminals in use, pieces, and links that stand."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Int
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from sdn_mc.core.scene import Links


def described(links: Links, member: Bool[np.ndarray, " sat"], notes: tuple[str, ...] = ()) -> Links:
    """The links with notes: those given, then what every mesh says of itself."""
    return dataclasses.replace(links, notes=(*notes, *mesh_notes(links, member)))


def mesh_notes(links: Links, member: Bool[np.ndarray, " sat"]) -> tuple[str, ...]:
    """Sentences about the primary links between the satellites of the mesh."""
    n_member = int(np.count_nonzero(member))
    if n_member == 0:
        return ("no satellite is in the mesh",)
    primary = slice(0, links.n_terminal)
    here, port = np.nonzero(links.neighbour[:, primary] > np.arange(len(links.neighbour))[:, None])
    if len(here) == 0:
        return (f"{n_member} satellites are in the mesh, but no link is possible between any two",)
    there = links.neighbour[here, port]
    degree = np.bincount(np.r_[here, there], minlength=len(member))[member]
    stands = np.isfinite(links.delay_s[:, here, port])
    label = components(len(member), here[stands[0]], there[stands[0]])[member]
    size = np.bincount(label)
    pieces, largest = int(np.count_nonzero(size)), int(size.max())
    histogram = np.bincount(degree, minlength=links.n_terminal + 1)
    notes = [
        f"{len(here)} links between {n_member} satellites; {stands[0].mean():.2%} of them stand at "
        f"the first instant, {stands.all(axis=0).mean():.2%} at every instant of the scene",
        "satellites by number of links: "
        + ", ".join(f"{count} with {k}" for k, count in enumerate(histogram)),
        f"{pieces} connected component{'s' if pieces > 1 else ''} at the first instant, the "
        f"largest with {largest / n_member:.1%} of the satellites",
    ]
    never = int(np.count_nonzero(~stands.any(axis=0)))
    if never:
        notes.append(f"{never} links never stand in this scene: geometry forbids them")
    standby = links.neighbour[:, links.n_terminal :] > np.arange(len(links.neighbour))[:, None]
    if standby.any():
        notes.append(
            f"{np.count_nonzero(standby)} standby links, each awake once what it bridges has been "
            f"lost for {links.retarget_s:g} s"
        )
    return tuple(notes)


def components(
    n_sat: int, a: Int[np.ndarray, " link"], b: Int[np.ndarray, " link"]
) -> Int[np.ndarray, " sat"]:
    """The connected component of every satellite."""
    graph = coo_matrix((np.ones(len(a), np.int8), (a, b)), (n_sat, n_sat))
    return connected_components(graph, directed=False)[1]
