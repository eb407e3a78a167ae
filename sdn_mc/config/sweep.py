"""A sweep: every combination of the values given as a,b,c, each a job with a folder of its own.

The last key that is swept varies fastest. Hydra's launchers start the jobs: one after another here,
in several processes (joblib), on a cluster (submitit, ray). Which jobs are started, and where each
puts its files, is decided here, so that a sweep that is begun again starts those that are missing.
"""

import dataclasses
import importlib
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from hydra._internal.callbacks import Callbacks
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import QuotedString
from hydra.core.plugins import Plugins
from hydra.types import HydraContext, RunMode, TaskFunction
from omegaconf import OmegaConf

from sdn_mc.config.composing import compose, explained, ours, quoted, search_path
from sdn_mc.config.limits import too_deep
from sdn_mc.core.fields import FieldInfo, fields_of
from sdn_mc.core.problems import InputError

SWEEP_NAME = "multirun.yaml"  # in the folder of a sweep: what it is of, as Hydra writes it
NOTED = Path(".hydra") / "overrides.yaml"  # in the folder of a job: its own overrides
BASIC = "basic"  # the launcher that starts one job after another, in this process
# What may change when a sweep is begun again: the same points get more draws, other threads.
NOT_PART_OF_POINT = ("draws", "run", "title", "plugins")
PLAIN_KEYS = {
    "draws": FieldInfo("1", "Joint random realisations.", None, None, None, False, False),
    "seed": FieldInfo("1", "Of every random number in the run.", None, None, None, False, False),
}


class Sweep(NamedTuple):
    """What is swept, and the overrides of every job, in the order of their numbers."""

    axes: dict[str, tuple[Any, ...]]  # key: its values (numbers, true or false, else text)
    jobs: tuple[tuple[str, ...], ...]
    shared: tuple[str, ...]  # overrides of all jobs
    hydra: tuple[str, ...]  # overrides of Hydra itself: how jobs are started


class Stored(NamedTuple):
    """A sweep as its folder tells it."""

    words: tuple[str, ...]  # of the command, without those of the launcher
    launcher: tuple[str, ...]  # how jobs were started: told, never done again unasked
    config_dirs: tuple[str, ...]
    start_directory: str
    title: str


def sweep_of(words: Sequence[str]) -> Sweep:
    """The jobs that a command asks for; nothing is composed yet."""
    if deep := too_deep(words):
        raise InputError(list(deep.values()))
    with ours(), explained(words):
        loader = GlobalHydra.instance().config_loader()
        parsed = OverridesParser.create(config_loader=loader).parse_overrides(list(words))
        choices: dict[str, list[str]] = {}
        axes, shared, own = dict[str, tuple[Any, ...]](), list[str](), list[str]()
        for override in parsed:
            key, line = override.get_key_element(), override.input_line or ""
            if _is_hydras(line):
                own.append(line)
            elif override.is_sweep_override():
                choices[key] = [f"{key}={value}" for value in override.sweep_string_iterator()]
                axes[_key(key)] = _axis(key, list(override.sweep_iterator()), choices[key])
            else:
                choices[line] = [line]
                shared.append(line)
    if taken := [word for word in own if word.startswith("hydra/sweeper")]:
        raise InputError(f"{taken[0]}: a sweep is every combination of its values; leave this out")
    jobs = tuple(itertools.product(*choices.values()))
    return Sweep(axes, jobs, tuple(shared), tuple(own))


def draws_of(sweep: Sweep, config_dirs: Sequence[str] = ()) -> list[int]:
    """The draws that each job asks for; every job is known to compose."""
    asked = []
    for job in sweep.jobs:
        composed = compose(job, config_dirs)
        if composed.get("study"):
            raise InputError("-m: a study is many runs already; leave -m out, or set study=null")
        asked.append(composed["draws"])
    return [draws if isinstance(draws, int) else 0 for draws in asked]


def is_sweep(folder: Path) -> bool:
    """Does this folder hold a sweep?"""
    return (folder / SWEEP_NAME).is_file()


def stored_sweep(folder: Path) -> Stored:
    """What the folder of a sweep says of it."""
    if not is_sweep(folder):
        raise InputError(
            f"{folder}: this is not the folder of a sweep (no {SWEEP_NAME} in it); give the one "
            "that `sdn-mc run -m` printed. `sdn-mc summary` shows a single run or a study"
        )
    try:
        tree: Any = OmegaConf.load(folder / SWEEP_NAME)
        hydra: Any = OmegaConf.to_container(tree.hydra, resolve=False)
        dirs = [str(each).removeprefix("file://") for each in hydra["searchpath"]]
        skipped = ("hydra.sweep.dir=", "hydra.searchpath=", "hydra.mode=")
        launcher = [each for each in hydra["overrides"]["hydra"] if not each.startswith(skipped)]
        task = [each for each in hydra["overrides"]["task"] if not _is_hydras(each)]
        start = hydra["runtime"]["cwd"]
        return Stored(tuple(task), tuple(launcher), tuple(dirs), start, str(tree.title))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise InputError(
            f"{folder}: its {SWEEP_NAME} cannot be read ({error}); give the folder of a sweep, as "
            "`sdn-mc run -m` printed it"
        ) from None


def point(words: Sequence[str], axes: Mapping[str, Any]) -> frozenset[str]:
    """What makes a job the one it is: its overrides, without those that change no number."""
    return frozenset(
        word
        for word in words
        if _key(word) in axes or _key(word).partition(".")[0] not in NOT_PART_OF_POINT
    )


