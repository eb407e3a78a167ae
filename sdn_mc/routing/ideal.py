"""Ideal routing: every router knows at once what is up. An upper bound on any real policy.

Model: routes at time t are shortest paths on the true masks at t. No detection, flooding or
computation delay; what it delivers, nothing that routes over the same mesh can exceed.
"""

import equinox as eqx


class Ideal(eqx.Module):
    """Knows the present: upper bound."""

    @property
    def lag_s(self) -> float:
        """No lag."""
        return 0.0
