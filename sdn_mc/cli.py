"""The commands: run, summary, resume, collect, report, list, explain, trace. Bad input: 2."""

import datetime as dt
import logging
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

import sdn_mc
from sdn_mc import sweeps
from sdn_mc.core.problems import InputError
from sdn_mc.interrupt import ended_by_ctrl_c
from sdn_mc.terminal import console as _console
from sdn_mc.terminal import place_explained
from sdn_mc.terminal import shown as _shown

if TYPE_CHECKING:
    from xarray import DataTree

USAGE = """\
sdn-mc: resilience of satellite laser meshes, over thousands of attack and failure draws

  sdn-mc run [key=value …]          a run, in a folder of its own below outputs/; -m for a sweep;
                                    an experiment with a study is many runs and their decisions
  sdn-mc summary RUN                the table of a run, or the decisions of a study, again
  sdn-mc resume RUN [draws=N]       continue a stopped run, study or sweep, or give it more draws
  sdn-mc resume RUN part=2/4        do the second quarter of a run, beside other processes
  sdn-mc collect SWEEP              one dataset and one table of all runs of a sweep
  sdn-mc report RUN [RUN …]         one HTML page with the answer, a globe and figures
  sdn-mc list [GROUP]               what can be chosen: threats, constellations, …
  sdn-mc explain NAME               a component: model, fields with units and ranges, source
  sdn-mc trace RUN draw=17 pair=3 time=41 [column=NAME]
                                    one draw by hand: causes, masks on the path, the delay added up

First steps: `sdn-mc run`, then `sdn-mc list experiment`. More: `sdn-mc run --help`, and so on.
"""
RUN_HELP = """\
sdn-mc run [key=value …] [-m] [--config-dir FOLDER] [-c job]

  sdn-mc run                                       the default question, 1,024 draws
  sdn-mc run draws=4096 threats.vendor_fault.repair_h=6
  sdn-mc run experiment=starlink_today constellation.path=FILE
  sdn-mc run -m access.min_elevation_deg=10,25,40  a sweep: one run for each value

  key=value      `sdn-mc explain NAME` shows the keys of a part; GROUP=NAME chooses another part;
                 threats=[A,B] and metrics=[A,B] take lists; +key=value adds an entry to a mapping;
                 quote what the shell would read: 'flows.flows=[[London,Tokyo]]'
  -m             sweep: every combination of the values given as a,b,c; the latency series are not
                 stored unless store.paths says so; see below
  --config-dir   a folder with your own YAML files, in folders named as the groups
  -c job         print the whole configuration and stop
  hydra.run.dir=FOLDER   where the run puts its files
  store.url=s3://BUCKET/PREFIX   the result goes there, with AWS_ACCESS_KEY_ID and the like set;
                 the folder keeps the log. summary, resume and trace take the URL, or the folder
  part=2/4       of a run split over processes (and machines with a shared disk), the second of
                 four parts; all have the same words and hydra.run.dir, and go at once or in turn:
                 `srun -n 4 sh -c 'sdn-mc run … hydra.run.dir=X part=$((SLURM_PROCID + 1))/4'`.
                 The last to end writes the summary. See `sdn-mc resume --help`, too

A sweep has a folder for each job below hydra.sweep.dir=FOLDER. A job that fails is told at the end,
and the others go on. The same command with the same hydra.sweep.dir, or `sdn-mc resume FOLDER`,
does what is left: jobs that are done are not started, half-done ones continued, missing and failed
ones begun; further values of a swept key are added, and with more draws all jobs get them. Then
`sdn-mc collect FOLDER` makes one dataset. Jobs run one after another, or (with the extra
sdn-mc[cluster]):

  hydra/launcher=joblib [hydra.launcher.n_jobs=4]   several at once on this machine; they share its
                 cores equally, unless run.threads says how many each uses
  hydra/launcher=slurm hydra.launcher.partition=NAME [hydra.launcher.cpus_per_task=4]
                 an array job of Slurm, through submitit; hydra.launcher.timeout_min=60,
                 .array_parallelism=256, .mem_gb=null (what the partition gives), .account=NAME, …;
                 a job that reaches its time limit is queued again and goes on where it was. The
                 command waits for all jobs; to see that one was killed it needs Slurm's accounting
"""
SUMMARY_HELP = """\
sdn-mc summary RUN

  RUN: the folder that a run printed, its result.zarr, or its URL
"""
RESUME_HELP = """\
sdn-mc resume RUN [draws=N] [part=I/N] [run.threads=N] [plugins=[PACKAGE]]
              [hydra/launcher=NAME …]

  Continues a stopped run after its last committed block. With draws=N a run gets more draws; the
  first ones stay the same, bit for bit. What a disk or a copy has damaged is made again. A run with
  components of your own needs their packages named again. run.threads=1 takes the least memory.
  Of a study and of a sweep (by the folder that holds its jobs) it does what is missing: jobs that
  are done are left alone, half-done ones continued, failed and missing ones begun. How the jobs of
  a sweep are started is said anew, with hydra/launcher=NAME and hydra.launcher.KEY=VALUE, and so is
  --config-dir FOLDER.

  sdn-mc run … hydra.run.dir=X part=prepare     a run to be split: its result, without draws
  sdn-mc resume X part=1/4                      its first quarter; others at once, anywhere
  sdn-mc resume X                               whatever is missing, when no part is at work
  sdn-mc resume X draws=N part=prepare          room for more draws, which parts then fill

  Whoever finds all draws done writes the summary. Two processes of one part are refused. On Slurm:
  `sbatch --array=1-4 --wrap='sdn-mc resume X part=$SLURM_ARRAY_TASK_ID/4'`.
"""
COLLECT_HELP = """\
sdn-mc collect SWEEP [--output FOLDER] [--summary]

  Makes one dataset of all runs of a sweep, SWEEP/collected.zarr unless --output says otherwise,
  with an axis for each swept key, and prints a line for each point. It opens in plain xarray:
  xarray.open_datatree(path, engine="zarr", consolidated=False); `status` says which points are
  done, unfinished, failed or missing, whose values are NaN. /summary has the estimates and their
  intervals, /metrics the scores of every draw; --summary leaves the latter out.
"""
REPORT_HELP = """\
sdn-mc report RUN [RUN …] [--output FILE] [draws=17,40] [column=NAME] [plugins=[PACKAGE]]

  One HTML file that opens from disk without a network: the question and its answer in words, a
  globe with the constellation and what a few draws lost, and figures, each with its data. RUN: the
  folder of a run or of a study. Needs plotly: pip install 'sdn-mc[report]'.

  --output FILE  where to put it; else report.html in the first folder
  draws=17,40    draws to show on the globe instead of the median, a bad and the worst one
  column=NAME    the column that they are shown of; else the last one
"""
LIST_HELP = """\
sdn-mc list [GROUP] [--config-dir FOLDER]

  The names of every part of a run that can be chosen; of one GROUP, with all that is said of them.
"""
EXPLAIN_HELP = """\
sdn-mc explain NAME [--config-dir FOLDER]

  A part's model, its fields with values, units and ranges, and where the values come from. Write
  GROUP/NAME where two groups have a part of one name.
"""
TRACE_HELP = """\
sdn-mc trace RUN draw=17 pair=3 time=41 [column=NAME] [plugins=[PACKAGE]]

  One draw at one instant, by hand: what was drawn, what is out and why, and the path of one pair
  without threats and with them, its delay added up leg by leg. All three count from 0.
"""
FAULT_STATUS = 2
LONGEST_COMMAND = 100_000  # characters: it is to be pasted whole
HYDRA_NOTES, LOG_NAME = ".hydra", "cli.log"  # what Hydra makes in the folder of a run


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):  # a terminal without "∞" still gets the rest
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    logging.raiseExceptions = False  # a log that cannot be written stops no run
    commands: dict[str, tuple[Callable[[list[str]], None], str]] = {
        "run": (_run, RUN_HELP),
        "summary": (_summary, SUMMARY_HELP),
        "resume": (_resume, RESUME_HELP),
        "report": (_report, REPORT_HELP),
        "collect": (_collect, COLLECT_HELP),
        "list": (_list, LIST_HELP),
        "explain": (_explain, EXPLAIN_HELP),
        "trace": (_trace, TRACE_HELP),
    }
    name, rest = (words[0], words[1:]) if words else ("help", [])
    if name == "--version":
        print(f"sdn-mc {sdn_mc.__version__}")
        return
    if name in ("-h", "--help", "help") or {"-h", "--help"} & set(rest):
        print(commands[name][1] if name in commands else USAGE, end="")
        return
    try:
        if name not in commands:
            raise InputError(
                f"{name}: no such command; there are {', '.join(commands)}; see sdn-mc --help"
            )
        with ended_by_ctrl_c(lambda: "stopped"):
            commands[name][0](rest)
    except InputError as error:
        _tell(error)
        sys.exit(FAULT_STATUS)


