"""A sweep on a real Slurm: one job is killed, the rerun does what is missing, nothing else differs.

`./scripts/slurm_test` starts a Slurm of two nodes on this machine, and runs this.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import sdn_mc
from sdn_mc import config, runner, store
from tests.runner_fleet import QUIET
from tests.small_run import SIX_INSTANTS, SMALL

REPOSITORY = Path(__file__).resolve().parents[2]
RATES = tuple(0.05 * 2**k for k in range(8))
DAYS = tuple(10 * 2**k for k in range(8))
BASE = (*SMALL, *SIX_INSTANTS, "threats=[satellite_failure]", "draws=300")
RATE, REPAIR = (f"threats.satellite_failure.{key}" for key in ("rate_per_year", "replacement_d"))
SWEPT = (f"{RATE}={','.join(map(str, RATES))}", f"{REPAIR}={','.join(map(str, DAYS))}")
LAUNCHER = ("hydra/launcher=slurm", "hydra.launcher.timeout_min=10")
KILLED = 21  # a job in the midst, with others before and after it in the queue


@pytest.mark.slow
def test_a_killed_job_is_all_that_a_rerun_does_and_the_dataset_is_that_of_a_loop(tmp_path):
    if shutil.which("sbatch") is None or "SLURM_CONF" not in os.environ:
        pytest.skip("no Slurm here; ./scripts/slurm_test starts one")
    command = [sys.executable, "-m", "sdn_mc", "run", "-m", *BASE, *SWEPT, *LAUNCHER]
    command += ["hydra.sweep.dir=sweep", "title=Slurm"]
    began = time.monotonic()
    with (tmp_path / "first.log").open("w") as log:
        first = subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=log, stderr=log)
        task = running_task(KILLED)
        os.kill(process_of(task), signal.SIGKILL)
        status = first.wait(900)
    told = (tmp_path / "first.log").read_text()
    print(f"\nfirst: status {status} after {time.monotonic() - began:.0f} s; {task} was killed")
    print(told[told.find("error: ") :])
    assert status == 2 and "a job was lost" in told and "Traceback" not in told
    wait_until(lambda: not squeue(), 900)
    before = {path: path.stat().st_mtime_ns for path in results(tmp_path)}
    assert len(before) == 63, "all but the killed job ended"
    assert len(nodes()) == 2, "both nodes took part"
    n_task = n_tasks()

    again = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=600
    )
    print(again.stdout[-600:], again.stderr[-600:])
    assert again.returncode == 0, again.stderr
    assert "63 of 64 jobs are done already" in again.stdout
    assert n_tasks() - n_task == 1, "one job was started"
    after = {path: path.stat().st_mtime_ns for path in results(tmp_path)}
    assert len(after) == 64 and before.items() <= after.items(), "the others were left alone"

    words = [sys.executable, "-m", "sdn_mc", "collect", "sweep"]
    collected = subprocess.run(
        words, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=300
    )
    print(collected.stdout)
    assert collected.returncode == 0, collected.stderr
    tree = store.open_collected(tmp_path / "sweep" / "collected.zarr")
    assert (tree["status"] == "done").all()
    check_against_a_loop(tree, tmp_path)


def check_against_a_loop(tree, folder: Path) -> None:
    """Every estimate and every score has the bits of a run by itself."""
    for rate in RATES:
        for days in DAYS:
            alone = folder / "loop" / f"{rate}-{days}"
            job = config.job_of([*BASE, f"{RATE}={rate}", f"{REPAIR}={days}", "store.paths=none"])
            runner.run(job, alone, QUIET)
            run, point = sdn_mc.open_result(alone), {"rate_per_year": rate, "replacement_d": days}
            for group in ("summary", "metrics"):
                here, there = tree[group].to_dataset().sel(point), run[group].to_dataset()
                assert {"availability"} <= set(here.data_vars) <= set(there.data_vars)
                for name, values in here.data_vars.items():
                    np.testing.assert_array_equal(values.values, there[name].values, str(name))


def environment() -> dict[str, str]:
    """What jobs get: this package, whatever else is on the path."""
    path = os.pathsep.join([str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {k: v for k, v in os.environ.items() if not k.startswith("HYDRA")} | {"PYTHONPATH": path}


def said(*words: str) -> list[str]:
    """The lines that a command of Slurm prints."""
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()


def squeue(*words: str) -> list[str]:
    return said("squeue", "-h", "-r", *words)


def running_task(index: int) -> str:
    """The task of an array with this index, once it runs."""
    found = []

    def runs() -> bool:
        found[:] = [t for t in squeue("-t", "R", "-o", "%i") if t.endswith(f"_{index}")]
        return bool(found)

    wait_until(runs, 900)
    return found[0]


def process_of(task: str) -> int:
    """The Python process of a task, on this machine as all nodes are."""
    job, _, index = task.partition("_")
    wanted = {f"SLURM_ARRAY_JOB_ID={job}", f"SLURM_ARRAY_TASK_ID={index}"}
    found = []

    def is_there() -> bool:
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (folder / "cmdline").read_text().split("\0")
                is_python = "python" in words[0] and "submitit.core._submit" in words
                if is_python and wanted <= set((folder / "environ").read_text().split("\0")):
                    found.append(int(folder.name))
        return bool(found)

    wait_until(is_there, 60)
    return found[0]


def n_tasks() -> int:
    """Tasks that the accounting knows."""
    time.sleep(3)  # it lags
    return len(said("sacct", "-X", "-n", "-P", "-o", "JobID"))


def nodes() -> set[str]:
    return set(said("sacct", "-X", "-n", "-P", "-o", "NodeList"))


def results(folder: Path) -> list[Path]:
    """A file of every job that is done, which nothing may touch again."""
    return sorted((folder / "sweep").glob("*/result.zarr/summary/zarr.json"))


def wait_until(true, at_most_s: float) -> None:
    end = time.monotonic() + at_most_s
    while not true():
        assert time.monotonic() < end, "Slurm took too long"
        time.sleep(0.2)
