"""Which rows exist when, and which of them are kept in shared memory.

A row is born in the wave that first lowers it and dies in the wave that fetches it; answers live to
the end. Shared memory holds the rows with the most uses for the waves they live, as many as fit at
any time; the others lie in global memory.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Bool, Int32

from sdn_mc.core.compiled import entry, kernel
from sdn_mc.routing.streams.access_runs import Hung
from sdn_mc.routing.streams.layout import NOTHING, Layout, pair_at
from sdn_mc.routing.streams.waves import WIDEST, Waves


class Answers(NamedTuple):
    """Pairs of sites that are asked for: of each two used sites, which answer, or nothing."""

    of_sites: Int32[np.ndarray, "usedsite usedsite"]
    n_answer: int


class Rows(NamedTuple):
    """Life of every row, in waves counted from 1; 0 is before the first."""

    birth: Int32[np.ndarray, " row"]
    death: Int32[np.ndarray, " row"]
    n_use: Int32[np.ndarray, " row"]
    is_hot: Bool[np.ndarray, " row"]
    n_hot: int  # in shared memory at once, at most


def rows_of(layout: Layout, hung: Hung, answers: Answers, waves: Waves, most_hot: int) -> Rows:
    """Lives, and which rows are hot: at most `most_hot` at any time."""
    n_row = layout.n_row + hung.access.size + answers.n_answer
    birth, death, n_use = (np.full(n_row, fill, np.int32) for fill in (NOTHING, NOTHING, 0))
    n_wave = len(waves.start) - 1
    _live(layout, hung, answers.of_sites, waves, birth, death, n_use)
    born = np.flatnonzero(birth != NOTHING)
    death[born[death[born] == NOTHING]] = n_wave + 1
    uses_a_wave = (2 * n_use[born] + 1) / (death[born] - birth[born])
    by_use = born[np.argsort(-uses_a_wave, kind="stable")]
    load, is_hot = np.zeros(n_wave + 2, np.int32), np.zeros(n_row, np.bool_)
    n_hot = _choose(by_use, birth, death, most_hot, load, is_hot)
    return Rows(birth, death, n_use, is_hot, n_hot)


@entry
@no_type_check
def _live(layout, hung, of_sites, waves, birth, death, n_use):
    """Births, deaths and uses."""
    for i in range(len(layout.further)):
        _use(birth, n_use, layout.further[i, 0], 0)
    for i in range(len(hung.further)):
        _use(birth, n_use, layout.n_row + hung.further[i, 0], 0)
    for i in range(len(waves.group)):
        group = waves.group[i]
        wave = waves.wave[group] + 1
        _fetch_all(layout, hung, group, wave, birth, death)
        n_upper = layout.upper_start[group + 1] - layout.upper_start[group]
        n_row = waves.n_left[group] if waves.defers_to[group] == NOTHING else WIDEST
        for a in range(n_row):
            for b in range(a + (a < n_upper), waves.n_member[group]):
                row = row_between(layout, hung, of_sites, group, a, b)
                if row != NOTHING:
                    _use(birth, n_use, row, wave)


@kernel
@no_type_check
def _use(birth, n_use, row, wave):
    if birth[row] == NOTHING:
        birth[row] = wave
    n_use[row] += 1


@kernel
@no_type_check
def _fetch_all(layout, hung, group, wave, birth, death):
    """Rows that a group fetches die, if they were ever born."""
    for at in range(layout.fetch_start[group], layout.fetch_start[group + 1]):
        row = layout.fetch_row[at]
        if row != NOTHING and birth[row] != NOTHING:
            death[row] = wave
    for k in range(layout.width[group]):
        for i in range(hung.start[group], hung.start[group + 1]):
            row = site_row(layout, hung, layout.first[group] + k, hung.site[i])
            if birth[row] != NOTHING:
                death[row] = wave


@kernel
@no_type_check
def site_row(layout, hung, rank, site):
    """Name of the row between a satellite and a site."""
    return layout.n_row + rank * hung.access.shape[1] + site


@kernel
@no_type_check
def row_between(layout, hung, of_sites, group, a, b):
    """Name of the row between two members a <= b of a group, or nothing."""
    n_upper = layout.upper_start[group + 1] - layout.upper_start[group]
    if b < n_upper:
        return layout.pair_row[layout.pair_start[group] + pair_at(n_upper, a, b)]
    site = hung.site[hung.start[group] + b - n_upper]
    if a < n_upper:
        return site_row(layout, hung, layout.upper[layout.upper_start[group] + a], site)
    answer = of_sites[hung.site[hung.start[group] + a - n_upper], site]
    return NOTHING if answer == NOTHING else layout.n_row + hung.access.size + answer


@entry
@no_type_check
def _choose(by_use, birth, death, most_hot, load, is_hot):
    """Rows in this order are hot where there is room; most at once."""
    n_hot = 0
    for i in range(len(by_use)):
        row, most = by_use[i], 0
        for wave in range(birth[row], death[row]):
            most = max(most, load[wave])
        if most < most_hot:
            is_hot[row] = True
            for wave in range(birth[row], death[row]):
                load[wave] += 1
            n_hot = max(n_hot, most + 1)
    return n_hot
