"""Split over processes, a run gives the bits of one process, and no two write the same block."""

import itertools
import os
import signal
import time

import pytest

from sdn_mc import cli, runner, store
from sdn_mc.config import Share, share_of
from sdn_mc.core.problems import InputError
from sdn_mc.store import differences, open_store
from tests.runner.test_killed import LONGEST_S, child, command, finished
from tests.runner_fleet import QUIET, run_here
from tests.small_run import SIX_INSTANTS, SMALL

LARGE = ("constellation=backbone", "times.count=24", "draws=10240")


def part(text: str) -> Share:
    share = share_of(text)
    assert share is not None
    return share


# --- the same bits ---


def test_parts_in_any_order_equal_the_run_of_one_process(tmp_path, made):
    run = run_here(tmp_path / "run", "draws=1300", "part=prepare")
    assert open_store(run).done_blocks() == {}
    for k, (text, blocks) in enumerate({"3/3": [4, 5], "1/3": [0, 1], "2/3": [2, 3]}.items()):
        assert runner.is_done(open_store(run)) is False
        before = set(open_store(run).done_blocks())
        runner.resume(run, QUIET, part=part(text))
        assert sorted(set(open_store(run).done_blocks()) - before) == blocks
        assert runner.is_done(open_store(run)) is (k == 2)
    assert differences(run, made("draws=1300")) == []


def test_parts_fill_a_run_that_was_given_more_draws(tmp_path, made):
    run = run_here(tmp_path / "run", "draws=300")
    with pytest.raises(InputError, match=r"has 300 draws.*`sdn-mc resume .* draws=700 part=prep"):
        runner.resume(run, QUIET, 700, part=part("1/2"))
    runner.resume(run, QUIET, 700, part=part("prepare"))
    for text in ("2/2", "1/2"):
        runner.resume(run, QUIET, part=part(text))
    assert differences(run, made("draws=700")) == []


def test_whoever_comes_first_makes_the_result_and_the_words_of_a_part_change_nothing(tmp_path):
    words = [*SMALL, *SIX_INSTANTS, "threats=[satellite_failure]", "draws=700"]
    for part in ("2/2", "1/2"):
        cli.main(["run", *words, f"hydra.run.dir={tmp_path / 'run'}", f"part={part}"])
    cli.main(["run", *words, f"hydra.run.dir={tmp_path / 'one'}"])
    assert differences(tmp_path / "run", tmp_path / "one") == []
    assert open_store(tmp_path / "run").attributes() == open_store(tmp_path / "one").attributes()


def test_the_parts_of_a_run_are_all_its_blocks_once():
    for n_block in (1, 7, 40):
        for n_share in (1, 4, 9):
            parts = [list(Share(k + 1, n_share).blocks(n_block)) for k in range(n_share)]
            assert list(itertools.chain(*parts)) == list(range(n_block))
            assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert list(part("prepare").blocks(40)) == []


@pytest.mark.slow
def test_a_run_split_over_four_processes_equals_that_of_one(tmp_path):
    """10,240 draws: four processes that start at once and race for making result and summary."""
    one = finished(command("run", *LARGE, "hydra.run.dir=one"), tmp_path)
    assert one.returncode == 0, one.stderr
    words = [*LARGE, "hydra.run.dir=four", "run.threads=1"]
    four = [child(command("run", *words, f"part={k}/4"), tmp_path) for k in (1, 2, 3, 4)]
    told = [process.communicate(timeout=LONGEST_S) for process in four]
    assert [process.returncode for process in four] == [0] * 4, told
    assert sum("availability by flow" in out for out, _ in told) == 1, "one wrote the summary"
    assert differences(tmp_path / "four", tmp_path / "one") == []


@pytest.mark.slow
def test_parts_killed_at_work_leave_nothing_locked_and_the_others_go_on(tmp_path, made):
    run = run_here(tmp_path / "run", "draws=20000", "part=prepare")
    parts = [child(command("resume", str(run), f"part={k}/2"), tmp_path) for k in (1, 2)]
    began = time.monotonic()
    while len(os.listdir(run)) < 3 or len(list((run / "done").iterdir())) < 10:
        assert time.monotonic() - began < LONGEST_S
        time.sleep(0.01)
    parts[0].send_signal(signal.SIGKILL)
    with pytest.raises(InputError, match="another process is writing"):
        runner.resume(run, QUIET)
    for process in parts:
        process.communicate(timeout=LONGEST_S)
    assert [process.returncode for process in parts] == [-signal.SIGKILL, 0]
    assert not runner.is_done(open_store(run))
    runner.resume(run, QUIET, part=part("1/2"))
    assert runner.is_done(open_store(run))
    assert differences(run, made("draws=20000")) == []


# --- refused ---


def test_two_writers_of_one_block_are_refused_whatever_their_parts(tmp_path):
    blocks = part("2/4").blocks(40)
    with store.holding(tmp_path, blocks), store.holding(tmp_path, part("1/4").blocks(40)):
        for other in ("2/4", "1/1", "3/8"):
            told = pytest.raises(InputError, match="another process is writing some of the blocks")
            with told, store.holding(tmp_path, part(other).blocks(40)):
                pass
        with (
            pytest.raises(InputError, match="another process is writing"),
            store.alone_in(tmp_path),
        ):
            pass
        with store.changing(tmp_path):
            pass
    with store.alone_in(tmp_path):
        pass


def test_a_folder_in_which_another_process_is_at_work_is_not_taken_away(tmp_path):
    run = tmp_path / "run"
    new = store.not_yet_there(run)
    with store.changing(run):
        store.remove_unbegun(run, new, ())
        assert run.is_dir()
    store.remove_unbegun(run, new, ())
    assert not run.exists()


def test_a_part_of_another_configuration_is_refused(tmp_path):
    words = ["run", *SMALL, *SIX_INSTANTS, "threats=none", f"hydra.run.dir={tmp_path / 'run'}"]
    cli.main([*words, "draws=300", "part=prepare"])
    for other in ("draws=600", "seed=2"):
        with pytest.raises(SystemExit) as end:
            cli.main([*words, "draws=300", other, "part=1/2"])
        assert end.value.code == 2
    assert open_store(tmp_path / "run").done_blocks() == {}


@pytest.mark.parametrize(
    "words, told",
    [
        (["part=5/4", "hydra.run.dir=x"], "part: '5/4' given; give part=prepare, or which of"),
        (["part=half", "hydra.run.dir=x"], "part: 'half' given"),
        (["part=1/4"], "part: 1/4 given without hydra.run.dir; give every part the same one"),
        (["-m", "part=1/2,2/2"], "part: given, but -m: a sweep is many runs; leave part out"),
    ],
)
def test_a_part_that_cannot_be_meant_is_one_line(words, told, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        cli.main(["run", *SMALL, *words])
    assert end.value.code == 2
    said = capfd.readouterr().err
    assert said.count("\n") == 1 and told in said
    assert list(tmp_path.iterdir()) == []
