"""Whole blocks of a solver that works on JAX's device against one that works on the host."""

import numpy as np
import pytest

from sdn_mc import engine
from tests.engine.scenarios import everything_at_once

ANYCAST = (
    "flows.flows=[[[London,Paris],[Berlin,Rome]],[New York,London],[[Sao Paulo,Tokyo],Sydney]]"
)


ROUTINGS = (
    ("routing=ideal",),
    ("routing=lagged", "routing.lag_s=3600"),
    ("routing=static",),
    ("routing=disjoint_backup",),
)


@pytest.mark.parametrize("routing", ROUTINGS, ids=lambda words: words[0])
def test_blocks_of_a_device_are_those_of_the_host(tmp_path, routing):
    asked = ANYCAST, "metrics=[availability,hops]", *routing
    host, device = (
        everything_at_once(tmp_path, f"solver={solver}", *asked)
        for solver in ("pull_push", "xla_int32")
    )
    assert not host.places and len(device.places) >= 1
    for one, other in zip(host.healthy[0], device.healthy[0], strict=True):
        assert np.array_equal(one, other)
    blocks = [engine.run_block(run, 0, 70) for run in (host, device)]
    for name, series in blocks[0].series.items():
        same = blocks[1].series[name]
        assert np.array_equal(series.latency_s, same.latency_s)
        assert np.array_equal(series.hops, same.hops)
        assert series.latency_s.dtype == same.latency_s.dtype == np.float32
    assert 0.02 < np.isfinite(blocks[0].series["everything"].latency_s).mean() < 0.98
