"""Blocks of draws, each computed in parts by a pool of threads.

A block is the stored unit: 256 draws of one epoch. A part is what one call of the engine computes.
How blocks are cut into parts, and how many threads and devices there are, changes no bit of a
result. So a part for which memory does not suffice, on the host or on a device, is computed as two
halves, and later parts have no more draws than those; below 32 draws nothing can be halved.
"""

import contextlib
import gc
import os
import re
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import numpy as np

from sdn_mc import engine
from sdn_mc.config import Job
from sdn_mc.core.constants import DRAWS_PER_GROUP, DRAWS_PER_WORD
from sdn_mc.core.problems import InputError
from sdn_mc.engine import Block, Prepared, Series
from sdn_mc.runner.progress import LOG

MANY_PARTS = 8  # from here on the expected time is that of later parts, without compilation
TIMED_PARTS = 4
WRITING_S = 0.02  # scoring and writing a block of ten arrays: what small networks wait for
_TOO_LITTLE_MEMORY = MemoryError, jax.errors.JaxRuntimeError
_OUT_OF_MEMORY = re.compile("RESOURCE_EXHAUSTED|out.of.memory|allocat|MemoryError", re.IGNORECASE)


class Part(NamedTuple):
    """Draws computed in one call."""

    first: int
    n_draw: int


class Workers(ThreadPoolExecutor):
    """Threads that compute parts, and for how many draws in a part memory was seen to suffice."""

    most_draws = DRAWS_PER_GROUP
    _halving = threading.Lock()

    def halve(self, n_draw: int) -> None:
        """Memory did not suffice for so many; told once, whichever threads meet it."""
        with self._halving:
            half = _half(n_draw)
            if half < self.most_draws:
                self.most_draws = half
                LOG.warning(
                    "memory does not suffice for %d draws at a time; going on with %d, which "
                    "changes no result",
                    n_draw,
                    half,
                )

    def notes(self) -> list[str]:
        """What a result should say of that."""
        if self.most_draws == DRAWS_PER_GROUP:
            return []
        return [f"memory sufficed for no more than {self.most_draws} draws at a time"]


@contextlib.contextmanager
def workers(job: Job) -> Iterator[Workers]:
    """Threads that do all long work, so that the main thread can be interrupted at any time.

    On leaving, what has not begun is dropped, and nobody waits for what has.
    """
    pool = Workers(n_thread(job))
    try:
        yield pool
    except _TOO_LITTLE_MEMORY as error:
        if not _is_out_of_memory(error):
            raise
        raise InputError(
            "memory does not suffice for this run, however few draws are computed at a time "
            f"({str(error).partition(chr(10))[0] or 'MemoryError'}); set run.threads=1 (now "
            f"{n_thread(job)}, each with draws of its own), or fewer times.count, times.n_epoch or "
            "flows, or take a machine with more. If the run had begun to write its result, "
            "`sdn-mc resume RUN run.threads=1` goes on with it"
        ) from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def n_thread(job: Job) -> int:
    """Threads that compute parts."""
    return job.run.threads or n_core()


def n_core() -> int:
    """Cores that this process may use: what Slurm gave it, else those it is bound to."""
    given = os.environ.get("SLURM_CPUS_PER_TASK") or os.environ.get("SLURM_CPUS_ON_NODE") or ""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(int(given), bound or 1) if given.isdigit() else bound or 1


def part_draws(job: Job, prepared: Prepared) -> int:
    """Draws computed in one call."""
    return job.run.block_draws or prepared.solver.block_draws


