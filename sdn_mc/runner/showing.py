"""A few draws of a finished run, rebuilt to be looked at: positions, mesh, routes and losses.

A result holds none of these, so the scene is built anew from the stored configuration, as a trace
does; inputs that have changed since are refused. Shown are at most 24 of the scene's own instants,
evenly spread, and, of the main column or another, the median draw, that at the worst twentieth and
the worst by availability over flows; beside them the scene without threats. Unless others are asked
for.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from sdn_mc import config, engine, runner, store
from sdn_mc.core.fleet import CARRIES_TRAFFIC
from sdn_mc.core.problems import InputError
from sdn_mc.core.scene import Scene
from sdn_mc.core.shown import Shown, ShownDraw, ShownEpoch, ShownRoute
from sdn_mc.engine import HEALTHY, Column, Prepared
from sdn_mc.runner.losses import Row, met_on
from sdn_mc.runner.sameness import check_same_inputs, check_same_scene
from sdn_mc.runner.trace import Moment, best_walk, moments_of

MOST_FRAMES = 24
MOST_FLOWS = 12  # of more, those that the main column serves least
WORST_SHARE = 0.05


def shown_of(
    path: Path | str,
    draws: Sequence[int] = (),
    column: str | None = None,
    plugins: Sequence[str] = (),
    times: Sequence[int] | None = None,
    every_flow: bool = False,
) -> Shown:
    """Chosen draws, instants and flows, or those asked for, of one column."""
    result = store.open_store(path)
    said = result.attributes()
    runner.keep_compiled_code()
    job = config.load(json.loads(said["config"]), said["start_directory"], plugins)
    name = list(job.columns)[-1] if column is None else column
    if name not in job.columns:
        raise InputError(
            f"report: no column is called {name!r}; there are {', '.join(job.columns)}"
        )
    if beyond := [draw for draw in draws if draw >= result.n_draw]:
        raise InputError(f"report: draws={beyond[0]} given; the run has 0 to {result.n_draw - 1}")
    check_same_inputs(job, said)
    run = runner.prepare(job)
    check_same_scene(run, result)
    scores = availability_of(result, list(job.columns).index(name))
    chosen = {f"draw {draw}": draw for draw in draws} or chosen_draws(
        scores, result.read("/draws/weight")
    )
    acting, n_flow = Column(name, job.columns[name]), run.flows.n_flow
    flows = list(range(n_flow)) if every_flow else flows_shown(result, n_flow)
    at = frames_of(len(run.scenes[0].time_s)) if times is None else np.array(times)
    epochs = {
        e: epoch_shown(run.scenes[e], at)
        for e in sorted({engine.epoch_of(draw, len(run.scenes)) for draw in chosen.values()})
    }
    first = next(iter(chosen.values()))
    asked = [("without threats", HEALTHY, first)]
    asked += [(words, acting, draw) for words, draw in chosen.items()]
    return Shown(
        sat=sat_names(run),
        site=run.sites.name,
        carries_traffic=np.isin(np.asarray(run.scenes[0].status), CARRIES_TRAFFIC),
        flow=tuple(run.flows.name[k] for k in flows),
        flow_index=tuple(flows),
        epochs=epochs,
        draws=tuple(draw_shown(run, *each, flows, epochs, scores) for each in asked),
        earth=run.system.earth.shape,
    )


def chosen_draws(scores: np.ndarray | None, weight: np.ndarray | None = None) -> dict[str, int]:
    """The median draw, that at the worst twentieth and the worst; the first, without scores.

    With weights, by the share of all weight that fares as badly.
    """
    if scores is None:
        return {"first draw": 0}
    order = np.argsort(scores, kind="stable")
    counts = np.ones(len(order)) if weight is None else weight[order]
    share = np.cumsum(counts) / counts.sum()
    shares = {
        "median draw": 0.5,
        f"draw at the worst {100 * WORST_SHARE:g} %": WORST_SHARE,
        "worst draw": 0.0,
    }
    return {words: int(order[np.argmax(share >= least)]) for words, least in shares.items()}


def availability_of(result: store.Store, column: int) -> np.ndarray | None:
    """Of each draw, over flows; None where no metric scored it."""
    if "/metrics/availability" not in result.arrays():
        return None
    return result.read("/metrics/availability")[column].astype(np.float64).mean(axis=-1)


def flows_shown(result: store.Store, n_flow: int) -> list[int]:
    """All flows, or those that the main column serves least."""
    if n_flow <= MOST_FLOWS or "/metrics/availability" not in result.arrays():
        return list(range(min(n_flow, MOST_FLOWS)))
    of_flow = result.read("/metrics/availability")[-1].astype(np.float64).mean(axis=0)
    return sorted(map(int, np.argsort(of_flow, kind="stable")[:MOST_FLOWS]))


def frames_of(n_time: int) -> np.ndarray:
    """Instants that are shown."""
    return np.unique(np.linspace(0, n_time - 1, min(n_time, MOST_FRAMES)).round().astype(int))


def epoch_shown(scene: Scene, at: np.ndarray) -> ShownEpoch:
    """Positions at the frames, and every link that geometry allows at one of them."""
    assert scene.geometry is not None and scene.links is not None
    axes = scene.geometry.axes[at].swapaxes(-1, -2)
    keys = [np.unique(_keys(scene, int(t))[_there(scene, int(t))]) for t in at]
    n_sat = scene.fleet.n_sat
    return ShownEpoch(
        epoch=scene.epoch,
        start=scene.start.iso(),
        time=at,
        time_s=np.asarray(scene.time_s, np.float64)[at],
        sat_km=scene.geometry.fixed_sat_km(at),
        site_km=scene.geometry.site_km[at] @ axes,
        link=np.stack(np.divmod(np.unique(np.concatenate(keys)), n_sat), axis=-1),
    )


def draw_shown(
    run: Prepared,
    words: str,
    column: Column,
    draw: int,
    flows: Sequence[int],
    epochs: dict[int, ShownEpoch],
    scores: np.ndarray | None,
) -> ShownDraw:
    """What one draw has at every frame."""
    epoch = engine.epoch_of(draw, len(run.scenes))
    shown, scene = epochs[epoch], run.scenes[epoch]
    assert scene.links is not None
    n_frame, n_own = len(shown.time), scene.links.n_terminal
    link = shown.link[:, 0] * scene.fleet.n_sat + shown.link[:, 1]
    sat_lost = np.zeros((n_frame, scene.fleet.n_sat), bool)
    up, gone = (np.zeros((n_frame, len(link)), bool) for _ in range(2))
    lost, routes, sat_causes, site_causes = [], [], [], []
    for k, moment in enumerate(moments_of(run, column, draw, list(map(int, shown.time)))):
        there, keys = _there(scene, moment.time), _keys(scene, moment.time)
        up[k] = np.isin(link, keys[there & moment.masks[0].link_up])
        gone[k] = np.isin(link, keys[:, :n_own][there[:, :n_own]]) & ~up[k]
        sat_causes.append(causes_of(moment.lost.sat))
        site_causes.append(causes_of(moment.lost.site))
        sat_lost[k, list(sat_causes[k])] = True
        lost.append(counts_of(moment.lost.rows))
        routes.append(tuple(route_of(moment, flow) for flow in flows))
    is_healthy = column is HEALTHY
    score = np.nan if scores is None or is_healthy else float(scores[draw])
    if is_healthy:
        score = float(np.isfinite(run.healthy[epoch].latency_s[0]).mean())
    return ShownDraw(
        name=words,
        column=column.name,
        draw=draw,
        epoch=epoch,
        availability=score,
        sat_lost=sat_lost,
        link_up=up,
        link_lost=gone,
        lost=tuple(lost),
        routes=tuple(routes),
        sat_causes=tuple(sat_causes),
        site_causes=tuple(site_causes),
    )


def counts_of(rows: Sequence[Row]) -> dict[str, int]:
    """How many of a kind each cause holds down; what two parts of a cause hold counts once."""
    found: dict[str, list[list[str]]] = {}
    for row in rows:
        found.setdefault(f"{row.cause}: {row.of}", []).append(row.names)
    return {
        words: len(parts[0]) if len(parts) == 1 else len(set().union(*parts))
        for words, parts in found.items()
    }


def causes_of(down: Mapping[str, np.ndarray]) -> dict[int, tuple[str, ...]]:
    """What is down, by number, and the causes that hold it down."""
    found: dict[int, tuple[str, ...]] = {}
    for cause, flags in down.items():
        for k in map(int, np.flatnonzero(flags)):
            found[k] = (*found.get(k, ()), cause)
    return found


def route_of(moment: Moment, flow: int) -> ShownRoute | None:
    """The route of a flow; its latency as the result has it, last miles and holding included."""
    walk = best_walk(moment, flow, moment.masks)
    if walk is None:
        return None
    ends = [walk.source_site, walk.destination_site]
    held_s = float(moment.run.sites.last_mile_s[ends].sum())
    held_s += sum(met.delay_s or 0.0 for met in met_on(moment.lost, walk))
    latency_s = walk.latency_s + held_s if walk.delivered else np.inf
    return ShownRoute(ends[0], walk.sat, ends[1], latency_s, walk.delivered)


def sat_names(run: Prepared) -> tuple[str, ...]:
    """Names of the satellites, or their numbers."""
    catalogue = run.fleet.catalogue
    return catalogue.name if catalogue else tuple(f"satellite {k}" for k in range(run.fleet.n_sat))


def _keys(scene: Scene, time: int) -> np.ndarray:
    """One number for each slot's pair of satellites, the lower one first."""
    assert scene.links is not None
    neighbour = scene.links.neighbour
    far = (neighbour[time] if neighbour.ndim == 3 else neighbour).astype(np.int64)
    here = np.arange(len(far))[:, None]
    return np.minimum(here, far) * scene.fleet.n_sat + np.maximum(here, far)


def _there(scene: Scene, time: int) -> np.ndarray:
    """Slots whose link geometry allows."""
    assert scene.links is not None
    return np.isfinite(scene.links.delay_s[time])
