"""The dataset of a sweep: what its runs hold in `/summary` and `/metrics`, over the swept keys.

A zarr tree as that of a run, with one axis more for each key. It holds copies, so that it stands by
itself and opens lazily in plain xarray without dask: they are made point by point and, of draws,
some thousands at a time, so that memory holds a small part of one run. What has no value, because
the point is not done, is not written at all: it reads as NaN (a count as 0, text as "").
"""

import itertools
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
import zarr

from sdn_mc.core.problems import InputError
from sdn_mc.store.arrays import Array, open_root
from sdn_mc.store.files import PARTIAL_PREFIX, check_space, full_disk_explained
from sdn_mc.store.result import open_store
from sdn_mc.store.schema import BLOCK, DRAW

STATUS = ("done", "unfinished", "failed", "missing")
COLLECTED = "sdn_mc sweep"  # the root attribute `kind`
COLLECTED_NAME = "collected.zarr"  # in the folder of the sweep, unless told
TIME = "time"
LABELS = ("column", "flow")  # axes with names: a point has some of those that there are
GROUPS_COLLECTED = {
    "summary": "Estimates over draws, with their intervals, at every point.",
    "metrics": "The scores of every draw, at every point; NaN beyond the draws of a point.",
}
DRAWS_AT_A_TIME = 8192
_POINT = {  # variable of the root: type, long name, meaning
    "status": (
        "str",
        "status",
        "done; unfinished: stopped with some draws; failed: ended with an error; missing: not "
        "begun, or ended before it made its result. Values are there where it is done.",
    ),
    "draws_done": ("int64", "draws done", "Draws that the run has committed."),
    "n_draw": ("int64", "draws", "Draws that the run is to have."),
    "run_seed": ("int64", "seed", "Of every random number; -1 where the point is not done."),
    "config_hash": ("str", "configuration hash", "Fingerprint of all that decides the numbers."),
    "code_version": ("str", "code version", "Version of sdn_mc that made the run."),
    "folder": ("str", "folder", "Of the run, below that of the sweep."),
}
COLLECTED_WORDS = (*_POINT, *LABELS, DRAW, BLOCK, TIME, "all_flows", "source", "destination")


class Axis(NamedTuple):
    """One swept key."""

    name: str
    key: str
    values: tuple[Any, ...]
    units: str
    meaning: str


class Point(NamedTuple):
    """One job, in the order in which the last axis varies fastest."""

    folder: str
    status: str
    draws_done: int
    n_draw: int
    result: Path | None  # of a run that is done
    run_seed: int = -1
    config_hash: str = ""
    code_version: str = ""


class _Kind(NamedTuple):
    """A variable of the runs."""

    dims: tuple[str, ...]
    dtype: np.dtype
    attributes: dict[str, Any]


def write_collected(
    path: Path,
    axes: Sequence[Axis],
    points: Sequence[Point],
    attributes: Mapping[str, Any],
    scores: bool,
) -> Path:
    """Write the dataset, in the place of an older one; `scores` of single draws too, or not."""
    if path.exists() and not is_collected(path):
        raise InputError(
            f"{path}: there is something else here already, or a damaged dataset; delete it, or "
            "choose another --output"
        )
    groups = ("summary", "metrics") if scores else ("summary",)
    partial = path.with_name(f"{PARTIAL_PREFIX}{path.name}")
    with full_disk_explained(path.parent):
        shutil.rmtree(partial, ignore_errors=True)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            root = open_root(partial, "w")
            root.update_attributes(dict(attributes) | {"kind": COLLECTED})
            _write_axes(root, axes)
            _write_points(root, axes, points)
            for group in groups:
                _write_group(root, group, axes, points, partial)
            shutil.rmtree(path, ignore_errors=True)
            partial.rename(path)
        except (PermissionError, NotADirectoryError, FileExistsError) as error:
            raise InputError(
                f"{path}: the dataset cannot be written there ({error.strerror}); choose another "
                "place with --output"
            ) from None
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return path


def open_collected(path: str | Path) -> xr.DataTree:
    """The dataset of a sweep as a lazy xarray tree."""
    if not is_collected(Path(path)):
        raise InputError(f"{path}: this is not the dataset of a sweep; `sdn-mc collect` makes one")
    again = "delete it, and `sdn-mc collect` or `summary` of its sweep makes it again"
    try:
        tree = xr.open_datatree(path, engine="zarr", consolidated=False)
        tree.to_dataset().load()
        lost = [name for name in (*_POINT, "summary") if name not in tree]
        if not lost:
            tree["summary"].to_dataset().load()  # small: all of it is read for any use
    except Exception as error:  # each codec raises what it likes
        raise InputError(f"{path}: the dataset is damaged ({error!s:.200}); {again}") from None
    if lost:
        raise InputError(f"{path}: the dataset is damaged (without {', '.join(lost)}); {again}")
    return tree