def first_parts(pool: Workers, job: Job, prepared: Prepared) -> tuple[dict[Part, Block], float]:
    """The first parts of a run, and the seconds expected for all of it, by the fastest of them.

    All on one device, since each compiles for itself; every device computes one part at a time.
    """
    width = part_draws(job, prepared)
    n_part = -(-job.draws // width)
    known: dict[Part, Block] = {}
    seconds = np.inf
    for k in range(TIMED_PARTS if n_part >= MANY_PARTS else 1):
        part = Part(k * width, min(width, job.draws))
        began = time.monotonic()
        known[part] = pool.submit(_of_part, pool, prepared, part).result()
        seconds = min(seconds, time.monotonic() - began)
    n_block = -(-job.draws // DRAWS_PER_GROUP)
    n_at_once = min(len(prepared.places) or n_thread(job), n_thread(job), n_part)
    return known, seconds * n_part / n_at_once + WRITING_S * n_block


def computed(
    pool: Workers,
    job: Job,
    prepared: Prepared,
    indices: Iterable[int],
    known: Mapping[Part, Block],
) -> Iterator[tuple[int, Block]]:
    """Blocks in the order of `indices`; the next ones are computed while the caller writes one."""
    n_ahead = -(-n_thread(job) * part_draws(job, prepared) // DRAWS_PER_GROUP)
    waiting: deque[tuple[int, list[Future[Block]]]] = deque()
    for index in indices:
        parts = _parts(job, min(part_draws(job, prepared), pool.most_draws), index)
        waiting.append((index, [_begun(pool, job, prepared, part, known) for part in parts]))
        if len(waiting) > n_ahead:
            yield _joined(*waiting.popleft())
    while waiting:
        yield _joined(*waiting.popleft())


def _parts(job: Job, width: int, index: int) -> list[Part]:
    first = index * DRAWS_PER_GROUP
    end = min(first + DRAWS_PER_GROUP, job.draws)
    return [Part(start, min(width, end - start)) for start in range(first, end, width)]


def _begun(
    pool: Workers, job: Job, prepared: Prepared, part: Part, known: Mapping[Part, Block]
) -> Future[Block]:
    if part not in known:
        turn = part.first // part_draws(job, prepared)
        return pool.submit(_of_part, pool, prepared, part, turn)
    future: Future[Block] = Future()
    future.set_result(known[part])
    return future


def _of_part(pool: Workers, prepared: Prepared, part: Part, turn: int = 0) -> Block:
    """One part, or its halves joined where memory does not suffice for it."""
    try:
        return engine.run_block(prepared, *part, turn)
    except _TOO_LITTLE_MEMORY as error:
        if part.n_draw <= DRAWS_PER_WORD or not _is_out_of_memory(error):
            raise
    gc.collect()  # what the failed call still holds
    pool.halve(part.n_draw)
    half = _half(part.n_draw)
    halves = Part(part.first, half), Part(part.first + half, part.n_draw - half)
    return _joined_blocks([_of_part(pool, prepared, each, turn) for each in halves])


def _half(n_draw: int) -> int:
    """Of so many draws, in whole words."""
    n_word = -(-n_draw // DRAWS_PER_WORD)
    return -(-n_word // 2) * DRAWS_PER_WORD


def _is_out_of_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or bool(_OUT_OF_MEMORY.search(str(error)))


def _joined(index: int, futures: list[Future[Block]]) -> tuple[int, Block]:
    return index, _joined_blocks([future.result() for future in futures])


def _joined_blocks(parts: list[Block]) -> Block:
    """The parts of a block, in draw order."""
    drawn = {name: np.concatenate([p.drawn[name] for p in parts]) for name in parts[0].drawn}
    series = {name: _joined_series([p.series[name] for p in parts]) for name in parts[0].series}
    return Block(parts[0].epoch, drawn, series)


def _joined_series(parts: list[Series]) -> Series:
    return Series(*(_joined_rows(list(rows)) for rows in zip(*parts, strict=True)))


def _joined_rows(rows: list[Any]) -> Any:
    """Rows below each other, C-ordered: the order in which numpy sums follows the layout."""
    if isinstance(rows[0], dict):
        return {name: _joined_rows([row[name] for row in rows]) for name in rows[0]}
    return None if rows[0] is None else np.ascontiguousarray(np.concatenate(rows))
