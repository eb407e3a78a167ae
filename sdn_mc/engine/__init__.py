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
from sdn_mc.engine.causes import (
    Drawn,
    drawn_and_spans,
    metric_draws,
    prepared_tables,
    spec_of,
    traced,
)
from sdn_mc.engine.devices import is_on_device, places_of
from sdn_mc.engine.effects import effects_of, with_best_only, with_effects
from sdn_mc.engine.freezing import frozen_instants, with_frozen
from sdn_mc.engine.marks import Mark, Marked, as_lost, questions
from sdn_mc.engine.masking import mask_words, wiring_of
from sdn_mc.engine.masking_xla import mask_words_on_device
from sdn_mc.engine.observing import observed_in
from sdn_mc.engine.reactions import answered_in, check_order, reacted
from sdn_mc.engine.scenes import build_scenes, network_of
from sdn_mc.engine.series import series_of
from sdn_mc.engine.steering import said_of_draws, steered_draws, steering_of
from sdn_mc.engine.types import HEALTHY, Asked, Block, Column, Prepared, Spec, System

__all__ = ["HEALTHY", "Block", "Column", "Prepared", "Series", "Spec", "System", "network_of"]


def prepare(
    system: System, seed: int, columns: tuple[Column, ...], keeps_latency: bool = True
) -> Prepared:
    """Build every epoch's scene, the policy's plans and the healthy column.

    Where nobody asks for latencies (no metric does, and series are not kept), blocks are solved
    without; the healthy column has them always.
    """
    check_order(system.threats)
    fleet, sites, flows, scenes = build_scenes(system, seed)
    tables, preparing_s = prepared_tables(system.threats, scenes)
    spec = spec_of(system, scenes[0])
    steering = tuple(
        steering_of(system, scene, table, spec, seed)
        for scene, table in zip(scenes, tables, strict=True)
    )
    solver = system.solver
    asked = asked_of(system, keeps_latency)
    run = Prepared(
        system, seed, columns, spec, fleet, sites, flows, scenes, tables, (), (), asked,
        solver, tuple(wiring_of(scene) for scene in scenes), (), preparing_s, steering,
    )  # fmt: skip
    run = run._replace(plans=_plans(run))
    run = run._replace(healthy=tuple(_healthy(run, epoch) for epoch in range(len(scenes))))
    if not asked.latency and hasattr(solver, "without_latency"):
        run = run._replace(solver=solver.without_latency())
        run = run._replace(plans=_plans(run))
    return run._replace(places=places_of(run.solver, run.wirings))


def asked_of(system: System, keeps_latency: bool) -> Asked:
    """What metrics, the policy and the store want of routes."""
    metrics = system.metrics.values()
    hops = any(metric.needs_hops for metric in metrics)
    integrity = any(getattr(metric, "needs_integrity", False) for metric in metrics)
    latency = keeps_latency or hops or integrity
    latency |= any(getattr(part, "needs_latency", True) for part in (system.routing, *metrics))
    return Asked(latency, hops, integrity)


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
    marks = marks_at(run, epoch, outages, padded)
    series = {}
    for k, column in enumerate(run.columns):
        masks, met = [seen[age_s][k] for age_s in run.system.routing.ages_s], marks[column.name]
        routes = _routes(run, epoch, masks, [mark.without for mark in met])
        delays_s = [mark.delay_s for mark in met]
        found = series_of(routes, scene.flows, count, delays_s)
        series[column.name] = _with_observed(run, epoch, found, masks[0])
    return Block(epoch, {name: value[:count] for name, value in drawn.items()}, series)


