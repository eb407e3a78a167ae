"""Chains in a run: delays drawn and stored, the healthy chain on the same ones, a trace."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from rich.console import Console

from sdn_mc import config, runner
from sdn_mc.core.problems import InputError
from sdn_mc.engine import Prepared
from sdn_mc.engine.causes import _sample_metrics, metric_draws
from sdn_mc.runner.trace import print_trace
from sdn_mc.runner.trace_chains import print_chains
from tests.small_run import SMALL, small_job

LOG_NORMAL = "{_target_: sdn_mc.core.distributions.LogNormal, median: %s, sigma: 0.5}"
UNIFORM = "{_target_: sdn_mc.core.distributions.Uniform, low: 0, high: 12}"
N_DRAW = 288  # of two epochs
EPISODE = ("times=episode", "times.before_h=0", "times.horizon_h=0.2", "times.step_s=30")
CHAIN = (
    "constellation.shells.shell.satellites=80",
    "constellation.shells.shell.planes=8",
    "flows.flows=[[New York,London],[New York,Paris],[London,Nairobi],[Paris,Nairobi]]",
    "threats=[satellite_failure]",
    "threats.satellite_failure.rate_per_year=60000",
    "threats.satellite_failure.replacement_d=2e-3",
    "metrics=[chain]",
    "metrics.chain.via=[London,Paris]",
    "metrics.chain.stages.to_user.flow=[via,Nairobi]",
    "metrics.chain.edge_s=60",
    f"metrics.chain.stages.detect.delay_s={UNIFORM}",
)


def job_of(*overrides):
    return small_job(*CHAIN, *overrides, times=(*EPISODE, "times.n_epoch=2"))


@pytest.fixture(scope="module")
def run() -> Prepared:
    """The same with its scenes."""
    return runner.prepare(job_of())


@pytest.fixture(scope="module")
def result(tmp_path_factory) -> Path:
    """A finished run of one chain."""
    folder = tmp_path_factory.mktemp("run")
    return runner.run(job_of(f"draws={N_DRAW}"), folder, Console(file=io.StringIO()))


def opened(result: Path) -> xr.DataTree:
    return xr.open_datatree(result, engine="zarr", consolidated=False)


def drawn_s(run: Prepared, draws: range, *overrides: str) -> np.ndarray:
    """Delays as the engine draws them, with other settings of the metric or another seed."""
    job, index = job_of(*overrides), np.array(draws, np.uint32)
    return metric_draws(job.parts["metrics"], run.scenes[0], index, job.seed)["chain.detect_s"]


def test_delays_are_drawn_by_seed_draw_and_name_in_any_block(run):
    whole = drawn_s(run, range(4096))
    np.testing.assert_array_equal(drawn_s(run, range(64, 96)), whole[64:96])
    # Uniform on [0, 12): the mean of 4,096 within 4 sigma.
    assert abs(whole.mean() - 6) < 4 * 12 / np.sqrt(12 * 4096)
    assert whole.min() >= 0 and whole.max() < 12
    assert not np.any(drawn_s(run, range(32), "seed=2") == whole[:32])
    before = _sample_metrics._cache_size()
    half = drawn_s(run, range(4096), "metrics.chain.stages.detect.delay_s.high=6")
    np.testing.assert_allclose(half, whole / 2, rtol=1e-6)  # float32
    assert _sample_metrics._cache_size() == before


def test_a_result_holds_what_was_drawn_and_a_healthy_chain_on_the_same_draws(result):
    tree = opened(result)
    detect_s = tree["/draws/chain_detect_s"]
    assert detect_s.attrs["units"] == "s" and "for the metric chain" in detect_s.attrs["meaning"]
    assert np.ptp(detect_s.values) > 5
    stage_s = tree["/metrics/chain_stage_detect_s"].values[0, :, 0]
    arrives = np.isfinite(stage_s)
    assert arrives.sum() > N_DRAW / 2
    # The same number, by way of sums of times up to 1,800 s in float64, stored in float32.
    np.testing.assert_allclose(stage_s[arrives], detect_s.values[arrives], rtol=1e-6)
    summary = tree["/summary"]
    assert list(summary["chain_p50_s_count"].values[:, 0]) == [N_DRAW, N_DRAW]
    # Without threats there is always a path: the mean share of draws that are late is that of
    # those whose detection alone leaves less than what is left, 1 s and the light time.
    late = summary["chain_late_5s"].values[0, 0]
    assert (detect_s.values > 4).mean() <= late <= (detect_s.values > 3.7).mean()
    assert summary["chain_stage_detect_s"].values[0, 0] == np.sort(detect_s)[N_DRAW // 2 - 1]
    assert summary["chain_added_s"].values[0, 0] == 0 < summary["chain_added_s"].values[1, 0]


def test_a_trace_tells_of_the_message_what_the_metric_scored(result, run):
    tree = opened(result)
    time_s = tree["/scene/time_s"].values[0]
    waiting_s = tree["/metrics/chain_waiting_s"].values[0, :256, 0]
    draw = int(np.argmax(np.where(np.isfinite(waiting_s), waiting_s, 0)))
    took_s, waited_s = [], []
    for time in np.flatnonzero(time_s < time_s[-1] + 30 - 60):
        page = io.StringIO()
        print_chains(run, run.columns[0], draw, int(time), Console(file=page, width=200))
        steps = re.findall(r"^ (\w+)((?: +[\d.]+){5}) ", page.getvalue(), re.MULTILINE)
        total = re.search(r"([\d.]+) s to the user", page.getvalue())
        took_s.append(float(total[1]) if total else np.inf)
        if not total:
            assert "no path by the horizon" in page.getvalue()
            continue
        assert [name for name, _ in steps] == ["detect", "to_command", "process", "to_user"]
        numbers = np.array([list(map(float, cells.split())) for _, cells in steps])
        # Waits and durations, each printed to 1e-6 s, add up to the last sum.
        assert abs(numbers[:, [1, 3]].sum() - float(total[1])) < 9 * 5.1e-7
        assert f"{numbers[-1, 4]:.6f}" == total[1]
        waited_s.append(numbers[:, 1].sum())
    stored_s = tree["/metrics/chain_p50_s"].values[0, draw, 0]
    middle_s = np.sort(took_s)[-(-len(took_s) // 2) - 1]
    assert abs(middle_s - stored_s) < 5.1e-7 + np.spacing(stored_s)
    assert np.mean(waited_s) > 0
    assert abs(np.mean(waited_s) - waiting_s[draw]) < 4 * 5.1e-7 + np.spacing(waiting_s[draw])
    page = io.StringIO()
    print_trace(result, draw, 0, 0, None, Console(file=page, width=200))
    assert "chain: a message released at 0.0 s" in page.getvalue()


WIRED = (
    *SMALL,
    *EPISODE,
    "flows.flows=[[New York,London],[London,Paris]]",
    "metrics=[missile_warning]",
    "metrics.missile_warning.via=[London]",
    "metrics.missile_warning.stages.to_command.flow=[New York,via]",
    "metrics.missile_warning.stages.to_user.flow=[via,Paris]",
)


def test_missile_warning_lacks_only_its_flows_and_names_what_it_assumes():
    job = config.load(config.compose(WIRED))
    assumed = {each["name"]: each["value"] for each in job.assumptions}
    stages = "metrics.missile_warning.stages"
    assert assumed[f"{stages}.decide.delay_s"] == "LogNormal(median=30.0, sigma=0.5)"
    with pytest.raises(InputError) as caught:
        config.load(config.compose(WIRED[:-3]))
    told = [problem.partition(": no value given")[0] for problem in caught.value.problems]
    assert set(told) == {
        f"{stages}.to_command.flow",
        f"{stages}.to_user.flow",
        "metrics.missile_warning.via",
    }


@pytest.mark.parametrize(
    "override, words",
    [
        ("metrics.missile_warning.via=[Oslo]", "missile_warning: stages.to_command.flow: no flow"),
        (
            f"metrics.missile_warning.edge_s={LOG_NORMAL % 3}",
            "metrics.missile_warning.edge_s: a distribution given, but only threats are drawn",
        ),
        (
            f"metrics.missile_warning.stages.decide.delay_s={LOG_NORMAL % 80_000}",
            "stages.decide.delay_s: the distribution runs from",
        ),
        (
            "+metrics.another=${metrics.missile_warning}",
            "metrics.another: its result missile_warning_p50_s is one of metrics.missile",
        ),
        (
            "+threats.missile_warning={_target_: sdn_mc.threats.link_loss.LinkLoss}",
            "metrics.missile_warning: a threat has the same name",
        ),
    ],
)
def test_a_chain_that_does_not_fit_is_told_before_anything_is_built(override, words):
    with pytest.raises(InputError) as caught:
        config.load(config.compose([*WIRED, override]))
    assert any(words in problem for problem in caught.value.problems), caught.value.problems
