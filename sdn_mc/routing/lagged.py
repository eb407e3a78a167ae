"""Lagged routing: everyone routes on the failures known some seconds ago.

Model: routes at time t are shortest paths on the masks at t - lag and the geometry at t (orbits are
predictable, failures are not); a message is delivered if every link of its route is up at t. The
lag stands for detecting a failure, telling everyone, computing and installing routes. One lag for
the whole fleet is an assumption: sweep it.
"""

import equinox as eqx

from sdn_mc.core.fields import Scalar, field


class Lagged(eqx.Module):
    """Knows the masks `lag_s` before the present, and is held to the present."""

    lag_s: Scalar = field(
        unit="s", within=(0, 3600), doc="Age of what routing knows of failures.", assumed=True
    )
