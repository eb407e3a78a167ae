"""Strata on the number of rare failures: so many draws with none, so many with one, with two, …

Model: K is the number of coins of the chosen threats that fall "hit" in a draw (Bernoulli macros
that are true; of laws, things that are ever down in the scene). Its distribution is that of a sum
of independent yes or no with chances p_i, by exact convolution. Stratum s holds the K from `first`
to one less than the next stratum's `first`, the last one all above. Of every 256 draws n_s belong
to stratum s, K is drawn given the stratum, and which coins fall so given K (conditional Bernoulli
sampling; Chen & Liu 1997, Statistica Sinica 7:875). The weight of a draw is exact:

    w = P(stratum s) / (n_s / 256),

and the estimate is the sum over strata of P(s) times the mean in s, which is unbiased, with the
variances of the means added likewise (Cochran 1977, section 5.3). Draws belong to strata by their
number alone, so that more draws keep the first ones.

Limits: the run has a multiple of 256 draws. Only the number is stratified, not who is hit.
"""

from collections.abc import Mapping, Sequence

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float64, Int, UInt32

from sdn_mc.core.constants import DRAWS_PER_GROUP
from sdn_mc.core.fields import field
from sdn_mc.core.problems import InputError
from sdn_mc.core.protocols import Coins, Steered
from sdn_mc.core.random import host_uniforms

LEAST_DRAWS = 2  # of 256 in a stratum: one tells nothing of the spread
# Counts kept above the largest of interest: so many of its standard deviations, and some. What is
# left out has less than 1e-15 of the last stratum's chance.
DEVIATIONS, COUNTS_MORE = 12.0, 40


class Strata(eqx.Module):
    """Draws are dealt to strata by how many of the rare failures they have."""

    of: tuple[str, ...] = field(doc="Threats whose failures are counted together.", static=True)
    first: tuple[int, ...] = field(
        doc="Least number of failures in each stratum, from 0, ascending.", static=True
    )
    shares: tuple[float, ...] | None = field(
        doc="Share of the draws in each stratum; null: as many in each.", static=True
    )
    draws_together: int = eqx.field(static=True, default=DRAWS_PER_GROUP)

    @property
    def steers(self) -> tuple[str, ...]:
        """Threats whose coins are thrown anew."""
        return tuple(sorted(set(self.of)))

    def problems(self) -> list[str]:
        """Strata that are none."""
        found = [] if self.of else ["sampling.of: no threat given; list those that are counted"]
        if len(self.first) < 2 or self.first[0] != 0 or np.any(np.diff(self.first) <= 0):
            found.append(
                f"sampling.first: {list(self.first)} given; give ascending numbers from 0, as "
                "[0, 1, 2]"
            )
        elif self.shares is not None and len(self.shares) != len(self.first):
            found.append(
                f"sampling.shares: {len(self.shares)} given for {len(self.first)} strata; give one "
                "each, or null"
            )
        elif self.shares is not None and not min(self.shares) > 0:
            found.append(f"sampling.shares: {list(self.shares)} given; give numbers above 0")
        elif min(self._draws_of_256()) < LEAST_DRAWS:
            found.append(
                f"sampling.shares: {self._draws_of_256()} of 256 draws in the strata; give each at "
                f"least {LEAST_DRAWS}"
            )
        return found

    def steer(
        self,
        coins: Sequence[Coins],
        shapes: Mapping[str, tuple[int, ...]],
        draws: UInt32[np.ndarray, " draw"],
        seed: int,
    ) -> Steered:
        """Coins given the number of hits that the draw is to have."""
        del shapes
        chance = np.concatenate([each.chance for each in coins])
        table = _sums(chance, self.first[-1])
        ends = (*self.first[1:], table.shape[1])
        of_stratum = np.array([table[0, a:b].sum() for a, b in zip(self.first, ends, strict=True)])
        if np.any(of_stratum == 0):
            empty = self.first[int(np.argmax(of_stratum == 0))]
            raise InputError(
                f"sampling.first: no draw can have the {empty} failures of a stratum of "
                f"{', '.join(self.of)}; leave out strata that cannot be"
            )
        n_of_256 = np.array(self._draws_of_256())
        stratum = _in_turn(n_of_256)[np.asarray(draws) % DRAWS_PER_GROUP]
        u = host_uniforms(seed, "strata", draws, 1 + len(chance))
        number = _numbers_of(table[0], np.array(self.first), np.array(ends), stratum, u[:, 0])
        hit = np.split(
            _given_number(chance, table, number, u[:, 1:]),
            np.cumsum([len(each.chance) for each in coins])[:-1],
            axis=1,
        )
        return Steered(
            weight=(of_stratum / (n_of_256 / DRAWS_PER_GROUP))[stratum],
            hit={each.name: of for each, of in zip(coins, hit, strict=True)},
            stratum=stratum.astype(np.int32),
        )

    def _draws_of_256(self) -> list[int]:
        """Draws of each stratum in every 256, by largest remainder."""
        shares = np.array(self.shares or [1.0] * len(self.first))
        exact = shares / shares.sum() * DRAWS_PER_GROUP
        found = np.floor(exact).astype(int)
        missing = DRAWS_PER_GROUP - found.sum()
        found[np.argsort(found - exact, kind="stable")[:missing]] += 1
        return found.tolist()


