"""Chain: how long from an event to the user, over sensing, transport, processing and decision.

Model: a chain is a list of stages in order (`stages`): delays, which the engine draws once a draw,
and transports along flows of the run, which wait for a path (`passage`). With alternatives (`via`:
command nodes, say) each has flows of its own, all work with the same drawn delays, and the message
that is first at the user counts. One is released at every instant of an episode but those of the
last `edge_s`, which the horizon would cut off; its time to the user is

    T = arrival at the user - release,

inf if it waits for a path beyond the horizon, and that is later than any deadline. The age of the
track is the time since the release of the newest message at the user, at every instant but those of
the first `edge_s`, when the first ones are still on their way.

The healthy chain has the same drawn delays in each draw, so what the threats add is paired.

Assumptions and limits: nobody publishes deadlines or delays: sweep them. A transport begins where
the one before ended; a set of sites there is one place, joined on the ground. Messages do not
queue, and a path holds until the message that took it has arrived. Waiting by the earliest arrival
knows what comes; where latencies are shorter than a step it is the same as to take the first path.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Float, Float64

from sdn_mc.core.distributions import Distribution
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.protocols import Output, Series, Step
from sdn_mc.core.scene import Flows, Scene, Sites
from sdn_mc.metrics.over_times import holding_s, mean_over_times, percentile_over_times
from sdn_mc.metrics.passage import ages_s
from sdn_mc.metrics.stages import (
    Delay,
    Ends,
    Passage,
    Transport,
    earliest,
    passages,
    unwired,
)

DRAWS_AT_ONCE = 32  # keeps what is worked on in the processor's cache
NOTHING_DRAWN: Mapping[str, np.ndarray] = MappingProxyType({})
NO_LIMIT = float("inf")


class Chain(eqx.Module):
    """Time to the user, deadlines missed, time in each stage, age of the track."""

    name: str = field(doc="First word of the results' names, another for each chain.", static=True)
    stages: dict[str, Delay | Transport] = field(doc="The stages by name, in order.")
    via: tuple[Ends, ...] | None = field(
        doc="Alternatives on the way, each a site or a list of sites that are one; null: none.",
        static=True,
    )
    percentiles: Sequence[int | float] = field(
        unit="%", doc="Percentages of messages, and of times, each in (0, 100].", static=True
    )
    deadlines_s: Sequence[int | float] = field(
        unit="s", within=(0, 86_400), doc="Deadlines at the user.", assumed=True, static=True
    )
    charged_s: Scalar = field(
        unit="s",
        within=(0, 86_400),
        doc="Time charged for what is later or lost, in the time that threats add.",
        assumed=True,
    )
    edge_s: Scalar = field(
        unit="s",
        within=(0, 86_400),
        doc="Left out: messages released in the last of it, ages in the first of it.",
        assumed=True,
    )
    modes: Sequence[str] = eqx.field(static=True, default=("episode",))
    needs_hops: bool = eqx.field(static=True, default=False)

    def problems(self) -> list[str]:
        """What is wrong across the fields."""
        found = [
            f"{self.name}: {word!r} names a chain or a stage; use letters, digits and _ alone"
            for word in (self.name, *self.stages)
            if not word.isidentifier()
        ]
        found += [
            f"{self.name}.percentiles: {percent} was given; each must be above 0 and at most 100"
            for percent in self.percentiles
            if not 0 < percent <= 100
        ]
        if not self.stages:
            found.append(f"{self.name}.stages: none given; name at least one")
        asked = any(isinstance(s, Transport) and s.asks_via for s in self.stages.values())
        if asked and not self.via:
            found.append(f"{self.name}.via: none given, but a flow says via; list them")
        if self.via is not None and not asked:
            found.append(f"{self.name}.via: given, but no flow says via; set it to null")
        return found

    def misfit_flows(self, flows: Flows, sites: Sites) -> list[str]:
        """Transports that no flow serves, or that do not begin where the one before ended."""
        del sites
        found = (p for via in self._alternatives() for p in unwired(self.stages, via, flows))
        return list(dict.fromkeys(found))

    def macros(self, scene: Scene) -> dict[str, Distribution]:
        """The delays that are drawn, once a draw."""
        del scene
        return {
            f"{name}_s": stage.delay_s
            for name, stage in self.stages.items()
            if isinstance(stage, Delay) and stage.is_drawn
        }

    def outputs(self) -> list[Output]:
        """What `score` returns."""
        return [*self._times(), *self._shares(), *self._budget()]

    def score(
        self,
        series: Series,
        healthy: Series,
        scene: Scene,
        drawn: Mapping[str, Any] = NOTHING_DRAWN,
    ) -> dict[str, Float64[np.ndarray, "draw one"]]:
        """All outputs, some draws at a time; a series of one draw serves all that were drawn."""
        n_draw = max(map(len, (series.latency_s, *drawn.values())))
        latency_s = np.broadcast_to(series.latency_s, (n_draw, *series.latency_s.shape[1:]))
        parts = []
        for first in range(0, n_draw, DRAWS_AT_ONCE):
            rows = slice(first, first + DRAWS_AT_ONCE)
            own = {name: np.asarray(values, np.float64)[rows] for name, values in drawn.items()}
            parts.append(self._values(latency_s[rows], healthy.latency_s, scene, own))
        columns = (np.concatenate(each) for each in zip(*parts, strict=True))
        return {out.name: column for out, column in zip(self.outputs(), columns, strict=True)}

    def steps(
        self, series: Series, scene: Scene, drawn: Mapping[str, Any], time: int
    ) -> list[Step]:
        """What the message released at an instant goes through, in the only draw of `series`."""
        released_s = np.asarray(scene.time_s, np.float64)[None, time : time + 1]
        own = {name: np.asarray(values, np.float64) for name, values in drawn.items()}
        ways = [
            (via, passages(self.stages, via, series.latency_s, scene, own, released_s))
            for via in self._alternatives()
        ]
        via, best = min(ways, key=lambda way: float(way[1][-1].done_s[0, 0]))
        words = [s.words(via) if isinstance(s, Transport) else "" for s in self.stages.values()]
        return [
            Step(passage.stage, flow, *(float(each[0, 0]) for each in passage[1:]))
            for passage, flow in zip(best, words, strict=True)
        ]

    def _alternatives(self) -> Sequence[Ends | None]:
        return (None,) if self.via is None else self.via

    def _values(
        self,
        latency_s: Float[np.ndarray, "draw time flow"],
        healthy_s: Float[np.ndarray, "one time flow"],
        scene: Scene,
        drawn: Mapping[str, np.ndarray],
    ) -> list[Float64[np.ndarray, "draw one"]]:
        """All outputs of some draws, in the order of `outputs`."""
        time_s, edge_s = np.asarray(scene.time_s, np.float64), float(self.edge_s)
        released_s = np.broadcast_to(time_s, latency_s.shape[:2])
        passed, healthy = (
            earliest(
                [
                    passages(self.stages, via, each_s, scene, drawn, released_s)
                    for via in self._alternatives()
                ]
            )
            for each_s in (latency_s, healthy_s)
        )
        end_s = time_s[-1] + holding_s(scene)[-1]
        n_counted = max(int(np.searchsorted(time_s, end_s - edge_s)), 1)
        aged_from = min(int(np.searchsorted(time_s, time_s[0] + edge_s)), len(time_s) - 1)
        took_s, healthy_took_s = (
            (each[-1].done_s - time_s)[:, :n_counted, None] for each in (passed, healthy)
        )
        age_s = ages_s(time_s, passed[-1].done_s, time_s[aged_from:])[..., None]
        charged_s = float(self.charged_s)
        added_s = np.minimum(took_s, charged_s) - np.minimum(healthy_took_s, charged_s)
        values = [percentile_over_times(took_s, percent) for percent in self.percentiles]
        values += [percentile_over_times(age_s, percent) for percent in self.percentiles]
        values += [mean_over_times(added_s)]
        values += [mean_over_times(took_s > deadline_s) for deadline_s in self.deadlines_s]
        return [*values, mean_over_times(np.isinf(took_s)), *_budget_of(passed, took_s)]

    # ---- words

    def _times(self) -> Iterator[Output]:
        """Percentiles of the time to the user and of the age; the time added."""
        for percent in self.percentiles:
            yield _time(
                _numbered(f"{self.name}_p{percent:g}_s"),
                f"{self.name}: p{percent:g} time to the user",
                f"Time to the user that {percent:g} % of a draw's messages do not exceed, never "
                "arriving counting as infinite; median over draws.",
            )
        for percent in self.percentiles:
            yield _time(
                _numbered(f"{self.name}_age_p{percent:g}_s"),
                f"{self.name}: p{percent:g} age at the user",
                f"Age of the newest message at the user that {percent:g} % of a draw's times do "
                "not exceed; median over draws.",
            )
        charged_s = float(self.charged_s)
        yield Output(
            name=f"{self.name}_added_s",
            units="s",
            long_name=f"{self.name}: time that threats add",
            meaning=f"Mean over messages of min(time to the user, {charged_s:g} s), less the "
            "healthy one with the same drawn delays.",
            interval="mean",
            pairs="difference",
            within=(0.0, charged_s),
            per_flow=False,
        )

    def _shares(self) -> Iterator[Output]:
        """Messages later than each deadline, and those that never arrive."""
        for deadline_s in self.deadlines_s:
            yield _share(
                _numbered(f"{self.name}_late_{deadline_s:g}s"),
                f"{self.name}: later than {deadline_s:g} s",
                f"Share of messages that are not at the user {deadline_s:g} s after their release; "
                "never arriving counts.",
            )
        yield _share(
            f"{self.name}_undelivered",
            f"{self.name}: undelivered",
            "Share of messages that find no path by the horizon.",
        )

    def _budget(self) -> Iterator[Output]:
        """Where the time of the messages that arrive goes."""
        stages = [(f"{self.name}_stage_{name}_s", f"in {name}") for name in self.stages]
        for name, words in (*stages, (f"{self.name}_waiting_s", "waiting for a path")):
            yield _time(
                name,
                f"{self.name}: time {words}",
                f"Mean time {words} of those messages of a draw that arrive, infinite if none "
                "does; to be read beside the undelivered. Median over draws.",
            )
        yield _share(
            f"{self.name}_waiting_share",
            f"{self.name}: share of waiting",
            "Time waiting for a path over all time of those messages of a draw that arrive; 1 if "
            "none does.",
        )


def _budget_of(
    passed: Sequence[Passage], took_s: Float64[np.ndarray, "draw release one"]
) -> Iterator[Float64[np.ndarray, "draw one"]]:
    """Mean time in each stage and waiting, and the share of waiting, of messages that arrive."""
    arrives, n_counted = np.isfinite(took_s), took_s.shape[1]

    def mean(later_s: np.ndarray, earlier_s: np.ndarray) -> np.ndarray:
        later_s, earlier_s = (each[:, :n_counted, None] for each in (later_s, earlier_s))
        spent_s = np.subtract(later_s, earlier_s, out=np.zeros_like(took_s), where=arrives)
        return mean_over_times(spent_s)

    arriving, total_s = mean_over_times(arrives), mean_over_times(np.where(arrives, took_s, 0.0))
    waiting_s = np.zeros_like(arriving)
    for passage in passed:
        waiting_s += mean(passage.leaves_s, passage.arrives_s)
        yield _over(mean(passage.done_s, passage.leaves_s), arriving, NO_LIMIT)
    yield _over(waiting_s, arriving, NO_LIMIT)
    waiting_share = np.minimum(_over(waiting_s, total_s, 0.0), 1.0)  # rounding
    yield np.where(arriving > 0, waiting_share, 1.0)


def _over(
    value: Float64[np.ndarray, "draw one"], by: Float64[np.ndarray, "draw one"], nothing: float
) -> Float64[np.ndarray, "draw one"]:
    """The ratio; `nothing` where the divisor is 0."""
    return np.divide(value, by, out=np.full_like(value, nothing), where=by > 0)


def _time(name: str, long_name: str, meaning: str) -> Output:
    kind = "quantile"
    return Output(name, "s", long_name, meaning, kind, within=(0.0, NO_LIMIT), per_flow=False)


def _share(name: str, long_name: str, meaning: str) -> Output:
    return Output(name, "1", long_name, meaning, "mean", within=(0.0, 1.0), per_flow=False)


def _numbered(name: str) -> str:
    """A number in a name, without its point: `chain_p99_9_s`, `chain_late_0_1s`."""
    return name.replace(".", "_")
