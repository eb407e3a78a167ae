"""Would validation notice? Copies of the checkout with one fault each, and the row that fails.

A mutation is a textual change of one file. It is made in a copy with caches of its own, since numba
and XLA keep compiled code by place and time of a file; there `validate --quick` runs the areas that
should notice, until a row fails. A copy without any change comes first and must pass. A text that
is not in its file exactly once is a fault of this list: mend it when the program changes.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from scripts.validation.rows import FAILED, shown

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = REPOSITORY.parent / "shared"
COPIED = ("sdn_mc", "configs", "tests", "scripts", "pyproject.toml", "README.md")
LONGEST_S = 900


class Mutation(NamedTuple):
    """One fault, and where it should show."""

    name: str
    file: str  # below sdn_mc
    before: str
    after: str
    areas: tuple[str, ...]


MUTATIONS = (
    Mutation("radius of the Earth is 6371 km", "core/constants.py",
             "WGS84_RADIUS_KM = 6378.137", "WGS84_RADIUS_KM = 6371.0", ("paths",)),
    Mutation("light is 1 km/s slower", "core/constants.py",
             "LIGHT_KM_S = 299_792.458", "LIGHT_KM_S = 299_791.458", ("paths",)),
    Mutation("two digits of sidereal time swapped", "geometry.py",
             "8640184.812866", "8640184.182866", ("paths",)),
    Mutation("the Earth turns westward", "geometry.py",
             "turned = (cosine * x - sine * y, sine * x + cosine * y, z)",
             "turned = (cosine * x + sine * y, cosine * y - sine * x, z)", ("paths",)),
    Mutation("elevation mask with the other sign", "access/views.py",
             "ok &= sine >= np.sin(np.radians(self.min_elevation_deg))",
             "ok &= sine >= -np.sin(np.radians(self.min_elevation_deg))", ("paths",)),
    Mutation("a sign in SGP4: J2 in the radius", "propagation/near_earth.py",
             "return radius + 0.5 * j2", "return radius - 0.5 * j2", ("sgp4",)),
    Mutation("drag of SGP4 without its fourth power", "propagation/near_earth.py",
             "(l2 + t * (l3 + t * (l4 + t * l5)))", "(l2 + t * (l3 + t * l4))", ("sgp4",)),
    Mutation("bits of a mask word in reverse", "engine/masking_kernel.py",
             "one = np.uint32(1) << np.uint32(bit)", "one = np.uint32(1) << np.uint32(31 - bit)",
             ("draws",)),
    Mutation("a window's edge: after, not at or after", "engine/masking_kernel.py",
             "if time_s[middle] < at_s:", "if time_s[middle] <= at_s:", ("draws",)),
    Mutation("one of a link's terminals cannot break it", "engine/masking_kernel.py",
             "out |= down[n_sat + slots.far_terminal[at, sat, port]]", "pass", ("draws",)),
    Mutation("links lead one way", "topology/wiring.py",
             "for here, there in ((0, 1), (1, 0)):", "for here, there in ((0, 1),):",
             ("networks", "draws")),
    Mutation("index of a draw is not in its key", "core/random.py",
             "jax.random.fold_in(jax.random.fold_in(root, draw), code)",
             "jax.random.fold_in(root, code)", ("draws",)),
    Mutation("epoch by draw, not by 256 draws", "engine/__init__.py",
             "return (draw // DRAWS_PER_GROUP) % n_epoch",
             "return (draw // DRAWS_PER_GROUP + 1) % n_epoch", ("draws",)),
    Mutation("repair in hours taken for minutes", "threats/group_fault.py",
             "self.repair_h * S_PER_H", "self.repair_h * 60.0", ("draws",)),
    Mutation("failures a year taken for a day's", "threats/satellite_failure.py",
             "self.rate_per_year / S_PER_YEAR", "self.rate_per_year / S_PER_DAY", ("networks",)),
    Mutation("share down is rate times repair", "engine/laws.py",
             "rate * repair_s / (1 + rate * repair_s))", "np.minimum(rate * repair_s, 1.0))",
             ("networks",)),
    Mutation("a link's loss charged to both terminals", "threats/link_loss.py",
             "1 - jnp.sqrt(1 - jnp.asarray(self.probability, jnp.float32))",
             "jnp.asarray(self.probability, jnp.float32)", ("networks",)),
    Mutation("sweeps without the pushes that finish them", "routing/pull_push_kernel.py",
             "left, n_push = True, 0", "left, n_push = False, 0", ("networks", "paths")),
    Mutation("rank of a quantile over draws, one too high", "statistics/quantile.py",
             "math.ceil(q * n - ROUNDING)", "math.ceil(q * n - ROUNDING) + 1", ("intervals",)),
    Mutation("rank of a percentile over times, one too low", "metrics/over_times.py",
             "np.partition(values, rank - 1, axis=1)[:, rank - 1]",
             "np.partition(values, rank - 2, axis=1)[:, rank - 2]", ("draws",)),
    Mutation("n degrees of freedom, not n - 1", "statistics/mean.py",
             "critical = float(special.stdtrit(spread.dof, (1 + level) / 2))",
             "critical = float(special.stdtrit(spread.dof + 1, (1 + level) / 2))", ("intervals",)),
    Mutation("paired difference the other way round", "statistics/mean.py",
             "np.asarray(a, np.float64) - np.asarray(b, np.float64)",
             "np.asarray(b, np.float64) - np.asarray(a, np.float64)", ("intervals",)),
    Mutation("availability lost with the other sign", "metrics/degradation.py",
             "lost = healthy_up.astype(np.float64) - up",
             "lost = up - healthy_up.astype(np.float64)", ("draws",)),
    Mutation("a swept number is compiled in", "threats/satellite_failure.py",
             'doc="Mean time from failure to a replacement.", assumed=True',
             'doc="Mean time from failure to a replacement.", assumed=True, static=True',
             ("sweeps",)),
    Mutation("a resumption leaves out a block", "runner/__init__.py",
             "if block not in done]", "if block - 1 not in done]", ("faults",)),
    Mutation("targets that only begin like ours are trusted", "config/building.py",
             'return target.startswith("sdn_mc.")', 'return target.startswith("sdn_mc")',
             ("faults",)),
    Mutation("bad input ends with status 1", "cli/__init__.py",
             "sys.exit(FAULT_STATUS)", "sys.exit(1)", ("faults",)),
)  # fmt: skip


class Noticed(NamedTuple):
    """What came of a mutation."""

    rows: list[dict[str, Any]]  # that failed
    error: str  # of the command itself


def tried(names: Sequence[str], console: Console) -> int:
    """All mutations, or those whose name has one of these words; 1 if one goes unnoticed."""
    chosen = [m for m in MUTATIONS if not names or any(word in m.name for word in names)]
    made = Table(title="mutations")
    for heading in ("mutation", "file", "row that fails", "expected", "got", "verdict"):
        made.add_column(heading, overflow="fold")
    areas = tuple(sorted({area for mutation in chosen for area in mutation.areas}))
    nothing = Mutation("no change", "", "", "", areas)
    n_wrong = 0
    for mutation in (nothing, *chosen):
        noticed = in_copy(mutation)
        is_right = bool(noticed.rows) == (mutation is not nothing) and not noticed.error
        n_wrong += not is_right
        line = cells(mutation, noticed, is_right)
        made.add_row(*line)
        console.print(f"{line[-1]:9} {mutation.name}: {line[2]}", highlight=False)
    console.print(made)
    console.print(f"{len(chosen)} mutations, {n_wrong} wrong")
    return int(n_wrong > 0)


def cells(mutation: Mutation, noticed: Noticed, is_right: bool) -> tuple[str, ...]:
    """A line of the table."""
    verdict = ("passes" if not mutation.file else "noticed") if is_right else "WRONG"
    if not noticed.rows:
        return mutation.name, mutation.file, noticed.error or "none", "", "", verdict
    row = noticed.rows[0]
    numbers = (shown(row[key], row["tolerance"]) for key in ("expected", "got"))
    return mutation.name, mutation.file, f"{row['area']}: {row['name']}", *numbers, verdict


def in_copy(mutation: Mutation) -> Noticed:
    """Make a copy, change it, and validate it until a row fails."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "checkout"
        copied(copy)
        if mutation.file:
            path = copy / "sdn_mc" / mutation.file
            text = path.read_text(encoding="utf-8")
            if (n := text.count(mutation.before)) != 1:
                return Noticed([], f"{mutation.file} has the text {n} times: mend the mutation")
            path.write_text(text.replace(mutation.before, mutation.after), encoding="utf-8")
        return validated(copy, mutation.areas)


