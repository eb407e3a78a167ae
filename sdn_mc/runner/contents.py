"""What a result holds: its variables with units and meaning, and the arrays of one run."""

import json
import os
import platform
from collections.abc import Iterable, Mapping
from typing import Any

import jax
import numpy as np

import sdn_mc
from sdn_mc.config import Job
from sdn_mc.core.constants import DRAWS_PER_GROUP
from sdn_mc.core.fleet import CARRIES_TRAFFIC, Status
from sdn_mc.engine import Block, Prepared, epoch_of, instants_of, scores_of
from sdn_mc.runner.concentration import concentration, cost_musd
from sdn_mc.runner.overlaps import counted_twice
from sdn_mc.runner.weights import SAID_OF_DRAWS
from sdn_mc.store import Variable

CITATION = "sdn_mc authors (2026), sdn_mc: Monte Carlo resilience of satellite laser meshes"
MAIN_PATHS = "latency_s"
FIRST_KEPT = 1000  # draws whose latency series are kept under store.paths=first_1000
AT_TIME = "Mean by weight over the draws of a stored block, which share an epoch, at each time."
FLOWS_NAMED = 3  # of those without a path
UNFINISHED = "not finished"  # the root's stop_reason until the summary is written
THEN = ", then "  # between what a run began with and what it was continued with
LARGEST_PATHS_BYTES = 2 * 2**30  # above this, store.paths=auto keeps the first draws only


def result_variables(run: Prepared, block: Block, paths: str) -> list[Variable]:
    """Every variable but the summary's. `block` is any block of the run, for names and shapes."""
    found = _scene_variables(run) + _draw_variables(run, block)
    if paths != "none":
        found += _path_variables(run, block)
    return found + _metric_variables(run)


def sizes(run: Prepared, block: Block, draws: int) -> dict[str, int]:
    """Length of every axis."""
    scene = run.scenes[0]
    assert scene.links is not None
    own = {
        f"{stored_name(name)}_{k}": length
        for name, values in block.drawn.items()
        for k, length in enumerate(values.shape[1:])
    }
    return own | {
        "draw": draws,
        "epoch": len(run.scenes),
        "time": len(scene.time_s),
        "pair": run.flows.n_flow,
        "flow": run.flows.n_flow,
        "column": len(run.columns),
        "site": run.sites.n_site,
        "sat": run.fleet.n_sat,
        "port": scene.links.terminal.shape[1],
        "all_flows": 1,
    }


def paths_kept(asked: str, run: Prepared, draws: int) -> str:
    """What `auto` comes to: all series where they are small, else the first thousand draws'."""
    if asked != "auto":
        return asked
    scene = run.scenes[0]
    n_bytes = 4 * draws * len(scene.time_s) * run.flows.n_flow * len(run.columns)
    return "all" if n_bytes <= LARGEST_PATHS_BYTES else "first_1000"


def constants(run: Prepared, paths: Iterable[str]) -> dict[str, np.ndarray]:
    """Values of the named variables, which have no draws."""
    fleet, scenes, catalogue = run.fleet, run.scenes, run.fleet.catalogue
    n_sat = fleet.n_sat
    assert scenes[0].links is not None
    names = catalogue.name if catalogue else tuple(f"satellite {k}" for k in range(n_sat))
    numbers = catalogue.number if catalogue else tuple(range(1, n_sat + 1))
    values: dict[str, Any] = {
        "/scene/time_s": np.stack([scene.time_s for scene in scenes]),
        "/scene/start": [scene.start.iso() for scene in scenes],
        "/scene/sat": names,
        "/scene/catalogue_number": np.array(numbers, np.int64),
        "/scene/plane": fleet.plane.astype(np.int32),
        "/scene/slot": fleet.slot.astype(np.int32),
        "/scene/shell": fleet.shell.astype(np.int32),
        "/scene/status": np.stack([_status(scene) for scene in scenes]),
        "/scene/n_link": np.stack([_degree(scene) for scene in scenes]),
        "/scene/site": run.sites.name,
        "/scene/kind": run.sites.kind,
        "/scene/latitude_deg": run.sites.latitude_deg,
        "/scene/longitude_deg": run.sites.longitude_deg,
        "/scene/altitude_m": run.sites.altitude_m,
        "/scene/bound_s": run.flows.bound_s,
        "/scene/latency_healthy_s": np.stack([s.latency_s[0] for s in run.healthy]),
        "/metrics/column": [column.name for column in run.columns],
    }
    for label, members in fleet.group.items():
        values[f"/scene/group_{label}"] = members.astype(np.int32)
    for group in ("/scene", "/paths"):
        values[f"{group}/time"] = scenes[0].time_s
    for group in ("/scene", "/paths", "/metrics"):
        axis = "pair" if group == "/paths" else "flow"
        values |= {
            f"{group}/{axis}": run.flows.name,
            f"{group}/source": run.flows.source,
            f"{group}/destination": run.flows.destination,
        }
    return {path: np.asarray(values[path]) for path in paths}


