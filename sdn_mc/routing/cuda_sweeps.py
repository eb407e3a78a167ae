"""The GPU solver by sweeps: CUDA C++ on XLA's stream; masks and answers stay on the device.

Model and kernel: `cuda_sweeps.cu`. Least latencies from a source to every satellite, a draw a
lane, by pull sweeps in the order of the distance in the undamaged network, as in `pull_push`; and
the walk of `walk.py`. All counts int32 ticks of 2 ns, so every int32 solver gives the same bits.

The orders are made on the device too: one undamaged word goes through the same sweeps, and its
distances are sorted. Any order gives the same bits, so neighbouring times share one where memory
would not hold more.

Where the state of a block (a row of distances for each satellite) fits into shared memory, it lies
there, for fewer draws at once if need be; else in device memory, for as many blocks as the device
holds at once, however many draws there are.

Limits: an NVIDIA GPU, of Hopper's generation for full speed (its fused add and minimum); a path of
1.07 s or more counts as no path. Checked in emulation only: no time was measured yet.
"""

from functools import partial
from pathlib import Path
from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float32, Int16, Int32, UInt32

from sdn_mc.core import cuda
from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.cuda import Launch, Limits
from sdn_mc.core.devices import OnDevices, current_device
from sdn_mc.core.fields import field
from sdn_mc.core.network import Either, Masks, Network, Routes, to_ticks
from sdn_mc.core.problems import InputError
from sdn_mc.routing.walk import link_ticks

SOURCE = Path(__file__).with_suffix(".cu")
THREADS_PER_WARP = 32
BYTES_PER_TICKS = 4
PORTS_PER_READ = 4
PADDING_STEPS = 6  # that the sweeps run past either end of an order at most, in groups of lanes
ORDER_BYTES = 1 << 28  # of the orders of all times; beyond, neighbouring times share one
MOST_RESIDENT = 8  # blocks with shared rows: so many that registers suffice for any of them
UP = np.uint32(0xFFFFFFFF)

# What the kernel is asked for (its WALK).
LATENCY, HOPS, DELIVERY = 0, 1, 2


class Geometry(NamedTuple):
    """How the work is cut into blocks."""

    n_lane: int  # draws of a block
    n_warp: int
    in_shared: bool
    n_resident: int  # blocks on a multiprocessor
    n_multiprocessor: int
    rounds_per_barrier: int = 1  # of two steps each; 0: no barrier in a sweep

    @property
    def n_thread(self) -> int:
        return self.n_warp * THREADS_PER_WARP

    @property
    def n_padding(self) -> int:
        """Places before and after an order."""
        return PADDING_STEPS * self.n_thread // self.n_lane


class Tables(NamedTuple):
    """One epoch as the kernel reads it. Pairs are sorted by source: those of source s are
    `pair_start[s]` to `pair_start[s + 1]`, and pair i answers column `pair_column[i]`."""

    neighbour: Int32[Either, "epochtime sat slot"]
    link_ticks: Int32[Either, "time sat slot"]
    access_sat: Int32[Either, "time site candidate"]
    access_ticks: Int32[Either, "time site candidate"]
    source: Int32[Either, " source"]
    pair_start: Int32[Either, " boundary"]
    pair_column: Int32[Either, " pair"]
    pair_site: Int32[Either, " pair"]


class Settings(NamedTuple):
    """What is known of an epoch when its kernels are compiled."""

    geometry: Geometry
    n_port: int  # without padding
    times_per_order: int


class Placed(NamedTuple):
    """One epoch on one device."""

    tables: Tables
    order: Int32[Array, "order source place"]


class Plan(NamedTuple):
    """One epoch, put on each device when a block first comes to it."""

    settings: Settings
    placed: OnDevices[Placed]


