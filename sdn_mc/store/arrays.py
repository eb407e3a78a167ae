"""One variable as a zarr array: made, written, and read back as numpy."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.codecs import ZstdCodec
from zarr.storage import LocalStore

from sdn_mc.core.constants import DRAWS_PER_GROUP
from sdn_mc.store.schema import (
    BLOCK,
    DRAW,
    GROUPS,
    TEXT,
    UNKNOWN,
    Variable,
    axis_length,
    layout,
    stored_attributes,
)

# Plain zstd packs latencies better than zstd after a byte shuffle (2.9 against 1.35 where a fifth
# of the values differ from the healthy network), because whole rows repeat.
_ZSTD_LEVEL = 3  # and a checksum of 4 bytes in every chunk, so that any reader notices damage

Array = zarr.Array[Any]


def open_root(result: Path, mode: Any = "r+") -> zarr.Group:
    """The zarr group at the root of a result, or at one of its groups."""
    return zarr.open_group(LocalStore(result), mode=mode, zarr_format=3)


def make_group(
    root: zarr.Group,
    group: str,
    variables: Sequence[Variable],
    sizes: Mapping[str, int],
    draw_limit: int | None,
) -> dict[str, Array]:
    """Declare a group's arrays, empty; xarray finds its coordinates in the group's attributes."""
    node = root if group == "/" else root.create_group(group.strip("/"))
    coordinates = [v.name for v in variables if v.coordinate and (v.name,) != v.dims]
    words = {"meaning": GROUPS[variables[0].group]}
    node.update_attributes(words | ({"coordinates": " ".join(coordinates)} if coordinates else {}))
    return {v.path: _make_array(node, v, sizes, draw_limit) for v in variables}


def write_whole(array: Array, variable: Variable, values: np.ndarray) -> None:
    """The values of a variable without draws."""
    if values.shape != array.shape:
        raise ValueError(f"{variable.path}: shape {values.shape}, declared {array.shape}")
    if array.shape and not array.size:
        return
    may_be_nan = UNKNOWN in (variable.attributes or {})
    _put_whole(array, _stored(variable.path, values, np.dtype(variable.dtype), may_be_nan))


def rewrite_whole(name: str, array: Array, values: np.ndarray) -> None:
    """The same once more, where only the array is known."""
    kind = values.dtype if values.dtype.kind in "UM" else array.dtype
    _put_whole(array, _stored(name, values, np.dtype(kind)))


def _put_whole(array: Array, values: np.ndarray) -> None:
    """Chunks of zeros too, so that one that is missing is known to be lost."""
    array.with_config({"write_empty_chunks": True})[...] = values


def write_draws(name: str, array: Array, first: int, values: np.ndarray) -> None:
    """The draws from `first` on of one array (or its row); those beyond its end are dropped."""
    axis = draw_axis(array)
    first = axis_length(draw_word(array), first)
    kept = min(values.shape[axis], array.shape[axis] - first)
    if kept <= 0:
        return
    values = np.take(values, range(kept), axis) if kept < values.shape[axis] else values
    others = array.shape[:axis] + array.shape[axis + 1 :]
    if values.shape[:axis] + values.shape[axis + 1 :] != others:
        raise ValueError(f"{name}: shape {values.shape} of a block of {array.shape}")
    array[draw_index(axis, first, first + kept)] = _stored(name, values, array.dtype)


def read_draws(array: Array, stop: int | None = None) -> np.ndarray:
    """Everything, or the first `stop` draws, as numpy; text as `str`, CF times as datetime64."""
    axis = draw_axis(array)
    whole = stop is None or axis is None
    index: Any = ... if whole else draw_index(axis, 0, axis_length(draw_word(array), stop or 0))
    values = np.asarray(array[index])
    if array.dtype.kind in "OTU":
        return np.array(values.tolist(), str)
    word, since, _ = (str(array.attrs.get("units", "")) + "  ").split(" ", 2)
    if since == "since":
        unit = {"seconds": "s", "milliseconds": "ms", "microseconds": "us", "nanoseconds": "ns"}
        return values.astype(f"datetime64[{unit[word]}]")
    return values


def draw_axis(array: Array) -> Any:
    """Which axis is `draw` or `block`; None where there is none."""
    names = array.metadata.dimension_names or ()  # type: ignore[union-attr]
    return next((names.index(word) for word in (DRAW, BLOCK) if word in names), None)


def draw_word(array: Array) -> str:
    """The word of that axis."""
    names = array.metadata.dimension_names or ()  # type: ignore[union-attr]
    return DRAW if DRAW in names else BLOCK


def draw_index(axis: int, start: int, stop: int) -> tuple[slice, ...]:
    """Index of the draws [start, stop)."""
    return (*[slice(None)] * axis, slice(start, stop))


def n_blocks(n_draw: int) -> int:
    """Blocks that hold `n_draw` draws, the last one perhaps in part."""
    return -(-n_draw // DRAWS_PER_GROUP)


def _make_array(
    node: zarr.Group, variable: Variable, sizes: Mapping[str, int], draw_limit: int | None
) -> Array:
    shape, chunk, shard = layout(variable, sizes, draw_limit)
    kind = np.dtype(variable.dtype).kind
    # NaN marks draws that no process has written; a written NaN is refused.
    fill: Any = {"f": float("nan"), "U": ""}.get(kind, 0)
    return node.create_array(
        variable.name,
        shape=shape,
        dtype=str if variable.dtype == TEXT else "int64" if kind == "M" else variable.dtype,
        chunks=chunk,
        shards=shard,
        compressors=ZstdCodec(level=_ZSTD_LEVEL, checksum=True),
        fill_value=False if kind == "b" else fill,
        dimension_names=variable.dims,
        attributes=stored_attributes(variable),
    )


def _stored(name: str, values: np.ndarray, dtype: np.dtype, may_be_nan: bool = False) -> np.ndarray:
    if dtype.kind == "f" and not may_be_nan and np.isnan(values).any():
        raise ValueError(f"{name}: NaN, which is a bug; no path is inf, and absent is False")
    if dtype.kind == "U":
        return values.astype(object)
    return values.astype(dtype).astype("int64") if dtype.kind == "M" else values.astype(dtype)
