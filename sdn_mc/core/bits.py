"""Draws as bits: 32 draws to a uint32 word, draw i of a block in bit i % 32 of word i // 32."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, UInt32

from sdn_mc.core.constants import DRAWS_PER_WORD


def pack_draws(flags: Bool[Array, "*entity draw"]) -> UInt32[Array, "*entity word"]:
    """Booleans with draws trailing to words; the number of draws must be a multiple of 32."""
    split = flags.reshape(*flags.shape[:-1], -1, DRAWS_PER_WORD).astype(jnp.uint32)
    return jnp.sum(split << jnp.arange(DRAWS_PER_WORD, dtype=jnp.uint32), -1, dtype=jnp.uint32)


def unpack_draws(words: UInt32[np.ndarray, "*entity word"]) -> Bool[np.ndarray, "*entity draw"]:
    """Words back to booleans with draws trailing (numpy)."""
    bits = (words[..., None] >> np.arange(DRAWS_PER_WORD, dtype=np.uint32)) & np.uint32(1)
    return bits.reshape(*words.shape[:-1], -1).astype(bool)


def all_draws_up(*shape: int) -> UInt32[np.ndarray, "..."]:
    """Mask words with every draw's bit set."""
    return np.full(shape, 0xFFFFFFFF, np.uint32)
