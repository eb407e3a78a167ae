"""Outages of the fleet's control plane as a process: at a rate, with lognormal repairs.

Model: the whole fleet hangs on one control plane. It fails and is repaired as `lognormal_repairs`
says: stationary, P(down) = rate * m / (1 + rate * m) with the mean repair m = median *
exp(sigma^2 / 2). What the fleet does meanwhile is one of two extremes:

    dark      every satellite is out;
    freeze    satellites go on with the routes that were in force when it failed: nobody reroutes,
              nobody hands over; a path lasts until its geometry breaks (`routing.frozen_routes`).

Source: Starlink's fleet-wide outage of 2025-07-24, 19:15 to 21:44 UTC, about 2.5 h, of "internal
software services that operate the core network". The median has that length; the rate and the
spread are assumptions to sweep, and what satellites of any fleet do without their control plane is
not public.
Limits: one control plane for all of the fleet, no staged recovery (in 2025 some 16 % of the traffic
went on); at most eight outages begin in a scene (with 24 a year for 30 days, the longest scene,
one in 4,000 has more). A freeze needs an episode, and routing that finds routes (`ideal`,
`lagged`); when one under way at the start began is not known, so that the routes of the first
instant are taken: an optimistic start.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from sdn_mc.core.constants import S_PER_H, S_PER_YEAR
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.outage import ROUTING, Outage, windows
from sdn_mc.core.problems import InputError
from sdn_mc.core.scene import Scene
from sdn_mc.threats.lognormal_repairs import lognormal_windows

DARK, FREEZE = "dark", "freeze"
MOST_OUTAGES = 8  # that begin in a scene, besides one that is under way
FLEET = "constellation"  # a label that every fleet has


class ControlPlaneOutage(eqx.Module):
    """The control plane fails now and then; meanwhile the fleet is dark, or its routes stay."""

    mode: str = field(
        doc="Meanwhile every satellite is out, or all go on with the routes they have.",
        choices=(DARK, FREEZE),
    )
    rate_per_year: Scalar = field(
        unit="1/year", within=(0, 1e6), doc="Outages of the control plane in a year.", assumed=True
    )
    repair_h: Scalar = field(
        unit="h", within=(0, 87_660), doc="Median time to the repair.", assumed=True
    )
    repair_sigma: Scalar = field(
        unit="1",
        within=(0, 3),
        doc="Standard deviation of the logarithm of the time to the repair.",
        assumed=True,
    )

    def prepare(self, scene: Scene) -> None:
        """Nothing; but a freeze is refused where instants are far apart."""
        check_mode(self.mode, scene)

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """Up to three windows: an outage under way, and those that begin in the scene."""
        del macros, prepared
        rate_per_s = self.rate_per_year / S_PER_YEAR
        median_s, one = self.repair_h * S_PER_H, jnp.ones(1, bool)
        start_s, end_s = lognormal_windows(
            key, rate_per_s, median_s, self.repair_sigma, one, MOST_OUTAGES
        )
        return without_control(self.mode, start_s, end_s, scene)


def without_control(
    mode: str, start_s: Float[Array, "one window"], end_s: Float[Array, "one window"], scene: Scene
) -> Outage:
    """What the fleet does in these windows."""
    of, count = (ROUTING, 1) if mode == FREEZE else (FLEET, scene.fleet.n_group(FLEET))
    return windows(start_s, end_s, of=of, when=np.ones(count, bool))


def check_mode(mode: str, scene: Scene) -> None:
    """A freeze follows routes from instant to instant."""
    if mode == FREEZE and scene.mode != "episode":
        raise InputError(
            "threats: a control plane of mode freeze was given, which follows routes from instant "
            f"to instant; those of a {scene.mode} are far apart; choose times=episode, or mode dark"
        )
