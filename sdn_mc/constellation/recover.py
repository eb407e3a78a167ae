"""Shells, planes and slots found in real element sets, from mean elements at one common instant.

Model, in this order (one set of constants for every fleet):

1. *Refuse* what SGP4 cannot propagate, what is old, low ("decaying") or eccentric.
2. *Inclination groups*: sorted, cut where the gap exceeds `inclination_gap_deg`.
3. *Layers*: inside a group two satellites touch if their nodes are within `node_reach_deg` on the
   circle and their heights within `height_reach_km`; connected components are layers.
4. *Planes*: a layer of fewer than `strong_members` joins the nearest larger layer of its group
   within `absorb_node_deg` and `absorb_height_km`. Layers of one plane drift past each other by
   9.4 km an orbit and km of height, so they share a plane but no lasting order of slots.
5. *Shells*: in a group a height is dense if `dense_members` (or `dense_share` of the group) lie
   within `band_km` of it; dense heights are chained over gaps below `shell_gap_km`. A shell has
   `shell_members`, and two planes of two or `shell_share` of the file.

Constants were set on five element files of August 2026 (Starlink, OneWeb, Kuiper, Iridium, SDA) and
agree with the filed patterns where those are public; labels are 99.5 % the same from sets a day
apart. Real shells need not be Walker patterns, and nothing here assumes a number of planes.

Limits: nodes must be secular and at one instant. With each satellite's node at its own epoch only
73 % keep their plane, with osculating elements 85 %.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int, Int8
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from sdn_mc.core.fleet import Status
from sdn_mc.core.scene import MeanElements

REGULAR = 0.8  # regularity below which a shell is called irregular and never read as a pattern
MANY_LEFT_OUT = 0.1  # share of satellites outside every shell that deserves a warning
STAR_GAP_DEG = 120.0  # a hole this wide in the nodes: planes over 180 deg, not around the circle
MOST_TEETH = 150  # of a comb: the largest real pattern (Kuiper) has 144 nodes
TEETH_PER_PLANE = 3
OPEN_AXIS_OFFSET_KM = 1000.0  # the tree wants coordinates that are not negative


class Recovered(NamedTuple):
    """Where each satellite belongs.

    A satellite takes part in the mesh if and only if `shell >= 0`. `status` says why it does not,
    with one exception: `LONE_PLANE` satellites are in a shell, so they carry traffic and may have
    links to other planes; the code only tells that nobody shares their plane.
    """

    plane: Int[np.ndarray, " sat"]  # over all shells, by shell and then by node; -1 outside shells
    layer: Int[np.ndarray, " sat"]  # over all shells; -1 outside shells
    shell: Int[np.ndarray, " sat"]  # by inclination, then by height; -1 for none
    slot: Int[np.ndarray, " sat"]  # order in the plane by argument of latitude; -1 outside shells
    status: Int8[np.ndarray, " sat"]
    notes: tuple[str, ...]


class ShellFacts(NamedTuple):
    """One row of the table of shells."""

    shell: int
    n_sat: int
    inclination_deg: float
    altitude_p1_km: float
    altitude_p50_km: float
    altitude_p99_km: float
    n_plane: int
    n_plane_of_8: int  # planes with 8 members or more
    comb: float  # nodes per 360 deg of the best regular comb; NaN below three planes
    regularity: float  # its length |mean exp(i comb node)|: 1 is perfectly regular; NaN as above


def recover(
    mean: MeanElements,
    *,
    max_age_d: float = 5.0,
    min_altitude_km: float = 250.0,
    max_eccentricity: float = 0.02,
    inclination_gap_deg: float = 0.15,
    node_reach_deg: float = 0.5,
    height_reach_km: float = 1.0,
    strong_members: int = 10,
    absorb_node_deg: float = 1.2,
    absorb_height_km: float = 30.0,
    band_km: float = 1.0,
    dense_members: int = 6,
    dense_share: float = 0.005,
    shell_gap_km: float = 20.0,
    shell_members: int = 12,
    shell_share: float = 0.1,
) -> Recovered:
    """Plane, layer, shell, slot and status of every satellite; ties are settled by index."""
    status = _refused(mean, max_age_d, min_altitude_km, max_eccentricity)
    kept = np.flatnonzero(status == Status.IN_SERVICE)
    known = _take(mean, kept)
    group = _cut(known.inclination_deg, inclination_gap_deg)
    layer = _layers(known, group, node_reach_deg, height_reach_km)
    plane = _planes(known, group, layer, strong_members, absorb_node_deg, absorb_height_km)
    shell = np.full(len(kept), -1)
    n_shell = 0
    for members in _members(group):
        enough = max(float(dense_members), dense_share * len(members))
        for band in _bands(known.altitude_km, members, band_km, enough, shell_gap_km):
            paired = np.count_nonzero(np.bincount(plane[band]) >= 2)
            large = len(band) >= shell_share * len(status)
            if len(band) >= shell_members and (paired >= 2 or large):
                shell[band] = n_shell
                n_shell += 1
    alone = np.bincount(plane, minlength=1)[plane] == 1
    status[kept[(shell >= 0) & alone]] = Status.LONE_PLANE
    status[kept[shell < 0]] = Status.OFF_BAND
    return _numbered(mean, kept, plane, layer, shell, status)


def shell_table(mean: MeanElements, recovered: Recovered) -> list[ShellFacts]:
    """Facts of every shell, for the summary and the store."""
    rows = []
    for shell in range(int(recovered.shell.max(initial=-1)) + 1):
        member = np.flatnonzero(recovered.shell == shell)
        _, plane, size = np.unique(recovered.plane[member], return_inverse=True, return_counts=True)
        low, middle, high = np.percentile(mean.altitude_km[member], [1, 50, 99])
        comb, regularity = _best_comb(mean.raan_deg[member], plane, len(size))
        rows.append(
            ShellFacts(
                shell=shell,
                n_sat=len(member),
                inclination_deg=float(np.median(mean.inclination_deg[member])),
                altitude_p1_km=float(low),
                altitude_p50_km=float(middle),
                altitude_p99_km=float(high),
                n_plane=len(size),
                n_plane_of_8=int(np.count_nonzero(size >= 8)),
                comb=comb,
                regularity=regularity,
            )
        )
    return rows


# ---- the steps


def _refused(
    mean: MeanElements, max_age_d: float, min_altitude_km: float, max_eccentricity: float
) -> Int8[np.ndarray, " sat"]:
    """The first reason that applies, else in service."""
    reasons = (
        (mean.error != 0, Status.PROPAGATION_ERROR),
        (np.abs(mean.age_d) > max_age_d, Status.OLD_ELEMENTS),
        (mean.altitude_km < min_altitude_km, Status.DECAYING),
        (mean.eccentricity > max_eccentricity, Status.ECCENTRIC),
    )
    chosen = np.select([where for where, _ in reasons], [code for _, code in reasons], 0)
    return chosen.astype(np.int8)


def _cut(value: Float64[np.ndarray, " sat"], gap: float) -> Int[np.ndarray, " sat"]:
    """Groups of values, in order, separated by more than `gap`."""
    order = np.argsort(value, kind="stable")
    group = np.zeros(len(value), int)
    group[order[1:]] = np.cumsum(np.diff(value[order]) > gap)
    return group


def _members(label: Int[np.ndarray, " sat"]) -> list[Int[np.ndarray, " member"]]:
    """Indices under each label, ascending."""
    order = np.argsort(label, kind="stable")
    return np.split(order, np.cumsum(np.bincount(label))[:-1]) if len(label) else []


def _layers(
    mean: MeanElements,
    group: Int[np.ndarray, " sat"],
    node_reach_deg: float,
    height_reach_km: float,
) -> Int[np.ndarray, " sat"]:
    """Connected components of satellites that touch in node and height, group by group."""
    layer = np.zeros(len(group), int)
    n_layer = 0
    for members in _members(group):
        a, b = _touching(
            mean.raan_deg[members], mean.altitude_km[members], node_reach_deg, height_reach_km
        )
        shape = (len(members), len(members))
        graph = coo_matrix((np.ones(len(a), np.int8), (a, b)), shape)
        found, label = connected_components(graph, directed=False)
        layer[members] = n_layer + label
        n_layer += found
    return layer


def _touching(
    node_deg: Float64[np.ndarray, " member"],
    height_km: Float64[np.ndarray, " member"],
    node_reach_deg: float,
    height_reach_km: float,
) -> tuple[Int[np.ndarray, " touch"], Int[np.ndarray, " touch"]]:
    """Pairs a < b within both reaches, the node taken around the circle."""
    around = node_deg % 360.0
    around = np.where(around >= 360.0, 0.0, around)  # -1e-17 % 360 is 360.0
    height = (height_km + OPEN_AXIS_OFFSET_KM) / height_reach_km
    tree = cKDTree(
        np.stack([around / node_reach_deg, height], axis=1), boxsize=(360.0 / node_reach_deg, 0.0)
    )
    pairs = tree.query_pairs(1.0, p=np.inf, output_type="ndarray")
    return pairs[:, 0], pairs[:, 1]


def _planes(
    mean: MeanElements,
    group: Int[np.ndarray, " sat"],
    layer: Int[np.ndarray, " sat"],
    strong_members: int,
    absorb_node_deg: float,
    absorb_height_km: float,
) -> Int[np.ndarray, " sat"]:
    """Layers with the weak ones joined to a larger neighbour; a plane is named by its layer."""
    size = np.bincount(layer)
    n_layer = len(size)
    if n_layer == 0:
        return layer
    group_of = np.zeros(n_layer, int)
    group_of[layer] = group
    node_deg = _circular_mean_deg(mean.raan_deg, layer, n_layer)
    height_km = _median_by(mean.altitude_km, layer, size)
    a, b = _touching(node_deg, height_km, absorb_node_deg, absorb_height_km)
    weak, strong = np.r_[a, b], np.r_[b, a]
    larger = (size[strong] > size[weak]) | ((size[strong] == size[weak]) & (strong < weak))
    joins = (group_of[weak] == group_of[strong]) & larger & (size[weak] < strong_members)
    weak, strong = weak[joins], strong[joins]
    distance = (
        np.abs(_wrapped_deg(node_deg[weak] - node_deg[strong])) / absorb_node_deg
        + np.abs(height_km[weak] - height_km[strong]) / absorb_height_km
    )
    order = np.lexsort((strong, distance, weak))
    target = np.arange(n_layer)
    first, at = np.unique(weak[order], return_index=True)
    target[first] = strong[order][at]
    while np.any(target[target] != target):  # a plane may be joined that itself joins another
        target = target[target]
    return target[layer]


def _bands(
    altitude_km: Float64[np.ndarray, " sat"],
    members: Int[np.ndarray, " member"],
    band_km: float,
    enough: float,
    shell_gap_km: float,
) -> list[Int[np.ndarray, " inside"]]:
    """Members of a group in each chain of dense heights, lowest first."""
    height = altitude_km[members]
    ordered = np.sort(height)
    near = np.searchsorted(ordered, height + band_km) - np.searchsorted(ordered, height - band_km)
    dense = np.sort(height[near >= enough])
    if len(dense) == 0:
        return []
    ends = np.flatnonzero(np.diff(dense) > shell_gap_km)
    lowest, highest = dense[np.r_[0, ends + 1]], dense[np.r_[ends, len(dense) - 1]]
    return [
        members[(height >= low - band_km) & (height <= high + band_km)]
        for low, high in zip(lowest, highest, strict=True)
    ]


def _numbered(
    mean: MeanElements,
    kept: Int[np.ndarray, " kept"],
    plane: Int[np.ndarray, " kept"],
    layer: Int[np.ndarray, " kept"],
    shell: Int[np.ndarray, " kept"],
    status: Int8[np.ndarray, " sat"],
) -> Recovered:
    """Planes counted by shell and node, slots by argument of latitude, over the whole fleet."""
    inside = shell >= 0
    member, in_shell = kept[inside], shell[inside]
    pair, plane_of = np.unique(
        np.stack([in_shell, plane[inside]], axis=1), axis=0, return_inverse=True
    )
    plane_of = plane_of.reshape(-1)
    node_deg = _circular_mean_deg(mean.raan_deg[member], plane_of, len(pair))
    number = np.empty(len(pair), int)
    number[np.lexsort((node_deg, pair[:, 0]))] = np.arange(len(pair))
    plane_of = number[plane_of]
    whole = {name: np.full(len(status), -1) for name in ("plane", "layer", "shell", "slot")}
    whole["plane"][member] = plane_of
    whole["layer"][member] = np.unique(layer[inside], return_inverse=True)[1]
    whole["shell"][member] = in_shell
    whole["slot"][member] = _rank(mean.argument_of_latitude_deg[member], plane_of)
    recovered = Recovered(status=status, notes=(), **whole)
    return recovered._replace(notes=_notes(mean, recovered))


def _notes(mean: MeanElements, recovered: Recovered) -> tuple[str, ...]:
    n_sat, n_out = len(recovered.shell), int(np.count_nonzero(recovered.shell < 0))
    notes = []
    if n_out > MANY_LEFT_OUT * n_sat:
        notes.append(
            f"warning: {n_out} of {n_sat} satellites ({n_out / n_sat:.0%}) are in no working "
            "shell and carry no traffic"
        )
    for row in shell_table(mean, recovered):
        if row.regularity < REGULAR:
            notes.append(
                f"shell {row.shell} ({row.n_sat} satellites, {row.inclination_deg:.2f} deg, "
                f"{row.altitude_p50_km:.0f} km) is irregular: its {row.n_plane} nodes fit no comb "
                f"(best {row.comb:.0f} with R = {row.regularity:.2f}); it is not a Walker pattern"
            )
    return tuple(notes)


# ---- small tools


def _take(mean: MeanElements, chosen: Int[np.ndarray, " chosen"]) -> MeanElements:
    return MeanElements(*(values[chosen] for values in mean))


def _wrapped_deg(angle_deg: Float64[np.ndarray, "*any"]) -> Float64[np.ndarray, "*any"]:
    return (angle_deg + 180.0) % 360.0 - 180.0


def _circular_mean_deg(
    angle_deg: Float64[np.ndarray, " sat"], label: Int[np.ndarray, " sat"], n_label: int
) -> Float64[np.ndarray, " label"]:
    angle = np.radians(angle_deg)
    sine = np.bincount(label, np.sin(angle), n_label)
    cosine = np.bincount(label, np.cos(angle), n_label)
    return np.degrees(np.arctan2(sine, cosine)) % 360.0


def _median_by(
    value: Float64[np.ndarray, " sat"],
    label: Int[np.ndarray, " sat"],
    size: Int[np.ndarray, " label"],
) -> Float64[np.ndarray, " label"]:
    """Median under each label; every label has members."""
    ordered = value[np.lexsort((value, label))]
    begin = np.cumsum(size) - size
    return (ordered[begin + (size - 1) // 2] + ordered[begin + size // 2]) / 2


def _rank(
    value: Float64[np.ndarray, " sat"], label: Int[np.ndarray, " sat"]
) -> Int[np.ndarray, " sat"]:
    """Position of each value among those of its label, from 0."""
    order = np.lexsort((value, label))
    size = np.bincount(label, minlength=1)
    begin = np.cumsum(size) - size
    rank = np.empty(len(value), int)
    rank[order] = np.arange(len(value)) - begin[label[order]]
    return rank


def _best_comb(
    node_deg: Float64[np.ndarray, " sat"], plane: Int[np.ndarray, " sat"], n_plane: int
) -> tuple[float, float]:
    """Teeth per 360 deg of the regular comb that fits a shell's nodes best, and how well (0 to 1).

    Around a full circle the number of teeth is whole, and the fewest within 3 % of the best win;
    more than `TEETH_PER_PLANE` a plane fit anything. A star's ring is open, so there any number
    near the median step will do.
    """
    if n_plane < 3:
        return np.nan, np.nan
    centre_deg = np.sort(_circular_mean_deg(node_deg, plane, n_plane))
    gap_deg = np.diff(centre_deg, append=centre_deg[0] + 360.0)
    if gap_deg.max() > STAR_GAP_DEG:
        middle = 360.0 / np.median(gap_deg)
        teeth, enough = np.linspace(0.9 * middle, 1.1 * middle, 401), 1.0
    else:
        teeth = np.arange(2.0, min(MOST_TEETH, TEETH_PER_PLANE * n_plane) + 1)
        enough = 0.97
    length = np.abs(np.exp(1j * np.radians(np.outer(teeth, node_deg))).mean(axis=1))
    best = int(np.flatnonzero(length >= enough * length.max())[0])
    return float(teeth[best]), float(length[best])
