"""What each fault does to a run, as the README's table has it: nothing is lost without a word.

Kills of real processes are in test_killed.py, interrupted downloads in sources/test_celestrak.py.
"""

import io
import json
import logging
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from rich.console import Console

import sdn_mc
from sdn_mc import cli, engine, runner
from sdn_mc.core.problems import InputError
from sdn_mc.report.summary import print_summary
from sdn_mc.runner import study
from sdn_mc.store import SCHEMA_VERSION, Store, differences, open_store
from sdn_mc.store.arrays import draw_axis
from tests.runner.test_study import EXPERIMENT, WORDS
from tests.runner_fleet import QUIET, run_here
from tests.small_run import SIX_INSTANTS, SMALL


@pytest.fixture
def copied(tmp_path, made) -> Path:
    """A finished run of six blocks, to be damaged."""
    return Path(shutil.copytree(made("draws=1300"), tmp_path / "run"))


def refused(capfd, *words: str) -> str:
    """The one line of a command that ends with status 2."""
    capfd.readouterr()
    with pytest.raises(SystemExit) as end:
        cli.main(list(words))
    told = capfd.readouterr().err
    assert end.value.code == 2 and told.count("error: ") == 1 and "Traceback" not in told
    return told


# --- damage ---


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-9])


DAMAGES = {
    "metrics/availability/c/0/1/0": flip_a_bit,
    "paths/latency_s/c/2/0/0": cut_short,
    "draws/weight/c/3": Path.unlink,
}
NAMED = (
    "/metrics/availability in block 1 (draws from 256 on)",
    "/paths/latency_s in block 2 (draws from 512 on)",
    "/draws/weight in block 3 (draws from 768 on)",
)


def test_a_damaged_block_is_named_and_made_again_with_the_same_bits(copied, made, capfd, caplog):
    for name, damage in DAMAGES.items():
        damage(copied / "result.zarr" / name)
    with pytest.raises(InputError, match="damaged since it was written") as told:
        sdn_mc.open_result(copied)
    assert all(name in str(told.value) for name in NAMED)
    assert NAMED[0] in refused(capfd, "summary", str(copied))
    assert not runner.is_done(open_store(copied)), "nor does a sweep take it for done"
    with pytest.raises(InputError, match="/metrics/availability cannot be read"):
        open_store(copied).read("/metrics/availability")
    stamps = [(copied / "done" / f"{block:06d}.json").stat().st_mtime_ns for block in range(6)]
    with caplog.at_level(logging.WARNING, "sdn_mc"):
        runner.resume(copied, QUIET)
    assert all(name in caplog.text for name in NAMED)
    assert differences(copied, made("draws=1300")) == []
    assert open_store(copied).damaged() == []
    now = [(copied / "done" / f"{block:06d}.json").stat().st_mtime_ns for block in range(6)]
    assert [a != b for a, b in zip(stamps, now, strict=True)] == [0, 1, 1, 1, 0, 0]


@pytest.mark.parametrize("cut", [2, 400])
def test_a_shard_without_its_index_is_made_again(copied, made, cut):
    """The rest of it is not read first, and until it is there the summary tells that it is not."""
    shard = next(copied.glob("result.zarr/metrics/availability/c/*/2/*"))
    shard.write_bytes(shard.read_bytes()[:-cut])
    with pytest.raises(InputError, match="damaged since it was written: /metrics/availability"):
        sdn_mc.open_result(copied)
    open_store(copied).discard(2)  # as a resumption that was killed leaves it
    page = io.StringIO()
    print_summary(copied, Console(file=page, width=200))
    assert "warning: the run has not ended" in page.getvalue()
    runner.resume(copied, QUIET)
    assert differences(copied, made("draws=1300")) == []
    assert open_store(copied).damaged() == []


