"""`sdn-mc resume`: a stopped run, study or sweep goes on."""

import logging
from pathlib import Path

from sdn_mc import sweeps
from sdn_mc.cli.ways_on import command_of, is_without_result, way_on, way_on_study
from sdn_mc.cli.words import path_and_keys, place, plugins_apart
from sdn_mc.core.problems import InputError
from sdn_mc.interrupt import ended_by_ctrl_c
from sdn_mc.terminal import console

HELP = """\
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
LONGEST_COMMAND = 100_000  # characters: it is to be pasted whole


def command(words: list[str]) -> None:
    from sdn_mc import config, runner, store
    from sdn_mc.report.decisions import print_decisions
    from sdn_mc.report.summary import print_summary
    from sdn_mc.runner import study

    if (sweep := sweeps.folder_among(words)) is not None:
        sweeps.resume(sweep, words)
        return
    words, plugins = plugins_apart(words)
    parts = [word.partition("=")[2] for word in words if word.startswith("part=")]
    part = config.share_of(parts[-1]) if parts else None
    words = [word for word in words if not word.startswith("part=")]
    paths, given = path_and_keys(words, {"draws", "run.threads"}, "resume")
    logging.basicConfig(format="%(asctime)s %(message)s")
    logging.getLogger("sdn_mc").setLevel(logging.INFO)
    folder, draws, threads = place(paths), given.get("draws"), given.get("run.threads")
    if isinstance(folder, Path) and study.is_study(folder):
        if part is not None:
            raise InputError(f"part: {part} given, but {folder} is a study; leave part out")
        ended = ended_by_ctrl_c(lambda: way_on_study(Path(folder)))
        with ended, store.full_disk_explained(folder):
            found = study.go_on(folder, console(), draws, plugins, threads)
        print_decisions(found, console())
        return
    if isinstance(folder, Path) and is_without_result(folder):
        raise InputError(
            f"{folder}: the run was stopped before it made its result, so there is nothing to "
            f"resume; start it again with `{command_of(folder)}`",
            longest=LONGEST_COMMAND,
        )
    with ended_by_ctrl_c(lambda: way_on(folder)):
        path = runner.resume(folder, console(), draws, plugins, part, threads)
    if runner.is_done(store.open_store(path)):
        print_summary(path, console())
