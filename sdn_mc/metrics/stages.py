"""The stages of a chain, and messages that pass them one after the other.

A *delay* is a number or a distribution, drawn once a draw, the same for every message of the draw.
A *transport* is a flow of the run: waiting for a path as `passage` has it, then the latency of the
path, and once the time to serialise the message, bits / rate. Of alternatives, each with flows of
its own, the one whose message is through first counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import numpy as np
from jaxtyping import Float, Float64

from sdn_mc.core.distributions import Distribution
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.scene import Flows, Scene
from sdn_mc.metrics.over_times import holding_s
from sdn_mc.metrics.passage import departures, sent

Ends = str | tuple[str, ...]
VIA = "via"  # stands for the alternative in a transport's flow


class Delay(eqx.Module):
    """A stage that takes a time of its own."""

    delay_s: Scalar = field(
        unit="s",
        within=(0, 86_400),
        doc="Time from reaching the stage to leaving it.",
        assumed=True,
        drawn=True,
    )

    @property
    def is_drawn(self) -> bool:
        return isinstance(self.delay_s, Distribution)


class Transport(eqx.Module):
    """A stage that takes the message along a flow of the run."""

    flow: tuple[Ends, Ends] | str = field(
        doc="The flow's [source, destination] as `flows` has it, or its name; `via` for either end "
        "stands for each alternative of the chain.",
        static=True,
    )
    bits: Scalar = field(unit="bit", within=(0, 1e15), doc="Size of the message.", assumed=True)
    rate_bps: Scalar = field(
        unit="bit/s", within=(1, 1e15), doc="Rate at which it is sent, once.", assumed=True
    )

    @property
    def asks_via(self) -> bool:
        return not isinstance(self.flow, str) and VIA in self.flow

    def words(self, via: Ends | None) -> str:
        """The flow that is asked for, with the alternative put in."""
        if isinstance(self.flow, str):
            return self.flow
        source, destination = _texts(self.flow, via)
        return f"[{source}, {destination}]"

    def index(self, via: Ends | None, flows: Flows) -> int | None:
        """Number of the flow in the run; None: there is none."""
        if isinstance(self.flow, str):
            return flows.name.index(self.flow) if self.flow in flows.name else None
        ends, known = _texts(self.flow, via), zip(flows.source, flows.destination, strict=True)
        return next((k for k, each in enumerate(known) if each == ends), None)


Stages = Mapping[str, Delay | Transport]


class Passage(NamedTuple):
    """Messages at one stage, [draw, release]; inf: never."""

    stage: str
    arrives_s: Float64[np.ndarray, "draw release"]
    leaves_s: Float64[np.ndarray, "draw release"]  # later, if it waits for a path
    done_s: Float64[np.ndarray, "draw release"]


def passages(
    stages: Stages,
    via: Ends | None,
    latency_s: Float[np.ndarray, "some time flow"],
    scene: Scene,
    drawn: Mapping[str, Float64[np.ndarray, " draw"]],
    released_s: Float64[np.ndarray, "draw release"],
) -> list[Passage]:
    """Messages through every stage by one alternative; the series may have one draw for all."""
    time_s = np.asarray(scene.time_s, np.float64)
    end_s = float(time_s[-1] + holding_s(scene)[-1])
    at_s, found = released_s, []
    for name, stage in stages.items():
        if isinstance(stage, Delay):
            # A Gaussian may fall below 0, in the tail that no check of its range sees.
            own_s = np.maximum(drawn[f"{name}_s"], 0)[:, None] if stage.is_drawn else stage.delay_s
            leaves_s, done_s = at_s, at_s + own_s
        else:
            flow = stage.index(via, scene.flows)
            assert flow is not None, "the configuration was checked against the flows"
            leaves_s, arrives_s = sent(departures(latency_s[..., flow], time_s, end_s), at_s)
            done_s = arrives_s + float(stage.bits) / float(stage.rate_bps)
        found.append(Passage(name, at_s, leaves_s, done_s))
        at_s = done_s
    return found


def earliest(ways: Sequence[list[Passage]]) -> list[Passage]:
    """For each message the alternative by which it is through first, the first of equals."""
    best, *others = ways
    for other in others:
        sooner = other[-1].done_s < best[-1].done_s
        best = [
            Passage(a.stage, *(np.where(sooner, new, old) for old, new in _both(a, b)))
            for a, b in zip(best, other, strict=True)
        ]
    return best


def unwired(stages: Stages, via: Ends | None, flows: Flows) -> Iterator[str]:
    """Transports that no flow serves, or that do not begin where the one before ended."""
    there = ", ".join(f"[{a}, {b}]" for a, b in zip(flows.source, flows.destination, strict=True))
    at = None
    for name, stage in stages.items():
        if isinstance(stage, Delay):
            continue
        flow, where = stage.index(via, flows), f"stages.{name}.flow"
        if flow is None:
            asked = stage.words(via)
            yield f"{where}: no flow is {asked}; there are {there}; name one, or add it to flows"
            continue
        begins = flows.source[flow]
        if at not in (None, begins):
            yield f"{where}: it begins at {begins}, but the message is at {at}; begin there"
        at = flows.destination[flow]


def _both(a: Passage, b: Passage) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Their times, in pairs."""
    return zip(a[1:], b[1:], strict=True)


def _texts(ends: tuple[Any, Any], via: Ends | None) -> tuple[str, str]:
    """Both ends as flows write them, with the alternative put in."""
    chosen = [via if end == VIA and via is not None else end for end in ends]
    source, destination = (end if isinstance(end, str) else " | ".join(end) for end in chosen)
    return source, destination
