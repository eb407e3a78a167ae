"""Where a site on a track is: great circles between waypoints, at one speed.

Model: between two waypoints the place moves along the shorter great circle of a sphere (geodetic
latitudes taken as its own), with u(x) = (sin((1 - x) d) u_a + sin(x d) u_b) / sin(d), where d is
the angle between them and x the share of the leg that is done; height goes linearly with x. A leg
is (R + mean height) d long, with R = 6371 km, and speed is over the turning Earth.

A shuttle (ships, aircraft) goes there and back for ever on the calendar: at the fleet's reference
epoch it has done `phase` of its round trip, so every epoch of a run finds it elsewhere, and runs
from other starts agree. What goes once or begins again at its end (targets) starts at a time of the
scene, the same in every epoch; before and after it stands at the ends of its track, and nobody
looks for it. Limits: no acceleration, turns on the spot.
"""

import numpy as np
from jaxtyping import Float64

from sdn_mc.core.constants import MEAN_RADIUS_KM
from sdn_mc.core.sites import AGAIN, SHUTTLE, Track

Waypoint = tuple[float, ...]
Places = tuple[
    Float64[np.ndarray, " time"], Float64[np.ndarray, " time"], Float64[np.ndarray, " time"]
]
LEAST_SINE = 1e-9  # of the angle between two waypoints: 6 mm, from each other or the antipode


def places(track: Track, since_s: Float64[np.ndarray, " time"]) -> Places:
    """Latitude (rad), longitude (rad) and height (m) at times since the track's own start."""
    x, km = _units(track.waypoints), leg_km(track.waypoints)
    share = np.asarray(since_s) / track.lasts_s
    if track.course == SHUTTLE:
        share = 1.0 - np.abs(share % 2.0 - 1.0)
    elif track.course == AGAIN:
        share = np.where(share > 0, share % 1.0, 0.0)
    ends = np.concatenate([[0.0], np.cumsum(km)])
    done_km = np.clip(share, 0.0, 1.0) * ends[-1]
    leg = np.clip(np.searchsorted(ends, done_km, side="right") - 1, 0, len(km) - 1)
    part = (done_km - ends[leg]) / km[leg]
    angle = _angles(track.waypoints)[leg]
    unit = (
        np.sin((1 - part) * angle)[:, None] * x[leg] + np.sin(part * angle)[:, None] * x[leg + 1]
    ) / np.sin(angle)[:, None]
    height = np.array([each[2] for each in track.waypoints])
    altitude_m = (1 - part) * height[leg] + part * height[leg + 1]
    level = np.hypot(unit[:, 0], unit[:, 1])
    return np.arctan2(unit[:, 2], level), np.arctan2(unit[:, 1], unit[:, 0]), altitude_m


def leg_km(waypoints: tuple[Waypoint, ...]) -> Float64[np.ndarray, " leg"]:
    """Length of each leg at its mean height."""
    height_km = np.array([each[2] for each in waypoints]) / 1000.0
    return (MEAN_RADIUS_KM + (height_km[:-1] + height_km[1:]) / 2) * _angles(waypoints)


def faults(waypoints: tuple[Waypoint, ...], where: str) -> list[str]:
    """Waypoints that make no track."""
    found = [
        problem for k, at in enumerate(waypoints) for problem in place_faults(at, f"{where}[{k}]")
    ]
    if len(waypoints) < 2:
        found.append(f"{where}: {len(waypoints)} waypoints given; give two or more")
    if found:
        return found
    return [
        f"{where}: no one great circle leads from waypoint {k} to the next, since they are the "
        "same place or opposite ones; move one, or put another between them"
        for k, angle in enumerate(_angles(waypoints))
        if np.sin(angle) < LEAST_SINE
    ]


def place_faults(at: Waypoint, where: str) -> list[str]:
    """Coordinates that are not on the Earth."""
    if len(at) != 3:
        return [f"{where}: {list(at)} given; write [latitude, longitude, altitude_m]"]
    if not -90 <= at[0] <= 90:
        return [f"{where}: latitude {at[0]:g} deg given; allowed are -90 to 90"]
    if not -180 <= at[1] <= 360:
        return [f"{where}: longitude {at[1]:g} deg given; allowed are -180 to 360"]
    if not -500 <= at[2] <= 1e6:
        return [f"{where}: altitude {at[2]:g} m given; allowed are -500 to 1,000,000"]
    return []


def _units(waypoints: tuple[Waypoint, ...]) -> Float64[np.ndarray, "waypoint xyz"]:
    latitude, longitude = np.radians(np.array([each[:2] for each in waypoints], np.float64)).T
    level = np.cos(latitude)
    return np.stack([level * np.cos(longitude), level * np.sin(longitude), np.sin(latitude)], -1)


def _angles(waypoints: tuple[Waypoint, ...]) -> Float64[np.ndarray, " leg"]:
    """Angle from each waypoint to the next, exact for near ones too."""
    x = _units(waypoints)
    across = np.linalg.norm(np.cross(x[:-1], x[1:]), axis=-1)
    return np.arctan2(across, np.sum(x[:-1] * x[1:], axis=-1))
