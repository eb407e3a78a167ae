"""How fast it is: the kernel against scipy, a whole run against its solves, and what grows how.

Ratios in core time are of one run, so that load from outside enters little. Wall times say nothing
on a machine that others use: those rows are then shown and not judged.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.validation.rows import (
    Row,
    Setting,
    at_most,
    between,
    equal,
    floor,
    skipped,
)
from sdn_mc.core import cuda

REPOSITORY = Path(__file__).resolve().parents[2]
BENCH = REPOSITORY / "scripts" / "bench"
# Ratios to scipy by satellites and losses: floors of design 7, and what the README's table tells.
# Both are of AVX-512; half of them is asked for without.
FLOOR = {(340, 0.05): 180, (340, 0.3): 110, (1584, 0.05): 100, (1584, 0.3): 60,
         (10076, 0.05): 90, (10076, 0.3): 22}  # fmt: skip
KNOWN = {(340, 0.05): 144, (340, 0.3): 107, (1584, 0.05): 117, (1584, 0.3): 55,
         (10076, 0.05): 105, (10076, 0.3): 32}  # fmt: skip
GPU_NS = {0.05: 100.0, 0.3: 150.0}  # 1,584 satellites, a draw, time and source
TWO_CORES = 1.8, 1.95  # asked for, and what the README tells
WHOLE_RUN = 1.8
IDLE = 0.35  # load of each core from others, at most, for wall times
DESIGN = "design 7"


def kernel(setting: Setting) -> Iterator[Row]:
    """Both solvers beside scipy in one run; the better one counts."""
    if setting.quick:
        yield skipped("ratio of the kernel to scipy", "takes minutes: left out of --quick")
        return
    load = os.getloadavg()[0]
    file = setting.folder / "kernel.json"
    _done(["kernel.py", "--quick", "--json", str(file)])
    rows = [r for r in json.loads(file.read_text(encoding="utf-8")) if "sdn_mc." in r["solver"]]
    part = 1.0 if "avx512" in _flags() else 0.5
    for case, wanted in FLOOR.items():
        best = max((r for r in rows if (r["n"], r["loss"]) == case), key=lambda r: r["ratio"])
        name = f"{case[0]:,} satellites, {case[1]:.0%} lost"
        least = part * wanted, part * KNOWN[case]
        yield floor(f"ratio to scipy, {name}", best["ratio"], *least, "", f"{DESIGN}, README")
        exact = all(r["exact"] for r in rows if (r["n"], r["loss"]) == case)
        yield equal(f"latencies of scipy, {name}", "met" if exact else "missed", "met", "", "")
        two = floor(f"two cores over one, {name}", best["two_threads"], *TWO_CORES, "", DESIGN)
        yield from _wall(two, load)


def gpu(setting: Setting) -> Iterator[Row]:
    """Bits of the CPU, and nanoseconds, by `scripts/gpu_check`."""
    if why := cuda.why_not():
        yield skipped("GPU: bits of the CPU, ns a draw, time and source", why, DESIGN)
        return
    file = setting.folder / "gpu.json"
    command = [sys.executable, str(REPOSITORY / "scripts" / "gpu_check"), "--json", str(file)]
    subprocess.run(command, capture_output=True, cwd=REPOSITORY)
    rows = json.loads(file.read_text(encoding="utf-8"))
    exact = [row["exact"] for row in rows if "exact" in row]
    yield equal(
        "GPU: answers with the bits of the CPU", sum(exact), max(1, len(exact)), "cases", ""
    )
    for loss, limit_ns in GPU_NS.items():
        ns = [r["ns"] for r in rows if "ns" in r and (r["n"], r["loss"]) == (1584, loss)]
        name = f"GPU: 1,584 satellites, {loss:.0%} lost"
        yield at_most(name, min(ns, default=float("inf")), limit_ns, "ns", DESIGN)


def whole_run(setting: Setting) -> Iterator[Row]:
    """1,584 satellites, 96 times, twelve sources: wall time over solves shared by the cores."""
    if setting.quick:
        yield skipped("whole run over its solves", "takes minutes: left out of --quick", DESIGN)
        return
    load = os.getloadavg()[0]
    told = _case(shell="1584", draws=4096, times=96, sources=12, threats="two")
    yield from _wall(
        at_most("whole run over its solves", told["ratio"], WHOLE_RUN, "", DESIGN), load
    )
    yield at_most("share of causes and masks", told["masks"], 0.15, "", "README: 5 %")


def scale(setting: Setting) -> Iterator[Row]:
    """Ten times the draws; the largest fleets; short of a million draws, which take minutes."""
    if setting.quick:
        yield skipped("draws, satellites and memory", "takes minutes: left out of --quick", DESIGN)
        return
    load = os.getloadavg()[0]
    few, many = (_case(shell="480", draws=n, times=24, sources=4, threats="two")
                 for n in (10_240, 102_400))  # fmt: skip
    grows = many["wall_s"] / few["wall_s"]
    yield from _wall(between("time of ten times the draws", grows, 5, 12, "", "linear"), load)
    name = "memory of ten times the draws"
    yield at_most(name, many["peak_mb"] / few["peak_mb"], 1.2, "", "bounded by the block")
    large = _case(shell="30240", draws=32, times=6, sources=4, threats="two")
    yield at_most("30,240 satellites, memory", large["peak_mb"], 16_000, "MB", DESIGN)
    yield from _real_fleet(setting)


def _real_fleet(setting: Setting) -> Iterator[Row]:
    """Every Starlink satellite of a day, planned and run."""
    name = "real satellites in a run"
    if setting.data is None:
        yield skipped(name, "outside data are not beside the checkout", DESIGN)
        return
    import sdn_mc

    file = setting.data / "elements" / "starlink_2026-08-22.tle"
    words = ["experiment=starlink_today", f"constellation.path={file}", "draws=32",
             "times.count=4", "times.n_epoch=1"]  # fmt: skip
    result = sdn_mc.simulate(words, str(setting.folder / "starlink"))
    told = json.loads(result.attrs["satellites"])
    yield equal(name, told["read"], 10_746, "satellites", DESIGN)
    counted = told["in_mesh"] + sum(told["left_out"].values())
    yield equal("in the mesh or counted by reason", counted, told["read"], "satellites", "")


def _wall(row: Row, load: float) -> Iterator[Row]:
    """The row, if the machine was idle."""
    if load <= IDLE * (os.cpu_count() or 1):
        yield row
        return
    why = f"{row.got:.3g}, but the load was {load:.1f} on {os.cpu_count()} cores: run it idle"
    yield skipped(row.name, why, row.source)


def _case(**case: Any) -> dict[str, float]:
    text = _done(["whole_run.py", "--case", json.dumps(case)])
    return json.loads(text.splitlines()[-1])


def _done(words: list[str]) -> str:
    command = [sys.executable, str(BENCH / words[0]), *words[1:]]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"{words[0]}: {done.stderr.strip().rpartition(chr(10))[2]}")
    return done.stdout


def _flags() -> str:
    listed = Path("/proc/cpuinfo")
    return listed.read_text(encoding="utf-8") if listed.is_file() else ""


CHECKS = (kernel, gpu, whole_run, scale)
