"""Runs a study: every case under every setting of the assumptions, then compares by common draws.

Each distinct configuration is one run below the study's folder, with the same seed and draws, so
that cases are paired draw by draw: the same draws strike the same elements where fleets have as
many, and macros are shared in any case. A study that was stopped goes on where it was, and may be
given more draws, run by run, as runs are.
"""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from sdn_mc import config, runner, store
from sdn_mc.config import Job
from sdn_mc.config.building import in_words
from sdn_mc.config.study import (
    AS_ASSUMED,
    EVERY_CASE,
    Case,
    Measure,
    Point,
    Study,
    changed_job,
    covers,
    points_of,
    study_of,
    unread,
)
from sdn_mc.core.problems import InputError, Problems
from sdn_mc.runner.estimates import epochs_of
from sdn_mc.runner.scoring import Run, Scores, compared, outputs_of, scores_of, table_of
from sdn_mc.statistics.decision import FIRST, SECOND, Verdict

NOTE_NAME = "study.json"
RUNS = "runs"


class Task(NamedTuple):
    """One run of a study."""

    name: str  # of its folder
    words: str  # what sets it apart
    changes: tuple[tuple[str, Any], ...]  # key of the configuration, value


def tasks_of(study: Study) -> dict[tuple[str, str], Task]:
    """The run that each case has at each point, by their words; alike ones share a run."""
    by_changes: dict[str, Task] = {}
    found = {}
    for point in points_of(study):
        for case in study.cases:
            changes = dict(point.changes()) | dict(case.changes)  # what makes a case is not swept
            known = json.dumps(changes, sort_keys=True)
            if known not in by_changes:
                alike = [c.name for c in study.cases if c.changes == case.changes]
                who = EVERY_CASE if len(alike) == len(study.cases) > 2 else " and ".join(alike)
                words = f"{who}, {point.words()}"
                by_changes[known] = Task(f"{len(by_changes):03d}", words, tuple(changes.items()))
            found[point.words(), case.name] = by_changes[known]
    return found


def begin(
    study: Study,
    overrides: Sequence[str],
    config_dirs: Sequence[str],
    folder: Path,
    console: Console,
) -> Path:
    """Check every run of the study, then do them; returns the path of the decisions."""
    n_run = len({task.name for task in tasks_of(study).values()})
    console.print(f"checking {n_run} runs …", style="dim", highlight=False)
    jobs = _jobs_of(study, overrides, config_dirs)
    folders = [str(Path(each).absolute()) for each in config_dirs]
    note = {"overrides": list(overrides), "config_dirs": folders}
    store.write_note(folder / NOTE_NAME, note)
    return _filled(study, jobs, folder, console)


def is_study(folder: Path) -> bool:
    """Does this folder hold a study?"""
    return (folder / NOTE_NAME).is_file()


def go_on(
    folder: Path,
    console: Console,
    draws: int | None,
    plugins: Sequence[str],
    threads: int | None = None,
) -> Path:
    """Continue a study that was stopped, or give all its runs more draws."""
    asked = _asked(folder, plugins)
    study = study_of(config.job_of(*asked).resolved)
    if study is None:
        raise InputError(f"{folder}: its configuration names no study any more; start a new one")
    jobs = _jobs_of(study, *asked)
    if draws is not None:
        jobs = {name: job._replace(draws=draws) for name, job in jobs.items()}
    if threads is not None:
        run = {name: job.run._replace(threads=threads) for name, job in jobs.items()}
        jobs = {name: job._replace(run=run[name]) for name, job in jobs.items()}
    return _filled(study, jobs, folder, console, plugins)


def _asked(folder: Path, plugins: Sequence[str]) -> tuple[list[str], list[str]]:
    """The overrides and folders that the note of a study names, with plugins of this command only.

    Like a stored configuration, a note may come from anybody: no package is imported for it.
    """
    note, lists = store.read_note(folder / NOTE_NAME), list[list[str]]()
    for words in (note.get("overrides"), note.get("config_dirs")):
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise InputError(f"{folder / NOTE_NAME}: this note is damaged; start the study anew")
        lists.append(words)
    overrides, folders = lists
    named = ("plugins", "hydra")
    kept = [word for word in overrides if not word.lstrip("+~").startswith(named)]
    return [*kept, f"plugins=[{','.join(map(config.quoted, plugins))}]"], folders