def points_of_collected(path: Path) -> list[tuple[str, str, int, int]]:
    """Folder, status, draws done and draws of each point, as they were when it was made."""
    points = open_collected(path).to_dataset()
    names = ("folder", "status", "draws_done", "n_draw")
    values = [points[name].values.reshape(-1).tolist() for name in names]
    return list(zip(*values, strict=True))


def is_collected(path: Path) -> bool:
    """Is this the dataset of a sweep?"""
    try:
        return open_root(path, "r").attrs.get("kind") == COLLECTED
    except Exception:  # no group of zarr: it raises what it likes
        return False


def _write_axes(node: zarr.Group, axes: Sequence[Axis]) -> None:
    for axis in axes:
        values = np.array(axis.values)
        said = {"key": axis.key, "units": axis.units, "long_name": axis.name.replace("_", " ")}
        said["meaning"] = axis.meaning
        _write(node, axis.name, (axis.name,), values, said)


def _write_points(root: zarr.Group, axes: Sequence[Axis], points: Sequence[Point]) -> None:
    shape = tuple(len(axis.values) for axis in axes)
    for name, (dtype, long_name, meaning) in _POINT.items():
        values = np.array([getattr(point, name) for point in points], dtype).reshape(shape)
        said = {"units": "1", "long_name": long_name, "meaning": meaning}
        _write(root, name, tuple(axis.name for axis in axes), values, said)


def _write_group(
    root: zarr.Group, group: str, axes: Sequence[Axis], points: Sequence[Point], path: Path
) -> None:
    """One group of all runs: what there is, then the labels, then a row of points at a time."""
    kinds, labels, sizes = _found(group, points)
    n_draw = max(sizes.get(DRAW, {0}))
    node = root.create_group(group)
    node.update_attributes({"meaning": GROUPS_COLLECTED[group]})
    _write_axes(node, axes)
    for name, values in labels.items():
        _write(node, name, (name,), np.array(values), kinds[name].attributes)
    if n_draw:
        _write(node, DRAW, (DRAW,), np.arange(n_draw), kinds[DRAW].attributes)
    lengths = {name: len(values) for name, values in labels.items()} | {DRAW: n_draw}
    lengths["all_flows"] = 1
    if BLOCK in sizes and len(sizes[TIME]) == 1:
        lengths |= {BLOCK: max(sizes[BLOCK]), TIME: max(sizes[TIME])}
    chosen = {n: k for n, k in kinds.items() if n not in lengths and set(k.dims) <= lengths.keys()}
    chosen = {n: k for n, k in chosen.items() if k.dtype.kind in "fiu" and k.dims}
    if group == "metrics":
        chosen = {n: k for n, k in chosen.items() if {DRAW, BLOCK} & {*k.dims} and k.dims[1:]}
    n_point, n_last = [len(axis.values) for axis in axes], len(axes[-1].values)
    check_space(path, _n_bytes(chosen, lengths, len(points)))
    arrays = {
        name: _declare(node, name, kind, axes, n_point, lengths) for name, kind in chosen.items()
    }
    rows = itertools.product(*map(range, n_point[:-1]))
    for k, row in enumerate(rows):
        _write_row(arrays, chosen, row, group, points[k * n_last : (k + 1) * n_last], labels)


def _write_row(
    arrays: Mapping[str, Array],
    kinds: Mapping[str, _Kind],
    row: tuple[int, ...],
    group: str,
    points: Sequence[Point],
    labels: Mapping[str, Sequence[str]],
) -> None:
    """Points that differ by the last key alone. Those without draws share a chunk of each array."""
    done = [(k, open_store(p.result).arrays()) for k, p in enumerate(points) if p.result]
    where = [{n: _positions(found, group, n, labels) for n in labels} for _, found in done]
    for name, kind in kinds.items():
        array, whole = arrays[name], None
        for (k, found), places in zip(done, where, strict=True):
            own = found.get(f"/{group}/{name}")
            if own is None:
                continue
            for part in _parts(own, kind.dims):
                values = np.asarray(own[part])
                inside = tuple(
                    places.get(dim, index) if dim != DRAW else index
                    for dim, index in zip(kind.dims, part, strict=True)
                )
                if DRAW in kind.dims:
                    array.oindex[(*row, k, *inside)] = values
                    continue
                if whole is None:
                    whole = np.full((len(points), *array.shape[len(row) + 1 :]), array.fill_value)
                lengths = zip(whole.shape[1:], inside, strict=True)
                whole[k][np.ix_(*(np.arange(n)[i] for n, i in lengths))] = values
        if whole is not None:
            array[row] = whole


