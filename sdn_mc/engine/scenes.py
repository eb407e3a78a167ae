"""The scene, once an epoch: everything that does not depend on the draw, on the host in float64."""

import dataclasses
import os

import numpy as np

from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.constants import S_PER_DAY
from sdn_mc.core.fleet import Fleet, Status
from sdn_mc.core.network import Network
from sdn_mc.core.problems import InputError
from sdn_mc.core.scene import Access, Ephemeris, Flows, Geometry, Scene, Sites
from sdn_mc.engine.moving import aboard, bounded, sites_at_first
from sdn_mc.engine.types import System

# Position and delay in float64, ticks, mask words of two threads: measured 30 to 40 bytes a slot.
BYTES_PER_SLOT = 40
LEAST_ROOM = 8  # candidates of a site
# Places whose verticals are the Earth's axes.
AXES = Sites(np.array([0.0, 0.0, 90.0]), np.array([0.0, 90.0, 0.0]), np.zeros(3), ("x", "y", "z"))


def build_scenes(system: System, seed: int) -> tuple[Fleet, Sites, Flows, tuple[Scene, ...]]:
    """Fleet, sites, flows, and one scene an epoch with equal shapes."""
    start = system.times.start
    first = None if start is None else JulianDate.parse(start, "times.start")
    fleet = system.constellation.build(first)
    check_memory(system, fleet)
    sites = system.sites.build(fleet)
    flows = system.flows.build(sites)
    scenes = [
        build_scene(system, fleet, sites, flows, seed, epoch)
        for epoch in range(system.times.n_epoch)
    ]
    room = _room(max(s.access.sat.shape[-1] for s in scenes if s.access is not None))
    sites, flows = sites_at_first(sites, scenes[0]), bounded(flows, sites, scenes)
    done = [
        dataclasses.replace(scene, access=_widened(scene.access, room), sites=sites, flows=flows)
        for scene in scenes
    ]
    return fleet, sites, flows, tuple(done)


def check_memory(system: System, fleet: Fleet) -> None:
    """Refuse, before anything is built, scenes that this machine cannot hold."""
    n_instant = len(system.times.time_s(0, 0)) * system.times.n_epoch
    needed = n_instant * fleet.n_sat * (1 + int(fleet.n_terminal.max())) * BYTES_PER_SLOT
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > there:
        raise InputError(
            f"times: {n_instant} instants of {fleet.n_sat} satellites need about "
            f"{needed / 1e9:.0f} GB of memory, and this machine has {there / 1e9:.0f} GB; use "
            "fewer instants (times.count, or a longer times.step_s) or fewer epochs (times.n_epoch)"
        )


def build_scene(
    system: System, fleet: Fleet, sites: Sites, flows: Flows, seed: int, epoch: int
) -> Scene:
    """One epoch: positions, mesh and access at every time."""
    times = system.times
    start = times.epoch_start(fleet.reference, epoch)
    time_s = times.time_s(seed, epoch)
    ephemeris = system.propagation.ephemeris(fleet, start, time_s)
    if not ephemeris.carries_traffic.any():
        raise InputError(_nobody_left(ephemeris, fleet))
    site_km, vertical = aboard(sites, ephemeris, *system.earth.site_km(sites, fleet, start, time_s))
    _, axes = system.earth.site_km(AXES, fleet, start, time_s)
    return Scene(
        time_s=time_s,
        window_s=float(times.window_s),
        onset_s=times.onset_s,
        fleet=fleet,
        links=system.topology.build(fleet, ephemeris),
        access=system.access.build(ephemeris, site_km, vertical, sites, fleet),
        sites=sites,
        flows=flows,
        start=start,
        epoch=epoch,
        status=ephemeris.status,
        mode=times.mode,
        geometry=Geometry(ephemeris.position_km, site_km, axes),
    )


def network_of(scene: Scene) -> Network:
    """The scene as solvers see it."""
    links, access, flows = scene.links, scene.access, scene.flows
    assert links is not None and access is not None
    source, pair_source = np.unique(flows.pair_source, return_inverse=True)
    return Network(
        neighbour=links.neighbour,
        delay_s=links.delay_s,
        access_sat=access.sat,
        access_delay_s=access.delay_s,
        source=source.astype(np.int32),
        pair_source=pair_source.astype(np.int32),
        pair_site=flows.pair_destination,
    )


def _room(most: int) -> int:
    """A power of two, so that another elevation mask, altitude or seed seldom compiles anew."""
    return max(LEAST_ROOM, 1 << (most - 1).bit_length())


def _widened(access: Access | None, room: int) -> Access:
    """Padded to a common number of candidates, so that every epoch has one shape."""
    assert access is not None
    extra = ((0, 0), (0, 0), (0, room - access.sat.shape[-1]))
    return dataclasses.replace(
        access,
        sat=np.pad(access.sat, extra),
        delay_s=np.pad(access.delay_s, extra, constant_values=np.inf),
        elevation_rad=np.pad(access.elevation_rad, extra, constant_values=-np.inf),
    )


def _nobody_left(ephemeris: Ephemeris, fleet: Fleet) -> str:
    """Why no satellite carries traffic."""
    codes, counts = np.unique(ephemeris.status, return_counts=True)
    found = [f"{n} {Status(int(code)).meaning}" for code, n in zip(codes, counts, strict=True)]
    away_d = ephemeris.start.seconds_since(fleet.reference) / S_PER_DAY
    when = "earlier" if away_d >= 0 else "later"
    return (
        f"times.start: no satellite carries traffic in the epoch from {ephemeris.start.iso()} "
        f"({', '.join(found)}); the newest elements are of {fleet.reference.iso()}, "
        f"{abs(away_d):.1f} days {when}; start nearer to them, or raise propagation.max_age_d"
    )
