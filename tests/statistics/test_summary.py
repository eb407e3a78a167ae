"""The summary applies the method that an output names, flow by flow."""

import numpy as np
import pytest

from sdn_mc.core.protocols import Output
from sdn_mc.statistics import mean_interval, quantile_interval, share_interval, summarise


def output(interval, **more):
    return Output("x", "1", "x", "What x is.", interval, **more)


def test_each_method_is_applied_to_each_flow():
    rng = np.random.default_rng(1)
    values = (rng.random((64, 3)) < 0.5).astype(np.float64)
    epoch = np.repeat(np.arange(4), 16)
    per_instant = rng.random((4, 96, 3))
    mean = summarise(output("mean", within=(0.0, 1.0)), values, epoch, per_instant)
    share = summarise(output("share"), values, epoch)
    median = summarise(output("quantile"), values, epoch)
    for flow in range(3):
        alone = mean_interval(
            values[:, flow], epoch, per_instant=per_instant[..., flow], within=(0.0, 1.0)
        )
        assert (mean["low"][flow], mean["high"][flow]) == (alone.low, alone.high)
        assert share["high"][flow] == share_interval(values[:, flow], epoch).high
        assert median["low"][flow] == quantile_interval(values[:, flow], 0.5, epoch).low
    assert mean["count"].tolist() == [64, 64, 64]
    assert mean["method"].dtype.kind == "U"


def test_a_mean_of_one_yes_or_no_a_draw_is_a_share():
    epoch = np.repeat(np.arange(4), 64)
    up = (np.arange(256) % 64 > 2).astype(np.float64)  # 12 of 256 are down
    single = summarise(
        output("mean", within=(0.0, 1.0)), up[:, None], epoch, np.full((4, 1, 1), 0.9)
    )
    assert single["low"][0] == share_interval(up, epoch).low
    assert "Wilson" in single["method"][0]
    many = summarise(output("mean", within=(0.0, 1.0)), up[:, None], epoch, np.full((4, 9, 1), 0.9))
    assert "instants" in many["method"][0]


def test_a_difference_makes_no_allowance_for_instants_that_were_not_seen():
    rng = np.random.default_rng(2)
    values = rng.random((64, 1)) * 1e-4
    epoch = np.repeat(np.arange(4), 16)
    steady = np.full((4, 96, 1), 5e-5)
    alone = summarise(output("mean", within=(0.0, 1.0)), values, epoch, steady)
    paired = summarise(output("mean", within=(0.0, 1.0), pairs="difference"), values, epoch, steady)
    assert paired["standard_error"][0] < 1e-5
    assert alone["standard_error"][0] > 1e-3


def test_an_unknown_method_is_named():
    with pytest.raises(ValueError, match="guess"):
        summarise(output("guess"), np.zeros((4, 1)), np.zeros(4, np.int64))