def _jobs_of(study: Study, overrides: Sequence[str], config_dirs: Sequence[str]) -> dict[str, Job]:
    """The checked job of every run, by its name; what is wrong is told once for each case."""
    tasks, jobs, known = tasks_of(study), dict[str, Job](), dict[tuple[str, ...], Any]()
    for point in points_of(study):
        problems = Problems()
        for case in study.cases:
            task = tasks[point.words(), case.name]
            if task.name not in jobs:
                try:
                    jobs[task.name] = _job_of(task, overrides, config_dirs, known)
                except InputError as error:
                    for problem in error.problems:
                        problems.add(f"study, {task.words}: {problem}")
                    continue
            _check_fits(study, case, jobs[task.name], problems)
        problems.raise_all()
        of_point = {case.name: jobs[tasks[point.words(), case.name].name] for case in study.cases}
        for pair in study.compare:
            _check_common_times(pair, *(of_point[name] for name in pair))
    return jobs


def _check_common_times(pair: tuple[str, str], one: Job, other: Job) -> None:
    """Draws are paired by their epoch and instants, so that both cases need the same."""
    times = [each.parts["times"] for each in (one, other)]
    instants = [each.time_s(job.seed, 0) for each, job in zip(times, (one, other), strict=True)]
    made = [(each.draws, each.seed, each.parts["times"].n_epoch) for each in (one, other)]
    if made[0] != made[1] or not np.array_equal(*instants):
        raise InputError(
            f"study.compare: {pair[0]} and {pair[1]} differ in draws, seed or times; a study "
            "compares draw by draw, so give both the same"
        )


def _job_of(
    task: Task,
    overrides: Sequence[str],
    config_dirs: Sequence[str],
    known: dict[tuple[str, ...], Any],
) -> Job:
    job = changed_job(overrides, config_dirs, task.changes, known)
    kept = "none" if job.store.paths == "auto" else job.store.paths
    return job._replace(title=f"{job.title}: {task.words}", store=job.store._replace(paths=kept))


def _check_fits(study: Study, case: Case, job: Job, problems: Problems) -> None:
    """The column and the outputs that a study names."""
    if case.column not in job.columns:
        problems.add(
            f"study.cases.{case.name}.column: there is no column {case.column!r}; there are "
            f"{', '.join(job.columns)}"
        )
    outputs, sampling = outputs_of(job.parts["metrics"].values()), job.parts["sampling"]
    if sampling is not None and not sampling.steers:
        problems.add(
            "sampling: a study compares draw by draw, and nets of points are no draws; take plain, "
            "tilted or stratified ones"
        )
    for measure in study.measures:
        if sampling is not None and measure.name in outputs and outputs[measure.name].tail:
            problems.add(
                f"study.metrics.{measure.name}: a mean of the worst draws is compared by plain "
                "draws alone; leave it out, or set sampling=null"
            )
        if measure.name not in outputs:
            problems.add(
                f"study.metrics.{measure.name}: no metric of the run has such an output; there are "
                f"{', '.join(outputs)}"
            )
        elif measure.cap is None and np.isinf(outputs[measure.name].within[1]):
            problems.add(
                f"study.metrics.{measure.name}.cap: none given, and {measure.name} has no largest "
                "value; give one, which larger values count as"
            )


def _filled(
    study: Study,
    jobs: dict[str, Job],
    folder: Path,
    console: Console,
    plugins: Sequence[str] = (),
) -> Path:
    """Do what is missing, then decide."""
    quiet = Console(quiet=True)
    for k, (name, job) in enumerate(jobs.items()):
        place, began = folder / RUNS / name, time.monotonic()
        if (place / store.RESULT_NAME).exists():
            runner.resume(place, quiet, job.draws, plugins, threads=job.run.threads)
        else:
            runner.run(job, place, quiet)
        spent, words = time.monotonic() - began, job.title.rpartition(": ")[2]
        said = f"run {k + 1} of {len(jobs)}: {words} ({spent:.1f} s)"
        console.print(said, markup=False, highlight=False)
    return _decided(study, jobs, folder)