def simulate_job(overrides: list[str], folder: str | None) -> "DataTree":
    """What `sdn_mc.simulate` does: one job, no output on the terminal but warnings."""
    from sdn_mc import config, runner, store

    job = config.job_of(overrides)
    place = Path(folder) if folder is not None else _new_folder()
    path = runner.run(job, place, Console(quiet=True))
    return store.open_result(path)


def _run(words: list[str]) -> None:
    """Compose, check everything, then run inside Hydra's own output folder."""
    from sdn_mc import config, store

    flags, overrides, config_dirs = _split(words)
    overrides = config.completed(overrides)
    if "-m" in flags:
        _check_one_run(overrides, "-m: a sweep is many runs")
        sweeps.run(overrides, config_dirs)
        return
    if "-c" in flags:
        from omegaconf import OmegaConf

        print(OmegaConf.to_yaml(config.compose(overrides, config_dirs)), end="")
        return
    job = config.job_of(overrides, config_dirs)
    folder = config.output_folder(overrides, config_dirs)
    is_part = job.part not in (None, config.PREPARED_ONLY)
    is_placed = any(word.startswith(("hydra.run.dir=", "store.url=")) for word in overrides)
    if is_part and not is_placed:
        raise InputError(
            f"part: {job.part} given without hydra.run.dir; give every part the same one, as "
            "hydra.run.dir=FOLDER"
        )
    if (asked := config.study_of(job.resolved)) is not None:
        _check_one_run(overrides, "a study is many runs")
        _study(asked, overrides, config_dirs, folder)
        return
    key, where = ("store.url", job.store.url) if job.store.url else ("hydra.run.dir", folder)
    if store.has_result(where) and not is_part:
        raise InputError(
            f"{key}: there is a result in {where} already; continue it with `sdn-mc resume "
            f"{where}`, or choose another {'URL' if job.store.url else 'folder'}"
        )
    _inside_hydra(job, overrides, config_dirs, folder)


