"""What each kind of component can do: its verbs, with shapes and units. Duck-typed, no inheritance.

To add one: a module with an `equinox.Module`, a YAML file, a test. Optional verbs are marked so.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from jaxtyping import Array, Bool, Float, Float64, Int32, Key, UInt32

from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.distributions import Distribution
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.network import DrawMasks, Masks, Network, Routes, Walk
from sdn_mc.core.outage import Effect, Instant, Outage, Spans
from sdn_mc.core.scene import Access, Ephemeris, Flows, Links, Scene, Sites


class Constellation(Protocol):
    """Makes the fleet."""

    def build(self, start: JulianDate | None) -> Fleet:
        """The fleet; `start` is the run's first epoch, None for the fleet's own reference."""
        ...


class Propagator(Protocol):
    """Moves the fleet."""

    def ephemeris(
        self, fleet: Fleet, start: JulianDate, time_s: Float64[np.ndarray, " time"]
    ) -> Ephemeris: ...


class Topology(Protocol):
    """Wires the mesh, once an epoch."""

    def build(self, fleet: Fleet, ephemeris: Ephemeris) -> Links: ...


class Earth(Protocol):
    """Places sites in the ephemeris' frame."""

    @property
    def shape(self) -> tuple[float, float]:
        """Equatorial radius, km, and flattening."""
        ...

    def site_km(
        self, sites: Sites, fleet: Fleet, start: JulianDate, time_s: Float64[np.ndarray, " time"]
    ) -> tuple[Float64[np.ndarray, "time site xyz"], Float64[np.ndarray, "time site xyz"]]:
        """Inertial position, km, and local vertical (unit vector) of every site at every time.

        Of sites aboard satellites anything: the engine puts them there.
        """
        ...


class SiteTable(Protocol):
    """Says where the users are, and what they have."""

    # Optional, False by default: True if `build` must be given the fleet, and not None.
    needs_fleet: bool

    def build(self, fleet: Fleet | None) -> Sites: ...


class AccessRule(Protocol):
    """Says which satellites a site can use, and which sensors see a target."""

    def build(
        self,
        ephemeris: Ephemeris,
        site_km: Float64[np.ndarray, "time site xyz"],
        vertical: Float64[np.ndarray, "time site xyz"],
        sites: Sites,
        fleet: Fleet,
    ) -> Access: ...


class FlowTable(Protocol):
    """Says who talks to whom."""

    def build(self, sites: Sites) -> Flows: ...


class Timeline(Protocol):
    """The instants of each epoch. `mode` is "snapshot" or "episode"."""

    mode: str
    n_epoch: int
    start: str | None  # ISO 8601; None: the fleet's reference rounded up to the hour

    def epoch_start(self, reference: JulianDate, epoch: int) -> JulianDate: ...

    def time_s(self, seed: int, epoch: int) -> Float64[np.ndarray, " time"]: ...

    @property
    def window_s(self) -> float: ...

    @property
    def onset_s(self) -> float | None: ...


class Threat(Protocol):
    """One cause, written for one draw; the engine maps it over draws.

    Optional static fields say what a result tells of it: `event` "given" (else it is a process);
    `covers` the losses that its rate has all of, `part_of` those that its rate is a part of, by one
    name ("all_causes": of satellites), so that a column with both is warned of. A class attribute
    `unanswered` names kinds ("terminal") whose windows no reaction reads: they hold what follows.
    """

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """Who is out, and when. `macros` always holds `onset_s`; `prepared` is what `prepare` gave.

        Runs inside `jax.vmap` over draws and `jax.jit`: fixed shapes, no host code.
        """
        ...

    def macros(self, scene: Scene) -> dict[str, Distribution]:
        """Optional. What one draw shares over all its elements; drawn and stored by the engine."""
        ...

    def prepare(self, scene: Scene) -> Any:
        """Optional, host-side, once an epoch: tables and orders; arrays of fixed shape."""
        ...

    def at(self, state: Any, instant: Instant, prepared: Any) -> Effect:
        """Optional, for causes that need geometry: what the draw loses at one instant.

        `state` is that of the `Outage` that `sample` returned; `self` has the draw's numbers. Runs
        inside `jax.vmap` over draws and `jax.lax.map` over instants.
        """
        ...

    def problems(self) -> list[str]:
        """Optional (any component): what is wrong across its fields, a full sentence each."""
        ...

    def misfits(self, fleet: Fleet) -> list[str]:
        """Optional (any component): what of it does not fit the fleet, a full sentence each."""
        ...


