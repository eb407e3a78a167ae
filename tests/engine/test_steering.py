"""Ways of sampling inside the engine: which coins there are, and what weighted draws tell."""

import jax.numpy as jnp
import numpy as np
import pytest

from sdn_mc import engine
from sdn_mc.core.constants import S_PER_DAY
from sdn_mc.core.problems import InputError
from sdn_mc.engine import Prepared
from sdn_mc.metrics.availability import Availability
from tests.small_run import small_run

N_DRAW = 2048
RATE, DAYS = 0.5, 20.0  # a year; of one satellite
LAWS = ("threats=[satellite_failure]", f"threats.satellite_failure.rate_per_year={RATE}",
        f"threats.satellite_failure.replacement_d={DAYS}")  # fmt: skip
FAULTS = ("threats=[software_fault]", "threats.software_fault.probability=0.1",
          "threats.software_fault.groups=null")  # fmt: skip
TILT = ("sampling=tilt", "+sampling.factors.satellite_failure=4")
STRATA = ("sampling=strata", "sampling.of=[satellite_failure]", "sampling.first=[0,1,2]")


def drawn(run: Prepared, first: int = 0, n: int = N_DRAW):
    """What was drawn and the outages, in one epoch."""
    return engine.sample_draws(run, 0, jnp.arange(first, first + n, dtype=jnp.uint32))


def down_at(run: Prepared, time_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Which satellites are down [draw, sat], and the weights."""
    values, outages = drawn(run)
    (spans,) = outages["satellite_failure"]
    down = np.zeros((N_DRAW, spans.n_entity), bool)
    at = (spans.start_s <= time_s) & (time_s < spans.end_s)
    down[spans.draw[at], spans.entity[at]] = True
    return down, values["weight"]


@pytest.mark.parametrize("way", [TILT, STRATA], ids=["tilt", "strata"])
def test_weighted_failures_are_those_of_the_law_at_every_time(way):
    run = small_run(*LAWS, *way)
    load = RATE / 365.25 * DAYS
    share = load / (1 + load)
    for time_s in (0.0, 0.5 * S_PER_DAY, S_PER_DAY):
        down, weight = down_at(run, time_s)
        of_draw = weight[:, None] * down
        sigma = of_draw.std(axis=0) / np.sqrt(N_DRAW)
        off = np.abs(of_draw.mean(axis=0) - share) / sigma
        assert off.max() < 4.5  # of 16 satellites
        # Two at once: the second moments too.
        pair = weight * down[:, 0] * down[:, 9]
        assert abs(pair.mean() - share**2) < 4 * pair.std() / np.sqrt(N_DRAW)
    assert down.mean() > 1.5 * share  # drawn more often than they are


def test_a_tilted_macro_weighs_as_it_should():
    run = small_run(*FAULTS, "sampling=tilt", "+sampling.factors.software_fault=9")
    values, _ = drawn(run)
    hit, weight = values["software_fault.hit"], values["weight"]
    sigma = np.sqrt(0.5 * 0.5 / N_DRAW)  # odds of 1/9 by 9
    assert np.all(np.abs(hit.mean(axis=0) - 0.5) < 4 * sigma)
    both = weight * hit.all(axis=1)
    assert abs(both.mean() - 0.01) < 4 * both.std() / np.sqrt(N_DRAW)


def test_what_is_not_steered_keeps_its_bits():
    both = "threats=[satellite_failure,terminal_failure,software_fault]"
    plain, alone = drawn(small_run(both), n=256)
    ways = {
        "tilt": ("sampling=tilt", "+sampling.factors.satellite_failure=5"),
        "sobol": ("sampling=sobol",),
    }
    for name, way in ways.items():
        values, outages = drawn(small_run(both, *way), n=256)
        for each, other in zip(outages["terminal_failure"], alone["terminal_failure"], strict=True):
            assert np.array_equal(each.entity, other.entity)
            assert np.array_equal(each.start_s, other.start_s)
        if name == "tilt":
            assert all(np.array_equal(values[each], plain[each]) for each in plain)
        else:
            assert not np.array_equal(
                values["software_fault.onset_s"], plain["software_fault.onset_s"]
            )


def test_sobol_points_reach_threats_campaigns_and_metrics():
    words = ("threats=[vendor_fault,software_fault]", "sampling=sobol")
    values, _ = drawn(small_run(*words, "+campaigns.one=[vendor_fault,software_fault]"), n=512)
    onset = values["vendor_fault.onset_s"] / S_PER_DAY
    assert np.array_equal(values["vendor_fault.onset_s"], values["software_fault.onset_s"])
    for net in onset.reshape(2, 256):
        assert np.all(np.sort((net * 256).astype(int)) == np.arange(256))
    part, _ = drawn(small_run(*words, "+campaigns.one=[vendor_fault,software_fault]"), 256, 256)
    assert np.array_equal(part["vendor_fault.onset_s"], values["vendor_fault.onset_s"][256:])


REFUSED = [
    (("threats=[link_loss]", "+sampling.factors.link_loss=2"), "has no chance that sampling could"),
    (
        (
            "threats=[satellite_failure]",
            "threats.satellite_failure.rate_per_year="
            "{_target_: sdn_mc.core.distributions.Uniform, low: 0.1, high: 0.2}",
            "+sampling.factors.satellite_failure=2",
        ),
        "differ from draw to draw",
    ),
    (
        (
            "threats=[vendor_fault,software_fault]",
            "threats.vendor_fault.stream=one",
            "threats.software_fault.stream=one",
            "+sampling.factors.vendor_fault=2",
        ),
        "shares its random stream with software_fault",
    ),
]


@pytest.mark.parametrize(("words", "said"), REFUSED)
def test_what_cannot_be_steered_is_refused(words, said):
    with pytest.raises(InputError, match=said):
        small_run(*words, "sampling=tilt")


def test_means_at_the_instants_are_weighted():
    run = small_run(*LAWS, *TILT)
    block = engine.run_block(run, 0, 64)
    series, weight = block.series["attacked"], block.drawn["weight"]
    means = engine.instants_of(run, series, 0, weight)["availability"]
    values = Availability().per_instant(series, run.healthy[0], run.scenes[0])["availability"]
    expected = np.average(values, axis=0, weights=weight)
    np.testing.assert_allclose(means, expected, rtol=1e-12)  # the same sum in another order
