"""Elimination on a GPU: bits of the CPU's solvers, streams without races, and what compiles."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.bench import problem
from sdn_mc.core import cuda
from sdn_mc.core.cuda import H100, Limits
from sdn_mc.routing import cuda_elimination
from sdn_mc.routing.cuda_elimination import GEOMETRY, plan_streams, solve_streams
from sdn_mc.routing.elimination import Elimination
from sdn_mc.routing.pull_push import PullPush
from sdn_mc.routing.streams.plan import streams_of
from sdn_mc.routing.streams.waves import Geometry
from tests.cuda.streams import races, touches
from tests.routing_graphs import irregular, pack, plus_grid, random_flags

PULL_PUSH = PullPush(block_draws=64)
ANY = 10**9
# Lanes, warps, rows of an instruction, tiles of a wave; and the share of the rows that is cold.
SMALL = (
    (Geometry(32, 2, 4, 4), 0.0),
    (Geometry(32, 2, 2, 64), 0.6),
    (Geometry(16, 2, 4, 16), 0.9),
    (Geometry(16, 1, 2, 2), 0.0),
    (Geometry(8, 2, 4, 8), 0.5),
)
ARCHITECTURES = ("sm_80", "sm_90", "sm_120")


def few_blocks(network, geometry, cold_share, n_block=2):
    """A plan with so many blocks of threads and so many cold rows."""
    plan = plan_streams(network, ANY, Limits(n_block, H100.shared_bytes), geometry)
    assert plan is not None
    taken = int(cold_share * plan.rows[0]) * geometry.lanes * 4
    return plan_streams(network, ANY, Limits(n_block, plan.shared_bytes - taken), geometry)


def assert_same_latencies(network, masks, geometry, cold_share):
    plan = few_blocks(network, geometry, cold_share)
    wanted = PULL_PUSH.solve(PULL_PUSH.prepare(network), masks, None, False).latency_s
    found = np.asarray(solve_streams(plan, masks))
    assert found.dtype == wanted.dtype and found.tobytes() == wanted.tobytes()
    return plan


@pytest.mark.parametrize(("geometry", "cold_share"), SMALL)
@pytest.mark.parametrize("seed", range(5))
def test_bits_are_those_of_sweeps_on_a_cpu(emulated, seed, geometry, cold_share):
    network, slot_link = irregular(seed)
    masks = pack(*random_flags(network, slot_link, 64, 0.15, seed))
    assert_same_latencies(network, masks, geometry, cold_share)


@pytest.mark.parametrize("equal_delay", [False, True])
def test_bits_are_those_of_sweeps_on_a_grid_with_cold_rows(emulated, equal_delay):
    network, slot_link = plus_grid(6, 7, equal_delay)
    masks = pack(*random_flags(network, slot_link, 96, 0.2, 7))
    plan = assert_same_latencies(network, masks, *SMALL[1])
    assert plan.rows[1] > 0 and dict(plan.macros)["SOME_COLD"] == 1


def test_a_topology_may_change_with_time(emulated):
    one, slots = plus_grid(4, 5, False)
    other, _ = plus_grid(4, 5, False)
    turned = np.roll(other.neighbour, 1, axis=1)
    network = one.__class__(
        neighbour=np.stack([one.neighbour, turned]),
        delay_s=np.stack([one.delay_s[0], np.roll(one.delay_s[1], 1, axis=1)]),
        access_sat=one.access_sat,
        access_delay_s=one.access_delay_s,
        source=one.source,
        pair_source=one.pair_source,
        pair_site=one.pair_site,
    )
    link_up, access_up = random_flags(one, slots, 32, 0.1, 1)
    link_up[1] = np.roll(link_up[1], 1, axis=1)
    plan = assert_same_latencies(network, pack(link_up, access_up), *SMALL[0])
    assert len(np.unique(plan.tables.here()["run_of_time"])) == 2


def moving_access(n_time=12):
    """Sites whose six satellites change by one every fourth time, in an order that turns."""
    network, slots = plus_grid(5, 6, False)
    rng = np.random.default_rng(3)
    time = np.arange(n_time)[:, None, None]
    site, candidate = np.arange(6)[None, :, None], np.arange(6)[None, None, :]
    turned = (candidate + time) % 6
    sat = (7 * site + turned + time // 4) % 30
    delay_s = np.broadcast_to(network.delay_s[:1], (n_time, *network.delay_s.shape[1:]))
    moving = network.__class__(
        neighbour=network.neighbour,
        delay_s=delay_s,
        access_sat=sat.astype(np.int32),
        access_delay_s=rng.uniform(1e-3, 4e-3, sat.shape),
        source=network.source,
        pair_source=network.pair_source,
        pair_site=network.pair_site,
    )
    return moving, slots


def test_times_with_nearly_the_same_access_share_a_program(emulated):
    network, slots = moving_access()
    masks = pack(*random_flags(network, slots, 32, 0.2, 2))
    plan = assert_same_latencies(network, masks, *SMALL[0])
    assert 1 < len(np.unique(plan.tables.here()["run_of_time"])) <= 4


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), which=st.integers(0, len(SMALL) - 1))
def test_no_row_is_written_by_one_warp_and_touched_by_another_between_barriers(seed, which):
    network, _ = irregular(seed)
    geometry, cold_share = SMALL[which]
    full = streams_of(network, geometry, H100.shared_bytes, ANY)
    less = H100.shared_bytes if cold_share == 0 else int(1.2 * full.n_buffer * geometry.lanes * 4)
    streams = streams_of(network, geometry, max(less, 4096), ANY) or full
    for run in range(len(streams.start)):
        assert not races(streams, run)
        ends = {touch.phase for touch in touches(streams, run) if touch.row[0] == "end"}
        assert len(ends) == 1  # every warp waits as often as the others


@pytest.mark.parametrize("n_sat", [340, 1584])
def test_the_streams_of_a_benchmark_have_no_race_and_fit(n_sat):
    network = problem.network_of(n_sat, 1)
    streams = streams_of(network, GEOMETRY, H100.shared_bytes, ANY)
    assert not races(streams, 0)
    rows = {touch.row for touch in touches(streams, 0)}
    assert max(n for kind, n in rows if kind == "hot") < streams.n_hot
    assert max((n for kind, n in rows if kind == "cold"), default=-1) < max(1, streams.n_cold)
    assert max(n for kind, n in rows if kind == "buffer") < streams.n_buffer
    assert streams.n_relaxation == n_join(network)


def n_join(network):
    """Joins of the CPU's program: of each two upper neighbours, of those with sites, of pairs."""
    elimination = Elimination(block_draws=64, most_relaxations=ANY)
    (stretch,) = elimination.prepare(network).stretches
    program, start = stretch.program, stretch.hanging.start[0]
    pairs = {
        (source, int(other))
        for source in range(stretch.n_source)
        for other in stretch.pair_used[stretch.pair_start[source] : stretch.pair_start[source + 1]]
    }
    total = 0
    for group, (width, n_upper) in enumerate(zip(program.width, program.n_upper, strict=True)):
        sites = set(stretch.hanging.site[start[group] : start[group + 1]].tolist())
        n_meeting = sum(source in sites and other in sites for source, other in pairs)
        total += int(width) * (n_upper * (n_upper - 1) // 2 + n_upper * len(sites) + n_meeting)
    return total


def test_a_mesh_that_does_not_suit_is_refused():
    network, _ = plus_grid(6, 7, False)
    assert plan_streams(network, 10, H100) is None
    assert plan_streams(network, ANY, Limits(1, 1024)) is None


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("some_cold", [0, 1])
@pytest.mark.parametrize("lanes", [8, 16, 32])
def test_the_source_compiles_without_a_gpu(lanes, some_cold, architecture):
    pytest.importorskip("cuda.core", reason="cuda-core is not installed")
    macros = {"LANES": lanes, "WARPS": 16, "ROWS": 4, "COLUMNS": 2}
    macros |= {"SOME_COLD": some_cold, "BLOCKS": 1}
    binary = cuda.compiled(cuda_elimination.SOURCE, tuple(macros.items()), architecture)
    assert binary.code[:4] == b"\x7fELF"


def test_a_launch_lowers_for_cuda(emulated):
    network, slots = plus_grid(4, 5, False)
    masks = pack(*random_flags(network, slots, 32, 0.1, 1))
    plan = few_blocks(network, *SMALL[0])
    traced = jax.jit(lambda one: solve_streams(plan, one)).trace(masks)
    text = traced.lower(lowering_platforms=("cuda",)).as_text()
    assert "xla_buffer_python_gpu_callback" in text


@pytest.mark.parametrize(("n_sat", "loss"), [(340, 0.05), (340, 0.3), (1584, 0.3)])
def test_benchmarks_have_the_bits_of_the_cpu_in_the_geometry_of_a_gpu(emulated, n_sat, loss):
    network = problem.network_of(n_sat, 2)
    masks = problem.draws_of(network, loss, 32, 1).masks
    elimination = Elimination(block_draws=64, most_relaxations=ANY)
    wanted = elimination.solve(elimination.prepare(network), masks, None, False).latency_s
    found = np.asarray(solve_streams(plan_streams(network, ANY, H100), masks))
    assert found.tobytes() == wanted.tobytes()


@pytest.mark.gpu
@pytest.mark.parametrize("n_sat", [340, 1584])
def test_a_gpu_has_the_bits_of_the_cpu(n_sat):
    assert cuda.why_not() is None, cuda.why_not()
    network = problem.network_of(n_sat, 2)
    masks = problem.draws_of(network, 0.3, 256, 1).masks
    elimination = Elimination(block_draws=64, most_relaxations=ANY)
    wanted = elimination.solve(elimination.prepare(network), masks, None, False).latency_s
    found = np.asarray(solve_streams(plan_streams(network, ANY, cuda.limits()), masks))
    assert found.tobytes() == wanted.tobytes()
