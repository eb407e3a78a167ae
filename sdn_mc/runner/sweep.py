"""The jobs of a sweep: how far each has come, going on with one, and one dataset of all.

A job is done where its result has every draw and its summary; unfinished where a result is there
but not whole; failed where its last start ended with a message; else missing.
"""

import collections
import json
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from sdn_mc import runner, store
from sdn_mc.config import Job
from sdn_mc.config.sweep import Sweep, about_key, places, stored_sweep, sweep_of
from sdn_mc.core.notes import WARNING, warnings_in
from sdn_mc.core.problems import InputError
from sdn_mc.runner.sameness import config_hash
from sdn_mc.runner.stopping import MET
from sdn_mc.store import Axis, Point

FAILED_NAME = "failed.json"  # in the folder of a job: why it ended without its result
DONE, UNFINISHED, FAILED, MISSING = store.STATUS
SAID = ("citation", "licence")  # of every run alike
MOST_WARNINGS = 5
ROOT_NAME = "zarr.json"  # of a dataset; a job that ends, or gets more draws, writes it anew
OF_FIRST = ("config", "assumptions", "columns", "satellites")  # of the first point that is done


class State(NamedTuple):
    """How far one job has come."""

    status: str
    draws_done: int = 0
    n_draw: int = 0
    reason: str = ""  # of a failure
    knew_enough: bool = False  # stopped by its half-width, short of its draws


def state_of(folder: Path) -> State:
    """What the folder of a job tells."""
    try:
        result = store.open_store(folder) if (folder / store.RESULT_NAME).exists() else None
    except InputError as error:
        return State(FAILED, reason=" ".join(error.problems))
    done, n_draw = (0, 0) if result is None else (result.n_committed(), result.n_draw)
    if result is not None and runner.is_done(result):
        return State(DONE, done, n_draw, knew_enough=_rule_met(result.attributes()) is not None)
    if (folder / FAILED_NAME).is_file():
        reason = " ".join(store.read_note(folder / FAILED_NAME)["problems"])
        return State(FAILED, done, n_draw, reason)
    return State(MISSING if result is None else UNFINISHED, done, n_draw)


def started(folder: Path, loaded: Callable[[], Job], console: Console) -> list[str]:
    """Begin one job in its folder or go on with it; what went wrong, noted there too."""
    (folder / FAILED_NAME).unlink(missing_ok=True)
    try:
        _run_or_resumed(loaded(), folder, console)
        return []
    except InputError as error:
        problems, trail = error.problems, ""
    except Exception as error:  # a bug: told in one line, and the other jobs go on
        trail = traceback.format_exc()
        words = f"{type(error).__name__}: {error}".partition("\n")[0]
        problems = [f"{words}; {folder / FAILED_NAME} has the whole"]
    try:
        store.write_note(folder / FAILED_NAME, {"problems": problems, "traceback": trail})
    except OSError as error:  # the disk is full
        problems = [*problems, f"{folder / FAILED_NAME}: not written ({error.strerror})"]
    return problems


def missing_jobs(folder: Path, sweep: Sweep, draws: Sequence[int]) -> list[tuple[int, str]]:
    """Number and folder of every job that has less than it should."""
    found = []
    for k, name in enumerate(places(folder, sweep)):
        state = state_of(folder / name)
        if state.status != DONE or (state.n_draw < draws[k] and not state.knew_enough):
            found.append((k, name))
    return found


def collect(folder: Path, output: Path | None = None, scores: bool = True) -> Path:
    """One dataset of all jobs of a sweep, over the swept keys; returns its path."""
    stored = stored_sweep(folder)
    sweep = sweep_of(stored.words)
    if not sweep.axes:
        raise InputError(f"{folder}: nothing was swept; open the result of its job instead")
    names = places(folder, sweep)
    states = [state_of(folder / name) for name in names]
    points = [
        Point(name, *state[:3], folder / name if state.status == DONE else None)
        for name, state in zip(names, states, strict=True)
    ]
    said = {
        p.folder: store.open_store(p.result).attributes() for p in points if p.result is not None
    }
    _check_combinable(folder, said)
    first = next(iter(said.values()), {})
    axes = _axes(sweep, json.loads(first.get("config", "{}")))
    about = {
        "title": stored.title,
        "overrides": json.dumps(sweep.shared),
        "swept": json.dumps({axis.name: axis.key for axis in axes}),
        "config_of": next(iter(said), ""),
        "notes": json.dumps(_notes(said, names, states)),
    }
    about |= {name: first[name] for name in (*SAID, *OF_FIRST) if name in first}
    about |= {name: _all(said, name) for name in ("seed", "versions", "device")}
    for number, point in enumerate(points):
        run = said.get(point.folder, {})
        points[number] = point._replace(
            run_seed=run.get("seed", -1),
            config_hash=run.get("config_hash", ""),
            code_version=json.loads(run.get("versions", "{}")).get("sdn_mc", ""),
        )
    return store.write_collected(
        output or folder / store.COLLECTED_NAME, axes, points, about, scores
    )


def collected(folder: Path) -> Path:
    """The dataset of a sweep, made anew where it is absent or its jobs have changed since."""
    path = folder / store.COLLECTED_NAME
    return path if _is_up_to_date(path, folder) else collect(folder)


