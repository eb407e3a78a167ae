"""Runs one job: builds the scene, says what it will do, loops over blocks, writes, summarises.

A block of 256 draws of one epoch is computed, written, and committed by a stamp. A run that was
killed at any instant goes on after its last stamp, and a finished one may be given more draws;
either way the result holds the same bits as that of an undisturbed run.
"""

import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

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
from sdn_mc.runner.blocks import Part, computed, first_parts, workers
from sdn_mc.runner.estimates import write_summary
from sdn_mc.runner.importance import changes
from sdn_mc.runner.plan import describe
from sdn_mc.runner.progress import LOG, DrawProgress
from sdn_mc.runner.stopping import MET, Watch

NOT_PART_OF_RESULT = (
    "draws",
    "run",
    "title",
    "study",
    "stop",
)  # keys that may change when a run is continued


def run(job: Job, folder: Path, console: Console) -> Path:
    """A new run in `folder`; returns the path of its result."""
    keep_compiled_code()
    console.print(f"building {job.parts['times'].n_epoch} scenes …", style="dim")
    with workers(job) as pool:
        prepared = pool.submit(prepare, job).result()
        known, seconds = first_parts(pool, job, prepared)
        first = next(iter(known.values()))
        kept = contents.paths_kept(job.store.paths, prepared, job.draws)
        variables = contents.result_variables(prepared, first, kept)
        sizes = contents.sizes(prepared, first, job.draws)
        limit = {"/paths": contents.FIRST_KEPT} if kept == "first_1000" else {}
        n_bytes = store.predicted_bytes(variables, sizes, limit)
        console.print(describe(job, prepared, folder, n_bytes, seconds))
        store.check_space(folder, n_bytes)
        constants = contents.constants(prepared, [v.path for v in variables if not v.by_draw])
        about = contents.attributes(job, prepared, config_hash(job), os.getcwd())
        with store.alone_in(folder):
            result = store.create(folder, variables, sizes, constants, about, limit)
            fill(job, prepared, result, console, pool, known)
    return result.path


def resume(
    path: Path, console: Console, draws: int | None = None, plugins: Sequence[str] = ()
) -> Path:
    """Continue a run that was stopped, or give it more draws; returns the path of its result."""
    result = store.open_store(path)
    with store.alone_in(result.folder):
        return _resumed(path, result, console, draws, plugins)


def _resumed(
    path: Path, result: store.Store, console: Console, draws: int | None, plugins: Sequence[str]
) -> Path:
    """The same, with nobody else writing."""
    result.repair()
    said, n_draw = result.attributes(), result.n_draw
    wanted = n_draw if draws is None else draws
    if wanted < n_draw:
        raise InputError(f"draws: {wanted} given, but {path} has {n_draw}; give as many or more")
    is_done = said["stop_reason"] != contents.UNFINISHED and result.n_committed() == n_draw
    is_done &= result.is_readable("/summary")
    if wanted == n_draw and is_done:
        console.print(f"{path}: all {n_draw} draws are done already")
        return result.path
    _check_same_code(result, said)
    stored = json.loads(said["config"]) | {"draws": wanted}
    if said["stop_reason"].startswith(MET):  # it knew enough, and yet more draws are wanted
        stored |= {"stop": None}
    job = config.load(stored, said["start_directory"], plugins)
    _check_same_inputs(job, said)
    keep_compiled_code()
    with workers(job) as pool:
        prepared = pool.submit(prepare, job).result()
        _check_same_scene(prepared, result)
        result.extend(wanted)
        result.set_attributes(contents.continued(said) | {"config": json.dumps(job.resolved)})
        console.print(f"{path}: {result.n_committed()} of {wanted} draws are done; going on")
        fill(job, prepared, result, console, pool, {})
    return result.path


def prepare(job: Job) -> Prepared:
    """The job's components as a system, and its scenes."""
    parts = dict(job.parts)
    system = System(**parts, campaigns=job.campaigns)
    columns = tuple(Column(name, causes) for name, causes in job.columns.items())
    return engine.prepare(system, job.seed, columns, job.store.paths != "none")


def fill(
    job: Job,
    prepared: Prepared,
    result: store.Store,
    console: Console,
    pool: ThreadPoolExecutor,
    known: Mapping[Part, Block],
) -> None:
    """Compute, write and commit blocks until none is missing or a look ends it; the summary."""
    stamp = {
        "seed": job.seed,
        "config_hash": config_hash(job),
        "code_version": sdn_mc.__version__,
    }
    done, kinds = result.done_blocks(), result.draw_kinds
    missing = [block for block in range(result.n_block) if block not in done]
    n_done = sum(result.block_draws(block) for block in done)
    n_whole = [DRAWS_PER_GROUP * block for block in (*missing, result.n_block)]  # before each
    started, watch = time.monotonic(), Watch(job, prepared, result)
    with DrawProgress(job.draws, n_done, console) as progress:
        blocks = () if watch.ends_run(n_whole[0]) else computed(pool, job, prepared, missing, known)
        for (index, block), n_committed in zip(blocks, n_whole[1:], strict=False):
            first = index * DRAWS_PER_GROUP
            result.write_block(index, contents.block_values(prepared, first, block, kinds))
            result.commit(index, stamp)
            progress.add(result.block_draws(index))
            if watch.ends_run(n_committed):
                break
    result.shorten(watch.n_draw)
    write_summary(prepared, result, *changes(prepared, result))
    config = json.dumps(job.resolved | {"draws": watch.n_draw})
    result.set_attributes({"stop_reason": watch.reason, "config": config})
    elapsed_s = time.monotonic() - started
    LOG.info("%d draws in %.1f s: %s", max(watch.n_draw - n_done, 0), elapsed_s, result.folder)


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


def _check_same_code(result: store.Store, said: dict[str, Any]) -> None:
    """Another version may draw other numbers."""
    begun = json.loads(said["versions"])["sdn_mc"]
    made_by = {begun} | {stamp["code_version"] for stamp in result.done_blocks().values()}
    if made_by != {sdn_mc.__version__}:
        raise InputError(
            f"{result.folder}: made by sdn_mc {', '.join(sorted(made_by))}, and this is "
            f"{sdn_mc.__version__}, whose draws may differ; continue it with the version that "
            "began it, or start a new run"
        )


def _check_same_inputs(job: Job, said: dict[str, Any]) -> None:
    before = json.loads(said["inputs"])
    changed = [path for path, digest in job.inputs.items() if before.get(path) != digest]
    if changed:
        raise InputError(
            f"{path}: the file has changed since the run began, so the draws would not match; "
            "put the old one back, or start a new run"
            for path in changed
        )
    if config_hash(job) != said["config_hash"]:
        raise InputError(
            "config: the configuration stored in the result is not the one the run began with; "
            "start a new run"
        )


def _check_same_scene(prepared: Prepared, result: store.Store) -> None:
    """What no file tells: a renewed download, or a library that computes otherwise."""
    stored = {name: result.read(name) for name in result.arrays() if name.startswith("/scene/")}
    now = contents.constants(prepared, stored)
    other = [name for name, values in stored.items() if not np.array_equal(values, now[name])]
    if other:
        raise InputError(
            f"{result.folder}: {', '.join(other)} came out different from what the run began with "
            "(element sets downloaded anew, or another version of a library), so the draws would "
            "not match; start a new run"
        )
