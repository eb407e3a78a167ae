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


# The command, but that XLA keeps all it compiles, and not only what took it 0.2 s.
KEEPING_ALL = """
import sys, jax
from sdn_mc import cli, runner
keep = runner.keep_compiled_code
def keep_all():
    keep()
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
runner.keep_compiled_code = keep_all
cli.main(sys.argv[1:])
"""


def swept_numbers(setting: Setting) -> Iterator[Row]:
    """Functions compiled by the first run, and by others with other numbers in this process."""
    for solver in ("xla_int32",) if setting.quick else ("xla_int32", "pull_push"):
        before = compilation.compiled(solver)
        for name, words in SWEPT.items():
            again = sum(compilation.compiled(solver, *words)) - sum(before)
            yield equal(f"compiled again, {name} swept, {solver}", again, 0, "functions", "counted")


def second_process(setting: Setting) -> Iterator[Row]:
    """Compiled code that a first process leaves in the caches, and that later ones add."""
    cache = setting.folder / "cache"
    words = [*SMALL, *SIX_INSTANTS, "threats=[satellite_failure]", "draws=32", "solver=xla_int32"]
    first_s = _seconds(words, cache, setting.folder / "first")
    kept = _files(cache)
    yield between("compiled code kept by a first process", len(kept), 8, 10_000, "files", "")
    second_s = _seconds(words, cache, setting.folder / "second")
    yield equal("compiled by a second process", len(_files(cache) - kept), 0, "files", "caches")
    swept = [*words, "threats.satellite_failure.rate_per_year=0.7"]
    _seconds(swept, cache, setting.folder / "third")
    yield equal("compiled by a swept one", len(_files(cache) - kept), 0, "files", "caches")
    yield between("time of the second over the first", second_s / first_s, 0, 1, "", "wall")


def _seconds(words: list[str], cache: Path, folder: Path) -> float:
    """Wall time of a run in a process of its own."""
    caches = {"XDG_CACHE_HOME": str(cache), "NUMBA_CACHE_DIR": str(cache / "numba")}
    command = [sys.executable, "-c", KEEPING_ALL, "run", *words, f"hydra.run.dir={folder}"]
    began = time.perf_counter()
    environment = os.environ | caches | {"PYTHONPATH": str(REPOSITORY)}
    subprocess.run(command, check=True, capture_output=True, env=environment, cwd=folder.parent)
    return time.perf_counter() - began


def _files(cache: Path) -> set[Path]:
    """Compiled code in the caches: of XLA (not the times it was last used) and of numba."""
    return {file for file in cache.rglob("*") if file.is_file() and "atime" not in file.name}


CHECKS = (swept_numbers, second_process)
