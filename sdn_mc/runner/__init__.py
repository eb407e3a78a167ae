"""Runs one job: builds the scene, says what it will do, loops over blocks, writes, summarises.

A block of 256 draws of one epoch is computed, written, and committed by a stamp. A run that was
killed at any instant goes on after its last stamp, and a finished one may be given more draws;
either way the result holds the same bits as that of an undisturbed run.

A run may be split over processes, on one machine or on several with a shared disk: each does the
blocks of one part (`part=2/4`), in any order or at once, and the one that finds all blocks done
writes the summary. Whoever comes first makes the result; `part=prepare` does that and no more.
"""

import hashlib
import itertools
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import llvmlite.binding as llvm
from rich.console import Console

import sdn_mc
from sdn_mc import config, engine, store
from sdn_mc.config import PREPARED_ONLY, Job, Share
from sdn_mc.core.constants import DRAWS_PER_GROUP
from sdn_mc.core.problems import InputError
from sdn_mc.engine import Block, Column, Prepared, System
from sdn_mc.interrupt import finishing
from sdn_mc.runner import contents
from sdn_mc.runner.blocks import Part, Workers, computed, first_parts, workers
from sdn_mc.runner.estimates import write_summary
from sdn_mc.runner.importance import changes
from sdn_mc.runner.plan import describe
from sdn_mc.runner.progress import LOG, DrawProgress
from sdn_mc.runner.sameness import (
    check_same_code,
    check_same_inputs,
    check_same_run,
    check_same_scene,
    config_hash,
)
from sdn_mc.runner.stopping import MET, Watch
from sdn_mc.runner.variables import result_variables
from sdn_mc.runner.weights import timed_sampling


def run(job: Job, folder: Path, console: Console) -> Path | str:
    """A new run in `folder`, or one part of it; returns the path of its result, or its URL."""
    where = job.store.url or folder
    store.check_access(where)
    if job.part is not None and store.has_result(where):
        result = store.open_store(where)
        check_same_run(job, result)
        return _joined(job, result, console)
    keep_compiled_code()
    console.print(f"building {job.parts['times'].n_epoch} scenes …", style="dim")
    with workers(job) as pool:
        prepared = pool.submit(prepare, job).result()
        known, seconds = first_parts(pool, job, prepared)
        first = next(iter(known.values()))
        kept = contents.paths_kept(job.store.paths, prepared, job.draws)
        variables = result_variables(prepared, first, kept)
        sizes = contents.sizes(prepared, first, job.draws)
        limit = {"/paths": contents.FIRST_KEPT} if kept == "first_1000" else {}
        n_bytes = store.predicted_bytes(variables, sizes, limit)
        console.print(describe(job, prepared, where, n_bytes, seconds))
        if job.store.url is None:
            store.check_space(folder, n_bytes)
        constants = contents.constants(prepared, [v.path for v in variables if not v.by_draw])
        about = contents.attributes(job, prepared, config_hash(job), os.getcwd())
        if job.parts["sampling"] is not None:
            told = pool.submit(timed_sampling, prepared, job.draws).result()
            about["sampling"] = json.dumps(told)
        whole = variables, sizes, constants, about, limit
        if job.part is None:
            with store.alone_in(where):
                result = store.create(where, *whole)
                store.point(folder, where)
                fill(job, prepared, result, console, pool, known)
        else:
            with store.changing(where):
                is_there = store.has_result(where)
                result = store.open_store(where) if is_there else store.create(where, *whole)
            store.point(folder, where)
            check_same_run(job, result)
            _fill_part(job, prepared, result, console, pool, known)
    return result.path


def resume(
    path: Path | str,
    console: Console,
    draws: int | None = None,
    plugins: Sequence[str] = (),
    part: Share | None = None,
    threads: int | None = None,
) -> Path | str:
    """Continue a run that was stopped, or give it more draws; returns the path of its result.

    With a part, only its blocks are done, and the summary if no other is missing.
    """
    result = store.open_store(path, to_write=True)
    if part is not None and part != PREPARED_ONLY:
        return _part_resumed(path, result, console, draws, plugins, part, threads)
    with store.alone_in(result.folder):
        return _resumed(path, result, console, draws, plugins, part, threads)


