"""The order of the chain: scene, causes, masks, routes, scores. Every `jit` and `vmap` of it.

A scene is built once an epoch on the host, in float64; nothing in it depends on the draw. For each
block of draws, one compiled call draws every cause, and another turns their windows into mask
words, 32 draws to a word, for every column at every time. Solvers and metrics are called from the
host; masks and routes stay on a device for a solver that works there.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt32

from sdn_mc.core.constants import DRAWS_PER_GROUP, DRAWS_PER_WORD
from sdn_mc.core.network import Masks, Routes
from sdn_mc.core.protocols import Series
from sdn_mc.engine.causes import Drawn, drawn_and_spans, prepared_tables, spec_of, traced
from sdn_mc.engine.devices import is_on_device, places_of
from sdn_mc.engine.effects import effects_of, with_best_only, with_effects
from sdn_mc.engine.freezing import frozen_instants, with_frozen
from sdn_mc.engine.masking import mask_words, wiring_of
from sdn_mc.engine.masking_xla import mask_words_on_device
from sdn_mc.engine.scenes import build_scenes, network_of
from sdn_mc.engine.series import series_of
from sdn_mc.engine.types import HEALTHY, Block, Column, Prepared, Spec, System

__all__ = ["HEALTHY", "Block", "Column", "Prepared", "Series", "Spec", "System", "network_of"]


def prepare(
    system: System, seed: int, columns: tuple[Column, ...], keeps_latency: bool = True
) -> Prepared:
    """Build every epoch's scene, the policy's plans and the healthy column.

    Where nobody asks for latencies (no metric does, and series are not kept), blocks are solved
    without; the healthy column has them always.
    """
    fleet, sites, flows, scenes = build_scenes(system, seed)
    tables, preparing_s = prepared_tables(system.threats, scenes)
    spec = spec_of(system, scenes[0])
    solver = system.solver
    needs_hops = any(metric.needs_hops for metric in system.metrics.values())
    run = Prepared(
        system, seed, columns, spec, fleet, sites, flows, scenes, tables, (), (), needs_hops,
        solver, tuple(wiring_of(scene) for scene in scenes), (), preparing_s,
    )  # fmt: skip
    run = run._replace(plans=_plans(run))
    run = run._replace(healthy=tuple(_healthy(run, epoch) for epoch in range(len(scenes))))
    parts = system.routing, *system.metrics.values()
    asked = keeps_latency or needs_hops
    asked |= any(getattr(part, "needs_latency", True) for part in parts)
    if not asked and hasattr(solver, "without_latency"):
        run = run._replace(solver=solver.without_latency())
        run = run._replace(plans=_plans(run))
    return run._replace(places=places_of(run.solver, run.wirings))


def _plans(run: Prepared) -> tuple[Any, ...]:
    """What the policy prepares of each epoch."""
    undamaged = (jax.tree.map(np.asarray, _undamaged(run, k)) for k in range(len(run.scenes)))
    return tuple(
        run.system.routing.prepare(network_of(scene), run.solver, masks)
        for scene, masks in zip(run.scenes, undamaged, strict=True)
    )


def epoch_of(draw: int, n_epoch: int) -> int:
    """Epoch of a draw: groups of 256 draws are dealt to the epochs in turn."""
    return (draw // DRAWS_PER_GROUP) % n_epoch


def run_block(run: Prepared, first: int, count: int, turn: int = 0) -> Block:
    """Draws first .. first + count - 1, which must lie in one group; padded to whole words.

    `turn` counts the parts of a run, which are dealt to the devices if the solver works there.
    """
    if not run.places:
        return _block(run, first, count)
    place = run.places[turn % len(run.places)]
    with place.gate, jax.default_device(place.device):
        return _block(run._replace(wirings=place.wirings), first, count)


def _block(run: Prepared, first: int, count: int) -> Block:
    epoch = epoch_of(first, len(run.scenes))
    scene, padded = run.scenes[epoch], -(-count // DRAWS_PER_WORD) * DRAWS_PER_WORD
    draws = jnp.arange(first, first + padded, dtype=jnp.uint32)
    drawn, outages = sample_draws(run, epoch, draws)
    seen = {
        age_s: masks_at(run, epoch, outages, run.columns, scene.time_s - age_s, padded)
        for age_s in set(run.system.routing.ages_s)
    }
    series = {}
    for k, column in enumerate(run.columns):
        masks = [seen[age_s][k] for age_s in run.system.routing.ages_s]
        series[column.name] = series_of(_routes(run, epoch, masks), scene.flows, count)
    return Block(epoch, {name: value[:count] for name, value in drawn.items()}, series)


def scores_of(run: Prepared, series: Series, epoch: int) -> dict[str, np.ndarray]:
    """Every output of every metric, [draw, flow]."""
    scores: dict[str, np.ndarray] = {}
    for metric in run.system.metrics.values():
        scores |= metric.score(series, run.healthy[epoch], run.scenes[epoch])
    return scores


def instants_of(run: Prepared, series: Series, epoch: int) -> dict[str, np.ndarray]:
    """Outputs that are means over sampled instants: their mean over draws, [time, flow]."""
    means: dict[str, np.ndarray] = {}
    if run.system.times.mode != "snapshot":
        return means
    for metric in run.system.metrics.values():
        if hasattr(metric, "per_instant"):
            values = metric.per_instant(series, run.healthy[epoch], run.scenes[epoch])
            means |= {name: _mean_over_draws(each) for name, each in values.items()}
    return means


def _mean_over_draws(values: np.ndarray) -> np.ndarray:
    """[draw, time, flow] to [time, flow], counted where it can be."""
    if values.dtype == bool:
        return np.count_nonzero(values, axis=0) / len(values)
    return values.sum(axis=0, dtype=np.float64) / len(values)


def sample_draws(
    run: Prepared, epoch: int, draws: UInt32[Array, " draw"]
) -> tuple[dict[str, np.ndarray], dict[str, Drawn]]:
    """Every cause in every draw: macros and drawn parameters [draw, …], and windows."""
    threats = {name: traced(threat) for name, threat in run.system.threats.items()}
    oldest_s = max(run.system.routing.ages_s)
    scene, tables = run.scenes[epoch], run.tables[epoch]
    return drawn_and_spans(threats, scene, tables, draws, run.seed, oldest_s, run.spec)


def masks_at(
    run: Prepared,
    epoch: int,
    outages: Mapping[str, Drawn],
    columns: tuple[Column, ...],
    time_s: Float[np.ndarray, " time"] | Float[Array, " time"],
    n_draw: int,
) -> list[Masks]:
    """Mask words of every column at the scene's instants, with causes evaluated at `time_s`.

    On the device where the solver wants them there.
    """
    scene = run.scenes[epoch]
    assert scene.links is not None
    retarget_s, n_word = float(scene.links.retarget_s), n_draw // DRAWS_PER_WORD
    at_s = np.asarray(time_s, np.float32)
    wiring, group = run.wirings[epoch], scene.fleet.group
    words = mask_words_on_device if is_on_device(run.solver) else mask_words
    effects = effects_of(outages, run.tables[epoch], at_s, columns)
    instants = frozen_instants(outages, columns, np.asarray(scene.time_s, np.float32), n_draw)
    if not effects and all(each is None for each in instants):
        return words(outages, wiring, group, at_s, retarget_s, columns, n_word)
    any_candidate = wiring._replace(best_only=False)
    masks = words(outages, any_candidate, group, at_s, retarget_s, columns, n_word)
    masks = with_frozen(with_effects(masks, effects, columns), instants)
    return [with_best_only(each) for each in masks] if wiring.best_only else masks


def _healthy(run: Prepared, epoch: int) -> Series:
    """The scene without any cause: one draw."""
    masks = [_undamaged(run, epoch)] * len(run.system.routing.ages_s)
    return series_of(_routes(run, epoch, masks), run.flows, 1)


def _routes(run: Prepared, epoch: int, masks: Sequence[Masks]) -> Routes:
    """As the policy has them, on masks of the ages that it asks for."""
    return run.system.routing.route(run.solver, run.plans[epoch], masks, run.needs_hops)


def _undamaged(run: Prepared, epoch: int) -> Masks:
    """Masks without any cause: equal draws."""
    time_s = run.scenes[epoch].time_s
    (masks,) = masks_at(run, epoch, {}, (HEALTHY,), time_s, DRAWS_PER_WORD)
    return masks
