"""What a way of sampling may decide: coins of causes, with their chances, and all distributions.

A coin is a Bernoulli macro, or of a law, whether a thing is down at some time of the scene (from
the oldest instant that routing looks at). Both are independent of everything else, so that throwing
them otherwise changes the measure by a factor that is known exactly. When what is hit goes down,
for how long, and how often again, stays the law's own, given that it is hit.

Coins are found once an epoch, from two draws. Limits: chances must be the same in every draw, so a
rate or a probability that is itself drawn is refused; so is a stream that two threats share. What a
threat throws by itself, element by element in its `sample`, is no coin.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, UInt32

from sdn_mc.core.distributions import Bernoulli, Distribution
from sdn_mc.core.problems import InputError
from sdn_mc.core.protocols import Coins, Metric, Steered
from sdn_mc.core.random import draw_key, draw_value
from sdn_mc.core.scene import Scene
from sdn_mc.engine.causes import (
    DrawnLaw,
    in_one_draw,
    law_of,
    metric_code,
    of_metrics,
    traced,
    traced_scene,
)
from sdn_mc.engine.laws import chance_of_hit
from sdn_mc.engine.streams import MACRO, law_stream, stream_name, sub_key
from sdn_mc.engine.types import Spec, System


class Steering(NamedTuple):
    """What of an epoch may be steered."""

    coins: tuple[Coins, ...]
    shapes: Mapping[str, tuple[int, ...]]


class Noted(NamedTuple):
    """A stream that notes what is drawn from it."""

    key: Array
    code: int
    seen: dict[str, Distribution]

    def value(self, what: str, distribution: Distribution) -> Array:
        """One draw of a distribution."""
        self.seen[stream_name(self.code, what)] = distribution
        return draw_value(sub_key(self.key, what), distribution)


def steering_of(
    system: System, scene: Scene, tables: Mapping[str, Any], spec: Spec, seed: int
) -> Steering | None:
    """Coins of the threats that the run's sampling steers, and the shapes of all streams."""
    if system.sampling is None:
        return None
    coins: list[Coins] = []
    shapes: dict[str, tuple[int, ...]] = {}
    lag_s = max(system.routing.ages_s)
    for name, code, shared in spec.threats:
        given = traced(system.threats[name]), traced_scene(scene), tables.get(name)
        looks = [_look(name, code, shared, *given, spec, seed, draw, lag_s) for draw in (0, 1)]
        shapes |= looks[0][1]
        if name in system.sampling.steers:
            _check_stream(name, code, spec)
            coins += _alike(name, looks[0][0], looks[1][0])
    return Steering(tuple(coins), shapes | _shapes_of_metrics(system.metrics, scene))


def steered_draws(
    system: System, steering: Steering | None, draws: UInt32[np.ndarray, " draw"], seed: int
) -> Steered | None:
    """What the run's sampling decides of some draws."""
    if system.sampling is None or steering is None:
        return None
    return system.sampling.steer(steering.coins, steering.shapes, draws, seed)


def said_of_draws(steered: Steered) -> dict[str, np.ndarray]:
    """What is kept of each draw: its weight, and the stratum or the net that it belongs to."""
    said = {"weight": steered.weight, "stratum": steered.stratum, "net": steered.net}
    return {name: values for name, values in said.items() if values is not None}


def _look(
    name: str,
    code: int,
    shared: int,
    threat: Any,
    scene: Scene,
    prepared: Any,
    spec: Spec,
    seed: int,
    draw: int,
    lag_s: float,
) -> tuple[list[Coins], dict[str, tuple[int, ...]]]:
    """Coins of one threat as one draw has them, and what it draws."""
    seen: dict[str, Distribution] = {}
    n_entity = dict(spec.n_entity)
    own = Noted(draw_key(seed, jnp.uint32(draw), code), code, seen)
    common = Noted(draw_key(seed, jnp.uint32(draw), shared), shared, seen)
    _, parts = in_one_draw(threat, own, common, scene, prepared)
    coins = [
        Coins(name, stream, _every(each.probability, int(np.prod(each.shape))))
        for stream, each in seen.items()
        if isinstance(each, Bernoulli) and f" {MACRO} " in stream
    ]
    for k, part in enumerate(parts):
        if isinstance(part, DrawnLaw):
            law = law_of(jax.tree.map(lambda each: np.asarray(each)[..., None], part), n_entity)
            chance = chance_of_hit(law, -lag_s, float(scene.window_s))[:, 0]
            coins.append(Coins(name, law_stream(name, k), _every(chance, law.n_entity)))
    return coins, {stream: tuple(each.shape) for stream, each in seen.items()}


def _every(chance: Any, n_entity: int) -> np.ndarray:
    """The chance of each thing, float64."""
    given = np.asarray(chance, np.float64)
    return np.broadcast_to(given.ravel() if given.size > 1 else given.reshape(()), n_entity).copy()


def _alike(name: str, first: Sequence[Coins], second: Sequence[Coins]) -> Sequence[Coins]:
    """The coins, if two draws have the same."""
    if not first:
        raise InputError(
            f"sampling: threats.{name} has no chance that sampling could change: no law of "
            "failures and repairs, and no macro that is true or false; take it out of `sampling`"
        )
    for one, other in zip(first, second, strict=True):
        if not np.array_equal(one.chance, other.chance):
            raise InputError(
                f"sampling: the chances of threats.{name} differ from draw to draw, since one of "
                "its numbers is drawn; give a number, or take it out of `sampling`"
            )
    return first


def _check_stream(name: str, code: int, spec: Spec) -> None:
    others = [other for other, own, _ in spec.threats if own == code and other != name]
    if others:
        raise InputError(
            f"sampling: threats.{name} shares its random stream with {', '.join(others)}, and "
            "would no longer; take it out of `sampling`, or give it a stream of its own"
        )


def _shapes_of_metrics(metrics: Mapping[str, Metric], scene: Scene) -> dict[str, tuple[int, ...]]:
    """What metrics draw."""
    return {
        stream_name(metric_code(metric), f"{MACRO} {name}"): tuple(each.shape)
        for metric, macros in of_metrics(metrics, scene).items()
        for name, each in macros.items()
    }
