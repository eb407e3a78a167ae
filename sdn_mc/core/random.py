"""Random streams: one key for each (seed, draw, component name), the same in any batch or order.

Threefry counters (the default of JAX, Salmon et al. 2011) are independent of the batch width, so
a draw has the same numbers in any block, thread or device count, and a longer run keeps its first
draws. Every sampler call names its dtype: the numbers would otherwise change with 64-bit mode.
"""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Integer, Key, UInt32

from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.distributions import MAX_UNIFORM, Distribution


def component_code(name: str) -> int:
    """A stable 32-bit number for a configured name; two jammers with two names are two streams."""
    return zlib.crc32(name.encode())


def draw_key(seed: UInt32[Array, ""] | int, draw: Integer[Array, ""], code: int) -> Key[Array, ""]:
    """Key of one component (`component_code` of its name) in one draw."""
    root = jax.random.key(seed, impl="threefry2x32")
    return jax.random.fold_in(jax.random.fold_in(root, draw), code)


def draw_value(key: Key[Array, ""], distribution: Distribution) -> Array:
    """One draw of a distribution, by inverse cumulative function of a float32 uniform."""
    return distribution.quantile(jax.random.uniform(key, distribution.shape, dtype=jnp.float32))


def fine_uniform(key: Key[Array, ""], shape: tuple[int, ...]) -> Float[Array, "*shape"]:
    """Uniforms in (0, 1) of 32 bits, fine near 0: a chance of 1e-6 is met to 2e-4 of it.

    Those of `jax.random.uniform` have 23 bits, which are 12 % off there.
    """
    bits = jax.random.bits(key, shape, jnp.uint32)
    return jnp.minimum((bits.astype(jnp.float32) + 0.5) * 2.0**-32, MAX_UNIFORM)


def host_uniform(seed: int, name: str, index: int, count: int) -> Float[np.ndarray, " count"]:
    """Uniforms in [0, 1) for what is shared by all draws (instants of an epoch), float64."""
    key = [seed & 0xFFFFFFFFFFFFFFFF, (component_code(name) << 32) | index]
    return np.random.Generator(np.random.Philox(key=np.array(key, np.uint64))).random(count)


def host_uniforms(
    seed: int, name: str, draws: UInt32[np.ndarray, " draw"], count: int
) -> Float[np.ndarray, "draw count"]:
    """So many uniforms in [0, 1) for each draw, made a word of 32 draws at a time."""
    words, at = np.unique(np.asarray(draws) // DRAWS_PER_WORD, return_inverse=True)
    made = [host_uniform(seed, name, int(word), DRAWS_PER_WORD * count) for word in words]
    return np.stack(made).reshape(-1, DRAWS_PER_WORD, count)[at, np.asarray(draws) % DRAWS_PER_WORD]
