"""Faults at a rate with lognormal repairs, under way for long: the windows of each thing.

Model: an alternating process: faults come after an exponential time, repairs are lognormal with
mean m = median * exp(sigma^2 / 2). It is stationary: P(down) = rate * m / (1 + rate * m) at any
instant, and what is left of a repair under way at the start is a uniform share of a length-biased
one, which is lognormal again, with median * exp(sigma^2) (Cox 1962, Renewal Theory, chapter 5).
Limits: a stated number of faults of one thing begin in a scene at most; when one under way began is
not known.
"""

import jax
import jax.numpy as jnp
from jax.scipy.special import ndtri
from jaxtyping import Array, Bool, Float, Key

from sdn_mc.core.fields import Scalar
from sdn_mc.core.random import fine_uniform
from sdn_mc.threats.ground_outage import SLOWEST_PER_S


def lognormal_windows(
    key: Key[Array, ""],
    rate_per_s: Scalar,
    median_s: Scalar,
    sigma: Scalar,
    may_fail: Bool[Array, " entity"],
    most: int,
) -> tuple[Float[Array, "entity window"], Float[Array, "entity window"]]:
    """Starts and ends, s: one under way, from -inf on, and the `most` that begin in it."""

    def repair_s(deviations: Float[Array, "..."]) -> Float[Array, "..."]:
        return median_s * jnp.exp(sigma * deviations)

    load = rate_per_s * repair_s(jnp.float32(sigma / 2))
    state, share, *rest = (
        fine_uniform(each, may_fail.shape) for each in jax.random.split(key, 3 + 2 * most)
    )
    is_down = may_fail & (state < load / (1 + load))
    start_s = [jnp.where(is_down, -jnp.inf, 0.0)]  # where it is not, the window is empty
    end_s = [jnp.where(is_down, share * repair_s(ndtri(rest[0]) + sigma), 0.0)]
    for k in range(most):
        gap_s = -jnp.log1p(-rest[1 + 2 * k]) / jnp.maximum(rate_per_s, SLOWEST_PER_S)
        start_s.append(end_s[-1] + gap_s)
        end_s.append(start_s[-1] + repair_s(ndtri(rest[2 + 2 * k])))
    return jnp.stack(start_s, 1), jnp.stack(end_s, 1)
