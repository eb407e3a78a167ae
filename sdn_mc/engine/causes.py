"""Drawing every cause in every draw of a block: one compiled call, then the windows of laws.

A threat is written for one draw. Here its distributions are drawn and replaced by numbers, its
macros are drawn, and it says who is out and when; laws then get their windows (`laws`), and all of
it becomes spans. Each threat has its own stream, so none disturbs another, and the order in which
they are listed never matters.
"""

import dataclasses
import time
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Float32, UInt32

from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.distributions import Distribution, Uniform
from sdn_mc.core.fields import fields_of
from sdn_mc.core.outage import LINK, LOSES, PAIR, ROUTING, Cuts, Renewal, Spans, Windows
from sdn_mc.core.protocols import Metric, Steered, Threat
from sdn_mc.core.random import component_code, draw_key
from sdn_mc.core.scene import Scene
from sdn_mc.engine.chains import Chain, chain_of
from sdn_mc.engine.laws import Law, spans_of
from sdn_mc.engine.streams import Source, Stream, law_stream, sub_key, uniforms_of
from sdn_mc.engine.types import Spec, System


class Moving(eqx.Module):
    """A cause that depends on geometry, as drawn; with a trailing draw axis, in a block."""

    threat: Any
    state: Any


class Reacting(eqx.Module):
    """A reaction, as drawn; with a trailing draw axis, in a block."""

    threat: Any
    state: Any


class DrawnLaw(eqx.Module):
    """A law with the key of its own stream, in one draw; with a trailing draw axis, in a block."""

    key: UInt32[Array, "..."]
    rate_per_s: Float[Array, "..."]  # of one or every entity
    repair_s: Float[Array, "..."]
    of: str = eqx.field(static=True)
    begin_s: Float[Array, "..."] | None
    end_s: Float[Array, "..."] | None


Drawn = tuple[Spans | Chain | Cuts | Moving | Reacting, ...]  # of one cause in a block


def drawn_and_spans(
    threats: Mapping[str, Threat],
    scene: Scene,
    tables: Mapping[str, Any],
    draws: UInt32[Array, " draw"],
    seed: int,
    lag_s: float,
    spec: Spec,
    answered: Collection[str] = (),
    steered: Steered | None = None,
) -> tuple[dict[str, np.ndarray], dict[str, Drawn]]:
    """What was drawn, and every cause's windows from `lag_s` before the scene's to its end.

    Reactions read the windows of those `answered`, so that their laws are no chains.
    """
    given, hit = ({}, {}) if steered is None else (uniforms_of(steered), steered.hit)
    seeded = jnp.uint32(seed)
    drawn, parts = sample(threats, traced_scene(scene), tables, draws, seeded, given, spec)
    spans = {
        name: tuple(
            _spans(
                part,
                dict(spec.n_entity),
                scene,
                lag_s,
                name in answered and is_answered(threats[name], part),
                hit.get(law_stream(name, k)),
            )
            for k, part in enumerate(each)
        )
        for name, each in parts.items()
    }
    return {name: np.asarray(value) for name, value in drawn.items()}, spans


@partial(jax.jit, static_argnames=("spec",))
def sample(threats, scene, tables, draws, seed, given, spec: Spec):
    one = partial(_sample_one, threats, scene, tables, seed, spec)
    return jax.vmap(one, out_axes=(0, -1))(draws, given)


def _sample_one(threats, scene, tables, seed, spec, draw, given):
    """One draw of every threat, in name order; `given` are uniforms that replace its own."""
    drawn: dict[str, Array] = {}
    outages: dict[str, tuple[DrawnLaw | Windows | Cuts | Moving | Reacting, ...]] = {}
    for name, code, shared_code in spec.threats:
        own = Stream(draw_key(seed, draw, code), code, given)
        common = Stream(draw_key(seed, draw, shared_code), shared_code, given)
        values, outages[name] = in_one_draw(threats[name], own, common, scene, tables.get(name))
        drawn |= {f"{name}.{what}": value for what, value in values.items()}
    return drawn, outages


def in_one_draw(
    threat: Any, own: Source, common: Source, scene: Scene, prepared: Any
) -> tuple[dict[str, Array], tuple[DrawnLaw | Windows | Cuts | Moving | Reacting, ...]]:
    """What one threat has drawn, and the parts of its outage; a campaign shares `common`."""
    threat, values = _resolved(threat, common)
    macros = _macros(threat, own, common, scene)
    outage = threat.sample(sub_key(own.key, "sample"), macros, scene, prepared)
    parts = tuple(
        _drawn_law(part, sub_key(own.key, f"law {k}")) if isinstance(part, Renewal) else part
        for k, part in enumerate(outage.parts)
    )
    if hasattr(threat, "at"):
        parts += (Moving(threat, outage.state),)
    if hasattr(threat, "react"):
        parts += (Reacting(threat, outage.state),)
    return values | macros, parts