def _check_one_run(overrides: list[str], why: str) -> None:
    """Some keys are for one run, which is split or stored elsewhere."""
    for key in ("part", "store.url"):
        if any(word.startswith(f"{key}=") for word in overrides):
            raise InputError(f"{key}: given, but {why}; leave {key} out, or begin them one by one")


def _study(asked: Any, overrides: list[str], config_dirs: list[str], folder: Path) -> None:
    """All runs of a study, in one folder; then its decisions."""
    from sdn_mc import store
    from sdn_mc.report.decisions import print_decisions
    from sdn_mc.runner import study

    if study.is_study(folder):
        raise InputError(
            f"hydra.run.dir: there is a study in {folder} already; continue it with `sdn-mc resume "
            f"{folder}`, or choose another folder"
        )
    new = store.not_yet_there(folder)
    try:
        with store.full_disk_explained(folder), ended_by_ctrl_c(lambda: _way_on_study(folder)):
            path = study.begin(asked, overrides, config_dirs, _shown(folder), _console())
    finally:
        store.remove_unbegun(folder, new, (study.NOTE_NAME, study.RUNS))
    print_decisions(path, _console())
    _console().print(f"study: {_shown(folder)}", markup=False, soft_wrap=True)


def _inside_hydra(job: Any, words: list[str], config_dirs: list[str], output: Path) -> None:
    """Let Hydra make the folder and the log."""
    import hydra

    from sdn_mc import config, runner, store
    from sdn_mc.report.summary import print_result

    new, own = store.not_yet_there(output), (HYDRA_NOTES, LOG_NAME)
    failed = list[str]()

    def task(_: Any) -> None:
        try:
            path = runner.run(job, _shown(output), _console())
            print_result(path, _console(), runner.is_done(store.open_store(path)))
        except InputError as error:
            failed.extend(error.problems)

    def last_words() -> str:
        store.remove_unbegun(output, new, own)
        return _way_on(output)

    os.environ["HYDRA_FULL_ERROR"] = "1"  # faults come back here, to be told in one place
    place = f"hydra.run.dir={config.quoted(str(output))}"
    given = [word for word in words if not word.startswith("hydra.run.dir=")]
    sys.argv = ["sdn-mc", *given, place, *config.search_path(config_dirs)]
    try:
        with (
            place_explained(failed, "hydra.run.dir"),
            store.full_disk_explained(output),
            ended_by_ctrl_c(last_words),
        ):
            hydra.main(str(config.config_folder()), "config", version_base="1.3")(task)()
    finally:
        store.remove_unbegun(output, new, own)
    if failed:  # raised here, or Hydra would print a line of its own
        raise InputError(failed)


