"""The scripts of a fresh clone: what they say where something is missing, and where they work."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture
def clone(tmp_path) -> Path:
    """The scripts as a clone has them, without an environment."""
    shutil.copytree(REPOSITORY / "scripts", tmp_path / "a clone" / "scripts")
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path / "a clone")
    return tmp_path / "a clone"


def fake_python(folder: Path, lines: str) -> str:
    """A Python that does what the lines say, and is this one otherwise."""
    file = folder / "python"
    file.write_text(f'#!/usr/bin/env bash\n{lines}\nexec {sys.executable} "$@"\n', encoding="utf-8")
    file.chmod(0o755)
    return str(file)


def started(script: Path, cwd: Path, python: str, *words: str) -> subprocess.CompletedProcess:
    """A script, started somewhere with some Python."""
    environment = os.environ | {"PYTHON": python}
    command = [str(script), *words]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    "python, words",
    [
        (
            'case "$*" in *ensurepip*) exit 1;; esac',
            "mend it with: sudo apt-get install -y python3",
        ),
        ('case "$*" in *"(3, 11)"*) exit 1;; esac', "is too old: set PYTHON to the name of Python"),
    ],
)
@pytest.mark.parametrize("name", ["run", "test", "validate"])
def test_what_is_missing_is_one_line_with_what_mends_it(clone, tmp_path, name, python, words):
    ended = started(clone / "scripts" / name, tmp_path, fake_python(tmp_path, python))
    assert ended.returncode == 2 and words in ended.stderr
    assert len(ended.stderr.splitlines()) == 1 and ended.stdout == ""
    assert not (clone / ".venv").exists()


def test_no_python_at_all_is_one_line(clone, tmp_path):
    ended = started(clone / "scripts" / "run", tmp_path, "no-such-python")
    assert ended.returncode == 2 and "there is no no-such-python" in ended.stderr


def test_an_installed_environment_is_used_from_anywhere_as_it_is(clone, tmp_path):
    """The stamp of the lock says that nothing is to be done; words reach the command whole."""
    binary = clone / ".venv" / "bin"
    binary.mkdir(parents=True)
    shutil.move(fake_python(tmp_path, 'printf "%s|" "$PWD" "$@"; exit 7'), binary / "python")
    made_of = b"".join(
        (clone / n).read_bytes() for n in ("scripts/requirements.lock", "pyproject.toml")
    )
    digest = subprocess.run(["cksum"], input=made_of, capture_output=True, check=True).stdout
    (clone / ".venv" / f"installed-{digest.split()[0].decode()}").touch()
    ended = started(clone / "scripts" / "run", tmp_path, "no-such-python", "flows.flows=[[A B,C]]")
    assert ended.returncode == 7, ended.stderr
    assert ended.stdout == f"{tmp_path}|-P|-m|sdn_mc|run|flows.flows=[[A B,C]]|"


def test_the_lock_pins_everything_by_hash():
    text = (REPOSITORY / "scripts" / "requirements.lock").read_text(encoding="utf-8")
    named = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert all("==" in line and line.endswith("\\") for line in named)
    hashes = [line.strip(" \\") for line in text.splitlines() if line.startswith(" ")]
    sizes = {len(line.removeprefix("--hash=sha256:")) for line in hashes}
    assert sizes == {hashlib.sha256().digest_size * 2}
    assert {"jax", "numba", "hydra-core", "pytest"} <= {line.partition("==")[0] for line in named}


def test_gpu_check_needs_neither_hydra_nor_zarr_nor_a_file_of_ours_but_routing():
    """It has to start on a machine that has jax and little else."""
    absent = ("hydra", "omegaconf", "zarr", "xarray", "sgp4", "rich", "yaml", "beartype", "pytest")
    code = (
        f"import sys, runpy; sys.modules.update(dict.fromkeys({absent!r}))\n"
        "runpy.run_path('scripts/gpu_check', run_name='tried')"
    )
    command = [sys.executable, "-c", code]
    tried = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert tried.returncode == 0, tried.stderr


@pytest.mark.slow
def test_gpu_check_runs_dry_without_a_gpu(tmp_path):
    pytest.importorskip("cuda.core", reason="cuda-core is not installed")
    if shutil.which("g++") is None:
        pytest.skip("the emulation of CUDA needs g++, which is not installed")
    command = [sys.executable, "scripts/gpu_check", "--dry", "--json", str(tmp_path / "rows.json")]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=900)
    assert run.returncode == 0, run.stdout + run.stderr
    rows = json.loads((tmp_path / "rows.json").read_text(encoding="utf-8"))
    exact = [row["exact"] for row in rows if "exact" in row]
    assert len(exact) >= 8 and all(exact)
