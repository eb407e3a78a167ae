"""Continued, extended or cut otherwise, a run gives the bits of an undisturbed one."""

import errno
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

import sdn_mc
from sdn_mc import cli, config, runner
from sdn_mc.core.problems import InputError
from sdn_mc.report.summary import print_summary
from sdn_mc.runner.progress import DrawProgress
from sdn_mc.runner.sameness import config_hash
from sdn_mc.store import NOT_ENDED, alone_in, differences, open_store
from tests.runner_fleet import QUIET, job_of, run_here
from tests.small_run import SIX_INSTANTS, SMALL

# --- finished, extended ---


def test_resuming_a_finished_run_changes_no_file_and_computes_nothing(tmp_path, monkeypatch):
    run = run_here(tmp_path / "run", "draws=300")
    before = {file: file.stat().st_mtime_ns for file in run.rglob("*")}
    monkeypatch.setattr(runner, "prepare", None)
    cli.main(["resume", str(run)])
    runner.resume(run, QUIET, 300)
    assert {file: file.stat().st_mtime_ns for file in run.rglob("*")} == before


@pytest.mark.parametrize(
    "before, after, options",
    [
        (1024, 2048, ()),
        (300, 700, ()),
        pytest.param(1, 257, (), marks=pytest.mark.slow),
        pytest.param(900, 1300, ("store.paths=first_1000",), marks=pytest.mark.slow),
        (1010, 1300, ("store.paths=first_1000",)),
        pytest.param(300, 700, ("store.paths=none",), marks=pytest.mark.slow),
        (100, 700, ("run.block_draws=32", "run.threads=1")),
    ],
)
def test_an_extended_run_keeps_its_first_draws_and_equals_a_longer_one(
    before, after, options, tmp_path, made
):
    short = made(f"draws={before}", *options)
    run = run_here(tmp_path / "run", f"draws={before}", *options)
    cli.main(["resume", str(run), f"draws={after}"])
    assert differences(run, short, first_draws=before) == []
    assert differences(run, made(f"draws={after}", *options)) == []
    said = open_store(run).attributes()
    assert said["stop_reason"] == f"draws: all {after} were done"
    assert (said["n_draw"], json.loads(said["config"])["draws"]) == (after, after)


def test_an_extension_that_was_stopped_goes_on_to_its_new_end(tmp_path, made, monkeypatch):
    run = run_here(tmp_path / "run", "draws=300")

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("sdn_mc.store.Store.commit", stop)
        with pytest.raises(KeyboardInterrupt):
            runner.resume(run, QUIET, 700)
    assert open_store(run).attributes()["stop_reason"] == NOT_ENDED
    runner.resume(run, QUIET)
    assert differences(run, made("draws=700")) == []


def test_a_job_of_a_sweep_which_kept_no_paths_is_extended_without_them(tmp_path, made):
    job = job_of("draws=300")
    runner.run(job._replace(store=job.store._replace(paths="none")), tmp_path / "run", QUIET)
    runner.resume(tmp_path / "run", QUIET, 700)
    assert differences(tmp_path / "run", made("draws=700", "store.paths=none")) == []


def test_a_finished_run_that_lost_a_stamp_computes_that_block_again(tmp_path, made):
    run = run_here(tmp_path / "run", "draws=700")
    (run / "done" / "000001.json").write_text("")  # as after a loss of power
    runner.resume(run, QUIET)
    assert differences(run, made("draws=700")) == []
    assert open_store(run).n_committed() == 700


def test_fewer_draws_are_refused(made):
    with pytest.raises(InputError, match=r"draws: 200 given, but .* has 300; give as many or more"):
        runner.resume(made("draws=300"), QUIET, 200)


def test_an_extension_that_will_not_fit_is_refused_and_changes_nothing(tmp_path, made):
    run = run_here(tmp_path / "run", "draws=300")
    with pytest.raises(InputError, match=r"needs up to .* GB"):
        runner.resume(run, QUIET, 10**9)
    assert open_store(run).attributes()["stop_reason"] == "draws: all 300 were done"
    assert differences(run, made("draws=300")) == []


# --- cut otherwise ---


@pytest.mark.parametrize(
    "options",
    [
        ("run.block_draws=32", "run.threads=4"),
        ("run.block_draws=64", "run.threads=1"),
        pytest.param(("run.block_draws=128", "run.threads=2"), marks=pytest.mark.slow),
        ("run.block_draws=256", "run.threads=4"),
        ("threats=[vendor_fault,terminal_failure,satellite_failure]",),
        ("solver=xla_int32",),
        ("solver=pull_push",),
    ],
    ids=" ".join,
)
def test_neither_cut_nor_threads_nor_order_nor_solver_changes_a_bit(options, tmp_path, made):
    run = run_here(tmp_path / "run", "draws=700", *options)
    assert differences(run, made("draws=700")) == []


def test_another_seed_changes_draws_times_and_estimates(made):
    changed = differences(made("draws=300"), made("draws=300", "seed=2"))
    expected = {"/draws/vendor_fault_onset_s", "/scene/time_s", "/paths/latency_s"}
    assert expected | {"/metrics/availability", "/summary/availability"} <= set(changed)


def test_the_fingerprint_of_a_run_does_not_depend_on_its_length_speed_or_title():
    same = job_of("draws=7", "run.threads=1", "run.block_draws=32", "title=Another")
    assert config_hash(same) == config_hash(job_of())
    assert config_hash(job_of("seed=2")) != config_hash(same)


