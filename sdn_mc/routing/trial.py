"""Elimination or sweeps on a CPU, chosen for every block by sweeping a small part of it.

Elimination takes the same time whatever has failed. Sweeps do not: 480 and 1,584 satellites in a
+Grid torus, 12 instants, 11 sources, 64 draws, without a walk, core time in ns per (draw, time,
source); beside it what is compared below, in sweeps over all satellites:

    lost              links down   480: elimination 430 (5.2)   1,584: 1,580 (6.7)
    nothing                0 %        243   (3.3)                  814   (3.3)
    5 % of satellites     10 %        445   (5.4)                1,222   (5.2)
    10 %                  19 %        516   (6.2)                1,495   (5.7)
    20 %                  35 %        632   (8.0)                2,132   (8.3)
    30 %                  51 %        811  (10.3)                3,343  (12.9)
    40 %                  64 %      1,148  (14.3)                5,744  (20.2)
    50 %                  75 %        784   (7.2)                1,798   (4.1)
    70 %                  91 %        188   (2.4)                  584   (2.4)
    every third plane     50 %        193   (2.5)                  687   (2.4)
    every second plane    75 %        174   (2.4)                  595   (2.3)

With a walk elimination took 760 (8.2) and 3,100 (10.2), sweeps 2 to 20 % longer than without. No
count of links that are down tells the last rows from those above. So a block's own masks are tried:
sweeps solve an instant in 24 for up to three sources, and count the nodes that they visit. Where
all sources together would relax more links than elimination does, with its way back if hops or
delivery are asked for, elimination solves the block, else sweeps do. Both return the same bits, so
that the choice changes no result.

Assumptions: the part stands for the block; a relaxation takes as long in both, which is right
within a third. A trial takes 1 to 3 % of the time of sweeps, more where there are few instants:
fewer than `LEAST_TIMES` are not for it. Preparing both takes 12 ms and 1.2 MB for 480 satellites at
24 times, 40 ms and 3.5 MB for 1,584.
"""

from typing import NamedTuple

import equinox as eqx
import numpy as np
from jaxtyping import Int

from sdn_mc.core.network import Masks, Network, Routes
from sdn_mc.routing import elimination, pull_push_kernel
from sdn_mc.routing.block import draws_of, empty_answer, frozen, tasks_of
from sdn_mc.routing.elimination import solve_planned
from sdn_mc.routing.pull_push import PullPush, scratch_of

LEAST_TIMES = 12
TIMES_PER_TRIED = 24
MOST_SOURCES = 3
# Measured: laying out graph and masks of a source takes as long as so many sweeps.
LAYOUT_SWEEPS = 1.3


class Plan(NamedTuple):
    """Both programs of one epoch, and the sweeps' for the part that is tried."""

    elimination: elimination.Plan
    sweeps: pull_push_kernel.Plan
    part: pull_push_kernel.Plan
    time: Int[np.ndarray, " triedtime"]


class Trial(eqx.Module):
    """Sweeps, or elimination where a trial says that it relaxes less."""

    sweeps: PullPush

    def prepare(self, network: Network, program: elimination.Plan) -> Plan:
        """What both need for one epoch; elimination's program is known."""
        plan, n_time = self.sweeps.prepare(network), len(network.delay_s)
        time = _spread(n_time, -(-n_time // TIMES_PER_TRIED))
        return Plan(program, plan, part_of(plan, time), time)

    def solve(self, plan: Plan, masks: Masks, truth: Masks | None, walk: bool) -> Routes:
        """Routes on `masks`."""
        if eliminates(plan, masks, walk or truth is not None):
            return solve_planned(plan.elimination, masks, truth, walk)
        return self.sweeps.solve(plan.sweeps, masks, truth, walk)


def eliminates(plan: Plan, masks: Masks, walk: bool) -> bool:
    """Does elimination relax less than sweeps on these masks?"""
    links = plan.sweeps.link_ticks[0].size * len(plan.sweeps.source)
    program = plan.elimination
    needed = program.n_relaxation + (program.n_back_relaxation if walk else 0)
    return needed < (sweeps_in(plan, masks) + LAYOUT_SWEEPS) * links


def sweeps_in(plan: Plan, masks: Masks) -> float:
    """How often the part that is tried visits each satellite; mean of instants, sources, words."""
    some = Masks(masks.link_up[plan.time], masks.access_up[plan.time])
    n_time, n_word, n_sat, n_port = some.link_up.shape
    draws, part = draws_of(some, None), plan.part
    answer, tasks = empty_answer(draws, len(part.pair_column)), tasks_of(None, False)
    ports = tuple(range(n_port))
    n_visit = pull_push_kernel.solve_block(part, ports, draws, tasks, scratch_of(part), answer)
    return n_visit / (n_time * n_word * n_sat * len(part.source))


def part_of(
    plan: pull_push_kernel.Plan, time: Int[np.ndarray, " triedtime"]
) -> pull_push_kernel.Plan:
    """The same at some instants, from some sources to a destination each."""
    source = np.flatnonzero(np.diff(plan.pair_start))  # with a destination at all
    source = source[_spread(len(source), MOST_SOURCES)]
    neighbour = plan.neighbour if len(plan.neighbour) == 1 else plan.neighbour[time]
    return plan._replace(
        neighbour=frozen(neighbour),
        link_ticks=frozen(plan.link_ticks[time]),
        access_sat=frozen(plan.access_sat[time]),
        access_ticks=frozen(plan.access_ticks[time]),
        source=frozen(plan.source[source]),
        pair_start=frozen(np.arange(len(source) + 1, dtype=np.int32)),
        pair_column=frozen(np.arange(len(source), dtype=np.int32)),
        pair_site=frozen(plan.pair_site[plan.pair_start[source]]),
        order=frozen(plan.order[time // plan.times_per_order][:, source]),
        times_per_order=1,
    )


def _spread(n_all: int, n: int) -> Int[np.ndarray, " chosen"]:
    """So many of all, at most, in the middle of parts of equal length."""
    n = min(n_all, n)
    return (2 * np.arange(n) + 1) * n_all // (2 * n)
