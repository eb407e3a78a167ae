"""The GPU solver by sweeps: bit for bit the CPU's, emulated here and on a GPU where there is one.

The emulation has real races and none of a GPU's memory rules. compute-sanitizer's racecheck, run on
a GPU, will name the rows that groups read while others write: that is meant (see the source).
"""

import io
import itertools
import re
from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sdn_mc import engine
from sdn_mc.core import cuda
from sdn_mc.core.cuda import H100, Limits
from sdn_mc.core.network import Masks, Network
from sdn_mc.core.problems import InputError
from sdn_mc.graph import least_from
from sdn_mc.routing import cuda_sweeps
from sdn_mc.routing.cuda_sweeps import DELIVERY, HOPS, LATENCY, CudaSweeps, Geometry, geometry_of
from sdn_mc.routing.pull_push import PullPush
from sdn_mc.routing.walk import link_ticks
from tests.routing_graphs import (
    answers,
    network_from_links,
    pack,
    plus_grid,
    random_flags,
    random_network,
)
from tests.small_run import small_run

SWEEPS = CudaSweeps(block_draws=64)
PULL_PUSH = PullPush(block_draws=64)
LANES = (8, 16, 32)
# One block has many items; two warps and eight lanes are eight groups.
GEOMETRIES = [
    Geometry(n_lane, n_warp, in_shared, n_resident=n_warp, n_multiprocessor=1)
    for n_lane, n_warp, in_shared in (
        (32, 1, True), (16, 2, True), (8, 2, False), (32, 2, False), (16, 1, False), (8, 1, True),
    )
]  # fmt: skip
EMULATED = [  # some seconds each; the first have every size and place of the tables
    *GEOMETRIES[:3],
    *(pytest.param(geometry, marks=pytest.mark.slow) for geometry in GEOMETRIES[3:]),
]
needs_emulation = pytest.mark.usefixtures("emulated")


def named(geometry):
    where = "shared" if geometry.in_shared else "global"
    return f"{geometry.n_lane}x{geometry.n_warp}-{where}"


@pytest.fixture(autouse=True)
def _strict_promotion():
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        yield


def use(monkeypatch, geometry):
    monkeypatch.setattr(cuda_sweeps, "geometry_of", lambda *_: geometry)


def solve(solver, network, masks, truth=None, walk=True):
    return solver.solve(solver.prepare(network), masks, truth, walk)


def assert_same_bits(one, other):
    for name, value in one.__dict__.items():
        expected = getattr(other, name)
        assert (value is None) == (expected is None), name
        if value is not None:
            found = np.asarray(value)
            assert (found.dtype, found.shape) == (expected.dtype, expected.shape), name
            assert found.tobytes() == expected.tobytes(), name


def check(network, slot_link, n_draw=64, loss=0.15):
    """Latency, hops, and delivery in the truth, which has other losses than routing knows."""
    masks = pack(*random_flags(network, slot_link, n_draw, loss, 1))
    truth = pack(*random_flags(network, slot_link, n_draw, loss, 2))
    on_device = jax.tree.map(jnp.asarray, (masks, truth))
    routes = solve(SWEEPS, network, *on_device)
    assert_same_bits(routes, solve(PULL_PUSH, network, masks, truth))
    return routes


def changing(parts):
    """Two networks of equal size as two times of one."""
    first, second = (one for one, _ in parts)
    both = {
        name: np.concatenate([getattr(first, name), getattr(second, name)])
        for name in ("delay_s", "access_sat", "access_delay_s")
    }
    neighbour = np.stack([first.neighbour, second.neighbour])
    network = Network(**(first.__dict__ | both | {"neighbour": neighbour}))
    flags = [random_flags(one, slot_link, 32, 0.2, 4) for one, slot_link in parts]
    return network, pack(*(np.concatenate(kind) for kind in zip(*flags, strict=True)))