def metric_draws(
    metrics: Mapping[str, Metric],
    scene: Scene,
    draws: UInt32[Array, " draw"],
    seed: int,
    steered: Steered | None = None,
) -> dict[str, np.ndarray]:
    """What metrics want drawn, each from its own stream, as "metric.name": [draw]."""
    declared, given = of_metrics(metrics, scene), {} if steered is None else uniforms_of(steered)
    if not any(declared.values()):
        return {}
    drawn = _sample_metrics(declared, draws, jnp.uint32(seed), given)
    return {name: np.asarray(value) for name, value in drawn.items()}


def of_metrics(
    metrics: Mapping[str, Metric], scene: Scene
) -> dict[str, Mapping[str, Distribution]]:
    """What each metric wants drawn."""
    return {k: m.macros(scene) for k, m in sorted(metrics.items()) if hasattr(m, "macros")}


def metric_code(metric: str) -> int:
    """Code of a metric's stream."""
    return component_code(f"metric {metric}")


@jax.jit
def _sample_metrics(declared, draws, seed, given):
    def one(draw, given):
        return {
            f"{metric}.{name}": stream.value(f"macro {name}", distribution)
            for metric, macros in declared.items()
            for code in [metric_code(metric)]
            for stream in [Stream(draw_key(seed, draw, code), code, given)]
            for name, distribution in macros.items()
        }

    return jax.vmap(one)(draws, given)


def _drawn_law(law: Renewal, key: Array) -> DrawnLaw:
    """The law's numbers as one or every entity has them."""
    rate_per_s, repair_s = (
        jnp.atleast_1d(jnp.float32(each)) for each in (law.rate_per_s, law.repair_s)
    )
    within = (
        None if each is None else jnp.asarray(each, jnp.float32)
        for each in (law.begin_s, law.end_s)
    )  # fmt: skip
    return DrawnLaw(jax.random.key_data(key), rate_per_s, repair_s, law.of, *within)


def _spans(
    part: DrawnLaw | Windows | Cuts | Moving | Reacting,
    n_entity: Mapping[str, int],
    scene: Scene,
    lag_s: float,
    is_answered: bool,
    hit: Bool[np.ndarray, "draw entity"] | None,
) -> Spans | Chain | Cuts | Moving | Reacting:
    """A part of a block: windows as spans, and laws too unless a chain will do."""
    if isinstance(part, Reacting):
        return jax.tree.map(np.asarray, part)
    if isinstance(part, Cuts | Moving):
        return part
    if isinstance(part, DrawnLaw):
        law, window_s = law_of(part, n_entity), float(scene.window_s)
        if hit is not None:
            return spans_of(law, -lag_s, window_s, hit.T)
        by_windows = bool(lag_s) or is_answered or _must_know_since_when(part.of, scene)
        chain = None if by_windows else chain_of(law, window_s)
        return spans_of(law, -lag_s, window_s) if chain is None else chain
    begin_s, window_s = -lag_s, float(scene.window_s)
    given = np.asarray(part.start_s), np.asarray(part.end_s)
    spans = spans_of_windows(*given, part.of, begin_s, window_s)
    delay_s = None if part.delay_s is None else np.asarray(part.delay_s)
    return spans._replace(does=part.does, delay_s=delay_s)


def law_of(part: DrawnLaw, n_entity: Mapping[str, int]) -> Law:
    """The law on the host."""
    return Law(
        key=np.asarray(part.key),
        rate_per_s=np.asarray(part.rate_per_s),
        repair_s=np.asarray(part.repair_s),
        of=part.of,
        n_entity=n_entity[part.of],
        begin_s=None if part.begin_s is None else np.asarray(part.begin_s),
        end_s=None if part.end_s is None else np.asarray(part.end_s),
    )


def is_answered(threat: Any, part: Any) -> bool:
    """Do reactions read the windows of this part? Not where nothing is lost."""
    if getattr(part, "does", LOSES) != LOSES or getattr(part, "of", None) == ROUTING:
        return False
    return getattr(part, "of", None) not in getattr(threat, "unanswered", ())


def _must_know_since_when(of: str, scene: Scene) -> bool:
    """Do routes or standby links hang on how long such a thing has been down?"""
    if of == ROUTING:
        return True
    assert scene.links is not None
    wakes_nothing = of in ("terminal", "site", LINK) or of.startswith(PAIR)
    return not wakes_nothing and bool(np.any(scene.links.wakes_on >= 0))


