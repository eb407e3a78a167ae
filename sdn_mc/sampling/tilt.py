"""Tilted draws (importance sampling): rare failures are drawn more often, and weigh less.

Model: the odds of every coin of a threat (a Bernoulli macro; of a law, whether a thing is ever down
in the scene) are multiplied by the threat's factor f, so that a chance p becomes

    p' = f p / (1 - p + f p),

and a draw in which K of the coins with chances p_i fall so weighs the likelihood ratio

    w = prod over i of (1 - p_i + f p_i) / f^K

(exponential tilting; Asmussen & Glynn 2007, Stochastic Simulation, section V.1). Factors of several
threats multiply. For small chances f is the factor on the chance, or on the rate.

Its mean is 1, which estimates use (`statistics.weighted`).

Limits: one factor for all things of a threat; two threats may share out the things between them.
Too large a factor ruins estimates of what is common: see the effective sample in the summary.
"""

from collections.abc import Mapping, Sequence

import equinox as eqx
import numpy as np
from jaxtyping import UInt32

from sdn_mc.core.fields import Constant, field
from sdn_mc.core.problems import InputError
from sdn_mc.core.protocols import Coins, Steered
from sdn_mc.core.random import host_uniforms

LEAST_LOG_WEIGHT = -300.0  # float64 ends at -745, and squares must stay above it


class Tilt(eqx.Module):
    """The odds of chosen threats' failures are multiplied by factors."""

    factors: dict[str, Constant] = field(
        unit="1", within=(1e-6, 1e9), doc="Factor on the odds of each failure, by threat."
    )

    @property
    def steers(self) -> tuple[str, ...]:
        """Threats whose coins are thrown anew."""
        return tuple(sorted(self.factors))

    def problems(self) -> list[str]:
        """Nothing to tilt."""
        if self.factors:
            return []
        return ["sampling.factors: none given; give one a threat, as +sampling.factors.THREAT=20"]

    def steer(
        self,
        coins: Sequence[Coins],
        shapes: Mapping[str, tuple[int, ...]],
        draws: UInt32[np.ndarray, " draw"],
        seed: int,
    ) -> Steered:
        """Every coin by its tilted chance; the weight by how many fell so."""
        del shapes
        log_weight, hit = np.zeros(len(draws)), {}
        for each in coins:
            factor = float(self.factors[each.threat])
            scale = 1 + each.chance * (factor - 1)
            u = host_uniforms(seed, f"tilt {each.name}", draws, len(each.chance))
            hit[each.name] = u < factor * each.chance / scale
            n_hit = np.count_nonzero(hit[each.name], axis=1)
            log_weight += np.log(scale).sum() - n_hit * np.log(factor)
        if float(log_weight.min(initial=0.0)) < LEAST_LOG_WEIGHT:
            raise InputError(
                f"sampling.factors: a draw would weigh exp({log_weight.min():.0f}), as so many "
                "failures are tilted by so much; take smaller factors, or tilt fewer things"
            )
        return Steered(np.exp(log_weight), hit)
