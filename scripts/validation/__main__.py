"""Everything that the program is held to, in one command, with a table.

    ./scripts/validate [--quick] [--only AREA …] [--fresh | --seed N] [--json FILE]
    ./scripts/validate --mutations [NAME …]

Areas: sgp4, paths, networks, draws, intervals, sweeps, faults, speed. Each row tells what was
expected, what was got and how far apart they may be; the exit status is 1 if any failed. `short`
is a number that misses the design's and is no worse than the README says. Random rows are held to
four sigma at seed 1, or at one of its own choosing with --fresh (printed; about one such run in
two hundred fails by chance). `--quick` leaves out what takes minutes. `--mutations` breaks a copy
of the program in many ways and tells which row notices each.
"""

import argparse
import json
import secrets
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

import sdn_mc
from scripts.validation.rows import FAILED, PASSED, SHORT, SKIPPED, Row, Setting, raised, shown

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = REPOSITORY.parent / "shared" / "data"
AREAS = {
    "sgp4": "orbits",
    "paths": "paths",
    "networks": "networks",
    "draws": "draws",
    "intervals": "intervals",
    "sweeps": "sweeps",
    "faults": "faults",
    "speed": "speed",
}
COLOUR = {PASSED: "green", FAILED: "bold red", SHORT: "yellow", SKIPPED: "dim"}


class Judged(NamedTuple):
    """A row and the area that it belongs to."""

    area: str
    row: Row


def main() -> int:
    """Check, print, and say by the exit status whether all is well."""
    given = parsed()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    if not Path(sdn_mc.__file__).is_relative_to(REPOSITORY):
        print(f"sdn_mc comes from {sdn_mc.__file__}, not from here; start ./scripts/validate")
        return 2
    if given.mutations is not None:
        from scripts.validation.mutations import tried

        return tried(given.mutations, terminal())
    seed = secrets.randbelow(2**31) if given.fresh else given.seed
    console, began = terminal(), time.monotonic()
    console.print(f"seed {seed}{' (fresh)' if given.fresh else ''}", highlight=False)
    found: list[Judged] = []
    for judged in every_row(given.only or AREAS, seed, given.quick):
        found.append(judged)
        tell(console, judged)
        if given.stop and judged.row.verdict == FAILED:
            break
    console.print(table(found))
    console.print(counted(found, seed, time.monotonic() - began), highlight=False)
    if given.json:
        rows = [{"area": area, **row._asdict()} for area, row in found]
        given.json.write_text(json.dumps(rows, indent=1, default=float) + "\n", encoding="utf-8")
    return int(any(row.verdict == FAILED for _, row in found))


def parsed() -> argparse.Namespace:
    words = argparse.ArgumentParser(prog="validate", description=(__doc__ or "").splitlines()[0])
    words.add_argument("--quick", action="store_true", help="two minutes: no times, fewer draws")
    words.add_argument("--only", nargs="+", choices=AREAS, metavar="AREA", help=", ".join(AREAS))
    words.add_argument("--seed", type=int, default=1, help="of every random row; 1")
    words.add_argument("--fresh", action="store_true", help="with a seed of its own, printed")
    words.add_argument("--json", type=Path, metavar="FILE", help="write all rows")
    words.add_argument("--stop", action="store_true", help="at the first row that fails")
    words.add_argument("--mutations", nargs="*", metavar="NAME", help="break copies; all, or some")
    return words.parse_args()


def every_row(areas: Iterable[str], seed: int, quick: bool) -> Iterator[Judged]:
    """Rows of the areas, in turn."""
    for area in areas:
        for row in rows_of(area, seed, quick):
            yield Judged(area, row)


def rows_of(area: str, seed: int, quick: bool) -> Iterator[Row]:
    """Every row of an area; a check that raises is a row that failed."""
    data = DATA if DATA.is_dir() else None
    for check in import_module(f"scripts.validation.{AREAS[area]}").CHECKS:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                yield from check(Setting(seed, quick, Path(folder), data))
            except Exception as error:
                yield raised(check.__name__.replace("_", " "), error)


def terminal() -> Console:
    """Of its width, or wide enough for the table where there is none."""
    console = Console()
    return console if console.is_terminal else Console(width=160)


def tell(console: Console, judged: Judged) -> None:
    """A line as soon as it is known."""
    area, row = judged
    console.print(f"[{COLOUR[row.verdict]}]{row.verdict:7}[/] {area}: {row.name}", highlight=False)


def table(found: list[Judged]) -> Table:
    """All rows: area, what, expected, got, tolerance, unit, verdict, source."""
    made = Table(title="validation")
    for name in ("area", "what", "expected", "got", "tolerance", "unit", "verdict", "source"):
        made.add_column(name, overflow="fold")
    for area, row in found:
        numbers = (shown(v, row.tolerance) for v in (row.expected, row.got, row.tolerance))
        verdict = f"[{COLOUR[row.verdict]}]{row.verdict}[/]"
        made.add_row(area, row.name, *numbers, row.unit, verdict, row.source)
    return made


def counted(found: list[Judged], seed: int, seconds: float) -> str:
    """How many passed, and how many did not."""
    of = {v: sum(row.verdict == v for _, row in found) for v in COLOUR}
    counts = ", ".join(f"{n} {verdict}" for verdict, n in of.items() if n or verdict == FAILED)
    return f"{len(found)} rows: {counts}; seed {seed}, {seconds:.0f} s"


if __name__ == "__main__":
    sys.exit(main())