class CudaSweeps(eqx.Module):
    """Pull sweeps on an NVIDIA GPU: thread-safe, waits for nothing."""

    on_device: ClassVar[bool] = True

    block_draws: int = field(
        within=(32, 256), doc="Draws in one call, a multiple of 32.", static=True
    )

    def prepare(self, network: Network) -> Plan:
        """Ticks, pairs by source, and the healthy order of every source; once an epoch."""
        reason = cuda.why_not()
        if reason is not None:
            raise InputError(f"solver: cuda_sweeps cannot run: {reason}; or take solver=auto")
        tables = tables_of(network)
        n_time, n_sat, n_port = network.delay_s.shape
        geometry = geometry_of(n_sat, n_port, cuda.limits())
        order_bytes = len(network.source) * (n_sat + 2 * geometry.n_padding) * BYTES_PER_TICKS
        n_order = min(n_time, max(1, ORDER_BYTES // order_bytes))
        settings = Settings(geometry, n_port, -(-n_time // n_order))
        return Plan(settings, OnDevices(partial(place, tables, settings)))

    def solve(self, plan: Plan, masks: Masks, truth: Masks | None, walk: bool) -> Routes:
        """Routes on `masks`, as arrays on the device; returns before they are computed."""
        tables, order = plan.placed.here()
        task = DELIVERY if truth is not None else HOPS if walk else LATENCY
        latency_s, hops, delivered = routes(tables, order, masks, truth, plan.settings, task)
        return Routes(
            latency_s=latency_s,
            hops=hops if walk else None,
            delivered=delivered if truth is not None else None,
        )


def geometry_of(n_sat: int, n_port: int, limits: Limits) -> Geometry:
    """As many draws at once as shared memory holds; few warps where there is room for more blocks.

    By estimate (no GPU was at hand): with two warps in each of five blocks, 340 satellites keep the
    issue slots of an H100 busy; a block that fills the shared memory needs eight to hide its reads.
    Rows in device memory wait for the L2 cache, so there are as many blocks of eight warps as
    registers allow: more ports take more of them.
    """
    for n_lane in (32, 16, 8):
        n_byte = n_sat * n_lane * BYTES_PER_TICKS
        if n_byte <= limits.shared_bytes:
            fit = (limits.shared_bytes + cuda.RESERVED_BYTES) // (n_byte + cuda.RESERVED_BYTES)
            n_warp = 2 if fit >= 4 else 8
            return Geometry(n_lane, n_warp, True, min(fit, MOST_RESIDENT), limits.n_multiprocessor)
    n_resident = 4 if n_port <= 4 else 3 if n_port == 5 else 2
    return Geometry(32, 8, False, n_resident, limits.n_multiprocessor)


def tables_of(network: Network) -> Tables:
    """Ticks, and pairs sorted by source; ports padded with whatever, since nobody reads it."""
    n_sat, n_port = network.delay_s.shape[1:]
    by_source = np.argsort(network.pair_source, kind="stable")
    boundary = np.arange(len(network.source) + 1)
    padding = ((0, 0), (0, 0), (0, _padding_ports(n_port)))
    neighbour = network.neighbour.reshape(-1, n_sat, n_port)
    return Tables(
        neighbour=np.pad(neighbour, padding),
        link_ticks=np.pad(link_ticks(network), padding),
        access_sat=network.access_sat,
        access_ticks=to_ticks(network.access_delay_s),
        source=network.source,
        pair_start=np.searchsorted(network.pair_source[by_source], boundary).astype(np.int32),
        pair_column=by_source.astype(np.int32),
        pair_site=network.pair_site[by_source],
    )


def place(tables: Tables, settings: Settings) -> Placed:
    """Everything that blocks share, on the current device."""
    tables = jax.device_put(tables, current_device())
    return Placed(tables, healthy_order(tables, settings))


@partial(jax.jit, static_argnames=("settings",))
def healthy_order(tables: Tables, settings: Settings) -> Int32[Array, "order source place"]:
    """Satellites by undamaged distance from each source, at the first of the times of each order.

    Both ends are repeated, since sweeps run past them.
    """
    geometry = settings.geometry
    first = slice(None, None, settings.times_per_order)
    tables = tables._replace(
        neighbour=tables.neighbour[first] if len(tables.neighbour) > 1 else tables.neighbour,
        link_ticks=tables.link_ticks[first],
        access_sat=tables.access_sat[first],
        access_ticks=tables.access_ticks[first],
    )
    n_order, n_sat, n_slot = tables.link_ticks.shape
    n_source, (n_site, n_candidate) = len(tables.source), tables.access_sat.shape[1:]
    sizes = n_order, len(tables.neighbour), n_source, n_site, n_candidate, n_sat
    launch = _launch("healthy_ticks", settings, LATENCY, n_order * n_source, n_sat, sizes)
    ends = geometry.n_padding, geometry.n_padding
    ticks, _ = cuda.launched(
        launch,
        [_shape((n_order, n_source, n_sat), jnp.int32), _scratch(launch, geometry, n_sat)],
        *tables[:5],
        jnp.pad(jnp.arange(n_sat, dtype=jnp.int32), ends, mode="edge"),
        jnp.full((n_sat, n_slot), UP),
        jnp.full((n_site, n_candidate), UP),
    )
    order = jnp.argsort(ticks, axis=-1, stable=True).astype(jnp.int32)
    return jnp.pad(order, ((0, 0), (0, 0), ends), mode="edge")


@partial(jax.jit, static_argnames=("settings", "task"))
def routes(
    tables: Tables,
    order: Int32[Array, "order source place"],
    masks: Masks,
    truth: Masks | None,
    settings: Settings,
    task: int,
) -> tuple[
    Float32[Array, "time pair draw"],
    Int16[Array, "time pair draw"] | None,
    Bool[Array, "time pair draw"] | None,
]:
    """Latency, hops and delivery, as far as `task` goes."""
    known = _padded_words(masks, settings.n_port), masks.access_up
    true = known if truth is None else (_padded_words(truth, settings.n_port), truth.access_up)
    n_time, n_word, n_site, n_candidate = masks.access_up.shape
    n_sat, n_source, n_pair = masks.link_up.shape[2], len(tables.source), len(tables.pair_site)
    sizes = (
        n_time, len(tables.neighbour), n_word, n_source, n_pair, n_site, n_candidate, n_sat,
        settings.times_per_order,
    )  # fmt: skip
    n_item = n_time * n_word * (DRAWS_PER_WORD // settings.geometry.n_lane) * n_source
    launch = _launch("route", settings, task, n_item, n_sat, sizes)
    shape, unused = (n_time, n_pair, n_word * DRAWS_PER_WORD), (1, 1, 1)
    latency_s, hops, delivered, _ = cuda.launched(
        launch,
        [
            _shape(shape, jnp.float32),
            _shape(shape if task >= HOPS else unused, jnp.int16),
            _shape(shape if task == DELIVERY else unused, jnp.uint8),
            _scratch(launch, settings.geometry, n_sat),
        ],
        *tables,
        order,
        *known,
        *true,
    )
    return (
        latency_s,
        hops if task >= HOPS else None,
        delivered.astype(jnp.bool_) if task == DELIVERY else None,
    )


def _launch(
    kernel: str, settings: Settings, task: int, n_item: int, n_sat: int, sizes: tuple[int, ...]
) -> Launch:
    geometry = settings.geometry
    n_byte = n_sat * geometry.n_lane * BYTES_PER_TICKS
    return Launch(
        source=SOURCE,
        kernel=kernel,
        macros=(
            ("LANES", geometry.n_lane),
            ("WARPS", geometry.n_warp),
            ("PORTS", settings.n_port),
            ("IN_SHARED", int(geometry.in_shared)),
            ("RESIDENT", geometry.n_resident),
            ("ROUNDS_PER_BARRIER", geometry.rounds_per_barrier),
            ("WALK", task),
        ),
        n_block=min(n_item, geometry.n_resident * geometry.n_multiprocessor),
        n_thread=geometry.n_thread,
        shared_bytes=n_byte if geometry.in_shared else 0,
        sizes=sizes,
    )


def _scratch(launch: Launch, geometry: Geometry, n_sat: int) -> jax.ShapeDtypeStruct:
    """The rows of all blocks, unless they lie in shared memory."""
    n_row = 1 if geometry.in_shared else launch.n_block * n_sat
    return _shape((n_row, geometry.n_lane), jnp.int32)


def _shape(shape: tuple[int, ...], dtype: type) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, dtype)


def _padded_words(masks: Masks, n_port: int) -> UInt32[Either, "time word sat slot"]:
    """Link words with ports padded; nothing is copied where they are a multiple of four."""
    n_padding = _padding_ports(n_port)
    padding = ((0, 0), (0, 0), (0, 0), (0, n_padding))
    return jnp.pad(masks.link_up, padding) if n_padding else masks.link_up


def _padding_ports(n_port: int) -> int:
    return -n_port % PORTS_PER_READ