def _sums(chance: Float64[np.ndarray, " coin"], most: int) -> Float64[np.ndarray, "from number"]:
    """Chance of each number of hits among the coins from each one on, cut far above `most`."""
    middle = max(float(chance.sum()), most)
    width = min(len(chance), int(middle + DEVIATIONS * np.sqrt(middle)) + COUNTS_MORE) + 1
    table = np.zeros((len(chance) + 1, width))
    table[-1, 0] = 1.0
    for k in range(len(chance) - 1, -1, -1):
        table[k] = (1 - chance[k]) * table[k + 1]
        table[k, 1:] += chance[k] * table[k + 1, :-1]
    return table


def _in_turn(n_of_256: Int[np.ndarray, " stratum"]) -> Int[np.ndarray, " draw"]:
    """The stratum of each of 256 draws, each stratum spread evenly."""
    place = np.concatenate([(np.arange(n) + 0.5) / n for n in n_of_256])
    return np.repeat(np.arange(len(n_of_256)), n_of_256)[np.argsort(place, kind="stable")]


def _numbers_of(
    chance: Float64[np.ndarray, " number"],
    first: Int[np.ndarray, " stratum"],
    end: Int[np.ndarray, " stratum"],
    stratum: Int[np.ndarray, " draw"],
    u: Float64[np.ndarray, " draw"],
) -> Int[np.ndarray, " draw"]:
    """Number of hits of each draw given its stratum, by inverse cumulative function."""
    found = np.zeros(len(stratum), int)
    for k, (low, high) in enumerate(zip(first, end, strict=True)):
        inside, up_to = stratum == k, np.cumsum(chance[low:high])
        step = np.searchsorted(up_to, u[inside] * up_to[-1], side="right")
        found[inside] = low + np.minimum(step, np.count_nonzero(chance[low:high]) - 1)
    return found


def _given_number(
    chance: Float64[np.ndarray, " coin"],
    table: Float64[np.ndarray, "from number"],
    number: Int[np.ndarray, " draw"],
    u: Float64[np.ndarray, "draw coin"],
) -> Bool[np.ndarray, "draw coin"]:
    """Which coins fall so, given how many do: one after the other."""
    hit, left = np.zeros(u.shape, bool), number.copy()
    for k, p in enumerate(chance):
        if p > 0:
            one_less = table[k + 1, np.maximum(left - 1, 0)]
            hit[:, k] = (left > 0) & (u[:, k] * table[k, left] < p * one_less)
            left -= hit[:, k]
    return hit
