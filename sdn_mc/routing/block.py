"""What compiled solvers take and give back: mask words, room for answers, routes, aligned rows."""

from typing import Any

import numpy as np
from jaxtyping import Int

from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.network import Masks, Routes
from sdn_mc.routing.walk_kernel import Answer, Draws, Tasks

CACHE_LINE_BYTES = 64


def draws_of(masks: Masks, truth: Masks | None) -> Draws:
    """Mask words as kernels see them."""
    known = frozen(masks.link_up), frozen(masks.access_up)
    true = known if truth is None else (frozen(truth.link_up), frozen(truth.access_up))
    return Draws(*known, *true)


def tasks_of(truth: Masks | None, walk: bool) -> Tasks:
    """Delivery needs the walk too."""
    return Tasks(walk=walk or truth is not None, check=truth is not None)


def empty_answer(draws: Draws, n_pair: int) -> Answer:
    """Room for the answers of a block."""
    n_time, n_word = draws.link_up.shape[:2]
    shape = (n_time, n_pair, n_word * DRAWS_PER_WORD)
    return Answer(
        latency_s=np.empty(shape, np.float32),
        hops=np.empty(shape, np.int16),
        delivered=np.empty(shape, np.bool_),
        ticks=aligned((n_pair * DRAWS_PER_WORD,), np.int32),
    )


def routes_of(answer: Answer, truth: Masks | None, walk: bool) -> Routes:
    """Only what was asked for."""
    return Routes(
        latency_s=answer.latency_s,
        hops=answer.hops if walk else None,
        delivered=answer.delivered if truth is not None else None,
    )


def frozen(array: Any) -> Any:
    """Contiguous and read-only, so that the kernel sees one array type wherever data come from."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def aligned(shape: tuple[int, ...], dtype: Any) -> Int[np.ndarray, "..."]:
    """Uninitialised array that starts on a cache line: a row then touches two lines, not three."""
    n_byte = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.empty(n_byte + CACHE_LINE_BYTES, np.uint8)
    skip = -raw.ctypes.data % CACHE_LINE_BYTES
    return raw[skip : skip + n_byte].view(dtype).reshape(shape)
