"""Users of every kind: on the ground, at sea, in the air, aboard satellites; and targets to follow.

A group of users shares one kind, one terminal and one law of motion; its sites have names of their
own. A terminal has its elevation mask and longest range (null: the access rule's), the satellites
that it may use, its rate, and its *last mile*: what passes between the satellite terminal and the
user behind it, charged once to each message that starts or ends there, whatever its route. Over
Link 16, for instance, messages wait for slots of 7.8125 ms, up to a frame of 12 s (open schema
reference); which share of it is a number to sweep.

* `Fixed`: places on the Earth.
* `Moving`: routes there and back for ever (`tracks.py`).
* `OnSatellite`: each chosen satellite is a user: its only access is itself, without delay, and is
  lost with it.
* `Target`: a fast object on a track, for the question who sees it and whether the data get out. The
  sensors that see it stand in the place of satellites in view; what a flow from it loses is then
  the chain from sensor to user. A sensor sees it if the straight line between them stays
  `grazing_km` above the mean sphere and the range and the two angles are within their bounds.
  Before its start and after its end it has no path, which metrics count as such: let it begin
  `again` for snapshots, so that every instant finds it somewhere on its way, or end an episode with
  it. The access rule's mask and range do not hold for it; `best_elevation` ties it to the highest
  sensor. Nothing is said of how well anything is seen.

The place of what moves, in results and for weather, is where its track begins; of a user aboard,
the point below it at the run's first instant. Weather and losses on the ground leave users aboard
and targets alone.
"""

from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple, Protocol, runtime_checkable

import equinox as eqx
import numpy as np

from sdn_mc.access import tracks
from sdn_mc.core.fields import field
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.problems import InputError, Problems
from sdn_mc.core.scene import Sites
from sdn_mc.core.sites import AGAIN, KINDS, NOT_ON_EARTH, ONCE, SHUTTLE, Sight, Track, User

ON_EARTH = tuple(kind for kind in KINDS if kind not in NOT_ON_EARTH)
POLES_LOW_KM = 14.3  # of the ellipsoid's poles below the mean sphere (NGA.STND.0036, 2014)
KIND_DOC = "What the users are, for tables."
PLACE_DOC = "Name: [latitude deg, longitude deg, altitude m]"


class Site(NamedTuple):
    """One site of a group."""

    name: str
    at: tuple[float, ...]  # latitude deg, longitude deg, altitude m
    user: User


@runtime_checkable
class UserGroup(Protocol):
    """Users of one kind."""

    def sites(self, group: str, fleet: Fleet, where: str) -> Iterator[Site]:
        """The sites, by the name of the group; `where` is its key, for messages."""
        ...

    def faults(self, where: str) -> list[str]:
        """What is wrong across its fields, a full sentence each."""
        ...


class Terminal(eqx.Module):
    """What connects a user to satellites, and what lies between."""

    min_elevation_deg: float | None = field(
        unit="deg", within=(-10, 90), doc="Lowest usable elevation; null: the access rule's.",
        assumed=True,
    )  # fmt: skip
    max_range_km: float | None = field(
        unit="km", within=(0, 1e6), doc="Longest usable slant range; null: the access rule's."
    )
    last_mile_s: float = field(
        unit="s", within=(0, 3600), doc="Time between terminal and user.", assumed=True
    )
    rate_bps: float | None = field(
        unit="bit/s", within=(1e-3, 1e15), doc="Rate of data; null: not limited.", assumed=True
    )
    uses: dict[str, str] | None = field(
        doc="Satellites that it may use, {LABEL: GROUP}, by name or pattern; null: any.",
        static=True,
    )

    def user(self, kind: str, track: Track | None = None) -> User:
        """A user of that kind with this terminal."""
        return User(
            kind,
            self.min_elevation_deg,
            self.max_range_km,
            self.last_mile_s,
            np.inf if self.rate_bps is None else self.rate_bps,
            tuple((self.uses or {}).items()),
            track,
        )


class Fixed(eqx.Module):
    """Users that stay where they are."""

    kind: str = field(doc=KIND_DOC, choices=ON_EARTH)
    places: dict[str, tuple[float, ...]] = field(doc=f"{PLACE_DOC}.", static=True)
    terminal: Terminal = field(doc="What they have.")

    def sites(self, group: str, fleet: Fleet, where: str) -> Iterator[Site]:
        """In the order given."""
        del group, fleet, where
        for name, at in self.places.items():
            yield Site(name, at, self.terminal.user(self.kind))

    def faults(self, where: str) -> list[str]:
        """Coordinates that are not on the Earth."""
        each = (tracks.place_faults(at, f"{where}.places.{k}") for k, at in self.places.items())
        return [problem for found in each for problem in found]


