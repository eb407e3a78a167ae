"""Compiled parts of `masking`: edges, sorted once a word of draws, and what they leave up.

Here are spans turned into edges, standby links' edges worked out, chains taken on, and link and
access words gathered from instant to instant.
"""

from typing import no_type_check

import numpy as np

from sdn_mc.core.compiled import entry, kernel
from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.engine.chains import step_chain

# Kinds of thing that a part holds down.
SAT, TERMINAL, SITE, GROUP = range(4)
LINKS, PAIRS = 10, 11  # links by themselves, or by the groups of their two satellites


@entry
@no_type_check
def fill(parts, wiring, time_s, retarget_s, scratch, link_up, access_up):
    """Every word: edges, sorted; then from time to time."""
    n_column, n_time, n_word = link_up.shape[0], link_up.shape[1], link_up.shape[2]
    n_sat, edge = link_up.shape[3], scratch.edge
    slots, some_chain = wiring.slots, np.any(parts.is_chain)
    standby = slots.wakes_on.shape[2] > 0
    for word in range(n_word):
        n_edge = _edges_of_word(parts, standby, n_sat, word, time_s, retarget_s, scratch, 0)
        _sort_edges(scratch, n_edge, n_time)
        scratch.state[:] = 0
        for time in range(n_time):
            begin, end = scratch.at_time[time], scratch.at_time[time + 1]
            for i in range(begin, end):
                scratch.state[edge.state[scratch.order[i]]] += edge.change[scratch.order[i]]
            if some_chain:
                _step_chains(parts, word, time_s, time, scratch)
            for column in range(n_column):
                down = scratch.down[column]
                if time == 0 or begin < end or some_chain:
                    now_s = time_s[time]
                    _take_down(
                        parts, column, n_sat, wiring.n_terminal, word, now_s, scratch.state, down
                    )
                lost = scratch.state[column * n_sat : (column + 1) * n_sat]
                _links(slots, time, down, lost, parts.cut[column], link_up[column, time, word])
                up = link_up[column, time, word]
                _clear_parted(parts, column, word, slots, time, scratch.state, up)
                _access(wiring, time, down, n_sat, access_up[column, time, word])


@entry
@no_type_check
def fill_edges(parts, standby, n_sat, time_s, retarget_s, scratch, chain_state):
    """The edges of all words, one word after the other, and chains at every time; their number."""
    n_edge, (n_time, n_word, n_chain_state) = 0, chain_state.shape
    first = len(scratch.state) - n_chain_state
    for word in range(n_word):
        begin = n_edge
        n_edge = _edges_of_word(parts, standby, n_sat, word, time_s, retarget_s, scratch, begin)
        scratch.edge.word[begin:n_edge] = word
        if n_chain_state > 0:
            for time in range(n_time):
                _step_chains(parts, word, time_s, time, scratch)
                for part in range(len(parts.kind)):
                    if parts.is_chain[part]:
                        holds = _holding(parts, part, word, time_s[time])
                        for i in range(parts.first[part], parts.first[part + 1]):
                            chain_state[time, word, i - first] = scratch.state[i] & holds
    return n_edge


@kernel
@no_type_check
def _edges_of_word(parts, standby, n_sat, word, time_s, retarget_s, scratch, n_edge):
    """Edges of all spans and, for standby links, of what each column has lost; from `n_edge` on."""
    n_edge = _edges_of_parts(parts, time_s, word, scratch, n_edge)
    if standby:
        for column in range(len(parts.acts)):
            n_edge = _edges_of_lost(parts, column, word, n_sat, time_s, retarget_s, scratch, n_edge)
    return n_edge


@kernel
@no_type_check
def _step_chains(parts, word, time_s, time, scratch):
    """Every chain, to this instant."""
    for part in range(len(parts.kind)):
        if parts.is_chain[part]:
            state = scratch.state[parts.first[part] : parts.first[part + 1]]
            share, change_per_s = parts.share[part, word], parts.change_per_s[part, word]
            key = parts.key[part, word]
            step_chain(key, share, change_per_s, time_s, time, state, scratch.numbers)


@kernel
@no_type_check
def _edges_of_parts(parts, time_s, word, scratch, n_edge):
    """Edges of all spans of a word; overlaps of one entity count once."""
    for part in range(len(parts.kind)):
        before, reach = np.int64(-1), 0
        for row in range(parts.begin[part, word], parts.begin[part, word + 1]):
            entity = parts.first[part] + parts.entity[row]
            bit = parts.draw[row] % DRAWS_PER_WORD
            first = _first_from(time_s, parts.start_s[row])
            end = _first_from(time_s, parts.end_s[row])
            key = entity * DRAWS_PER_WORD + bit
            if key == before:
                first = max(first, reach)
                end = max(end, reach)
            before, reach = key, end
            n_edge = _add_edges(scratch, n_edge, entity, bit, first, end, len(time_s))
    return n_edge