def block_values(
    run: Prepared, first: int, block: Block, kinds: Mapping[str, np.dtype]
) -> dict[str, np.ndarray]:
    """Values of one stored block, for every variable that the result holds by draw."""
    series = next(iter(block.series.values())).latency_s
    draws = np.arange(first, first + len(series))
    epochs = np.array([epoch_of(int(draw), len(run.scenes)) for draw in draws], np.int32)
    values: dict[str, np.ndarray] = {"/draws/weight": np.ones(len(draws))}
    weight = block.drawn.get("weight")
    for group in ("/draws", "/paths", "/metrics"):
        values |= {f"{group}/draw": draws, f"{group}/epoch": epochs}
    for name, drawn in block.drawn.items():
        values[f"/draws/{stored_name(name)}"] = drawn
    for column in run.columns:
        values[f"/paths/{path_name(run, column.name)}"] = block.series[column.name].latency_s
    scores = [scores_of(run, block.series[c.name], block.epoch, block.drawn) for c in run.columns]
    for name in scores[0]:
        values[f"/metrics/{name}"] = np.stack([of_column[name] for of_column in scores])
    means = [instants_of(run, block.series[c.name], block.epoch, weight) for c in run.columns]
    for name in means[0]:
        values[f"/metrics/{name}_at_time"] = np.stack([m[name] for m in means])[:, None]
    return {path: values[path].astype(kind) for path, kind in kinds.items()}


ATTRIBUTES_TO_RESUME = (
    "config", "config_hash", "start_directory", "inputs", "versions", "stop_reason",
)  # fmt: skip


def attributes(job: Job, run: Prepared, config_hash: str, folder: str) -> dict[str, Any]:
    """What the root says of the run."""
    return {
        "title": job.title,
        "citation": CITATION,
        "licence": "MIT (the software); results belong to whoever made them",
        "seed": job.seed,
        "config": json.dumps(job.resolved),
        "config_hash": config_hash,
        "start_directory": folder,
        "inputs": json.dumps(job.inputs),
        "assumptions": json.dumps(job.assumptions),
        "columns": json.dumps([_column_words(run, k) for k in range(len(run.columns))]),
        "satellites": json.dumps(satellites(run)),
        "concentration": json.dumps(concentration(run.fleet, _status(run.scenes[0]))),
        "notes": json.dumps(notes(run)),
        "versions": json.dumps(versions()),
        "device": device(),
        "stop_reason": UNFINISHED,
    }


def continued(said: Mapping[str, Any]) -> dict[str, Any]:
    """What the root says once a run goes on: also the versions and the device of now."""
    before, now = json.loads(said["versions"]), versions()
    both = {name: _then(before.get(name, "none"), version) for name, version in now.items()}
    return {
        "versions": json.dumps(both),
        "device": _then(said["device"], device()),
        "stop_reason": UNFINISHED,
    }


def noted(said: Mapping[str, Any], more: Iterable[str]) -> dict[str, Any]:
    """The root's notes with some more; nothing where they are there already."""
    before = json.loads(said["notes"])
    new = [note for note in more if note not in before]
    return {"notes": json.dumps([*before, *new])} if new else {}


