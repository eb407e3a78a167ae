"""The variables of a result, each with its axes, unit and meaning."""

import json
from typing import Any

from sdn_mc.core.constants import DRAWS_PER_GROUP
from sdn_mc.core.fleet import Status
from sdn_mc.engine import Block, Prepared, instants_of
from sdn_mc.runner.weights import SAID_OF_DRAWS
from sdn_mc.store import Variable

MAIN_PATHS = "latency_s"
AT_TIME = "Mean by weight over the draws of a stored block, which share an epoch, at each time."


def result_variables(run: Prepared, block: Block, paths: str) -> list[Variable]:
    """Every variable but the summary's. `block` is any block of the run, for names and shapes."""
    found = _scene_variables(run) + _draw_variables(run, block)
    if paths != "none":
        found += _path_variables(run, block)
    return found + _metric_variables(run)


def path_name(run: Prepared, column: str) -> str:
    """Name of a column's latency series: the last column has the plain one."""
    return MAIN_PATHS if column == run.columns[-1].name else f"latency_{column}_s"


def stored_name(drawn: str) -> str:
    """ "threat.macro" as a variable name."""
    return drawn.replace(".", "_")


def column_words(run: Prepared, k: int) -> dict[str, Any]:
    """Which causes act in a column, which are given and when they happen, and what reacts."""
    column, times = run.columns[k], run.system.times
    reactions = [c for c in column.causes if hasattr(run.system.threats[c], "react")]
    given = [c for c in column.causes if getattr(run.system.threats[c], "event", "") == "given"]
    process = [c for c in column.causes if c not in (*given, *reactions)]
    when = f"one event in the window of {float(times.window_s) / 3600:g} h"
    if times.onset_s is not None:
        when = "at the onset"
    if not any(hasattr(run.system.threats[c], "onset_s") for c in given):
        when = "at times of their own"
    words = [f"given {', '.join(given)} ({when})"] if given else []
    words += [f"process {', '.join(process)}"] if process else []
    words += [f"reaction {', '.join(reactions)}"] if reactions else []
    return {
        "name": column.name,
        "causes": list(column.causes),
        "given": given,
        "reactions": reactions,
        "when": when,
        "text": "; ".join(words) or "nothing",
    }


# name, axes, dtype, units, long name, meaning
_SCENE = (
    ("time_s", ("epoch", "time"), "float64", "s", "time", "Time since the epoch's start."),
    ("start", ("epoch",), "str", "1", "epoch start", "Start of the epoch, ISO 8601 in UTC."),
    ("sat", ("sat",), "str", "1", "satellite", "Name of the satellite."),
    ("catalogue_number", ("sat",), "int64", "1", "catalogue number", "Index + 1 if synthetic."),
    ("plane", ("sat",), "int32", "1", "orbital plane", "Plane, over all shells; -1: none."),
    ("slot", ("sat",), "int32", "1", "slot", "Order along the plane; -1: none."),
    ("shell", ("sat",), "int32", "1", "shell", "Shell; -1: none."),
    ("status", ("epoch", "sat"), "int8", "1", "status", "Whether it carries traffic, or why not."),
    ("n_link", ("epoch", "sat"), "int16", "1", "links", "Healthy links at the first instant."),
    ("site", ("site",), "str", "1", "site", "Name of the site."),
    ("kind", ("site",), "str", "1", "kind of site", "What the site is: ground, ship, target, …."),
    (
        "latitude_deg",
        ("site",),
        "float64",
        "degrees_north",
        "latitude",
        "Geodetic latitude; of what moves, where its track begins, or what a satellite is above at "
        "the first instant.",
    ),
    ("longitude_deg", ("site",), "float64", "degrees_east", "longitude", "Longitude, likewise."),
    ("altitude_m", ("site",), "float64", "m", "altitude", "Height above the Earth's surface."),
    (
        "bound_s",
        ("flow",),
        "float64",
        "s",
        "vacuum bound",
        "Great circle on a sphere of 6371 km at the speed of light: no path is shorter. Where an "
        "end moves, the least over the run's instants; last miles are no part of it.",
    ),
)


