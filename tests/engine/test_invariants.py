"""What must not change a bit, what may only get worse, and that what is drawn is used."""

import numpy as np
import pytest

import sdn_mc
from sdn_mc import engine
from sdn_mc.core.constants import S_PER_DAY
from sdn_mc.core.network import Masks
from sdn_mc.engine import Prepared
from tests.engine.scenarios import FOUR_PLANES, GRID, often
from tests.small_run import SMALL, small_run

UNIFORM = "sdn_mc.core.distributions.Uniform"


def latencies(run: Prepared, n_draw: int = 64) -> dict[str, np.ndarray]:
    """Latency series of every column."""
    series = engine.run_block(run, 0, n_draw).series
    return {name: column.latency_s for name, column in series.items()}


def masks(run: Prepared, n_draw: int = 64) -> list[Masks]:
    """Mask words of every column."""
    _, outages = engine.sample_draws(run, 0, np.arange(n_draw, dtype=np.uint32))
    return engine.masks_at(run, 0, outages, run.columns, run.scenes[0].time_s, n_draw)


def test_more_failures_never_shorten_a_path():
    """With fixed lasers and any satellite in view. Nothing returns inside the window, so that what
    a lower rate takes a higher one takes too."""
    forever = (
        "threats.satellite_failure.replacement_d=36525",
        "threats.terminal_failure.repair_d=36525",
    )
    rates = [0.001, 0.01, 0.1]
    runs = [
        often(
            *forever,
            f"threats.satellite_failure.rate_per_year={rate}",
            f"threats.terminal_failure.rate_per_year={rate / 4}",
        )
        for rate in rates
    ]
    up = [masks(run)[0] for run in runs]
    found = [latencies(run)["attacked"] for run in runs]
    for fewer, more in ((0, 1), (1, 2)):
        assert not np.any(up[more].link_up & ~up[fewer].link_up)
        assert not np.any(up[more].access_up & ~up[fewer].access_up)
        assert np.all(found[more] >= found[fewer])
        assert np.any(found[more] > found[fewer])


def test_another_cause_never_shortens_a_path():
    columns = "columns={one: [satellite_failure], two: [satellite_failure, terminal_failure]}"
    found = latencies(often(columns))
    assert np.all(found["two"] >= found["one"]) and np.any(found["two"] > found["one"])


def test_names_and_order_of_columns_and_causes_change_no_bit():
    """Nor does a threat that acts in no column."""
    causes = ("satellite_failure", "vendor_fault")
    first = often(
        "columns={a: [satellite_failure, vendor_fault], b: [vendor_fault]}", causes=causes
    )
    second = often(
        "columns={z: [vendor_fault], y: [vendor_fault, satellite_failure]}",
        causes=("terminal_failure", *causes[::-1]),
    )
    before, after = (engine.run_block(run, 0, 64) for run in (first, second))
    for one, other in (("a", "y"), ("b", "z")):
        assert np.array_equal(before.series[one].latency_s, after.series[other].latency_s)
    for name, value in before.drawn.items():
        assert np.array_equal(value, after.drawn[name])


def test_blocks_of_any_width_hold_the_same_draws():
    run = often("metrics=[availability,hops]")
    whole = engine.run_block(run, 0, 256).series["attacked"]
    for first, count in ((0, 32), (160, 32), (220, 30), (255, 1)):
        part = engine.run_block(run, first, count).series["attacked"]
        assert np.array_equal(part.latency_s, whole.latency_s[first : first + count])
        assert np.array_equal(part.hops, whole.hops[first : first + count])


def test_another_seed_is_another_sample():
    one, two = latencies(often()), latencies(often("seed=2"))
    assert not np.array_equal(one["attacked"], two["attacked"])


