"""One draw by hand: what was drawn, what is out and why, the path, and its delay added up."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sdn_mc import config, engine, runner, store
from sdn_mc.core.bits import unpack_draws
from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.network import DrawMasks, InForce, Masks, Walk
from sdn_mc.core.problems import InputError
from sdn_mc.engine import HEALTHY, Column, Prepared
from sdn_mc.engine.effects import effects_of
from sdn_mc.engine.reactions import after_reactions
from sdn_mc.runner.losses import Lost, lost_at, met_on, words_for_access, words_for_link
from sdn_mc.runner.trace_chains import print_chains
from sdn_mc.runner.variables import path_name

N_SHOWN = 5


class Moment(NamedTuple):
    """One draw of one column at one time."""

    run: Prepared
    column: Column
    draw: int
    epoch: int
    time: int
    drawn: dict[str, np.ndarray]
    lost: Lost
    undamaged: DrawMasks
    masks: tuple[DrawMasks, ...]  # of the ages that routing asks for: the first is the present


def print_trace(
    path: Path | str,
    draw: int,
    pair: int,
    time: int,
    column: str | None,
    console: Console,
    plugins: Sequence[str] = (),
) -> None:
    """Recompute one draw at one time and print it. `pair` counts the pairs of `/paths`."""
    result = store.open_store(path)
    said = result.attributes()
    job = config.load(json.loads(said["config"]), said.get("start_directory"), plugins)
    name = list(job.columns)[-1] if column is None else column
    if name not in job.columns:
        raise InputError(f"trace: no column is called {name!r}; there are {', '.join(job.columns)}")
    run = runner.prepare(job)
    for key, value, limit in (
        ("draw", draw, result.n_draw),
        ("pair", pair, run.flows.n_flow),
        ("time", time, len(run.scenes[0].time_s)),
    ):
        if not 0 <= value < limit:
            raise InputError(f"trace: {key}={value} given; the run has 0 to {limit - 1}")
    moment = moment_of(run, Column(name, job.columns[name]), draw, time)
    _print_head(moment, pair, console)
    console.print("\n[bold]without threats[/bold]")
    _print_route(moment, pair, (moment.undamaged,) * len(moment.masks), console)
    _print_stored(path, "/scene/latency_healthy_s", (moment.epoch, time, pair), console)
    how = "".join(f", {escape(words)}" for words in _how_routed(moment))
    console.print(f"\n[bold]with {', '.join(moment.column.causes) or 'nothing'}[/bold]{how}")
    _print_route(moment, pair, moment.masks, console)
    stored = f"/paths/{path_name(run, name)}"
    _print_stored(path, stored, (draw, time, pair), console)
    print_chains(run, moment.column, draw, time, console)


def moment_of(run: Prepared, column: Column, draw: int, time: int) -> Moment:
    """Everything about one draw at one time."""
    return next(moments_of(run, column, draw, (time,)))


def moments_of(run: Prepared, column: Column, draw: int, times: Sequence[int]) -> Iterator[Moment]:
    """Everything about one draw at some times, from the word of 32 draws around it."""
    epoch, bit = engine.epoch_of(draw, len(run.scenes)), draw % DRAWS_PER_WORD
    scene, ages_s = run.scenes[epoch], run.system.routing.ages_s
    word = np.arange(draw - bit, draw - bit + DRAWS_PER_WORD, dtype=np.uint32)
    drawn, outages = engine.sample_draws(run, epoch, jnp.asarray(word))
    columns = (HEALTHY, column)
    at_s = np.asarray(scene.time_s, np.float32)
    effects = effects_of(outages, run.tables[epoch], at_s, columns)
    seen = [
        engine.masks_at(run, epoch, outages, columns, scene.time_s - age_s, DRAWS_PER_WORD)
        for age_s in ages_s
    ]
    left = after_reactions(run.system.threats, outages, column, scene, run.tables[epoch])
    own = {name: value[bit] for name, value in drawn.items() if _cause(name) in column.causes}
    for time in times:
        yield Moment(
            run=run,
            column=column,
            draw=draw,
            epoch=epoch,
            time=time,
            drawn=own,
            lost=lost_at(scene, left, effects, column.causes, time, bit),
            undamaged=_of_draw(seen[0][0], time, bit),
            masks=tuple(_of_draw(masks[1], time, bit) for masks in seen),
        )


def best_walk(moment: Moment, flow: int, masks: Sequence[DrawMasks]) -> Walk | None:
    """The route of a flow's best pair of sites; one that is delivered before one that is not."""
    scene = moment.run.scenes[moment.epoch]
    network, walk = engine.network_of(scene), moment.run.system.routing.walk
    pairs = np.flatnonzero(scene.flows.pair_flow == flow)
    walks = [walk(network, moment.time, int(pair), moment.undamaged, masks) for pair in pairs]
    mile_s = scene.sites.last_mile_s

    def order(walk: Walk) -> tuple[bool, float]:
        ends = [walk.source_site, walk.destination_site]
        return not walk.delivered, walk.latency_s + float(mile_s[ends].sum())

    return min((walk for walk in walks if walk is not None), key=order, default=None)


