"""A swept number compiles nothing, here and in another process."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from scripts.validation.rows import Row, Setting, between, equal
from tests.engine import test_compilation as compilation
from tests.small_run import SIX_INSTANTS, SMALL

REPOSITORY = Path(__file__).resolve().parents[2]
SWEPT = {
    "causes": compilation.CAUSES,
    "geometry": compilation.GEOMETRY,
    "the seed": ("seed=77",),
}


def swept_numbers(setting: Setting) -> Iterator[Row]:
    """Functions compiled by the first run, and by others with other numbers in this process."""
    for solver in ("xla_int32",) if setting.quick else ("xla_int32", "pull_push"):
        before = compilation.compiled(solver)
        for name, words in SWEPT.items():
            again = sum(compilation.compiled(solver, *words)) - sum(before)
            yield equal(f"compiled again, {name} swept, {solver}", again, 0, "functions", "counted")


def second_process(setting: Setting) -> Iterator[Row]:
    """Files that a first process leaves in the caches, and that later ones add."""
    cache = setting.folder / "cache"
    words = [*SMALL, *SIX_INSTANTS, "threats=[satellite_failure]", "draws=32", "solver=xla_int32"]
    first_s = _seconds(words, cache, setting.folder / "first")
    kept = _files(cache)
    yield between("files in the caches after one process", len(kept), 2, 10_000, "files", "")
    second_s = _seconds(words, cache, setting.folder / "second")
    yield equal("compiled again by a second process", _again(cache, kept), 0, "functions", "files")
    swept = [*words, "threats.satellite_failure.rate_per_year=0.7"]
    _seconds(swept, cache, setting.folder / "third")
    yield equal("compiled again by a swept one", _again(cache, kept), 0, "functions", "files")
    yield between("time of the second over the first", second_s / first_s, 0, 1, "", "wall")


def _seconds(words: list[str], cache: Path, folder: Path) -> float:
    """Wall time of a run in a process of its own."""
    caches = {"XDG_CACHE_HOME": str(cache), "NUMBA_CACHE_DIR": str(cache / "numba")}
    command = [sys.executable, "-m", "sdn_mc", "run", *words, f"hydra.run.dir={folder}"]
    began = time.perf_counter()
    environment = os.environ | caches | {"PYTHONPATH": str(REPOSITORY)}
    subprocess.run(command, check=True, capture_output=True, env=environment, cwd=folder.parent)
    return time.perf_counter() - began


def _again(cache: Path, kept: set[Path]) -> int:
    """Files added of functions that were there; XLA keeps those that took it 0.2 s or more."""
    known = {file.name.partition("-")[0] for file in kept}
    added = _files(cache) - kept
    return sum(file.suffix != "" or file.name.partition("-")[0] in known for file in added)


def _files(cache: Path) -> set[Path]:
    """Compiled code in the caches: of XLA (not the times it was last used) and of numba."""
    return {file for file in cache.rglob("*") if file.is_file() and "atime" not in file.name}


CHECKS = (swept_numbers, second_process)
