"""One draw by hand: what was drawn, what is out and why, the path, and its delay added up."""

import json
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from rich.console import Console
from rich.table import Table

from sdn_mc import config, engine, runner, store
from sdn_mc.core.bits import unpack_draws
from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.network import Masks
from sdn_mc.core.outage import Windows
from sdn_mc.core.problems import InputError
from sdn_mc.engine import Column, Prepared
from sdn_mc.routing.walk import DrawMasks, Walk, walk_one


def print_trace(
    path: Path, draw: int, pair: int, time: int, column: str | None, console: Console
) -> None:
    """Recompute one draw at one time and print it."""
    result = store.open_store(path)
    said = result.attributes()
    job = config.load(json.loads(said["config"]), said["start_directory"], trusted=False)
    names = list(job.columns)
    chosen = names[-1] if column is None else column
    if chosen not in names:
        raise InputError(f"trace: no column is called {chosen!r}; there are {', '.join(names)}")
    run = runner.prepare(job)
    scene = run.scenes[engine.epoch_of(draw, len(run.scenes))]
    for key, value, limit in (
        ("draw", draw, result.n_draw),
        ("pair", pair, len(run.flows.pair_flow)),
        ("time", time, len(scene.time_s)),
    ):
        if value >= limit:
            raise InputError(f"trace: {key}={value} given; the run has 0 to {limit - 1}")
    causes = job.columns[chosen]
    drawn, outages, masks = _one_draw(run, draw, causes)
    at_s = float(scene.time_s[time])
    console.print(
        f"[bold]draw {draw}[/bold], column {chosen}, epoch {scene.epoch} from {scene.start.iso()}, "
        f"time {time} = {at_s:.1f} s, {run.flows.name[run.flows.pair_flow[pair]]}"
    )
    console.print(_drawn_table(drawn, draw % DRAWS_PER_WORD))
    console.print(_outage_table(run, outages, causes, at_s, draw % DRAWS_PER_WORD))
    bit = draw % DRAWS_PER_WORD
    network = engine.network_of(scene)
    healthy = walk_one(network, time, pair, _of_draw(masks["healthy"], time, bit))
    console.print("\n[bold]without threats[/bold]")
    _print_walk(run, scene, healthy, masks, time, bit, causes, console)
    lag_s = float(run.system.routing.lag_s)
    known = _known(run, scene, outages, causes, time, lag_s, bit) if lag_s else None
    truth = _of_draw(masks["column"], time, bit)
    attacked = walk_one(network, time, pair, truth if known is None else known, truth)
    console.print(f"\n[bold]with {', '.join(causes) or 'nothing'}[/bold]")
    _print_walk(run, scene, attacked, masks, time, bit, causes, console)


def _one_draw(
    run: Prepared, draw: int, causes: tuple[str, ...]
) -> tuple[dict[str, np.ndarray], Any, dict[str, Masks]]:
    """The word of 32 draws around one, with masks of the column and of each cause by itself."""
    epoch = engine.epoch_of(draw, len(run.scenes))
    first = draw // DRAWS_PER_WORD * DRAWS_PER_WORD
    drawn, outages = engine.sample_draws(
        run, epoch, jnp.arange(first, first + DRAWS_PER_WORD, dtype=jnp.uint32)
    )
    columns = (Column("healthy", ()), Column("column", causes), *(Column(c, (c,)) for c in causes))
    found = engine.masks_at(run, epoch, outages, columns, run.scenes[epoch].time_s)
    return drawn, outages, {c.name: m for c, m in zip(columns, found, strict=True)}


def _known(
    run: Prepared,
    scene: Any,
    outages: Any,
    causes: tuple[str, ...],
    time: int,
    lag_s: float,
    bit: int,
) -> DrawMasks:
    (masks,) = engine.masks_at(
        run, scene.epoch, outages, (Column("column", causes),), scene.time_s - lag_s
    )
    return _of_draw(masks, time, bit)


