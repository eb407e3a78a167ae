"""A run that has seen enough ends, and holds what a run of that many draws holds."""

import io
import json

import pytest
from rich.console import Console

from sdn_mc import cli, config, runner
from sdn_mc.core.problems import InputError
from sdn_mc.report.summary import print_summary
from sdn_mc.store import Store, differences, open_store
from tests.runner_fleet import FLEET, QUIET, run_here

# Two epochs: looks at 512, 1024, 2048 draws.
LOST = ("stop.metric=availability_lost", "draws=1300")
ENOUGH, NEVER = (*LOST, "stop.half_width=0.2"), (*LOST, "stop.half_width=0.001")
SAID = "availability lost to the threats over flows in all known to ±"


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A run of at most 1300 draws that ended at its first look."""
    return run_here(tmp_path_factory.mktemp("stopped"), *ENOUGH)


def test_a_run_that_saw_enough_equals_one_of_that_many_draws(stopped, made):
    said = open_store(stopped).attributes()
    assert differences(stopped, made("draws=512")) == []
    assert (said["n_draw"], json.loads(said["config"])["draws"]) == (512, 512)
    assert said["stop_reason"].startswith(f"half-width: {SAID}")
    assert len(list((stopped / "done").iterdir())) == 2
    told = io.StringIO()
    print_summary(stopped, Console(file=told, width=400))
    assert f"512 draws · seed 1 · device {said['device']} · stopped: half-width" in told.getvalue()


def test_a_finished_look_is_not_taken_again(stopped, monkeypatch):
    monkeypatch.setattr(runner, "prepare", None)
    runner.resume(stopped, QUIET)


@pytest.mark.parametrize("broken", ["commit", "repair"])
def test_a_run_killed_before_or_while_it_ends_stops_where_an_undisturbed_one_does(
    broken, tmp_path, stopped, monkeypatch
):
    original, calls = getattr(Store, broken), []

    def killed(*given):
        calls.append(given)
        if len(calls) == (2 if broken == "commit" else 1):  # `repair` is what shortens the arrays
            raise KeyboardInterrupt
        return original(*given)

    with monkeypatch.context() as patch:
        patch.setattr(Store, broken, killed)
        with pytest.raises(KeyboardInterrupt):
            run_here(tmp_path / "run", *ENOUGH)
    runner.resume(tmp_path / "run", QUIET)
    assert differences(tmp_path / "run", stopped) == []
    both = [open_store(run).attributes() for run in (tmp_path / "run", stopped)]
    assert both[0]["stop_reason"] == both[1]["stop_reason"]


def test_more_draws_than_were_enough_are_done_if_asked_for(tmp_path, made):
    run = run_here(tmp_path / "run", *ENOUGH)
    runner.resume(run, QUIET, 700)
    assert differences(run, made("draws=700")) == []
    assert open_store(run).attributes()["stop_reason"] == "draws: all 700 were done"


def test_a_run_given_more_draws_goes_on_looking(tmp_path, made):
    run = run_here(tmp_path / "run", *NEVER, "draws=512")
    said = open_store(run).attributes()["stop_reason"]
    assert said.startswith(f"draws: all 512 were done; {SAID}")
    assert said.endswith("draws with an event, at look 1 after 512")
    runner.resume(run, QUIET, 700)
    assert differences(run, made("draws=700")) == []
    assert open_store(run).attributes()["stop_reason"] == said.replace("all 512", "all 700")


def test_no_width_is_enough_before_ten_draws_had_an_event(tmp_path):
    never_hit = "threats.vendor_fault.probability=0.001"
    run = run_here(tmp_path / "run", *LOST, "draws=512", "stop.half_width=1", never_hit)
    assert (
        open_store(run).attributes()["stop_reason"].startswith("draws: all 512 were done; ")
    )  # the arm is below 1


def test_what_is_wrong_with_the_rule_is_told_together():
    wrong = ["stop.half_width=-1", "stop.metric=avail", "stop.column=some", "draws=300"]
    with pytest.raises(InputError) as told:
        config.load(config.compose([*FLEET, *wrong]))
    starts = [problem.partition(";")[0] for problem in told.value.problems]
    assert starts == [
        "stop.half_width: -1 given",
        "stop.metric: the run has no 'avail'",
        "stop.column: the run has no 'some'",
        "stop.half_width: the first look is after 512 draws (256 in each of 2 epochs), but at most "
        "300 are done",
    ]


def test_a_study_compares_as_many_draws_of_each_case():
    words = ["experiment=one_vendor_vs_many", "stop.half_width=0.01"]
    with pytest.raises(InputError, match=r"stop\.half_width: 0\.01 given, but a study compares"):
        config.study_of(config.job_of(words).resolved)


def test_a_run_in_parts_takes_no_looks(stopped):
    told = r"no part (of a run )?knows what the others have seen"
    with pytest.raises(InputError, match=told):
        config.load(config.compose([*FLEET, *ENOUGH, "part=1/2"]))


def test_a_job_of_a_sweep_that_knew_enough_is_done(tmp_path):
    folder = str(tmp_path / "sweep")
    words = [*FLEET, *ENOUGH, "-m", "seed=1,2", f"hydra.sweep.dir={folder}"]
    cli.main(["run", *words])
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "sweep").rglob("c/*")}
    assert [open_store(tmp_path / "sweep" / name).n_draw for name in "01"] == [512, 512]
    cli.main(["run", *words])
    after = {file: file.stat().st_mtime_ns for file in (tmp_path / "sweep").rglob("c/*")}
    assert after == before


def test_strata_are_looked_at_one_by_one(tmp_path):
    strata = ("sampling=strata", "sampling.of=[satellite_failure]", "columns=null")
    run = run_here(tmp_path / "run", *ENOUGH, *strata, "draws=1536")
    said = open_store(run).attributes()
    assert (said["n_draw"], said["stop_reason"][:10]) == (512, "half-width")
    assert "draws with an event in the stratum with fewest" in said["stop_reason"]
