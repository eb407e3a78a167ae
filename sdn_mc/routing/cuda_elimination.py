"""Vertex elimination on a GPU: the algorithm of `elimination`, as streams of instructions.

Model: a thread is a draw. A block of threads does 8, 16 or 32 draws at one time, for all pairs of
sites. Each of its warps reads a straight stream of instructions, made on the host once for each run
of times with nearly the same access satellites and the same for all draws: fetch the rows of a
group of satellites from the pool, lower the pairs of its neighbours, wait for the other warps. No
loop waits for convergence, and no draw has a branch of its own, so failures do not change the cost.
Rows with the most uses for their life lie in shared memory, the others in global memory, most of
them in the second cache. Blocks are persistent, so that memory does not grow with the draws.

Bits are those of every other int32 solver. Walks and meshes that do not suit (links or one wave's
rows beyond the shared memory, too many relaxations) are left to `cuda_sweeps`.

Limits: not yet run on a GPU. Tested by emulation under real threads, and by compilation.
"""

from functools import partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from sdn_mc.core import cuda
from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.cuda import Launch, Limits
from sdn_mc.core.devices import OnDevices, current_device
from sdn_mc.core.fields import field
from sdn_mc.core.network import Masks, Network, Routes
from sdn_mc.core.problems import InputError
from sdn_mc.routing import cuda_sweeps
from sdn_mc.routing.cuda_sweeps import CudaSweeps
from sdn_mc.routing.streams.plan import shared_bytes, streams_of
from sdn_mc.routing.streams.waves import Geometry

SOURCE = Path(__file__).with_name("cuda_elimination.cu")
LANES_PER_WARP = 32
# What was estimated to be fastest for 340 and 1,584 satellites on an H100, with one block of
# threads on a multiprocessor: warps wait for each other less often the more tiles a wave holds.
GEOMETRY = Geometry(lanes=32, warps=16, rows=4, tiles_per_wave=64)
TABLES = (
    "program", "start", "answer", "run_of_time", "link_slot", "access_slot", "link_ticks",
    "access_ticks",
)  # fmt: skip


class EliminationPlan(NamedTuple):
    """One epoch: what every launch shares, and the tables on the devices."""

    macros: tuple[tuple[str, int], ...]
    most_blocks: int
    shared_bytes: int
    n_cold: int
    sizes: tuple[int, ...]  # that do not depend on the block of draws, but the numbers of rows
    rows: tuple[int, int]
    n_relaxation: int
    tables: OnDevices[dict[str, jax.Array]]


class Plan(NamedTuple):
    """One epoch: for latencies, and for walks."""

    latency: EliminationPlan
    walk: cuda_sweeps.Plan


class CudaElimination(eqx.Module):
    """Elimination on an NVIDIA GPU, sweeps where hops or delivery are asked for."""

    on_device: ClassVar[bool] = True

    block_draws: int = field(
        within=(32, 256), doc="Draws in one call, a multiple of 32.", static=True
    )
    most_relaxations: int = field(
        within=(1, 10**9),
        doc="Refuse a mesh whose elimination takes more, for all sources, in one draw.",
        static=True,
    )

    def prepare(self, network: Network) -> Plan:
        """Streams of instructions, once an epoch."""
        reason = cuda.why_not()
        if reason is not None:
            raise InputError(f"solver: cuda_elimination cannot run: {reason}; or take solver=auto")
        plan = plan_streams(network, self.most_relaxations, cuda.limits())
        if plan is None:
            raise InputError(
                f"solver: this mesh of {network.delay_s.shape[1]} satellites is not for "
                "cuda_elimination: it takes more than solver.most_relaxations = "
                f"{self.most_relaxations} relaxations a draw, its links do not fit into the "
                "GPU's shared memory, or its programs take too much memory; use solver=auto or "
                "solver=cuda_sweeps"
            )
        return Plan(plan, self._sweeps().prepare(network))

    def solve(self, plan: Plan, masks: Masks, truth: Masks | None, walk: bool) -> Routes:
        """Routes on `masks`, as arrays on the device; returns before they are computed."""
        if walk or truth is not None:
            return self._sweeps().solve(plan.walk, masks, truth, walk)
        return Routes(solve_streams(plan.latency, masks))

    def _sweeps(self) -> CudaSweeps:
        return CudaSweeps(block_draws=self.block_draws)


def plan_streams(
    network: Network, most_relaxations: int, limits: Limits, geometry: Geometry = GEOMETRY,
    blocks: int = 1,
) -> EliminationPlan | None:  # fmt: skip
    """The plan of one epoch for so many blocks on a multiprocessor; None if it does not suit."""
    shared = (limits.shared_bytes + cuda.RESERVED_BYTES) // blocks - cuda.RESERVED_BYTES
    streams = streams_of(network, geometry, shared, most_relaxations)
    if streams is None:
        return None
    macros = {
        "LANES": geometry.lanes,
        "WARPS": geometry.warps,
        "ROWS": geometry.rows,
        "COLUMNS": geometry.columns,
        "SOME_COLD": int(streams.n_cold > 0),
        "BLOCKS": blocks,
    }
    sizes = [streams.answer.shape[1], streams.link_slot.shape[1], streams.access_slot.shape[1]]
    sizes += [streams.link_ticks.shape[1], streams.access_ticks.shape[1]]
    return EliminationPlan(
        macros=tuple(macros.items()),
        most_blocks=limits.n_multiprocessor * blocks,
        shared_bytes=shared_bytes(streams),
        n_cold=streams.n_cold,
        sizes=tuple(sizes),
        rows=(streams.n_hot, streams.n_cold),
        n_relaxation=streams.n_relaxation,
        tables=OnDevices(partial(_placed, {name: getattr(streams, name) for name in TABLES})),
    )


def solve_streams(plan: EliminationPlan, masks: Masks) -> jax.Array:
    """Latency of every pair, s, [time, pair, draw] on the current device."""
    n_time, n_word = masks.link_up.shape[:2]
    lanes, warps = plan.macros[0][1], plan.macros[1][1]
    n_item = n_time * n_word * (LANES_PER_WARP // lanes)
    launch = Launch(
        source=SOURCE,
        kernel="eliminate",
        macros=plan.macros,
        n_block=min(n_item, plan.most_blocks),
        n_thread=LANES_PER_WARP * warps,
        shared_bytes=plan.shared_bytes,
        sizes=(n_time, n_word, *plan.sizes, *plan.rows),
    )
    tables = plan.tables.here()
    return _solve([tables[name] for name in TABLES], masks.link_up, masks.access_up, launch, lanes)


def _placed(tables: dict[str, np.ndarray]) -> dict[str, jax.Array]:
    return jax.device_put(tables, current_device())


@partial(jax.jit, static_argnames=("launch", "lanes"))
def _solve(tables: list[Any], link_up: Any, access_up: Any, launch: Launch, lanes: int) -> Any:
    n_time, n_word, n_pair = launch.sizes[:3]
    n_cold = launch.sizes[-1]
    latency = jax.ShapeDtypeStruct((n_time, n_pair, n_word * DRAWS_PER_WORD), jnp.float32)
    scratch = jax.ShapeDtypeStruct((max(1, launch.n_block * n_cold * lanes),), jnp.int32)
    return cuda.launched(launch, (latency, scratch), *tables, link_up, access_up)[0]
