"""A study: decided as it must be, resumable, refused with one message, told in a table."""

import io
import json

import numpy as np
import pytest
import xarray as xr
from rich.console import Console

from sdn_mc import config
from sdn_mc.cli.ways_on import way_on_study
from sdn_mc.config.study import unread
from sdn_mc.core.problems import InputError
from sdn_mc.report.decisions import flips, print_decisions, state_of, sweep_of
from sdn_mc.report.figures_data import base_runs
from sdn_mc.report.study_answers import study_answers
from sdn_mc.runner import study
from sdn_mc.runner.comparing import compare
from sdn_mc.store import differences, open_decisions
from tests.small_run import SMALL

# One vendor of two down in a fleet of one: everything. In a fleet of two planes: one plane.
EXPERIMENT = """\
# @package _global_
title: Small
study:
  cases:
    one:
      set:
        constellation.labels.software: {_target_: sdn_mc.constellation.labels.AllSame, value: blue}
    two: {}
    calm: {set: {threats.vendor_fault.probability: 0}}
  compare: [[one, two], [one, calm], [calm, calm]]
  metrics: {availability: {better: higher, margin: 0.05}}
  assumptions:
    threats.vendor_fault.probability: [0.5, 0.0]
    acc*.min_elevation_deg: [10]
"""
WORDS = (
    *SMALL,
    "times.count=24",
    "times.n_epoch=1",
    "experiment=small_study",
    "threats=[vendor_fault]",
    "threats.vendor_fault.label=software",
    "threats.vendor_fault.groups=[blue]",
    "threats.vendor_fault.repair_h=10",
    "draws=64",
)

NUMBERS = ("first_mean", "second_mean", "difference", "difference_low", "difference_high")


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """A folder with the experiment."""
    folder = tmp_path_factory.mktemp("mine")
    (folder / "experiment").mkdir()
    (folder / "experiment" / "small_study.yaml").write_text(EXPERIMENT)
    return str(folder)


def begun(mine, folder, *more):
    overrides = [*WORDS, *more]
    asked = config.study_of(config.job_of(overrides, [mine]).resolved)
    page = io.StringIO()
    path = study.begin(asked, overrides, [mine], folder, Console(file=page))
    return path, page.getvalue()


