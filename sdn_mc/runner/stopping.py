"""Looks of a run at one of its own intervals: has it seen enough? The rule is `statistics`'s.

A look is taken once all draws up to its number are committed, at an output over flows in one
column. An event is a draw in which the threats changed that output of any flow from what it is in
the healthy column. What a look finds depends on its draws alone, so a run that was killed stops
where an undisturbed one does.
"""

from collections import deque

import numpy as np

from sdn_mc.config import Job
from sdn_mc.core.constants import DRAWS_PER_GROUP
from sdn_mc.core.protocols import Output
from sdn_mc.engine import Prepared
from sdn_mc.runner.estimates import (
    epochs_of,
    estimate_over_flows,
    healthy_scores,
    means_at_times,
)
from sdn_mc.runner.progress import LOG
from sdn_mc.runner.weights import design_of
from sdn_mc.statistics import Design, Estimate, Look, half_width, is_enough, least_events, looks
from sdn_mc.store import Store

MET = "half-width"  # how the reason begins if the run has seen enough


class Watch:
    """The looks of a run that are still to come, and why it ended."""

    def __init__(self, job: Job, run: Prepared, result: Store) -> None:
        self.stop, self.run, self.result = job.stop, run, result
        self.n_draw = job.draws  # of the result, if the run ends now
        self.reason = f"draws: all {job.draws} were done"
        self.looks = deque[Look]()
        if self.stop.half_width is not None:
            self.looks.extend(looks(len(run.scenes) * DRAWS_PER_GROUP, job.draws))

    def ends_run(self, n_committed: int) -> bool:
        """Takes the looks that so many draws allow; True once one of them has seen enough."""
        while self.looks and self.looks[0].n_draw <= n_committed:
            if self._is_last(self.looks.popleft()):
                self.looks.clear()
                return True
        return False

    def _is_last(self, look: Look) -> bool:
        wanted = self.stop.half_width
        assert wanted is not None
        design = self._design(look)
        stratum = None if design is None else design.stratum
        found, changed = self._taken(look, design)
        fewest = f"{least_events(changed, stratum)} draws with an event"
        fewest += "" if stratum is None else " in the stratum with fewest"
        known = (
            f"{self._words()} known to ±{half_width(found):.3g}, asked ±{wanted:g}, by {fewest}, "
            f"at look {look.number} after {look.n_draw}"
        )
        LOG.info("%s", known)
        if is_enough(found, wanted, changed, stratum):
            self.n_draw = look.n_draw
            self.reason = f"{MET}: {known}, 95 % over all looks"
            return True
        self.reason = f"draws: all {self.n_draw} were done; {known}"
        return False

    def _design(self, look: Look) -> Design | None:
        """How the draws of a look were made; None: plain."""
        whole, n = design_of(self.run.system.sampling, self.result), look.n_draw
        if whole is None:
            return None
        stratum, net = (of if of is None else of[:n] for of in (whole.stratum, whole.net))
        return Design(whole.weight[:n], stratum, net)

    def _taken(self, look: Look, design: Design | None) -> tuple[Estimate, np.ndarray]:
        """The estimate at the level of the look, and which draws had an event."""
        owner, output = _owner_of(self.run, self.stop.metric)
        column = self._column()
        epoch = epochs_of(look.n_draw, len(self.run.scenes))
        stored = self.result.read(f"/metrics/{output.name}", look.n_draw)[column]
        scores, of = healthy_scores(self.run, self.result, owner, epoch)
        healthy = scores[output.name].astype(stored.dtype)
        healthy = healthy[epoch] if len(of) < len(epoch) else healthy
        n_epoch = len(self.run.scenes)
        instants = means_at_times(self.result, output.name, column, n_epoch, look.n_draw)
        values = stored.astype(np.float64)
        found = estimate_over_flows(output, values, epoch, instants, look.level, design)
        return found, np.any(stored != healthy, axis=-1)

    def _column(self) -> int:
        """Number of the column that is looked at; the last, where none is named."""
        names = [column.name for column in self.run.columns]
        return names.index(self.stop.column or names[-1])

    def _words(self) -> str:
        """What is looked at."""
        _, output = _owner_of(self.run, self.stop.metric)
        return f"{output.long_name} over flows in {self.run.columns[self._column()].name}"


def _owner_of(run: Prepared, name: str) -> tuple[str, Output]:
    """The metric that has an output, and the output."""
    return next(
        (owner, output)
        for owner, metric in run.system.metrics.items()
        for output in metric.outputs()
        if output.name == name
    )