def _resumed(
    path: Path | str,
    result: store.Store,
    console: Console,
    draws: int | None,
    plugins: Sequence[str],
    part: Share | None,
    threads: int | None,
) -> Path | str:
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
    damaged = result.damaged()
    job = _job_again(path, result, said, wanted, plugins, threads, console)
    if part is not None:
        _check_no_looks(job, part)
    keep_compiled_code()
    with workers(job) as pool:
        prepared = pool.submit(prepare, job).result()
        check_same_scene(prepared, result)
        result.extend(wanted)
        result.set_attributes(contents.continued(said) | {"config": json.dumps(job.resolved)})
        _mend(damaged, prepared, result)
        console.print(f"{path}: {result.n_committed()} of {wanted} draws are done; going on")
        if part is None:
            fill(job, prepared, result, console, pool, {})
        else:
            n_missing = result.n_block - len(result.done_blocks())
            console.print(_what_is_left(part, result, n_missing))
    return result.path


def _part_resumed(
    path: Path | str,
    result: store.Store,
    console: Console,
    draws: int | None,
    plugins: Sequence[str],
    part: Share,
    threads: int | None,
) -> Path | str:
    """Do what is missing of one part, while others do theirs."""
    said, n_draw = result.attributes(), result.n_draw
    if draws not in (None, n_draw) or not result.is_whole:
        raise InputError(
            f"part={part}: {path} has {n_draw} draws, and a part cannot change that; first run "
            f"`sdn-mc resume {path} draws={draws or n_draw} part={PREPARED_ONLY}`"
        )
    job = _job_again(path, result, said, n_draw, plugins, threads, console)
    _check_no_looks(job, part)
    return _joined(job._replace(part=part), result, console)


def _joined(job: Job, result: store.Store, console: Console) -> Path | str:
    """Do one part of a result that is there."""
    if is_done(result):
        console.print(f"{result.path}: all {job.draws} draws are done already")
        return result.path
    keep_compiled_code()
    with workers(job) as pool:
        prepared = pool.submit(prepare, job).result()
        check_same_scene(prepared, result)
        _fill_part(job, prepared, result, console, pool, {})
    return result.path


def _job_again(
    path: Path | str,
    result: store.Store,
    said: dict[str, Any],
    draws: int,
    plugins: Sequence[str],
    threads: int | None,
    console: Console,
) -> Job:
    """The job that the result was begun with, for so many draws."""
    check_same_code(result, said)
    stored = json.loads(said["config"]) | {"draws": draws}
    if said["stop_reason"].startswith(MET):  # it knew enough, and yet more draws are wanted
        stored |= {"stop": None}
    job = config.load(stored, said["start_directory"], plugins)
    if job.inputs:
        console.print(f"{path}: reads {', '.join(job.inputs)} again", markup=False)
    check_same_inputs(job, said)
    return job if threads is None else job._replace(run=job.run._replace(threads=threads))


def is_done(result: store.Store) -> bool:
    """Has a run all its draws and its summary, and are they as they were written?"""
    ended = result.attributes()["stop_reason"] != store.NOT_ENDED
    ended &= result.n_committed() == result.n_draw and result.is_readable("/summary")
    return ended and not result.damaged()


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
    pool: Workers,
    known: Mapping[Part, Block],
) -> None:
    """Compute, write and commit blocks until none is missing or a look ends it; the summary."""
    watch = Watch(job, prepared, result)
    blocks = range(result.n_block)
    _fill_blocks(job, prepared, result, console, pool, known, blocks, watch.ends_run)
    if watch.n_draw < result.n_draw:
        result.shorten(watch.n_draw)
    _finish(job, prepared, result, pool, watch)


