"""The benchmarks run, and what they write has the fields that others read."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[1] / "scripts" / "bench"


@pytest.mark.slow
def test_the_kernel_benchmark_writes_exact_rows(tmp_path):
    file = tmp_path / "rows.json"
    command = [sys.executable, BENCH / "kernel.py", "--quick", "--sizes", "340", "--json", file]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    rows = json.loads(file.read_text(encoding="utf-8"))
    assert {row["loss"] for row in rows} == {0.05, 0.3}
    for row in rows:
        assert {"n", "loss", "solver", "ratio", "exact", "core_ns"} <= row.keys()
        assert row["exact"] and row["core_ns"] > 0
    ours = {row["solver"]: row["ratio"] for row in rows if row["solver"].startswith("sdn_mc.")}
    assert set(ours) == {"sdn_mc.elimination", "sdn_mc.pull_push"}
    assert all(ratio > 1 for ratio in ours.values())  # no slower than scipy, whatever the machine


@pytest.mark.slow
def test_a_case_of_the_whole_run_tells_what_it_took():
    case = {"shell": "480", "draws": 256, "times": 6, "sources": 2, "threats": "turning"}
    command = [sys.executable, BENCH / "whole_run.py", "--case", json.dumps(case)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told.keys() == {"wall_s", "expected_s", "ratio", "masks", "peak_mb"}
    assert 0 < told["masks"] < 1 and told["ratio"] > 0
