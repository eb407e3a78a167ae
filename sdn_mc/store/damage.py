"""Whether a result still holds what was written: damage by a disk or a copy is found and named.

The stamp of a block holds the CRC-32 of the file of each of its arrays, so that checking costs one
reading of the files and decodes nothing. Arrays without draws are small: they are decoded, which
fails where the checksum that zstd keeps of every chunk does not fit, and all of their chunks must
be there. This is against accidents, not against intent.
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from sdn_mc.core.constants import DRAWS_PER_GROUP
from sdn_mc.store.arrays import Array, draw_axis, read_draws
from sdn_mc.store.files import RESULT_NAME
from sdn_mc.store.places import Place
from sdn_mc.store.schema import UNKNOWN

_TOLD = 3


class Damage(NamedTuple):
    """One array that is not as it was written, in one block or (without draws) at all."""

    name: str
    block: int | None

    def __str__(self) -> str:
        if self.block is None:
            return self.name
        return f"{self.name} in block {self.block} (draws from {self.block * DRAWS_PER_GROUP} on)"


def told(damaged: Sequence[Damage]) -> str:
    """The first few by name, and how many more."""
    more = len(damaged) - _TOLD
    listed = ", ".join(map(str, damaged[:_TOLD]))
    return f"{listed} and {more} more" if more > 0 else listed


def sums_of(place: Place, arrays: Mapping[str, Array], block: int) -> dict[str, int | None]:
    """CRC-32 of the file of each array in a block; None where there is none, as for zeros only."""
    return {name: _sum_of(place, file_of(name, a, block)) for name, a in arrays.items()}


def is_sound(array: Array, has_every_chunk: bool) -> bool:
    """Whether an array without draws can be read, and was written: few floats may be NaN."""
    try:
        values, there = read_draws(array), array.nchunks_initialized
    except Exception:  # each codec raises what it likes
        return False
    is_float = values.dtype.kind == "f" and UNKNOWN not in array.attrs
    is_nan = is_float and bool(np.isnan(values).any())
    is_lost = has_every_chunk and bool(values.size) and there < array.nchunks
    return not is_nan and not is_lost


def file_of(name: str, array: Array, block: int) -> str:
    """Of the shard (or chunk) that holds a block, within the run."""
    at = [0] * len(array.shape)
    at[draw_axis(array)] = block
    return "/".join([RESULT_NAME, name.strip("/"), "c", *map(str, at)])


def _sum_of(place: Place, name: str) -> int | None:
    try:
        return zlib.crc32(place.read(name))
    except FileNotFoundError:
        return None
