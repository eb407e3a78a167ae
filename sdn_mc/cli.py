"""The commands: run, summary, resume, list, explain, trace. Bad input ends with status 2."""

import datetime as dt
import logging
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from sdn_mc.core.problems import InputError

if TYPE_CHECKING:
    from xarray import DataTree

USAGE = """\
sdn-mc: resilience of satellite laser meshes, over thousands of attack and failure draws

  sdn-mc run [key=value …]          run (a run of its own folder below outputs/); -m for a sweep
  sdn-mc summary RUN                the table of a run again
  sdn-mc resume RUN [draws=N]       continue a stopped run, or give it more draws
  sdn-mc list [GROUP]               what can be chosen: threats, constellations, …
  sdn-mc explain NAME               a component: model, fields with units and ranges, source
  sdn-mc trace RUN draw=17 pair=3 time=41 [column=NAME]
                                    one draw by hand: causes, masks on the path, the delay added up

First steps: `sdn-mc run`, then `sdn-mc list experiment`. Own YAML files: --config-dir FOLDER.
"""
FAULT_STATUS = 2
TELL_WIDTH = 100


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point."""
    words = list(sys.argv[1:] if argv is None else argv)
    commands: dict[str, Callable[[list[str]], None]] = {
        "run": _run,
        "summary": _summary,
        "resume": _resume,
        "list": _list,
        "explain": _explain,
        "trace": _trace,
    }
    if not words or words[0] in ("-h", "--help", "help"):
        print(USAGE, end="")
        return
    try:
        if words[0] not in commands:
            raise InputError(
                f"{words[0]}: no such command; there are {', '.join(commands)}; see sdn-mc --help"
            )
        commands[words[0]](words[1:])
    except InputError as error:
        _tell(error)
        sys.exit(FAULT_STATUS)
    except KeyboardInterrupt:
        print("stopped; `sdn-mc resume RUN` goes on after the last finished block", file=sys.stderr)
        sys.exit(130)


def simulate_job(overrides: list[str], folder: str | None) -> "DataTree":
    """What `sdn_mc.simulate` does: one job, no output on the terminal but warnings."""
    from sdn_mc import config, runner, store

    job = config.load(config.compose(overrides))
    place = Path(folder) if folder is not None else _new_folder()
    path = runner.run(job, place, Console(quiet=True))
    return store.open_result(path)


def _run(words: list[str]) -> None:
    """Compose, check everything, then run inside Hydra's own output folder."""
    from sdn_mc import config

    if {"-h", "--help"} & set(words):
        print(USAGE, end="")
        return
    flags, overrides, config_dirs = _split(words)
    sweeps = bool({"-m", "--multirun"} & set(flags))
    job = None
    if not sweeps:
        composed = config.compose(overrides, config_dirs)
        if {"-c", "--cfg"} & set(flags):
            from omegaconf import OmegaConf

            print(OmegaConf.to_yaml(composed), end="")
            return
        job = config.load(composed)
    _inside_hydra(job, flags, overrides, config_dirs)


def _inside_hydra(job: Any, flags: list[str], overrides: list[str], config_dirs: list[str]) -> None:
    """Let Hydra make the folder, the log and, in a sweep, the jobs."""
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import DictConfig

    from sdn_mc import config, runner
    from sdn_mc.report.summary import print_summary

    def task(composed: DictConfig) -> None:
        folder = Path(HydraConfig.get().runtime.output_dir)
        console = Console(width=None if sys.stdout.isatty() else TELL_WIDTH)
        try:
            ready = config.load(composed) if job is None else job
            if job is None and ready.store.paths == "auto":
                ready = ready._replace(store=ready.store._replace(paths="none"))
            path = runner.run(ready, _shown(folder), console)
        except InputError:
            _remove_if_empty(folder)
            raise
        print_summary(path, console)
        console.print(f"result: {_shown(path)}")

    searched = [f"file://{Path(folder).resolve()}" for folder in config_dirs]
    extra = [f"hydra.searchpath=[{','.join(searched)}]"] if searched else []
    os.environ["HYDRA_FULL_ERROR"] = "1"  # faults come back here, to be told in one place
    sys.argv = ["sdn-mc", *[f for f in flags if f in ("-m", "--multirun")], *overrides, *extra]
    hydra.main(str(config.config_folder()), "config", version_base="1.3")(task)()


