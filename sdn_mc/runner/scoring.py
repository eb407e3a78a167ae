"""What two runs score in each draw, and which of two scores more by paired differences.

An output of a run is a table of its draws and flows; over flows it is the mean of each draw, what
has no largest value counting as a cap at most. Draws that are no plain sample become numbers of one
(`statistics.weighted`), and a mean of the worst draws its own mean form (`statistics.decision`), so
that all are compared alike, draw by draw.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from sdn_mc.core.protocols import Output
from sdn_mc.runner.estimates import epochs_of, means_at_times
from sdn_mc.runner.weights import design_of
from sdn_mc.statistics import as_plain, not_known, worst_part
from sdn_mc.statistics.decision import OPEN, Verdict, decide
from sdn_mc.store import Store


class Run(NamedTuple):
    """A result, and what is to be known of it to compare its draws."""

    result: Store
    outputs: Mapping[str, Output]
    columns: Sequence[str]
    n_epoch: int
    sampling: Any  # None: plain draws
    n_draw: int | None = None  # the first draws, in whole groups; None: all


class Table(NamedTuple):
    """An output by draw and flow, and by epoch and instant where that is known."""

    of_draw: np.ndarray  # [draw, flow]
    reach: float  # largest difference of two
    at_time: np.ndarray | None  # [epoch, time, flow]


class Scores(NamedTuple):
    """The same over flows, one number a draw."""

    of_draw: np.ndarray  # [draw]
    reach: float
    at_time: np.ndarray | None  # [epoch, time]
    lacks: str = ""  # why nothing is known of it; empty: it is


def outputs_of(metrics: Iterable[Any]) -> dict[str, Output]:
    """Outputs of all metrics, by name."""
    return {output.name: output for metric in metrics for output in metric.outputs()}


def table_of(run: Run, output: Output, column: str, cap: float | None) -> Table:
    """One output of one column; larger values than the cap count as it."""
    at = list(run.columns).index(column)
    values = run.result.read(f"/metrics/{output.name}", run.n_draw)[at].astype(np.float64)
    high = output.within[1] if cap is None else min(cap, output.within[1])
    reach = float(high - max(output.within[0], -high))
    is_mean = cap is None and output.tail is None
    at_time = (
        means_at_times(run.result, output.name, at, run.n_epoch, run.n_draw) if is_mean else None
    )
    return Table(np.minimum(values, high), reach, at_time)


def scores_of(run: Run, output: Output, table: Table, flows: Sequence[int] | None = None) -> Scores:
    """The mean of some flows in each draw; None: of all."""
    values, at_time = table.of_draw, table.at_time
    if flows is not None:
        values = values[:, flows]
        at_time = None if at_time is None else at_time[..., flows]
    of_draw = values.mean(axis=-1)
    if output.tail is not None:
        return Scores(worst_part(of_draw, output.tail), table.reach / output.tail, None)
    if (design := design_of(run.sampling, run.result, run.n_draw)) is not None:
        if why := design.lacks():
            return Scores(np.full_like(of_draw, np.nan), table.reach, None, why)
        of_draw, _ = as_plain(of_draw, epochs_of(len(of_draw), run.n_epoch), design)
    return Scores(of_draw, table.reach, None if at_time is None else at_time.mean(axis=-1))


def compared(
    first: Scores, second: Scores, epoch: np.ndarray, better: str, margin: float | None
) -> tuple[float, float, Verdict]:
    """Both means, and the verdict, by which of higher and lower is better."""
    means = float(first.of_draw.mean()), float(second.of_draw.mean())
    if why := first.lacks or second.lacks:
        nothing = not_known(why, (-first.reach, first.reach), len(epoch))
        return *means, Verdict(OPEN, nothing, None)
    at_time = None
    if first.at_time is not None and second.at_time is not None:
        at_time = first.at_time - second.at_time
    verdict = decide(
        first.of_draw,
        second.of_draw,
        epoch,
        higher_is_better=better == "higher",
        margin=margin,
        reach=first.reach,
        per_instant=at_time,
    )
    return *means, verdict
