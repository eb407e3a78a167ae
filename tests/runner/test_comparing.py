"""Two runs compared: the plain paired difference, refused where draws have nothing in common."""

import io
import json
import shutil

import numpy as np
import pytest
from rich.console import Console

import sdn_mc
from sdn_mc import cli, config, store
from sdn_mc.config.stored import differences_of
from sdn_mc.core.problems import InputError
from sdn_mc.report.comparison import print_comparison, tables_of
from sdn_mc.runner import study
from sdn_mc.runner.comparing import compare
from sdn_mc.statistics import paired_difference
from tests.runner_fleet import FLEET

SHORTER = ("draws=512", "threats.vendor_fault.repair_h=1.0")
SOME_FLOWS = ("draws=512", "flows.flows=[[Sydney,Dubai],[London,Djibouti]]")
NUMBERS = ("first_mean", "second_mean", "difference", "difference_low", "difference_high")
FEW = ("draws=32", "times.count=4", "metrics=[availability,latency]")


@pytest.fixture(scope="module")
def pair(made):
    """Two runs that differ in one number."""
    return made("draws=512"), made(*SHORTER)


@pytest.fixture(scope="module")
def found(pair):
    """What sets them apart."""
    return compare(*pair)


def of_draws(folder, name="availability", column=-1):
    """An output by draw and flow."""
    return store.open_store(folder).read(f"/metrics/{name}")[column].astype(np.float64)


def notes(found):
    return " ".join(json.loads(found.attrs["notes"]))


def test_differences_and_intervals_are_those_of_the_scores_and_series_themselves(pair, found):
    one, other = (of_draws(folder).mean(axis=1) for folder in pair)
    row = found.sel(measure="availability")
    assert (row["first_mean"], row["second_mean"]) == (one.mean(), other.mean())
    assert row["difference"] == pytest.approx((one - other).mean(), abs=1e-15)
    # What every instant shows of the difference, from the series of the runs.
    up = [np.isfinite(store.open_result(f)["/paths"]["latency_s"].values).mean(-1) for f in pair]
    epoch = np.arange(512) // 256
    at_time = np.stack([(up[0] - up[1])[epoch == e].mean(axis=0) for e in (0, 1)])
    by_hand = paired_difference(one, other, epoch, per_instant=at_time)
    assert row["difference_low"] == pytest.approx(by_hand.low, rel=1e-6)
    assert row["difference_high"] == pytest.approx(by_hand.high, rel=1e-6)
    assert one.mean() < other.mean() and row["verdict"] == "open"  # six instants tell little
    assert found["verdict"].sel(measure="latency_p95_s") == "A higher"  # of a longer fault
    of_flow = [of_draws(folder).mean(axis=0) for folder in pair]
    np.testing.assert_allclose(found["flow_difference"], of_flow[0] - of_flow[1], atol=1e-15)


def test_no_path_counts_as_the_deadline_or_the_output_is_left_out(pair, found, made):
    one, other = (np.minimum(of_draws(f, "latency_p99_s"), 1.0).mean(axis=1) for f in pair)
    row = found.sel(measure="latency_p99_s")
    assert row["cap"] == 1.0 and "more than 1 s, count as 1 s" in notes(found)
    assert np.isinf(of_draws(pair[0], "latency_p99_s")).any()
    assert row["difference"] == pytest.approx((one - other).mean(), abs=1e-15)
    without = compare(*[made(*FEW)] * 2, ("failures", "all"))  # no metric of it has a deadline
    assert "latency_p99_s" not in without["measure"]
    assert "latency_p99_s: left out; infinite in some draws" in notes(without)
    assert np.isfinite(without["difference"]).all()


def test_shares_have_a_margin_and_nothing_else_is_called_no_difference(found):
    shares = found["is_share"].values
    assert np.all(found["margin"].values[shares] == 0.005) and 0 < shares.sum() < len(shares)
    assert np.isnan(found["margin"].values[~shares]).all()
    assert not np.any(found["verdict"].values[~shares] == "no matter")


def test_a_run_and_itself_do_not_differ(pair):
    same = compare(pair[0], pair[0] / "result.zarr")
    for name in ("difference", "difference_low", "difference_high", "flow_difference"):
        assert np.all(same[name] == 0)
    assert np.all(same["verdict"] == "no matter") and same.sizes["key"] == 0
    told = {table.title: table for table in tables_of(same)}
    assert all(row[-1].startswith("no difference") for row in told["Over flows"].rows)
    assert told["What sets them apart"].note.startswith("Nothing: both have the same")


