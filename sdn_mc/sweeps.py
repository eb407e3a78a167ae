"""Commands over many runs: a sweep is begun, gone on with, started by any of Hydra's launchers.

The same command with the same folder, or `resume`, starts the jobs that are not done and no other.
A job that fails is noted in its folder and told when all have ended.
"""

import contextlib
import functools
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from sdn_mc.core.problems import InputError
from sdn_mc.interrupt import ended_by_ctrl_c, ended_with_parent
from sdn_mc.terminal import console, place_explained, shown


def run(words: list[str], config_dirs: list[str]) -> None:
    """Start the jobs of a sweep that are not done; tell what went wrong when all have ended."""
    from sdn_mc import config, store
    from sdn_mc.config import sweep as asked
    from sdn_mc.runner import study
    from sdn_mc.runner.sweep import missing_jobs

    sweep = asked.sweep_of(words)
    draws = asked.draws_of(sweep, config_dirs)
    folder = config.output_folder([*sweep.jobs[0], *sweep.hydra], config_dirs, sweep=True)
    if asked.is_sweep(folder):
        asked.check_same_sweep(folder, sweep)
    elif store.has_result(folder) or study.is_study(folder):
        raise InputError(
            f"hydra.sweep.dir: there is a run or a study in {folder} already; choose another folder"
        )
    chosen, n_job = missing_jobs(folder, sweep, draws), len(sweep.jobs)
    if n_done := n_job - len(chosen):
        console().print(f"{shown(folder)}: {n_done} of {n_job} jobs are done already")
    _launch(sweep, chosen, words, config_dirs, folder)
    done = f"sweep: {shown(folder)}; `sdn-mc collect {shown(folder)}` makes one dataset of it"
    console().print(done, markup=False, soft_wrap=True)


def _launch(
    sweep: Any,
    chosen: list[tuple[int, str]],
    words: list[str],
    config_dirs: list[str],
    folder: Path,
) -> None:
    """Start the chosen jobs, and raise what went wrong with any of them."""
    from sdn_mc import store
    from sdn_mc.config import sweep as asked

    new, failed = store.not_yet_there(folder), list[str]()
    own = () if asked.is_sweep(folder) else (asked.SWEEP_NAME, *(name for _, name in chosen))
    try:
        with (
            place_explained(failed, "hydra.sweep.dir"),
            store.full_disk_explained(folder),
            ended_by_ctrl_c(lambda: f"stopped; {_way_on(folder)}"),
        ):
            task = functools.partial(_task, tuple(sweep.axes))
            told = asked.launch(sweep, chosen, words, config_dirs, folder, task)
            failed.extend(problem for problems in told for problem in problems)
    except InputError:
        raise
    except Exception as error:  # a launcher lost a job: each raises what it likes
        what = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise InputError(f"{folder}: a job was lost ({what}); {_way_on(folder)}") from error
    store.remove_unbegun(folder, new, own)  # all have ended
    if failed:
        raise InputError(failed)


def _task(keys: tuple[str, ...], hydra: Any, n_job: int) -> Callable[[Any], list[str]]:
    """What each job does: alone on this machine, or as one of several that share its cores."""
    from sdn_mc.config.sweep import BASIC, jobs_at_once, launcher_name
    from sdn_mc.runner.blocks import n_core

    at_once = jobs_at_once(hydra, n_job, n_core())
    threads = None if at_once == 1 else max(1, n_core() // at_once)
    alone = launcher_name(hydra) == BASIC
    return functools.partial(_one_job, keys=keys, threads=threads, alone=alone)


def _one_job(composed: Any, keys: tuple[str, ...], threads: int | None, alone: bool) -> list[str]:
    """One job of a sweep, in the folder that Hydra has made; what went wrong with it."""
    if not alone:  # before anything that takes long
        ended_with_parent()
    from sdn_mc import config
    from sdn_mc.config.sweep import this_job
    from sdn_mc.report.summary import print_result
    from sdn_mc.runner.sweep import started
    from sdn_mc.store import RESULT_NAME

    folder, name = this_job(keys)
    page = console() if alone else Console(quiet=True)

    def loaded() -> config.Job:
        job = config.load(composed)
        run = job.run._replace(threads=job.run.threads or threads)
        kept = job.store._replace(paths="none") if job.store.paths == "auto" else job.store
        return job._replace(run=run, store=kept, title=f"{job.title} ({name})")

    problems = started(shown(folder), loaded, page)
    if not problems:
        print_result(folder / RESULT_NAME, page)
        if not alone:
            print(f"job {folder.name} ({name}): done", flush=True)
    return [f"job {folder.name} ({name}): {problem}" for problem in problems]


def resume(folder: Path, words: list[str]) -> None:
    """The command that began a sweep again, from where it began; but for how jobs are started."""
    from sdn_mc.config import quoted
    from sdn_mc.config.sweep import stored_sweep, sweep_of

    given, dirs = _without_config_dirs(words[1:])
    for word in given:
        if not word.startswith(("draws=", "plugins=", "hydra/launcher=", "hydra.launcher.")):
            raise InputError(
                f"resume: {word} given; of a sweep draws=, plugins=, hydra/launcher= and "
                "hydra.launcher.KEY= may be said anew"
            )
    stored = stored_sweep(folder)
    again = [] if any(word.startswith("hydra/launcher=") for word in given) else stored.launcher
    own = [] if dirs else [part for each in stored.config_dirs for part in ("--config-dir", each)]
    if again or own:
        command = shlex.join(["sdn-mc", "resume", str(folder), *given, *again, *own])
        here = "; hydra/launcher=basic runs the jobs here" if again else ""
        raise InputError(
            f"resume: how the jobs of {folder} are started, and the folder of one's own YAML "
            f"files, are not taken from a stored file; give them again, `{command}`{here}"
        )
    keys = {word.partition("=")[0] for word in given} | {"plugins"}
    if "draws" in keys & set(sweep_of(stored.words).axes):
        raise InputError(f"resume: draws are swept in {folder}; begin it again with more values")
    kept = [word for word in stored.words if word.partition("=")[0] not in keys]
    place = f"hydra.sweep.dir={quoted(str(folder.resolve()))}"
    if not Path(stored.start_directory).is_dir():
        raise InputError(
            f"{folder}: it was begun in {stored.start_directory}, which is not there; give the "
            "command that began it, with the same hydra.sweep.dir"
        )
    with contextlib.chdir(stored.start_directory):
        run([*kept, *given, place], dirs)


def folder_among(words: list[str]) -> Path | None:
    """The folder of a sweep, if that is the first of the words."""
    return Path(words[0]) if words and (Path(words[0]) / "multirun.yaml").is_file() else None


def _without_config_dirs(words: list[str]) -> tuple[list[str], list[str]]:
    """The other words, and the --config-dir folders, from where this is said."""
    rest, folders, left = [], list[str](), iter(words)
    for word in left:
        if word.startswith("--config-dir"):
            folders.append(str(Path(word.partition("=")[2] or next(left, "")).resolve()))
        else:
            rest.append(word)
    return rest, folders


def _way_on(folder: Path) -> str:
    return f"once no job of it runs any more, `sdn-mc resume {shown(folder)}` does what is left"
