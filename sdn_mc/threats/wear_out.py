"""Wear-out and infant mortality: satellites fail by a Weibull law of their age, and are replaced.

Model: a satellite launched a time a ago works still with the probability

    R(a) = exp(-(a / scale)^shape),

and one that works at age a fails within t with 1 - R(a + t) / R(a); with a shape below 1 the hazard
falls with age (infant mortality). So each place of the fleet is down at the start with 1 - R(age),
since the time that the law gives, and fails inside the scene by the conditional law. A replacement
comes after an exponential time of mean `replacement_d`, is new, and may fail in turn. Default:
shape 0.4521, scale 2,607 years, the fit to 1,584 satellites launched 1990 to 2008 (Castet & Saleh
2009, Journal of Spacecraft and Rockets 46(5); 0.972 after a year, 0.943 after five).

Age: from the launch in the international designator (year, and number of the launch in the year
over the launches of that year: right to about two months), at the start of each epoch; satellites
without one, as of a Walker fleet, are `age_years` old, one number for all of them in a draw.

Terminals: the same law with a scale of their own, not replaced. No public law was found for
them, so that their scale is an assumption, and null leaves them out.

Limits: all classes and operators are pooled; a third failure of one place is left out (below 1e-3
of the first with the defaults); no states between up and down but lost terminals (for one, see
`power_degradation`). Satellites with element sets of today still hold their orbits, so that a dead
one among them is one that holds its orbit dead: set `alive_at_start` where they are known to work.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float64, Key

from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.constants import S_PER_DAY, S_PER_YEAR
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.outage import Outage, windows
from sdn_mc.core.random import fine_uniform
from sdn_mc.core.scene import Scene

# Launches that reached orbit: attempts less failures (SpaceQ 2025-01, after McDowell). Later years:
# assumed, and a launch never lies after the start of the scene.
LAUNCHES = {2015: 80, 2016: 82, 2017: 83, 2018: 111, 2019: 97, 2020: 104, 2021: 136, 2022: 179,
            2023: 212, 2024: 253}  # fmt: skip
LAUNCHES_EARLIER, LAUNCHES_LATER = 75, 320
LIVES = 2  # of one place
YOUNGEST_YEARS = 1e-9  # 30 ms: keeps divisions by the age finite


class WearOut(eqx.Module):
    """Satellites, and terminals if asked, fail by a Weibull law of their age."""

    shape: Scalar = field(
        unit="1", within=(0.05, 10), doc="Shape of the Weibull law; below 1: infant mortality."
    )
    scale_years: Scalar = field(
        unit="year", within=(1e-3, 1e30), doc="Scale of the Weibull law of satellites."
    )
    terminal_scale_years: Scalar | None = field(
        unit="year",
        within=(1e-3, 1e30),
        doc="Scale of optical terminals, same shape; null: they do not fail.",
        assumed=True,
    )
    age_years: Scalar = field(
        unit="year",
        within=(0, 100),
        doc="Age at the start of satellites whose launch is not known.",
        assumed=True,
    )
    replacement_d: Scalar | None = field(
        unit="d",
        within=(0, 36_525),
        doc="Mean time from failure to a new satellite; null: never.",
        assumed=True,
    )
    alive_at_start: bool = field(
        doc="Whether all are known to work at the start: then only the scene's failures count.",
        static=True,
    )
    covers: str = eqx.field(static=True, default="all_causes")

    def prepare(self, scene: Scene) -> dict[str, np.ndarray]:
        """Age at the start of each satellite and terminal, years; -1 where it is not known."""
        links, age = scene.links, ages_years(scene)
        n_terminal = links.n_terminal if links is not None else 0
        return {"sat": age, "terminal": np.repeat(age, n_terminal)}

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """A window for each life of each satellite, and one a terminal."""
        del macros, scene
        sat, terminal = (
            jnp.where(age < 0, self.age_years, age)
            for age in (prepared["sat"], prepared["terminal"])
        )
        mean_d = self.replacement_d
        found = self._lives(key, sat, self.scale_years, mean_d, "sat")
        if self.terminal_scale_years is not None and terminal.size:
            own = jax.random.fold_in(key, LIVES)
            found += self._lives(own, terminal, self.terminal_scale_years, None, "terminal")
        return found

    def _lives(
        self,
        key: Key[Array, ""],
        age_years: Float[Array, " entity"],
        scale_years: Scalar,
        replacement_d: Scalar | None,
        of: str,
    ) -> Outage:
        """Failure and return of the first satellite at each place, then of the second."""
        born_s, lost_s = [-age_years * S_PER_YEAR], []
        for life in range(1 if replacement_d is None else LIVES):
            begun, left, repair = jax.random.split(jax.random.fold_in(key, life), 3)
            lost_s.append(self._failure_s(begun, left, born_s[-1], scale_years, life == 0))
            wait = -jnp.log(fine_uniform(repair, age_years.shape))
            mean_s = jnp.inf if replacement_d is None else replacement_d * S_PER_DAY
            born_s.append(lost_s[-1] + wait * mean_s)
        every = jnp.ones(age_years.shape, bool)
        return windows(jnp.stack(lost_s, 1), jnp.stack(born_s[1:], 1), of=of, when=every)

    def _failure_s(
        self,
        begun: Key[Array, ""],
        left: Key[Array, ""],
        born_s: Float[Array, " entity"],
        scale_years: Scalar,
        first_life: bool,
    ) -> Float[Array, " entity"]:
        """When one born at a time of the scene's clock fails; before 0, or by what it has left.

        Two numbers: the difference of a life and an age would lose the seconds in float32.
        """
        age_years = jnp.maximum(-born_s / S_PER_YEAR, YOUNGEST_YEARS)
        hazard = (age_years / scale_years) ** self.shape
        spent = -jnp.log1p(-fine_uniform(begun, born_s.shape))
        failed = (spent < hazard) & (not (first_life and self.alive_at_start))
        life_years = scale_years * spent ** (1 / self.shape)
        more = -jnp.log1p(-fine_uniform(left, born_s.shape))
        left_years = age_years * jnp.expm1(jnp.log1p(more / hazard) / self.shape)
        lost_s = jnp.where(failed, born_s + life_years * S_PER_YEAR, left_years * S_PER_YEAR)
        return lost_s + jnp.where(failed, 0.0, jnp.maximum(born_s, 0.0))


def ages_years(scene: Scene) -> Float64[np.ndarray, " sat"]:
    """Age of each satellite at the start, years; -1 where its launch is not known."""
    fleet = scene.fleet
    designators = fleet.catalogue.designator if fleet.catalogue else ("",) * fleet.n_sat
    return np.array([_age_years(text, scene.start) for text in designators])


def _age_years(designator: str, start: JulianDate) -> float:
    """Years from the launch to an instant, at least 0; -1 for a designator that tells none."""
    year, _, launch = designator.partition("-")
    number = launch[:3]
    if not (year.isdigit() and len(year) == 4 and number.isdigit()):
        return -1.0
    of_year = LAUNCHES_EARLIER if int(year) < min(LAUNCHES) else LAUNCHES_LATER
    share = min(int(number) / LAUNCHES.get(int(year), of_year), 1.0)
    new_year = JulianDate.parse(f"{year}-01-01")
    return max(start.seconds_since(new_year) / S_PER_YEAR - share, 0.0)
