"""Scrambled Sobol' points for everything that is drawn once a draw.

Model: each number of a macro, of a drawn parameter and of a metric's delay is a dimension, and is
drawn by the inverse of its cumulative function; the uniforms of 256 draws are one scrambled Sobol'
net (Owen 1998, J. Complexity 14:466; scipy's direction numbers are those of Joe & Kuo 2008). Each
draw by itself is distributed as a plain one. Every group of 256 draws is a net of its own, with a
scramble of its own: groups are independent, so that the spread of their means tells the error, and
more draws keep the first ones. Estimates are plain means.

What is drawn element by element (laws, losses inside a threat) stays as it was. Limits: nets of 256
points, so the error falls with the root of their number; the run has a multiple of 256 draws.
"""

from collections.abc import Mapping, Sequence

import equinox as eqx
import numpy as np
from jaxtyping import UInt32
from scipy.stats import qmc

from sdn_mc.core.constants import DRAWS_PER_GROUP
from sdn_mc.core.distributions import MAX_UNIFORM
from sdn_mc.core.problems import InputError
from sdn_mc.core.protocols import Coins, Steered
from sdn_mc.core.random import component_code


class Sobol(eqx.Module):
    """Macros take the points of scrambled nets of 256."""

    draws_together: int = eqx.field(static=True, default=DRAWS_PER_GROUP)

    @property
    def steers(self) -> tuple[str, ...]:
        """No threat's coins."""
        return ()

    def steer(
        self,
        coins: Sequence[Coins],
        shapes: Mapping[str, tuple[int, ...]],
        draws: UInt32[np.ndarray, " draw"],
        seed: int,
    ) -> Steered:
        """A point a draw, its coordinates in the order of the streams' names."""
        del coins
        names = sorted(name for name, shape in shapes.items() if np.prod(shape) > 0)
        size = [int(np.prod(shapes[name])) for name in names]
        if sum(size) > qmc.Sobol.MAXDIM:
            raise InputError(
                f"sampling: {sum(size)} numbers are drawn once a draw, but Sobol' points have at "
                f"most {qmc.Sobol.MAXDIM}; take out threats that draw many, or use plain draws"
            )
        group, at = np.divmod(np.asarray(draws, np.int64), DRAWS_PER_GROUP)
        used, row = np.unique(group, return_inverse=True)
        uniform = {}
        if names:
            points = np.stack([_net(sum(size), seed, int(each)) for each in used])[row, at]
            parts = np.split(np.minimum(points, MAX_UNIFORM), np.cumsum(size)[:-1], axis=1)
            uniform = dict(zip(names, parts, strict=True))
        return Steered(np.ones(len(draws)), uniform=uniform, net=group.astype(np.int32))


def _net(n_dimension: int, seed: int, group: int) -> np.ndarray:
    """The points of one group, in [0, 1)."""
    entropy = np.random.SeedSequence([seed, component_code("sobol"), group])
    generator = np.random.Generator(np.random.Philox(entropy))
    return qmc.Sobol(n_dimension, scramble=True, rng=generator).random(DRAWS_PER_GROUP)
