"""`sdn-mc summary`: the table of a run again."""

from pathlib import Path

from sdn_mc.cli.words import one_path, place
from sdn_mc.terminal import console

HELP = """\
sdn-mc summary RUN

  RUN: the folder that a run printed, its result.zarr, or its URL
"""


def command(words: list[str]) -> None:
    from sdn_mc.report.decisions import print_decisions
    from sdn_mc.report.summary import print_summary
    from sdn_mc.runner import study

    path = place(one_path(words, "summary"))
    is_study = isinstance(path, Path) and study.is_study(path)
    (print_decisions if is_study else print_summary)(path, console())