def _is_up_to_date(path: Path, folder: Path) -> bool:
    if not store.is_collected(path):
        return False
    names = places(folder, sweep_of(stored_sweep(folder).words))
    now = [(name, *state_of(folder / name)[:3]) for name in names]
    if now != store.points_of_collected(path):
        return False
    made_ns = (path / ROOT_NAME).stat().st_mtime_ns
    written = [folder / name / store.RESULT_NAME / ROOT_NAME for name in names]
    written += [folder / name / FAILED_NAME for name in names]
    return all(path.stat().st_mtime_ns < made_ns for path in written if path.is_file())


def _run_or_resumed(job: Job, folder: Path, console: Console) -> Path | str:
    if not (folder / store.RESULT_NAME).exists():
        return runner.run(job, folder, console)
    result = store.open_store(folder)
    said = result.attributes()
    met = _rule_met(said)
    if met is not None and met == job.resolved["stop"] and runner.is_done(result):
        return result.path
    if said["config_hash"] != config_hash(job) or met is not None:
        raise InputError(
            f"{folder}: the result here is of another configuration, or a file that it reads has "
            "changed since; delete the folder to begin this job anew, or choose another "
            "hydra.sweep.dir"
        )
    plugins = tuple(job.resolved.get("plugins") or ())  # of the user's own command
    return runner.resume(folder, console, max(job.draws, result.n_draw), plugins)


def _rule_met(said: dict[str, Any]) -> dict[str, Any] | None:
    """The key `stop` of a run that ended by it; None: it did not."""
    return json.loads(said["config"])["stop"] if said["stop_reason"].startswith(MET) else None


def _axes(sweep: Sweep, config: dict[str, Any]) -> list[Axis]:
    """One axis for each swept key, called by as much of the key's end as sets it apart."""
    found, taken = [], set(store.COLLECTED_WORDS)
    for key, values in sweep.axes.items():
        parts = key.replace("/", ".").replace("@", ".").split(".")
        ends = ["_".join(parts[-k:]) for k in range(1, len(parts) + 1)]
        others = [other for other in sweep.axes if other != key]
        free = [e for e in ends if e not in taken and not _ends_alike(e, others)]
        name = free[0] if free else "_".join(("swept", *parts))
        taken.add(name)
        info = about_key(config, key)
        words = (info.unit or "1", info.doc) if info else ("1", f"The choice of {key}.")
        found.append(Axis(name, key, values, *words))
    return found


def _ends_alike(end: str, keys: Sequence[str]) -> bool:
    return any(f".{key}".replace(".", "_").endswith(f"_{end}") for key in keys)


def _check_combinable(folder: Path, said: dict[str, dict[str, Any]]) -> None:
    """What makes numbers of different runs no longer comparable."""
    versions: dict[str, list[str]] = {}
    for name, run in said.items():
        versions.setdefault(json.loads(run["versions"])["sdn_mc"], []).append(name)
    if len(versions) > 1:
        told = "; ".join(f"{v} in {', '.join(names)}" for v, names in sorted(versions.items()))
        raise InputError(
            f"{folder}: its jobs were made by different versions of sdn_mc ({told}), whose draws "
            "may differ; delete the folders of one of them, and start the sweep again with the "
            "other version"
        )
    seen: dict[str, tuple[str, str]] = {}
    for name, run in said.items():
        for path, digest in json.loads(run["inputs"]).items():
            other, before = seen.setdefault(path, (name, digest))
            if before != digest:
                raise InputError(
                    f"{folder}: the file {path} changed between its jobs {other} and {name}; "
                    "delete the folders of those with the old one, and start the sweep again"
                )


def _notes(
    said: dict[str, dict[str, Any]], names: Sequence[str], states: Sequence[State]
) -> list[str]:
    """What a reader must know of the points: failures, and what is not the same in all."""
    found = [
        f"{name} failed: {state.reason}"
        for name, state in zip(names, states, strict=True)
        if state.status == FAILED
    ]
    for key, word in (("n_draw", "draws"), ("seed", "seeds")):
        values = sorted({run[key] for run in said.values()})
        if len(values) > 1:
            listed = ", ".join(map(str, values))
            found.append(f"the points have different {word} ({listed}): they pair where alike")
    of_runs = [note for run in said.values() for note in json.loads(run.get("notes", "[]"))]
    counts = collections.Counter(warnings_in(of_runs))
    warned = [f"{note} ({n} of {len(said)} points)" for note, n in counts.items()]
    found += warned[:MOST_WARNINGS]
    if more := len(warned[MOST_WARNINGS:]):
        found.append(f"{WARNING} {more} more stand in the summaries of the jobs")
    libraries = [json.loads(run["versions"]) for run in said.values()]
    for name in sorted({name for each in libraries for name in each}):
        kinds = sorted({each.get(name, "none") for each in libraries})
        if len(kinds) > 1:
            found.append(f"made with different versions of {name}: {', '.join(kinds)}")
    return found


def _all(said: dict[str, dict[str, Any]], name: str) -> Any:
    """An attribute that the runs share; where they differ, all that there are, as text."""
    values = list(dict.fromkeys(run[name] for run in said.values()))
    return values[0] if len(values) == 1 else json.dumps(values)
