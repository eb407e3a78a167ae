"""Interoperability: shares of pairs and of links against what was asked for, at 4 sigma."""

import numpy as np
import pytest

from sdn_mc import engine
from sdn_mc.core.constants import S_PER_H, S_PER_YEAR
from sdn_mc.core.problems import InputError
from sdn_mc.engine import Column, Prepared
from sdn_mc.engine.causes import spans_of_windows
from tests.engine.scenarios import FOUR_PLANES, GRID, MENDING
from tests.small_run import small_run
from tests.threats.test_contract import masks_of

N_DRAW = 2048
THREE_MAKERS = (  # planes 0 and 3 of Alpha, 1 of Beta, 2 of Gamma
    "+constellation.labels.maker={_target_: sdn_mc.constellation.labels.Alternate, "
    "values: [Alpha, Beta, Gamma], by: plane}"
)


def makers(*words: str, more: tuple[str, ...] = ()) -> Prepared:
    """Four planes of six, of three makers."""
    settings = [f"threats.interoperability.{word}" for word in ("label=maker", *words)]
    return small_run(
        *FOUR_PLANES, *GRID, THREE_MAKERS, "threats=[interoperability]", *settings, *more
    )


def up_by_link(run: Prepared, n_draw: int = N_DRAW) -> tuple[np.ndarray, np.ndarray]:
    """Ends [link, two] of the links and whether each is up [link, time, draw]."""
    links = run.scenes[0].links
    sat, port = np.nonzero(links.number == np.arange(links.number.size).reshape(-1, 4))
    link, _ = masks_of(run, range(n_draw))
    return np.stack([sat, links.neighbour[sat, port]], axis=1), link[:, sat, port].swapaxes(0, 1)


def test_pairs_of_vendors_talk_or_not_for_the_whole_run():
    run = makers("p_success=0.7")
    ends, up = up_by_link(run)
    drawn, _ = engine.sample_draws(run, 0, np.arange(N_DRAW, dtype=np.uint32))
    can_talk = drawn["interoperability.can_talk"]
    group = np.sort(run.fleet.group["maker"][ends], axis=1)
    number = {(0, 1): 1, (0, 2): 3, (1, 2): 4}
    for (one, other), pair in number.items():
        mine = np.all(group == (one, other), axis=1)
        assert mine.sum() >= 6
        assert np.array_equal(up[mine], np.broadcast_to(can_talk[:, pair], up[mine].shape))
        share = can_talk[:, pair].mean()
        assert abs(share - 0.7) < 4 * np.sqrt(0.7 * 0.3 / N_DRAW)
    assert up[group[:, 0] == group[:, 1]].all()
    # Pairs are independent: the share of draws in which both hold.
    both = 0.7**2
    assert abs((can_talk[:, 1] & can_talk[:, 3]).mean() - both) < 4 * np.sqrt(
        both * (1 - both) / N_DRAW
    )


def test_a_group_may_fail_to_talk_to_itself_if_asked():
    ends, up = up_by_link(makers("p_success=0.5", "same=true"), 256)
    own = up[np.equal(*makers().fleet.group["maker"][ends].T)]
    assert abs(own[:, 0].any(axis=0).mean() - (1 - 0.5**3)) < 4 * np.sqrt(0.11 / 256)


def test_a_higher_chance_keeps_every_pair_of_a_lower_one():
    lower, higher = (up_by_link(makers(f"p_success={p}"), 256)[1] for p in (0.4, 0.6))
    assert np.all(higher >= lower) and np.any(higher > lower)


def test_links_fail_by_themselves_in_the_scope_of_links():
    run = makers("scope=link", "p_success=0.8")
    ends, up = up_by_link(run)
    differ = np.not_equal(*run.fleet.group["maker"][ends].T)
    assert up[~differ].all() and np.all(up[differ] == up[differ][:, :1])
    first = up[differ][:, 0]  # of links and draws, all independent
    assert abs(first.mean() - 0.8) < 4 * np.sqrt(0.8 * 0.2 / first.size)
    together = (first[:-1] & first[1:]).mean()
    # Pairs of neighbours in the list share links: at most twice the binomial variance each.
    assert abs(together - 0.64) < 4 * np.sqrt(2 * 0.64 * 0.36 / first.size)


def test_versions_talk_if_every_step_between_them_is_compatible():
    """Alpha, Beta and Gamma as versions 0, 1 and 2: p, p and p^2, and p^2 that all three do."""
    p = 0.8
    run = makers("scope=terminal_version", f"p_success={p}")
    ends, up = up_by_link(run)
    assert np.all(up == up[:, :1])  # for the whole run
    group = np.sort(run.fleet.group["maker"][ends], axis=1)
    talk = {}
    for one, other in ((0, 1), (1, 2), (0, 2)):
        mine = up[np.all(group == (one, other), axis=1), 0]
        assert len(mine) >= 6 and np.all(mine == mine[:1])
        exact, talk[one, other] = p ** (other - one), mine[0]
        sigma = np.sqrt(exact * (1 - exact) / N_DRAW)
        assert abs(mine[0].mean() - exact) < 4 * sigma
    assert np.array_equal(talk[0, 2], talk[0, 1] & talk[1, 2])
    assert up[group[:, 0] == group[:, 1]].all()


