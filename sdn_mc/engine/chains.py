"""A law that changes often, evaluated at the instants alone: no windows are ever drawn.

Model: an on-off process with exponential times is a Markov chain at any sequence of instants. With
p the share of time down and k = rate + 1 / repair, over a step dt

    P(up -> down) = p (1 - exp(-k dt)),    P(down -> up) = (1 - p) (1 - exp(-k dt)),

exactly, whatever happens in between; the first instant is stationary. So a terminal that re-points
every half hour costs one decision for each change that an instant can see, instead of forty
windows a day. Of those up, the next to change is found by a geometric step over all (entity, draw)
of a word of 32 draws; those down are few and are asked one by one.

Numbers come from threefry2x32 under the law's key in the first draw of the word, with the index of
the instant and a running count as counter: words are the unit of reproducibility, and blocks hold
whole words. Limits: rates are the same for all entities and draws of a word; how long something has
been down is not known, so causes of standby links, and routing on older masks, use windows.
"""

import math
from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt32

from sdn_mc.core.compiled import entry, inlined, kernel
from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.simd import add_rows, every_lane, load_row, store_row
from sdn_mc.engine.laws import Law, threefry_rows

MANY_WINDOWS = 2.0  # expected in an entity and draw: from here on a chain is cheaper than windows
N_NUMBER = 2 * DRAWS_PER_WORD


class Chain(NamedTuple):
    """A law of a block as a Markov chain."""

    key: UInt32[np.ndarray, "word two"]
    share: Float64[np.ndarray, " word"]  # of time down
    change_per_s: Float64[np.ndarray, " word"]  # rate + 1 / repair
    of: str
    n_entity: int
    begin_s: Float32[np.ndarray, " draw"] | None = None  # nobody is down before
    end_s: Float32[np.ndarray, " draw"] | None = None  # nor from here on


class Numbers(NamedTuple):
    """A stream of 32-bit numbers, made 64 at a time; and the state before a step."""

    value: UInt32[np.ndarray, " number"]
    lane: UInt32[np.ndarray, " lane"]  # 0 to 31
    used: UInt32[np.ndarray, " two"]  # numbers of `value` that are spent, and the running count
    before: UInt32[np.ndarray, " entity"]


def chain_of(law: Law, length_s: float) -> Chain | None:
    """The law as a chain, if it changes often and its rates are alike within every word."""
    first = slice(None, None, DRAWS_PER_WORD)
    rate, repair_s = (np.asarray(each, np.float64) for each in (law.rate_per_s, law.repair_s))
    if len(rate) > 1 or len(repair_s) > 1:
        return None
    of_word = rate[0, first], repair_s[0, first]
    for each, one in zip((rate[0], repair_s[0]), of_word, strict=True):
        if not np.array_equal(each, np.repeat(one, DRAWS_PER_WORD)):
            return None
    if not np.all((of_word[0] > 0) & (of_word[1] > 0) & np.isfinite(of_word[1])):
        return None
    if np.any(length_s < MANY_WINDOWS * (1 / of_word[0] + of_word[1])):
        return None
    load = of_word[0] * of_word[1]
    key = np.ascontiguousarray(law.key[:, first].T)
    share, change_per_s = load / (1 + load), of_word[0] + 1 / of_word[1]
    return Chain(key, share, change_per_s, law.of, law.n_entity, law.begin_s, law.end_s)


def numbers_for(n_entity: int) -> Numbers:
    """Working memory for chains of at most so many entities."""
    return Numbers(
        value=np.empty(N_NUMBER, np.uint32),
        lane=np.arange(DRAWS_PER_WORD, dtype=np.uint32),
        used=np.zeros(2, np.uint32),
        before=np.empty(n_entity, np.uint32),
    )


def down_of_chain(
    chain: Chain, time_s: np.ndarray, time: int, draw: int
) -> Bool[np.ndarray, " entity"]:
    """Who is down in one draw at one instant, from the chain's own beginning."""
    word, bit = divmod(draw, DRAWS_PER_WORD)
    if chain.begin_s is not None and chain.end_s is not None:
        now_s = np.float32(time_s[time])
        if not chain.begin_s[draw] <= now_s < chain.end_s[draw]:
            return np.zeros(chain.n_entity, bool)
    state, numbers = np.zeros(chain.n_entity, np.uint32), numbers_for(chain.n_entity)
    times = np.ascontiguousarray(time_s[: time + 1], np.float32)
    _run(chain.key[word], chain.share[word], chain.change_per_s[word], times, state, numbers)
    return (state >> np.uint32(bit)) & 1 == 1


@entry
@no_type_check
def _run(key, share, change_per_s, time_s, state, numbers):
    for time in range(len(time_s)):
        step_chain(key, share, change_per_s, time_s, time, state, numbers)


@kernel
@no_type_check
def step_chain(key, share, change_per_s, time_s, time, state, numbers):
    """From the instant before to `time`; at the first one from the stationary state."""
    forgotten = 1.0
    if time == 0:
        state[:] = 0
    else:
        forgotten = -math.expm1(-change_per_s * (time_s[time] - time_s[time - 1]))
    numbers.used[0] = N_NUMBER
    numbers.used[1] = 0
    before = numbers.before[: len(state)]
    for entity in range(len(state)):
        before[entity] = state[entity]
    _return_some(key, time, (1 - share) * forgotten, before, state, numbers)
    _lose_some(key, time, share * forgotten, before, state, numbers)


@kernel
@no_type_check
def _return_some(key, time, chance, before, state, numbers):
    """Each that was down is up again with this chance."""
    limit = np.uint64(chance * 2.0**32)
    for entity in range(len(before)):
        left = before[entity]
        while left != 0:
            lowest = np.uint32(left & np.uint32(~left + np.uint32(1)))
            left ^= lowest
            if np.uint64(_next(key, time, numbers)) < limit:
                state[entity] ^= lowest


@kernel
@no_type_check
def _lose_some(key, time, chance, before, state, numbers):
    """Each that was up is down with this chance, by geometric steps over all of them."""
    n, at = len(before) * DRAWS_PER_WORD, -1
    scale = 1 / math.log1p(-min(chance, 1 - 2.0**-50))  # finite where the chance is 1
    while True:
        u = (np.float64(_next(key, time, numbers)) + 0.5) * 2.0**-32
        step = math.log(u) * scale
        if step >= n - at - 1:
            return
        at += 1 + np.int64(step)
        bit = np.uint32(np.uint32(1) << np.uint32(at % DRAWS_PER_WORD))
        if before[at // DRAWS_PER_WORD] & bit == 0:
            state[at // DRAWS_PER_WORD] |= bit


@inlined
@no_type_check
def _next(key, time, numbers):
    """The next number of the stream."""
    used = numbers.used[0]
    if used == N_NUMBER:
        _make_numbers(key, time, numbers)
        used = np.uint32(0)
    numbers.used[0] = used + np.uint32(1)
    return numbers.value[used]


@kernel
@no_type_check
def _make_numbers(key, time, numbers):
    """The next 64 numbers."""
    keys = every_lane(np.int32(key[0])), every_lane(np.int32(key[1]))
    counter = add_rows(load_row(numbers.lane, 0), every_lane(np.int32(numbers.used[1])))
    x, y = threefry_rows(keys, every_lane(np.int32(time)), counter)
    store_row(numbers.value, 0, x)
    store_row(numbers.value, 1, y)
    numbers.used[1] += np.uint32(DRAWS_PER_WORD)
