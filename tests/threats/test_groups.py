"""Shocks to groups and common modes: shares and joint shares against their closed forms."""

import math

import numpy as np
import pytest

from sdn_mc import engine
from sdn_mc.core.constants import S_PER_DAY, S_PER_H, S_PER_YEAR
from sdn_mc.core.problems import InputError
from tests.small_run import one_threat, small_job

N_DRAW = 4096
DRAWS = np.arange(N_DRAW, dtype=np.uint32)


def down_at(parts, fleet, at_s: float) -> np.ndarray:
    """Satellites that are down in each draw, [sat, draw], groups written out."""
    down = np.zeros((fleet.n_sat, N_DRAW), bool)
    for spans in parts:
        own = np.zeros((spans.n_entity, N_DRAW), bool)
        now = (spans.start_s <= at_s) & (at_s < spans.end_s)
        own[spans.entity[now], spans.draw[now]] = True
        down |= own if spans.of == "sat" else own[fleet.group[spans.of]]
    return down


def close(share: float, chance: float, n: int) -> bool:
    """4 binomial sigma: one false alarm in 16,000."""
    return abs(share - chance) < 4 * math.sqrt(chance * (1 - chance) / n)


# ---- group_shock


def test_a_shock_takes_its_share_of_one_group_and_spares_the_others():
    run = one_threat("group_shock", {"severity": 0.3, "repair_h": 5, "onset_s": 3600})
    drawn, outages = engine.sample_draws(run, 0, DRAWS)
    fleet, which = run.fleet, drawn["group_shock.which"]
    member = fleet.group["plane"][:, None] == which[None]
    for at_s, share in ((3599.0, 0.0), (3601.0, 0.3), (3600.0 + 5 * S_PER_H + 1, 0.0)):
        down = down_at(outages["group_shock"], fleet, at_s)
        assert not np.any(down & ~member)
        # Members are lost independently, given the group.
        found = down[member].mean()
        assert found == share == 0 or close(found, share, int(member.sum()))
    down = down_at(outages["group_shock"], fleet, 3601.0)
    assert close(np.mean(which == 0), 0.5, N_DRAW)
    # As a binomial of 8 at 0.3: none at all in 0.7^8 of draws.
    assert close(np.mean(~down.any(axis=0)), 0.7**8, N_DRAW)


def test_a_named_group_is_hit_in_every_draw():
    run = one_threat("group_shock", {"label": "software", "groups": "[green]"})
    drawn, outages = engine.sample_draws(run, 0, DRAWS)
    green = run.fleet.group["software"] == run.fleet.group_names["software"].index("green")
    down = down_at(outages["group_shock"], run.fleet, float(drawn["group_shock.onset_s"].max()))
    assert np.array_equal(down[:, 0], green) and not np.any(down[~green])


# ---- common_mode

RATE, REPLACE_D, GROUP_H = 20.0, 4.0, 30.0
SETTINGS = {"rate_per_year": RATE, "replacement_d": REPLACE_D, "group_repair_h": GROUP_H}


def down_share(rate_per_year: float, repair_s: float) -> float:
    load = rate_per_year / S_PER_YEAR * repair_s
    return load / (1 + load)


@pytest.mark.parametrize("beta", [0.0, 0.1, 0.5])
def test_single_and_joint_failures_follow_the_beta_factor_model(beta):
    """Two labels: `software` (a plane each) by beta, `prime` (all) by 0.1."""
    run = one_threat("common_mode", SETTINGS | {"beta.software": beta, "beta.prime": 0.1})
    _, outages = engine.sample_draws(run, 0, DRAWS)
    alone = down_share((0.9 - beta) * RATE, REPLACE_D * S_PER_DAY)
    group = down_share(beta * RATE, GROUP_H * S_PER_H)
    everyone = down_share(0.1 * RATE, GROUP_H * S_PER_H)
    one = 1 - (1 - alone) * (1 - group) * (1 - everyone)
    # Both down: all are, or their group is, or each alone; of two groups, each in its own way.
    same = 1 - (1 - everyone) * (1 - group) * (1 - alone**2)
    single = 1 - (1 - alone) * (1 - group)
    other = 1 - (1 - everyone) * (1 - single**2)
    software = run.fleet.group["software"]
    for at_s in (0.0, float(run.scenes[0].window_s)):
        down = down_at(outages["common_mode"], run.fleet, at_s)
        first, second = np.flatnonzero(software == 0)[:2]
        third = np.flatnonzero(software == 1)[0]
        assert close(down[first].mean(), one, N_DRAW)
        assert close((down[first] & down[second]).mean(), same, N_DRAW)
        assert close((down[first] & down[third]).mean(), other, N_DRAW)


def test_shares_may_be_drawn_and_may_not_exceed_everything():
    uniform = "{_target_: sdn_mc.core.distributions.Uniform, low: 0.1, high: 0.3}"
    run = one_threat("common_mode", SETTINGS | {"beta.software": uniform})
    drawn, outages = engine.sample_draws(run, 0, DRAWS)
    beta = drawn["common_mode.beta.software"]
    assert 0.1 <= beta.min() < 0.11 and 0.29 < beta.max() <= 0.3
    down = down_at(outages["common_mode"][2:], run.fleet, 0.0)
    # P(down) is nearly linear in beta, so that its mean is that of the middle, to 1 % of it.
    chance = down_share(0.2 * RATE, GROUP_H * S_PER_H)
    assert abs(down[0].mean() - chance) < 4 * math.sqrt(chance / N_DRAW) + 0.01 * chance
    with pytest.raises(InputError, match=r"add up to 1\.1"):
        small_job("threats=[common_mode]", "threats.common_mode.beta={prime: 0.6, software: 0.5}")


def test_a_label_that_the_fleet_lacks_is_told():
    with pytest.raises(InputError, match="no grouping 'owner'"):
        small_job("threats=[common_mode]", "+threats.common_mode.beta.owner=0.1")
