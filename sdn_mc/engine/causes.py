"""Drawing every cause in every draw of a block: one compiled call.

A threat is written for one draw. Here its distributions are drawn and replaced by numbers, its
macros are drawn, it says who is out and when, and laws are turned into windows. Each threat has
its own stream, so none disturbs another, and the order in which they are listed never matters.
"""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from scipy import stats

from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.distributions import MAX_UNIFORM, Distribution, Uniform
from sdn_mc.core.fields import fields_of
from sdn_mc.core.outage import Cuts, Outage, Renewal, Windows
from sdn_mc.core.protocols import Threat
from sdn_mc.core.random import component_code, draw_key, draw_value
from sdn_mc.core.scene import Scene
from sdn_mc.engine.types import Spec, System

MANY_ENTITY_DRAWS = 1e12  # a law overflows its windows less often than once in these
LEAST_WINDOWS = 4  # enough for 0.8 failures a year in a day: usual rates then share compiled code


@partial(jax.jit, static_argnames=("spec",))
def sample(threats, scene, tables, draws, seed, begin_s, spec: Spec):
    one = partial(_sample_one, threats, scene, tables, seed, begin_s, spec)
    drawn, outages, overflow = jax.vmap(one, out_axes=(0, -1, 0))(draws)
    return drawn, outages, jnp.any(overflow)


def _sample_one(threats, scene, tables, seed, begin_s, spec, draw):
    """One draw of every threat, in name order."""
    drawn: dict[str, Array] = {}
    outages: dict[str, tuple[Windows | Cuts, ...]] = {}
    overflow = jnp.bool_(False)
    n_window = dict(spec.n_window)
    for name, code in spec.threats:
        key = draw_key(seed, draw, code)
        threat, values = _resolved(threats[name], key)
        macros = _macros(threat, key, scene)
        drawn |= {f"{name}.{field}": value for field, value in values.items()}
        drawn |= {f"{name}.{macro}": value for macro, value in macros.items()}
        outage = threat.sample(_sub(key, "sample"), macros, scene, tables.get(name))
        parts = []
        for k, part in enumerate(outage.parts):
            if isinstance(part, Renewal):
                count = dict(spec.n_entity)[part.of]
                law_key = _sub(key, f"law {k}")
                part, over = _draw_law(
                    law_key, part, count, n_window[name][k], begin_s, scene.window_s
                )
                overflow |= over
            parts.append(part)
        outages[name] = tuple(parts)
    return drawn, outages, overflow


def _resolved(threat: Any, key: Array) -> tuple[Any, dict[str, Array]]:
    """The threat with every distribution replaced by a draw, and those draws."""
    values = {
        name: draw_value(_sub(key, f"field {name}"), getattr(threat, name))
        for name in fields_of(threat)
        if isinstance(getattr(threat, name), Distribution)
    }
    return dataclasses.replace(threat, **values) if values else threat, values


def _macros(threat: Any, key: Array, scene: Scene) -> dict[str, Array]:
    """The threat's own macros, and the onset of a given event."""
    declared = dict(threat.macros(scene)) if hasattr(threat, "macros") else {}
    values = {name: draw_value(_sub(key, f"macro {name}"), d) for name, d in declared.items()}
    if hasattr(threat, "onset_s"):
        own = threat.onset_s if threat.onset_s is not None else scene.onset_s
        uniform = Uniform(0.0, scene.window_s)
        values["onset_s"] = (
            draw_value(_sub(key, "macro onset_s"), uniform)
            if own is None
            else jnp.asarray(own, jnp.float32)
        )
    return values


def _draw_law(
    key: Array, law: Renewal, n_entity: int, n_window: int, begin_s: Array, window_s: Array
) -> tuple[Windows, Bool[Array, ""]]:
    """Windows of a stationary on-off process from `begin_s` to the window's end.

    What is down at the start has been so for an exponential time, as the repair has no memory.
    Later starts are made from earlier ends, never ends minus repairs: a float32 difference of a
    year is off by seconds.
    """
    rate, repair_s = jnp.float32(law.rate_per_s), jnp.float32(law.repair_s)
    load = rate * repair_s
    first = jax.random.uniform(_sub(key, "first"), (n_entity,), jnp.float32)
    down_at_start = first < load / (1 + load)
    codes = [
        [component_code(f"gap {k}"), component_code(f"repair {k}")] for k in range(n_window + 1)
    ]

    def units(code):
        return [_exponential(jax.random.fold_in(key, each), n_entity) for each in code]

    def following(end_s, code):
        gap, repair = units(code)
        start_s = end_s + gap / rate
        end_s = start_s + repair * repair_s
        return end_s, (start_s, end_s)

    gap, repair = units(codes[0])
    start_s = begin_s + jnp.where(down_at_start, -gap * repair_s, gap / rate)
    end_s = jnp.maximum(start_s, begin_s) + repair * repair_s
    _, later = jax.lax.scan(following, end_s, jnp.array(codes[1:], jnp.uint32))
    start, end = jnp.vstack([start_s[None], later[0]]), jnp.vstack([end_s[None], later[1]])
    overflow = jnp.any(start[-1] < window_s)
    return Windows(start[:-1].T, end[:-1].T, law.of), overflow


