"""Where the sites hang on an elimination, at each time: the only part that changes with time.

A site is a node that is never eliminated. It hangs on its access satellites, and eliminating a
satellite hands the site on to all of the satellite's upper neighbours, which lie on the way to the
root of the elimination tree. So it hangs on every group from its access satellites upwards.
Sites never join each other through a site: ground carries no transit traffic.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Bool, Int32

from sdn_mc.core.compiled import entry
from sdn_mc.core.network import NO_PATH_TICKS
from sdn_mc.routing.elimination_program import Program

NOWHERE = -1


class Hanging(NamedTuple):
    """Sites of each group, ascending, and the access links that enter it, at every time."""

    start: Int32[np.ndarray, "time boundary"]
    site: Int32[np.ndarray, " hanging"]  # index into the used sites
    link_start: Int32[np.ndarray, "time boundary"]
    link_row: Int32[np.ndarray, " accesslink"]  # of the site at the satellite, see `site_step_of`
    link_slot: Int32[np.ndarray, " accesslink"]  # site * n_candidate + candidate


def site_step_of(most_used: int) -> int:
    """Rows from one rank to the next: used site i at a rank has row rank * step + i.

    Odd, so that rows of one site do not share a cache set.
    """
    return most_used | 1


def hang_sites(
    program: Program,
    used: Int32[np.ndarray, " usedsite"],
    site_step: int,
    access_sat: Int32[np.ndarray, "time site candidate"],
    access_ticks: Int32[np.ndarray, "time site candidate"],
) -> Hanging:
    """Where the sites `used` hang."""
    hangs = np.empty((len(program.first), len(used)), np.bool_)
    by_time = [
        hang_at(program, used, site_step, sat, ticks, hangs)
        for sat, ticks in zip(access_sat, access_ticks, strict=True)
    ]
    n_before = np.cumsum([0] + [len(one.site) for one in by_time])
    n_link_before = np.cumsum([0] + [len(one.link_row) for one in by_time])
    return Hanging(
        np.stack([one.start + n for one, n in zip(by_time, n_before, strict=False)]),
        np.concatenate([one.site for one in by_time]),
        np.stack([one.link_start + n for one, n in zip(by_time, n_link_before, strict=False)]),
        np.concatenate([one.link_row for one in by_time]),
        np.concatenate([one.link_slot for one in by_time]),
    )


def hang_at(
    program: Program,
    used: Int32[np.ndarray, " usedsite"],
    site_step: int,
    access_sat: Int32[np.ndarray, "site candidate"],
    access_ticks: Int32[np.ndarray, "site candidate"],
    hangs: Bool[np.ndarray, "group usedsite"],
) -> Hanging:
    """One time, without the time axis."""
    n_group, n_slot = len(program.first), len(used) * access_sat.shape[1]
    one = Hanging(
        start=np.zeros(n_group + 1, np.int32),
        site=np.empty(hangs.size, np.int32),
        link_start=np.zeros(n_group + 1, np.int32),
        link_row=np.empty(n_slot, np.int32),
        link_slot=np.empty(n_slot, np.int32),
    )
    n_done = np.empty(n_group, np.int32)
    _hang(program, used, access_sat, access_ticks, site_step, hangs, one, n_done)
    n_link = one.link_start[-1]
    return one._replace(
        site=one.site[: one.start[-1]].copy(),
        link_row=one.link_row[:n_link].copy(),
        link_slot=one.link_slot[:n_link].copy(),
    )


def most_meetings(
    hanging: Hanging,
    pair_start: Int32[np.ndarray, " boundary"],
    pair_used: Int32[np.ndarray, " pair"],
    n_used: int,
) -> int:
    """Pairs that have both of their sites on one group, over all groups: at most, at one time."""
    seen = np.full(n_used, NOWHERE, np.int32)
    return int(_most_meetings(hanging, pair_start, pair_used, seen))


@entry
@no_type_check
def _most_meetings(hanging, pair_start, pair_used, seen):
    """Counts at every time; `seen` marks the sites of one group by its number."""
    most, mark = 0, 0
    for time in range(hanging.start.shape[0]):
        n = 0
        for group in range(hanging.start.shape[1] - 1):
            first, end = hanging.start[time, group], hanging.start[time, group + 1]
            for i in range(first, end):
                seen[hanging.site[i]] = mark
            for i in range(first, end):
                if hanging.site[i] < len(pair_start) - 1:
                    source = hanging.site[i]
                    for pair in range(pair_start[source], pair_start[source + 1]):
                        n += seen[pair_used[pair]] == mark
            mark += 1
        most = max(most, n)
    return most


@entry
@no_type_check
def _hang(program, used, access_sat, access_ticks, site_step, hangs, one, n_done):
    """Mark the access satellites' groups, hand the marks on to the root, list them."""
    hangs[:] = False
    for i in range(len(used)):
        for candidate in range(access_sat.shape[1]):
            if access_ticks[used[i], candidate] < NO_PATH_TICKS:
                group = program.group_of[program.rank[access_sat[used[i], candidate]]]
                hangs[group, i] = True
                one.link_start[group + 1] += 1
    at_upper = n_site = 0
    for group in range(len(program.first)):
        above = NOWHERE
        if program.n_upper[group] > 0:
            above = program.group_of[program.upper[at_upper]]
        at_upper += program.n_upper[group]
        for i in range(len(used)):
            if hangs[group, i]:
                one.site[n_site] = i
                n_site += 1
                if above != NOWHERE:
                    hangs[above, i] = True
        one.start[group + 1] = n_site
        one.link_start[group + 1] += one.link_start[group]
        n_done[group] = 0
    for i in range(len(used)):
        for candidate in range(access_sat.shape[1]):
            if access_ticks[used[i], candidate] < NO_PATH_TICKS:
                rank = program.rank[access_sat[used[i], candidate]]
                group = program.group_of[rank]
                at = one.link_start[group] + n_done[group]
                n_done[group] += 1
                one.link_row[at] = rank * site_step + i
                one.link_slot[at] = used[i] * access_sat.shape[1] + candidate
