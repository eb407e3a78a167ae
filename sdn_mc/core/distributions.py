"""Distributions: what varies from draw to draw, drawn by the inverse of the cumulative function.

Each has `shape` (of one draw) and `quantile(u)`, float32 in, float32 out, `u` in [0, 1). Drawing by
quantile lets the engine replace plain numbers by stratified, Sobol' or tilted ones, and keeps draws
of a larger parameter above those of a smaller one.
"""

from typing import Any, Protocol, runtime_checkable

import equinox as eqx
import jax.numpy as jnp
from jax.scipy.special import ndtri
from jaxtyping import Array, Bool, Float, Int

Number = float | Float[Array, "..."]
MAX_UNIFORM = 1 - 2.0**-24  # largest float32 below 1: keeps the logarithms finite


@runtime_checkable
class Distribution(Protocol):
    """Anything with a shape of one draw and a quantile function."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def quantile(self, u: Any) -> Any:
        """The value below which a share `u` of the probability lies."""
        ...


class Uniform(eqx.Module):
    """Every value between `low` and `high` is equally likely."""

    low: Number
    high: Number
    shape: tuple[int, ...] = eqx.field(static=True, default=())

    def quantile(self, u: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return self.low + u * (self.high - self.low)


class Normal(eqx.Module):
    """Gaussian with the given mean and standard deviation."""

    mean: Number
    sigma: Number
    shape: tuple[int, ...] = eqx.field(static=True, default=())

    def quantile(self, u: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return self.mean + self.sigma * ndtri(_open(u))


class LogNormal(eqx.Module):
    """The logarithm is Gaussian: median `median`, standard deviation of the logarithm `sigma`."""

    median: Number
    sigma: Number
    shape: tuple[int, ...] = eqx.field(static=True, default=())

    def quantile(self, u: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return self.median * jnp.exp(self.sigma * ndtri(_open(u)))


class Exponential(eqx.Module):
    """Memoryless, with the given mean."""

    mean: Number
    shape: tuple[int, ...] = eqx.field(static=True, default=())

    def quantile(self, u: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return -self.mean * jnp.log1p(-jnp.minimum(u, MAX_UNIFORM))


class Triangular(eqx.Module):
    """Rises from `low` to the most likely value `mode` and falls to `high`."""

    low: Number
    mode: Number
    high: Number
    shape: tuple[int, ...] = eqx.field(static=True, default=())

    def quantile(self, u: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        span = self.high - self.low
        rise = (self.mode - self.low) / span
        up = self.low + jnp.sqrt(u * span * (self.mode - self.low))
        down = self.high - jnp.sqrt((1 - u) * span * (self.high - self.mode))
        return jnp.where(u < rise, up, down)


class Latitude(eqx.Module):
    """Latitude, deg, of a place that is equally likely anywhere on the sphere."""

    shape: tuple[int, ...] = eqx.field(static=True, default=())

    def quantile(self, u: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return jnp.degrees(jnp.arcsin(2 * u - 1))


class Bernoulli(eqx.Module):
    """True with the given probability. A higher probability keeps every True of a lower one."""

    probability: Number
    shape: tuple[int, ...] = eqx.field(static=True, default=())

    def quantile(self, u: Float[Array, "*shape"]) -> Bool[Array, "*shape"]:
        return u < self.probability


class Choice(eqx.Module):
    """One of `count` equally likely indices, from 0."""

    count: int = eqx.field(static=True)
    shape: tuple[int, ...] = eqx.field(static=True, default=())

    def quantile(self, u: Float[Array, "*shape"]) -> Int[Array, "*shape"]:
        return jnp.minimum(jnp.int32(u * self.count), self.count - 1)


def _open(u: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    return jnp.clip(u, 2.0**-24, MAX_UNIFORM)
