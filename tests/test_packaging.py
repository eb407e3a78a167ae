"""What is shipped: a wheel that runs outside the checkout, and routing without the larger parts."""

import os
import shutil
import site
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
LONGEST_S = 600


def ran(*words: str | Path, cwd: Path, **environment: str) -> str:
    """Output of a command that must succeed, started without this checkout on its path."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "HYDRA"))}
    ended = subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    return ended.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """A copy of what is shipped, so that building leaves nothing in the checkout."""
    copy = tmp_path_factory.mktemp("source")
    for name in ("sdn_mc", "configs", "tests", "scripts"):
        ignored = shutil.ignore_patterns("__pycache__", "*.nbi", "*.nbc")
        shutil.copytree(REPOSITORY / name, copy / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, copy)
    return copy


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory) -> Path:
    """The built wheel."""
    place = tmp_path_factory.mktemp("wheel")
    build = ("-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet", "-w", place)
    ran(sys.executable, *build, source, cwd=place)
    return next(place.glob("*.whl"))


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_its_configurations(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in (REPOSITORY / "configs").rglob("*.yaml"):
        assert f"sdn_mc/configs/{path.relative_to(REPOSITORY / 'configs')}" in names
    for ending in ("cu", "css", "html", "js", "json"):
        for path in (REPOSITORY / "sdn_mc").rglob(f"*.{ending}"):
            assert str(path.relative_to(REPOSITORY)) in names
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {"sdn_mc"}


@pytest.mark.slow
def test_an_installed_wheel_runs_with_its_own_configurations(wheel, tmp_path):
    """The libraries are those of this environment; the package and its configs are the wheel's."""
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    folder = Path(
        ran(python, "-c", "import site; print(site.getsitepackages()[0])", cwd=tmp_path).strip()
    )
    zipfile.ZipFile(wheel).extractall(folder)  # what an installer does, but for the entry point
    (folder / "libraries.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "vendor_fault" in ran(python, "-m", "sdn_mc", "list", cwd=empty)
    where = ran(python, "-c", "from sdn_mc.config import config_folder as f; print(f())", cwd=empty)
    assert Path(where.strip()) == folder / "sdn_mc" / "configs"
    printed = ran(python, "-m", "sdn_mc", "run", "draws=32", cwd=empty)
    assert "one_software_group" in printed and "Washington DC - Djibouti" in printed
    assert [path.name for path in empty.iterdir()] == ["outputs"]


@pytest.mark.slow
def test_the_source_archive_holds_what_is_needed_to_test_it(source, tmp_path):
    build = "from hatchling.build import build_sdist; print(build_sdist('{}'))"
    ran(sys.executable, "-c", build.format(tmp_path), cwd=source)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"pyproject.toml", "README.md", "LICENSE", "scripts/run", "configs/config.yaml"}
    assert (
        wanted | {"sdn_mc/cli/__init__.py", "tests/test_cli.py", "scripts/requirements.lock"}
        <= names
    )
    assert not [name for name in names if name.startswith(("outputs", ".venv", ".git/"))]


def test_routing_imports_without_hydra_xarray_or_zarr(tmp_path):
    code = (
        "import sys\n"
        "for name in ('hydra', 'omegaconf', 'xarray', 'zarr', 'rich', 'sgp4', 'yaml'):\n"
        "    sys.modules[name] = None\n"
        "import sdn_mc.routing, pkgutil, importlib\n"
        "for part in pkgutil.iter_modules(sdn_mc.routing.__path__):\n"
        "    importlib.import_module('sdn_mc.routing.' + part.name)\n"
    )
    ran(sys.executable, "-c", code, cwd=tmp_path, PYTHONPATH=str(REPOSITORY))