def _of_draw(masks: Masks, time: int, bit: int) -> DrawMasks:
    """The booleans of one draw at one time."""
    link = unpack_draws(np.ascontiguousarray(masks.link_up[time, 0])[..., None])
    access = unpack_draws(np.ascontiguousarray(masks.access_up[time, 0])[..., None])
    return DrawMasks(link[..., bit], access[..., bit])


def _drawn_table(drawn: dict[str, np.ndarray], bit: int) -> Table:
    table = Table(title="drawn once for this draw", title_justify="left", box=None)
    table.add_column("quantity")
    table.add_column("value")
    for name, values in drawn.items():
        table.add_row(name, np.array2string(values[bit], precision=6, threshold=20))
    return table


def _outage_table(
    run: Prepared, outages: Any, causes: tuple[str, ...], at_s: float, bit: int
) -> Table:
    """How many of each kind each cause holds down at this time."""
    table = Table(title="out at this time", title_justify="left", box=None)
    for head in ("cause", "of", "out", "of how many", "which (first ten)"):
        table.add_column(head)
    names = run.fleet.group_names
    for cause in causes:
        for part in outages[cause]:
            if not isinstance(part, Windows):
                count = int(np.asarray(part.slot)[..., bit].sum()) // 2
                table.add_row(cause, "link", str(count), "", "")
                continue
            start, end = np.asarray(part.start_s)[..., bit], np.asarray(part.end_s)[..., bit]
            out = np.flatnonzero(((start <= at_s) & (at_s < end)).any(axis=1))
            shown = [names[part.of][k] if part.of in names else str(k) for k in out[:10]]
            table.add_row(cause, part.of, str(len(out)), str(len(start)), ", ".join(shown))
    return table


def _print_walk(
    run: Prepared,
    scene: Any,
    walk: Walk | None,
    masks: dict[str, Masks],
    time: int,
    bit: int,
    causes: tuple[str, ...],
    console: Console,
) -> None:
    """Each leg with its delay and what, if anything, has taken it away."""
    if walk is None:
        console.print("no path")
        return
    by_cause = {cause: _of_draw(masks[cause], time, bit) for cause in causes}
    names = run.fleet.catalogue.name if run.fleet.catalogue else None
    label = (lambda s: names[s]) if names else str
    table = Table(box=None)
    for head in ("leg", "delay ms", "sum ms", "in this draw"):
        table.add_column(head, justify="left" if head in ("leg", "in this draw") else "right")
    total = 0.0
    for k, (text, state) in enumerate(_legs(run, walk, by_cause, label)):
        total += walk.delay_s[k]
        table.add_row(text, f"{walk.delay_s[k] * 1e3:.6f}", f"{total * 1e3:.6f}", state)
    console.print(table)
    verdict = "" if walk.delivered else "; not delivered: a leg is out"
    console.print(f"{walk.hops} hops, {total * 1e3:.6f} ms{verdict}")


def _legs(run: Prepared, walk: Walk, by_cause: dict[str, DrawMasks], label: Any) -> list:
    """Words for each leg: where it goes, and which causes hold it down."""
    sites = run.sites.name

    def access(site: int, candidate: int) -> str:
        return _state({c: m.access_up[site, candidate] for c, m in by_cause.items()})

    first, last = walk.sat[0], walk.sat[-1]
    legs = [
        (
            f"{sites[walk.source_site]} → {label(first)}",
            access(walk.source_site, walk.source_candidate),
        )
    ]
    for k, port in enumerate(walk.port):
        here, there = walk.sat[k], walk.sat[k + 1]
        state = _state({c: m.link_up[there, port] for c, m in by_cause.items()})
        legs.append((f"{label(here)} → {label(there)}", state))
    legs.append(
        (
            f"{label(last)} → {sites[walk.destination_site]}",
            access(walk.destination_site, walk.destination_candidate),
        )
    )
    return legs


def _state(up: dict[str, bool]) -> str:
    lost = [cause for cause, works in up.items() if not works]
    return f"out: {', '.join(lost)}" if lost else "up"
