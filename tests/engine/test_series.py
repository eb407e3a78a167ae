"""Routes made on a device become the series that routes of the host become."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sdn_mc.core.network import Routes
from sdn_mc.engine.series import series_of

PAIR_FLOW = np.array([0, 2, 1, 0, 2, 2, 0], np.int32)


def random_routes(n_pair: int, dtype: type) -> Routes:
    """Few different latencies, so that pairs are often equally good; some without a path."""
    rng, shape = np.random.default_rng(3), (5, n_pair, 64)
    latency_s = rng.choice([0.01, 0.02, 0.03, np.inf], shape).astype(dtype)
    hops = rng.integers(0, 9, shape).astype(np.int16)
    return Routes(latency_s, hops, rng.random(shape) < 0.7)


@pytest.mark.parametrize("last_mile_s", [None, np.array([0, 0.013, 0, 12, 0.5, 0, 0.007])])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("pair_flow", [PAIR_FLOW, np.arange(7, dtype=np.int32)])
@pytest.mark.parametrize("asked", [("hops", "delivered"), ("hops",), ("delivered",), ()])
def test_series_of_a_device_are_those_of_the_host(dtype, pair_flow, asked, last_mile_s):
    flows = SimpleNamespace(
        pair_flow=pair_flow, n_flow=int(pair_flow.max()) + 1, last_mile_s=last_mile_s
    )
    routes = random_routes(len(pair_flow), dtype)
    routes = Routes(routes.latency_s, *(getattr(routes, name) if name in asked else None
                                        for name in ("hops", "delivered")))  # fmt: skip
    with jax.enable_x64(dtype == np.float64):
        there = jax.tree.map(jnp.asarray, routes)
    host, device = (series_of(each, flows, 50) for each in (routes, there))
    assert host.latency_s.shape == (50, 5, flows.n_flow)
    for one, other in zip(host, device, strict=True):
        if one is None:
            assert other is None
            continue
        assert isinstance(other, np.ndarray) and one.dtype == other.dtype
        assert np.array_equal(one, other)
