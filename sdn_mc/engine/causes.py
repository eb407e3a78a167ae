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
from sdn_mc.core.distributions import Distribution, Uniform
from sdn_mc.core.fields import fields_of
from sdn_mc.core.outage import Cuts, Outage, Renewal, Windows
from sdn_mc.core.protocols import Threat
from sdn_mc.core.random import component_code, draw_key, draw_value
from sdn_mc.core.scene import Scene
from sdn_mc.engine.types import Spec, System

MANY_ENTITY_DRAWS = 1e9  # a law overflows its windows less often than once in these


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

    Starts are made from earlier ends, never ends minus repairs: a float32 difference of a year is
    off by seconds.
    """
    rate, repair_s = jnp.float32(law.rate_per_s), jnp.float32(law.repair_s)
    load = rate * repair_s
    first = jax.random.uniform(_sub(key, "first"), (n_entity,), jnp.float32)
    down_at_start = first < load / (1 + load)
    end_s = jnp.full((n_entity,), begin_s, jnp.float32)
    starts, ends = [], []
    for k in range(n_window + 1):
        gap_s = _exponential(_sub(key, f"gap {k}"), n_entity) / rate
        if k == 0:
            gap_s = jnp.where(down_at_start, 0.0, gap_s)
        start_s = end_s + gap_s
        end_s = start_s + _exponential(_sub(key, f"repair {k}"), n_entity) * repair_s
        starts.append(start_s)
        ends.append(end_s)
    overflow = jnp.any(starts[-1] < window_s)
    start, end = jnp.stack(starts[:-1], -1), jnp.stack(ends[:-1], -1)
    return Windows(start, end, law.of), overflow


def _exponential(key: Array, count: int) -> Float[Array, " entity"]:
    """Unit-mean exponentials, never 0, so that a rate of 0 gives inf and not NaN."""
    uniform = jax.random.uniform(key, (count,), jnp.float32)
    return jnp.maximum(-jnp.log1p(-uniform), jnp.float32(1e-30))


def _sub(key: Array, name: str) -> Array:
    return jax.random.fold_in(key, component_code(name))


def spec_of(system: System, scene: Scene) -> Spec:
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
        outage = _example(system.threats[name], code, scene)
        n_window.append((name, tuple(_n_window(part, span_s) for part in outage.parts)))
    return Spec(codes, tuple(n_window), tuple(sorted(n_entity.items())))


def _example(threat: Threat, code: int, scene: Scene) -> Outage:
    """The outage of a hard draw: distributions at their 0.999 quantile."""
    tables = threat.prepare(scene) if hasattr(threat, "prepare") else None
    key = draw_key(0, jnp.uint32(0), code)
    high = {
        name: np.asarray(getattr(threat, name).quantile(jnp.float32(0.999)))
        for name in fields_of(threat)
        if isinstance(getattr(threat, name), Distribution)
    }
    fixed = dataclasses.replace(traced(threat), **high)
    seen = traced_scene(scene)
    return fixed.sample(key, _macros(fixed, key, seen), seen, tables)


def _n_window(part: Renewal | Windows | Cuts, span_s: float) -> int:
    """Windows that hold all but one in 1e9 realisations: a Poisson bound on the failures."""
    if not isinstance(part, Renewal):
        return 0
    rate = float(np.max(np.asarray(part.rate_per_s)))
    most = stats.poisson.isf(1 / MANY_ENTITY_DRAWS, rate * span_s)
    return max(2, int(most) + 1)


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
    fleet = dataclasses.replace(scene.fleet, catalogue=None, notes=())
    flows = dataclasses.replace(scene.flows, name=(), source=(), destination=())
    return dataclasses.replace(
        scene,
        fleet=fleet,
        flows=flows,
        links=None,
        access=None,
        status=None,
        start=JulianDate(0.0, 0.0),
        epoch=0,
        time_s=scene.time_s.astype(np.float32),
    )