def _summary(words: list[str]) -> None:
    from sdn_mc.report.decisions import print_decisions
    from sdn_mc.report.summary import print_summary
    from sdn_mc.runner import study

    path = _place(_one_path(words, "summary"))
    is_study = isinstance(path, Path) and study.is_study(path)
    (print_decisions if is_study else print_summary)(path, _console())


def _resume(words: list[str]) -> None:
    from sdn_mc import config, runner, store
    from sdn_mc.report.decisions import print_decisions
    from sdn_mc.report.summary import print_summary
    from sdn_mc.runner import study

    if (sweep := sweeps.folder_among(words)) is not None:
        sweeps.resume(sweep, words)
        return
    words, plugins = _plugins(words)
    parts = [word.partition("=")[2] for word in words if word.startswith("part=")]
    part = config.share_of(parts[-1]) if parts else None
    words = [word for word in words if not word.startswith("part=")]
    paths, given = _path_and_keys(words, {"draws", "run.threads"}, "resume")
    logging.basicConfig(format="%(asctime)s %(message)s")
    logging.getLogger("sdn_mc").setLevel(logging.INFO)
    folder, draws, threads = _place(paths), given.get("draws"), given.get("run.threads")
    if isinstance(folder, Path) and study.is_study(folder):
        if part is not None:
            raise InputError(f"part: {part} given, but {folder} is a study; leave part out")
        way_on = ended_by_ctrl_c(lambda: _way_on_study(Path(folder)))
        with way_on, store.full_disk_explained(folder):
            found = study.go_on(folder, _console(), draws, plugins, threads)
        print_decisions(found, _console())
        return
    if isinstance(folder, Path) and _is_without_result(folder):
        raise InputError(
            f"{folder}: the run was stopped before it made its result, so there is nothing to "
            f"resume; start it again with `{_command_of(folder)}`",
            longest=LONGEST_COMMAND,
        )
    with ended_by_ctrl_c(lambda: _way_on(folder)):
        path = runner.resume(folder, _console(), draws, plugins, part, threads)
    if runner.is_done(store.open_store(path)):
        print_summary(path, _console())