@kernel
@no_type_check
def _add_edges(scratch, n_edge, entity, bit, first, end, n_time):
    """Set at `first`, clear at `end`; nothing if no instant lies between."""
    if first < end:
        one = np.uint32(1) << np.uint32(bit)
        n_edge = _add_edge(scratch.edge, n_edge, entity, one, first, n_time)
        n_edge = _add_edge(scratch.edge, n_edge, entity, ~one + np.uint32(1), end, n_time)
    return n_edge


@kernel
@no_type_check
def _add_edge(edge, n_edge, state, change, time, n_time):
    if time >= n_time:
        return n_edge
    edge.state[n_edge] = state
    edge.change[n_edge] = change
    edge.time[n_edge] = time
    return n_edge + 1


@kernel
@no_type_check
def _first_from(time_s, at_s):
    """Index of the first instant at or after a time."""
    low, high = 0, len(time_s)
    if high == 0 or time_s[0] >= at_s:
        return 0
    if time_s[high - 1] < at_s:
        return high
    while low < high:
        middle = (low + high) // 2
        if time_s[middle] < at_s:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
@no_type_check
def _sort_edges(scratch, n_edge, n_time):
    """Counting sort by time; edges of time t are `at_time[t]` to `at_time[t + 1]` of the order."""
    at = scratch.at_time
    at[:] = 0
    for i in range(n_edge):
        at[scratch.edge.time[i]] += 1
    total = 0
    for time in range(n_time + 1):
        here = at[time]
        at[time] = total
        total += here
    for i in range(n_edge):
        time = scratch.edge.time[i]
        scratch.order[at[time]] = i
        at[time] += 1
    _shift_right(at)


@kernel
@no_type_check
def _edges_of_lost(parts, column, word, n_sat, time_s, retarget_s, scratch, n_edge):
    """Edges of satellites that have been down without a break for the re-pointing time."""
    _collect_windows(parts, column, word, n_sat, scratch)
    for key in range(n_sat * DRAWS_PER_WORD):
        begin, end = scratch.window_at[key], scratch.window_at[key + 1]
        if begin == end:
            continue
        _sort_windows(scratch.window, begin, end)
        sat, bit = column * n_sat + key // DRAWS_PER_WORD, key % DRAWS_PER_WORD
        since, reach = scratch.window[begin, 0], scratch.window[begin, 1]
        for i in range(begin + 1, end):
            if scratch.window[i, 0] <= reach:
                reach = max(reach, scratch.window[i, 1])
                continue
            n_edge = _add_lost(scratch, n_edge, sat, bit, time_s, since + retarget_s, reach)
            since, reach = scratch.window[i, 0], scratch.window[i, 1]
        n_edge = _add_lost(scratch, n_edge, sat, bit, time_s, since + retarget_s, reach)
    return n_edge


@kernel
@no_type_check
def _add_lost(scratch, n_edge, sat, bit, time_s, wake_s, reach_s):
    first, end = _first_from(time_s, wake_s), _first_from(time_s, reach_s)
    return _add_edges(scratch, n_edge, sat, bit, first, end, len(time_s))


@kernel
@no_type_check
def _collect_windows(parts, column, word, n_sat, scratch):
    """Windows of each satellite in each draw, from all causes of the column; groups written out.

    Those of key k = satellite * 32 + draw end as rows `window_at[k]` to `window_at[k + 1]`.
    """
    at = scratch.window_at
    at[:] = 0
    _note_windows(parts, column, word, n_sat, scratch, False)
    total = 0
    for key in range(len(at)):
        here = at[key]
        at[key] = total
        total += here
    _note_windows(parts, column, word, n_sat, scratch, True)
    _shift_right(at)


@kernel
@no_type_check
def _shift_right(at):
    """Ends of runs become their beginnings."""
    for i in range(len(at) - 1):
        key = len(at) - 1 - i
        at[key] = at[key - 1]
    at[0] = 0


@kernel
@no_type_check
def _note_windows(parts, column, word, n_sat, scratch, filling):
    """Count windows by satellite and draw, or write them to their places."""
    for part in range(len(parts.kind)):
        kind = parts.kind[part]
        if not parts.acts[column, part] or (kind != SAT and kind != GROUP):
            continue
        for row in range(parts.begin[part, word], parts.begin[part, word + 1]):
            bit, entity = parts.draw[row] % DRAWS_PER_WORD, parts.entity[row]
            if kind == SAT:
                _note_window(parts, row, entity * DRAWS_PER_WORD + bit, filling, scratch)
                continue
            for sat in range(n_sat):
                if parts.group[part, sat] == entity:
                    _note_window(parts, row, sat * DRAWS_PER_WORD + bit, filling, scratch)