def star(n_port):
    """A hub with a link at each of its ports."""
    links = [(0, i) for i in range(1, n_port + 1)]
    delay_s = np.random.default_rng(n_port).uniform(1e-3, 2e-3, (1, n_port))
    access_sat, access_s = np.array([[[0], [n_port]]]), np.full((1, 2, 1), 1e-3)
    pairs = [(0, 1), (1, 0)]
    return network_from_links(n_port + 1, links, delay_s, access_sat, access_s, pairs, n_port)


@needs_emulation
@pytest.mark.parametrize("geometry", EMULATED, ids=named)
def test_every_geometry_gives_the_bits_of_the_cpu(geometry, monkeypatch):
    use(monkeypatch, geometry)
    routes = check(*random_network(3, n_sat=30))
    assert 0 < np.asarray(routes.delivered).mean() < (np.asarray(routes.hops) >= 0).mean() < 1


@needs_emulation
@pytest.mark.parametrize(
    "seed", [4, 5, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (6, 7))]
)
def test_random_networks_give_the_bits_of_the_cpu(seed):
    check(*random_network(seed), n_draw=32, loss=0.05)


@needs_emulation
@pytest.mark.parametrize("equal_delay", [False, True])
def test_a_torus_gives_the_bits_of_the_cpu(equal_delay):
    routes = check(*plus_grid(5, 6, equal_delay))
    assert np.isfinite(routes.latency_s).mean() > 0.5


@needs_emulation
@pytest.mark.parametrize("n_port", [1, 7])
def test_any_number_of_ports_gives_the_bits_of_the_cpu(n_port):
    check(*star(n_port), n_draw=32)


@needs_emulation
def test_neighbours_that_change_with_time_give_the_bits_of_the_cpu():
    network, masks = changing([random_network(seed, n_time=1) for seed in (11, 12)])
    found = solve(SWEEPS, network, masks, masks)
    assert_same_bits(found, solve(PULL_PUSH, network, masks, masks))


@needs_emulation
def test_a_source_without_pairs_is_passed_over():
    network, slot_link = plus_grid(4, 5, False)
    keep = network.pair_source != 1
    columns = {name: getattr(network, name)[keep] for name in ("pair_source", "pair_site")}
    check(Network(**(network.__dict__ | columns)), slot_link, 32)


@needs_emulation
def test_only_what_is_asked_for_is_returned():
    network, slot_link = random_network(1)
    masks = pack(*random_flags(network, slot_link, 32, 0.1, 1))
    bare, walked, checked = (
        solve(SWEEPS, network, masks, truth, walk)
        for truth, walk in ((None, False), (None, True), (masks, False))
    )
    assert bare.hops is None and bare.delivered is None
    assert walked.hops is not None and walked.delivered is None
    assert checked.hops is None and checked.delivered is not None
    for routes in (bare, walked, checked):
        assert isinstance(routes.latency_s, jax.Array)
        assert_same_bits(routes, solve(PULL_PUSH, network, masks, *(
            (masks, False) if routes is checked else (None, routes is walked)
        )))  # fmt: skip


@needs_emulation
def test_the_order_is_that_of_the_undamaged_distance():
    network, _ = random_network(5, n_sat=25)
    plan = SWEEPS.prepare(network)
    order, n_padding = np.asarray(plan.placed.here().order), plan.settings.geometry.n_padding
    within = order[..., n_padding:-n_padding]
    assert (np.sort(within, axis=-1) == np.arange(25)).all()
    assert (order[..., :n_padding] == within[..., :1]).all()
    assert (order[..., -n_padding:] == within[..., -1:]).all()
    for time, source in np.ndindex(within.shape[:2]):
        site = network.source[source]
        weight = np.where(np.isfinite(network.delay_s[time]), link_ticks(network)[time], np.inf)
        start = np.rint(network.access_delay_s[time, site] / 2e-9)
        distance = least_from(network.neighbour, weight, network.access_sat[time, site], start)
        there = distance[within[time, source]]
        assert (there[1:] >= there[:-1]).all()


