"""Sites that move: where those aboard satellites are, and what is known of flows between them.

The lower bound of a pair with a moving end is, at each instant, the longer of the straight line and
the great circle on the mean sphere between the ends' directions from the Earth's centre (no path
that stays outside a sphere is shorter than its angle times the radius), over the speed of light;
of all instants of all epochs the least. It is 0 where both ends can be at one place, and then
`stretch` is infinite.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from sdn_mc.core.constants import LIGHT_KM_S, MEAN_RADIUS_KM
from sdn_mc.core.scene import Ephemeris, Flows, Scene, Sites

Placed = tuple[Float64[np.ndarray, "time site xyz"], Float64[np.ndarray, "time site xyz"]]


def aboard(
    sites: Sites,
    ephemeris: Ephemeris,
    site_km: Float64[np.ndarray, "time site xyz"],
    vertical: Float64[np.ndarray, "time site xyz"],
) -> Placed:
    """Positions and verticals, with those sites where their satellites are."""
    both = [(k, user.aboard) for k, user in enumerate(sites.users) if user.aboard is not None]
    if not both:
        return site_km, vertical
    rides, sat = np.array(both).T
    site_km, vertical = site_km.copy(), vertical.copy()
    site_km[:, rides] = ephemeris.position_km[:, sat]
    length_km = np.linalg.norm(site_km[:, rides], axis=-1, keepdims=True)
    vertical[:, rides] = site_km[:, rides] / length_km
    return site_km, vertical


def sites_at_first(sites: Sites, scene: Scene) -> Sites:
    """Sites with the points of the mean sphere below those aboard, at the first instant."""
    rides = [k for k, user in enumerate(sites.users) if user.aboard is not None]
    if not rides:
        return sites
    assert scene.geometry is not None
    x, y, z = scene.geometry.axes[0] @ scene.geometry.site_km[0, rides].T
    distance_km = np.sqrt(x**2 + y**2 + z**2)
    latitude, longitude, altitude = (
        each.copy() for each in (sites.latitude_deg, sites.longitude_deg, sites.altitude_m)
    )
    latitude[rides] = np.degrees(np.arcsin(z / distance_km))
    longitude[rides] = np.degrees(np.arctan2(y, x))
    altitude[rides] = (distance_km - MEAN_RADIUS_KM) * 1000.0
    return dataclasses.replace(
        sites, latitude_deg=latitude, longitude_deg=longitude, altitude_m=altitude
    )


def bounded(flows: Flows, sites: Sites, scenes: Sequence[Scene]) -> Flows:
    """Flows with the bounds of those of which an end moves."""
    moves = sites.moves
    own = moves[flows.pair_source] | moves[flows.pair_destination]
    changed = np.unique(flows.pair_flow[own])
    if not len(changed):
        return flows
    bound_s = flows.bound_s.copy()
    for flow in changed:
        pairs = np.flatnonzero(flows.pair_flow == flow)
        ends = flows.pair_source[pairs], flows.pair_destination[pairs]
        bound_s[flow] = min(_least_km(scene, *ends) for scene in scenes) / LIGHT_KM_S
    return dataclasses.replace(flows, bound_s=bound_s)


def _least_km(scene: Scene, source: np.ndarray, destination: np.ndarray) -> float:
    assert scene.geometry is not None
    a_km, b_km = (scene.geometry.site_km[:, each] for each in (source, destination))
    straight_km = np.linalg.norm(a_km - b_km, axis=-1)
    across = np.linalg.norm(np.cross(a_km, b_km), axis=-1)
    angle = np.arctan2(across, np.sum(a_km * b_km, axis=-1))
    return float(np.maximum(straight_km, MEAN_RADIUS_KM * angle).min())
