"""Runs with other ways of sampling: what is stored, told and extended."""

import io
import json

import numpy as np
import pytest
from rich.console import Console

import sdn_mc
from sdn_mc import runner
from sdn_mc.report.summary import print_summary
from tests.small_run import SIX_INSTANTS, SMALL

WORDS = (*SMALL, *SIX_INSTANTS, "threats=[satellite_failure,vendor_fault]", "store.paths=none",
         "metrics=[availability,degradation,latency,cvar]",
         "threats.vendor_fault.probability=0.1")  # fmt: skip
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


def test_the_summary_tells_what_the_sampling_bought_and_warns_of_few_draws(tmp_path):
    words = [*WORDS, "sampling=tilt", "+sampling.factors.satellite_failure=500", "draws=256"]
    result = sdn_mc.simulate(words, str(tmp_path / "run"))
    console = Console(file=io.StringIO(), width=120)
    print_summary(result, console)
    told = console.file.getvalue()
    assert "Sampling by tilt" in told and "sooner" in told
    assert "warning: 256 draws weigh as" in told
    assert "what is common is not sure" in " ".join(told.split())
