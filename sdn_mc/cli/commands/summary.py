"""`sdn-mc summary`: the table of a run, study or sweep again."""

from pathlib import Path

from sdn_mc.cli.kinds import RUN, STUDY, SWEEP, dataset_of, kind_of
from sdn_mc.cli.words import one_path, place
from sdn_mc.terminal import console

HELP = """\
sdn-mc summary RUN

  RUN: the folder that a run, study or sweep printed, a result.zarr, or its URL. What has changed in
  a sweep is collected first.
"""


def command(words: list[str]) -> None:
    from sdn_mc.report.decisions import print_decisions
    from sdn_mc.report.summary import print_summary
    from sdn_mc.report.sweep import print_sweep

    path = place(one_path(words, "summary"))
    kind = RUN if isinstance(path, str) else kind_of(path)
    if kind == SWEEP:
        print_sweep(dataset_of(Path(path)), console())
        return
    (print_decisions if kind == STUDY else print_summary)(path, console())
