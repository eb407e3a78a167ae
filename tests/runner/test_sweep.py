"""A sweep: only what is missing is started; its dataset is what a loop over its points gives."""

import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from omegaconf import OmegaConf

import sdn_mc
from sdn_mc import cli, config, runner, store, sweeps
from sdn_mc.config.sweep import jobs_at_once, sweep_of
from sdn_mc.core.problems import InputError
from sdn_mc.runner.blocks import n_core
from sdn_mc.runner.sweep import state_of
from tests.runner_fleet import QUIET
from tests.small_run import SIX_INSTANTS, SMALL

RATE = "threats.satellite_failure.rate_per_year"
BASE = (*SMALL, *SIX_INSTANTS, "threats=[satellite_failure]", "title=A sweep")
RATES, DRAWS = (0.1, 2), (32, 300)
SWEPT = (f"{RATE}=0.1,2", "draws=32,300")


def sweep(folder: Path, *words: str) -> None:
    """Through the command line, in this process."""
    cli.main(["run", "-m", *(words or (*BASE, *SWEPT)), f"hydra.sweep.dir={folder}"])


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A sweep of four points that nothing disturbed."""
    folder = tmp_path_factory.mktemp("made") / "sweep"
    argv, sys.argv = sys.argv, ["sdn-mc"]
    sweep(folder)
    sys.argv = argv
    return folder


@pytest.fixture
def broken(made, tmp_path, monkeypatch) -> Path:
    """The same where job 0 is gone, 1 lost its last block, and 2 failed."""
    monkeypatch.chdir(tmp_path)
    folder = Path(shutil.copytree(made, tmp_path / "sweep"))
    shutil.rmtree(folder / "0")
    (folder / "1" / "done" / "000001.json").unlink()
    shutil.rmtree(folder / "2" / "result.zarr")
    store.write_note(folder / "2" / "failed.json", {"problems": ["it broke"], "traceback": ""})
    return folder


def files(folder: Path) -> dict[Path, int]:
    """Every file of the results, and when it was written."""
    found = [path for name in ("result.zarr", "done") for path in (folder / name).rglob("*")]
    return {path: path.stat().st_mtime_ns for path in found if path.is_file()}


def test_the_dataset_of_a_sweep_is_what_a_loop_over_its_points_gives(made, tmp_path):
    tree = sdn_mc.collect(made, tmp_path / "all.zarr")
    assert (tree["status"] == "done").all() and (tree["run_seed"] == 1).all()
    for rate in RATES:
        for draws in DRAWS:
            alone = tmp_path / f"{rate}-{draws}"
            job = config.job_of([*BASE, f"{RATE}={rate}", f"draws={draws}"])
            runner.run(job, alone, QUIET)
            run, point = sdn_mc.open_result(alone), {"rate_per_year": rate, "draws": draws}
            here, there = tree["summary"].to_dataset().sel(point), run["summary"].to_dataset()
            for name in there.data_vars:
                np.testing.assert_array_equal(here[name], there[name], str(name))
            scores = tree["/metrics/availability"].sel(point)
            np.testing.assert_array_equal(scores[:, :draws], run["/metrics/availability"])
            assert np.isnan(scores[:, draws:]).all()
            assert tree["config_hash"].sel(point) == run.attrs["config_hash"]


def test_the_dataset_says_what_its_numbers_are(made, tmp_path):
    sdn_mc.collect(made, tmp_path / "all.zarr")
    root = xr.open_zarr(tmp_path / "all.zarr", consolidated=False)
    rate, summary = (
        root["rate_per_year"],
        xr.open_zarr(tmp_path / "all.zarr", group="summary", consolidated=False),
    )
    assert rate.attrs["units"] == "1/year" and rate.attrs["key"] == RATE and rate.attrs["meaning"]
    for data in (root, summary):
        said = {"units", "long_name", "meaning"}
        assert all(said <= set(values.attrs) for values in data.variables.values())
    assert json.loads(root.attrs["config"])["seed"] == 1
    assert json.loads(root.attrs["versions"])["sdn_mc"] == sdn_mc.__version__
    assert "different draws (32, 300)" in root.attrs["notes"]


def test_what_is_not_done_is_marked_and_has_no_values(broken, capsys):
    cli.main(["collect", str(broken), "--output", "all.zarr"])
    tree = store.open_collected("all.zarr")
    assert tree["status"].values.tolist() == [["missing", "unfinished"], ["failed", "done"]]
    assert tree["draws_done"].values.tolist() == [[0, 256], [0, 300]]
    for name, values in tree["summary"].data_vars.items():
        nothing = 0 if name.endswith("_count") else np.nan
        for k in ((0, 0), (0, 1), (1, 0)):
            np.testing.assert_array_equal(values[k], np.full(values[k].shape, nothing), name)
        assert np.isfinite(values[1, 1]).all()
    is_known = np.isfinite(tree["/metrics/availability"]).all(("column", "draw", "flow"))
    assert is_known.values.tolist() == [[False, False], [False, True]]
    printed = capsys.readouterr().out
    assert "4 points · 1 done · 1 unfinished · 1 failed · 1 missing" in printed
    assert "unfinished, 256 of 300 draws" in printed and "2 failed: it broke" in printed


def test_a_sweep_begun_again_starts_only_what_is_missing(broken, made, monkeypatch, capsys):
    begun, gone_on, run, resume = [], [], runner.run, runner.resume
    monkeypatch.setattr(runner, "run", lambda j, f, c: (begun.append(f.name), run(j, f, c))[1])
    monkeypatch.setattr(runner, "resume", lambda f, *a: (gone_on.append(f.name), resume(f, *a))[1])
    before = files(broken / "3")
    cli.main(["resume", str(broken)])
    assert (begun, gone_on) == (["0", "2"], ["1"])
    assert files(broken / "3") == before
    for number in "0123":
        assert store.differences(broken / number, made / number) == []
        assert not (broken / number / "failed.json").exists()
    assert "1 of 4 jobs are done already" in " ".join(capsys.readouterr().out.split())


def test_further_values_are_added_and_more_draws_go_to_all(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder, words = tmp_path / "sweep", (*BASE, "draws=32")
    sweep(folder, *words, f"{RATE}=0.1,2")
    before = files(folder / "0") | files(folder / "1")
    sweep(folder, *words, f"{RATE}=0.1,1,2")
    assert files(folder / "0") | files(folder / "1") == before
    tree = sdn_mc.collect(folder)
    assert tree["folder"].values.tolist() == ["0", "2", "1"]
    assert tree["rate_per_year"].values.tolist() == [0.1, 1, 2]
    cli.main(["resume", str(folder), "draws=64"])
    assert sdn_mc.collect(folder)["n_draw"].values.tolist() == [64, 64, 64]


def test_points_with_other_flows_have_values_where_they_have_the_flow(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    base = [word for word in BASE if not word.startswith("flows.flows")]
    pairs = "[[London,Paris]],[[New York,London],[London,Paris]]"
    sweep(tmp_path / "sweep", *base, "draws=32", f"flows.flows={pairs}")
    values = sdn_mc.collect(tmp_path / "sweep")["/summary/availability"].sel(column="attacked")
    assert values["flow"].values.tolist() == ["London - Paris", "over flows", "New York - London"]
    one, two = values.values
    assert np.isnan(one[2]) and np.isfinite([*one[:2], *two]).all()
    assert one[0] == one[1] == two[0] and two[1] == pytest.approx((two[0] + two[2]) / 2)


@pytest.mark.parametrize("words", [("seed=2",), ("access.min_elevation_deg=5,10",)])
def test_another_sweep_in_the_same_folder_is_refused(words, broken, capsys):
    with pytest.raises(SystemExit):
        sweep(broken, *BASE, *SWEPT, *words)
    assert "holds another sweep" in capsys.readouterr().err


def test_a_sweep_in_the_folder_of_a_run_is_refused(made, capsys):
    with pytest.raises(SystemExit):
        sweep(made / "0")
    assert "there is a run or a study in" in capsys.readouterr().err
    assert not (made / "0" / "multirun.yaml").exists()


@pytest.mark.parametrize("lost", ["summary", "status", "summary/availability/c"])
def test_a_damaged_dataset_of_a_sweep_is_told_in_one_line(made, tmp_path, capsys, lost):
    path = tmp_path / "all.zarr"
    sdn_mc.collect(made, path)
    if lost.endswith("/c"):
        for chunk in [file for file in (path / lost).rglob("*") if file.is_file()]:
            chunk.write_bytes(chunk.read_bytes()[:3])
    else:
        shutil.rmtree(path / lost)
    for command in ("summary", "report", "plot"):
        with pytest.raises(SystemExit) as end:
            cli.main([command, str(path)])
        assert end.value.code == 2
        assert "the dataset is damaged" in capsys.readouterr().err


def test_a_job_that_breaks_is_told_in_one_line_and_the_others_finish(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run = runner.run

    def breaks(job, folder, console):
        if folder.name == "0":
            raise ZeroDivisionError("a bug")
        return run(job, folder, console)

    monkeypatch.setattr(runner, "run", breaks)
    with pytest.raises(SystemExit) as stop:
        sweep(tmp_path / "sweep", *BASE, "draws=32", f"{RATE}=0.1,1")
    said = capsys.readouterr().err.splitlines()
    assert stop.value.code == 2 and len(said) == 1
    assert said[0].startswith(f"error: job 0 ({RATE}=0.1): ZeroDivisionError: a bug; ")
    assert "in breaks" in store.read_note(tmp_path / "sweep" / "0" / "failed.json")["traceback"]
    assert [state_of(tmp_path / "sweep" / k).status for k in "01"] == ["failed", "done"]


def test_runs_of_different_versions_are_not_put_together(made, tmp_path):
    folder = Path(shutil.copytree(made, tmp_path / "sweep"))
    result = store.open_store(folder / "2")
    versions = json.loads(result.attributes()["versions"]) | {"sdn_mc": "0.0.1"}
    result.set_attributes({"versions": json.dumps(versions)})
    with pytest.raises(
        InputError, match=r"versions of sdn_mc \(0\.0\.1 in 2; 0\.1\.0 in 0, 1, 3\)"
    ):
        sdn_mc.collect(folder)


def test_a_stored_sweep_does_not_choose_how_its_jobs_are_started(broken, monkeypatch, capsys):
    note = OmegaConf.load(broken / "multirun.yaml")
    note.hydra.overrides.hydra.extend(["hydra/launcher=slurm", "+hydra.launcher.setup=[rm]"])
    OmegaConf.save(note, broken / "multirun.yaml")
    with pytest.raises(SystemExit):
        cli.main(["resume", str(broken)])
    said = capsys.readouterr().err
    assert "not taken from a stored file" in said and "hydra/launcher=slurm" in said
    launched = []
    monkeypatch.setattr(sweeps, "run", lambda *words: launched.append(words))
    cli.main(["resume", str(broken), "hydra/launcher=basic"])
    assert "+hydra.launcher.setup=[rm]" not in launched[0][0]


def test_jobs_on_one_machine_share_its_cores_and_those_of_slurm_use_theirs(monkeypatch):
    def launcher(**node):
        return OmegaConf.create({"launcher": {"_target_": "plugin.Launcher", **node}})

    assert jobs_at_once(launcher(), 8, 4) == 1
    assert jobs_at_once(launcher(n_jobs=-1), 8, 4) == 4
    assert jobs_at_once(launcher(n_jobs=-1), 3, 4) == 3
    assert jobs_at_once(launcher(n_jobs=2), 8, 4) == 2
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    for name, cores in (("OTHER", 8), ("SLURM_CPUS_ON_NODE", 6), ("SLURM_CPUS_PER_TASK", 2)):
        monkeypatch.setenv(name, str(cores))
        assert n_core() == cores


def test_an_axis_is_called_by_as_much_of_its_key_as_sets_it_apart(tmp_path):
    words = ("threats.a.rate_per_year=1,2", "threats.b.rate_per_year=1,2", "seed=1,2")
    axes = runner.sweep._axes(sweep_of(words), {})
    assert [axis.name for axis in axes] == ["a_rate_per_year", "b_rate_per_year", "seed"]
    assert [axis.values for axis in axes] == [(1, 2)] * 3


def test_values_that_are_no_numbers_stand_as_they_were_written():
    axes = sweep_of(("threats=[a,b],[a]", "x=null,3", "constellation=kuiper,geo", "y=true,false"))
    assert list(axes.axes.values()) == [
        ("[a,b]", "[a]"),
        ("null", "3"),
        ("kuiper", "geo"),
        (True, False),
    ]


def test_joblib_runs_jobs_in_processes_of_their_own(tmp_path, monkeypatch, capfd):
    if importlib.util.find_spec("hydra_plugins.hydra_joblib_launcher") is None:
        pytest.skip("the extra sdn-mc[cluster] is not installed")
    monkeypatch.chdir(tmp_path)
    words = (
        *BASE,
        "draws=32",
        f"{RATE}=0.1,-1",
        "hydra/launcher=joblib",
        "hydra.launcher.n_jobs=2",
    )
    with pytest.raises(SystemExit) as stop:
        sweep(tmp_path / "sweep", *words)
    out, err = capfd.readouterr()
    assert stop.value.code == 2 and f"job 0 ({RATE}=0.1): done" in out
    assert err.splitlines()[-1].startswith(f"error: job 1 ({RATE}=-1): threats.satellite_failure")
    assert [state_of(tmp_path / "sweep" / k).status for k in "01"] == ["done", "failed"]
