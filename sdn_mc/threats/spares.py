"""Repair and spares: a satellite that stays lost is replaced, from its plane or from Earth.

Model: once a satellite has been lost for `replaces_after_h`, by whatever causes without a break, it
is replaced, if there is a spare. Each plane has `spares_per_plane`, which go to its first losses;
what they do not cover takes, in order of loss over the fleet, one of `launch_spares`. Equal times
go by the satellite's number. The replacement carries traffic at

    loss + replaces_after + drift + checkout                from the plane,
    loss + replaces_after + launch + drift + checkout       from Earth,

with drift and launch lognormal (medians `drift_d` and `launch_delay_d`, one sigma), drawn for each
place of the fleet. Windows of the loss that began before then end then, unless they end earlier by
themselves; what begins later strikes the replacement and is a new loss. So short losses take no
spare, a spare that was sent stays sent, and nothing is ever worse than without any.

Losses begun before the scene count from their real start. One that has none (listed losses, a law
without repair) belongs to the design and is not replaced. Satellites that carry no traffic take no
spares; a satellite without a plane is replaced from Earth.

Sources: replenishment is launch delay, drift and checkout, months in all for a tranche; spares may
wait in parking orbits (arXiv:2509.09957); OneWeb lists 60 spares for 12 planes; the SDA plans about
one launch of 21 satellites a month. All numbers are assumptions to sweep.

Limits: the stock is that of the losses in view: of a law with a repair of its own, those under way
or to come; of `wear_out` with replacement_d: null, all since launch. That repair goes on beside,
and the earlier end counts: a law whose own repair is long beside its mean time to failure has few
failures, as satellites that are down do not fail. A cause whose window a replacement ends does not
strike it until that window would have ended. A spare whose satellite came back by itself before it
arrived is used up. No new stock comes, and satellites of one launch have times of their own.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, no_type_check

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float32, Float64, Int64, Key

from sdn_mc.core.compiled import entry, kernel
from sdn_mc.core.constants import S_PER_DAY, S_PER_H
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.fleet import CARRIES_TRAFFIC
from sdn_mc.core.outage import Outage, Spans
from sdn_mc.core.scene import Scene
from sdn_mc.core.spans import Rows, of_satellites, rows_of, takes_satellites, with_ends


class Rules(NamedTuple):
    """Who is replaced, from what stock, and how long it takes."""

    serves: Bool[np.ndarray, " sat"]
    plane: Int64[np.ndarray, " sat"]  # -1: none
    after_s: Float64[np.ndarray, " draw"]  # from the loss to the decision
    near_s: Float64[np.ndarray, "sat draw"]  # from there to service, from the plane
    far_s: Float64[np.ndarray, "sat draw"]  # and from Earth
    n_near: Float64[np.ndarray, " draw"]
    n_far: Float64[np.ndarray, " draw"]


class Memory(NamedTuple):
    """Of one draw, while its windows are gone through."""

    loss: Int64[np.ndarray, " sat"]  # the latest of each satellite; -1: none yet
    until_s: Float64[np.ndarray, " sat"]  # to when it lasts, but for a replacement
    left: Float64[np.ndarray, " plane"]  # spares
    queue: Int64[np.ndarray, " loss"]  # that wait for a decision


class Spares(eqx.Module):
    """Lost satellites are replaced by spares of their plane, then by launches."""

    spares_per_plane: Scalar = field(
        unit="1", within=(0, 1e6), doc="Spares in each plane, rounded.", assumed=True
    )
    launch_spares: Scalar = field(
        unit="1", within=(0, 1e9), doc="Spares on Earth for the whole fleet, rounded.", assumed=True
    )
    replaces_after_h: Scalar = field(
        unit="h",
        within=(0, 876_600),
        doc="How long a satellite must be lost until a spare is sent.",
        assumed=True,
    )
    launch_delay_d: Scalar = field(
        unit="d", within=(0, 36_525), doc="Median time to a launch.", assumed=True
    )
    drift_d: Scalar = field(
        unit="d", within=(0, 36_525), doc="Median time to the place in the plane.", assumed=True
    )
    sigma: Scalar = field(
        unit="1",
        within=(0, 3),
        doc="Spread of the logarithms of launch delay and drift.",
        assumed=True,
    )
    checkout_d: Scalar = field(
        unit="d", within=(0, 3650), doc="Time from arrival to service.", assumed=True
    )
    reacts: ClassVar[str] = "repair"

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """Launch delay and drift of a replacement at each place, s."""
        del macros, prepared
        normal = jax.random.normal(key, (2, scene.fleet.n_sat), dtype=jnp.float32)
        medians_d = jnp.stack([jnp.float32(self.launch_delay_d), jnp.float32(self.drift_d)])
        return Outage(state=medians_d[:, None] * S_PER_DAY * jnp.exp(self.sigma * normal))

    def react(
        self,
        state: Float32[np.ndarray, "two sat draw"],
        spans: list[Spans],
        scene: Scene,
        prepared: Any,
    ) -> list[Spans]:
        """Satellites one by one, their windows ended by replacements; other things as they are."""
        del prepared
        found = [of_satellites(each, scene) if takes_satellites(each) else each for each in spans]
        which = [k for k, each in enumerate(found) if takes_satellites(each)]
        rows = rows_of([found[k] for k in which])
        order = np.lexsort((rows.entity, rows.start_s, rows.draw))
        back_s = np.empty(len(order))
        back_s[order] = replaced_s(Rows(*(each[order] for each in rows)), self._rules(state, scene))
        end_s = np.minimum(rows.end_s, back_s.astype(np.float32))
        bounds = np.cumsum([0, *(len(found[k].entity) for k in which)])
        for k, begin, end in zip(which, bounds, bounds[1:], strict=False):
            found[k] = with_ends(found[k], end_s[begin:end])
        return found

    def _rules(self, state: Float32[np.ndarray, "two sat draw"], scene: Scene) -> Rules:
        """Stock, and times in seconds."""
        launch_s, drift_s = state.astype(np.float64)
        after_s, checkout_s, near, far = (
            np.asarray(each, np.float64)
            for each in (
                self.replaces_after_h * S_PER_H,
                self.checkout_d * S_PER_DAY,
                np.round(self.spares_per_plane),
                np.round(self.launch_spares),
            )
        )
        assert scene.status is not None
        return Rules(
            serves=np.isin(scene.status, CARRIES_TRAFFIC),
            plane=np.asarray(scene.fleet.plane, np.int64),
            after_s=after_s,
            near_s=np.ascontiguousarray(drift_s + checkout_s),
            far_s=np.ascontiguousarray(launch_s + drift_s + checkout_s),
            n_near=near,
            n_far=far,
        )


def replaced_s(rows: Rows, rules: Rules) -> Float64[np.ndarray, " row"]:
    """When a replacement ends each window, inf: never; windows by draw, then by start."""
    n_row, n_sat = len(rows.draw), len(rules.plane)
    loss, back_s = np.empty(n_row, np.int64), np.empty(n_row)
    memory = Memory(
        loss=np.empty(n_sat, np.int64),
        until_s=np.empty(n_sat),
        left=np.empty(max(int(rules.plane.max(initial=0)) + 1, 1)),
        queue=np.empty(n_row, np.int64),
    )
    _go_through(rows, rules, memory, loss, back_s)
    return back_s[loss]


@entry
@no_type_check
def _go_through(rows, rules, memory, loss, back_s):
    """The loss of each window, by its first one, and when that loss ends by a replacement.

    Decisions fall due in the order in which losses begin, so those that wait stand in a line.
    """
    head, tail, far = 0, 0, 0.0
    for row in range(len(rows.draw)):
        draw, sat, start_s = rows.draw[row], rows.entity[row], np.float64(rows.start_s[row])
        if row == 0 or draw != rows.draw[row - 1]:
            if row > 0:
                _decide(rows, rules, memory, back_s, head, tail, np.inf, far)
            head, tail, far = 0, 0, rules.n_far[draw]
            memory.left[:] = rules.n_near[draw]
            memory.loss[:] = -1
        head, far = _decide(rows, rules, memory, back_s, head, tail, start_s, far)
        current = memory.loss[sat]
        if current >= 0 and start_s <= memory.until_s[sat] and start_s < back_s[current]:
            memory.until_s[sat] = max(memory.until_s[sat], rows.end_s[row])
        else:
            current = row
            memory.loss[sat], memory.until_s[sat], back_s[row] = row, rows.end_s[row], np.inf
            memory.queue[tail] = row
            tail += 1
        loss[row] = current
    _decide(rows, rules, memory, back_s, head, tail, np.inf, far)


@kernel
@no_type_check
def _decide(rows, rules, memory, back_s, head, tail, before_s, far):
    """Send a spare for each loss that has lasted long enough by then, while there are any."""
    while head < tail:
        loss = memory.queue[head]
        draw, sat, since_s = rows.draw[loss], rows.entity[loss], np.float64(rows.start_s[loss])
        due_s = since_s + rules.after_s[draw]
        if due_s >= before_s:
            break
        head += 1
        lasts = memory.loss[sat] == loss and memory.until_s[sat] > due_s
        if not (lasts and rules.serves[sat] and since_s > -np.inf):
            continue
        plane = rules.plane[sat]
        if plane >= 0 and memory.left[plane] > 0:
            memory.left[plane] -= 1
            back_s[loss] = due_s + rules.near_s[sat, draw]
        elif far > 0:
            far -= 1
            back_s[loss] = due_s + rules.far_s[sat, draw]
    return head, far