# --- not the same run any more ---


def test_an_input_file_that_changed_is_refused_by_name(tmp_path):
    sites = tmp_path / "sites.csv"
    rows = "name,lat_deg,lon_deg,alt_m\nA,51.5,-0.1,0\nB,40.7,-74.0,0\n"
    sites.write_text(rows)
    run_here(
        tmp_path / "run", "sites=file", f"sites.path={sites}", "flows.flows=[[A,B]]", "draws=40"
    )
    sites.write_text(rows.replace("51.5", "51.6"))
    with pytest.raises(InputError, match=f"{sites}: the file has changed since the run began"):
        runner.resume(tmp_path / "run", QUIET, 80)
    sites.write_text(rows)
    runner.resume(tmp_path / "run", QUIET, 80)
    assert open_store(tmp_path / "run").n_committed() == 80


def test_a_run_begun_by_another_version_is_refused(tmp_path, monkeypatch):
    run = run_here(tmp_path / "run", "draws=40")
    monkeypatch.setattr(sdn_mc, "__version__", "0.0.9")
    with pytest.raises(InputError, match=r"made by sdn_mc 0\.1\.0, and this is 0\.0\.9"):
        runner.resume(run, QUIET, 80)


def test_a_scene_that_comes_out_different_is_refused(tmp_path):
    run = run_here(tmp_path / "run", "draws=40")
    open_store(run).arrays()["/scene/latency_healthy_s"][0, 0, 0] = 1.0
    with pytest.raises(InputError, match="/scene/latency_healthy_s came out different"):
        runner.resume(run, QUIET, 80)


def test_a_run_continued_under_another_library_names_both_versions(tmp_path):
    run = run_here(tmp_path / "run", "draws=40")
    result = open_store(run)
    now = json.loads(result.attributes()["versions"])
    result.set_attributes({"versions": json.dumps(now | {"jax": "0.0.1"}), "device": "abacus"})
    for draws in (80, 120):
        runner.resume(run, QUIET, draws)
        said = result.attributes()
        assert json.loads(said["versions"]) == now | {"jax": f"0.0.1, then {now['jax']}"}
        assert said["device"].startswith("abacus, then ")


# --- a full disk, and folders ---


def test_a_disk_that_fills_up_is_one_message_and_the_run_goes_on_later(
    tmp_path, made, monkeypatch, capfd
):
    original, stamps = Path.replace, []

    def replace(path: Path, target: Path) -> Path:
        if Path(target).parent.name == "done":
            stamps.append(target)
        if len(stamps) > 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(InputError, match=r"disk is full. Make room and run `sdn-mc resume"):
        run_here(tmp_path / "run", "draws=1300")
    capfd.readouterr()
    with pytest.raises(SystemExit) as end:
        cli.main(["resume", str(tmp_path / "run")])
    told = capfd.readouterr().err
    assert end.value.code == 2 and told.count("\n") == 1 and "disk is full" in told
    monkeypatch.undo()
    assert open_store(tmp_path / "run").n_committed() == 512
    runner.resume(tmp_path / "run", QUIET)
    assert differences(tmp_path / "run", made("draws=1300")) == []


def test_two_runs_that_start_in_the_same_second_have_two_folders():
    assert cli._new_folder() != cli._new_folder()
    assert "%f" in (config.config_folder() / "config.yaml").read_text().partition("dir:")[2]


def test_progress_in_a_log_is_plain_lines_with_rate_and_time_left(monkeypatch, caplog, tmp_path):
    monkeypatch.setattr("sdn_mc.runner.progress.LINE_EVERY_S", 0)
    with (
        caplog.at_level("INFO", "sdn_mc"),
        open(tmp_path / "out", "w") as out,
        DrawProgress(1000, 256, Console(file=out)) as progress,
    ):
        progress.add(256)
        progress.add(488)
    assert [line.split(",")[0] for line in caplog.messages] == [
        "512 of 1000 draws",
        "1000 of 1000 draws",
    ]
    assert all("a second" in line and "s left" in line for line in caplog.messages)


def test_two_processes_do_not_write_to_one_run(tmp_path):
    sdn_mc.simulate([*SMALL, *SIX_INSTANTS, "draws=8"], str(tmp_path / "run"))
    told = pytest.raises(InputError, match="another process is writing")
    with alone_in(tmp_path / "run"), told:
        runner.resume(tmp_path / "run", QUIET, 40)
    runner.resume(tmp_path / "run", QUIET, 40)
    assert sdn_mc.open_result(tmp_path / "run").attrs["n_draw"] == 40


def test_a_damaged_summary_is_told_and_written_again(tmp_path):
    sdn_mc.simulate([*SMALL, *SIX_INSTANTS, "draws=8"], str(tmp_path / "run"))
    chunks = tmp_path / "run" / "result.zarr" / "summary" / "availability" / "c"
    whole = sdn_mc.open_result(tmp_path / "run")["summary"]["availability"].values
    next(file for file in chunks.rglob("*") if file.is_file()).write_bytes(b"damaged")
    with pytest.raises(InputError, match="damaged since it was written: /summary/avail"):
        print_summary(tmp_path / "run", QUIET)
    runner.resume(tmp_path / "run", QUIET)
    again = sdn_mc.open_result(tmp_path / "run")["summary"]["availability"].values
    assert np.array_equal(again, whole)