def _decided(study: Study, jobs: dict[str, Job], folder: Path) -> Path:
    """Compare, and write what was found."""
    runs = {name: _opened(folder / RUNS / name, job) for name, job in jobs.items()}
    tasks, columns = tasks_of(study), {case.name: case.column for case in study.cases}

    def scores(point: Point, case: str, measure: Measure) -> Scores:
        run = runs[tasks[point.words(), case].name]
        output = run.outputs[measure.name]
        return scores_of(run, output, table_of(run, output, columns[case], measure.cap))

    rows = []
    for pair in study.compare:
        for measure in study.measures:
            for point in points_of(study):
                one, other = (scores(point, case, measure) for case in pair)
                n_epoch = runs[tasks[point.words(), pair[0]].name].n_epoch
                epoch = epochs_of(len(one.of_draw), n_epoch)
                found = compared(one, other, epoch, measure.better, measure.margin)
                rows.append((pair, *found))
    follows = config.references(*_asked(folder, ()))
    return store.write_decisions(folder, _arrays(study, rows), _about(study, jobs, follows))


def _opened(place: Path, job: Job) -> Run:
    """A run of the study, to be compared."""
    parts = job.parts
    outputs, n_epoch = outputs_of(parts["metrics"].values()), parts["times"].n_epoch
    return Run(store.open_store(place), outputs, list(job.columns), n_epoch, parts["sampling"])


def _about(study: Study, jobs: dict[str, Job], follows: dict[str, str]) -> dict[str, Any]:
    """What the decisions say of themselves."""
    first = next(iter(jobs.values()))
    assumed = {item["name"]: item for job in jobs.values() for item in job.assumptions}
    assumed |= {item["name"]: item for item in first.assumptions}
    read = {name for job in jobs.values() for name in _assumed(job).keys() - unread(job)}
    return {
        "title": first.title.rpartition(": ")[0],
        "n_draw": first.draws,
        "seed": first.seed,
        "assumptions": json.dumps(list(assumed.values())),
        "swept": json.dumps(swept_of(study)),
        "base": json.dumps({key: _base(first, key) for key, _ in study.assumptions}),
        "follows": json.dumps(follows),
        "unread": json.dumps(sorted(assumed.keys() - read)),
        "compared": json.dumps(sorted({key for case in study.cases for key, _ in case.changes})),
        "margins": json.dumps({m.name: m.margin for m in study.measures}),
        "versions": json.dumps(runner.contents.versions()),
    }


def _base(job: Job, key: str) -> Any:
    """What the experiment itself sets a swept key to; where it matches several, if they agree."""
    if "*" not in key:
        return in_words(_at(job.resolved, key))
    values = [value for name, value in _assumed(job).items() if covers(key, name)]
    return values[0] if all(value == values[0] for value in values) else AS_ASSUMED


def _assumed(job: Job) -> dict[str, Any]:
    """Assumed values by key."""
    return {item["name"]: item["value"] for item in job.assumptions}


def swept_of(study: Study) -> dict[str, list[tuple[Any, str]]]:
    """Of each assumption its values, and what their points are called."""
    swept: dict[str, list[tuple[Any, str]]] = {key: [] for key, _ in study.assumptions}
    for point in points_of(study):
        if point.key is not None:
            swept[point.key].append((in_words(point.value), point.words()))
    return swept


def _arrays(study: Study, rows: Sequence[Any]) -> dict[str, Any]:
    """The rows as arrays [comparison, measure, point]."""
    shape = len(study.compare), len(study.measures), len(points_of(study))

    def array(values: list[Any]) -> np.ndarray:
        return np.array(values).reshape(shape)

    verdicts = [verdict for _, _, _, verdict in rows]
    names = [_winner(pair, verdict) for pair, _, _, verdict in rows]
    return {
        "first": [a for a, _ in study.compare],
        "second": [b for _, b in study.compare],
        "measure": [measure.name for measure in study.measures],
        "point": [point.words() for point in points_of(study)],
        "first_mean": array([row[1] for row in rows]),
        "second_mean": array([row[2] for row in rows]),
        "difference": array([v.difference.value for v in verdicts]),
        "difference_low": array([v.difference.low for v in verdicts]),
        "difference_high": array([v.difference.high for v in verdicts]),
        "verdict": array(names),
        "draws_needed": array([v.draws_needed or 0 for v in verdicts]),
    }


def _winner(pair: tuple[str, str], verdict: Verdict) -> str:
    if verdict.word in (FIRST, SECOND):
        return f"{pair[verdict.word == SECOND]} better"
    return verdict.word


def _at(tree: Any, key: str) -> Any:
    """The value of a key such as threats.vendor_fault.repair_h; None where there is none."""
    for part in key.split("."):
        tree = tree.get(part) if isinstance(tree, dict) else None
    return tree