def _fill_part(
    job: Job,
    prepared: Prepared,
    result: store.Store,
    console: Console,
    pool: Workers,
    known: Mapping[Part, Block],
) -> None:
    """The same with the blocks of one part; the summary only if all blocks are there."""
    assert job.part is not None
    n_block = result.n_block
    with store.changing(result.folder):
        said = result.attributes()
        now = said | contents.continued(said)
        if not is_done(result) and now != said:  # another machine, or other versions
            result.set_attributes(now)
    blocks = job.part.blocks(n_block)
    with store.holding(result.folder, blocks):
        _fill_blocks(job, prepared, result, console, pool, known, blocks)
        with store.changing(result.folder):
            n_missing = n_block - len(result.done_blocks())
            if not n_missing and not is_done(result):
                _finish(job, prepared, result, pool, Watch(job, prepared, result))
    if n_missing:
        console.print(_what_is_left(job.part, result, n_missing))


def _fill_blocks(
    job: Job,
    prepared: Prepared,
    result: store.Store,
    console: Console,
    pool: Workers,
    known: Mapping[Part, Block],
    blocks: range,
    ends_run: Callable[[int], bool] = lambda n_committed: False,
) -> None:
    """Compute, write and commit those of the blocks that are missing, unless a look ends it."""
    stamp = {
        "seed": job.seed,
        "config_hash": config_hash(job),
        "code_version": sdn_mc.__version__,
    }
    done, kinds = result.done_blocks(), result.draw_kinds
    missing = [block for block in blocks if block not in done]
    n_draw = sum(result.block_draws(block) for block in blocks)
    n_done = n_draw - sum(result.block_draws(block) for block in missing)
    n_whole = [DRAWS_PER_GROUP * block for block in (*missing, blocks.stop)]  # before each
    started = time.monotonic()
    with DrawProgress(n_draw, n_done, console) as progress, finishing() as is_stopped:
        begun = itertools.takewhile(lambda _: not is_stopped(), missing)
        found = () if ends_run(n_whole[0]) else computed(pool, job, prepared, begun, known)
        for (index, block), n_committed in zip(found, n_whole[1:], strict=False):
            first = index * DRAWS_PER_GROUP
            result.write_block(index, contents.block_values(prepared, first, block, kinds))
            result.commit(index, stamp)
            progress.add(result.block_draws(index))
            if ends_run(n_committed):
                break
        n_now = progress.done - n_done
    LOG.info("%d draws in %.1f s: %s", n_now, time.monotonic() - started, result.folder)


def _what_is_left(part: Share, result: store.Store, n_missing: int) -> str:
    """How a run goes on after one of its parts."""
    resumed = f"sdn-mc resume {result.folder}"
    if part == PREPARED_ONLY:
        return f"prepared; `{resumed} part=1/4` to `part=4/4` fill {n_missing} blocks, in any order"
    return f"part {part}: done; {n_missing} blocks of other parts are missing: start those, or " + (
        f"`{resumed}` does them"
    )


def _finish(job: Job, prepared: Prepared, result: store.Store, pool: Workers, watch: Watch) -> None:
    """The summary of all draws, and why there are so many."""
    write_summary(prepared, result, *changes(prepared, result))
    config = json.dumps(job.resolved | {"draws": watch.n_draw})
    ended = {"stop_reason": watch.reason, "config": config}
    result.set_attributes(ended | contents.noted(result.attributes(), pool.notes()))


def keep_compiled_code() -> None:
    """Compiled code of XLA is kept on disk, so a second process starts sooner.

    By kind of processor: nodes of a cluster may share the disk and not the instructions.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "sdn_mc" / "xla"
    features = f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"
    kind = hashlib.sha256(features.encode()).hexdigest()[:8]
    jax.config.update("jax_compilation_cache_dir", str(cache / kind))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)


def _mend(damaged: Sequence[store.Damage], prepared: Prepared, result: store.Store) -> None:
    """Arrays without draws are written again, damaged blocks counted as missing; the summary is
    written in any case."""
    for name, block in damaged:
        LOG.warning(
            "%s: made again, as it is damaged: %s", result.folder, store.Damage(name, block)
        )
        if block is not None:
            result.discard(block)
        elif not name.startswith("/summary/"):
            result.rewrite(name, contents.constants(prepared, [name])[name])


def _check_no_looks(job: Job, part: Share) -> None:
    """A look needs the draws of all parts, in their order."""
    if job.stop.half_width is not None:
        raise InputError(
            f"part={part}: the run has a stop.half_width, and no part knows what the others have "
            "seen; continue it without part"
        )
