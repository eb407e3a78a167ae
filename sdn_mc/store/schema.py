"""What a stored variable must say of itself, and how it is laid out in chunks and shards."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sdn_mc.core.constants import DRAWS_PER_GROUP

SCHEMA_VERSION = 1  # goes up when a reader of older results would misread newer ones
OLDEST_READABLE = 1  # goes up when this program would misread older ones

GROUPS = {
    "/scene": "What does not depend on the draw: times, sites, flows, fleet.",
    "/draws": "What was drawn once for each draw: its epoch, weight and shared random quantities.",
    "/paths": "Latency of every pair at every time of every draw.",
    "/metrics": "The scores of every draw.",
    "/summary": "Estimates over draws, with their intervals.",
}

REQUIRED_ATTRIBUTES = (
    "title",
    "citation",
    "licence",
    "seed",
    "config",
    "assumptions",
    "versions",
    "device",
    "stop_reason",
)
ARRAYS = "arrays"  # root attribute: the arrays that the result was made with
NOT_ENDED = "not finished"  # the root's stop_reason until the summary is written
UNKNOWN = "not_known"  # attribute of a variable without draws that holds NaN: why
FURTHER_TEXTS = ("start_directory", "config_hash")
JSON_TEXTS = {"config": dict, "versions": dict, "inputs": dict}

DRAW = "draw"
BLOCK = "block"  # one row for each stored block of 256 draws
TEXT = "str"
_TEXT_BYTES = 32  # a guess at a name's length, for predicted sizes only

# xarray reads variables in these units as time spans; a result keeps plain numbers.
_TIME_SPAN_WORDS = {
    "days",
    "hours",
    "minutes",
    "seconds",
    "milliseconds",
    "microseconds",
    "nanoseconds",
}
_CF_TIME_WORD = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}

# One draw at a time is read back from large arrays (a trace), so those have chunks of 32 draws
# inside the shard. Below this size of such a chunk the shard is one chunk: writing is 4 times
# faster (measured: 1.3 against 5.4 ms an array) and reading a whole shard costs nothing.
_INNER_DRAWS = 32
_INNER_LEAST_BYTES = 64 * 1024
_WHOLE_CHUNK_BYTES = 64 * 1024**2  # larger arrays without draws are cut along their first axis


class Variable(NamedTuple):
    """One array of a result. With the axis `draw` or `block` it is written in blocks, else whole.

    `dtype` is numpy's name, "str" for text, or "datetime64[s]" for instants in UTC (stored as CF
    time). `coordinate` makes xarray label an axis with it; one named like its axis always does.
    """

    group: str
    name: str
    dims: tuple[str, ...]
    dtype: str
    units: str  # "1" for a share, a count or text
    long_name: str
    meaning: str
    coordinate: bool = False
    attributes: Mapping[str, Any] | None = None

    @property
    def path(self) -> str:
        """Full name, "/group/name"."""
        return f"{self.group}/{self.name}"

    @property
    def by_draw(self) -> bool:
        """Whether it is written block by block."""
        return DRAW in self.dims or BLOCK in self.dims


class Layout(NamedTuple):
    """Shape, and what is one file (shard) and one compressed piece (chunk) of it."""

    shape: tuple[int, ...]
    chunk: tuple[int, ...]
    shard: tuple[int, ...] | None


def check_variables(variables: Sequence[Variable]) -> None:
    """Refuse, with all faults, variables that a reader could not understand."""
    faults = [fault for variable in variables for fault in _faults(variable)]
    paths = [variable.path for variable in variables]
    faults += [f"{path}: declared twice" for path in sorted(set(paths)) if paths.count(path) > 1]
    if faults:
        raise ValueError("\n".join(faults))


def check_attributes(attributes: Mapping[str, Any]) -> None:
    """Refuse a result without title, citation, licence, seed and the rest."""
    missing = [name for name in REQUIRED_ATTRIBUTES if name not in attributes]
    if missing:
        raise ValueError(f"a result needs the attributes {', '.join(missing)}")
    json.dumps(dict(attributes), allow_nan=False)  # raises where a value is not JSON


def lost_arrays(result: Path, attributes: Mapping[str, Any]) -> list[str]:
    """What the result had when it was made, and has no more; older ones do not say."""
    listed = attributes.get(ARRAYS, [])
    return [name for name in listed if not (result / name.strip("/") / "zarr.json").is_file()]


def damaged_attributes(attributes: Mapping[str, Any]) -> list[str]:
    """Names of those attributes of a stored result that no run of ours has written so."""
    whole, limit = attributes.get("n_draw"), attributes.get("draw_limit")
    right = {
        "n_draw": type(whole) is int and whole > 0,
        "draw_limit": isinstance(limit, dict) and all(type(v) is int for v in limit.values()),
        ARRAYS: _are_names(attributes.get(ARRAYS, [])),
    }
    texts = [name for name in (*REQUIRED_ATTRIBUTES, *FURTHER_TEXTS) if name != "seed"]
    right |= {name: isinstance(attributes.get(name, ""), str) for name in texts}
    right |= {
        name: _is_json(attributes[name], kind)
        for name, kind in JSON_TEXTS.items()
        if name in attributes
    }
    return [name for name, is_right in right.items() if not is_right]


def _are_names(listed: Any) -> bool:
    """Arrays of the groups that there are, and nothing outside."""
    return isinstance(listed, list) and all(
        isinstance(name, str) and name.rpartition("/")[0] in GROUPS and name.isprintable()
        for name in listed
    )


def _is_json(text: Any, kind: type) -> bool:
    try:
        return isinstance(json.loads(text), kind)
    except (ValueError, TypeError, RecursionError):
        return False


def stored_attributes(variable: Variable) -> dict[str, Any]:
    """Attributes as they are written; instants get CF units instead of their own."""
    attributes = {
        "units": variable.units,
        "long_name": variable.long_name,
        "meaning": variable.meaning,
    }
    kind = np.dtype(variable.dtype)
    if kind.kind == "M":
        word = _CF_TIME_WORD[np.datetime_data(kind)[0]]
        attributes |= {"units": f"{word} since 1970-01-01T00:00:00", "calendar": "standard"}
    return attributes | dict(variable.attributes or {})


def layout(variable: Variable, sizes: Mapping[str, int], draw_limit: int | None) -> Layout:
    """Shape, chunk and shard; a shard is 256 draws and everything on the other axes."""
    shape = tuple(
        axis_length(dim, stored_draws(sizes[DRAW], draw_limit))
        if dim in (DRAW, BLOCK)
        else sizes[dim]
        for dim in variable.dims
    )
    full = tuple(max(1, size) for size in shape)
    if BLOCK in variable.dims:
        axis = variable.dims.index(BLOCK)
        return Layout(shape, (*full[:axis], 1, *full[axis + 1 :]), None)
    if not variable.by_draw:
        rows = max(1, _WHOLE_CHUNK_BYTES // max(1, math.prod(full[1:]) * _item_bytes(variable)))
        return Layout(shape, (min(full[0], rows), *full[1:]) if full else (), None)
    axis = variable.dims.index(DRAW)
    shard = (*full[:axis], DRAWS_PER_GROUP, *full[axis + 1 :])
    chunk = (*full[:axis], _INNER_DRAWS, *full[axis + 1 :])
    if math.prod(chunk) * _item_bytes(variable) < _INNER_LEAST_BYTES:
        return Layout(shape, shard, None)
    return Layout(shape, chunk, shard)


def predicted_bytes(
    variables: Iterable[Variable],
    sizes: Mapping[str, int],
    draw_limit: Mapping[str, int] | None = None,
) -> int:
    """Size on disk before compression, which makes it an upper bound in practice."""
    limits = draw_limit or {}
    return sum(
        math.prod(layout(variable, sizes, limits.get(variable.group)).shape) * _item_bytes(variable)
        for variable in variables
    )


def axis_length(axis_word: str, n_draw: int) -> int:
    """Length of the axis `draw` or `block` for so many draws."""
    return n_draw if axis_word == DRAW else -(-n_draw // DRAWS_PER_GROUP)


def stored_draws(n_draw: int, draw_limit: int | None) -> int:
    """Draws that a group keeps of `n_draw`."""
    return n_draw if draw_limit is None else min(n_draw, draw_limit)


def _item_bytes(variable: Variable) -> int:
    return _TEXT_BYTES if variable.dtype == TEXT else np.dtype(variable.dtype).itemsize


def _faults(variable: Variable) -> list[str]:
    faults = []
    if variable.group not in GROUPS:
        faults.append(f"{variable.path}: the groups of a result are {', '.join(GROUPS)}")
    for word in ("units", "long_name", "meaning"):
        if not getattr(variable, word).strip():
            faults.append(f"{variable.path}: {word} is empty")
    if variable.units in _TIME_SPAN_WORDS:
        faults.append(f"{variable.path}: units {variable.units!r}; write s, min, h or ms")
    if variable.by_draw and variable.group in ("/scene", "/summary"):
        faults.append(f"{variable.path}: {variable.group} has no axis draw")
    if variable.by_draw and variable.dtype == TEXT:
        faults.append(f"{variable.path}: text by draw; store an index into names instead")
    return faults