def test_a_distribution_is_drawn_once_a_draw_and_used():
    """A draw whose numbers came from distributions equals one with those numbers written out."""
    ranges = {"rate_per_year": (300, 700), "replacement_d": (0.1, 0.4)}
    spread = [
        f"threats.satellite_failure.{name}={{_target_: {UNIFORM}, low: {low}, high: {high}}}"
        for name, (low, high) in ranges.items()
    ]
    cause = ("satellite_failure",)
    run = small_run(*FOUR_PLANES, *GRID, f"threats=[{cause[0]}]", *spread)
    drawn, outages = engine.sample_draws(run, 0, np.arange(64, dtype=np.uint32))
    values = {name: drawn[f"satellite_failure.{name}"] for name in ranges}
    for name, (low, high) in ranges.items():
        assert values[name].shape == (64,) and len(np.unique(values[name])) == 64
        assert values[name].min() >= low and values[name].max() < high
        middle, sigma = (low + high) / 2, (high - low) / np.sqrt(12 * 64)
        assert abs(values[name].mean() - middle) < 4 * sigma
    for draw in (0, 17, 63):
        written = [
            f"threats.satellite_failure.{name}={float(value[draw])!r}"
            for name, value in values.items()
        ]
        fixed = small_run(*FOUR_PLANES, *GRID, f"threats=[{cause[0]}]", *written)
        _, same = engine.sample_draws(fixed, 0, np.arange(64, dtype=np.uint32))
        for a, b in zip(outages[cause[0]], same[cause[0]], strict=True):
            mine, other = a.draw == draw, b.draw == draw
            assert np.array_equal(a.entity[mine], b.entity[other])
            # Two programs: the rate of float32 may round otherwise, which the times then carry.
            assert np.allclose(a.start_s[mine], b.start_s[other], rtol=1e-6, atol=0.02)
            assert np.allclose(a.end_s[mine], b.end_s[other], rtol=1e-6, atol=0.02)


def test_repairs_last_as_long_as_the_draw_says():
    low, high = 0.05, 0.8
    spread = f"{{_target_: {UNIFORM}, low: {low}, high: {high}}}"
    name = "satellite_failure"
    run = often(f"threats.{name}.replacement_d={spread}", causes=(name,))
    drawn, outages = engine.sample_draws(run, 0, np.arange(512, dtype=np.uint32))
    (law,) = outages["satellite_failure"]
    repair_d = drawn["satellite_failure.replacement_d"][law.draw]
    # What fails early in the window, so that its length does not decide whether it is seen whole.
    early = (law.start_s > 0) & (law.start_s < 40_000)
    units = (law.end_s - law.start_s) / (repair_d * S_PER_DAY)
    # Unit exponentials: mean 1 with sigma 1 / sqrt(n), in short draws and long.
    longer = repair_d > (low + high) / 2
    for some in (early & longer, early & ~longer):
        assert some.sum() > 1000
        assert abs(units[some].mean() - 1) < 4 / np.sqrt(some.sum())


def test_what_was_drawn_is_in_the_result(tmp_path):
    spread = f"threats.satellite_failure.rate_per_year={{_target_: {UNIFORM}, low: 1, high: 9}}"
    threats = "threats=[satellite_failure,vendor_fault]"
    overrides = [*SMALL, "times.count=4", "times.n_epoch=1", threats, spread, "draws=40"]
    tree = sdn_mc.simulate(overrides, str(tmp_path / "run"))
    run = small_run(threats, spread, times=("times.count=4", "times.n_epoch=1"))
    drawn, _ = engine.sample_draws(run, 0, np.arange(64, dtype=np.uint32))
    assert set(drawn) == {
        "satellite_failure.rate_per_year",
        *(f"vendor_fault.{name}" for name in ("hit", "onset_s", "repair_h")),
    }
    for name, values in drawn.items():
        stored = tree["/draws"][name.replace(".", "_")]
        assert stored.dims[0] == "draw" and np.array_equal(stored.values, values[:40])


@pytest.mark.parametrize("n_draw", [31, 33, 70])
def test_any_number_of_draws_is_given(n_draw):
    assert latencies(often(), n_draw)["attacked"].shape[0] == n_draw
