"""From the per-draw table to the summary: each output of each column, with its interval.

The healthy column has no draws: each epoch counts as one, and in a snapshot its instants are the
sample. Of a metric that has numbers drawn (delays of a chain) it has the draws of the others, with
the same numbers. The last entry of the flow axis is over flows, in each draw: their mean, or of
latencies and times to restore, where one flow without a path would make it infinite, their median.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from sdn_mc import engine
from sdn_mc.core.constants import DRAWS_PER_GROUP
from sdn_mc.core.protocols import Output
from sdn_mc.engine import HEALTHY, Prepared, epoch_of
from sdn_mc.runner.contents import stored_name
from sdn_mc.runner.weights import bought, design_of, told, unknown, warnings
from sdn_mc.statistics import Design, Estimate, interval_of, summarise
from sdn_mc.store import Store, Variable

OVER_FLOWS = "over flows"
PARTS = {
    "low": "lower end of the 95 % interval",
    "high": "upper end of the 95 % interval",
    "standard_error": "standard error",
}


def write_summary(
    run: Prepared, result: Store, more: Sequence[Variable], of_more: Mapping[str, np.ndarray]
) -> None:
    """Estimates of every output that the result holds, healthy column first, and some more."""
    epoch = epochs_of(result.n_draw, len(run.scenes))
    names = (HEALTHY.name, *(column.name for column in run.columns))
    variables = _coordinates()
    values: dict[str, np.ndarray] = {
        "/summary/column": np.array(names),
        "/summary/flow": np.array([*run.flows.name, OVER_FLOWS]),
    }
    design, gains = design_of(run.system.sampling, result), []
    for output, scores, of in _healthy_scores(run, result, epoch):
        rows = [_healthy_row(run, output, scores, of, design if of is epoch else None)]
        rows += [
            _column_row(run, result, output, k, epoch, design) for k in range(len(run.columns))
        ]
        gains += _gains(run, result, output, epoch, design)
        flow_axis = "flow" if output.per_flow else "all_flows"
        for part in ("estimate", *PARTS, "count"):
            name = output.name if part == "estimate" else f"{output.name}_{part}"
            values[f"/summary/{name}"] = np.stack([row[part] for row in rows])
            variables.append(_variable(output, name, part, rows, flow_axis))
    result.write_group("/summary", [*variables, *more], values | dict(of_more))
    if design is not None:
        result.set_attributes(_said_of_sampling(result, design, gains))


def epochs_of(n_draw: int, n_epoch: int) -> np.ndarray:
    """Epoch of each of the first draws."""
    return np.array([epoch_of(k, n_epoch) for k in range(n_draw)])


def _said_of_sampling(result: Store, design: Design, gains: list[dict[str, Any]]) -> dict[str, str]:
    """Attributes with what the sampling bought, and warnings among the notes, anew."""
    about = result.attributes()
    said, notes = json.loads(about["sampling"]), json.loads(about["notes"])
    before, now = said.get("warnings", []), warnings(design)
    kept = [note for note in notes if note not in before]
    found = told(said | {"warnings": now}, design, gains)
    return {"sampling": json.dumps(found), "notes": json.dumps([*kept, *now])}


def _gains(
    run: Prepared, result: Store, output: Output, epoch: np.ndarray, design: Design | None
) -> list[dict[str, Any]]:
    """What the sampling bought in every column, over flows."""
    if design is None:
        return []
    values = result.read(f"/metrics/{output.name}").astype(np.float64).mean(axis=-1)
    return [
        row
        for k, column in enumerate(run.columns)
        for row in bought(output, column.name, values[k], epoch, design)
    ]


def _healthy_scores(
    run: Prepared, result: Store, epoch: np.ndarray
) -> Iterator[tuple[Output, np.ndarray, np.ndarray]]:
    """Each output with its scores without threats and their epochs: one an epoch, or as drawn."""
    for name, metric in run.system.metrics.items():
        scores, of = healthy_scores(run, result, name, epoch)
        for output in metric.outputs():
            yield output, scores[output.name], of


def healthy_scores(
    run: Prepared, result: Store, metric: str, epoch: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Scores of one metric by output, and their epochs; `epoch` is that of the draws."""
    paths = {m: f"/draws/{stored_name(f'{metric}.{m}')}" for m in engine.macros_of(run, metric)}
    drawn = {macro: result.read(path, len(epoch)) for macro, path in paths.items()}
    of = epoch if drawn else np.arange(len(run.scenes))
    starts = range(0, len(epoch), DRAWS_PER_GROUP) if drawn else of
    scores = []
    for first in map(int, starts):
        own = {m: values[first : first + DRAWS_PER_GROUP] for m, values in drawn.items()}
        e = int(of[first])
        scores.append(engine.scores_of_metric(run, metric, run.healthy[e], e, own))
    return {name: np.concatenate([each[name] for each in scores]) for name in scores[0]}, of


def _healthy_row(
    run: Prepared,
    output: Output,
    scores: np.ndarray,
    epoch: np.ndarray,
    design: Design | None,
) -> dict[str, np.ndarray]:
    n_epoch = len(run.scenes)
    if output.pairs == "difference":
        return _nothing_lost(len(run.flows.name) + 1 if output.per_flow else 1, n_epoch)
    means = [engine.instants_of(run, run.healthy[e], e).get(output.name) for e in range(n_epoch)]
    known = [mean for mean in means if mean is not None]
    per_instant = np.stack(known) if known else None
    values = scores.astype(np.float32).astype(np.float64)
    return _by_flow_and_over(output, values, epoch, per_instant, design)


