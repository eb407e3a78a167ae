"""+Grid: every satellite is linked to the next and the last of its plane, and to one satellite of
each adjacent plane. For fleets whose shells are regular: the same number of slots in every plane.

Model: within a shell, satellite (plane p, slot s) has the links (p, s) - (p, s + 1 mod S) and
(p, s) - (p + 1, s + shift mod S). The shift is a given whole number for all pairs of planes, or
found by geometry for each pair: the one whose partners are nearest over an orbit (mean square of
the lasting distance, `embedding.py`), so it also follows the Walker phasing across the seam.
The ring of planes is closed from the last plane to the first (the seam) where that is asked for, or
by itself where the two move together (cos of the angle between the planes above 0.5); a Walker
star, whose first and last planes move against each other, stays open.

Ports: 0 ahead (next slot), 1 behind, 2 east (next plane), 3 west. Shells are not joined. In a
shell of two planes, or a plane of two slots, the second link between the same two satellites is
left out. Source of the pattern: Wood 2001, "Internetworking with satellite constellations", ch. 3;
the same links are built by Hypatia (Kassing et al. 2020) with shift 0 and a closed seam.
"""

import equinox as eqx
import numpy as np
from jaxtyping import Int

from sdn_mc.core.fields import field
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.problems import InputError
from sdn_mc.core.scene import Ephemeris, Links, MeanElements
from sdn_mc.topology.describe import described
from sdn_mc.topology.embedding import MOVE_TOGETHER, embed, pair_orbits
from sdn_mc.topology.standby import MEND_DOC, MENDS, RETARGET_DOC, SKIP_DOC, mended
from sdn_mc.topology.wiring import (
    AHEAD,
    BEHIND,
    EAST,
    GRAZING_DOC,
    RANGE_DOC,
    RATE_DOC,
    WEST,
    Limits,
    links_over_time,
    wire,
)

N_PORT = 4
SAME_KM2 = 1e-6  # two shifts as near as this are equal, and the smaller one is taken


class PlusGrid(eqx.Module):
    """Four links a satellite: two along the plane, two to the planes beside it."""

    slot_shift: int | None = field(
        within=(-10_000, 10_000),
        doc="Slots from a satellite to its partner in the next plane; null: by geometry.",
        static=True,
    )
    seam: bool | None = field(
        doc="Link the last plane to the first; null: if they move together.", static=True
    )
    max_range_km: float | None = field(unit="km", within=(0, 1e6), doc=RANGE_DOC)
    grazing_km: float | None = field(unit="km", within=(-100, 1000), doc=GRAZING_DOC, assumed=True)
    max_rate_deg_s: float | None = field(unit="deg/s", within=(0, 180), doc=RATE_DOC, assumed=True)
    mend: str = field(choices=MENDS, doc=MEND_DOC)
    skip: int = field(within=(1, 8), doc=SKIP_DOC, static=True)
    retarget_s: float = field(unit="s", within=(0, 86_400), doc=RETARGET_DOC, assumed=True)

    def misfits(self, fleet: Fleet) -> list[str]:
        """Shells whose planes are not alike."""
        found = []
        for shell in np.unique(fleet.shell[fleet.shell >= 0]):
            size = np.unique(fleet.plane[fleet.shell == shell], return_counts=True)[1]
            if np.any(size != size[0]):
                found.append(
                    f"the planes of shell {shell} have from {size.min()} to {size.max()} "
                    "satellites, but a grid needs the same number in each; use "
                    "topology=planned for real element sets"
                )
        return found

    def build(self, fleet: Fleet, ephemeris: Ephemeris) -> Links:
        """The mesh of every shell, and its delays at every time."""
        if problems := self.misfits(fleet):
            raise InputError(problems)
        notes, ends, ports = [], [], []
        for shell in np.unique(fleet.shell[fleet.shell >= 0]):
            grid = _grid(fleet, int(shell))
            shift = self._shifts(grid, ephemeris.mean)
            sat, port = _grid_links(grid, shift)
            ends.append(sat)
            ports.append(port)
            notes.append(_shell_note(int(shell), grid, shift))
        sat, port, left_out = _within_terminals(fleet, _listed(ends), _listed(ports))
        wiring = mended(wire(fleet.n_sat, N_PORT, sat, port), self.mend, self.skip)
        limits = Limits(self.max_range_km, self.grazing_km, self.max_rate_deg_s)
        links = links_over_time(wiring, ephemeris, limits, self.retarget_s)
        member = ephemeris.carries_traffic & (fleet.shell >= 0)
        return described(links, member, (*notes, *left_out))

    def _shifts(
        self, grid: Int[np.ndarray, "plane slot"], mean: MeanElements
    ) -> Int[np.ndarray, " step"]:
        """Slot shift from every plane to the next; one for each plane where the seam is closed."""
        n_plane = len(grid)
        closed = self.seam
        if closed is None:
            closed = n_plane > 2 and _move_together(mean, grid[-1], grid[0])
        n_step = n_plane if closed and n_plane > 1 else n_plane - 1
        if self.slot_shift is not None:
            return np.full(n_step, self.slot_shift)
        following = np.roll(grid, -1, axis=0)
        return np.array([nearest_shift(mean, grid[p], following[p]) for p in range(n_step)], int)


