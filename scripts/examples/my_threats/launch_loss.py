"""Given: every satellite of a launch is out for some hours, with a given chance."""

import equinox as eqx

from sdn_mc.core.constants import S_PER_H
from sdn_mc.core.distributions import Bernoulli
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.outage import windows


class LaunchLoss(eqx.Module):
    """The satellites of the launches that are hit fail together at the start, and return."""

    probability: Scalar = field(unit="1", within=(0, 1), doc="Chance of a launch.", assumed=True)
    repair_h: Scalar = field(unit="h", within=(0, 8760), doc="Until all return.", assumed=True)
    event: str = eqx.field(static=True, default="given")  # "given", not a process: tables say so

    def macros(self, scene):  # drawn by the engine, once a draw, and stored in /draws
        """One coin for each launch."""
        return {"hit": Bernoulli(self.probability, shape=(scene.fleet.n_group("launch"),))}

    def sample(self, key, macros, scene, prepared):  # written for one draw
        """Who is out, and when."""
        return windows(0.0, self.repair_h * S_PER_H, of="launch", when=macros["hit"])
