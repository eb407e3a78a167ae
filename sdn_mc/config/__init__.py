"""From the composed configuration to components: built one by one, checked, faults told together.

Only classes inside `sdn_mc.` (or packages that the user's own command names in `plugins`) are
built, and only if they are `equinox` modules that do what their place asks; a stored configuration
cannot name plugins. Keys that begin and end with an underscore are notes for people and tests
(`_off_`, `_worst_`, `_takes_`, `_needs_`, `_assumed_`).
"""

from collections.abc import Sequence

from sdn_mc.config.composing import (
    completed,
    compose,
    compose_most,
    config_folder,
    missing,
    output_folder,
    quoted,
    references,
    search_path,
)
from sdn_mc.config.job import (
    CONFIG_GROUPS,
    PREPARED_ONLY,
    Job,
    RunOptions,
    Share,
    StoreOptions,
    load,
    share_of,
)
from sdn_mc.config.study import Study, study_of
from sdn_mc.core.problems import InputError

__all__ = [
    "CONFIG_GROUPS",
    "PREPARED_ONLY",
    "Job",
    "RunOptions",
    "Share",
    "StoreOptions",
    "Study",
    "completed",
    "compose",
    "config_folder",
    "job_of",
    "load",
    "missing",
    "output_folder",
    "quoted",
    "references",
    "search_path",
    "share_of",
    "study_of",
]


def job_of(overrides: Sequence[str] = (), config_dirs: Sequence[str] = ()) -> Job:
    """Compose and load; faulty overrides are told together with what is wrong in the rest."""
    composed, problems = compose_most(completed(overrides), config_dirs)
    try:
        if composed is not None:
            job = load(composed)
    except InputError as error:
        problems.take(error)
    problems.raise_all()
    return job