def test_a_damaged_array_without_draws_is_named_and_written_again(copied, made):
    names = ["/metrics/flow", "/scene/n_link"]
    for name in names:
        chunks = copied / "result.zarr" / name.strip("/") / "c"
        flip_a_bit(next(file for file in chunks.rglob("*") if file.is_file()))
    with pytest.raises(InputError, match="damaged since it was written") as told:
        sdn_mc.open_result(copied)
    assert all(name in str(told.value) for name in names)
    runner.resume(copied, QUIET)
    assert differences(copied, made("draws=1300")) == []
    assert open_store(copied).damaged() == []


def test_the_loss_of_any_file_of_arrays_without_draws_is_noticed_and_mended(copied, made):
    whole = [n for n, a in open_store(copied).arrays().items() if draw_axis(a) is None and a.size]
    for name in whole:
        shutil.rmtree(copied / "result.zarr" / name.strip("/") / "c")
    assert {each.name for each in open_store(copied).damaged()} == set(whole)
    root = copied / "result.zarr" / "zarr.json"
    kept = root.read_text()
    older = json.loads(kept)
    del older["attributes"]["arrays"]  # of a version that wrote no chunks of zeros
    root.write_text(json.dumps(older))
    zeros = {name for name in whole if not open_store(made("draws=1300")).read(name).any()}
    assert zeros and not zeros & {each.name for each in open_store(copied).damaged()}
    root.write_text(kept)
    runner.resume(copied, QUIET)
    assert differences(copied, made("draws=1300")) == []
    assert open_store(copied).damaged() == []


@pytest.mark.parametrize("lost", ["scene", "metrics/availability", "draws/epoch"])
def test_the_loss_of_whole_arrays_is_told_in_one_line(copied, capfd, lost):
    shutil.rmtree(copied / "result.zarr" / lost)
    for words in (["summary"], ["resume"], ["report"], ["plot"], ["compare", str(copied)]):
        told = refused(capfd, words[0], str(copied), *words[1:])
        assert "of its arrays are gone" in told and f"/{lost}" in told


def test_a_damaged_description_is_told_in_one_line(copied, capfd):
    (copied / "result.zarr" / "metrics" / "availability" / "zarr.json").write_text("{")
    for command in ("summary", "resume"):
        assert "the description of an array is damaged" in refused(capfd, command, str(copied))


# --- other versions ---


def test_a_result_of_an_older_schema_is_read_where_that_can_be_but_not_continued(
    copied, capfd, monkeypatch
):
    monkeypatch.setattr("sdn_mc.store.files.SCHEMA_VERSION", SCHEMA_VERSION + 1)
    cli.main(["summary", str(copied)])
    assert "availability by flow" in capfd.readouterr().out
    before = {file: file.stat().st_mtime_ns for file in copied.rglob("*")}
    told = refused(capfd, "resume", str(copied), "draws=1500")
    assert f"version {SCHEMA_VERSION} of the result schema" in told
    assert f"use the sdn-mc that wrote it ({sdn_mc.__version__}), or start a new run" in told
    assert {file: file.stat().st_mtime_ns for file in copied.rglob("*")} == before
    monkeypatch.setattr("sdn_mc.store.files.OLDEST_READABLE", SCHEMA_VERSION + 1)
    assert "of the result schema" in refused(capfd, "summary", str(copied))


def test_a_result_of_a_newer_schema_is_refused_and_a_newer_code_not_continued(copied, capfd):
    result = open_store(copied)
    result.set_attributes({"versions": json.dumps({"sdn_mc": "9.9"})})
    assert "made by sdn_mc 0.1.0, 9.9" in refused(capfd, "resume", str(copied), "draws=1500")
    cli.main(["summary", str(copied)])
    result.set_attributes({"schema_version": SCHEMA_VERSION + 1})
    for command in ("summary", "resume"):
        told = refused(capfd, command, str(copied))
        assert f"version {SCHEMA_VERSION + 1} of the result schema" in told and "(9.9)" in told


# --- memory ---


def on_a_device(n_draw: int) -> None:
    jnp.zeros(1 << 46, jnp.uint8).block_until_ready()