def _nothing_lost(n_flow: int, n_epoch: int) -> dict[str, np.ndarray]:
    """A difference between the healthy column and itself: exactly 0."""
    zero = {name: np.zeros(n_flow) for name in ("estimate", *PARTS)}
    count, method = np.full(n_flow, n_epoch), np.full(n_flow, "0 by definition")
    return {**zero, "count": count, "method": method}


def _column_row(
    run: Prepared,
    result: Store,
    output: Output,
    column: int,
    epoch: np.ndarray,
    design: Design | None,
) -> dict[str, np.ndarray]:
    values = result.read(f"/metrics/{output.name}")[column].astype(np.float64)
    per_instant = means_at_times(result, output.name, column, len(run.scenes))
    return _by_flow_and_over(output, values, epoch, per_instant, design)


def means_at_times(
    result: Store, name: str, column: int, n_epoch: int, n_draw: int | None = None
) -> np.ndarray | None:
    """Means over the first draws, [epoch, time, flow]; None for what is no mean over instants."""
    path = f"/metrics/{name}_at_time"
    if path not in result.draw_kinds:
        return None
    weight = result.read("/draws/weight", n_draw)
    starts = np.arange(0, len(weight), DRAWS_PER_GROUP)
    return _by_epoch(result.read(path, n_draw)[column], np.add.reduceat(weight, starts), n_epoch)


def _by_epoch(means: np.ndarray, count: np.ndarray, n_epoch: int) -> np.ndarray:
    """Block means [block, time, flow] to epoch means [epoch, time, flow], by draws or weights.

    Unused epochs hold 0.
    """
    epoch = np.arange(len(means)) % n_epoch
    found = np.zeros((n_epoch, *means.shape[1:]))
    for e in range(min(n_epoch, len(means))):
        chosen = epoch == e
        found[e] = np.einsum("b,btf->tf", count[chosen], means[chosen]) / count[chosen].sum()
    return found


def _by_flow_and_over(
    output: Output,
    values: np.ndarray,
    epoch: np.ndarray,
    per_instant: np.ndarray | None,
    design: Design | None,
) -> dict[str, np.ndarray]:
    """Estimates of each flow, then over flows."""
    rows = summarise(output, values, epoch, per_instant, design=design)
    if not output.per_flow:
        return rows
    over, of_draws, instants = _over_flows(output, values, per_instant)
    last = summarise(over, of_draws, epoch, instants, design=design)
    return {part: np.concatenate([rows[part], last[part]]) for part in rows}


def estimate_over_flows(
    output: Output,
    values: np.ndarray,
    epoch: np.ndarray,
    per_instant: np.ndarray | None,
    level: float,
    design: Design | None,
) -> Estimate:
    """The estimate over flows alone, at any level."""
    over, of_draws, instants = _over_flows(output, values, per_instant)
    one = None if instants is None else instants[..., 0]
    return interval_of(over, of_draws[:, 0], epoch, one, level, design)


def _over_flows(
    output: Output, values: np.ndarray, per_instant: np.ndarray | None
) -> tuple[Output, np.ndarray, np.ndarray | None]:
    """Over flows, the mean of values, or the median of latencies, in each draw."""
    if not output.per_flow:
        return output, values, per_instant
    # The mean of several yes or no is neither.
    over = output._replace(interval="mean") if output.interval == "share" else output
    of_flows = np.median if output.average == "median" else np.mean
    instants = None if per_instant is None else per_instant.mean(axis=-1, keepdims=True)
    return over, of_flows(values, axis=-1, keepdims=True), instants


def _coordinates() -> list[Variable]:
    return [
        Variable(
            "/summary",
            "column",
            ("column",),
            "str",
            "1",
            "column",
            "healthy: no threat; the others: see the root attribute columns.",
        ),
        Variable(
            "/summary",
            "flow",
            ("flow",),
            "str",
            "1",
            "flow",
            f"Source and destination; the last, {OVER_FLOWS!r}, is their mean in each draw, of "
            "latencies and times to restore their median.",
        ),
    ]


def _variable(
    output: Output, name: str, part: str, rows: list[dict[str, np.ndarray]], flow_axis: str
) -> Variable:
    dims = ("column", flow_axis)
    if part == "count":
        words = (
            f"{output.long_name}: draws",
            "Draws behind the estimate (healthy: epochs, or draws).",
        )
        return Variable("/summary", name, dims, "int64", "1", *words)
    if part != "estimate":
        meaning = f"Sampling error alone, at this point of the assumptions. {output.meaning}"
        words = f"{output.long_name}: {PARTS[part]}", meaning
        return Variable("/summary", name, dims, "float64", output.units, *words)
    over = f"{output.average.capitalize()} over draws"
    if output.tail is not None:
        over = f"Mean over the {100 * output.tail:g} % of draws with the highest values"
    healthy = ", ".join(sorted(set(map(str, rows[0]["method"]))))
    others = ", ".join(sorted({str(m) for row in rows[1:] for m in row["method"]}))
    return Variable(
        "/summary",
        name,
        dims,
        "float64",
        output.units,
        output.long_name,
        f"{over}. {output.meaning}",
        attributes={"method": f"healthy: {healthy}; others: {others}"}
        | unknown(str(m) for row in rows for m in row["method"]),
    )