def places(folder: Path, sweep: Sweep) -> list[str]:
    """The folder of each job below that of the sweep: where it is already, else a new number."""
    there = {}
    for note in folder.glob(f"*/{NOTED}"):
        try:
            words = yaml.safe_load(note.read_text(encoding="utf-8")) or []
        except (OSError, yaml.YAMLError):  # a process was killed as it wrote this
            continue
        there[point([str(word) for word in words], sweep.axes)] = note.parents[1].name
    found = [there.get(point(job, sweep.axes)) for job in sweep.jobs]
    free = (str(k) for k in itertools.count() if str(k) not in set(there.values()))
    return [name if name is not None else next(free) for name in found]


def check_same_sweep(folder: Path, sweep: Sweep) -> None:
    """A sweep is begun again with the same keys swept and the same overrides beside them."""
    before = sweep_of(stored_sweep(folder).words)
    one, other = (point(each.shared, each.axes) for each in (before, sweep))
    if one != other or set(before.axes) != set(sweep.axes):
        swept = [" ".join(each.axes) for each in (before, sweep)]
        changed = ", ".join(sorted(one ^ other)) or f"{swept[0]} swept there, {swept[1]} here"
        raise InputError(
            f"hydra.sweep.dir: {folder} holds another sweep ({changed}); give the command that "
            "began it (with further values, or more draws), or choose another folder"
        )


def launch(
    sweep: Sweep,
    chosen: Sequence[tuple[int, str]],
    words: Sequence[str],
    config_dirs: Sequence[str],
    folder: Path,
    task: Callable[[Any, int], TaskFunction],
) -> list[Any]:
    """Let Hydra's launcher start some jobs, each in a folder; what each task returned.

    Args:
        sweep: what is swept.
        chosen: number of a job and the folder it gets, below that of the sweep.
        words: the overrides of the command.
        config_dirs: folders with YAML files of the user.
        folder: of the sweep.
        task: makes what each job does, from the launcher's own configuration and how many jobs
            there are.
    """
    given = [word for word in words if not word.startswith("hydra.sweep.dir=")]
    place = f"hydra.sweep.dir={quoted(str(folder))}"
    with ours():
        with explained(words):
            hydra = GlobalHydra.instance().hydra
            assert hydra is not None
            master = hydra.compose_config(
                "config",
                [*given, place, *search_path(config_dirs)],
                RunMode.MULTIRUN,
                with_log_configuration=True,
                from_shell=False,
            )
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(master, folder / SWEEP_NAME)
        if not chosen:
            return []
        launcher = Plugins.instance().instantiate_launcher(
            hydra_context=HydraContext(hydra.config_loader, Callbacks()),
            task_function=task(master.hydra, len(chosen)),
            config=master,
        )
        jobs = [[*sweep.jobs[k], f"hydra.sweep.subdir={quoted(name)}"] for k, name in chosen]
        returned = launcher.launch(jobs, initial_job_idx=0)
        return [each.return_value for each in returned]


def launcher_name(hydra: Any) -> str:
    """The launcher that was chosen, from Hydra's part of a configuration."""
    return str(hydra.runtime.choices.get("hydra/launcher") or BASIC)


def jobs_at_once(hydra: Any, n_job: int, n_core: int) -> int:
    """Jobs that share this machine's cores; a job of a cluster has what the cluster gives it."""
    node = hydra.launcher
    if "n_jobs" in node:  # joblib counts backwards from all cores: -1 is every one
        asked = int(node.n_jobs)
        return min(asked if asked > 0 else max(1, n_core + 1 + asked), n_job)
    target = str(node._target_)
    if target.endswith((".LocalLauncher", ".RayLauncher")):
        return n_job
    return 1


def this_job(keys: Sequence[str]) -> tuple[Path, str]:
    """The folder that Hydra has made for the job that runs, and its values of the swept keys."""
    hydra = HydraConfig.get()
    words = [word for word in hydra.overrides.task if _key(word) in keys]
    return Path(hydra.runtime.output_dir), " ".join(words)


def about_key(tree: Mapping[str, Any], key: str) -> FieldInfo | None:
    """Unit and meaning of a key of a resolved configuration, where a component of ours has it."""
    *parents, last = key.split(".")
    node: Any = tree
    for part in parents:
        node = node.get(part) if isinstance(node, dict) else None
    target = node.get("_target_") if isinstance(node, dict) and parents else None
    if not isinstance(target, str) or not target.startswith("sdn_mc."):
        return PLAIN_KEYS.get(key)
    module, _, name = target.rpartition(".")
    try:
        kind = getattr(importlib.import_module(module), name, None)
    except ImportError:
        return None
    return fields_of(kind).get(last) if dataclasses.is_dataclass(kind) else None


def _axis(key: str, values: Sequence[Any], words: Sequence[str]) -> tuple[Any, ...]:
    """The values of one key: all numbers, all true or false, or all text as it was written."""
    given = [value.text if isinstance(value, QuotedString) else value for value in values]
    kinds = {bool if isinstance(value, bool) else type(value) for value in given}
    if (not kinds <= {int, float} and len(kinds) > 1) or not kinds <= {int, float, bool, str}:
        given = [word.partition("=")[2] for word in words]
    if any(isinstance(value, float) and not math.isfinite(value) for value in given):
        raise InputError(f"{key}: a swept value is no finite number; leave it out")
    if len(set(given)) < len(given):
        raise InputError(f"{key}: a value is given twice; give each once")
    return tuple(given)


def _key(word: str) -> str:
    return word.lstrip("+").partition("=")[0]


def _is_hydras(word: str) -> bool:
    return word.lstrip("+~").startswith(("hydra.", "hydra/", "hydra=", "hydra@"))
