"""No links between satellites: a path goes up to one satellite and down from the same one.

Model: none. For fleets without lasers (OneWeb), and as the lower bound of what a mesh adds.
"""

import equinox as eqx
import numpy as np

from sdn_mc.core.fleet import Fleet
from sdn_mc.core.scene import Ephemeris, Links


class BentPipe(eqx.Module):
    """Every satellite by itself."""

    def build(self, fleet: Fleet, ephemeris: Ephemeris) -> Links:
        """One empty slot a satellite."""
        n_time, n_sat = len(ephemeris.time_s), fleet.n_sat
        return Links(
            neighbour=np.arange(n_sat, dtype=np.int32)[:, None],
            peer=np.zeros((n_sat, 1), np.int32),
            terminal=np.zeros((n_sat, 1), np.int32),
            wakes_on=np.full((n_sat, 1, 1), -1, np.int32),
            delay_s=np.full((n_time, n_sat, 1), np.inf),
            retarget_s=0.0,
            n_terminal=1,
            notes=("bent pipe: both ends of a flow must see the same satellite",),
        )