def spans_of_windows(
    start_s: Float32[np.ndarray, "entity window draw"],
    end_s: Float32[np.ndarray, "entity window draw"],
    of: str,
    begin_s: float = -np.inf,
    window_s: float = np.inf,
) -> Spans:
    """Windows that an author gave, by their starts: those not empty and not outside the scene."""
    if start_s.shape[1] > 1:
        by_start = np.argsort(start_s, axis=1, kind="stable")
        start_s, end_s = (np.take_along_axis(each, by_start, axis=1) for each in (start_s, end_s))
    n_entity, _, n_draw = start_s.shape
    n_word = n_draw // DRAWS_PER_WORD
    there = (start_s < end_s) & (start_s <= window_s) & (end_s >= begin_s)
    there = there.reshape(n_entity, -1, n_word, DRAWS_PER_WORD)
    word, entity, lane, window = np.nonzero(there.transpose(2, 0, 3, 1))
    draw = word * DRAWS_PER_WORD + lane
    at = entity, window, draw
    begin = np.searchsorted(word, np.arange(n_word + 1))
    return Spans(
        entity=entity.astype(np.int32),
        draw=draw.astype(np.int32),
        start_s=start_s[at],
        end_s=end_s[at],
        begin=begin.astype(np.int64),
        of=of,
        n_entity=n_entity,
    )


def _resolved(threat: Any, stream: Source) -> tuple[Any, dict[str, Array]]:
    """The threat with every distribution replaced by a draw, and those draws."""
    values: dict[str, Array] = {}
    changed: dict[str, Any] = {}
    for name in fields_of(threat):
        field = getattr(threat, name)
        if isinstance(field, Distribution):
            changed[name] = values[name] = stream.value(f"field {name}", field)
        elif isinstance(field, Mapping):
            drawn = {
                each: stream.value(f"field {name}.{each}", inner)
                for each, inner in field.items()
                if isinstance(inner, Distribution)
            }
            values |= {f"{name}.{each}": value for each, value in drawn.items()}
            changed |= {name: {**field, **drawn}} if drawn else {}
    return dataclasses.replace(threat, **changed) if changed else threat, values


def _macros(threat: Any, own: Source, common: Source, scene: Scene) -> dict[str, Array]:
    """The threat's own macros, and the onset of a given event, which a campaign shares."""
    declared = dict(threat.macros(scene)) if hasattr(threat, "macros") else {}
    values = {name: own.value(f"macro {name}", each) for name, each in declared.items()}
    if hasattr(threat, "onset_s"):
        onset_s = threat.onset_s if threat.onset_s is not None else scene.onset_s
        values["onset_s"] = (
            common.value("macro onset_s", Uniform(0.0, scene.window_s))
            if onset_s is None
            else jnp.asarray(onset_s, jnp.float32)
        )
    return values


def spec_of(system: System, scene: Scene) -> Spec:
    """Streams in name order, and how many there are of each kind of thing."""
    campaign = {cause: f"campaign {name}" for name, of in system.campaigns.items() for cause in of}
    codes = []
    for name, threat in sorted(system.threats.items()):
        own = component_code(getattr(threat, "stream", None) or name)
        codes.append((name, own, component_code(campaign[name]) if name in campaign else own))
    n_entity = scene.n_entity
    assert scene.links is not None
    n_entity["terminal"] = n_entity["sat"] * scene.links.n_terminal
    n_entity[LINK] = scene.links.terminal.size
    return Spec(tuple(codes), tuple(sorted(n_entity.items())))


def prepared_tables(
    threats: Mapping[str, Threat], scenes: Sequence[Scene]
) -> tuple[tuple[dict[str, Any], ...], dict[str, float]]:
    """What each threat prepares of every epoch, and the seconds that each took for all of them."""
    tables: tuple[dict[str, Any], ...] = tuple({} for _ in scenes)
    seconds = {}
    for name, threat in threats.items():
        if hasattr(threat, "prepare"):
            began = time.monotonic()
            for table, scene in zip(tables, scenes, strict=True):
                table[name] = threat.prepare(scene)
            seconds[name] = time.monotonic() - began
    return tables, seconds


def traced(threat: Any) -> Any:
    """The component without the records it was made from: compiled code sees numbers only."""
    files = {name: None for name, info in fields_of(threat).items() if info.reads}
    return dataclasses.replace(threat, **files) if files else threat


def traced_scene(scene: Scene) -> Scene:
    """The scene as causes see it: counts, groups, times; geometry and names stay on the host."""
    no_date = JulianDate(0.0, 0.0)
    fleet = dataclasses.replace(scene.fleet, reference=no_date, catalogue=None, notes=())
    flows = dataclasses.replace(scene.flows, name=(), source=(), destination=(), last_mile_s=None)
    return dataclasses.replace(
        scene,
        fleet=fleet,
        flows=flows,
        sites=dataclasses.replace(scene.sites, name=(), users=()),
        links=None,
        access=None,
        status=None,
        geometry=None,
        start=no_date,
        epoch=0,
        time_s=scene.time_s.astype(np.float32),
    )
