"""Ways of sampling by themselves: chances, weights and strata in closed form, draw by draw."""

from itertools import product

import numpy as np
import pytest

from sdn_mc.core.problems import InputError
from sdn_mc.core.protocols import Coins
from sdn_mc.sampling.sobol import Sobol
from sdn_mc.sampling.strata import Strata
from sdn_mc.sampling.tilt import Tilt

CHANCE = np.array([0.02, 0.1, 0.0, 0.05, 0.3])
COINS = (Coins("a", "7 macro hit", CHANCE[:2]), Coins("b", "b law 0", CHANCE[2:]))
DRAWS = np.arange(8192, dtype=np.uint32)
TILT = Tilt(factors={"a": 8.0, "b": 3.0})
STRATA = Strata(of=("a", "b"), first=(0, 1, 3), shares=(0.25, 0.5, 0.25))
SOBOL = Sobol()
SHAPES = {"1 macro onset_s": (), "2 macro hit": (3,), "3 field repair_h": ()}


def hits(steered) -> np.ndarray:
    """All coins, [draw, coin]."""
    return np.concatenate([steered.hit[each.name] for each in COINS], axis=1)


def chances_of_all_outcomes() -> dict[tuple[bool, ...], float]:
    """By brute force."""
    every = product((False, True), repeat=len(CHANCE))
    return {each: float(np.prod(np.where(each, CHANCE, 1 - CHANCE))) for each in every}


@pytest.mark.parametrize("way", [TILT, STRATA], ids=["tilt", "strata"])
def test_weighted_draws_show_every_outcome_as_often_as_it_is(way):
    steered = way.steer(COINS, {}, DRAWS, 1)
    fell = hits(steered)
    for outcome, chance in chances_of_all_outcomes().items():
        weighed = steered.weight * np.all(fell == outcome, axis=1)
        assert (weighed.sum() > 0) <= (chance > 0)
        if np.count_nonzero(weighed) > 20:  # where the sample tells its own sigma
            sigma = weighed.std() / np.sqrt(len(DRAWS))
            assert abs(weighed.mean() - chance) < 4 * sigma, outcome


@pytest.mark.parametrize("way", [TILT, STRATA, SOBOL], ids=["tilt", "strata", "sobol"])
def test_a_draw_gets_the_same_in_any_batch(way):
    whole = way.steer(COINS, SHAPES, DRAWS[:512], 1)
    part = way.steer(COINS, SHAPES, DRAWS[256 + 32 : 512], 1)
    other = way.steer(COINS, SHAPES, DRAWS[:512], 2)
    assert np.array_equal(whole.weight[288:], part.weight)
    for name in part.hit:
        assert np.array_equal(whole.hit[name][288:], part.hit[name])
        assert not np.array_equal(whole.hit[name], other.hit[name]) or name.startswith("7")
    for name in part.uniform:
        assert np.array_equal(whole.uniform[name][288:], part.uniform[name])
        assert not np.array_equal(whole.uniform[name], other.uniform[name])


def test_a_tilted_weight_is_the_ratio_of_both_chances():
    steered = TILT.steer(COINS, {}, DRAWS, 1)
    factor = np.array([8, 8, 3, 3, 3])
    tilted = factor * CHANCE / (1 - CHANCE + factor * CHANCE)
    fell = hits(steered)
    ratio = np.where(fell, CHANCE, 1 - CHANCE) / np.where(fell, tilted, 1 - tilted).clip(1e-300)
    np.testing.assert_allclose(steered.weight, ratio.prod(axis=1), rtol=1e-12)  # float64 rounding
    sigma = np.sqrt(tilted * (1 - tilted) / len(DRAWS))
    assert np.all(np.abs(fell.mean(axis=0) - tilted) <= 4 * sigma)


def test_every_256_draws_hold_the_strata_with_exact_weights():
    steered = STRATA.steer(COINS, {}, DRAWS, 1)
    number = hits(steered).sum(axis=1)
    assert np.array_equal(np.digitize(number, [1, 3]), steered.stratum)
    by_group = steered.stratum.reshape(-1, 256)
    for k, n in enumerate((64, 128, 64)):
        assert np.all(np.count_nonzero(by_group == k, axis=1) == n)
    chances = dict.fromkeys(range(3), 0.0)
    for outcome, chance in chances_of_all_outcomes().items():
        chances[int(np.digitize(sum(outcome), [1, 3]))] += chance
    exact = np.array([chances[k] / share for k, share in enumerate((0.25, 0.5, 0.25))])
    np.testing.assert_allclose(steered.weight, exact[steered.stratum], rtol=1e-12)


def test_a_rare_stratum_of_many_things_keeps_its_exact_chance():
    n, p = 2000, 1e-4
    coins = (Coins("a", "a law 0", np.full(n, p)),)
    steered = Strata(of=("a",), first=(0, 5), shares=None).steer(coins, {}, DRAWS[:256], 1)
    from scipy import stats

    rare = steered.stratum == 1
    # The convolution of 2,000 coins rounds 2,000 times.
    np.testing.assert_allclose(steered.weight[rare], stats.binom.sf(4, n, p) / 0.5, rtol=1e-11)
    assert np.all(steered.hit["a law 0"][rare].sum(axis=1) >= 5)


def test_each_256_points_fill_each_coordinate_evenly():
    steered = SOBOL.steer((), SHAPES, DRAWS[:1024], 1)
    assert {name: u.shape[1:] for name, u in steered.uniform.items()} == {
        "1 macro onset_s": (1,),
        "2 macro hit": (3,),
        "3 field repair_h": (1,),
    }
    for u in steered.uniform.values():
        for net in u.reshape(4, 256, -1):
            assert np.all(np.sort((net * 256).astype(int), axis=0) == np.arange(256)[:, None])
    first, second = steered.uniform["2 macro hit"].reshape(4, 256, 3)[:2]
    assert not np.array_equal(first, second)
    assert np.array_equal(steered.net, DRAWS[:1024] // 256)


def test_what_cannot_be_is_refused():
    with pytest.raises(InputError, match="no draw can have the 6 failures"):
        Strata(of=("a", "b"), first=(0, 6), shares=None).steer(COINS, {}, DRAWS[:32], 1)
    many = (Coins("a", "a law 0", np.full(5000, 0.2)),)
    with pytest.raises(InputError, match="a draw would weigh exp"):
        Tilt(factors={"a": 50.0}).steer(many, {}, DRAWS[:32], 1)
    assert Tilt(factors={}).problems()
    for first, shares in (((1, 2), None), ((0, 0), None), ((0, 1), (1.0,)), ((0, 1), (1.0, 1e-3))):
        assert Strata(of=("a",), first=first, shares=shares).problems()
