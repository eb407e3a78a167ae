"""Path latencies of other programs, reproduced through the public configuration."""

from pathlib import Path

import numpy as np
import pytest

import sdn_mc
from tests.crosscheck import inputs

LIGHT_M_US = 299.792458
FIXED = [
    "experiment=crosscheck",
    f"mesh.planes={inputs.PLANES}",
    f"mesh.slots={inputs.SLOTS}",
    "mesh.slot_shift=0",
    "times.start=2000-01-01T00:00:00Z",
    "draws=1",
]
SGP4 = "hyp_starlink_mm15.05491974"
CLOSED = "dsns_walker17_norelay"
SOLVERS = (
    *("xla_float64", "xla_float32", "xla_int32", "pull_push"),
    pytest.param("cuda_sweeps", marks=pytest.mark.gpu),
)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("crosscheck")
    inputs.write_hypatia_elements(folder / "hypatia.tle")
    inputs.write_closed_form_elements(folder / "closed.csv", 5738.931703358754)
    return folder


def worst_us(folder: Path, out: Path, case: str, solver: str, step_s: int, count: int) -> float:
    """Largest difference over a case's rows; fails where reachability differs."""
    overrides = [*FIXED, *inputs.write_sites_and_pairs(folder), f"solver={solver}"]
    overrides += [f"times.step_s={step_s}", f"times.count={count}"]
    if case == CLOSED:
        overrides += [
            f"constellation.path={folder / 'closed.csv'}",
            "propagation.period_s=5738.931703358754",
            "earth.radius_m=6378100",
            "earth.day_s=86400",
            "access.min_elevation_deg=25",
        ]
    else:
        overrides += [
            f"constellation.path={folder / 'hypatia.tle'}",
            "access.max_range_km=1089.6864182",
        ]
    if "_fail_" in case:
        losses = folder / f"{case}.csv"
        inputs.write_losses(losses, case.partition("_fail_")[2])
        overrides.append(f"threats.explicit_loss.path={losses}")
    result = sdn_mc.simulate(overrides, str(out))
    latency = result["/paths"]["latency_s"]
    if solver == "xla_float64":
        assert latency.dtype == np.float64
    rows = inputs.expected(case)
    where = {
        pair: k
        for k, pair in enumerate(
            zip(latency["source"].values, latency["destination"].values, strict=True)
        )
    }
    found_us = latency.values[0].astype(np.float64) * 1e6
    worst, compared = 0.0, 0
    for (t_s, source, destination), path_m in rows.items():
        if t_s % step_s or t_s >= step_s * count:
            continue
        ours = found_us[int(t_s) // step_s, where[(source, destination)]]
        assert np.isfinite(ours) == np.isfinite(path_m), (t_s, source, destination)
        compared += 1
        if np.isfinite(ours):
            worst = max(worst, abs(ours - path_m / LIGHT_M_US))
    assert compared == count * len(inputs.PAIRS)
    return worst


def test_the_closed_form_is_met_to_a_millionth_of_a_microsecond(files, tmp_path):
    # Float64 rounding over 40,000 us is 1e-11 of it; the rows have 1e-4 m, that is 3e-7 us.
    assert worst_us(files, tmp_path / "run", CLOSED, "xla_float64", 180, 33) <= 1e-6


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("case", ["node10pct", "node50pct", "planes0to5", "isl10pct"])
def test_sgp4_paths_with_losses_are_met_to_a_microsecond(files, tmp_path, case, solver):
    # 0.55 us is the other program's float32 angles and its radius of 6378.16 km.
    name = f"{SGP4}_fail_{case}"
    assert worst_us(files, tmp_path / "run", name, solver, 600, 10) <= 1.0


@pytest.mark.parametrize("solver", SOLVERS)
def test_sgp4_paths_are_met_to_a_microsecond(files, tmp_path, solver):
    assert worst_us(files, tmp_path / "run", SGP4, solver, 240, 25) <= 1.0


@pytest.mark.slow
@pytest.mark.parametrize("solver", SOLVERS)
def test_every_row_of_sgp4_paths_is_met_to_a_microsecond(files, tmp_path, solver):
    assert worst_us(files, tmp_path / "run", SGP4, solver, 60, 100) <= 1.0


@pytest.mark.slow
def test_every_row_of_the_closed_form_is_met(files, tmp_path):
    assert worst_us(files, tmp_path / "run", CLOSED, "xla_float64", 60, 100) <= 1e-6


@pytest.mark.parametrize("solver", SOLVERS[1:])
def test_every_solver_meets_the_closed_form_to_its_rounding(files, tmp_path, solver):
    # Ticks of 2 ns round by 1 ns a link; float32 seconds step by 7.5e-3 us at 70 ms, a few times.
    assert worst_us(files, tmp_path / "run", CLOSED, solver, 600, 10) <= 0.1
