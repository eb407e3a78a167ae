"""What the files of a result are called, how one is replaced in one step, what a full disk says."""

import contextlib
import errno
import json
import shutil
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sdn_mc.core.problems import InputError
from sdn_mc.store.schema import OLDEST_READABLE, SCHEMA_VERSION, damaged_attributes, lost_arrays

RESULT_NAME = "result.zarr"
DONE_NAME = "done"
POINTER_NAME = "result.url"  # in a run folder whose result is elsewhere: where
MOST_NAMED = 3  # arrays, in one line
PARTIAL_PREFIX = ".partial-"  # what a killed process may leave in the run folder

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


def locate(path: str | Path, to_write: bool = False) -> Path:
    """The `result.zarr` meant by `path` (it, or the folder it lies in), known to be readable."""
    given = Path(path)
    if not given.exists():
        raise InputError(
            f"{given}: there is no such folder; give the folder that a run printed "
            "(outputs/<date>/<time>) or the result.zarr inside it."
        )
    result = given if (given / "zarr.json").is_file() else given / RESULT_NAME
    attributes = root_attributes(result)
    if attributes is None or "schema_version" not in attributes:
        unfinished = given.is_dir() and any(given.glob(f"{PARTIAL_PREFIX}*"))
        raise InputError(
            f"{given}: the run was stopped before it made its result; start it again."
            if unfinished
            else f"{given}: this is not a result of sdn-mc (no readable {RESULT_NAME}); give the "
            "folder that a run printed (outputs/<date>/<time>) or the result.zarr inside it."
        )
    check_schema(given, attributes, to_write)
    if damaged := damaged_attributes(attributes):
        raise InputError(
            f"{given}: the result is damaged (its attributes {', '.join(damaged)} are not what "
            "sdn-mc writes); take a copy of it, or start a new run"
        )
    if lost := lost_arrays(result, attributes):
        named = ", ".join(lost[:MOST_NAMED]) + (", …" if len(lost) > MOST_NAMED else "")
        raise InputError(
            f"{given}: the result is damaged ({len(lost)} of its arrays are gone: {named}), and "
            "cannot be mended; take a copy of it, or start a new run (of a sweep or study: delete "
            "its folder, and resume the whole)"
        )
    return result


def is_url(where: str | Path) -> bool:
    """Whether an object store is meant, and not a folder."""
    return "://" in str(where)


def check_schema(given: str | Path, attributes: Mapping[str, Any], to_write: bool = False) -> None:
    """Refuse a result that this program would misread, or would write otherwise than it began."""
    found, oldest = attributes["schema_version"], SCHEMA_VERSION if to_write else OLDEST_READABLE
    if isinstance(found, int) and oldest <= found <= SCHEMA_VERSION:
        return
    which = str(oldest) if oldest == SCHEMA_VERSION else f"{oldest} to {SCHEMA_VERSION}"
    raise InputError(
        f"{given}: written with version {found} of the result schema, and this sdn-mc "
        f"{'continues' if to_write else 'reads'} version {which}; use the sdn-mc that wrote it "
        f"({_writer(attributes)}), or start a new run. Any version can be read with "
        'xarray.open_datatree(path, engine="zarr", consolidated=False).'
    )


def _writer(attributes: Mapping[str, Any]) -> str:
    """Which sdn-mc began a result, as far as that can be read."""
    try:
        return str(json.loads(attributes["versions"])["sdn_mc"])
    except (KeyError, TypeError, ValueError):
        return "attribute `versions`"


def replace_json(path: Path, content: Any, scratch: Path) -> None:
    """Write JSON in one step."""
    replace_bytes(path, as_json(content), scratch)


def as_json(content: Any) -> bytes:
    """What is written of it."""
    return json.dumps(content, indent=1, allow_nan=False).encode()


def replace_bytes(path: Path, content: bytes, scratch: Path) -> None:
    """Write a file in one step: whoever reads sees the old one or the new one, whole."""
    partial = scratch / f"{PARTIAL_PREFIX}{path.parent.name}-{path.name}-{uuid.uuid4().hex[:8]}"
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def remove_partial(folder: Path) -> None:
    """Delete what a killed process left beside the result."""
    for leftover in folder.glob(f"{PARTIAL_PREFIX}*"):
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink()


@contextlib.contextmanager
def full_disk_explained(path: Path) -> Iterator[None]:
    """Turn "no space left on device" into a message with a way out."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        kept = f"run `sdn-mc resume {path}` (what is committed is kept), or "
        is_begun = any(path.glob(f"**/{RESULT_NAME}"))
        raise InputError(
            f"{path}: the disk is full. Make room and {kept if is_begun else ''}start again with "
            "store.paths=none or store.paths=first_1000, with fewer draws, or with hydra.run.dir "
            "on another disk."
        ) from error


def check_space(path: str | Path, needed_bytes: int) -> None:
    """Refuse a result that will not fit on the disk where `path` is, or will be."""
    folder = Path(path).absolute()
    while not folder.exists():
        folder = folder.parent
    free_bytes = shutil.disk_usage(folder).free
    if needed_bytes > free_bytes:
        raise InputError(
            f"{path}: the result needs up to {needed_bytes / 1e9:.3g} GB and "
            f"{free_bytes / 1e9:.3g} GB are free there; set store.paths=none or "
            "store.paths=first_1000, lower draws, or put hydra.run.dir on another disk."
        )


def root_attributes(result: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((result / "zarr.json").read_text(encoding="utf-8"))["attributes"]
        return found if isinstance(found, dict) else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
