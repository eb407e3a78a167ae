"""What each threat changes, over flows, paired over common draws, under `columns=importance`.

    alone    the column with only this threat, less the healthy one
    last     the column with all threats, less the one with all but this

The two differ where threats overlap: what is down already cannot be lost again, and what another
threat made scarce is missed more. Draws are common, so that what both columns share goes out of the
difference. Any run has these rows whose last column has two threats or more, and whose others
include each of them alone and all but each.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from sdn_mc import engine
from sdn_mc.core.protocols import Output
from sdn_mc.engine import Prepared
from sdn_mc.runner.estimates import PARTS, epochs_of, healthy_scores, means_at_times
from sdn_mc.runner.weights import design_of, unknown
from sdn_mc.statistics import Estimate, paired_difference
from sdn_mc.statistics.weighted import weighted_mean
from sdn_mc.store import Store, Variable

HOW = {
    "alone": "this threat alone less the healthy column",
    "last": "all threats less all but this one",
}


def changes(run: Prepared, result: Store) -> tuple[list[Variable], dict[str, np.ndarray]]:
    """Variables of the summary, and their values; none unless the columns are those."""
    threats = run.columns[-1].causes
    needed = {side for how in HOW for threat in threats for side in _pair(how, threat, threats)}
    there = {frozenset(column.causes) for column in run.columns} | {frozenset[str]()}
    if len(threats) < 2 or not needed <= there:
        return [], {}
    words = ("threat",), "str", "1", "threat", "Name of the threat."
    variables = [Variable("/summary", "threat", *words)]
    values: dict[str, np.ndarray] = {"/summary/threat": np.array(threats)}
    for owner, output in _means(run):
        columns = _columns(run, result, owner, output)
        for how, text in HOW.items():
            pairs = [_pair(how, threat, threats) for threat in threats]
            found = [_difference(run, result, output, columns, *pair) for pair in pairs]
            for part, field in (("", "value"), *((f"_{name}", name) for name in PARTS)):
                name = f"{output.name}_change_{how}{part}"
                told = f"{output.long_name}, {how}" + (f": {PARTS[field]}" if part else "")
                meaning = f"Mean over draws of the difference: {text}. {output.meaning}"
                kind = ("threat",), "float64", output.units, told, meaning
                why = unknown(each.method for each in found)
                variables.append(Variable("/summary", name, *kind, attributes=why))
                values[f"/summary/{name}"] = np.array([getattr(each, field) for each in found])
    return variables, values


def _means(run: Prepared) -> Iterator[tuple[str, Output]]:
    """Outputs whose mean over draws is told, but for those that are differences already."""
    for owner, metric in run.system.metrics.items():
        for output in metric.outputs():
            if output.interval in ("mean", "share") and not output.pairs:
                yield owner, output


def _pair(how: str, threat: str, threats: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """Causes of the column with the threat, and of that without."""
    if how == "alone":
        return frozenset([threat]), frozenset()
    return frozenset(threats), frozenset(threats) - {threat}


def _columns(
    run: Prepared, result: Store, owner: str, output: Output
) -> dict[frozenset[str], tuple[np.ndarray, np.ndarray | None]]:
    """Means over flows [draw] and [epoch, time] of every column, by its causes."""
    n_epoch = len(run.scenes)
    epoch = epochs_of(result.n_draw, n_epoch)
    scores, of = healthy_scores(run, result, owner, epoch)
    healthy = scores[output.name].astype(np.float32).astype(np.float64).mean(axis=-1)
    means = [engine.instants_of(run, run.healthy[e], e).get(output.name) for e in range(n_epoch)]
    known = [mean.mean(axis=-1) for mean in means if mean is not None]
    healthy = healthy[epoch] if len(of) < len(epoch) else healthy
    found = {frozenset[str](): (healthy, np.stack(known) if known else None)}
    stored = result.read(f"/metrics/{output.name}").astype(np.float64).mean(axis=-1)
    for k, column in enumerate(run.columns):
        at_time = means_at_times(result, output.name, k, n_epoch)
        instants = None if at_time is None else at_time.mean(axis=-1)
        found[frozenset(column.causes)] = stored[k], instants
    return found


def _difference(
    run: Prepared,
    result: Store,
    output: Output,
    columns: dict[frozenset[str], tuple[np.ndarray, np.ndarray | None]],
    with_it: frozenset[str],
    without: frozenset[str],
) -> Estimate:
    (a, at_a), (b, at_b) = columns[with_it], columns[without]
    instants = None if at_a is None or at_b is None else at_a - at_b
    span = output.within[1] - output.within[0]
    epoch = epochs_of(result.n_draw, len(run.scenes))
    more: Any = {"per_instant": instants, "within": (-span, span)}
    design = design_of(run.system.sampling, result)
    if design is not None:
        return weighted_mean(a - b, epoch, design, paired=True, **more)
    return paired_difference(a, b, epoch, **more)