def scores_of(
    run: Prepared, series: Series, epoch: int, drawn: Mapping[str, np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """Every output of every metric, [draw, flow]; `drawn` is the block's, if any metric draws."""
    scores: dict[str, np.ndarray] = {}
    for name in run.system.metrics:
        own = {macro: (drawn or {})[f"{name}.{macro}"] for macro in macros_of(run, name)}
        scores |= scores_of_metric(run, name, series, epoch, own)
    return scores


def scores_of_metric(
    run: Prepared, name: str, series: Series, epoch: int, drawn: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Every output of one metric; `drawn` holds the values of its macros, [draw]."""
    metric: Any = run.system.metrics[name]
    given = series, run.healthy[epoch], run.scenes[epoch]
    return metric.score(*given, drawn) if hasattr(metric, "macros") else metric.score(*given)


def macros_of(run: Prepared, metric: str) -> tuple[str, ...]:
    """Names of what a metric has drawn."""
    component = run.system.metrics[metric]
    return tuple(component.macros(run.scenes[0])) if hasattr(component, "macros") else ()


def instants_of(
    run: Prepared, series: Series, epoch: int, weight: Float[np.ndarray, " draw"] | None = None
) -> dict[str, np.ndarray]:
    """Outputs that are means over sampled instants: their mean over draws, [time, flow]."""
    means: dict[str, np.ndarray] = {}
    if run.system.times.mode != "snapshot":
        return means
    for metric in run.system.metrics.values():
        if hasattr(metric, "per_instant"):
            values = metric.per_instant(series, run.healthy[epoch], run.scenes[epoch])
            means |= {name: _mean_over_draws(each, weight) for name, each in values.items()}
    return means


def _mean_over_draws(
    values: np.ndarray, weight: Float[np.ndarray, " draw"] | None = None
) -> np.ndarray:
    """[draw, time, flow] to [time, flow], counted where it can be."""
    if weight is not None:
        return np.tensordot(weight / weight.sum(), np.asarray(values, np.float64), axes=1)
    if values.dtype == bool:
        return np.count_nonzero(values, axis=0) / len(values)
    return values.sum(axis=0, dtype=np.float64) / len(values)


def sample_draws(
    run: Prepared, epoch: int, draws: UInt32[Array, " draw"]
) -> tuple[dict[str, np.ndarray], dict[str, Drawn]]:
    """Every cause in every draw: macros and drawn parameters [draw, …], and windows.

    Among what was drawn are the macros of metrics, and what a way of sampling says of each draw.
    """
    threats = {name: traced(threat) for name, threat in run.system.threats.items()}
    oldest_s = max(run.system.routing.ages_s)
    scene, tables = run.scenes[epoch], run.tables[epoch]
    answered = answered_in(run.system.threats, run.columns)
    steered = steered_draws(run.system, run.steering[epoch], np.asarray(draws), run.seed)
    drawn, outages = drawn_and_spans(
        threats, scene, tables, draws, run.seed, oldest_s, run.spec, answered, steered
    )
    drawn |= metric_draws(run.system.metrics, scene, draws, run.seed, steered)
    return drawn | ({} if steered is None else said_of_draws(steered)), outages


def masks_at(
    run: Prepared,
    epoch: int,
    outages: Mapping[str, Drawn],
    columns: tuple[Column, ...],
    time_s: Float[np.ndarray, " time"] | Float[Array, " time"],
    n_draw: int,
    marked: Marked | None = None,
) -> list[Masks]:
    """Mask words of every column at the scene's instants, with causes evaluated at `time_s`.

    `outages` are those drawn; the reactions of each column run here. What is `marked` is then taken
    for lost too. On the device where the solver wants them there.
    """
    scene = run.scenes[epoch]
    assert scene.links is not None
    retarget_s, n_word = float(scene.links.retarget_s), n_draw // DRAWS_PER_WORD
    at_s = np.asarray(time_s, np.float32)
    wiring, group = run.wirings[epoch], scene.fleet.group
    words = mask_words_on_device if is_on_device(run.solver) else mask_words
    effects = effects_of(outages, run.tables[epoch], at_s, columns)
    left, acting = reacted(run.system.threats, outages, columns, scene, run.tables[epoch])
    left = left if marked is None else as_lost(left, marked)
    instants = frozen_instants(outages, columns, np.asarray(scene.time_s, np.float32), n_draw)
    if not effects and all(each is None for each in instants):
        return words(left, wiring, group, at_s, retarget_s, acting, n_word)
    any_candidate = wiring._replace(best_only=False)
    masks = words(left, any_candidate, group, at_s, retarget_s, acting, n_word)
    masks = with_frozen(with_effects(masks, effects, columns), instants)
    return [with_best_only(each) for each in masks] if wiring.best_only else masks


def marks_at(
    run: Prepared, epoch: int, outages: Mapping[str, Drawn], n_draw: int
) -> dict[str, list[Mark]]:
    """What routes of each column may meet, at the scene's instants."""
    marks: dict[str, list[Mark]] = {column.name: [] for column in run.columns}
    time_s = run.scenes[epoch].time_s
    for asked in questions(outages, run.columns, run.asked):
        masks = masks_at(run, epoch, outages, asked.columns, time_s, n_draw, asked.marked)
        for column, without in zip(asked.columns, masks, strict=True):
            marks[column.name].append(Mark(without, asked.delay_s))
    return marks


def _healthy(run: Prepared, epoch: int) -> Series:
    """The scene without any cause: one draw."""
    masks = [_undamaged(run, epoch)] * len(run.system.routing.ages_s)
    series = series_of(_routes(run, epoch, masks), run.flows, 1)
    return _with_observed(run, epoch, series, masks[0])


def _with_observed(run: Prepared, epoch: int, series: Series, present: Masks) -> Series:
    """With what metrics see in the masks of the present."""
    metrics, n_draw = run.system.metrics.values(), len(series.latency_s)
    observed = observed_in(present, metrics, run.scenes[epoch], n_draw)
    return series._replace(observed=observed)


def _routes(
    run: Prepared, epoch: int, masks: Sequence[Masks], without: Sequence[Masks] = ()
) -> Routes:
    """As the policy has them, on masks of the ages that it asks for."""
    route, given = run.system.routing.route, (run.solver, run.plans[epoch], masks, run.asked.hops)
    return route(*given, without) if without else route(*given)


def _undamaged(run: Prepared, epoch: int) -> Masks:
    """Masks without any cause: equal draws."""
    time_s = run.scenes[epoch].time_s
    (masks,) = masks_at(run, epoch, {}, (HEALTHY,), time_s, DRAWS_PER_WORD)
    return masks