def _collect(words: list[str]) -> None:
    from sdn_mc.report.sweep import print_sweep
    from sdn_mc.runner.sweep import collect

    rest, output, scores = [], None, True
    given = iter(words)
    for word in given:
        if word in ("--output", "-o") or word.startswith("--output="):
            output = Path(word.partition("=")[2] or next(given, ""))
        elif word == "--summary":
            scores = False
        elif word.startswith("-"):
            raise InputError(f"{word}: unknown flag; see sdn-mc collect --help")
        else:
            rest.append(word)
    folder = Path(_one_path(rest, "collect"))
    path = collect(folder, output, scores)
    print_sweep(path, _console())
    _console().print(f"dataset: {_shown(path)}", markup=False, soft_wrap=True)


def _report(words: list[str]) -> None:
    from sdn_mc.report import page
    from sdn_mc.runner import study

    words, plugins = _plugins(words)
    words, output = _output(words)
    draws, column = _shown_draws(words)
    runs = [Path(word) for word in words if "=" not in word]
    if not runs:
        raise InputError("report: name a run folder, for example outputs/2027-01-01/12-00-00")
    page.check_installed()
    kinds = ["study" if study.is_study(run) else "run" for run in runs]
    first = page.first_run(runs[0]) if kinds[0] == "study" else runs[0]
    shown = _shown_of(first, draws, column, plugins)
    path = page.write_report(runs, shown, output or page.beside(runs[0]), kinds)
    size_mb = path.stat().st_size / 1e6
    _console().print(f"report: {_shown(path)} ({size_mb:.1f} MB)", markup=False, soft_wrap=True)


def _shown_of(run: Path, draws: list[int], column: str | None, plugins: list[str]) -> Any:
    """Draws for the globe, or why there are none; what the user asked for is refused instead."""
    from sdn_mc import store
    from sdn_mc.runner import showing

    store.open_result(run)  # what is no result is told first
    _console().print("building the scene again …", style="dim")
    try:
        return showing.shown_of(run, draws, column, plugins)
    except InputError as error:
        if any(problem.startswith("report:") for problem in error.problems):
            raise
        return " ".join(error.problems)


def _output(words: list[str]) -> tuple[list[str], Path | None]:
    """The other words, and the file of --output."""
    rest, path, given = list[str](), None, iter(words)
    for word in given:
        name, equals, value = word.partition("=")
        if name != "--output":
            rest.append(word)
            continue
        value = value if equals else next(given, "")
        if not value or Path(value).is_dir():
            raise InputError(f"report: {word} {value}: name a file, for example --output run.html")
        path = Path(value)
    if wrong := [word for word in rest if word.startswith("-")]:
        raise InputError(f"{wrong[0]}: unknown flag; see sdn-mc report --help")
    return rest, path


def _shown_draws(words: list[str]) -> tuple[list[int], str | None]:
    """draws=17,40 and column=NAME."""
    draws, column = list[int](), None
    for word in words:
        key, equals, value = word.partition("=")
        if key == "draws" and equals:
            if not all(part.isdigit() for part in value.split(",")):
                raise InputError(f"report: {word} given; write whole numbers, such as draws=17,40")
            draws = [int(part) for part in value.split(",")]
        elif key == "column" and equals:
            column = value
        elif equals:
            raise InputError(f"report: unknown key {key}; known are column, draws")
    return draws, column


def _list(words: list[str]) -> None:
    from sdn_mc.report.catalogue import print_list

    names, folders = _names(words)
    if len(names) > 1:
        raise InputError("list: name one group or none, for example `sdn-mc list threats`")
    print_list(names[0] if names else None, _console(), folders)


