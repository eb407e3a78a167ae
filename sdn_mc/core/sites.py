"""Sites: the ends of flows, on the ground, on a track, or aboard a satellite.

What a site is beyond its place stands in its `User`; a table of plain ground sites has none. All of
it stays on the host: compiled code sees places and numbers of sites only.
"""

from typing import NamedTuple

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float64

KINDS = ("ground", "command", "ship", "aircraft", "satellite", "target")
NOT_ON_EARTH = ("satellite", "target")  # neither weather nor what happens on the ground is theirs
SHUTTLE, ONCE, AGAIN = "shuttle", "once", "again"  # there and back; to the end; from the start


class Track(NamedTuple):
    """Great circles from waypoint to waypoint at one speed; `access/tracks.py` has the law.

    A shuttle runs by the calendar, from the fleet's reference epoch; others by the scene's clock.
    """

    waypoints: tuple[tuple[float, float, float], ...]  # latitude deg, longitude deg, altitude m
    lasts_s: float  # from the first waypoint to the last
    lead_s: float  # how long it is under way when that clock shows 0
    course: str


class Sight(NamedTuple):
    """When a sensor sees a target; None: not tested. Each pair is the lowest and the highest."""

    grazing_km: float
    elevation_deg: tuple[float, float] | None  # of the sensor, over the target's horizon
    nadir_deg: tuple[float, float] | None  # of the target, from the sensor's nadir


class User(NamedTuple):
    """What a site is and what its terminal can do. `uses` holds (label, pattern of groups)."""

    kind: str = "ground"
    min_elevation_deg: float | None = None  # None: the access rule's; of a target: `Sight` says
    max_range_km: float | None = None  # None: the access rule's; of a target: no test
    last_mile_s: float = 0.0
    rate_bps: float = np.inf  # inf: not limited
    uses: tuple[tuple[str, str], ...] = ()  # satellites; a target: the sensors that look for it
    track: Track | None = None
    aboard: int | None = None  # the satellite that it sits on
    sight: Sight | None = None


class Sites(eqx.Module):
    """Position on the Earth's surface and above it.

    Of a site on a track, its first waypoint; of one aboard a satellite, the place below it at the
    run's first instant (0 before the scene is built).
    """

    latitude_deg: Float64[np.ndarray, " site"]
    longitude_deg: Float64[np.ndarray, " site"]
    altitude_m: Float64[np.ndarray, " site"]
    name: tuple[str, ...] = eqx.field(static=True)
    users: tuple[User, ...] = eqx.field(static=True, default=())  # (): plain ground sites

    @property
    def n_site(self) -> int:
        return len(self.latitude_deg)

    @property
    def every_user(self) -> tuple[User, ...]:
        """One a site."""
        return self.users or (User(),) * self.n_site

    @property
    def kind(self) -> tuple[str, ...]:
        """One of `KINDS` a site."""
        return tuple(user.kind for user in self.every_user)

    @property
    def on_earth(self) -> Bool[np.ndarray, " site"]:
        """Sites on the ground, at sea or in the air; on the host only."""
        return np.array([kind not in NOT_ON_EARTH for kind in self.kind], bool)

    @property
    def moves(self) -> Bool[np.ndarray, " site"]:
        """Sites that are elsewhere on the Earth at another time."""
        return np.array([bool(u.track) or u.aboard is not None for u in self.every_user], bool)

    @property
    def last_mile_s(self) -> Float64[np.ndarray, " site"]:
        """Charged to each message that starts or ends at the site."""
        return np.array([user.last_mile_s for user in self.every_user], np.float64)

    @property
    def rate_bps(self) -> Float64[np.ndarray, " site"]:
        """Rate of the terminal; inf: not limited."""
        return np.array([user.rate_bps for user in self.every_user], np.float64)

    def exists(self, time_s: Float64[np.ndarray, " time"]) -> Bool[np.ndarray, "time site"]:
        """Whether each site is there: a target from its start to its end, others always."""
        there = np.ones((len(time_s), self.n_site), bool)
        for k, user in enumerate(self.users):
            if user.track is not None and user.track.course != SHUTTLE:
                ends_s = np.inf if user.track.course == AGAIN else user.track.lasts_s
                since_s = np.asarray(time_s) + user.track.lead_s
                there[:, k] = (since_s >= 0) & (since_s < ends_s)
        return there