def test_a_lost_link_is_down_for_a_geometric_number_of_attempts():
    """At a rate r for n attempts of a time t: r t / p over 1 + r t / p; drawn independently."""
    rate, attempt_s, p = 8_000.0, 100.0, 0.2
    run = makers("scope=attempt", f"p_success={p}", f"rate_per_year={rate}",
                 f"attempt_s={attempt_s}", "repair_h=9")  # fmt: skip
    (spans,) = engine.sample_draws(run, 0, np.arange(N_DRAW, dtype=np.uint32))[1][
        "interoperability"
    ]
    count = N_DRAW * int(run.tables[0]["interoperability"].sum())
    attempts = np.random.default_rng(1).geometric(p, 1_000_000)
    load = rate / S_PER_YEAR * attempt_s * attempts.mean()
    relative = attempts.std() / attempts.mean() / np.sqrt(len(attempts))  # of the load: 1e-3
    exact, window_s = load / (1 + load), float(run.scenes[0].window_s)
    sigma = np.hypot(np.sqrt(exact * (1 - exact) / count), exact * relative)
    for at_s in (0.0, window_s / 2):
        down = np.count_nonzero((spans.start_s <= at_s) & (at_s < spans.end_s))
        assert abs(down / count - exact) < 4 * sigma
    begun = np.count_nonzero(spans.start_s >= 0)
    expected = count * (1 - exact) * rate / S_PER_YEAR * window_s
    assert abs(begun - expected) < 4 * np.sqrt(expected)


def test_a_link_lost_for_good_is_down_in_the_long_run_and_others_stay():
    run = makers("scope=attempt", "p_success=0", "rate_per_year=1")
    ends, up = up_by_link(run, 64)
    differ = np.not_equal(*run.fleet.group["maker"][ends].T)
    assert not up[differ].any() and up[~differ].all()
    _, never = up_by_link(makers("scope=attempt", "p_success=0", "rate_per_year=0"), 64)
    assert never.all()


@pytest.mark.parametrize("scope", ["vendor_pair", "link"])
def test_faults_of_interfaces_have_the_share_of_the_closed_form(scope):
    rate, repair_h = 500.0, 12.0
    run = makers(f"scope={scope}", "p_success=1", f"rate_per_year={rate}", f"repair_h={repair_h}")
    _, outages = engine.sample_draws(run, 0, np.arange(N_DRAW, dtype=np.uint32))
    faults = outages["interoperability"][1]
    load = rate / S_PER_YEAR * repair_h * S_PER_H
    exact, count = load / (1 + load), N_DRAW * int(run.tables[0]["interoperability"].sum())
    for at_s in (0.0, 40_000.0):
        down = np.count_nonzero((faults.start_s <= at_s) & (at_s < faults.end_s))
        assert abs(down / count - exact) < 4 * np.sqrt(exact * (1 - exact) / count)


def test_standby_links_must_talk_too():
    run = makers("p_success=0", more=MENDING)
    links, group = run.scenes[0].links, run.fleet.group["maker"]
    loss = np.full((24, 1, 32), np.inf, np.float32), np.full((24, 1, 32), np.inf, np.float32)
    loss[0][6], loss[1][6] = -1e6, 1e6  # of the second plane, for long
    _, outages = engine.sample_draws(run, 0, np.arange(32, dtype=np.uint32))
    outages["loss"] = (spans_of_windows(*loss, "sat"),)
    time_s, up = run.scenes[0].time_s, []
    for causes in (("loss",), ("loss", "interoperability")):
        (masks,) = engine.masks_at(run, 0, outages, (Column("all", causes),), time_s, 32)
        up.append(masks.link_up[0, 0] != 0)
    bridge = np.any(links.wakes_on == 6, axis=-1)
    differ = group[:, None] != group[links.neighbour]
    assert np.any(up[0] & bridge & differ)
    assert np.array_equal(up[1], up[0] & ~differ)


@pytest.mark.parametrize("scope", ["link", "attempt"])
def test_links_by_themselves_need_a_mesh_that_lasts(scope):
    with pytest.raises(InputError, match=f"scope {scope} needs a mesh whose neighbours do not"):
        small_run("threats=[interoperability]", f"threats.interoperability.scope={scope}",
                  "topology=nearest")  # fmt: skip
