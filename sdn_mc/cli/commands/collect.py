"""`sdn-mc collect`: one dataset of all runs of a sweep."""

from pathlib import Path

from sdn_mc.cli.words import one_path
from sdn_mc.core.problems import InputError
from sdn_mc.terminal import console, shown

HELP = """\
sdn-mc collect SWEEP [--output FOLDER] [--summary]

  Makes one dataset of all runs of a sweep, SWEEP/collected.zarr unless --output says otherwise,
  with an axis for each swept key, and prints a line for each point. It opens in plain xarray:
  xarray.open_datatree(path, engine="zarr", consolidated=False); `status` says which points are
  done, unfinished, failed or missing, whose values are NaN. /summary has the estimates and their
  intervals, /metrics the scores of every draw; --summary leaves the latter out.
"""


def command(words: list[str]) -> None:
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
    folder = Path(one_path(rest, "collect"))
    path = collect(folder, output, scores)
    print_sweep(path, console())
    console().print(f"dataset: {shown(path)}", markup=False, soft_wrap=True)