def _scene_variables(run: Prepared) -> list[Variable]:
    found = [Variable("/scene", *words) for words in _SCENE]
    codes = json.dumps({int(s): s.meaning for s in Status})
    found = [v._replace(attributes={"codes": codes}) if v.name == "status" else v for v in found]
    found.append(
        Variable(
            "/scene",
            "latency_healthy_s",
            ("epoch", "time", "flow"),
            run.healthy[0].latency_s.dtype.name,
            "s",
            "latency, healthy",
            "One-way light time without any threat, the same for every draw; inf: no route.",
        )
    )
    for label, names in run.fleet.labels:
        meaning = f"Index of the satellite's group under the label {label}."
        words = ("sat",), "int32", "1", f"group by {label}", meaning
        listed = {"names": json.dumps(names)}
        found.append(Variable("/scene", f"group_{label}", *words, attributes=listed))
    return found + _flow_coordinates("/scene", "flow") + _time_coordinate(run, "/scene")


def _time_coordinate(run: Prepared, group: str) -> list[Variable]:
    """Seconds on the time axis, where there is only one epoch for them to belong to."""
    words = ("time",), "float64", "s", "time", "Time since the start of the only epoch."
    return [Variable(group, "time", *words)] if len(run.scenes) == 1 else []


def _flow_coordinates(group: str, axis: str) -> list[Variable]:
    return [
        Variable(group, axis, (axis,), "str", "1", "flow", "Source and destination."),
        Variable(group, "source", (axis,), "str", "1", "source", "Where the flow starts.", True),
        Variable(group, "destination", (axis,), "str", "1", "destination", "Where it ends.", True),
    ]


def _draw_coordinates(group: str) -> list[Variable]:
    meaning = f"Epoch of the draw: groups of {DRAWS_PER_GROUP} draws take the epochs in turn."
    return [
        Variable(group, "draw", ("draw",), "int64", "1", "draw", "Index of the realisation."),
        Variable(group, "epoch", ("draw",), "int32", "1", "epoch", meaning, True),
    ]


def _draw_variables(run: Prepared, block: Block) -> list[Variable]:
    found = _draw_coordinates("/draws")
    for name, (dtype, meaning) in SAID_OF_DRAWS.items():
        if name == "weight" or name in block.drawn:
            found.append(Variable("/draws", name, ("draw",), dtype, "1", name, meaning))
    for drawn, values in block.drawn.items():
        if drawn in SAID_OF_DRAWS:
            continue
        part, _, what = drawn.partition(".")
        kind = "metric" if part in run.system.metrics else "threat"
        name = stored_name(drawn)
        dims = ("draw", *(f"{name}_{k}" for k in range(values.ndim - 1)))
        meaning = f"Drawn once a draw for the {kind} {part}: its {what}."
        words = dims, values.dtype.name, _unit_of(what), drawn, meaning
        found.append(Variable("/draws", name, *words))
    return found


def _unit_of(what: str) -> str:
    """The unit that a name ends with."""
    endings = {"_s": "s", "_h": "h", "_d": "d", "_km": "km", "_deg": "deg", "_year": "1/year"}
    return next((unit for ending, unit in endings.items() if what.endswith(ending)), "1")


def _path_variables(run: Prepared, block: Block) -> list[Variable]:
    found = _draw_coordinates("/paths") + _flow_coordinates("/paths", "pair")
    found += _time_coordinate(run, "/paths")
    for k, column in enumerate(run.columns):
        meaning = (
            "One-way light time along the route, uplink to downlink; inf: no route. "
            f"Column {column.name}: {column_words(run, k)['text']}."
        )
        dtype = block.series[column.name].latency_s.dtype.name
        words = ("draw", "time", "pair"), dtype, "s", f"latency, {column.name}", meaning
        found.append(Variable("/paths", path_name(run, column.name), *words))
    return found


def _metric_variables(run: Prepared) -> list[Variable]:
    found = _draw_coordinates("/metrics") + _flow_coordinates("/metrics", "flow")
    meaning = "Which threats act; see the root attribute columns."
    found.append(Variable("/metrics", "column", ("column",), "str", "1", "column", meaning))
    outputs = [o for metric in run.system.metrics.values() for o in metric.outputs()]
    averaged = instants_of(run, run.healthy[0], 0)
    for output in outputs:
        flow_axis = "flow" if output.per_flow else "all_flows"
        by_draw = ("column", "draw", flow_axis)
        kept = "float32", output.units, output.long_name, output.meaning
        how = {"over_flows": output.average} if output.per_flow else {}
        found.append(Variable("/metrics", output.name, by_draw, *kept, attributes=how))
        if output.name in averaged:
            by_time = ("column", "block", "time", flow_axis)
            told = "float64", output.units, f"{output.long_name} at each time", AT_TIME
            found.append(Variable("/metrics", f"{output.name}_at_time", by_time, *told))
    return found