@kernel
@no_type_check
def _note_window(parts, row, key, filling, scratch):
    if filling:
        at = scratch.window_at[key]
        scratch.window[at, 0] = parts.start_s[row]
        scratch.window[at, 1] = parts.end_s[row]
    scratch.window_at[key] += 1


@kernel
@no_type_check
def _sort_windows(window, begin, end):
    """Insertion sort by start: few windows each."""
    for i in range(begin + 1, end):
        start, stop, at = window[i, 0], window[i, 1], i
        while at > begin and window[at - 1, 0] > start:
            window[at, 0], window[at, 1] = window[at - 1, 0], window[at - 1, 1]
            at -= 1
        window[at, 0], window[at, 1] = start, stop


@kernel
@no_type_check
def _holding(parts, part, word, now_s):
    """Draws of the word in which the part holds at this time; spans end where they do anyway."""
    if not parts.is_chain[part]:
        return ~np.uint32(0)
    holds = np.uint32(0)
    for bit in range(DRAWS_PER_WORD):
        begin_s, end_s = parts.holds_s[part, word * DRAWS_PER_WORD + bit]
        if begin_s <= now_s and now_s < end_s:
            holds |= np.uint32(1) << np.uint32(bit)
    return holds


@kernel
@no_type_check
def _take_down(parts, column, n_sat, n_terminal, word, now_s, state, down):
    """Satellites, terminals and sites that some cause of the column has down."""
    down[:] = 0
    for part in range(len(parts.kind)):
        if not parts.acts[column, part]:
            continue
        kind = parts.kind[part]
        if kind in (LINKS, PAIRS):
            continue
        first, end = parts.first[part], parts.first[part + 1]
        own, holds = state[first:end], _holding(parts, part, word, now_s)
        if kind == GROUP:
            for sat in range(n_sat):
                down[sat] |= own[parts.group[part, sat]] & holds
            continue
        to = 0 if kind == SAT else (n_sat if kind == TERMINAL else n_sat + n_terminal)
        for i in range(end - first):
            down[to + i] |= own[i] & holds


@kernel
@no_type_check
def _links(slots, time, down, lost, cut, up):
    """A slot is up if both satellites, both terminals and the pair allow it, and it is awake."""
    at = time if slots.neighbour.shape[0] > 1 else 0
    n_sat, n_port, n_skipped = slots.wakes_on.shape
    for sat in range(n_sat):
        for port in range(n_port):
            out = down[sat] | down[slots.neighbour[at, sat, port]]
            out |= down[n_sat + slots.own_terminal[sat, port]]
            out |= down[n_sat + slots.far_terminal[at, sat, port]]
            word = np.uint32(0) if cut[sat, port] else np.uint32(~out)
            for k in range(n_skipped):
                skipped = slots.wakes_on[sat, port, k]
                if skipped >= 0:
                    word &= lost[skipped]
            up[sat, port] = word


@kernel
@no_type_check
def _clear_parted(parts, column, word, slots, time, state, up):
    """Clear slots whose link, or the pair of whose groups, some cause of the column has down."""
    at = time if slots.neighbour.shape[0] > 1 else 0
    for part in range(len(parts.kind)):
        kind, first, group = parts.kind[part], parts.first[part], parts.group[part]
        empty = not parts.is_chain[part] and parts.begin[part, word] == parts.begin[part, word + 1]
        if empty or not parts.acts[column, part] or kind not in (LINKS, PAIRS):
            continue
        for sat in range(up.shape[0]):
            for port in range(up.shape[1]):
                entity = np.int64(slots.link[at, sat, port])
                if kind == PAIRS:
                    one, other = group[sat], group[slots.neighbour[at, sat, port]]
                    high = np.int64(max(one, other))
                    entity = high * (high + 1) // 2 + min(one, other)
                up[sat, port] &= ~state[first + entity]


@kernel
@no_type_check
def _access(wiring, time, down, n_sat, up):
    """A candidate is up if its satellite and its site are; with `best_only`, the first such one."""
    n_site, n_candidate = up.shape
    for site in range(n_site):
        site_down = down[n_sat + wiring.n_terminal + site]
        taken = np.uint32(0)
        for candidate in range(n_candidate):
            out = site_down | down[wiring.slots.candidate[time, site, candidate]]
            word = np.uint32(~out)
            if wiring.best_only:
                word &= ~taken
                taken |= word
            up[site, candidate] = word
