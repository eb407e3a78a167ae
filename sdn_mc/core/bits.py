"""Draws as bits: 32 draws to a uint32 word, draw i of a block in bit i % 32 of word i // 32."""

import numpy as np
from jaxtyping import Bool, UInt32

from sdn_mc.core.constants import DRAWS_PER_WORD


def unpack_draws(words: UInt32[np.ndarray, "*entity word"]) -> Bool[np.ndarray, "*entity draw"]:
    """Words back to booleans with draws trailing (numpy)."""
    bits = (words[..., None] >> np.arange(DRAWS_PER_WORD, dtype=np.uint32)) & np.uint32(1)
    return bits.reshape(*words.shape[:-1], -1).astype(bool)