def _summary(words: list[str]) -> None:
    from sdn_mc.report.summary import print_summary

    print_summary(_one_path(words, "summary"), _console())


def _resume(words: list[str]) -> None:
    from sdn_mc import runner
    from sdn_mc.report.summary import print_summary

    paths, given = _path_and_keys(words, {"draws"}, "resume")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    path = runner.resume(Path(paths), _console(), given.get("draws"))
    print_summary(path, _console())


def _list(words: list[str]) -> None:
    from sdn_mc.report.catalogue import print_list

    print_list(words[0] if words else None, _console())


def _explain(words: list[str]) -> None:
    from sdn_mc.report.catalogue import print_explanation

    if len(words) != 1:
        raise InputError("explain: name one component, for example `sdn-mc explain vendor_fault`")
    print_explanation(words[0], _console())


def _trace(words: list[str]) -> None:
    from sdn_mc.runner.trace import print_trace

    column = [w.partition("=")[2] for w in words if w.startswith("column=")]
    rest = [w for w in words if not w.startswith("column=")]
    path, given = _path_and_keys(rest, {"draw", "pair", "time"}, "trace")
    missing = [key for key in ("draw", "pair", "time") if key not in given]
    if missing:
        raise InputError(
            f"trace: no {', '.join(missing)} given; write sdn-mc trace RUN draw=17 pair=3 time=41"
        )
    print_trace(
        Path(path),
        given["draw"],
        given["pair"],
        given["time"],
        column[0] if column else None,
        _console(),
    )


# ---- small parts


def _split(words: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Flags, Hydra overrides and --config-dir folders."""
    flags, overrides, folders = [], [], []
    rest = iter(words)
    for word in rest:
        if word in ("--config-dir", "-cd"):
            folders.append(next(rest, ""))
        elif word.startswith("--config-dir="):
            folders.append(word.partition("=")[2])
        elif word in ("-m", "--multirun"):
            flags.append(word)
        elif word in ("-c", "--cfg"):
            flags.append(word)
            next(rest, "")
        elif word.startswith("-"):
            raise InputError(f"{word}: unknown flag; see sdn-mc --help")
        else:
            overrides.append(word)
    return flags, overrides, folders


def _path_and_keys(words: list[str], known: set[str], command: str) -> tuple[str, dict[str, int]]:
    """One path, and key=whole number for each known key."""
    paths = [word for word in words if "=" not in word]
    given: dict[str, int] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            continue
        if key not in known:
            raise InputError(f"{command}: unknown key {key}; known are {', '.join(sorted(known))}")
        if not value.isdigit():
            raise InputError(f"{command}: {word} given; write {key}= and a whole number")
        given[key] = int(value)
    return _one_path(paths, command), given


def _one_path(words: list[str], command: str) -> str:
    if len(words) != 1:
        raise InputError(f"{command}: name one run folder, for example outputs/2027-01-01/12-00-00")
    return words[0]


def _new_folder() -> Path:
    now = dt.datetime.now()
    return Path("outputs") / f"{now:%Y-%m-%d}" / f"{now:%H-%M-%S}"


def _shown(folder: Path) -> Path:
    """Relative to where the command started, where that is shorter to read."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _remove_if_empty(folder: Path) -> None:
    """A run that never began leaves nothing behind."""
    if folder.is_dir() and not (folder / "result.zarr").exists():
        logging.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else TELL_WIDTH)


def _tell(error: InputError) -> None:
    for problem in error.problems:
        print(f"error: {problem}", file=sys.stderr)