def _of_draw(masks: Masks, time: int, bit: int) -> DrawMasks:
    """The booleans of one draw at one time; where routing is frozen, of the time in force too."""
    link_up, access_up = (_bits(each, time, bit) for each in (masks.link_up, masks.access_up))
    frozen = masks.frozen
    if frozen is None or frozen.instant[time, bit] == time:
        return DrawMasks(link_up, access_up)
    onset = int(frozen.instant[time, bit])
    then = DrawMasks(_bits(masks.link_up, onset, bit), _bits(masks.access_up, onset, bit))
    return DrawMasks(link_up, access_up, InForce(onset, then, _bits(frozen.access_up, time, bit)))


def _bits(words: Any, time: int, bit: int) -> np.ndarray:
    return unpack_draws(np.ascontiguousarray(words[time, 0])[..., None])[..., bit]


def _how_routed(moment: Moment) -> list[str]:
    """What routing knows, and since when it is frozen."""
    found, now = [moment.run.system.routing.words()], moment.masks[0]
    if now.in_force is not None:
        since_s = float(moment.run.scenes[moment.epoch].time_s[now.in_force.time])
        found.append(f"routing frozen since time {now.in_force.time} = {since_s:.1f} s")
    return [words for words in found if words]


def _cause(drawn: str) -> str:
    return drawn.rpartition(".")[0]


# ---- printing


def _print_head(moment: Moment, flow: int, console: Console) -> None:
    """Which draw and time this is, what was drawn for it, and what is out."""
    run, scene = moment.run, moment.run.scenes[moment.epoch]
    at_s = float(scene.time_s[moment.time])
    console.print(
        f"[bold]draw {moment.draw}[/bold], column {moment.column.name}, epoch {moment.epoch} from "
        f"{scene.start.iso()}, time {moment.time} = {at_s:.1f} s, "
        f"{escape(run.flows.name[flow])}"
    )
    if moment.drawn:
        table = Table(title="\ndrawn once for this draw", title_justify="left", box=None)
        table.add_column("quantity")
        table.add_column("value")
        for name, value in moment.drawn.items():
            table.add_row(name, np.array2string(value, precision=6, threshold=20))
        console.print(table)
    table = Table(title="\nout at this time", title_justify="left", box=None)
    for head in ("cause", "of", "out", "of how many", "which"):
        table.add_column(head, justify="right" if head in ("out", "of how many") else "left")
    for row in moment.lost.rows:
        names = ", ".join(row.names[:N_SHOWN]) + (", …" if len(row.names) > N_SHOWN else "")
        table.add_row(row.cause, row.of, str(len(row.names)), str(row.of_how_many), escape(names))
    if moment.lost.rows:
        console.print(table)