def _found(
    group: str, points: Sequence[Point]
) -> tuple[dict[str, _Kind], dict[str, list[str]], dict[str, set[int]]]:
    """The variables of all runs, the names along their axes, and the lengths of every axis."""
    kinds: dict[str, _Kind] = {}
    labels: dict[str, dict[str, None]] = {}
    sizes: dict[str, set[int]] = {}
    for point in points:
        if point.result is None:
            continue
        for path, array in open_store(point.result).arrays().items():
            node, _, name = path.rpartition("/")
            if node != f"/{group}":
                continue
            dims = tuple(array.metadata.dimension_names or ())  # type: ignore[union-attr]
            kind = _Kind(dims, np.dtype(array.dtype), dict(array.attrs))
            _check_alike(path, kind, kinds.setdefault(name, kind), point)
            if name in LABELS:
                labels.setdefault(name, {}).update(dict.fromkeys(np.asarray(array[...]).tolist()))
            for dim, size in zip(dims, array.shape, strict=True):
                sizes.setdefault(dim, set()).add(size)
    return kinds, {name: list(values) for name, values in labels.items()}, sizes


def _check_alike(path: str, kind: _Kind, first: _Kind, point: Point) -> None:
    """A name means one thing in all runs; how an interval was made may differ, and is told."""
    units = kind.attributes.get("units"), first.attributes.get("units")
    if kind.dims != first.dims or units[0] != units[1]:
        raise InputError(
            f"{point.result}: {path} is over {', '.join(kind.dims)} in {units[0]}, but in the jobs "
            f"before it over {', '.join(first.dims)} in {units[1]}; they cannot be one dataset"
        )
    method, before = kind.attributes.get("method"), first.attributes.get("method")
    if method and before and method not in before.split(" | "):
        first.attributes["method"] = f"{before} | {method}"


def _positions(
    found: Mapping[str, Array], group: str, name: str, labels: Mapping[str, Sequence[str]]
) -> Any:
    """Where a run's own names along an axis are among all."""
    own = found.get(f"/{group}/{name}")
    if own is None:
        return slice(None)
    names = np.asarray(own[...]).tolist()
    return np.array([labels[name].index(each) for each in names])


def _parts(array: Array, dims: Sequence[str]) -> list[tuple[slice, ...]]:
    """Pieces of some thousands of draws; all of what has none."""
    whole = tuple(map(slice, array.shape))
    if DRAW not in dims:
        return [whole]
    axis = list(dims).index(DRAW)
    n_draw = array.shape[axis]
    cuts = [slice(k, min(k + DRAWS_AT_A_TIME, n_draw)) for k in range(0, n_draw, DRAWS_AT_A_TIME)]
    return [(*whole[:axis], cut, *whole[axis + 1 :]) for cut in cuts]


def _declare(
    node: zarr.Group,
    name: str,
    kind: _Kind,
    axes: Sequence[Axis],
    n_point: Sequence[int],
    lengths: Mapping[str, int],
) -> Array:
    """An array that reads as NaN, or 0, where nothing is written."""
    shape = tuple(lengths[dim] for dim in kind.dims)
    is_of_draws = DRAW in kind.dims
    chunk = tuple(
        min(n, DRAWS_AT_A_TIME) if dim == DRAW else n
        for dim, n in zip(kind.dims, shape, strict=True)
    )
    last = 1 if is_of_draws else n_point[-1]
    return node.create_array(
        name,
        shape=(*n_point, *shape),
        chunks=(*[1] * (len(n_point) - 1), last, *(max(1, n) for n in chunk)),
        dtype=kind.dtype,
        fill_value=float("nan") if kind.dtype.kind == "f" else 0,
        dimension_names=(*(axis.name for axis in axes), *kind.dims),
        attributes=kind.attributes,
    )


def _write(
    node: zarr.Group, name: str, dims: tuple[str, ...], values: np.ndarray, said: Mapping[str, Any]
) -> None:
    """A small array, whole."""
    is_text = values.dtype.kind == "U"
    array = node.create_array(
        name,
        shape=values.shape,
        dtype=str if is_text else values.dtype,
        dimension_names=dims,
        attributes=dict(said),
    )
    array[...] = values.astype(object) if is_text else values


def _n_bytes(kinds: Mapping[str, _Kind], lengths: Mapping[str, int], n_point: int) -> int:
    """Size before compression."""
    each = [int(np.prod([lengths[d] for d in k.dims])) * k.dtype.itemsize for k in kinds.values()]
    return n_point * sum(each)