# The order in which reactions run. What an adversary takes and what spreads are causes like others,
# as they react to the design alone; rewiring is the mesh's own (standby links).
REACTIONS = ("adversary", "spread", "repair", "rewiring", "reacquisition")


class Reaction(Protocol):
    """A threat that answers the losses of its column: it may end them earlier, or add to them.

    Its `sample` draws what it needs and returns `Outage(state=...)`: arrays.
    """

    reacts: str  # which of `REACTIONS` it is

    def react(self, state: Any, spans: list[Spans], scene: Scene, prepared: Any) -> list[Spans]:
        """What stands in the place of the spans of the column's causes, after earlier reactions.

        Those of losses, not of what delays or alters messages, and not those left `unanswered`.
        Returned is one for each that was given, in their order, then what is down by the reaction
        itself. On the host, for a block of draws: `state`, and the numbers of `self`, are numpy
        arrays with the draws trailing. Kinds of things, and which spans are handed back as they
        are, must not depend on the draws; random numbers come from `state` alone.
        """
        ...


class Coins(NamedTuple):
    """What is thrown once a draw for each of several things, each by itself.

    Of a Bernoulli macro: is it true? Of a law: is the thing down at some time of the scene?
    """

    threat: str
    name: str  # of the stream, such as "1234 macro hit"
    chance: Float64[np.ndarray, " entity"]


class Steered(NamedTuple):
    """What a way of sampling decides of some draws, and what it makes of their weights."""

    weight: Float64[np.ndarray, " draw"]  # chance under the model over chance as drawn
    hit: Mapping[str, Bool[np.ndarray, "draw entity"]] = {}  # coins by name
    uniform: Mapping[str, Float[np.ndarray, "draw ..."]] = {}  # numbers of distributions, by name
    stratum: Int32[np.ndarray, " draw"] | None = None
    net: Int32[np.ndarray, " draw"] | None = None  # draws that are one point set


class Sampling(Protocol):
    """A way of drawing beside plain Monte Carlo: it replaces numbers, and no cause knows of it."""

    @property
    def steers(self) -> tuple[str, ...]:
        """Threats whose coins it throws."""
        ...

    # Optional, 1 by default: the number of draws of a run must be a multiple of it.
    draws_together: int

    def steer(
        self,
        coins: Sequence[Coins],
        shapes: Mapping[str, tuple[int, ...]],
        draws: UInt32[np.ndarray, " draw"],
        seed: int,
    ) -> Steered:
        """Coins of the steered threats, and the shapes of all that is drawn, by stream.

        What a draw gets must hang on its number alone, not on the draws beside it.
        """
        ...


class Solver(Protocol):
    """Finds least latencies, for all times of a block."""

    block_draws: int  # draws it likes in one call: a multiple of 32, at most 256
    # Optional, False by default: it takes masks as JAX arrays, may return routes as such, and works
    # on the device that holds the masks; plans of its are numpy, or good on any device.
    on_device: bool

    def prepare(self, network: Network) -> Any:
        """Orders and programs of one epoch, reused by every block."""
        ...

    def solve(self, plan: Any, masks: Masks, truth: Masks | None, walk: bool) -> Routes:
        """Routes on `masks`. With `walk`, hops; with `truth`, whether they hold there."""
        ...

    def without_latency(self) -> "Solver":
        """Optional: the solver to take where only finite or not is asked of a latency."""
        ...

    def notes(self) -> list[str]:
        """Optional: what the user should know of how it works here."""
        ...


