"""False data: closed forms for routes of known satellites, and who is isolated, and when."""

import numpy as np

from sdn_mc import engine
from sdn_mc.core.constants import S_PER_H
from sdn_mc.core.outage import TAMPERS
from tests.engine.scenarios import FOUR_PLANES, GRID
from tests.small_run import one_threat, small_run

N_DRAW = 2048
SIGMAS = 4


def blocks(run, name="attacked"):
    """Series of many draws of one epoch."""
    return [engine.run_block(run, k, 256).series[name] for k in range(0, N_DRAW, 256)]


def test_a_route_of_n_satellites_is_clean_with_probability_one_less_share_to_the_n():
    share = 0.07
    words = "threats=[false_data]", f"threats.false_data.share={share}", "routing=static"
    never = "threats.false_data.detection=0", "threats.false_data.false_quarantine=0"
    more = "threats.false_data.onset_s=0", "metrics=[integrity,hops]"
    run = small_run(*FOUR_PLANES, *GRID, *words, *never, *more)
    healthy = run.healthy[0]
    n_sat = healthy.hops[0] + 1
    altered = np.concatenate([each.tampered for each in blocks(run)])
    expected = np.where(n_sat > 0, 1 - (1 - share) ** n_sat, 0.0)
    sigma = np.sqrt(expected * (1 - expected) / N_DRAW)
    assert n_sat.max() > 3 and len(np.unique(n_sat)) > 2
    assert np.all(np.abs(altered.mean(axis=0) - expected) <= SIGMAS * sigma)


def test_spoofed_sites_alter_all_that_reaches_them_and_nothing_else():
    words = "threats=[false_data]", "threats.false_data.sources=sites", "metrics=[integrity]"
    some = "threats.false_data.sites=[Par*]", "threats.false_data.share=0.4"
    run = small_run(*words, *some, "threats.false_data.onset_s=0", "threats.false_data.detection=0")
    series = blocks(run)
    altered = np.concatenate([each.tampered for each in series])
    delivered = np.isfinite(series[0].latency_s[0])
    assert delivered[:, 0].any() and not altered[..., 1].any()  # New York - London
    assert np.array_equal(altered.any(axis=0), delivered & [True, False])
    hit = altered.any(axis=(1, 2))
    assert abs(hit.mean() - 0.4) < SIGMAS * np.sqrt(0.24 / N_DRAW)
    assert np.array_equal(altered, hit[:, None, None] & delivered & [True, False])


def test_false_and_honest_satellites_are_isolated_at_their_rates():
    share, detection, mistaken, detection_h, at_h = 0.2, 0.6, 0.1, 5.0, 4.0
    settings = {
        "share": share,
        "detection": detection,
        "detection_h": detection_h,
        "false_quarantine": mistaken,
        "repair_h": 2000.0,
        "onset_s": 0,
    }
    run = one_threat("false_data", settings)
    _, outages = engine.sample_draws(run, 0, np.arange(N_DRAW, dtype=np.uint32))
    acting, isolated = outages["false_data"]
    n, at_s = run.fleet.n_sat * N_DRAW, at_h * S_PER_H
    acts = np.sum((acting.start_s <= at_s) & (at_s < acting.end_s))
    out = np.sum((isolated.start_s <= at_s) & (at_s < isolated.end_s))
    assert acting.does == TAMPERS
    found = 1 - np.exp(-at_h / detection_h)
    for count, p in (
        (acts, share * (1 - detection * found)),
        (out, (share * detection + (1 - share) * mistaken) * found),
    ):
        assert abs(count / n - p) < SIGMAS * np.sqrt(p * (1 - p) / n)