@needs_emulation
def test_an_order_shared_by_all_times_gives_the_same_bits(monkeypatch):
    monkeypatch.setattr(cuda_sweeps, "ORDER_BYTES", 1)
    network, slot_link = random_network(9, n_time=3)
    assert len(SWEEPS.prepare(network).placed.here().order) == 1
    check(network, slot_link, 32)


@needs_emulation
def test_blocks_and_threads_give_the_same_bits():
    network, slot_link = plus_grid(4, 5, True)
    masks = pack(*random_flags(network, slot_link, 96, 0.2, 8))
    plan = SWEEPS.prepare(network)
    whole = SWEEPS.solve(plan, masks, masks, True)

    def block(word):
        part = Masks(masks.link_up[:, word : word + 1], masks.access_up[:, word : word + 1])
        return SWEEPS.solve(plan, part, part, True)

    with ThreadPoolExecutor(3) as pool:
        parts = list(pool.map(block, range(3)))
    for name, value in answers(whole).items():
        joined = np.concatenate([getattr(part, name) for part in parts], axis=-1)
        assert joined.tobytes() == np.asarray(value).tobytes()


@needs_emulation
def test_a_whole_run_gives_the_bits_of_the_cpu():
    blocks = [
        engine.run_block(small_run("threats=[satellite_failure]", f"solver={name}"), 0, 32)
        for name in ("cuda_sweeps", "pull_push")
    ]
    one, other = (next(iter(block.series.values())) for block in blocks)
    assert np.asarray(one.latency_s).tobytes() == other.latency_s.tobytes()


def test_without_a_gpu_it_says_what_to_do():
    if cuda.why_not() is None:
        pytest.skip("there is a GPU")
    with pytest.raises(InputError, match=r"solver: cuda_sweeps cannot run: .*solver=auto"):
        SWEEPS.prepare(random_network(1)[0])


@pytest.mark.parametrize(
    "n_sat, n_port, expected",
    [
        (340, 4, (32, 2, True, 5)),
        (1584, 4, (32, 8, True, 1)),
        (3631, 4, (16, 8, True, 1)),
        (7264, 4, (8, 8, True, 1)),
        (7265, 4, (32, 8, False, 4)),
        (10_076, 5, (32, 8, False, 3)),
        (700, 4, (32, 8, True, 2)),
        (10_076, 8, (32, 8, False, 2)),
        (20, 4, (32, 2, True, 8)),
    ],
)
def test_the_state_lies_in_shared_memory_where_it_fits(n_sat, n_port, expected):
    assert geometry_of(n_sat, n_port, H100)[:4] == expected


def test_scratch_does_not_grow_with_the_draws():
    """10,076 satellites: three blocks on each multiprocessor, a row of 32 for each satellite."""
    geometry = geometry_of(10_076, 5, H100)
    settings = cuda_sweeps.Settings(geometry, 5, 1)
    scratch = [
        cuda_sweeps._scratch(
            cuda_sweeps._launch("route", settings, LATENCY, n_item, 10_076, ()), geometry, 10_076
        )
        for n_item in (10_000, 1_000_000)
    ]
    assert scratch[0].shape == scratch[1].shape == (3 * 132 * 10_076, 32)


VARIANTS = [
    (geometry_of(n_sat, n_port, H100), n_port, task)
    for n_sat, n_port, task in (
        *((340, 4, task) for task in (LATENCY, HOPS, DELIVERY)),
        *((10_076, n_port, task) for n_port in (4, 5, 6, 8) for task in (LATENCY, DELIVERY)),
        (40, 3, DELIVERY), (1584, 4, LATENCY), (1584, 8, DELIVERY), (3000, 4, DELIVERY),
        (7000, 8, DELIVERY),
    )
]  # fmt: skip


