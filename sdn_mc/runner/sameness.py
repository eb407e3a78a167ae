"""Whether what goes on is what was begun: same configuration, code, inputs and scene."""

import hashlib
import json
from typing import Any

import numpy as np

import sdn_mc
from sdn_mc import store
from sdn_mc.config import Job
from sdn_mc.core.problems import InputError
from sdn_mc.engine import Prepared
from sdn_mc.runner import contents

NOT_PART_OF_RESULT = (
    "draws",
    "run",
    "part",
    "title",
    "study",
    "stop",
)  # keys that may change when a run is continued


def config_hash(job: Job) -> str:
    """Fingerprint of everything that decides the numbers."""
    decisive = {k: v for k, v in job.resolved.items() if k not in NOT_PART_OF_RESULT}
    if decisive.get("store"):
        decisive["store"] = {k: v for k, v in decisive["store"].items() if k != "url"}
    text = json.dumps([decisive, sorted(job.inputs.items())], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def check_same_code(result: store.Store, said: dict[str, Any]) -> None:
    """Another version may draw other numbers."""
    begun = json.loads(said["versions"]).get("sdn_mc")
    stamps = result.done_blocks().values()
    made_by = {str(begun)} | {str(stamp.get("code_version")) for stamp in stamps}
    if made_by != {sdn_mc.__version__}:
        raise InputError(
            f"{result.folder}: made by sdn_mc {', '.join(sorted(made_by))}, and this is "
            f"{sdn_mc.__version__}, whose draws may differ; continue it with the version that "
            "began it, or start a new run"
        )


def check_same_run(job: Job, result: store.Store) -> None:
    """A part joins what another process began."""
    said = result.attributes()
    check_same_code(result, said)
    if config_hash(job) != said["config_hash"] or job.draws != result.n_draw:
        raise InputError(
            f"part={job.part}: the run in {result.folder} is of another configuration, or has "
            "other draws; give every part the same words, or choose another hydra.run.dir"
        )


def check_same_inputs(job: Job, said: dict[str, Any]) -> None:
    before = json.loads(said["inputs"])
    changed = [path for path, digest in job.inputs.items() if before.get(path) != digest]
    if changed:
        raise InputError(
            f"{path}: the file has changed since the run began, so the draws would not match; "
            "put the old one back, or start a new run"
            for path in changed
        )
    if config_hash(job) != said["config_hash"]:
        raise InputError(
            "config: the configuration stored in the result is not the one the run began with; "
            "start a new run"
        )


def check_same_scene(prepared: Prepared, result: store.Store) -> None:
    """What no file tells: a renewed download, or a library that computes otherwise."""
    damaged = {each.name for each in result.damaged_whole()}
    names = [name for name in result.arrays() if name.startswith("/scene/")]
    stored = {name: result.read(name) for name in names if name not in damaged}
    now = contents.constants(prepared, stored)
    other = [name for name, values in stored.items() if not np.array_equal(values, now[name])]
    if other:
        raise InputError(
            f"{result.folder}: {', '.join(other)} came out different from what the run began with "
            "(element sets downloaded anew, or another version of a library), so the draws would "
            "not match; start a new run"
        )