class Moving(eqx.Module):
    """Users on routes, there and back."""

    kind: str = field(doc=KIND_DOC, choices=ON_EARTH)
    routes: dict[str, tuple[tuple[float, ...], ...]] = field(
        doc="Name: waypoints [latitude deg, longitude deg, altitude m].", static=True
    )
    speed_m_s: float = field(unit="m/s", within=(0.01, 10_000), doc="Over ground.", assumed=True)
    phase: float = field(
        unit="1", within=(0, 1), doc="Share of the round trip done at the fleet's reference epoch."
    )
    terminal: Terminal = field(doc="What they have.")

    def sites(self, group: str, fleet: Fleet, where: str) -> Iterator[Site]:
        """In the order given."""
        del group, fleet, where
        for name, route in self.routes.items():
            lasts_s = _lasts_s(route, self.speed_m_s / 1000.0)
            track = Track(_three(route), lasts_s, 2 * self.phase * lasts_s, SHUTTLE)
            yield Site(name, route[0], self.terminal.user(self.kind, track))

    def faults(self, where: str) -> list[str]:
        """Routes that are none."""
        each = (tracks.faults(route, f"{where}.routes.{k}") for k, route in self.routes.items())
        return [problem for found in each for problem in found]


class OnSatellite(eqx.Module):
    """Users aboard satellites, such as sensors; named after the group and the satellite."""

    satellites: dict[str, str] | None = field(
        doc="Which, {LABEL: GROUP}, by name or pattern; null: of the whole fleet.", static=True
    )
    names: str | None = field(
        doc="Of those, by the satellite's name or a pattern of it; null: all.", static=True
    )
    index: int | None = field(
        within=(0, 1_000_000), doc="Of those, only the one of that number, from 0; null: all.",
        static=True,
    )  # fmt: skip
    last_mile_s: float = field(
        unit="s", within=(0, 3600), doc="Time between user and mesh.", assumed=True
    )
    rate_bps: float | None = field(
        unit="bit/s", within=(1e-3, 1e15), doc="Rate of data; null: not limited.", assumed=True
    )

    def sites(self, group: str, fleet: Fleet, where: str) -> Iterator[Site]:
        """In the order of the fleet."""
        rate_bps = np.inf if self.rate_bps is None else self.rate_bps
        for sat in self._chosen(fleet, where):
            user = User("satellite", last_mile_s=self.last_mile_s, rate_bps=rate_bps, aboard=sat)
            yield Site(f"{group} {_name(fleet, sat)}", (0.0, 0.0, 0.0), user)

    def faults(self, where: str) -> list[str]:
        """Nothing: all depends on the fleet."""
        del where
        return []

    def _chosen(self, fleet: Fleet, where: str) -> list[int]:
        members = fleet.members((self.satellites or {}).items(), f"{where}.satellites")
        pattern = "*" if self.names is None else self.names
        chosen = [k for k in np.flatnonzero(members).tolist() if _is(_name(fleet, k), pattern)]
        if not chosen:
            known = ", ".join(_name(fleet, k) for k in np.flatnonzero(members)[:8].tolist())
            raise InputError(
                f"{where}.names: no such satellite is named {pattern!r}; the first ones are "
                f"{known}; correct the name or the pattern"
            )
        if self.index is None:
            return chosen
        if self.index >= len(chosen):
            raise InputError(
                f"{where}.index: {self.index} given, but {len(chosen)} satellites are chosen; "
                f"allowed are 0 to {len(chosen) - 1}, or null for all"
            )
        return [chosen[self.index]]


