"""Runs one job: builds the scene, says what it will do, loops over blocks, writes, summarises.

A block of 256 draws of one epoch is computed, written, and committed by a stamp. A run that was
stopped at any instant goes on after its last stamp, and a finished one may be given more draws;
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
import llvmlite.binding as llvm
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
from sdn_mc.runner.plan import describe
from sdn_mc.runner.progress import LOG, DrawProgress
from sdn_mc.runner.weights import timed_sampling

NOT_PART_OF_RESULT = (
    "draws",
    "run",
    "title",
    "study",
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
        if job.parts["sampling"] is not None:
            about["sampling"] = json.dumps(
                pool.submit(timed_sampling, prepared, job.draws).result()
            )
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
    if lacking := [name for name in contents.ATTRIBUTES_TO_RESUME if name not in said]:
        raise InputError(
            f"{path}: the result is damaged (it has no attribute {', '.join(lacking)}); start a "
            "new run"
        )
    wanted = n_draw if draws is None else draws
    if wanted < n_draw:
        raise InputError(f"draws: {wanted} given, but {path} has {n_draw}; give as many or more")
    if wanted == n_draw and is_done(result):
        console.print(f"{path}: all {n_draw} draws are done already")
        return result.path
    _check_same_code(result, said)
    stored = json.loads(said["config"]) | {"draws": wanted}
    job = config.load(stored, said["start_directory"], plugins)
    if job.inputs:
        console.print(f"{path}: reads {', '.join(job.inputs)} again", markup=False)
    _check_same_inputs(job, said)
    keep_compiled_code()
    with workers(job) as pool:
        prepared = pool.submit(prepare, job).result()
        _check_same_scene(prepared, result)
        result.extend(wanted)
        result.set_attributes(contents.continued(said))
        console.print(f"{path}: {result.n_committed()} of {wanted} draws are done; going on")
        fill(job, prepared, result, console, pool, {})
    return result.path


def is_done(result: store.Store) -> bool:
    """Has a run all its draws, and its summary?"""
    ended = result.attributes()["stop_reason"] != contents.UNFINISHED
    return ended and result.n_committed() == result.n_draw and result.is_readable("/summary")


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
    """Compute, write and commit every block that is missing; then the summary."""
    stamp = {
        "seed": job.seed,
        "config_hash": config_hash(job),
        "code_version": sdn_mc.__version__,
    }
    done, kinds = result.done_blocks(), result.draw_kinds
    missing = [block for block in range(result.n_block) if block not in done]
    n_done = sum(result.block_draws(block) for block in done)
    started = time.monotonic()
    with DrawProgress(job.draws, n_done, console) as progress:
        for index, block in computed(pool, job, prepared, missing, known):
            first = index * DRAWS_PER_GROUP
            result.write_block(index, contents.block_values(prepared, first, block, kinds))
            result.commit(index, stamp)
            progress.add(result.block_draws(index))
    write_summary(prepared, result)
    ended = {"stop_reason": f"draws: all {job.draws} were done", "config": json.dumps(job.resolved)}
    result.set_attributes(ended)
    elapsed_s = time.monotonic() - started
    LOG.info("%d draws in %.1f s: %s", job.draws - n_done, elapsed_s, result.folder)


def config_hash(job: Job) -> str:
    """Fingerprint of everything that decides the numbers."""
    decisive = {k: v for k, v in job.resolved.items() if k not in NOT_PART_OF_RESULT}
    text = json.dumps([decisive, sorted(job.inputs.items())], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def keep_compiled_code() -> None:
    """Compiled code of XLA is kept on disk, so a second process starts sooner.

    By kind of processor: nodes of a cluster may share the disk and not the instructions.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "sdn_mc" / "xla"
    features = f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"
    kind = hashlib.sha256(features.encode()).hexdigest()[:8]
    jax.config.update("jax_compilation_cache_dir", str(cache / kind))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)


def _check_same_code(result: store.Store, said: dict[str, Any]) -> None:
    """Another version may draw other numbers."""
    begun = json.loads(said["versions"]).get("sdn_mc")
    stamps = result.done_blocks().values()
    made_by = {str(begun)} | {str(stamp.get("code_version")) for stamp in stamps}
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
