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
from sdn_mc.core.fleet import CARRIES_TRAFFIC, Status
from sdn_mc.engine import Block, Prepared, epoch_of, instants_of, scores_of
from sdn_mc.runner.concentration import concentration, cost_musd
from sdn_mc.runner.overlaps import counted_twice
from sdn_mc.runner.variables import column_words, path_name, stored_name
from sdn_mc.store import NOT_ENDED

CITATION = "sdn_mc authors (2026), sdn_mc: Monte Carlo resilience of satellite laser meshes"
FIRST_KEPT = 1000  # draws whose latency series are kept under store.paths=first_1000
FLOWS_NAMED = 3  # of those without a path
THEN = ", then "  # between what a run began with and what it was continued with
LARGEST_PATHS_BYTES = 2 * 2**30  # above this, store.paths=auto keeps the first draws only


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
        "columns": json.dumps([column_words(run, k) for k in range(len(run.columns))]),
        "satellites": json.dumps(satellites(run)),
        "concentration": json.dumps(concentration(run.fleet, _status(run.scenes[0]))),
        "notes": json.dumps(notes(run)),
        "versions": json.dumps(versions()),
        "device": device(),
        "stop_reason": NOT_ENDED,
    }


def continued(said: Mapping[str, Any]) -> dict[str, Any]:
    """What the root says once a run goes on: also the versions and the device of now."""
    before, now = json.loads(said["versions"]), versions()
    both = {name: _then(before.get(name, "none"), version) for name, version in now.items()}
    return {
        "versions": json.dumps(both),
        "device": _then(said["device"], device()),
        "stop_reason": NOT_ENDED,
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


def _status(scene: Any) -> np.ndarray:
    return np.asarray(scene.status, np.int8)


def _degree(scene: Any) -> np.ndarray:
    """Links of each satellite at the first instant, standby links left out."""
    return np.isfinite(scene.links.delay_s[0][:, : scene.links.n_terminal]).sum(1).astype(np.int16)