class Target(eqx.Module):
    """Objects that sensors follow."""

    tracks: dict[str, tuple[tuple[float, ...], ...]] = field(
        doc="Name: waypoints [latitude deg, longitude deg, altitude m].", static=True
    )
    speed_km_s: float = field(unit="km/s", within=(0.001, 20), doc="Over ground.", assumed=True)
    starts_s: float = field(
        unit="s", within=(0, 2_592_000), doc="When it starts, in every scene.", assumed=True
    )
    then: str = field(
        choices=("ends", "again"), doc="At the end of the track: gone, or once more from its start."
    )
    sensors: dict[str, str] | None = field(
        doc="Satellites that look for it, {LABEL: GROUP}, by name or pattern; null: all.",
        static=True,
    )
    grazing_km: float = field(
        unit="km", within=(-100, 1000), doc="Lowest height of a line of sight.", assumed=True
    )
    max_range_km: float | None = field(
        unit="km", within=(0, 1e6), doc="Farthest that a sensor sees it; null: no test.",
        assumed=True,
    )  # fmt: skip
    elevation_deg: tuple[float, float] | None = field(
        unit="deg", within=(-90, 90), doc="Lowest and highest, of the sensor from the target.",
    )  # fmt: skip
    nadir_deg: tuple[float, float] | None = field(
        unit="deg", within=(0, 180), doc="Least and greatest, of the target from a sensor's nadir.",
    )  # fmt: skip

    def sites(self, group: str, fleet: Fleet, where: str) -> Iterator[Site]:
        """In the order given."""
        del group, fleet, where
        course = {"ends": ONCE, "again": AGAIN}[self.then]
        for name, route in self.tracks.items():
            track = Track(_three(route), _lasts_s(route, self.speed_km_s), -self.starts_s, course)
            user = User(
                "target",
                max_range_km=self.max_range_km,
                uses=tuple((self.sensors or {}).items()),
                track=track,
                sight=Sight(self.grazing_km, self.elevation_deg, self.nadir_deg),
            )
            yield Site(name, route[0], user)

    def faults(self, where: str) -> list[str]:
        """Tracks that are none, or too low to be seen; bounds the wrong way round."""
        found = []
        for name, route in self.tracks.items():
            of_track = tracks.faults(route, f"{where}.tracks.{name}")
            least_km = min((at[2] for at in route if len(at) == 3), default=0) / 1000.0
            if not of_track and least_km - POLES_LOW_KM < self.grazing_km:
                of_track.append(
                    f"{where}.tracks.{name}: it goes down to {least_km:g} km, but a line of sight "
                    f"must stay {self.grazing_km:g} km above the mean sphere, which is "
                    f"{POLES_LOW_KM} km above the poles; lower grazing_km to "
                    f"{least_km - POLES_LOW_KM:g} or less"
                )
            found += of_track
        for name in ("elevation_deg", "nadir_deg"):
            bounds = getattr(self, name)
            if bounds is not None and not bounds[0] < bounds[1]:
                found.append(f"{where}.{name}: {list(bounds)} given; write [lowest, highest]")
        return found


class UserList(eqx.Module):
    """Groups of users."""

    users: dict[str, UserGroup] = field(doc="The groups by name: Fixed, Moving, OnSatellite, ….")

    @property
    def needs_fleet(self) -> bool:
        return True

    def build(self, fleet: Fleet) -> Sites:
        """All sites, group by group."""
        problems, sites = Problems(), list[Site]()
        for group, users in self.users.items():
            where = f"sites.users.{group}"
            try:
                own = list(users.sites(group, fleet, where))
                if own:  # the satellites of all of them are the same
                    fleet.members(own[0].user.uses, where)
                sites += own
            except InputError as error:
                problems.take(error)
        names = [site.name for site in sites]
        for name in (name for name, count in Counter(names).items() if count > 1):
            problems.add(f"sites.users: two sites are named {name!r}; rename one")
        problems.raise_all()
        at = np.array([list(site.at) for site in sites], np.float64)
        return Sites(at[:, 0], at[:, 1], at[:, 2], tuple(names), tuple(s.user for s in sites))

    def problems(self) -> list[str]:
        """What is wrong in the groups."""
        found = [] if self.users else ["sites.users: no group is given; give at least one"]
        for group, users in self.users.items():
            found += users.faults(f"sites.users.{group}")
            if any(getattr(users, name, None) == {} for name in ("places", "routes", "tracks")):
                found.append(f"sites.users.{group}: nothing is listed; list at least one, or none")
        return found


def _lasts_s(route: tuple[tuple[float, ...], ...], speed_km_s: float) -> float:
    return float(tracks.leg_km(route).sum() / speed_km_s)


def _three(route: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, float, float], ...]:
    return tuple((float(at[0]), float(at[1]), float(at[2])) for at in route)


def _name(fleet: Fleet, sat: int) -> str:
    return fleet.catalogue.name[sat] if fleet.catalogue else f"satellite {sat}"


def _is(name: str, pattern: str) -> bool:
    return name == pattern or fnmatchcase(name, pattern)
