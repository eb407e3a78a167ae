"""`sdn-mc run`: a run, a study or a sweep."""

import os
import sys
from pathlib import Path
from typing import Any

from sdn_mc import sweeps
from sdn_mc.cli.ways_on import HYDRA_NOTES, way_on, way_on_study
from sdn_mc.cli.words import split
from sdn_mc.core.problems import InputError
from sdn_mc.interrupt import ended_by_ctrl_c
from sdn_mc.terminal import console, place_explained, shown

HELP = """\
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
LOG_NAME = "cli.log"  # Hydra makes it in the folder of a run


def command(words: list[str]) -> None:
    """Compose, check everything, then run inside Hydra's own output folder."""
    from sdn_mc import config, store

    flags, overrides, config_dirs = split(words)
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
        with store.full_disk_explained(folder), ended_by_ctrl_c(lambda: way_on_study(folder)):
            path = study.begin(asked, overrides, config_dirs, shown(folder), console())
    finally:
        store.remove_unbegun(folder, new, (study.NOTE_NAME, study.RUNS))
    print_decisions(path, console())
    console().print(f"study: {shown(folder)}", markup=False, soft_wrap=True)


def _inside_hydra(job: Any, words: list[str], config_dirs: list[str], output: Path) -> None:
    """Let Hydra make the folder and the log."""
    import hydra

    from sdn_mc import config, runner, store
    from sdn_mc.report.summary import print_result

    new, own = store.not_yet_there(output), (HYDRA_NOTES, LOG_NAME)
    failed = list[str]()

    def task(_: Any) -> None:
        try:
            path = runner.run(job, shown(output), console())
            print_result(path, console(), runner.is_done(store.open_store(path)))
        except InputError as error:
            failed.extend(error.problems)

    def last_words() -> str:
        store.remove_unbegun(output, new, own)
        return way_on(output)

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