@pytest.mark.parametrize("architecture, most_bytes", [("sm_80", 64), ("sm_90", 0), ("sm_120", 0)])
def test_every_variant_compiles_and_keeps_its_numbers_in_registers(architecture, most_bytes):
    """An A100 has no add and minimum in one and is a few registers short; its cache holds them."""
    core = pytest.importorskip("cuda.core", reason="cuda-core is not installed (extra gpu)")
    for geometry, n_port, task in VARIANTS:
        settings = cuda_sweeps.Settings(geometry, n_port, 1)
        launch = cuda_sweeps._launch("route", settings, task, 1, 1, ())
        log = io.StringIO()
        options = core.ProgramOptions(
            arch=architecture,
            std=cuda.STANDARD,
            define_macro=[f"{name}={value}" for name, value in launch.macros],
            ptxas_options="-v",
        )
        program = core.Program(launch.source.read_text(), "c++", options=options)
        assert program.compile("cubin", logs=log).code
        spilled = re.findall(r"(\d+) bytes spill stores", log.getvalue())
        assert len(spilled) == 2, log.getvalue()
        assert max(map(int, spilled)) <= most_bytes, (launch.macros, log.getvalue())


def test_the_call_lowers_for_a_gpu():
    network, slot_link = random_network(2)
    tables = cuda_sweeps.tables_of(network)
    settings = cuda_sweeps.Settings(geometry_of(40, 4, H100), 4, 1)
    masks = pack(*random_flags(network, slot_link, 32, 0.1, 1))
    order = np.zeros((2, 3, 40 + 2 * settings.geometry.n_padding), np.int32)
    calls = (
        cuda_sweeps.healthy_order.trace(tables, settings=settings),
        cuda_sweeps.routes.trace(tables, order, masks, masks, settings=settings, task=DELIVERY),
    )
    for call in calls:
        lowered = call.lower(lowering_platforms=("cuda",)).as_text()
        assert lowered.count("xla_buffer_python_gpu_callback") == 1


@needs_emulation
@pytest.mark.slow
@pytest.mark.parametrize("n_lane, n_warp", [(32, 8), (8, 4)])
def test_a_larger_torus_gives_the_bits_of_the_cpu(n_lane, n_warp, monkeypatch):
    """Many groups at once, some past the end of the order in every sweep."""
    for in_shared in (True, False):
        use(monkeypatch, Geometry(n_lane, n_warp, in_shared, 2, 1))
        for equal_delay in (False, True):
            check(*plus_grid(17, 19, equal_delay), loss=0.3)


@pytest.mark.gpu
@pytest.mark.parametrize("n_lane, n_warp", [*itertools.product(LANES, (1, 2, 8))])
@pytest.mark.parametrize("in_shared", [True, False])
def test_a_gpu_gives_the_bits_of_the_cpu_in_every_geometry(n_lane, n_warp, in_shared, monkeypatch):
    use(monkeypatch, Geometry(n_lane, n_warp, in_shared, 1, 20))
    check(*random_network(3))
    for equal_delay in (False, True):
        check(*plus_grid(17, 19, equal_delay), n_draw=256, loss=0.3)


@pytest.mark.gpu
@pytest.mark.parametrize("n_plane, n_slot", [(17, 20), (72, 22), (60, 50), (80, 80), (100, 100)])
@pytest.mark.parametrize("loss", [0.05, 0.3])
def test_a_gpu_gives_the_bits_of_the_cpu_in_its_own_geometry(n_plane, n_slot, loss):
    check(*plus_grid(n_plane, n_slot, False), n_draw=256, loss=loss)


@pytest.mark.gpu
def test_a_gpu_gives_the_bits_of_the_cpu_for_any_ports_and_changing_neighbours():
    for n_port in (1, 3, 5, 7, 8):
        check(*star(n_port), n_draw=32)
    network, masks = changing([random_network(seed, n_time=1) for seed in (11, 12)])
    found = solve(SWEEPS, network, masks, masks)
    assert_same_bits(found, solve(PULL_PUSH, network, masks, masks))


@pytest.mark.gpu
def test_the_limits_of_a_gpu_are_read():
    limits = cuda.limits()
    assert isinstance(limits, Limits)
    assert limits.n_multiprocessor > 0 and limits.shared_bytes >= 48 * 1024
