"""The entry point, which finds the module of a command. Bad input: one message, status 2."""

import datetime as dt
import errno
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

import sdn_mc
from sdn_mc.core.problems import InputError
from sdn_mc.interrupt import ended_by_ctrl_c

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
  sdn-mc compare A B                what differs between two runs, on common draws
  sdn-mc report RUN [RUN …]         one HTML page with the answer, a globe and figures
  sdn-mc export RUN FILE            a table of all draws (.csv, .parquet), or routes (.geojson)
  sdn-mc plot RUN                   the figures of a run or study for a paper: PDF, PNG, SVG, CSV
  sdn-mc list [GROUP]               what can be chosen: threats, constellations, …
  sdn-mc explain NAME               a component: model, fields with units and ranges, source
  sdn-mc trace RUN draw=17 pair=3 time=41 [column=NAME]
                                    one draw by hand: causes, masks on the path, the delay added up

First steps: `sdn-mc run`, then `sdn-mc list experiment`. More: `sdn-mc run --help`, and so on.
"""
COMMANDS = (
    "run", "summary", "resume", "collect", "compare", "report", "plot", "export", "list",
    "explain", "trace",
)  # fmt: skip
FAULT_STATUS = 2


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):  # a terminal without "∞" still gets the rest
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    logging.raiseExceptions = False  # a log that cannot be written stops no run
    name, rest = (words[0], words[1:]) if words else ("help", [])
    if name == "--version":
        print(f"sdn-mc {sdn_mc.__version__}")
        return
    is_known = name in COMMANDS
    if name in ("-h", "--help", "help") or {"-h", "--help"} & set(rest):
        print(_module_of(name).HELP if is_known else USAGE, end="")
        return
    try:
        if not is_known:
            raise InputError(
                f"{name}: no such command; there are {', '.join(COMMANDS)}; see sdn-mc --help"
            )
        with ended_by_ctrl_c(lambda: "stopped"):
            _module_of(name).command(rest)
    except InputError as error:
        for problem in error.problems:
            print(f"error: {problem}", file=sys.stderr)
        sys.exit(FAULT_STATUS)
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename is not None:
            raise
        print("error: what is printed cannot be written (the disk is full)", file=sys.stderr)
        os._exit(FAULT_STATUS)  # at the end Python would try to print it again


def _module_of(command: str) -> Any:
    return importlib.import_module(f"sdn_mc.cli.commands.{command}")


def simulate_job(overrides: list[str], folder: str | None) -> "DataTree":
    """What `sdn_mc.simulate` does: one job, no output on the terminal but warnings."""
    from sdn_mc import config, runner, store

    job = config.job_of(overrides)
    place = Path(folder) if folder is not None else _new_folder()
    path = runner.run(job, place, Console(quiet=True))
    return store.open_result(path)


def _new_folder() -> Path:
    now = dt.datetime.now()
    return Path("outputs") / f"{now:%Y-%m-%d}" / f"{now:%H-%M-%S-%f}"