def _exponential(key: Array, count: int) -> Float[Array, " entity"]:
    """Unit-mean exponentials, never 0, so that a rate of 0 gives inf and not NaN."""
    uniform = jax.random.uniform(key, (count,), jnp.float32)
    return jnp.maximum(-jnp.log1p(-uniform), jnp.float32(1e-30))


def _sub(key: Array, name: str) -> Array:
    return jax.random.fold_in(key, component_code(name))


def spec_of(system: System, scene: Scene, tables: Mapping[str, Any]) -> Spec:
    """Streams in name order, and how many windows each law needs."""
    codes = tuple(
        (name, component_code(getattr(threat, "stream", None) or name))
        for name, threat in sorted(system.threats.items())
    )
    n_entity = scene.n_entity
    assert scene.links is not None
    n_entity["terminal"] = n_entity["sat"] * scene.links.n_terminal
    n_window = []
    span_s = float(scene.window_s) + float(system.routing.lag_s)
    for name, code in codes:
        ends = [
            _example(system.threats[name], code, scene, tables.get(name), quantile)
            for quantile in (0.0, MAX_UNIFORM)
        ]
        parts = zip(*(outage.parts for outage in ends), strict=True)
        n_window.append((name, tuple(_n_window(each, span_s) for each in parts)))
    return Spec(codes, tuple(n_window), tuple(sorted(n_entity.items())))


def _example(threat: Threat, code: int, scene: Scene, tables: Any, quantile: float) -> Outage:
    """The outage of a draw in which every distribution gives this quantile."""
    key = draw_key(0, jnp.uint32(0), code)
    extreme = {
        name: jnp.asarray(getattr(threat, name).quantile(jnp.float32(quantile)))
        for name in fields_of(threat)
        if isinstance(getattr(threat, name), Distribution)
    }
    fixed = dataclasses.replace(traced(threat), **extreme)
    seen = traced_scene(scene)
    return fixed.sample(key, _macros(fixed, key, seen), seen, tables)


def _n_window(examples: tuple[Renewal | Windows | Cuts, ...], span_s: float) -> int:
    """Windows that hold nearly every realisation of a law, from its lowest and highest example.

    n + 1 failures need n + 1 gaps, and n repairs between them, inside the span: the counts of
    either are Poisson, and the smaller bound holds. A power of two, so that a swept rate seldom
    compiles anew.
    """
    laws = [part for part in examples if isinstance(part, Renewal)]
    if not laws:
        return 0
    rate_per_s = np.max([np.max(np.asarray(law.rate_per_s)) for law in laws])
    repair_s = np.min([np.min(np.asarray(law.repair_s)) for law in laws])
    by_gaps = stats.poisson.isf(1 / MANY_ENTITY_DRAWS, rate_per_s * span_s)
    by_repairs = stats.poisson.isf(1 / MANY_ENTITY_DRAWS, span_s / max(repair_s, 1e-9)) + 1
    return max(LEAST_WINDOWS, 1 << int(min(by_gaps, by_repairs)).bit_length())


def prepared_tables(threats: Mapping[str, Threat], scene: Scene) -> dict[str, Any]:
    return {
        name: threat.prepare(scene)
        for name, threat in threats.items()
        if hasattr(threat, "prepare")
    }


def traced(threat: Any) -> Any:
    """The component without the records it was made from: compiled code sees numbers only."""
    files = {name: None for name, info in fields_of(threat).items() if info.reads}
    return dataclasses.replace(threat, **files) if files else threat


def traced_scene(scene: Scene) -> Scene:
    """The scene as causes see it: counts, groups, times; geometry and names stay on the host."""
    no_date = JulianDate(0.0, 0.0)
    fleet = dataclasses.replace(scene.fleet, reference=no_date, catalogue=None, notes=())
    flows = dataclasses.replace(scene.flows, name=(), source=(), destination=())
    return dataclasses.replace(
        scene,
        fleet=fleet,
        flows=flows,
        sites=dataclasses.replace(scene.sites, name=()),
        links=None,
        access=None,
        status=None,
        start=no_date,
        epoch=0,
        time_s=scene.time_s.astype(np.float32),
    )