def nearest_shift(
    mean: MeanElements, plane: Int[np.ndarray, " slot"], following: Int[np.ndarray, " slot"]
) -> int:
    """The shift, in (-S/2, S/2], whose partners in the next plane are nearest over an orbit."""
    n_slot = len(plane)
    both = np.concatenate([plane, following])
    point_km = embed(MeanElements(*(values[both] for values in mean)), 0.0)
    apart_km = point_km[:n_slot, None] - point_km[None, n_slot:]
    square_km2 = np.einsum("ijk,ijk->ij", apart_km, apart_km)
    slot = np.arange(n_slot)
    shift = np.array(
        sorted(range(-((n_slot - 1) // 2), n_slot // 2 + 1), key=lambda k: (abs(k), -k))
    )
    cost_km2 = np.array([square_km2[slot, (slot + k) % n_slot].mean() for k in shift])
    return int(shift[np.flatnonzero(cost_km2 <= cost_km2.min() + SAME_KM2)[0]])


def _grid(fleet: Fleet, shell: int) -> Int[np.ndarray, "plane slot"]:
    """Satellites of a shell by plane and slot."""
    member = np.flatnonzero(fleet.shell == shell)
    member = member[np.lexsort((fleet.slot[member], fleet.plane[member]))]
    return member.reshape(len(np.unique(fleet.plane[member])), -1)


def _grid_links(
    grid: Int[np.ndarray, "plane slot"], shift: Int[np.ndarray, " step"]
) -> tuple[Int[np.ndarray, "link end"], Int[np.ndarray, "link end"]]:
    """Satellites and ports of all links of a shell, plane by plane, in-plane ones first."""
    n_plane, n_slot = grid.shape
    step = np.arange(len(shift))[:, None]
    partner = grid[(step + 1) % n_plane, (np.arange(n_slot) + shift[:, None]) % n_slot]
    along = np.stack([grid, np.roll(grid, -1, axis=1)], axis=-1).reshape(-1, 2)
    across = np.stack([grid[: len(shift)], partner], axis=-1).reshape(-1, 2)
    sat = np.concatenate([along, across])
    port = np.concatenate(
        [np.tile([AHEAD, BEHIND], (len(along), 1)), np.tile([EAST, WEST], (len(across), 1))]
    )
    low_high = np.sort(sat, axis=1)
    once = np.sort(np.unique(low_high, axis=0, return_index=True)[1])
    once = once[sat[once, 0] != sat[once, 1]]
    return sat[once], port[once]


def _within_terminals(
    fleet: Fleet, sat: Int[np.ndarray, "link end"], port: Int[np.ndarray, "link end"]
) -> tuple[Int[np.ndarray, "kept end"], Int[np.ndarray, "kept end"], tuple[str, ...]]:
    """The links whose satellites have the terminals for them, and a note on the rest."""
    allowed = np.all(port < fleet.n_terminal[sat], axis=1)
    if allowed.all():
        return sat, port, ()
    note = (
        f"{np.count_nonzero(~allowed)} links of the grid are left out because a satellite has "
        f"fewer than {N_PORT} terminals; topology=planned topology.terminals=3 wires such fleets"
    )
    return sat[allowed], port[allowed], (note,)


def _move_together(
    mean: MeanElements, last: Int[np.ndarray, " slot"], first: Int[np.ndarray, " slot"]
) -> bool:
    pair = MeanElements(*(values[[last[0], first[0]]] for values in mean))
    orbits = pair_orbits(pair, embed(pair, 0.0), np.array([0]), np.array([1]))
    return bool(orbits.cos_tilt[0] > MOVE_TOGETHER)


def _shell_note(
    shell: int, grid: Int[np.ndarray, "plane slot"], shift: Int[np.ndarray, " step"]
) -> str:
    n_plane, n_slot = grid.shape
    value, count = np.unique(shift, return_counts=True)
    shifts = ", ".join(f"{k} ({n} of {count.sum()})" for k, n in zip(value, count, strict=True))
    seam = "closed" if len(shift) == n_plane else "open"
    return (
        f"shell {shell}: +Grid of {n_plane} planes of {n_slot}, seam {seam}, slot shift from plane "
        f"to plane: {shifts or 'none'}"
    )


def _listed(parts: list[Int[np.ndarray, "_ end"]]) -> Int[np.ndarray, "link end"]:
    return np.concatenate([np.zeros((0, 2), int), *parts])
