"""Which satellites one site may use at one time: one rule for terminals, one for targets.

A terminal uses satellites above its mask and within its range. A user aboard a satellite has that
one alone, straight above it, at no distance. A target has the sensors that see it: the straight
line stays above the grazing altitude over the mean sphere (6371 km), and range, elevation at the
target and angle from the sensor's nadir lie within their bounds. Satellites that carry no traffic
serve nobody.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

from sdn_mc import geometry
from sdn_mc.core.constants import MEAN_RADIUS_KM
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.scene import Ephemeris, Sites
from sdn_mc.core.sites import Sight

# Satellites (best elevation first), range km, elevation rad.
Seen = tuple[np.ndarray, np.ndarray, np.ndarray]


class View(NamedTuple):
    """What one site may use; None: not tested."""

    usable: Bool[np.ndarray, " sat"]
    exists: Bool[np.ndarray, " time"]
    min_elevation_deg: float | None
    max_range_km: float | None
    aboard: int | None
    sight: Sight | None

    def at(
        self,
        time: int,
        position_km: Float64[np.ndarray, "sat xyz"],
        here_km: Float64[np.ndarray, " xyz"],
        up: Float64[np.ndarray, " xyz"],
    ) -> Seen:
        """The satellites at one time."""
        if not self.exists[time]:
            return np.zeros(0, np.int64), np.zeros(0), np.zeros(0)
        if self.aboard is not None:
            itself = np.array([self.aboard])[self.usable[[self.aboard]]]
            return itself, np.zeros(len(itself)), np.full(len(itself), np.pi / 2)
        line_km = position_km - here_km
        range_km = np.sqrt(np.einsum("ij,ij->i", line_km, line_km))
        sine = np.clip(line_km @ up / range_km, -1.0, 1.0)
        ok = self.usable.copy()
        if self.min_elevation_deg is not None:
            ok &= sine >= np.sin(np.radians(self.min_elevation_deg))
        if self.max_range_km is not None:
            ok &= range_km <= self.max_range_km
        if self.sight is not None:
            ok &= _is_seen(self.sight, position_km, here_km, range_km, sine)
        sat = np.flatnonzero(ok)
        sat = sat[np.argsort(-sine[sat], kind="stable")]
        return sat, range_km[sat], np.arcsin(sine[sat])


def views_of(
    sites: Sites,
    fleet: Fleet,
    ephemeris: Ephemeris,
    min_elevation_deg: float | None,
    max_range_km: float | None,
) -> list[View]:
    """The view of each site; mask and range hold for terminals that have none of their own."""
    carries, exists = ephemeris.carries_traffic, sites.exists(ephemeris.time_s)
    members = {
        uses: carries & fleet.members(uses, "access") for uses in {u.uses for u in sites.users}
    }
    found = []
    for k, user in enumerate(sites.every_user):
        mask_deg, range_km = user.min_elevation_deg, user.max_range_km
        if user.sight is None:
            mask_deg = min_elevation_deg if mask_deg is None else mask_deg
            range_km = max_range_km if range_km is None else range_km
        usable = members.get(user.uses, carries)
        found.append(View(usable, exists[:, k], mask_deg, range_km, user.aboard, user.sight))
    return found


def _is_seen(
    sight: Sight,
    position_km: Float64[np.ndarray, "sat xyz"],
    target_km: Float64[np.ndarray, " xyz"],
    range_km: Float64[np.ndarray, " sat"],
    sine: Float64[np.ndarray, " sat"],
) -> Bool[np.ndarray, " sat"]:
    """Whether each satellite sees a target, whatever its range."""
    lowest_km = geometry.grazing_altitude_km(position_km, target_km, MEAN_RADIUS_KM)
    ok = np.asarray(lowest_km >= sight.grazing_km)
    if sight.elevation_deg is not None:
        low, high = np.sin(np.radians(sight.elevation_deg))
        ok &= (low <= sine) & (sine <= high)
    if sight.nadir_deg is not None:
        inwards_km = np.einsum("ij,ij->i", position_km, position_km - target_km)
        cosine = inwards_km / (range_km * np.linalg.norm(position_km, axis=-1))
        low, high = np.cos(np.radians(sight.nadir_deg))
        ok &= (high <= cosine) & (cosine <= low)
    return ok
