"""Access by line of sight: a site may use every satellite above its mask and within its range.

Elevation is measured from the local vertical; refraction is ignored. Sites may have masks and
ranges of their own, and other rules hold for users aboard satellites and for targets (`views.py`).
Candidates are sorted by elevation, the best first. `any` lets a path use whichever candidate is
best for it (an upper bound on what a terminal can do); `best_elevation` ties the site to the
highest satellite that is up.
"""

import equinox as eqx
import numpy as np
from jaxtyping import Float64

from sdn_mc.access.views import Seen, views_of
from sdn_mc.core.constants import LIGHT_KM_S
from sdn_mc.core.fields import field
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.problems import InputError
from sdn_mc.core.scene import Access, Ephemeris, Sites

CUT_ALLOWED = 1e-3  # share of candidates that may be dropped for want of room


class Visible(eqx.Module):
    """Minimum elevation, maximum slant range, or both."""

    min_elevation_deg: float | None = field(
        unit="deg", within=(-10, 90), doc="Lowest usable elevation; null: no test.", assumed=True
    )
    max_range_km: float | None = field(
        unit="km", within=(0, 1e6), doc="Longest usable slant range; null: no test."
    )
    attachment: str = field(
        choices=("any", "best_elevation"), doc="Which visible satellite a site uses."
    )
    max_candidates: int | None = field(
        within=(1, 100_000), doc="Room for candidates; null: as many as are seen.", static=True
    )

    def build(
        self,
        ephemeris: Ephemeris,
        site_km: Float64[np.ndarray, "time site xyz"],
        vertical: Float64[np.ndarray, "time site xyz"],
        sites: Sites,
        fleet: Fleet,
    ) -> Access:
        """Candidates of every site at every time."""
        views = views_of(sites, fleet, ephemeris, self.min_elevation_deg, self.max_range_km)
        seen = [
            [
                view.at(t, ephemeris.position_km[t], here_km, up)
                for view, here_km, up in zip(views, site_km[t], vertical[t], strict=True)
            ]
            for t in range(len(ephemeris.time_s))
        ]
        most = max((len(sat) for at_time in seen for sat, _, _ in at_time), default=0)
        room = max(most if self.max_candidates is None else min(most, self.max_candidates), 1)
        access, n_seen = _table(seen, room, self.attachment == "best_elevation")
        if access.n_cut > CUT_ALLOWED * n_seen:
            raise InputError(
                f"access.max_candidates: {room} given, but up to {most} satellites are visible and "
                f"{access.n_cut / n_seen:.1%} of the candidates would be dropped; allowed is "
                f"{CUT_ALLOWED:.1%}; raise it to {most} or set it to null"
            )
        return access

    def problems(self) -> list[str]:
        """A rule that allows everything."""
        if self.min_elevation_deg is None and self.max_range_km is None:
            return [
                "access: neither min_elevation_deg nor max_range_km is given, so the Earth would "
                "be transparent; set at least one"
            ]
        return []


def _table(seen: list[list[Seen]], room: int, best_only: bool) -> tuple[Access, int]:
    shape = (len(seen), len(seen[0]), room)
    sat = np.zeros(shape, np.int32)
    delay_s = np.full(shape, np.inf)
    elevation_rad = np.full(shape, -np.inf, np.float32)
    n_cut = n_seen = 0
    for t, at_time in enumerate(seen):
        for s, (who, range_km, elevation) in enumerate(at_time):
            k = min(len(who), room)
            n_cut += len(who) - k
            n_seen += len(who)
            sat[t, s, :k] = who[:k]
            delay_s[t, s, :k] = range_km[:k] / LIGHT_KM_S
            elevation_rad[t, s, :k] = elevation[:k]
    return Access(sat, delay_s, elevation_rad, best_only, n_cut), n_seen
