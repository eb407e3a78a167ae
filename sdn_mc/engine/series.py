"""From a solver's routes to series: the best pair of each flow, draws leading, on the host.

Routes made on a device are reduced there, so that only flows leave it, unless something is met on
them: that is charged on the host.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32

from sdn_mc.core.network import Routes
from sdn_mc.core.protocols import Series
from sdn_mc.core.scene import Flows


def series_of(
    routes: Routes,
    flows: Flows,
    count: int,
    delays_s: Sequence[Float32[np.ndarray, " draw"] | None] = (),
) -> Series:
    """Best pair of each flow, [draw, time, flow]; a route that does not hold is no route.

    The last mile of both ends is charged to every pair, beyond what solvers count: it may be longer
    than they can tell from no path. Of pairs that are equally good, the first. `delays_s` says of
    each kind of thing that routes may pass how long it holds a message, or None: it alters it. The
    pair is chosen before that.
    """
    if routes.passes or not isinstance(routes.latency_s, jax.Array):
        return _on_host(routes, flows, count, delays_s)
    with jax.enable_x64(routes.latency_s.dtype == np.float64):
        latency, hops = _on_device(routes, flows.pair_flow, flows.n_flow, flows.last_mile_s)
    return Series(np.asarray(latency)[:count], None if hops is None else np.asarray(hops)[:count])


def _on_host(
    routes: Routes,
    flows: Flows,
    count: int,
    delays_s: Sequence[Float32[np.ndarray, " draw"] | None],
) -> Series:
    def leading(each: Any) -> Any:
        return np.moveaxis(np.asarray(each)[..., :count], -1, 0)

    latency: Any = np.asarray(routes.latency_s)
    if routes.delivered is not None:
        latency = np.where(routes.delivered, latency, np.asarray(np.inf, latency.dtype))
    latency, hops = leading(latency), None if routes.hops is None else leading(routes.hops)
    if flows.last_mile_s is not None:
        latency = latency + flows.last_mile_s.astype(latency.dtype)
    passes = [leading(each) for each in routes.passes or ()]
    if len(flows.pair_flow) != flows.n_flow:
        chosen = _best_pairs(latency, flows)
        latency, hops, *passes = (
            None if each is None else np.take_along_axis(each, chosen, axis=-1)
            for each in (latency, hops, *passes)
        )
    tampered = None
    for passed, delay_s in zip(passes, delays_s, strict=True):
        if delay_s is None:
            tampered = passed & np.isfinite(latency)
        else:
            held_s = np.asarray(delay_s, latency.dtype)[:count, None, None]
            latency = np.where(passed, latency + held_s, latency)
    return Series(latency, hops, tampered)


def _best_pairs(latency: np.ndarray, flows: Flows) -> np.ndarray:
    """The first best pair of each flow, [draw, time, flow]."""
    best = [
        np.flatnonzero(flows.pair_flow == flow)[
            np.argmin(latency[..., flows.pair_flow == flow], axis=-1)
        ]
        for flow in range(flows.n_flow)
    ]
    return np.stack(best, axis=-1)


@partial(jax.jit, static_argnames=("n_flow",))
def _on_device(routes: Routes, pair_flow, n_flow: int, last_mile_s=None):
    """Latency and hops, [draw, time, flow]: minima over the pairs of a flow, exact in any order."""
    latency, n_pair = jnp.moveaxis(routes.latency_s, 1, 0), len(pair_flow)
    if routes.delivered is not None:
        held = jnp.moveaxis(routes.delivered, 1, 0)
        latency = jnp.where(held, latency, jnp.asarray(jnp.inf, latency.dtype))
    if last_mile_s is not None:
        latency = latency + jnp.asarray(last_mile_s, latency.dtype)[:, None, None]
    least = jax.ops.segment_min(latency, pair_flow, n_flow)
    if routes.hops is None:
        return jnp.transpose(least), None
    pair = jnp.arange(n_pair, dtype=jnp.int32).reshape(-1, 1, 1)
    best = jnp.where(latency == least[pair_flow], pair, n_pair)
    chosen = jax.ops.segment_min(best, pair_flow, n_flow)
    hops = jnp.take_along_axis(jnp.moveaxis(routes.hops, 1, 0), chosen, axis=0)
    return jnp.transpose(least), jnp.transpose(hops)