def on_the_host(n_draw: int) -> None:
    np.zeros(1 << 60, np.uint8)


def memory_for(most: int, fails, monkeypatch) -> list[int]:
    """Let more draws at once ask for more memory than there is; what was computed, by size."""
    original, seen = engine.run_block, []

    def run_block(run, first, count, turn=0):
        if count > most:
            fails(count)
        seen.append(count)
        return original(run, first, count, turn)

    monkeypatch.setattr(engine, "run_block", run_block)
    return seen


@pytest.mark.parametrize("fails", [on_a_device, on_the_host])
def test_without_memory_for_a_block_halves_are_computed_and_it_is_told_once(
    fails, tmp_path, made, monkeypatch, caplog
):
    seen = memory_for(64, fails, monkeypatch)
    with caplog.at_level(logging.WARNING, "sdn_mc"):
        run_here(tmp_path / "run", "draws=700", "run.block_draws=256", "run.threads=2")
    assert max(seen) == 64
    assert [message.split(";")[0] for message in caplog.messages] == [
        "memory does not suffice for 256 draws at a time",
        "memory does not suffice for 128 draws at a time",
    ]
    assert differences(tmp_path / "run", made("draws=700")) == []
    notes = json.loads(open_store(tmp_path / "run").attributes()["notes"])
    assert "memory sufficed for no more than 64 draws at a time" in notes


def test_without_memory_for_32_draws_a_run_ends_with_one_message_and_can_go_on(
    copied, tmp_path, made, monkeypatch, capfd
):
    with monkeypatch.context() as patch:
        memory_for(31, on_a_device, patch)
        told = refused(capfd, "resume", str(copied), "draws=1500")
    assert "memory does not suffice" in told and "Out of memory allocating" in told
    assert "set run.threads=1 (now" in told and "times.count" in told
    cli.main(["resume", str(copied), "run.threads=1"])
    assert differences(copied, made("draws=1300"), first_draws=1280) == []
    assert open_store(copied).n_committed() == 1500


def test_another_error_of_a_device_is_not_taken_for_want_of_memory(tmp_path, monkeypatch):
    def fails(_):
        raise RuntimeError("INTERNAL: something else")

    memory_for(0, fails, monkeypatch)
    with pytest.raises(RuntimeError, match="something else"):
        run_here(tmp_path / "run", "draws=40")


# --- a full disk ---


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, small enough to be filled; it can be made larger."""
    disk = tmp_path / "disk"
    disk.mkdir()

    def sized(option: str) -> bool:
        words = ["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(disk)]
        return subprocess.run(words, capture_output=True).returncode == 0

    if sys.platform != "linux" or shutil.which("mount") is None or not sized("size=700k"):
        pytest.skip("mounting a file system is not allowed here")
    yield disk, lambda: sized("remount,size=64m")
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_is_full_is_one_message_and_the_run_goes_on_once_there_is_room(
    small_disk, made, capfd
):
    disk, enlarge = small_disk
    with pytest.raises(InputError, match=r"the disk is full\. Make room and run `sdn-mc resume"):
        run_here(disk / "run", "draws=1300")
    assert 0 < open_store(disk / "run").n_committed() < 1300
    assert open_store(disk / "run").damaged() == []
    assert "the disk is full" in refused(capfd, "resume", str(disk / "run"))
    assert enlarge()
    runner.resume(disk / "run", QUIET)
    assert differences(disk / "run", made("draws=1300")) == []


# --- two writers, and one whose node is lost ---

HOLDS = """
import sys, time
from sdn_mc.store import alone_in
with alone_in(sys.argv[1]):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_second_writer_is_refused_and_a_killed_one_leaves_no_lock(copied, capfd):
    root = Path(sdn_mc.__file__).parents[1]
    words = [sys.executable, "-c", HOLDS, str(copied)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=root) as writer:
        try:
            assert writer.stdout.readline() == "held\n"
            told = refused(capfd, "resume", str(copied), "draws=1500")
            assert "another process is writing to this run; wait until it has ended" in told
            cli.main(["summary", str(copied)])  # reading is free
        finally:
            writer.kill()
    assert open_store(copied).n_draw == 1300
    capfd.readouterr()
    cli.main(["resume", str(copied)])
    assert "all 1300 draws are done already" in " ".join(capfd.readouterr().out.split())


