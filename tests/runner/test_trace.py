"""A trace says what the result says, for reached and unreached pairs, whatever the options."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from rich.console import Console

from sdn_mc import runner
from sdn_mc.core.problems import InputError
from sdn_mc.runner.trace import print_trace
from tests.engine.scenarios import FOUR_PLANES, GRID, MENDING, struck
from tests.small_run import small_job

EPISODE = ("times=episode", "times.n_epoch=1")
CAUSES = ("satellite_failure", "terminal_failure", "software_fault")
N_DRAW = 40
CASES = {
    "plain": (),
    "best satellite, lasers that turn": ("access=best_elevation", *MENDING),
    "routes on old news": (
        *("routing=lagged", "routing.lag_s=3000", "access=best_elevation"),
        "flows.flows=[[[London,Paris],[New York,Tokyo]],[Sao Paulo,Dubai],[London,Nairobi]]",
    ),
    "a route that knows nothing": ("routing=static", "access=best_elevation", *MENDING),
    "two fixed routes": (
        "routing=disjoint_backup",
        "flows.flows=[[[London,Paris],[New York,Tokyo]],[Sao Paulo,Dubai],[London,Nairobi]]",
    ),
    "lasers that turn often": (
        "threats.terminal_failure.rate_per_year=50000",
        "threats.terminal_failure.repair_d=2e-3",
    ),
    "in double precision": ("solver=xla_float64",),
}


@pytest.fixture(scope="module", params=CASES.values(), ids=CASES)
def result(request, tmp_path_factory) -> Path:
    """A finished run with two columns."""
    columns = "columns={hardware: [satellite_failure, terminal_failure], all: [%s]}"
    overrides = (*struck(CAUSES), columns % ",".join(CAUSES), f"draws={N_DRAW}", *request.param)
    job = small_job(*FOUR_PLANES, *GRID, *overrides)
    return runner.run(job, tmp_path_factory.mktemp("run"), Console(file=io.StringIO()))


def printed(result: Path, draw: int, pair: int, time: int, column: str) -> tuple[str, str]:
    """What a trace prints, without threats and with them."""
    page = io.StringIO()
    print_trace(result, draw, pair, time, column, Console(file=page, width=200))
    _, healthy, attacked = re.split(r"^with.*$", page.getvalue(), flags=re.MULTILINE)
    return healthy, attacked


def check_sums(text: str, stored_s: float) -> None:
    """The legs add up, and the sum is the stored latency."""
    assert f"in the result: {float(stored_s) * 1e3:.6f} ms" in text
    total = re.search(r"(\d+) links?, ([\d.]+) ms; .* ([\d.]+) ms$", text, re.MULTILINE)
    legs = re.findall(r" ([\d.]+)  +([\d.]+)  (\S.*?) *$", text, re.MULTILINE)
    n_leg = len(legs)
    assert int(total[1]) == n_leg - 2
    # Each number is printed to 1e-6 ms.
    assert abs(sum(float(delay) for delay, _, _ in legs) - float(total[2])) < (n_leg + 1) * 5.1e-7
    assert legs[-1][1] == total[2]
    if stored_s.dtype == np.float64:  # the exact sum is what was stored
        assert abs(float(total[2]) / 1e3 - stored_s) < 1e-9
    else:  # whole ticks, then float32
        assert abs(float(total[3]) / 1e3 - stored_s) < 1e-9 + np.spacing(stored_s)


def test_a_trace_prints_the_stored_latency(result):
    tree = xr.open_datatree(result, engine="zarr", consolidated=False)
    lost = 0
    for column, name in (("hardware", "latency_hardware_s"), ("all", "latency_s")):
        stored_s = tree["/paths"][name].values
        assert 0.05 < np.isfinite(stored_s).mean() < 0.95
        reached, unreached = np.argwhere(np.isfinite(stored_s)), np.argwhere(np.isinf(stored_s))
        chosen = [*reached[:: len(reached) // 2], *unreached[:: len(unreached) // 2]]
        for draw, time, pair in chosen:
            healthy, attacked = printed(result, int(draw), int(pair), int(time), column)
            if np.isfinite(stored_s[draw, time, pair]):
                check_sums(attacked, stored_s[draw, time, pair])
                assert "out: " not in attacked and "asleep" not in attacked
                assert "higher satellite" not in attacked
            else:
                assert "in the result: no path" in attacked
                assert "no path: " in attacked or "; not delivered" in attacked
                lost += any(word in healthy for word in ("out: ", "no path: "))
            healthy_s = tree["/scene"]["latency_healthy_s"].values[0, time, pair]
            if np.isfinite(healthy_s):
                check_sums(healthy, healthy_s)
    assert lost >= 4  # of six: the route without threats shows what broke it


def test_a_trace_of_what_is_not_there_says_what_is(result):
    for wrong, message in (
        ({"draw": N_DRAW}, f"draw={N_DRAW} given; the run has 0 to {N_DRAW - 1}"),
        ({"pair": 3}, "pair=3 given; the run has 0 to 2"),
        ({"time": -1}, "time=-1 given; the run has 0 to 5"),
        ({"column": "none"}, "no column is called 'none'; there are hardware, all"),
    ):
        asked = {"draw": 0, "pair": 0, "time": 0, "column": "all"} | wrong
        with pytest.raises(InputError, match=re.escape(message)):
            printed(result, **asked)


@pytest.mark.parametrize("access", ["visible", "best_elevation"])
@pytest.mark.parametrize("routing", ["ideal", "lagged"])
def test_a_trace_tells_a_frozen_route_and_what_broke_it(tmp_path, routing, access):
    """Frozen since instant 5, in every draw."""
    frozen = ("mode=freeze", "onset_s=330", "repair_h=1")
    job = small_job(
        *FOUR_PLANES,
        *GRID,
        "threats=[satellite_failure,control_plane_fault]",
        "threats.satellite_failure.rate_per_year=100",
        "threats.satellite_failure.replacement_d=0.2",
        *(f"threats.control_plane_fault.{words}" for words in frozen),
        f"routing={routing}",
        f"access={access}",
        f"draws={N_DRAW}",
        times=(*EPISODE, "times.before_h=0", "times.horizon_h=0.3", "times.step_s=60"),
    )
    result = runner.run(job, tmp_path, Console(file=io.StringIO()))
    tree = xr.open_datatree(result, engine="zarr", consolidated=False)
    stored_s, states = tree["/paths"]["latency_s"].values[:, 5:], set()
    delivered = np.argwhere(np.isfinite(stored_s[:, 1:]))
    lost = np.argwhere(np.isfinite(stored_s[:, :1]) & np.isinf(stored_s[:, 1:]))
    for draw, time, pair in (*delivered[[0, -1]], *lost[[0, len(lost) // 2, -1]]):
        _, attacked = printed(result, int(draw), int(pair), int(time) + 6, "attacked")
        if np.isfinite(stored_s[draw, time + 1, pair]):
            check_sums(attacked, stored_s[draw, time + 1, pair])
            assert "out: " not in attacked and "gone" not in attacked
        else:
            assert "in the result: no path" in attacked and "; not delivered" in attacked
            states |= {word for word in ("out: ", "gone: ") if word in attacked}
    assert "gone: " in states
    page = io.StringIO()
    print_trace(result, 0, 0, 7, None, Console(file=page, width=200))
    assert "the control plane of the fleet" in page.getvalue()
    assert "routing frozen since time 5 = 300.0 s" in page.getvalue()
