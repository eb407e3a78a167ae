"""The commands that the README's table of things by name gives are commands that can be run."""

import re
from pathlib import Path

import pytest

import sdn_mc
from sdn_mc import config
from sdn_mc.config.sweep import sweep_of

README = Path(__file__).parents[1] / "README.md"
ROWS = re.findall(r"^\| (.+?) \| (`.+) \|$", README.read_text().split("**By name.**")[1], re.M)
COMMANDS = [
    command
    for _, cell in ROWS[: next(k for k, row in enumerate(ROWS) if "(GAO)" in row[0]) + 1]
    for command in re.findall("`(.+?)`", cell)
    if "FILE" not in command
]


def test_the_table_is_found_whole():
    assert len(COMMANDS) >= 25


def first_job(command):
    """The overrides of a run, or of a sweep's first job."""
    words = command.removeprefix("-m ").split()
    return sweep_of(config.completed(words)).jobs[0] if "-m" in command else words


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_table_can_be_run(command):
    config.job_of(first_job(command))


FEW = ("draws=32", "times.n_epoch=1")
SHORT = {"snapshot": "times.count=2", "episode": "times.step_s=600"}


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_table_run_small_gives_a_result(command):
    first = first_job(command)
    mode = config.job_of(first).parts["times"].mode
    result = sdn_mc.simulate([*first, "study=null", *FEW, SHORT[mode]])
    assert result["/metrics"].sizes["draw"] == 32
