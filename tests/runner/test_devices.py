"""The parts of a run are dealt to all devices, and their number changes no bit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sdn_mc.store import differences

ROOT = Path(__file__).parents[2]
# A run that says on how many devices its solver was given masks.
CHILD = """
import sys
from pathlib import Path
from sdn_mc.routing.jacobi import XlaJacobi
from tests.runner_fleet import run_here

solve, used = XlaJacobi.solve, set()

def noting(self, plan, masks, truth, walk):
    used.update(masks.link_up.devices())
    return solve(self, plan, masks, truth, walk)

XlaJacobi.solve = noting
run_here(Path(sys.argv[1]), *sys.argv[2:])
print(len(used))
"""


@pytest.mark.parametrize("n_device", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_any_number_of_devices_gives_the_same_bits(n_device, tmp_path, made):
    words = "draws=300", "solver=xla_int32", "run.block_draws=64", "run.threads=2"
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path / "run"), *words],
        env=os.environ | {"XLA_FLAGS": f"--xla_force_host_platform_device_count={n_device}"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[-1] == str(n_device)
    assert differences(tmp_path / "run", made("draws=300")) == []
