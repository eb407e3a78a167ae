"""Service loss of hand-made series, and its worst draws."""

import numpy as np

from sdn_mc.core.protocols import Series
from sdn_mc.metrics.cvar import CVaR
from sdn_mc.statistics import summarise


def test_the_worst_tenth_of_draws_is_averaged(scene_of):
    # Draw k of 20 has no path at k of 20 instants; the worst two lose 19 and 18 of them.
    lost = np.arange(20)[:, None] > np.arange(20)[None]
    series = Series(np.where(lost, np.inf, 0.05)[..., None], None)
    metric = CVaR(tail=0.1)
    loss = metric.score(series, series, scene_of(range(20)))["service_loss"]
    assert loss[:, 0].tolist() == [k / 20 for k in range(20)]
    (output,) = metric.outputs()
    row = summarise(output, loss, np.zeros(20, np.int64))
    np.testing.assert_allclose(row["estimate"], [18.5 / 20], rtol=1e-12)  # rounding
    assert row["low"] < 18.5 / 20 < row["high"] <= 1.0