def _print_route(moment: Moment, flow: int, masks: Sequence[DrawMasks], console: Console) -> None:
    """Each leg with its delay and what, if anything, has taken it away in this draw."""
    walk = best_walk(moment, flow, masks)
    if walk is None:
        console.print("no path: " + "; ".join(_ends_in_view(moment, flow, masks[-1])))
        return
    table = Table(box=None)
    for head in ("leg", "delay ms", "sum ms", "in this draw"):
        table.add_column(head, justify="right" if head.endswith("ms") else "left")
    total_s = 0.0
    for (leg, state), delay_s in zip(_legs(moment, walk), walk.delay_s, strict=True):
        total_s += delay_s
        table.add_row(escape(leg), f"{delay_s * 1e3:.6f}", f"{total_s * 1e3:.6f}", escape(state))
    held_s = 0.0
    for site in (walk.source_site, walk.destination_site):
        mile_s = float(moment.run.sites.last_mile_s[site])
        held_s += mile_s
        if mile_s:
            name = escape(f"(last mile of {moment.run.sites.name[site]})")
            table.add_row(name, f"{mile_s * 1e3:.6f}", f"{(total_s + held_s) * 1e3:.6f}", "")
    for met in met_on(moment.lost, walk) if masks is moment.masks else ():
        held_s += met.delay_s or 0.0
        held = f"{met.delay_s * 1e3:.6f}" if met.delay_s is not None else ""
        names = ", ".join(moment.lost.satellite(k) for k in walk.sat if met.sat[k])
        state = f"{met.does} messages that pass {names or 'the site'}"
        table.add_row(f"({met.cause})", held, f"{(total_s + held_s) * 1e3:.6f}", escape(state))
    console.print(table)
    words = f"{walk.hops} link{'' if walk.hops == 1 else 's'}"
    if np.isfinite(total_s):
        words += (
            f", {(total_s + held_s) * 1e3:.6f} ms; in ticks of 2 ns, as the integer solvers add, "
        )
        words += f"{(walk.latency_s + held_s) * 1e3:.6f} ms"
    console.print(words + ("" if walk.delivered else "; not delivered"))


def _ends_in_view(moment: Moment, flow: int, known: DrawMasks) -> list[str]:
    """How many satellites each end can use, of how many in view."""
    scene = moment.run.scenes[moment.epoch]
    access, flows = scene.access, scene.flows
    assert access is not None
    own = flows.pair_flow == flow
    found = []
    for site in dict.fromkeys([*flows.pair_source[own], *flows.pair_destination[own]]):
        seen = np.isfinite(access.delay_s[moment.time, site])
        up = int(np.sum(seen & known.access_up[site]))
        name = escape(moment.run.sites.name[site])
        found.append(f"{name} may use {up} of {int(seen.sum())} satellites in view")
    return found


def _legs(moment: Moment, walk: Walk) -> list[tuple[str, str]]:
    """Where each leg goes, and its state in this draw."""
    scene, lost, truth = moment.run.scenes[moment.epoch], moment.lost, moment.masks[0]
    if truth.in_force is not None:
        truth = truth._replace(access_up=truth.in_force.access_up)
    sites, sat = moment.run.sites.name, lost.satellite
    a, b = (
        (walk.source_site, walk.source_candidate, walk.sat[0]),
        (walk.destination_site, walk.destination_candidate, walk.sat[-1]),
    )
    legs = [(f"{sites[a[0]]} → {sat(a[2])}", words_for_access(lost, truth, *a))]
    for k, port in enumerate(walk.port):
        here, there = walk.sat[k], walk.sat[k + 1]
        state = words_for_link(lost, scene, truth, moment.time, there, port)
        legs.append((f"{sat(here)} → {sat(there)}", state))
    legs.append((f"{sat(b[2])} → {sites[b[0]]}", words_for_access(lost, truth, *b)))
    gone = "gone: out of reach since"
    return [
        (leg, state if np.isfinite(delay_s) else gone)
        for (leg, state), delay_s in zip(legs, walk.delay_s, strict=True)
    ]


def _print_stored(path: Path | str, name: str, at: tuple[int, int, int], console: Console) -> None:
    """The same number in the result, if it was kept."""
    group, _, variable = name.rpartition("/")
    tree = store.open_result(path)
    if group not in tree.groups or variable not in tree[group].data_vars:
        return
    array = tree[group].data_vars[variable]
    if any(index >= length for index, length in zip(at, array.shape, strict=True)):
        return
    stored_s = float(array[at])
    if np.isfinite(stored_s):
        console.print(f"in the result: {stored_s * 1e3:.6f} ms")
    else:
        console.print("in the result: " + ("not yet computed" if np.isnan(stored_s) else "no path"))
