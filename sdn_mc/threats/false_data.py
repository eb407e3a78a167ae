"""False data: satellites that alter what they relay, or receivers that are spoofed, until found.

Model: the event is given. From the onset each chosen satellite, or each chosen site, is a false
source with the chance `share`, independently: every message that passes it arrives altered, and no
route avoids it. It is recognised with the chance `detection`, after an exponential time of mean
`detection_h`, and is then out for `repair_h` and honest afterwards; one that is not recognised goes
on. The same watch isolates each honest thing with the chance `false_quarantine`, after a time of
the same law, for as long. Metric `integrity` tells the rest: what of it a receiver rejects.

With routes that know of nothing, a route of n satellites is clean with probability
(1 - share)^n while nothing is recognised.

Sources: none gives a number for a mesh; integrity as authentication that detects, with false
alarms, is the standard form of the literature on message authentication. All numbers are
assumptions to sweep. Limits: recognition looks at a source, not at single messages; replayed and
late messages are those of a threat that delays; what a false source invents out of nothing reaches
whoever its own messages would, and is not told apart from what it alters.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Key

from sdn_mc.core.constants import S_PER_H
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.outage import TAMPERS, Outage, windows
from sdn_mc.core.scene import Scene
from sdn_mc.threats.site_names import chosen_sites

SATELLITES, SITES = "satellites", "sites"


class FalseData(eqx.Module):
    """A share of satellites or sites alters messages, until it is recognised."""

    sources: str = field(doc="What is false: relays, or receivers.", choices=(SATELLITES, SITES))
    sites: tuple[str, ...] | None = field(
        doc="Names of the sites of which some are false, with * and ?; null: every site.",
        static=True,
    )
    share: Scalar = field(
        unit="1", within=(0, 1), doc="Chance that a chosen thing is a false source.", assumed=True
    )
    detection: Scalar = field(
        unit="1", within=(0, 1), doc="Chance that a false source is recognised.", assumed=True
    )
    detection_h: Scalar = field(
        unit="h", within=(0, 87_660), doc="Mean time until then.", assumed=True
    )
    false_quarantine: Scalar = field(
        unit="1", within=(0, 1), doc="Chance that an honest one is isolated.", assumed=True
    )
    repair_h: Scalar = field(
        unit="h", within=(0, 87_660), doc="Time from isolation to the return.", assumed=True
    )
    onset_s: Scalar | None = field(
        unit="s",
        within=(0, 2_592_000),
        doc="Onset in the scene; null: the scene's own, or uniform over the window.",
    )
    event: str = eqx.field(static=True, default="given")

    def prepare(self, scene: Scene) -> Bool[np.ndarray, " thing"]:
        """Which things may be false."""
        if self.sources == SITES:
            return chosen_sites(scene.sites, self.sites)
        return np.ones(scene.fleet.n_sat, bool)

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """While a source is false, and while anything is isolated."""
        del scene
        chosen, of = jnp.asarray(prepared), "sat" if self.sources == SATELLITES else "site"
        keys, shape = jax.random.split(key, 3), chosen.shape
        u, v = (jax.random.uniform(k, shape, dtype=jnp.float32) for k in keys[:2])
        false = chosen & (u < self.share)
        isolated = chosen & (v < jnp.where(false, self.detection, self.false_quarantine))
        wait = jax.random.exponential(keys[2], shape, dtype=jnp.float32)
        onset_s = macros["onset_s"]
        found_s = onset_s + wait * (self.detection_h * S_PER_H)
        until_s = jnp.where(isolated, found_s, jnp.inf)
        back_s = found_s + self.repair_h * S_PER_H
        tampers = windows(onset_s, until_s, of=of, when=false, does=TAMPERS)
        return tampers + windows(found_s, back_s, of=of, when=isolated)
