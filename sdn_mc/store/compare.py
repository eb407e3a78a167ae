"""Whether two results hold the same bits."""

from pathlib import Path

import numpy as np

from sdn_mc.core.constants import DRAWS_PER_GROUP
from sdn_mc.store.arrays import Array, draw_axis, draw_index, draw_word
from sdn_mc.store.result import Store, open_store
from sdn_mc.store.schema import DRAW, GROUPS


def differences(
    a: Store | str | Path, b: Store | str | Path, first_draws: int | None = None
) -> list[str]:
    """Names of the arrays of the five groups that are not the same, byte by byte.

    Attributes (wall time, host), chunk layout and compression are not compared. With `first_draws`
    only arrays by draw are, and of those only so many draws (of rows that stand for a block of
    draws, only whole blocks), as for a run and its extension.
    """
    left, right = _arrays(a), _arrays(b)
    names = sorted(left.keys() | right.keys())
    return [n for n in names if not _same(left.get(n), right.get(n), first_draws)]


def _arrays(result: Store | str | Path) -> dict[str, Array]:
    arrays = (result if isinstance(result, Store) else open_store(result)).arrays()
    return {n: array for n, array in arrays.items() if n.rpartition("/")[0] in GROUPS}


def _same(a: Array | None, b: Array | None, first_draws: int | None) -> bool:
    if a is None or b is None:
        return False
    axis = draw_axis(a)
    if axis is None:
        return first_draws is not None or (
            a.shape == b.shape and _same_bytes(np.asarray(a[...]), np.asarray(b[...]))
        )
    if axis != draw_axis(b):
        return False
    if first_draws is None and a.shape != b.shape:
        return False
    if first_draws is None:
        stop = max(a.shape[axis], b.shape[axis])
    else:
        stop = first_draws if draw_word(a) == DRAW else first_draws // DRAWS_PER_GROUP
    starts = range(0, stop, DRAWS_PER_GROUP)
    index = [draw_index(axis, start, min(start + DRAWS_PER_GROUP, stop)) for start in starts]
    return all(_same_bytes(np.asarray(a[i]), np.asarray(b[i])) for i in index)


def _same_bytes(a: np.ndarray, b: np.ndarray) -> bool:
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.kind in "OT":  # text
        return a.tolist() == b.tolist()
    return a.tobytes() == b.tobytes()
