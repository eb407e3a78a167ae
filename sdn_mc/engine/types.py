"""What a run is made of: components, columns, what compiled code must know, and results."""

import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Int32

from sdn_mc.core.fleet import Fleet
from sdn_mc.core.network import Either
from sdn_mc.core.protocols import (
    AccessRule,
    Constellation,
    Earth,
    FlowTable,
    Metric,
    Policy,
    Propagator,
    Sampling,
    Series,
    SiteTable,
    Solver,
    Threat,
    Timeline,
    Topology,
)
from sdn_mc.core.scene import Flows, Scene, Sites


class System(NamedTuple):
    """The components of a run, and which threats strike together."""

    constellation: Constellation
    propagation: Propagator
    earth: Earth
    topology: Topology
    access: AccessRule
    sites: SiteTable
    flows: FlowTable
    times: Timeline
    threats: dict[str, Threat]
    routing: Policy
    solver: Solver
    metrics: dict[str, Metric]
    campaigns: Mapping[str, tuple[str, ...]]
    sampling: Sampling | None = None  # None: plain draws


class Column(NamedTuple):
    """One case of the same scene and draws: which causes act."""

    name: str
    causes: tuple[str, ...]


HEALTHY = Column("healthy", ())


class Spec(NamedTuple):
    """What compiled code must know beforehand; hashable."""

    # In name order: name, code of the random stream, and that of what a campaign shares (the same
    # without one).
    threats: tuple[tuple[str, int, int], ...]
    n_entity: tuple[tuple[str, int], ...]


class Slots(NamedTuple):
    """What each link slot and access candidate hangs on: arrays of the host or of a device."""

    neighbour: Int32[Either, "epochtime sat port"]
    own_terminal: Int32[Either, "sat port"]  # counted over the fleet, as all terminals
    far_terminal: Int32[Either, "epochtime sat port"]
    link: Int32[Either, "epochtime sat port"]  # number of the link, the same in both slots
    wakes_on: Int32[Either, "sat port skipped"]
    candidate: Int32[Either, "time site candidate"]


class Wiring(NamedTuple):
    """The mesh and the access of a scene, as masks need them."""

    slots: Slots
    n_terminal: int  # of the fleet
    best_only: bool


class Place(NamedTuple):
    """A device that is used, and the wirings on it."""

    device: jax.Device
    gate: threading.Semaphore  # lets in as many parts at once as keep the device busy
    wirings: tuple[Wiring, ...]


class Asked(NamedTuple):
    """What somebody wants to know of routes."""

    latency: bool  # or else only whether there is one
    hops: bool
    integrity: bool  # whether messages are altered


class Prepared(NamedTuple):
    """Everything that blocks share."""

    system: System
    seed: int
    columns: tuple[Column, ...]
    spec: Spec
    fleet: Fleet
    sites: Sites
    flows: Flows
    scenes: tuple[Scene, ...]
    tables: tuple[dict[str, Any], ...]  # what each threat's `prepare` gave, for each epoch
    plans: tuple[Any, ...]
    healthy: tuple[Series, ...]  # one draw each
    asked: Asked
    solver: Solver  # of blocks; `plans` are what the policy prepared with it
    wirings: tuple[Wiring, ...]  # of each epoch, for masks
    places: tuple[Place, ...]  # devices that parts are dealt to
    preparing_s: dict[str, float]  # by threat, for all epochs
    steering: tuple[Any, ...] = ()  # of each epoch, what the sampling may decide


class Block(NamedTuple):
    """The result of a range of draws inside one group."""

    epoch: int
    drawn: dict[str, np.ndarray]  # "threat.name" -> [draw, ...]; and what sampling says of draws
    series: dict[str, Series]  # by column
