"""Killed or interrupted at random instants through the command line, a run loses no bit."""

import os
import random
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sdn_mc import cli
from sdn_mc.interrupt import POLL_S
from sdn_mc.store import NOT_ENDED, differences, open_store
from tests.runner_fleet import FLEET

REPOSITORY = Path(__file__).resolve().parents[2]
KILLED = (*FLEET, "draws=1300")
LARGER = (
    "constellation=backbone",
    "times.count=24",
    "draws=2100",
)
LONGEST_S = 300  # a child that takes longer hangs


def later(phase):
    """In the slow suite: each takes ten seconds."""
    return pytest.param(phase, marks=pytest.mark.slow)


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "sdn_mc", *words]


def environment() -> dict[str, str]:
    paths = [str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


def child(words: list[str], where: Path) -> subprocess.Popen:
    """The real command line, in a process of its own."""
    return subprocess.Popen(
        words,
        cwd=where,
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finished(words: list[str], where: Path) -> subprocess.CompletedProcess:
    process = child(words, where)
    out, err = process.communicate(timeout=LONGEST_S)
    return subprocess.CompletedProcess(words, process.returncode, out, err)


@pytest.fixture(scope="module")
def undisturbed(made) -> Path:
    """What every killed run must come to."""
    return made("draws=1300")


# --- killed ---

# What is there when a phase of a run begins, and about how long it lasts.
PHASES = {
    "scene": (".hydra/overrides.yaml", 2.0),
    "first block": ("result.zarr", 0.2),
    "writing": ("done/000001.json", 0.2),
    "summary": ("done/{last:06d}.json", 0.5),
}


def signalled(run: Path, overrides: tuple[str, ...], phase: str, chance: random.Random, what: int):
    """Begin a run and send it a signal at a random instant of a phase."""
    draws = int(overrides[-1].partition("=")[2])
    mark, lasts_s = PHASES[phase]
    awaited = run / mark.format(last=(draws - 1) // 256)
    process = child(command("run", *overrides, f"hydra.run.dir={run}"), run.parent)
    began = time.monotonic()
    while not awaited.exists() and process.poll() is None:
        assert time.monotonic() - began < LONGEST_S
        time.sleep(0.001)
    time.sleep(chance.uniform(0, lasts_s))
    process.send_signal(what)
    return process


def killed(run: Path, overrides: tuple[str, ...], phase: str, chance: random.Random) -> int:
    process = signalled(run, overrides, phase, chance, signal.SIGKILL)
    process.communicate(timeout=LONGEST_S)
    return process.returncode


@pytest.mark.parametrize("phase", ["first block", *map(later, ("writing", "summary"))])
def test_a_run_killed_at_a_random_instant_resumes_to_the_same_bits(phase, tmp_path, undisturbed):
    chance = random.Random(phase)
    assert killed(tmp_path / "run", KILLED, phase, chance) in (-signal.SIGKILL, 0)
    cli.main(["resume", str(tmp_path / "run")])
    assert differences(tmp_path / "run", undisturbed) == []
    assert not list(tmp_path.rglob("*partial*"))


def test_a_run_killed_before_its_result_is_told_to_start_again_and_how(tmp_path, capfd):
    assert killed(tmp_path / "run", KILLED, "scene", random.Random(1)) == -signal.SIGKILL
    with pytest.raises(SystemExit) as end:
        cli.main(["resume", str(tmp_path / "run")])
    assert end.value.code == 2
    told = capfd.readouterr().err
    assert "nothing to resume; start it again with `sdn-mc run " in told
    words = shlex.split(told.split("`")[1])
    assert words == ["sdn-mc", "run", *KILLED, f"hydra.run.dir={tmp_path / 'run'}"]


@pytest.mark.slow
def test_twenty_runs_killed_at_random_instants_resume_to_the_same_bits(tmp_path):
    whole = tmp_path / "whole"
    first = finished(command("run", *LARGER, f"hydra.run.dir={whole}"), tmp_path)
    assert first.returncode == 0, first.stderr
    chance, n_killed, n_without_result = random.Random(20), 0, 0
    for k in range(20):
        run = tmp_path / str(k)
        phase = list(PHASES)[k % len(PHASES)]
        n_killed += killed(run, LARGER, phase, chance) == -signal.SIGKILL
        after = finished(command("resume", str(run)), tmp_path)
        if after.returncode == 2:  # killed before it made its result: the told command does
            n_without_result += 1
            again = shlex.split(after.stderr.split("`")[1])
            after = finished(command(*again[1:]), tmp_path)
        assert after.returncode == 0, after.stderr
        assert differences(run, whole) == [], f"kill {k}, {phase}"
    assert n_killed >= 15, "most were still running"
    assert 1 <= n_without_result <= 10


# --- stopped by Ctrl-C ---


@pytest.mark.parametrize("phase", [later("scene"), "writing"])
def test_ctrl_c_keeps_what_is_in_flight_and_says_how_to_go_on(phase, tmp_path):
    run = tmp_path / "run"
    chance = random.Random(phase)
    process = signalled(run, (*FLEET, "draws=50000"), phase, chance, signal.SIGINT)
    began = time.monotonic()
    _, told = process.communicate(timeout=LONGEST_S)
    assert process.returncode == 130
    # A block takes a tenth of a second, the whole run a minute: only a busy machine is waited for.
    assert time.monotonic() - began < 15
    if phase == "scene":
        assert (
            told == "stopped; the run had made no result yet, so nothing was kept; start it again\n"
        )
        assert not run.exists()
    else:
        first, second = told.splitlines()
        assert first == "finishing the draws in flight; Ctrl-C again stops at once"
        assert f"`sdn-mc resume {run.name}`" in second
        assert open_store(run).n_committed() >= 512
        assert open_store(run).attributes()["stop_reason"] == NOT_ENDED


@pytest.mark.slow
def test_ctrl_c_ends_the_jobs_of_joblib_and_resume_does_what_is_left(tmp_path):
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher", reason="needs sdn-mc[cluster]")
    launcher = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    words = ("-m", *FLEET, "draws=50000", "seed=1,2,3", "hydra.sweep.dir=sweep", *launcher)
    process, began = child(command("run", *words), tmp_path), time.monotonic()
    stamps = [tmp_path / "sweep" / job / "done" / "000001.json" for job in "01"]
    while not all(stamp.exists() for stamp in stamps):
        assert time.monotonic() - began < LONGEST_S and process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=LONGEST_S)
    assert process.returncode == 130 and "`sdn-mc resume sweep` does what is left" in told
    time.sleep(3 * POLL_S)  # the jobs end soon after the command that began them
    committed = [open_store(tmp_path / "sweep" / job).n_committed() for job in "01"]
    time.sleep(3 * POLL_S)
    assert [open_store(tmp_path / "sweep" / job).n_committed() for job in "01"] == committed
    assert not (tmp_path / "sweep" / "2").exists()
    for job in "01":
        words = command("resume", f"sweep/{job}", "run.threads=1")
        assert 512 <= committed[int(job)] < 50000 and open_store(tmp_path / f"sweep/{job}")
        resumed = child(words, tmp_path)
        while open_store(tmp_path / "sweep" / job).n_committed() <= committed[int(job)]:
            assert resumed.poll() is None, resumed.communicate()
            time.sleep(0.05)
        resumed.kill()
        resumed.communicate()


# --- two at once ---


@pytest.mark.slow
def test_two_runs_started_at_once_make_two_equal_results(tmp_path):
    both = [child(command("run", *KILLED), tmp_path) for _ in range(2)]
    assert [process.communicate(timeout=LONGEST_S) and process.returncode for process in both] == [
        0,
        0,
    ]
    first, second = tmp_path.glob("outputs/*/*/result.zarr")
    assert differences(first, second) == []
