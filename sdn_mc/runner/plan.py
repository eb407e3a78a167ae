"""What a run will do, told before it starts: sizes, memory, disk, device, expected time."""

from pathlib import Path

import numpy as np
from rich.table import Table
from rich.text import Text

from sdn_mc.config import Job
from sdn_mc.core.constants import DRAWS_PER_GROUP, DRAWS_PER_WORD
from sdn_mc.engine import Prepared
from sdn_mc.runner import contents
from sdn_mc.runner.blocks import n_thread, part_draws
from sdn_mc.statistics import looks

LONG_S = 0.5  # a preparation worth telling


def describe(job: Job, run: Prepared, folder: Path | str, n_bytes: int, seconds: float) -> Table:
    """The plan as a small table."""
    scene, counted = run.scenes[0], contents.satellites(run)
    assert scene.links is not None and scene.access is not None
    own = scene.links.delay_s[0][:, : scene.links.n_terminal]  # without standby links
    links = int(np.isfinite(own).sum()) // 2
    table = Table(title=Text(job.title), show_header=False, title_justify="left", box=None)
    rows = [
        ("satellites", f"{counted['read']} read, {counted['in_mesh']} in the mesh"),
        ("links", f"{links} at the first instant"),
        (
            "times",
            f"{len(scene.time_s)} in each of {len(run.scenes)} epochs from "
            f"{scene.start.iso()} ({run.system.times.mode})",
        ),
        ("draws", f"{job.draws}, seed {job.seed}"),
        *_stop(run, job),
        ("columns", ", ".join(["healthy", *(c.name for c in run.columns)])),
        ("flows", f"{run.flows.n_flow} between {run.sites.n_site} sites"),
        ("memory", f"about {_size(_memory(run, job))}"),
        ("disk", f"at most {_size(n_bytes)} in {folder}"),
        *_preparations(run),
        ("device", f"{contents.device()}; {n_thread(job)} threads"),
        ("expected", f"about {_duration(seconds)} from here"),
    ]
    for name, value in rows:
        table.add_row(Text(name, style="bold"), Text(value))
    return table


def _stop(run: Prepared, job: Job) -> list[tuple[str, str]]:
    """When the run may end before its last draw."""
    if job.stop.half_width is None:
        return []
    column = job.stop.column or run.columns[-1].name
    found = looks(len(run.scenes) * DRAWS_PER_GROUP, job.draws)
    at = ", ".join(f"{look.n_draw:,}" for look in found)
    words = f"{job.stop.metric} over flows in {column} known to ±{job.stop.half_width:g}"
    return [("ends with", f"{words}, if a look at {at} draws shows it")]


def _preparations(run: Prepared) -> list[tuple[str, str]]:
    """Threats that took their time before the first draw, such as an adversary's ranking."""
    long = {name: spent for name, spent in run.preparing_s.items() if spent >= LONG_S}
    words = ", ".join(f"{name} {spent:.1f} s" for name, spent in long.items())
    return [("prepared", words)] if long else []


def _memory(run: Prepared, job: Job) -> int:
    """Scenes, and the masks that each thread holds at a time."""
    scene = run.scenes[0]
    assert scene.links is not None and scene.access is not None
    geometry = 3 * (scene.links.delay_s.nbytes + scene.access.delay_s.nbytes) * len(run.scenes)
    words = part_draws(job, run) // DRAWS_PER_WORD
    slots = scene.links.delay_s.size + scene.access.delay_s.size
    return int(geometry + 2 * 4 * slots * words * len(run.columns) * n_thread(job) + 3e8)


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
