"""Distributions by their quantile functions against scipy's, and monotone in their parameter."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from sdn_mc.core.distributions import (
    Bernoulli,
    Choice,
    Exponential,
    LogNormal,
    Normal,
    Triangular,
    Uniform,
)

U = np.linspace(0.001, 0.999, 201).astype(np.float32)

CASES = [
    (Uniform(2.0, 5.0), stats.uniform(2, 3)),
    (Normal(1.0, 2.0), stats.norm(1, 2)),
    (LogNormal(2.5, 0.5), stats.lognorm(0.5, scale=2.5)),
    (Exponential(3.0), stats.expon(scale=3)),
    (Triangular(1.0, 2.0, 5.0), stats.triang(0.25, 1, 4)),
]


@pytest.mark.parametrize("ours, reference", CASES, ids=lambda c: type(c).__name__)
def test_quantiles_equal_scipy(ours, reference):
    # float32 arithmetic: a few of its steps of 1.2e-7, enlarged where the quantile is steep.
    assert np.allclose(ours.quantile(jnp.asarray(U)), reference.ppf(U), rtol=2e-5, atol=2e-5)


def test_the_ends_are_finite():
    ends = jnp.array([0.0, 1 - 2.0**-24], jnp.float32)
    for ours, _ in CASES:
        assert np.isfinite(np.asarray(ours.quantile(ends))).all()


def test_a_higher_probability_keeps_every_true_of_a_lower_one():
    low, high = Bernoulli(0.2).quantile(jnp.asarray(U)), Bernoulli(0.4).quantile(jnp.asarray(U))
    assert bool(jnp.all(high | ~low)) and int(low.sum()) < int(high.sum())


def test_every_choice_is_as_likely():
    found = np.bincount(np.asarray(Choice(4).quantile(jnp.linspace(0, 1 - 1e-6, 4000))))
    assert found.tolist() == [1000, 1000, 1000, 1000]
