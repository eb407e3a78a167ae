"""A small run with routes of several hops, that failures lengthen and break."""

from pathlib import Path

from rich.console import Console

from sdn_mc import config, runner
from tests.small_run import SMALL

QUIET = Console(quiet=True)
FLEET = (
    *SMALL,
    "constellation.shells.shell.satellites=60",
    "constellation.shells.shell.planes=6",
    "constellation.shells.shell.phasing=1",
    "flows.flows=[[London,Djibouti],[New York,London],[Sydney,Dubai]]",
    "times.count=6",
    "times.n_epoch=2",
    "threats=[satellite_failure,terminal_failure,vendor_fault]",
    "threats.satellite_failure.rate_per_year=0.5",
    "columns={failures: [satellite_failure, terminal_failure], all: [vendor_fault]}",
    "metrics=[availability,latency,degradation]",
)


def job_of(*overrides: str) -> config.Job:
    """The checked configuration of the small fleet."""
    return config.load(config.compose([*FLEET, *overrides]))


def run_here(folder: Path, *overrides: str) -> Path:
    """A run of the small fleet in this process."""
    runner.run(job_of(*overrides), folder, QUIET)
    return folder
