"""Runs one job: builds the scene, says what it will do, loops over blocks, writes, summarises.

A block is the stored unit: 256 draws of one epoch. It is computed in parts by a pool of threads,
written, and committed by a stamp; a killed run resumes after the last stamp.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from rich.console import Console

import sdn_mc
from sdn_mc import config, engine, store
from sdn_mc.config import Job
from sdn_mc.core.constants import DRAWS_PER_GROUP
from sdn_mc.core.problems import InputError
from sdn_mc.engine import Block, Column, Prepared, System
from sdn_mc.runner import contents
from sdn_mc.runner.estimates import write_summary
from sdn_mc.runner.plan import describe, expected_s
from sdn_mc.runner.progress import LOG, DrawProgress

NOT_PART_OF_RESULT = ("draws", "run", "title")  # keys that may change when a run is continued


class Part(NamedTuple):
    """Draws computed in one call."""

    first: int
    n_draw: int


def run(job: Job, folder: Path, console: Console) -> Path:
    """A new run in `folder`; returns the path of its result."""
    keep_compiled_code()
    prepared = prepare(job)
    began = time.monotonic()
    first = engine.run_block(prepared, 0, min(job.draws, block_draws(job, prepared)))
    seconds = expected_s(prepared, job, time.monotonic() - began)
    kept = contents.paths_kept(job.store.paths, prepared, job.draws)
    variables = contents.result_variables(prepared, first, kept)
    sizes = contents.sizes(prepared, first, job.draws)
    limit = {"/paths": contents.FIRST_KEPT} if kept == "first_1000" else {}
    n_bytes = store.predicted_bytes(variables, sizes, limit)
    console.print(describe(job, prepared, folder, n_bytes, seconds))
    store.check_space(folder, n_bytes)
    result = store.create(
        folder,
        variables,
        sizes,
        contents.constants(prepared, variables),
        contents.attributes(job, prepared, config_hash(job), os.getcwd()),
        limit,
    )
    fill(job, prepared, result, variables, console)
    return result.path


def resume(path: Path, console: Console, draws: int | None = None) -> Path:
    """Continue a run that was stopped, or give it more draws; returns the path of its result."""
    keep_compiled_code()
    result = store.open_store(path)
    result.repair()
    said = result.attributes()
    job = config.load(json.loads(said["config"]), said["start_directory"], trusted=False)
    job = job._replace(draws=result.n_draw if draws is None else draws)
    _check_same_inputs(job, said)
    if job.draws < result.n_draw:
        raise InputError(
            f"draws: {job.draws} given, but {path} has {result.n_draw}; give as many or more"
        )
    prepared = prepare(job)
    first = engine.run_block(prepared, 0, min(job.draws, block_draws(job, prepared)))
    kept = contents.paths_kept(job.store.paths, prepared, result.n_draw)
    variables = contents.result_variables(prepared, first, kept)
    result.extend(job.draws)
    fill(job, prepared, result, variables, console)
    return result.path


def prepare(job: Job) -> Prepared:
    """The job's components as a system, and its scenes."""
    parts = dict(job.parts)
    system = System(**parts)
    columns = tuple(Column(name, causes) for name, causes in job.columns.items())
    return engine.prepare(system, job.seed, columns)


def fill(
    job: Job, prepared: Prepared, result: store.Store, variables: list, console: Console
) -> None:
    """Compute, write and commit every block that is missing; then the summary."""
    done = result.done_blocks()
    stamp = {
        "seed": job.seed,
        "config_hash": config_hash(job),
        "code_version": sdn_mc.__version__,
    }
    _check_same_stamps(done, stamp, result.folder)
    missing = [block for block in range(result.n_block) if block not in done]
    n_done = sum(result.block_draws(block) for block in done)
    started = time.monotonic()
    with DrawProgress(job.draws, n_done, console) as progress:
        for index, block in computed(job, prepared, missing, result.block_draws):
            first = index * DRAWS_PER_GROUP
            result.write_block(index, contents.block_values(prepared, first, block, variables))
            result.commit(index, stamp)
            progress.add(result.block_draws(index))
    write_summary(prepared, result)
    result.set_attributes({"stop_reason": f"draws: all {job.draws} were done"})
    LOG.info("%d draws in %.1f s: %s", job.draws, time.monotonic() - started, result.folder)


def computed(
    job: Job, prepared: Prepared, blocks: list[int], block_size: Any
) -> Iterator[tuple[int, Block]]:
    """Blocks in order, each joined from parts that threads compute side by side."""
    threads = job.run.threads or os.cpu_count() or 1
    width = block_draws(job, prepared)
    with ThreadPoolExecutor(threads) as pool:
        waiting: list[tuple[int, list[Future[Block]]]] = []
        for index in blocks:
            parts = _parts(index * DRAWS_PER_GROUP, block_size(index), width)
            waiting.append(
                (index, [pool.submit(engine.run_block, prepared, *part) for part in parts])
            )
            if len(waiting) > 1:  # the next block is computed while this one is written
                yield _joined(waiting.pop(0))
        while waiting:
            yield _joined(waiting.pop(0))


def block_draws(job: Job, prepared: Prepared) -> int:
    """Draws computed in one call."""
    return job.run.block_draws or prepared.system.solver.block_draws


def config_hash(job: Job) -> str:
    """Fingerprint of everything that decides the numbers."""
    decisive = {k: v for k, v in job.resolved.items() if k not in NOT_PART_OF_RESULT}
    text = json.dumps([decisive, sorted(job.inputs.items())], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def keep_compiled_code() -> None:
    """Compiled code of XLA is kept on disk, so a second process starts sooner."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "sdn_mc" / "xla"
    jax.config.update("jax_compilation_cache_dir", str(cache))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)


def _joined(item: tuple[int, list[Future[Block]]]) -> tuple[int, Block]:
    """The parts of a block, in draw order."""
    index, futures = item
    parts = [future.result() for future in futures]
    drawn = {k: np.concatenate([p.drawn[k] for p in parts]) for k in parts[0].drawn}
    series = {
        name: engine.Series(
            np.concatenate([p.series[name].latency_s for p in parts]),
            None
            if parts[0].series[name].hops is None
            else np.concatenate([p.series[name].hops for p in parts]),
        )
        for name in parts[0].series
    }
    return index, Block(parts[0].epoch, drawn, series)


def _parts(first: int, count: int, width: int) -> list[Part]:
    return [Part(first + k, min(width, count - k)) for k in range(0, count, width)]


def _check_same_inputs(job: Job, said: dict[str, Any]) -> None:
    before = json.loads(said["inputs"])
    for path, digest in job.inputs.items():
        if before.get(path) != digest:
            raise InputError(
                f"{path}: the file has changed since the run began, so the draws would not match; "
                "put the old one back, or start a new run"
            )


def _check_same_stamps(
    done: dict[int, dict[str, Any]], stamp: dict[str, Any], folder: Path
) -> None:
    for block, before in done.items():
        changed = [key for key, value in stamp.items() if before.get(key) != value]
        if changed:
            raise InputError(
                f"{folder}: block {block} was made with another {', '.join(changed)} "
                f"({before.get(changed[0])}, now {stamp[changed[0]]}); start a new run, or use the "
                "version that began this one"
            )
