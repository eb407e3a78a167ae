"""Ages of hand-made series, and of random ones against a clock that ticks."""

import numpy as np
import pytest

from sdn_mc.core.protocols import Series
from sdn_mc.metrics.age_of_information import AgeOfInformation

INF = np.inf


def ages(latency_s, scene_of, step_s, update_s, limit_s=60.0):
    """Mean age, highest peak, share above the limit, of one flow."""
    series = Series(np.array(latency_s, float)[None, :, None], None)
    scene = scene_of(step_s * np.arange(len(latency_s)), "episode")
    metric = AgeOfInformation(update_s=update_s, limit_s=limit_s)
    return [float(v[0, 0]) for v in metric.score(series, series, scene).values()]


def test_regular_updates_make_a_sawtooth(scene_of):
    # Sent every 10 s and 2 s on the way: ages run from 2 to 12 s, but for the first 2 s (0 to 2)
    # and the last 8 s (2 to 10). Mean of 100 s: (2 * 1 + 90 * 7 + 8 * 6) / 100.
    mean_s, peak_s, above = ages([2.0] * 10, scene_of, 10.0, 10.0, limit_s=11.0)
    assert mean_s == pytest.approx(6.8) and peak_s == 12.0
    assert above == pytest.approx(9 * 1.0 / 100)  # nine teeth are above 11 s for their last second


def test_an_update_without_a_path_is_lost(scene_of):
    # Updates of 10 and 20 s are lost: the age rises from 0 at 0 s to 30 at 30 s.
    mean_s, peak_s, above = ages([0.0, INF, INF, 0.0], scene_of, 10.0, 10.0, limit_s=25.0)
    assert (mean_s, peak_s) == ((450 + 50) / 40, 30.0)
    assert above == 5 / 40


def test_never_arriving_ages_with_the_horizon(scene_of):
    assert ages([INF] * 6, scene_of, 10.0, 10.0, limit_s=30.0) == [30.0, 60.0, 0.5]


def test_old_news_that_is_overtaken_changes_nothing(scene_of):
    # The update of 0 s arrives at 25 s, after that of 10 s (at 11 s) and of 20 s (at 21 s).
    late = ages([25.0, 1.0, 1.0], scene_of, 10.0, 10.0)
    lost = ages([INF, 1.0, 1.0], scene_of, 10.0, 10.0)
    assert late == lost


@pytest.mark.parametrize("update_s", [5.0, 12.5])
def test_integrals_are_those_of_a_clock_that_ticks(update_s, scene_of):
    rng = np.random.default_rng(4)
    latency_s = np.where(rng.random(40) < 0.4, INF, rng.uniform(0.1, 20, 40))
    found = ages(latency_s, scene_of, 5.0, update_s, limit_s=20.0)
    tick_s = 0.001
    t = (np.arange(200_000) + 0.5) * tick_s
    sent_s = np.arange(0, 200, update_s)
    arrives_s = sent_s + latency_s[(sent_s // 5).astype(int)]
    newest_s = np.max(np.where(arrives_s <= t[:, None], sent_s, 0.0), axis=1)
    age_s = t - newest_s
    # An arrival is met within a tick, and changes the age by at most 200 s: 40 * 200 s * 1 ms.
    assert found[0] == pytest.approx(age_s.mean(), abs=40 * 200 * tick_s / 200)
    assert found[2] == pytest.approx((age_s > 20).mean(), abs=80 * tick_s / 200)
    assert found[1] == pytest.approx(age_s.max(), abs=2 * tick_s)