def device() -> str:
    """What computes: the accelerator, or the kind of processor and its cores."""
    if jax.default_backend() != "cpu":
        return jax.devices()[0].device_kind
    return f"CPU {platform.machine()}, {os.cpu_count()} cores"


def versions() -> dict[str, str]:
    """Versions of the code and of the libraries that make the numbers."""
    import equinox
    import numba
    import scipy
    import xarray
    import zarr

    kinds = {"jax": jax, "numpy": np, "numba": numba, "scipy": scipy, "equinox": equinox}
    kinds |= {"xarray": xarray, "zarr": zarr}
    found = {"sdn_mc": sdn_mc.__version__, "python": platform.python_version()}
    return found | {name: module.__version__ for name, module in kinds.items()}


def _then(before: str, now: str) -> str:
    """Both, where a run was continued under another version."""
    return before if before.split(THEN)[-1] == now else f"{before}{THEN}{now}"


def satellites(run: Prepared) -> dict[str, Any]:
    """How many satellites were read, are in the mesh, and were left out by reason, at first."""
    scene = run.scenes[0]
    status, degree = _status(scene), _degree(scene)
    bent_pipe = not degree.any()
    working = np.isin(status, CARRIES_TRAFFIC)
    in_mesh = working & ((degree > 0) | bent_pipe)
    reasons = {
        Status(int(code)).meaning: int(np.sum((status == code) & ~in_mesh))
        for code in np.unique(status[~working])
    }
    unlinked = int(np.sum(working & ~in_mesh))
    if unlinked:
        reasons["without a neighbour to link to (access only)"] = unlinked
    cost, n_priced = cost_musd(run.fleet, status)
    return {
        "read": run.fleet.n_sat,
        "cost_musd": cost,
        "priced": n_priced,
        "in_mesh": int(in_mesh.sum()),
        "bent_pipe": bent_pipe,
        "left_out": reasons,
    }


def notes(run: Prepared) -> list[str]:
    """What the fleet, the mesh and the flows want said."""
    scene = run.scenes[0]
    found = [*run.fleet.notes, *(scene.links.notes if scene.links else ())]
    found += run.solver.notes() if hasattr(run.solver, "notes") else []
    found += counted_twice(run.system.threats, run.columns)
    dead = ~np.any([np.isfinite(each.latency_s[0]).any(axis=0) for each in run.healthy], axis=0)
    if dead.any():
        names = list(np.array(run.flows.name)[dead][:FLOWS_NAMED])
        names += ["…"] if dead.sum() > FLOWS_NAMED else []
        found.append(
            f"warning: {dead.sum()} of {len(dead)} flows have no path at any instant even without "
            f"threats ({', '.join(names)}): at this elevation mask the mesh does not join their "
            "ends, and gateways that might on the ground are not modelled"
        )
    cut = sum(s.access.n_cut for s in run.scenes if s.access is not None)
    return found + ([f"{cut} access candidates were cut for want of room"] if cut else [])


def path_name(run: Prepared, column: str) -> str:
    """Name of a column's latency series: the last column has the plain one."""
    return MAIN_PATHS if column == run.columns[-1].name else f"latency_{column}_s"


def stored_name(drawn: str) -> str:
    """ "threat.macro" as a variable name."""
    return drawn.replace(".", "_")


def _column_words(run: Prepared, k: int) -> dict[str, Any]:
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


def _status(scene: Any) -> np.ndarray:
    return np.asarray(scene.status, np.int8)


def _degree(scene: Any) -> np.ndarray:
    """Links of each satellite at the first instant, standby links left out."""
    return np.isfinite(scene.links.delay_s[0][:, : scene.links.n_terminal]).sum(1).astype(np.int16)


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
            f"Column {column.name}: {_column_words(run, k)['text']}."
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
        found.append(Variable("/metrics", output.name, by_draw, *kept))
        if output.name in averaged:
            by_time = ("column", "block", "time", flow_axis)
            told = "float64", output.units, f"{output.long_name} at each time", AT_TIME
            found.append(Variable("/metrics", f"{output.name}_at_time", by_time, *told))
    return found
