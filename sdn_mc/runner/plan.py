"""What a run will do, told before it starts: sizes, memory, disk, device, expected time."""

import os
import time
from pathlib import Path

import numpy as np
from rich.table import Table

from sdn_mc import engine
from sdn_mc.config import Job
from sdn_mc.engine import Prepared
from sdn_mc.runner import contents

MANY_PARTS = 8  # parts of blocks from which on a second, warm one is worth its time


def expected_s(run: Prepared, job: Job, first_s: float) -> float:
    """Expected seconds, scaled from one part of a block; a long run computes it again, warm."""
    count = min(job.draws, job.run.block_draws or run.system.solver.block_draws)
    n_part = -(-job.draws // count)
    if n_part >= MANY_PARTS:
        started = time.monotonic()
        engine.run_block(run, 0, count)
        first_s = time.monotonic() - started
    return first_s * n_part / min(job.run.threads or os.cpu_count() or 1, n_part)


def describe(job: Job, run: Prepared, folder: Path, n_bytes: int, seconds: float) -> Table:
    """The plan as a small table."""
    scene, counted = run.scenes[0], contents.satellites(run)
    assert scene.links is not None and scene.access is not None
    links = int(scene.links.delay_s.shape[0] and np.isfinite(scene.links.delay_s[0]).sum() // 2)
    table = Table(title=job.title, show_header=False, title_justify="left", box=None)
    rows = [
        ("satellites", f"{counted['read']} read, {counted['in_mesh']} in the mesh"),
        ("links", f"{links} at the first instant"),
        (
            "times",
            f"{len(scene.time_s)} in each of {len(run.scenes)} epochs from "
            f"{scene.start.iso()} ({run.system.times.mode})",
        ),
        ("draws", f"{job.draws}, seed {job.seed}"),
        ("columns", ", ".join(["healthy", *(c.name for c in run.columns)])),
        ("flows", f"{run.flows.n_flow} between {run.sites.n_site} sites"),
        ("memory", f"about {_size(_memory(run, job))}"),
        ("disk", f"at most {_size(n_bytes)} in {folder}"),
        ("device", f"{contents.device()}; {job.run.threads or os.cpu_count()} threads"),
        ("expected", f"about {_duration(seconds)}"),
    ]
    for name, value in rows:
        table.add_row(f"[bold]{name}[/bold]", value)
    return table


def _memory(run: Prepared, job: Job) -> int:
    """Scenes, and the masks that each thread holds at a time."""
    scene = run.scenes[0]
    assert scene.links is not None and scene.access is not None
    geometry = 3 * (scene.links.delay_s.nbytes + scene.access.delay_s.nbytes) * len(run.scenes)
    words = (job.run.block_draws or run.system.solver.block_draws) // 32
    slots = scene.links.delay_s.size + scene.access.delay_s.size
    threads = job.run.threads or os.cpu_count() or 1
    return int(geometry + 2 * 4 * slots * words * len(run.columns) * threads + 3e8)


def _size(n_bytes: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:.0f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.1f} TB"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