def _explain(words: list[str]) -> None:
    from sdn_mc.report.catalogue import print_explanation

    names, folders = _names(words)
    if len(names) != 1:
        raise InputError("explain: name one component, for example `sdn-mc explain vendor_fault`")
    print_explanation(names[0], _console(), folders)


def _trace(words: list[str]) -> None:
    from sdn_mc.runner.trace import print_trace

    words, plugins = _plugins(words)
    column = [w.partition("=")[2] for w in words if w.startswith("column=")]
    rest = [w for w in words if not w.startswith("column=")]
    path, given = _path_and_keys(rest, {"draw", "pair", "time"}, "trace")
    missing = [key for key in ("draw", "pair", "time") if key not in given]
    if missing:
        raise InputError(
            f"trace: no {', '.join(missing)} given; write sdn-mc trace RUN draw=17 pair=3 time=41"
        )
    moment = given["draw"], given["pair"], given["time"]
    print_trace(_place(path), *moment, column[0] if column else None, _console(), plugins)


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
            flags.append("-m")
        elif word in ("-c", "--cfg"):
            flags.append("-c")
            if (what := next(rest, "nothing")) != "job":
                raise InputError(f"{word}: {what} given; write {word} job")
        elif word.startswith("-"):
            raise InputError(f"{word}: unknown flag; see sdn-mc --help")
        else:
            overrides.append(word)
    return flags, overrides, folders


def _names(words: list[str]) -> tuple[list[str], list[str]]:
    """Names, and --config-dir folders."""
    from sdn_mc import config

    flags, names, folders = _split(words)
    if flags:
        raise InputError(f"{flags[0]}: this flag is for run; see sdn-mc --help")
    config.search_path(folders)
    return names, folders


def _plugins(words: list[str]) -> tuple[list[str], list[str]]:
    """The other words, and the packages of plugins=[A,B]: a stored run cannot name them itself."""
    given = [word.partition("=")[2] for word in words if word.startswith("plugins=")]
    rest = [word for word in words if not word.startswith("plugins=")]
    return rest, [name for each in given for name in each.strip("[]").split(",") if name]


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
    return Path("outputs") / f"{now:%Y-%m-%d}" / f"{now:%H-%M-%S-%f}"


def _place(word: str) -> Path | str:
    """A folder, or the URL of a result in an object store."""
    return word if "://" in word else Path(word)


def _is_without_result(folder: Path) -> bool:
    """Did a run begin in this folder, but not come as far as its result?"""
    from sdn_mc import store

    return (folder / HYDRA_NOTES).is_dir() and not store.has_result(folder)


def _way_on(folder: Path | str) -> str:
    """How to continue a run that was interrupted."""
    from sdn_mc import store

    shown = folder if isinstance(folder, str) else _shown(folder)
    is_there = isinstance(folder, str) or store.has_result(folder)
    if is_there or Path(folder).name == store.RESULT_NAME:
        return f"stopped; `sdn-mc resume {shown}` goes on after the last finished block"
    return "stopped; the run had made no result yet, so nothing was kept; start it again"


def _way_on_study(folder: Path) -> str:
    return f"stopped; `sdn-mc resume {_shown(folder)}` goes on with the runs that are missing"


def _command_of(folder: Path) -> str:
    """The command that began a run, as far as Hydra had noted it."""
    from omegaconf import OmegaConf

    from sdn_mc import config

    noted = folder / HYDRA_NOTES / "overrides.yaml"
    words = [str(word) for word in OmegaConf.load(noted)] if noted.is_file() else ["…"]
    untitled = [word for word in words if not word.startswith("title=")]
    words = untitled if words == config.completed(untitled) else words  # the title was ours
    return shlex.join(["sdn-mc", "run", *words, f"hydra.run.dir={folder}"])


def _tell(error: InputError) -> None:
    for problem in error.problems:
        print(f"error: {problem}", file=sys.stderr)
