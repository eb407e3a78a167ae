"""Threefry2x32 with 20 rounds (Salmon et al. 2011) for one key, in compiled code of the host."""

from typing import no_type_check

import numpy as np

from sdn_mc.core.compiled import kernel


@kernel
@no_type_check
def threefry(key, counter_0, counter_1):
    """Two 32-bit numbers; every sum is cast, since numba would widen it to 64 bits."""
    keys = key[0], key[1], np.uint32(key[0] ^ key[1] ^ np.uint32(0x1BD11BDA))
    x, y = np.uint32(counter_0 + keys[0]), np.uint32(counter_1 + keys[1])
    for group in range(5):
        turns = (13, 15, 26, 6) if group % 2 == 0 else (17, 29, 16, 24)
        for turn in turns:
            x = np.uint32(x + y)
            left = np.uint32(y << np.uint32(turn))
            y = np.uint32(left | np.uint32(y >> np.uint32(32 - turn))) ^ x
        x = np.uint32(x + keys[(group + 1) % 3])
        y = np.uint32(y + keys[(group + 2) % 3] + np.uint32(group + 1))
    return x, y