def copied(copy: Path) -> None:
    """The checkout without its environment, results and compiled code."""
    copy.mkdir()
    for name in COPIED:
        if (REPOSITORY / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(REPOSITORY / name, copy / name, ignore=ignored)
        else:
            shutil.copy(REPOSITORY / name, copy / name)
    if SHARED.is_dir():
        (copy.parent / "shared").symlink_to(SHARED)


def validated(copy: Path, areas: tuple[str, ...]) -> Noticed:
    """What fails there; code comes from the copy, compiled code stays in it."""
    file = copy / "rows.json"
    command = [sys.executable, "-m", "scripts.validation", "--quick", "--stop", "--json", str(file)]
    caches = {
        "XDG_CACHE_HOME": str(copy / "cache"),
        "NUMBA_CACHE_DIR": str(copy / "cache" / "numba"),
    }
    environment = os.environ | caches | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [*command, "--only", *areas], cwd=copy, env=environment, capture_output=True,
            text=True, timeout=LONGEST_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Noticed([], f"no row failed in {LONGEST_S} s")
    if not file.exists():
        return Noticed([], done.stderr.strip().splitlines()[-1] if done.stderr else "no rows")
    rows = json.loads(file.read_text(encoding="utf-8"))
    return Noticed([row for row in rows if row["verdict"] == FAILED], "")
