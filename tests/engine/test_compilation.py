"""Numbers are data: sweeping them, or the seed, compiles nothing."""

import numpy as np
import pytest

from sdn_mc import engine
from sdn_mc.engine import laws, masking_kernel, masking_xla
from sdn_mc.engine.causes import sample
from sdn_mc.engine.effects import _words
from sdn_mc.routing.jacobi import _solve_time
from sdn_mc.routing.pull_push_kernel import solve_block
from tests.engine.scenarios import FOUR_PLANES, GRID, MENDING
from tests.small_run import small_run

THREATS = "threats=[satellite_failure,plane_outage,vendor_fault]"
BASE = (*FOUR_PLANES, *GRID, *MENDING, THREATS)
CAUSES = (
    "threats.satellite_failure.rate_per_year=0",  # written as a whole number
    "threats.satellite_failure.replacement_d=30",
    "threats.plane_outage.rate_per_year=0.4",
    "threats.plane_outage.repair_h=7.5",
    "threats.vendor_fault.probability=0.25",
    "threats.vendor_fault.repair_h.median=5",
)
ON_THE_GRAPH = (
    "threats=[interoperability,compromise,adversary]",
    "threats.interoperability.label=software",
    "++threats.compromise.susceptibility.green=0.5",
)
GRAPH_CAUSES = (
    "threats.interoperability.p_success=0.5",
    "threats.interoperability.rate_per_year=100",
    "threats.compromise.rate_per_h=3",
    "++threats.compromise.susceptibility.green=2",
    "threats.compromise.detection_h=1",
    "threats.adversary.count=3",
    "threats.adversary.sigma=0.5",
)
GEOMETRY = (
    "constellation.shells.shell.altitude_km=1000",
    "constellation.shells.shell.inclination_deg=70",
    "constellation.epoch=2027-01-02T00:00:00Z",
    "access.min_elevation_deg=12.5",
    "topology.retarget_s=50",
    "times.window_h=30",
    "times.start=2027-01-09T00:00:00Z",
    *("~sites.sites.McMurdo", "+sites.sites.Harbour=[10,20,0]"),
)


# What the two solvers and their masks use.
COMPILED = {
    "pull_push": (laws._fill, masking_kernel.fill, solve_block),
    "xla_int32": (laws._fill, masking_kernel.fill_edges),
}
JITTED = {"pull_push": (sample,), "xla_int32": (sample, masking_xla._words, _solve_time)}


def compiled(solver: str, *overrides: str) -> tuple[int, ...]:
    """Run a block; how often each compiled function has been compiled so far."""
    run = small_run(*BASE, f"solver={solver}", *overrides)
    engine.run_block(run, 0, 32)
    return (
        *(function._cache_size() for function in JITTED[solver]),
        *(len(function.signatures) for function in COMPILED[solver]),
    )


@pytest.mark.parametrize("solver", ["pull_push", "xla_int32"])
def test_sweeping_numbers_compiles_nothing(solver):
    before = compiled(solver)
    assert all(count > 0 for count in before)
    assert compiled(solver, *CAUSES) == before
    assert compiled(solver, *GEOMETRY) == before
    assert compiled(solver, "seed=77") == before


@pytest.mark.parametrize("solver", ["pull_push", "xla_int32"])
def test_sweeping_threats_on_the_graph_compiles_nothing(solver, monkeypatch):
    monkeypatch.setattr(masking_xla, "EDGES_AT_LEAST", 1 << 14)  # room for any of these numbers
    before = compiled(solver, *ON_THE_GRAPH)
    assert compiled(solver, *ON_THE_GRAPH, *GRAPH_CAUSES, "seed=77") == before


def test_a_swept_lag_compiles_nothing():
    before = compiled("pull_push", "routing=lagged", "routing.lag_s=10")
    assert compiled("pull_push", "routing=lagged", "routing.lag_s=200") == before


SWEPT = {
    "jamming_uplink": ("js_db=3", "margin_db=7", "half_beamwidth_deg=2", "emitters.latitude_deg=51",
                       "emitters.speed_km_h=50", "onset_s=600"),
    "jamming_downlink": ("js_db=3", "peak_gain_dbi=30", "diameter_wavelengths=30",
                         "emitters.altitude_m=9000", "user_height_m=20"),
    "sun_conjunction": ("angle_deg=4",),
    "cloud": ("decorrelation_km=300", "correlation_h=3"),
}  # fmt: skip


@pytest.mark.parametrize("name", SWEPT)
def test_sweeping_numbers_of_a_cause_with_geometry_compiles_nothing(name):
    def compiled_with(*settings: str) -> tuple[int, int]:
        own = [f"threats.{name}.{setting}" for setting in settings]
        run = small_run(f"threats=[{name}]", "solver=xla_int32", *own)
        engine.run_block(run, 0, 32)
        return sample._cache_size(), _words._cache_size()

    before = compiled_with()
    assert all(compiled_with(setting) == before for setting in SWEPT[name])


def test_another_epoch_uses_the_same_code():
    run = small_run(*BASE, "solver=pull_push", times=("times.count=6", "times.n_epoch=3"))
    engine.run_block(run, 0, 32)
    before = sample._cache_size(), len(masking_kernel.fill.signatures)
    for group in (1, 2):
        block = engine.run_block(run, 256 * group, 32)
        assert block.epoch == group and np.isfinite(block.series["attacked"].latency_s).any()
    assert (sample._cache_size(), len(masking_kernel.fill.signatures)) == before
