"""The scene: everything that does not depend on the draw, built once an epoch on the host.

Host arrays are numpy, float64 where they carry geometry. "No path" and "not there" are `inf`.
"""

from typing import NamedTuple

import equinox as eqx
import numpy as np
from jaxtyping import Array, Bool, Float, Float32, Float64, Int, Int8, Int32

from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.fleet import CARRIES_TRAFFIC, Fleet
from sdn_mc.core.outage import PAIR, ROUTING, n_pair
from sdn_mc.core.sites import Sites as Sites


class MeanElements(NamedTuple):
    """Secular elements at one common instant: what planes and lasting links are found from."""

    altitude_km: Float64[np.ndarray, " sat"]  # Brouwer mean semi-major axis - 6378.135 km
    inclination_deg: Float64[np.ndarray, " sat"]
    raan_deg: Float64[np.ndarray, " sat"]  # [0, 360)
    argument_of_latitude_deg: Float64[np.ndarray, " sat"]  # perigee + mean anomaly, [0, 360)
    eccentricity: Float64[np.ndarray, " sat"]
    age_d: Float64[np.ndarray, " sat"]  # days since the satellite's own epoch
    error: Int[np.ndarray, " sat"]  # 0, or the propagator's error code


class Ephemeris(eqx.Module):
    """Where the satellites are: inertial positions at every time of one epoch.

    The frame is TEME for element sets; for a two-body comparison, the frame of the elements.
    """

    start: JulianDate = eqx.field(static=True)
    time_s: Float64[np.ndarray, " time"]  # since start
    position_km: Float64[np.ndarray, "time sat xyz"]
    status: Int8[np.ndarray, " sat"]  # fleet status, with what fails to propagate added
    mean: MeanElements  # at start

    @property
    def carries_traffic(self) -> Bool[np.ndarray, " sat"]:
        """Satellites that may hold links and serve sites."""
        return np.isin(self.status, CARRIES_TRAFFIC)


class Links(eqx.Module):
    """The optical mesh as equal-width neighbour lists: slot `port` of `sat` looks at `neighbour`.

    An empty slot points at the satellite itself with `delay_s` inf. A link stands in two slots, one
    at each end: `neighbour[neighbour[s, p], peer[s, p]] == s`. Slots beyond the terminals are
    standby links: slot `p` uses terminal `terminal[s, p]` once every satellite of `wakes_on[s, p]`
    (padded by -1) has been lost for `retarget_s`.
    """

    neighbour: Int32[np.ndarray, "*epochtime sat port"]
    peer: Int32[np.ndarray, "*epochtime sat port"]
    terminal: Int32[np.ndarray, "sat port"]
    wakes_on: Int32[np.ndarray, "sat port skipped"]
    delay_s: Float64[np.ndarray, "time sat port"]  # inf: no link, or geometry forbids it
    retarget_s: float
    n_terminal: int = eqx.field(static=True)  # terminals per satellite, the first slots
    notes: tuple[str, ...] = eqx.field(static=True, default=())  # what the summary must say of it

    @property
    def number(self) -> Int32[np.ndarray, "*epochtime sat port"]:
        """Number of each slot's link, the same at both ends: the lower of its two slots."""
        n_sat, n_port = self.terminal.shape
        here = np.arange(n_sat * n_port).reshape(n_sat, n_port)
        return np.minimum(here, self.neighbour * n_port + self.peer).astype(np.int32)


class Access(eqx.Module):
    """Which satellites each site may use at each time, best elevation first.

    Of a target, those that see it; of a site on a satellite, that one, at a delay of 0.
    """

    sat: Int32[np.ndarray, "time site candidate"]  # 0 where padded
    delay_s: Float64[np.ndarray, "time site candidate"]  # inf where padded
    elevation_rad: Float32[np.ndarray, "time site candidate"]
    best_only: bool = eqx.field(static=True)  # the site uses the best one that is up, not any
    n_cut: int = eqx.field(static=True)  # candidates dropped for want of room, over all times


class Geometry(eqx.Module):
    """Where everything is at every time, km, in the inertial frame of the ephemeris.

    `axes` are the Earth's own at every time (equator at longitude 0, at 90 degrees east, north
    pole), in that frame: `axes[time] @ vector` turns an inertial vector into an Earth-fixed one.
    """

    sat_km: Float64[np.ndarray, "time sat xyz"]
    site_km: Float64[np.ndarray, "time site xyz"]
    axes: Float64[np.ndarray, "time axis xyz"]

    def fixed_sat_km(self, at: Int[np.ndarray, " some"]) -> Float64[np.ndarray, "some sat xyz"]:
        """Satellites at some times along the Earth's axes, km."""
        return self.sat_km[at] @ self.axes[at].swapaxes(-1, -2)


class Flows(eqx.Module):
    """Who talks to whom: a flow goes from a set of sites to a set of sites, by its best pair.

    Pairs of sites are listed once; `pair_flow` says which flow each serves.
    """

    pair_source: Int32[np.ndarray, " pair"]  # site
    pair_destination: Int32[np.ndarray, " pair"]  # site
    pair_flow: Int32[np.ndarray, " pair"]
    bound_s: Float64[np.ndarray, " flow"]  # in vacuum, see `access/flows.py`; 0: not known
    name: tuple[str, ...] = eqx.field(static=True)
    source: tuple[str, ...] = eqx.field(static=True)  # of each flow, as a person would say it
    destination: tuple[str, ...] = eqx.field(static=True)
    last_mile_s: Float64[np.ndarray, " pair"] | None = None  # of both ends; None: nowhere any

    @property
    def n_flow(self) -> int:
        return len(self.name)


class Scene(eqx.Module):
    """One epoch: times, fleet, mesh, access and flows. The same for every draw of the epoch.

    `onset_s` is the time of a given event: a number, or None where each draw has its own
    (uniform over the window, in a snapshot).
    """

    time_s: Float[np.ndarray, " time"] | Float[Array, " time"]
    window_s: float | Float[Array, ""]
    onset_s: float | Float[Array, ""] | None
    fleet: Fleet
    links: Links | None
    access: Access | None
    sites: Sites
    flows: Flows
    start: JulianDate = eqx.field(static=True)
    epoch: int = eqx.field(static=True)
    status: Int8[np.ndarray, " sat"] | None = None
    geometry: Geometry | None = None  # on the host: for what a threat prepares
    mode: str = eqx.field(static=True, default="snapshot")  # of the timeline; or "episode"

    @property
    def n_entity(self) -> dict[str, int]:
        """How many there are of each kind of thing that can fail."""
        fleet = self.fleet
        kinds = {"sat": fleet.n_sat, "site": self.sites.n_site, ROUTING: 1}
        kinds |= {label: len(names) for label, names in fleet.labels}
        return kinds | {PAIR + label: n_pair(len(names)) for label, names in fleet.labels}
