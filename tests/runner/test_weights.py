"""Runs with other ways of sampling: what is stored, told and extended."""

import io
import json

import numpy as np
import pytest
import xarray as xr
from rich.console import Console

import sdn_mc
from sdn_mc import cli, runner
from sdn_mc.report.summary import print_summary
from sdn_mc.statistics.weighted import LEAST_EFFECTIVE
from tests.small_run import SIX_INSTANTS, SMALL

WORDS = (*SMALL, *SIX_INSTANTS, "threats=[satellite_failure,vendor_fault]", "store.paths=none",
         "metrics=[availability,degradation,latency,cvar]",
         "threats.vendor_fault.probability=0.1")  # fmt: skip
COLUMNS = ("columns={satellite_failure: [satellite_failure], vendor_fault: [vendor_fault], "
           "all: [satellite_failure,vendor_fault]}")  # fmt: skip
WAYS = {
    "tilt": ("sampling=tilt", "+sampling.factors={satellite_failure: 3.0, vendor_fault: 4.0}"),
    "strata": ("sampling=strata", "sampling.of=[satellite_failure,vendor_fault]"),
    "sobol": ("sampling=sobol",),
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Plain draws enough to be held to."""
    return sdn_mc.simulate([*WORDS, "draws=4096"], str(tmp_path_factory.mktemp("plain") / "run"))


@pytest.mark.parametrize("way", WAYS)
def test_every_way_agrees_with_plain_draws_and_keeps_its_first_ones(way, plain, tmp_path):
    words = [*WORDS, *WAYS[way]]
    whole = sdn_mc.simulate([*words, "draws=512"], str(tmp_path / "whole"))
    for name in ("availability", "availability_lost"):
        one, other = (
            [run["summary"][f"{name}{part}"].values[1] for part in ("", "_standard_error")]
            for run in (whole, plain)
        )
        assert np.all(np.abs(one[0] - other[0]) < 4 * np.hypot(one[1], other[1]) + 1e-12), name
    said = json.loads(whole.attrs["sampling"])
    assert said["method"].lower() == way and said["core_s"] > 0
    assert {row["output"] for row in said["rows"]} >= {"availability", "availability_lost"}
    rows = {row["output"]: row for row in said["rows"]}
    # Variance of plain draws, seen by weights, and by plain draws: 512 of them say it to a third.
    seen = plain["metrics"]["availability"].values[0].mean(axis=-1).var()
    assert rows["availability"]["plain_variance"] == pytest.approx(seen, rel=1.0)

    path = sdn_mc.simulate([*words, "draws=256"], str(tmp_path / "part")) and tmp_path / "part"
    runner.resume(path / "result.zarr", Console(quiet=True), 512)
    resumed = sdn_mc.open_result(path)
    for group in ("draws", "metrics", "summary"):
        for name, values in whole[group].data_vars.items():
            np.testing.assert_array_equal(resumed[group][name].values, values.values, err_msg=name)


def said_of(words, folder) -> tuple[str, xr.DataTree]:
    result = sdn_mc.simulate(words, str(folder))
    console = Console(file=io.StringIO(), width=120)
    print_summary(result, console)
    return " ".join(console.file.getvalue().split()), result


def test_the_summary_tells_what_the_sampling_bought_and_warns_of_few_draws(tmp_path):
    words = [*WORDS, "sampling=tilt", "+sampling.factors.satellite_failure=10", "draws=256"]
    told, result = said_of(words, tmp_path / "run")
    assert LEAST_EFFECTIVE < json.loads(result.attrs["sampling"])["effective_draws"] < 100
    assert "Sampling by tilt" in told and ("x sooner" in told or "x later" in told)
    assert "warning: 256 draws weigh as" in told and "what is common is not sure" in told


def test_nothing_is_estimated_from_draws_that_weigh_as_a_few(tmp_path):
    """Neither a value, nor a gain, nor a verdict; and everybody says so."""
    words = [*WORDS, "sampling=tilt", "+sampling.factors.satellite_failure=5000", "draws=256"]
    told, result = said_of([*words, COLUMNS], tmp_path / "run")
    assert json.loads(result.attrs["sampling"])["effective_draws"] < LEAST_EFFECTIVE
    assert "warning: 256 draws weigh as" in told and "are not known" in told
    assert "not known [0.0000, 1.0000]" in told and "sooner" not in told
    with xr.open_datatree(tmp_path / "run" / "result.zarr", engine="zarr", consolidated=False) as t:
        lost = t["summary"]["availability_lost"]
        assert np.all(lost[0] == 0) and np.all(np.isnan(lost[1:]))
        assert "256 draws weigh as" in lost.attrs["not_known"]
        assert np.all(np.isnan(t["summary"]["availability_change_alone"]))
    pytest.importorskip("plotly")
    cli.main(["report", str(tmp_path / "run"), "--output", str(tmp_path / "page.html")])
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "Column all: not known (95 % interval 0.0000 to 1.0000)" in page and ">nan" not in page
    found = sdn_mc.compare(tmp_path / "run", tmp_path / "run", columns=("satellite_failure", "all"))
    assert set(found["verdict"].values) == {"open"} and np.all(found["draws_needed"] == 0)
    assert np.all(np.isnan(found["difference"])) and "weigh as" in found.attrs["notes"]