@pytest.fixture(scope="module")
def done(mine, tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    path, said = begun(mine, folder)
    return folder, path, said


def test_cases_of_a_known_order_are_decided_so(done):
    found = xr.open_zarr(done[1], consolidated=False)
    assert found.sizes == {"comparison": 3, "measure": 1, "point": 4}
    verdict = found["verdict"].values[:, 0]
    # Losing all satellites is worse than losing one plane of two, and that than losing nothing.
    assert verdict[0, 0] == "two better" and verdict[1, 0] == "calm better"
    assert verdict[0, 1] == "two better"
    assert np.all(verdict[2] == "no matter") and np.all(found["difference"][2] == 0)
    assert verdict[0, 2] == "no matter"  # at probability 0 there is no fault to be had
    for name in found.variables:
        assert found[name].attrs["meaning"].endswith(".")


def test_two_runs_are_compared_as_the_study_decided(done, mine):
    """Every comparison and point, bit for bit, with the names of the cases and their columns."""
    folder, path, _ = done
    decided, asked = open_decisions(path), config.study_of(config.job_of(WORDS, [mine]).resolved)
    tasks, n_named = study.tasks_of(asked), 0
    for c, pair in enumerate(asked.compare):
        for p, point in enumerate(map(str, decided["point"].values)):
            runs = [folder / "runs" / tasks[point, case].name for case in pair]
            found = compare(*runs).sel(measure="availability")
            row = decided.isel(comparison=c, measure=0, point=p)
            for name in (*NUMBERS, "draws_needed"):
                assert found[name] == row[name], (pair, point, name)
            if (found.attrs["first_name"], found.attrs["second_name"]) == pair:
                assert found["verdict"] == row["verdict"]
                n_named += 1
    assert n_named >= 8  # others share their runs with a case that is compared before them
    assert found["better"] == "higher" and found["margin"] == 0.05
    crossed = compare(folder / "runs" / "000", folder / "runs" / tasks[point, "one"].name)
    assert crossed.attrs["first_name"] == "A" and crossed["better"] == "higher"
    with pytest.raises(InputError, match="is a study, which compares its runs itself"):
        compare(folder, folder / "runs" / "000")


def test_alike_configurations_share_a_run(done):
    """Four points of three cases, of which one is made by a key that two points sweep."""
    folder, _, said = done
    runs = sorted(each.name for each in (folder / "runs").iterdir())
    assert len(runs) == said.count("run ") == 10
    assert "one, threats.vendor_fault.probability=0.5" in said


def test_the_table_tells_verdicts_flips_and_assumptions(done):
    page = io.StringIO()
    print_decisions(done[1], Console(file=page, width=120))
    said = page.getvalue()
    assert "one against two" in said and "two better" in said
    assert "no difference of 0.05" in said
    assert "64 draws in each of the runs, seed 1" in said
    row = next(x for x in said.splitlines() if x.startswith("access.min_elevation_deg"))
    assert row.split()[-2:] == ["10", "no"]
    row = next(x for x in said.splitlines() if x.startswith("topology.grazing_km"))
    assert "not swept" in row


def test_a_study_that_had_begun_nothing_is_to_be_started_again(done, tmp_path):
    assert "start it again" in way_on_study(tmp_path / "none")
    assert f"`sdn-mc resume {done[0]}` goes on" in way_on_study(done[0])


def test_the_answers_are_those_of_the_decisions(done):
    """One vendor of one is down in every draw; of two one plane; the calm case loses nothing."""
    folder, path, _ = done
    found = open_decisions(path)
    told = {asked: " ".join(said) for asked, said in study_answers(found, base_runs(folder), 10)}
    assert "one against two and calm; calm against calm" in told["What was asked?"]
    assert "differences of less than 0.05 do not matter" in told["What was asked?"]
    states = [state_of(str(word)) for word in found["verdict"].values[:, 0, 0]]
    assert (states.count(1), states.count(0), states.count(2)) == (2, 1, 0)
    words = "2 decided (0 of them by less than what matters), 1 without a difference that matters"
    assert f"{words}, 0 not decided" in told["What was found?"]
    one, calm = (f"{float(found[name][1, 0, 0]):.4f}" for name in ("first_mean", "second_mean"))
    assert f"one ({one}) against calm ({calm}): calm better" in told["What was found?"]
    n_assumed = len(json.loads(found.attrs["assumptions"]))
    assert (
        f"{n_assumed} values" in told["What was assumed?"]
        and "3 settings" in told["What was assumed?"]
    )
    assert "64 draws in each of 10 runs, seed 1" in told["How many draws?"]
    assert told["What hurt most?"].startswith("Of the case one, as assumed. ")
    turned = "for threats.vendor_fault.probability (assumed: 1.0)"
    is_turned = flips(found, 0, 0, "threats.vendor_fault.probability").startswith("flips")
    assert (turned in told["What would flip the verdict?"]) == is_turned


def test_a_flip_is_told_with_the_value_where_the_difference_crosses_zero():
    """Decided at 1 (as assumed) by 0.02 and at 4 by -0.03: a line crosses 0 at 1 + 3 * 2 / 5."""
    axes = ("comparison", "measure", "point")
    values = np.array([0.02, -0.01, -0.03]).reshape(1, 1, 3)
    names = np.array(["a better", "open", "b better"], object).reshape(1, 1, 3)
    found = xr.Dataset(
        {"difference": (axes, values), "verdict": (axes, names)},
        {"point": ["as assumed", "k=2", "k=4"]},
        {"swept": '{"k": [[2, "k=2"], [4, "k=4"]]}', "base": '{"k": 1}'},
    )
    assert flips(found, 0, 0, "k") == "flips: b better above about 2.2 (between 1 and 4)"
    below = found.assign_attrs(
        swept='{"k": [[1, "k=2"], [4, "k=4"]]}', base='{"k": 9}'
    )  # assumed at 9: a better there, open at 1, b better at 4; a line crosses 0 at 4 + 5 * 3 / 5
    assert flips(below, 0, 0, "k") == "flips: b better below about 7 (between 4 and 9)"
    text = found.assign_attrs(swept='{"k": [["x", "k=2"], ["y", "k=4"]]}', base='{"k": "z"}')
    assert flips(text, 0, 0, "k") == "flips: b better at y"
    unsure = np.array(["open", "a better", "b better"], object).reshape(1, 1, 3)
    assert flips(found.assign(verdict=(axes, unsure)), 0, 0, "k") == "a better at 2; b better at 4"
    names = np.array(["a better", "open", "a better"], object).reshape(1, 1, 3)
    calm = found.assign(verdict=(axes, names))
    assert flips(calm, 0, 0, "k") == "holds, not shown at 2"


def test_each_assumed_value_says_how_it_was_swept():
    axes, attributes = (
        ("comparison", "measure", "point"),
        {
            "swept": '{"a.*.b": [[2, "a.*.b=2"]], "labels": [["x", "labels=x"]]}',
            "base": '{"a.*.b": 1, "labels": null}',
            "follows": '{"threats.other": "a.one"}',
            "compared": '["c"]',
            "unread": '["labels_of_nobody"]',
        },
    )
    values, words = np.array([[[0.1, -0.1, 0.1]]]), [[["a better", "b better", "a better"]]]
    found = xr.Dataset(
        {"difference": (axes, values), "verdict": (axes, np.array(words, object))},
        {"point": ["as assumed", "a.*.b=2", "labels=x"]},
        attributes,
    )
    flips_one = "yes, in 1 of 1 rows"
    assert sweep_of(found, "a.one.b") == ("2", flips_one)  # by its pattern
    assert sweep_of(found, "labels.prime.values") == ("x", "no")  # with its whole part
    assert sweep_of(found, "threats.other.b") == ("with a.one.b", flips_one)
    assert sweep_of(found, "c") == ("compared", "-")
    assert sweep_of(found, "labels_of_nobody") == ("no threat names it", "no")
    assert sweep_of(found, "d") == ("not swept", "not known")


def test_references_and_labels_that_nobody_names_are_found():
    words = ["experiment=one_vendor_vs_many"]
    follows = config.references(words)
    assert follows["threats.shared_ground.repair_h"] == "threats.vendor_fault.repair_h"
    job = config.job_of(words)
    assert "constellation.labels.laser.value" in unread(job)
    assert "constellation.labels.ground_system.value" not in unread(job)  # of shared_ground


def test_more_draws_and_a_study_that_was_stopped(mine, tmp_path):
    few, most = tmp_path / "few", tmp_path / "most"
    path, _ = begun(mine, few, "study.assumptions=null")
    before = open_decisions(path)
    study.go_on(few, Console(quiet=True), None, ())
    assert open_decisions(path).equals(before)
    whole, _ = begun(mine, most, "study.assumptions=null", "draws=96")
    study.go_on(few, Console(quiet=True), 96, ())
    assert open_decisions(path).drop_attrs().equals(open_decisions(whole).drop_attrs())
    for name in ("000", "002"):
        assert differences(few / "runs" / name, most / "runs" / name) == []


BAD = {
    "study.cases=null": "study.cases: fewer than two given",
    "+study.cases.two.column=b": "column: there is no column 'b'; there are attacked",
    "+study.metrics.x={better: higher, margin: 1}": "study.metrics.x: no metric of the run has",
    "+study.metrics.x={better: more, margin: 1}": "better: 'more' given; allowed are higher, lower",
    "study.compare=[[one, six]]": "give two of one, two, calm",
    "+study.assumptions.access=3": "study.assumptions.access: 3 given; list values to sweep",
    "++study.assumptions={no.*: [1]}": "study.assumptions.no.*: it matches no assumed value",
    "+study.assumptions.draws=[7, x]": "draws: 'x' given; give a whole number",
    "+study.cases.two.set={no.way: 3}": "no.way=3: there is no such key",
    "+study.cases.two.set={no.way: {a: 3}}": "no.way: there is no no; there are",
    "+study.metrics.latency_p50_s={better: lower, margin: 1}": "latency_p50_s.cap: none given",
    "+study.other=1": "study.other: unknown key; known are cases",
    "+study.cases.two.set={times.count: 12}": "study.compare: one and two differ in draws, seed or",
    "+study.cases.two.set={seed: 7}": "study.compare: one and two differ in draws, seed or times",
}


@pytest.mark.parametrize("word", BAD)
def test_a_faulty_study_is_refused_before_anything_runs(word, mine, tmp_path):
    with pytest.raises(InputError) as told:
        begun(mine, tmp_path / "study", "metrics=[availability,latency]", word)
    assert BAD[word] in "\n".join(told.value.problems)
    assert not (tmp_path / "study").exists()
