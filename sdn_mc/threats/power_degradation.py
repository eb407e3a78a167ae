"""Power that degrades with age: a satellite whose battery is worn is off while it is in the shadow.

Model: the power system of a satellite of age a has degraded with the probability of a Weibull law,

    P(degraded) = 1 - exp(-(a / scale)^shape),

independently of others. A degraded satellite lives on its arrays alone: in sunlight it works, and
while it is in the Earth's shadow (a cylinder, see `sun`) it carries nothing: its links and its
access links are down. A circular orbit of height h over a sphere of radius R, whose plane the sun
stands beta above, is in the shadow for the share

    f = arccos(sqrt(h^2 + 2 R h) / ((R + h) cos beta)) / pi

of its time, 0 where the fraction is 1 or more: 37 % at 550 km and beta = 0.

Source for the cause: Castet, Hoffman & Saleh 2010 describe satellites by several states, three
degraded ones besides failed; their numbers are not carried here. Shape and scale are assumptions to
sweep, the shape below 1 as in `wear_out`, which kills satellites and is independent of this. Ages
are as there: from the launch in the designator at the epoch's start, or `age_years`. Limits: one
degraded state, no reserve for the first minutes of the dark, no penumbra; nothing degrades or is
replaced during the scene.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float64, Int32, Key

from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.outage import Effect, Instant, Outage
from sdn_mc.core.random import fine_uniform
from sdn_mc.core.scene import Scene
from sdn_mc.threats.sun import in_sunlight, sun_of_scene
from sdn_mc.threats.wear_out import ages_years


class Tables(NamedTuple):
    """Who is in the shadow at each time, whom links and access candidates join, and ages."""

    dark: Bool[np.ndarray, "time sat"] | Bool[Array, "time sat"]
    neighbour: Int32[np.ndarray, "epochtime sat port"] | Int32[Array, "*rest"]
    access_sat: Int32[np.ndarray, "time site candidate"] | Int32[Array, "*rest"]
    age_years: Float64[np.ndarray, " sat"] | Array  # -1 where it is not known


class PowerDegradation(eqx.Module):
    """Satellites with a worn battery carry no traffic in the Earth's shadow."""

    shape: Scalar = field(
        unit="1",
        within=(0.05, 10),
        doc="Shape of the Weibull law; below 1: most degrade early.",
        assumed=True,
    )
    scale_years: Scalar = field(
        unit="year", within=(1e-3, 1e30), doc="Scale of the Weibull law.", assumed=True
    )
    age_years: Scalar = field(
        unit="year",
        within=(0, 100),
        doc="Age at the start of satellites whose launch is not known.",
        assumed=True,
    )

    def prepare(self, scene: Scene) -> Tables:
        """The shadow at every instant."""
        links, access, places = scene.links, scene.access, scene.geometry
        assert links is not None and access is not None and places is not None
        sun = sun_of_scene(scene)
        lit = [in_sunlight(*each) for each in zip(places.sat_km, sun, strict=True)]
        neighbour = links.neighbour.reshape(-1, *links.neighbour.shape[-2:])
        return Tables(~np.array(lit), neighbour, access.sat, ages_years(scene))

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Tables
    ) -> Outage:
        """Which satellites have degraded."""
        del macros, scene
        age_years = jnp.where(prepared.age_years < 0, self.age_years, prepared.age_years)
        spent = -jnp.log1p(-fine_uniform(key, age_years.shape))
        return Outage(state=spent < (age_years / self.scale_years) ** self.shape)

    def at(self, state: Bool[Array, " sat"], instant: Instant, prepared: Tables) -> Effect:
        """Links and candidates of degraded satellites that are in the shadow."""
        out = state & jnp.asarray(prepared.dark)[instant.time]
        last = len(prepared.neighbour) - 1
        neighbour = jnp.asarray(prepared.neighbour)[jnp.minimum(instant.time, last)]
        candidate = out[jnp.asarray(prepared.access_sat)[instant.time]]
        return Effect(candidate=candidate, slot=out[:, None] | out[neighbour])