def test_the_other_way_round_is_the_opposite(pair, found):
    back = compare(*pair[::-1])
    opposite = {"A higher": "B higher", "B higher": "A higher"}
    for prefix in ("", "flow_"):
        low, value, high = (back[f"{prefix}difference{end}"] for end in ("_low", "", "_high"))
        np.testing.assert_allclose(value, -found[f"{prefix}difference"], atol=1e-15)
        np.testing.assert_allclose(low, -found[f"{prefix}difference_high"], rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(high, -found[f"{prefix}difference_low"], rtol=1e-9, atol=1e-15)
        words = [opposite.get(word, word) for word in back[f"{prefix}verdict"].values]
        assert words == list(found[f"{prefix}verdict"].values)


def test_of_different_numbers_of_draws_the_first_whole_groups_count(pair, made):
    short = made("draws=300")
    found = compare(pair[0], short, ("all", "failures"))
    assert found.attrs["n_draw"] == 256
    assert "the first 256 of both, in whole groups of 256, which reach 1 of 2" in notes(found)
    by_hand = of_draws(pair[0])[:256].mean() - of_draws(short, column=0)[:256].mean()
    value = found["difference"].sel(measure="availability")
    assert value == pytest.approx(by_hand, abs=1e-15)
    # The same draws of the same column: none differs, and 256 leave room for more than the margin.
    alike = compare(pair[0], short).sel(measure="availability")
    assert alike["difference"] == 0 and alike["verdict"] == "open"


def test_of_different_flows_the_common_ones_count(pair, made):
    some = made(*SOME_FLOWS)
    found = compare(pair[0], some)
    assert "3 and 2 flows: compared by the 2 whose names both have" in notes(found)
    assert list(found["flow"].values) == ["London - Djibouti", "Sydney - Dubai"]
    row = found.sel(measure="availability")  # routes do not hang on which others are asked for
    assert row["first_mean"] == of_draws(some).mean() and row["difference"] == 0
    assert list(found["key"].values) == ["flows.flows"]


def test_outputs_are_chosen_by_their_names_and_by_their_metrics(pair, found):
    chosen = compare(*pair, metrics=["latency_p95_s", "degradation"])
    names = ["latency_p95_s", "availability_lost", "latency_added_s"]
    assert list(chosen["measure"].values) == names and chosen.sizes["flow"] == 0
    for name in ("difference", "difference_low", "verdict"):
        assert list(chosen[name].values) == list(found[name].sel(measure=names).values)


def test_what_sets_them_apart_is_told_by_dotted_keys(found, pair):
    assert list(found["key"].values) == ["threats.vendor_fault.repair_h"]
    assert found["second_value"].values[0] == "1.0"
    columns = compare(pair[0], pair[0], ("failures", "all"))
    assert list(columns["key"].values) == ["threats that act"]
    assert columns["first_value"].values[0] == "satellite_failure, terminal_failure"
    kinds = ({"_target_": "a.One", "size": 1}, {"_target_": "a.Two", "size": 1})
    one, other = ({"fleet": k, "same": 1, "title": t} for k, t in zip(kinds, "xy", strict=True))
    rows = differences_of(one | {"gone": {"a": None}}, other)
    assert [tuple(row) for row in rows] == [
        ("fleet", "One(size=1)", "Two(size=1)"),
        ("gone", '{"a": null}', "-"),
    ]


def test_every_variable_says_what_it_is(pair):
    found = sdn_mc.compare(*map(str, pair), metrics=["availability"])
    for name in found.variables:
        assert found[name].attrs["units"] and found[name].attrs["meaning"].endswith(".")
    assert {found.attrs["first"], found.attrs["second"]} == set(map(str, pair))


@pytest.fixture(scope="module")
def changed(pair, tmp_path_factory):
    """A copy of the second run, changed as asked."""

    def copy(array="", values=None, **attributes):
        folder = tmp_path_factory.mktemp("changed") / "run"
        shutil.copytree(pair[1], folder)
        result = store.open_store(folder)
        result.set_attributes(attributes)
        if array:
            result.rewrite(array, np.asarray(values))
        return folder

    return copy


def test_runs_without_common_draws_are_refused_in_one_line(pair, made, changed):
    a, b = pair
    starts = ["2027-02-01T00:00:00Z", "2027-02-02T00:00:00Z"]
    flows = ["a - b", "c - d", "e - f"]
    unended = changed()
    (unended / "done" / "000001.json").unlink()
    refused = {
        changed(seed=7): (f"seed is 1 in {a} and 7 in ", "`sdn-mc run … seed=1`"),
        made(*FEW): (f"times.count is 6 in {a} and 4 in ", "`sdn-mc run … times.count=6`"),
        changed("/scene/start", starts): ("times.start is 2027-", "sdn-mc run … times.start=2027-"),
        changed("/metrics/flow", flows): ("no flow of ", "(a - b, c - d, e - f); give both"),
        unended: (f"the run in {unended} has not ended", f"`sdn-mc resume {unended}`"),
        made("draws=64"): ("has 64 draws and", "draws=256` gives it as many"),
        changed(config="{}"): ("is damaged (its configuration has no", "or start a new run"),
        b.parent / "nowhere": ("there is no such folder", "give the folder"),
    }
    for other, words in refused.items():
        with pytest.raises(InputError) as told:
            compare(a, other)
        (line,) = told.value.problems
        assert all(word in line for word in words), line


@pytest.mark.slow
def test_points_of_nets_are_refused(pair, made):
    sobol = made("draws=512", "sampling=sobol")
    for runs, again in (((pair[0], sobol), sobol), ((sobol, pair[0]), sobol)):
        with pytest.raises(InputError) as told:
            compare(*runs)
        (line,) = told.value.problems
        assert f"points of nets, which are no draws, in {sobol}" in line
        assert f"make {again} again" in line and "sampling=null`" in line


BAD_WORDS = {
    (): "compare: 0 runs given; name two",
    ("A",): "compare: 1 runs given; name two",
    ("A", "B", "columns=all"): "columns=all given; write columns=NAME,NAME",
    ("A", "B", "column=healthy"): "has no column 'healthy' with draws; there are failures, all",
    ("A", "B", "metrics=[hops]"): "nothing that both runs score is called 'hops'; there are avail",
    ("A", "B", "colour=red"): "unknown key colour; known are column, columns, metrics",
    ("A", "B", "--big"): "--big: unknown flag; see sdn-mc compare --help",
}


@pytest.mark.parametrize("words", BAD_WORDS, ids=" ".join)
def test_bad_words_are_one_line(pair, words, capsys):
    places = dict(zip("AB", map(str, pair), strict=True))
    with pytest.raises(SystemExit) as stop:
        cli.main(["compare", *(places.get(word, word) for word in words)])
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert BAD_WORDS[words] in line


def test_the_command_prints_the_tables(pair, found, capsys):
    cli.main(["compare", *map(str, pair)])
    page = io.StringIO()
    print_comparison(found, Console(file=page, width=100))
    assert capsys.readouterr().out == page.getvalue()
    lines = page.getvalue().splitlines()
    for told in tables_of(found)[1:]:
        for row in told.rows:
            head = row[0][:12]  # a longer name is folded
            assert any(x.startswith(head) and all(w in x for w in row[1:-1]) for x in lines)


STUDY = """\
# @package _global_
title: Capped
study:
  cases:
    one: {column: all}
    two: {column: failures, set: {threats.satellite_failure.rate_per_year: 0.2}}
    calm: {column: all, set: {threats.vendor_fault.probability: 0}}
  compare: all
  metrics:
    availability: {better: higher, margin: 0.005}
    latency_p50_s: {better: lower, margin: 0.001, cap: 1.0}
    LAST: {better: lower, margin: 0.005}
  assumptions: {threats.vendor_fault.probability: [0.5, 0.0]}
"""


@pytest.mark.slow
@pytest.mark.parametrize("last", ["service_loss", "deadline_miss"])
def test_a_study_with_caps_tails_and_weights_is_compared_as_it_decided(last, tmp_path):
    """Bit for bit, of every comparison, measure and point; tails by plain draws alone."""
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "capped.yaml").write_text(STUDY.replace("LAST", last))
    metric, tilt = ("cvar", ()) if last == "service_loss" else ("deadline", ("sampling=tilt",))
    tilt += tuple("+sampling.factors.satellite_failure=5" for _ in tilt)
    words = [*FLEET, "experiment=capped", f"metrics=[availability,latency,{metric}]", *tilt]
    words += ["draws=600"]
    asked = config.study_of(config.job_of(words, [str(tmp_path)]).resolved)
    study.begin(asked, words, [str(tmp_path)], tmp_path / "study", Console(quiet=True))
    decided, tasks = store.open_decisions(tmp_path / "study"), study.tasks_of(asked)
    columns = {case.name: case.column for case in asked.cases}
    for c, p in np.ndindex(decided.sizes["comparison"], decided.sizes["point"]):
        pair, point = asked.compare[c], str(decided["point"].values[p])
        runs = [tmp_path / "study" / "runs" / tasks[point, case].name for case in pair]
        found = compare(*runs, tuple(columns[case] for case in pair))
        rows = decided.isel(comparison=c, point=p)
        for name in (*NUMBERS, "verdict", "draws_needed"):
            own = found[name].sel(measure=decided["measure"].values).values
            assert list(own) == list(rows[name].values), (pair, point, name)
