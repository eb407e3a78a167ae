"""For which times one program will do: runs of times with nearly the same access satellites.

A program holds where sites hang, and that changes with their access satellites. Times that follow
each other share a program with all access links that any of them has, as long as those are not many
more than each has by itself; an access link that a time lacks is no link at that time.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Int32

from sdn_mc.core.compiled import entry, kernel
from sdn_mc.core.network import NO_PATH_TICKS
from sdn_mc.routing.elimination_access import hang_at
from sdn_mc.routing.elimination_program import Program
from sdn_mc.routing.streams.layout import NOTHING

GROWTH = 1.2  # access links of a run over those of its times, at most: each costs a fetch
ROOM = 2  # times the candidates that a site may have in a run


class Hung(NamedTuple):
    """Where the sites hang in one run of times; used sites, sources first."""

    first_time: int
    end_time: int
    start: Int32[np.ndarray, " groupboundary"]
    site: Int32[np.ndarray, " hanging"]
    access: Int32[np.ndarray, "rank usedsite"]  # the run's access link, or nothing
    further: Int32[np.ndarray, "further two"]  # rank * used sites + site, and access link
    slot: Int32[np.ndarray, "runtime access"]  # site * n_candidate + candidate, or nothing


def access_runs(
    program: Program,
    used: Int32[np.ndarray, " usedsite"],
    access_sat: Int32[np.ndarray, "time site candidate"],
    access_ticks: Int32[np.ndarray, "time site candidate"],
    first_time: int,
    end_time: int,
) -> list[Hung]:
    """The runs of the times of a topology."""
    runs, n_candidate = [], access_sat.shape[2]
    place = np.empty((end_time - first_time, len(used), n_candidate), np.int32)
    sat = np.empty((len(used), ROOM * n_candidate), np.int32)
    n_sat, before = np.zeros(len(used), np.int32), np.zeros(len(used), np.int32)
    while first_time < end_time:
        end = _unite(
            used, access_sat, access_ticks, first_time, end_time, place, sat, n_sat, before
        )
        runs.append(_hung(program, used, sat, n_sat, place[: end - first_time], first_time, end))
        first_time = end
    return runs


def _hung(
    program: Program,
    used: Int32[np.ndarray, " usedsite"],
    sat: Int32[np.ndarray, "usedsite room"],
    n_sat: Int32[np.ndarray, " usedsite"],
    place: Int32[np.ndarray, "runtime usedsite candidate"],
    first_time: int,
    end_time: int,
) -> Hung:
    """Sites of each group, and the run's access links, of which each time has some."""
    n_used, room = sat.shape
    there = np.arange(room) < n_sat[:, None]
    ticks = np.where(there, 0, NO_PATH_TICKS).astype(np.int32)
    hangs = np.empty((len(program.first), n_used), np.bool_)
    at = hang_at(program, np.arange(n_used, dtype=np.int32), n_used, sat, ticks, hangs)
    rank, site = np.divmod(at.link_row, n_used)
    link = np.arange(len(rank), dtype=np.int32)
    access = np.full((len(program.sat), n_used), NOTHING, np.int32)
    first = np.unique(at.link_row, return_index=True)[1]
    access[rank[first], site[first]] = link[first]
    others = np.setdiff1d(link, first).astype(np.int32)
    link_of = np.full((n_used, room), NOTHING, np.int32)
    link_of.reshape(-1)[at.link_slot] = link
    slot = np.full((end_time - first_time, len(link)), NOTHING, np.int32)
    time, site_at, candidate = np.nonzero(place >= 0)
    own = link_of[site_at, place[time, site_at, candidate]]
    slot[time, own] = used[site_at] * place.shape[2] + candidate
    further = np.stack([at.link_row[others], others], axis=1).astype(np.int32)
    return Hung(first_time, end_time, at.start, at.site, access, further, slot)


@entry
@no_type_check
def _unite(used, access_sat, access_ticks, first_time, end_time, place, sat, n_sat, before):
    """Satellites of each site from `first_time` on, as far as they do not grow; returns the end."""
    n_sat[:] = 0
    n_own, n_candidate = 0, access_sat.shape[2]
    for time in range(first_time, end_time):
        _copy(n_sat, before)
        here = place[time - first_time]
        fits = True
        for i in range(len(used)):
            for candidate in range(n_candidate):
                here[i, candidate] = NOTHING
                if not fits or access_ticks[time, used[i], candidate] >= NO_PATH_TICKS:
                    continue
                wanted, c = access_sat[time, used[i], candidate], 0
                while c < n_sat[i] and (sat[i, c] != wanted or _is_in(here[i], c, candidate)):
                    c += 1
                if c == sat.shape[1]:
                    fits = False
                    continue
                sat[i, c] = wanted
                n_sat[i] = max(n_sat[i], c + 1)
                here[i, candidate] = c
                n_own += 1
        n_time = time - first_time + 1
        if n_time > 1 and (not fits or _sum(n_sat) * n_time > GROWTH * n_own):
            _copy(before, n_sat)
            return time
    return end_time


@kernel
@no_type_check
def _copy(values, to):
    for i in range(len(values)):
        to[i] = values[i]


@kernel
@no_type_check
def _sum(values):
    total = 0
    for value in values:
        total += value
    return total


@kernel
@no_type_check
def _is_in(values, value, n):
    for i in range(n):  # noqa: SIM110
        if values[i] == value:
            return True
    return False
