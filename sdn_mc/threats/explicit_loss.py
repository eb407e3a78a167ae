"""An explicit list of lost satellites and links, out from the first instant to the last.

Model: none; the list is the input. Links are named by their end points, so the list means the same
in every epoch; a pair that the mesh does not link is reported. For comparison with other programs
and for questions about a named event.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Key

from sdn_mc.core.fields import field
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.outage import Outage, cuts, windows
from sdn_mc.core.problems import InputError
from sdn_mc.core.records import LossRecords
from sdn_mc.core.scene import Links, Scene


class ExplicitLoss(eqx.Module):
    """The listed satellites and links are out in every draw, all the time."""

    path: LossRecords | None = field(
        doc="CSV with the columns kind, a, b (`satellite,12,` or `link,12,34`); null: no loss.",
        reads="losses",
    )
    event: str = eqx.field(static=True, default="given")

    def misfits(self, fleet: Fleet) -> list[str]:
        """Listed satellites that the fleet does not have."""
        worst = max((int(v.max()) for v in (self.path or ())[:3] if len(v)), default=-1)
        if self.path is None or worst < fleet.n_sat:
            return []
        return [
            f"{self.path.origin}: satellite {worst} is listed, but the fleet has {fleet.n_sat} "
            f"satellites, 0 to {fleet.n_sat - 1}; correct the list"
        ]

    def prepare(self, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
        """Lost satellites [sat] and lost link slots [sat, port] as booleans."""
        n_sat, file = scene.fleet.n_sat, self.path
        assert scene.links is not None
        if file is None:
            return np.zeros(n_sat, bool), np.zeros(scene.links.terminal.shape, bool)
        if problems := self.misfits(scene.fleet):
            raise InputError(problems)
        lost = np.zeros(n_sat, bool)
        lost[file.satellite] = True
        return lost, slots_between(scene.links, file.link_a, file.link_b, file.origin)

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """One endless window a lost satellite, and the cut slots."""
        del key, macros, scene
        lost, slot = prepared
        return windows(-jnp.inf, jnp.inf, of="sat", when=lost) + cuts(slot)


def slots_between(
    links: Links, a: np.ndarray, b: np.ndarray, origin: str
) -> Bool[np.ndarray, "sat port"]:
    """Link slots whose two ends are a listed pair, in either order."""
    if links.neighbour.ndim != 2:
        raise InputError(
            f"{origin}: lost links need a mesh whose neighbours do not change with time; choose "
            "topology=plus_grid, planned or explicit"
        )
    n_sat = len(links.neighbour)
    here = np.arange(n_sat)[:, None]
    low, high = np.minimum(here, links.neighbour), np.maximum(here, links.neighbour)
    pair = np.where(low == high, -1, low * n_sat + high)
    wanted = np.minimum(a, b).astype(np.int64) * n_sat + np.maximum(a, b)
    missing = np.flatnonzero(~np.isin(wanted, pair))
    if len(missing):
        k = missing[0]
        raise InputError(
            f"{origin}: {len(missing)} listed links are not in the mesh, the first between "
            f"satellites {a[k]} and {b[k]}; correct the list or the topology"
        )
    return np.isin(pair, wanted)
