"""Choosing a number of things in compiled code, without sorting."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


def largest(value: Float[Array, " thing"], count: Any) -> Bool[Array, " thing"]:
    """Exactly `count` of the largest values, none negative; of equal ones, the first.

    Bits of such floats are ordered as the floats: the least value taken is found bit by bit, by
    counting; nothing is sorted.
    """
    bits = jax.lax.bitcast_convert_type(value.astype(jnp.float32), jnp.uint32)

    def with_bit(k, least):
        higher = least | (jnp.uint32(1) << (31 - k).astype(jnp.uint32))
        return jnp.where(jnp.sum(bits >= higher, dtype=jnp.int32) >= count, higher, least)

    least = jax.lax.fori_loop(0, 32, with_bit, jnp.uint32(0))
    above, equal = bits > least, bits == least
    room = count - jnp.sum(above, dtype=jnp.int32)
    return above | (equal & (jnp.cumsum(equal, dtype=jnp.int32) <= room))