# --- Ctrl-C ---


@pytest.fixture
def heard():
    """Ctrl-C is heeded, also where whoever began the tests has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def interrupted(monkeypatch, heard):
    """Ctrl-C at the first commit of a block, as often as given."""

    def at_first_commit(times: int = 1) -> None:
        original, sent = Store.commit, []

        def commit(self, block, stamp):
            while len(sent) < times:
                sent.append(block)
                signal.raise_signal(signal.SIGINT)
            original(self, block, stamp)

        monkeypatch.setattr(Store, "commit", commit)

    return at_first_commit


def stopped(capfd, *words: str) -> str:
    """What a command says that ends with status 130."""
    capfd.readouterr()
    with pytest.raises(SystemExit) as end:
        cli.main(list(words))
    assert end.value.code == 130
    return capfd.readouterr().err


def test_ctrl_c_commits_the_blocks_in_flight_and_a_sweep_begins_no_other_job(
    tmp_path, interrupted, capfd, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")  # restored afterwards
    monkeypatch.setattr(sys, "argv", ["sdn-mc"])
    interrupted()
    quick = ("threats=[satellite_failure]", "run.threads=1", "run.block_draws=256")
    words = (*SMALL, *SIX_INSTANTS, *quick, "draws=5000", "seed=1,2")
    told = stopped(capfd, "run", "-m", *words, "hydra.sweep.dir=sweep")
    assert "finishing the draws in flight; Ctrl-C again stops at once" in told
    assert "`sdn-mc resume sweep" in told and "Traceback" not in told
    result = open_store(tmp_path / "sweep" / "0")
    # One is written while one thread computes the next; the third is begun by then, or not.
    assert result.n_committed() in (512, 768) and result.damaged() == []
    assert not list((tmp_path / "sweep").rglob("*partial*"))
    assert not (tmp_path / "sweep" / "1").exists()


def test_ctrl_c_stops_a_study_which_then_goes_on(tmp_path, interrupted, capfd, monkeypatch):
    mine = tmp_path / "mine"
    (mine / "experiment").mkdir(parents=True)
    (mine / "experiment" / "small_study.yaml").write_text(EXPERIMENT)
    monkeypatch.chdir(tmp_path)
    interrupted()
    two = ("~study.cases.calm", "study.compare=[[one,two]]", "study.assumptions=null")
    told = stopped(capfd, "run", *WORDS, *two, "--config-dir", "mine", "hydra.run.dir=study")
    assert "`sdn-mc resume study` goes on with the runs that are missing" in told
    assert [each.name for each in (tmp_path / "study" / study.RUNS).iterdir()] == ["000"]
    cli.main(["resume", "study"])
    assert "two better" in capfd.readouterr().out


def test_ctrl_c_in_python_stops_after_the_draws_in_flight(tmp_path, interrupted):
    interrupted()
    with pytest.raises(KeyboardInterrupt):
        sdn_mc.simulate([*SMALL, *SIX_INSTANTS, "draws=3000"], str(tmp_path / "run"))
    assert 0 < open_store(tmp_path / "run").n_committed() < 3000
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_ctrl_c_does_not_wait(tmp_path, interrupted):
    interrupted(times=2)
    with pytest.raises(KeyboardInterrupt):
        sdn_mc.simulate([*SMALL, *SIX_INSTANTS, "draws=3000"], str(tmp_path / "run"))
    assert open_store(tmp_path / "run").n_committed() == 0, "the block was not yet committed"
    runner.resume(tmp_path / "run", QUIET)
    assert open_store(tmp_path / "run").n_committed() == 3000
