"""The key `stop`: when a run has seen enough. The rule is that of `statistics.stopping`."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sdn_mc.config.building import unknown
from sdn_mc.config.values import shown
from sdn_mc.core.constants import DRAWS_PER_GROUP
from sdn_mc.core.problems import Problems

KEYS = ("half_width", "metric", "column")


class StopOptions(NamedTuple):
    """Without a half-width a run does all its draws."""

    half_width: float | None  # of the 95 % interval, in the unit of the metric
    metric: str  # name of an output, taken over flows
    column: str | None  # None: the last


def stop_options(
    node: Mapping[str, Any],
    parts: Mapping[str, Any],
    columns: Iterable[str],
    draws: int,
    problems: Problems,
) -> StopOptions:
    """The options, checked against the metrics, columns, epochs and draws of the run."""
    for key in node:
        if key not in KEYS:
            problems.add(unknown(f"stop.{key}", key, list(KEYS)))
    width, column = node.get("half_width"), node.get("column")
    found = StopOptions(None, str(node.get("metric")), None if column is None else str(column))
    if width is None:
        return found
    is_number = isinstance(width, int | float) and not isinstance(width, bool)
    if is_number and 0 < width < float("inf"):
        found = found._replace(half_width=float(width))
    else:
        problems.add(
            f"stop.half_width: {shown(width)} given; give a number above 0, in the unit of the "
            "metric, or null to do all draws"
        )
    metrics = [metric for metric in parts["metrics"].values() if metric is not None]
    outputs = [output.name for metric in metrics for output in metric.outputs()]
    _check_one_of("metric", found.metric, outputs, problems)
    if found.column is not None:
        _check_one_of("column", found.column, list(columns), problems)
    _check_first_look(parts["times"], draws, problems)
    return found


def _check_one_of(key: str, given: str, known: list[str], problems: Problems) -> None:
    if given not in known:
        problems.add(
            f"stop.{key}: the run has no {shown(given)}; there are {', '.join(known) or 'none'}; "
            "name one of them"
        )


def _check_first_look(times: Any, draws: int, problems: Problems) -> None:
    """A rule that the draws never let apply is a mistake."""
    n_first = 0 if times is None else times.n_epoch * DRAWS_PER_GROUP
    if draws < n_first:
        problems.add(
            f"stop.half_width: the first look is after {n_first} draws ({DRAWS_PER_GROUP} in each "
            f"of {times.n_epoch} epochs), but at most {draws} are done; give draws={n_first} or "
            "more, or fewer times.n_epoch, or null to do all draws"
        )
