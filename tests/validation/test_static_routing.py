"""Static routing fails as often as the links of its routes: the closed form, on the experiment."""

import numpy as np
import pytest

from sdn_mc import config, engine
from sdn_mc.runner import prepare

LOST = {"one_percent": 0.01, "five_percent": 0.05, "ten_percent": 0.1}
N_DRAW = 256  # of each epoch
FEWER = ("times.count=12", "times.n_epoch=2")
EXPERIMENT = "experiment=validation/static_routing"


@pytest.fixture(scope="module")
def run():
    """The experiment at fewer instants."""
    return prepare(config.load(config.compose([EXPERIMENT, *FEWER])))


@pytest.fixture(scope="module")
def blocks(run):
    """One block of each epoch."""
    return [engine.run_block(run, k * N_DRAW, N_DRAW) for k in range(len(run.scenes))]


@pytest.mark.parametrize("column", LOST)
def test_static_routes_fail_as_often_as_their_links_say(run, blocks, column):
    """Mean over pairs and times of 1 - (1 - p)^h; here about 14, 51 and 73 % at p = 1, 5, 10 %.

    Beside it, and not held to: the IWQoS 2025 study of as large a grid reports 13, 42 and 61 % of
    pairs failed. Its pairs are other ones, some shorter; each end uses its nearest four satellites;
    its links have another phase offset; and it has a draw a minute, seeded by the clock.
    """
    found, exact, variance = [], [], []
    for block, healthy in zip(blocks, run.healthy, strict=True):
        assert np.isfinite(healthy.latency_s).all()
        failed = np.isinf(block.series[column].latency_s).mean(axis=(1, 2))  # of each draw
        exact.append(np.mean(1 - (1 - LOST[column]) ** healthy.hops[0].astype(float)))
        found.append(failed.mean())
        variance.append(failed.var(ddof=1) / len(failed))  # draws are independent, pairs are not
    sigma = np.sqrt(np.sum(variance)) / len(found)
    # 4 sigma: one false alarm in 16,000.
    assert abs(np.mean(found) - np.mean(exact)) < 4 * sigma
    assert sigma < 0.01 < 0.1 < np.mean(exact)


def test_every_route_fails_as_often_as_its_own_links_say(run, blocks):
    """By hops, so that errors of short and of long routes cannot cancel."""
    p, n_seen = LOST["five_percent"], 0
    hops = np.concatenate([healthy.hops[0].ravel() for healthy in run.healthy])
    failed = np.concatenate(
        [np.isinf(b.series["five_percent"].latency_s).reshape(N_DRAW, -1) for b in blocks], axis=1
    )
    for h in np.unique(hops):
        own = failed[:, hops == h].mean(axis=1)
        sigma = own.std(ddof=1) / np.sqrt(N_DRAW)
        n_seen += 1
        assert abs(own.mean() - (1 - (1 - p) ** h)) < 4 * sigma
    assert n_seen > 8


def test_a_greater_loss_takes_what_the_lesser_took(blocks):
    lost = [np.isinf(blocks[0].series[column].latency_s) for column in LOST]
    assert np.all(lost[0] <= lost[1]) and np.all(lost[1] <= lost[2])


def test_a_route_that_holds_is_the_healthy_one(run, blocks):
    latency_s = blocks[0].series["ten_percent"].latency_s
    healthy = np.broadcast_to(run.healthy[0].latency_s, latency_s.shape)
    held = np.isfinite(latency_s)
    assert held.any() and np.array_equal(latency_s[held], healthy[held])


def test_a_disjoint_backup_fails_less_and_ideal_routing_least(blocks):
    failed = {}
    for routing in ("disjoint_backup", "ideal"):
        words = [EXPERIMENT, "times.count=12", "times.n_epoch=1", f"routing={routing}"]
        other = prepare(config.load(config.compose(words)))
        latency_s = engine.run_block(other, 0, 64).series["ten_percent"].latency_s
        failed[routing] = np.isinf(latency_s).mean()
    static = np.isinf(blocks[0].series["ten_percent"].latency_s[:64]).mean()
    assert failed["ideal"] < 0.5 * failed["disjoint_backup"] < 0.5 * static