class Policy(Protocol):
    """Says how a block is routed: on what is known of failures, held to what is true.

    It is given masks of several ages: of the present, and of what routing knows if that is older.
    """

    # Optional, True by default: False if a solver that tells only finite or not will do.
    needs_latency: bool

    @property
    def ages_s(self) -> tuple[float, ...]:
        """Ages of the masks that `route` is given, in this order; the first is 0, the present."""
        ...

    def prepare(self, network: Network, solver: Any, undamaged: Masks) -> Any:
        """What blocks of one epoch share. `solver` is the run's `Solver`, to be used or not.

        `undamaged` are masks of the host without any cause.
        """
        ...

    def route(
        self,
        solver: Any,
        plan: Any,
        masks: Sequence[Masks],
        walk: bool,
        without: Sequence[Masks] = (),
    ) -> Routes:
        """Routes of a block, with hops if `walk`; `plan` is what `prepare` gave.

        Masks of one age are one object. They lie on the host, or on a device if the solver says so.
        Each of `without` is the present less some marked things; the routes do not change with
        them, and `Routes.passes` says which pass one.
        Those of the present say where routing is frozen; a policy that makes no routes need not
        look.
        """
        ...

    def walk(
        self,
        network: Network,
        time: int,
        pair: int,
        undamaged: DrawMasks,
        masks: Sequence[DrawMasks],
    ) -> Walk | None:
        """The same for one pair in one draw at one time, by plain code; None without a route."""
        ...

    def words(self) -> str:
        """What a trace says of what is known, as "routed on ..."; "" where all of it is."""
        ...


class Series(NamedTuple):
    """One column of a block, as metrics see it. Healthy series have one draw."""

    latency_s: Float[np.ndarray, "draw time flow"]  # inf: not delivered
    hops: np.ndarray | None  # [draw, time, flow], -1: no path
    # Is what is delivered altered on its way? None: nowhere, or no metric asks.
    tampered: Bool[np.ndarray, "draw time flow"] | None = None
    # What metrics saw in the masks, arrays [draw, time, ...] by name. None: no metric looks.
    observed: Mapping[str, np.ndarray] | None = None


class Output(NamedTuple):
    """One result of a metric: what the store writes and how statistics treats it."""

    name: str
    units: str
    long_name: str
    meaning: str
    interval: str  # "mean", "share", "quantile", "survival", "tail": the method in `statistics`
    pairs: str = ""  # "difference": already against the healthy column, where it is 0 by definition
    within: tuple[float, float] = (-float("inf"), float("inf"))  # lowest and highest possible value
    per_flow: bool = True  # False: one value a draw over all flows, an array [draw, 1]
    tail: float | None = None  # share of the draws, the highest, that "tail" takes the mean of

    @property
    def average(self) -> str:
        """Which one is taken over flows and over draws: the median of what may be infinite."""
        return "median" if self.interval in ("quantile", "survival") else "mean"


class Step(NamedTuple):
    """One message at one stage of a chain; times since the epoch's start, inf: never."""

    stage: str
    flow: str  # that it takes; "": none
    arrives_s: float
    leaves_s: float  # later, if it waits for a path
    done_s: float


class Metric(Protocol):
    """Scores each draw from its series. Pure numpy."""

    modes: Sequence[str]  # "snapshot", "episode"
    needs_hops: bool
    needs_latency: bool  # optional: False if only finite or not is asked of a latency
    needs_integrity: bool  # optional: True if `Series.tampered` is asked for

    def outputs(self) -> list[Output]: ...

    def score(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float[np.ndarray, "draw flow"]]:
        """`series` of one column and the healthy series of the same epoch (one draw).

        With `macros`, also `drawn`, their values [draw]; `series` is then the healthy one too.
        """
        ...

    def macros(self, scene: Scene) -> dict[str, Distribution]:
        """Optional: what the metric needs drawn, one number a draw; drawn and stored as a threat's.

        The names end with the unit (`detect_s`).
        """
        ...

    def steps(
        self, series: Series, scene: Scene, drawn: Mapping[str, Any], time: int
    ) -> list[Step]:
        """Optional: what a message released at one instant of one draw goes through, for a trace.

        `series` and `drawn` have that draw alone.
        """
        ...

    def misfit_flows(self, flows: Flows, sites: Sites) -> list[str]:
        """Optional: what of it does not fit the flows, a full sentence each."""
        ...

    def observe(self, masks: Masks, network: Network, scene: Scene) -> dict[str, np.ndarray]:
        """Optional: what the masks of a column show, [draw, time, ...] by name.

        The masks are those of the present, on the host; `score` finds it in `series.observed`. The
        names begin with that of the metric, or of what several metrics observe alike.
        """
        ...

    def per_instant(
        self, series: Series, healthy: Series, scene: Scene
    ) -> dict[str, Float[np.ndarray, "draw time flow"]]:
        """Optional, for snapshots: the outputs that are means over instants, before that mean.

        `statistics` takes their mean over the draws of an epoch: the instants are a sample too, one
        that all draws of the epoch share.
        """
        ...
