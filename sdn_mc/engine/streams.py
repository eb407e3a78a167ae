"""The random numbers of one component in one draw: its own, or those that a way of sampling gives.

Every distribution of a component has a stream of its own, named after the code of the component and
what is drawn. Sampling beside plain Monte Carlo replaces uniforms of streams by name; causes see
what the distribution makes of them and cannot tell.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from sdn_mc.core.distributions import MAX_UNIFORM, Distribution
from sdn_mc.core.protocols import Steered
from sdn_mc.core.random import component_code, draw_value

MACRO = "macro"


class Source(Protocol):
    """Where the numbers of one component in one draw come from."""

    @property
    def key(self) -> Array: ...

    def value(self, what: str, distribution: Distribution) -> Array:
        """One draw of a distribution."""
        ...


class Stream(NamedTuple):
    """Random numbers of one component in one draw, some of them given from outside."""

    key: Array
    code: int
    given: Mapping[str, Array]

    def value(self, what: str, distribution: Distribution) -> Array:
        """One draw of a distribution."""
        name = stream_name(self.code, what)
        if name in self.given:
            return distribution.quantile(self.given[name].reshape(distribution.shape))
        return draw_value(sub_key(self.key, what), distribution)


def stream_name(code: int, what: str) -> str:
    """What the numbers of one distribution are called."""
    return f"{code} {what}"


def law_stream(threat: str, k: int) -> str:
    """What the coins of a threat's law are called."""
    return f"{threat} law {k}"


def uniforms_of(steered: Steered) -> dict[str, Array]:
    """Numbers in the place of the engine's own; a coin's is below its chance, or above."""
    coins = {
        name: np.where(hit, 0.0, MAX_UNIFORM)
        for name, hit in steered.hit.items()
        if f" {MACRO} " in name
    }
    return {name: jnp.asarray(u, jnp.float32) for name, u in {**coins, **steered.uniform}.items()}


def sub_key(key: Array, name: str) -> Array:
    """Key of a part of a component."""
    return jax.random.fold_in(key, component_code(name))
