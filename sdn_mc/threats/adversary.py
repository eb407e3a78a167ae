"""A capable adversary: at the onset it removes the best k satellites, terminals or sites.

Model: things are ranked by a score of the healthy design, and the first `count` are out from the
onset for `repair_h`. Scores (`rankings` has the equations):

    degree          links of a satellite, of a terminal; satellites in view of a site;
    betweenness     Freeman's: the share of shortest paths, in hops, of all pairs of satellites that
                    pass the thing (Freeman 1977; Brandes 2001);
    service         how many of the run's flows, over the epoch's instants, have their shortest path
                    in time through the thing.

With `recalculated`, each removal is followed by a new ranking of what is left, which breaks a mesh
sooner than the first ranking kept (Holme et al., Phys. Rev. E 65, 056109, 2002); for fleets of at
most 500 satellites. The adversary's knowledge: each score is multiplied by a lognormal factor of
median 1 and the given sigma, drawn anew for each draw and thing; sigma 0 is perfect. Ties go to
the lower number. It reacts to the design alone, never to what other threats did.

Limits: with `recalculated`, the order is found on perfect knowledge, and the factors multiply
scores made to fall along it; a score of 0 stays 0 whatever the factor; hop graphs are those of at
most 12 instants, evenly spread, with each distinct one done once and their scores averaged; nothing
is said of how a removal is done. Connectivity only. `count` and `sigma` are to be swept.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from sdn_mc.core.constants import S_PER_H
from sdn_mc.core.distributions import Distribution
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.outage import Outage, windows
from sdn_mc.core.scene import Scene
from sdn_mc.core.selection import largest
from sdn_mc.threats.group_fault import GIVEN
from sdn_mc.threats.rankings import Ranking, ranking_of

MOST_RECALCULATED = 500
KINDS = {"satellite": "sat", "terminal": "terminal", "site": "site"}


class Adversary(eqx.Module):
    """The best satellites, terminals or sites are removed at the onset."""

    target: str = field(doc="What is removed.", choices=tuple(KINDS))
    score: str = field(doc="What makes one the best.", choices=("degree", "betweenness", "service"))
    count: Scalar = field(
        unit="1", within=(0, 1e6), doc="How many are removed, at most all.", assumed=True
    )
    recalculated: bool = field(doc="Rank what is left after each removal.", static=True)
    sigma: Scalar = field(
        unit="1",
        within=(0, 10),
        doc="Spread of the logarithm of what the adversary takes a score for; 0: it knows.",
        assumed=True,
    )
    repair_h: Scalar = field(
        unit="h", within=(0, 87_660), doc="Time from the onset to the return.", assumed=True
    )
    onset_s: Scalar | None = field(
        unit="s", within=(0, 2_592_000), doc="Onset in the scene; null: as in group_fault."
    )
    event: str = eqx.field(static=True, default=GIVEN)

    def problems(self) -> list[str]:
        """Sites have no betweenness."""
        if (self.target, self.score) != ("site", "betweenness"):
            return []
        return [
            "an adversary with target: site and score: betweenness was asked for, but sites never "
            "carry the traffic of others; choose degree or service"
        ]

    def misfits(self, fleet: Fleet) -> list[str]:
        """Fleets too large to be ranked again and again."""
        if not self.recalculated or fleet.n_sat <= MOST_RECALCULATED:
            return []
        return [
            f"an adversary that ranks anew after each removal (recalculated: true) is allowed for "
            f"{MOST_RECALCULATED} satellites at most, and the fleet has {fleet.n_sat}; set "
            "recalculated: false"
        ]

    def prepare(self, scene: Scene) -> Ranking:
        """Scores in the order of removal."""
        steps = 1
        if self.recalculated:
            unknown = isinstance(self.count, Distribution)
            steps = scene.fleet.n_sat if unknown else max(1, round(float(self.count)))
        return ranking_of(scene, self.target, self.score, steps)

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """One window for each thing removed."""
        del scene
        normal = jax.random.normal(key, prepared.score.shape, dtype=jnp.float32)
        taken_for = prepared.score * jnp.exp(self.sigma * normal)[prepared.order]
        removed = largest(taken_for, jnp.int32(jnp.round(self.count)))
        when = removed[prepared.place]
        onset_s = macros["onset_s"]
        end_s = onset_s + self.repair_h * S_PER_H
        return windows(onset_s, end_s, of=KINDS[self.target], when=when)
