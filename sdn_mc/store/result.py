"""A result: made, filled block by block, committed, resumed, extended, read."""

import dataclasses
import functools
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr

from sdn_mc.core.constants import DRAWS_PER_GROUP
from sdn_mc.core.problems import InputError
from sdn_mc.store.arrays import (
    Array,
    draw_axis,
    draw_word,
    make_group,
    n_blocks,
    read_draws,
    rewrite_whole,
    write_draws,
    write_whole,
)
from sdn_mc.store.damage import Damage, file_of, is_sound, sums_of, told
from sdn_mc.store.files import DONE_NAME, RESULT_NAME, as_json, is_url
from sdn_mc.store.places import Place, place_at, place_of
from sdn_mc.store.schema import (
    ARRAYS,
    DRAW,
    GROUPS,
    SCHEMA_VERSION,
    Variable,
    axis_length,
    check_attributes,
    check_variables,
    stored_draws,
)

_ROOT = f"{RESULT_NAME}/zarr.json"
_STAMP_KEYS = ("seed", "config_hash", "code_version")


def create(
    where: str | Path,
    variables: Sequence[Variable],
    sizes: Mapping[str, int],
    constants: Mapping[str, np.ndarray],
    attributes: Mapping[str, Any],
    draw_limit: Mapping[str, int] | None = None,
) -> "Store":
    """Make `where`/result.zarr, which appears in one step, with every block still to be written.

    Args:
        where: the run folder, made if it is missing, or the URL of a prefix in an object store.
        variables: everything but what `write_group` adds later.
        sizes: length of every axis.
        constants: "/group/name" -> values of every variable without draws.
        attributes: of the root; see `schema.REQUIRED_ATTRIBUTES`.
        draw_limit: group -> draws it keeps, where that is fewer than the run has.
    """
    check_variables(variables)
    check_attributes(attributes)
    _check_constants(variables, constants)
    own = {
        "schema_version": SCHEMA_VERSION,
        "n_draw": sizes[DRAW],
        "draw_limit": dict(draw_limit or {}),
        ARRAYS: sorted(variable.path for variable in variables),
    }
    place = place_of(where)
    with place.explained():
        place.begin()
        said = dict(attributes) | own
        place.put_tree(RESULT_NAME, lambda root: _fill(root, variables, sizes, constants, said))
    return Store(place)


def open_store(path: str | Path, to_write: bool = False) -> "Store":
    """An existing result, by its run folder, its `result.zarr` or its URL. Changes nothing."""
    return Store(place_at(path, to_write))


def open_result(path: str | Path) -> xr.DataTree:
    """A result as a lazy xarray tree, all of whose files are as they were written."""
    store = open_store(path)
    if not store.is_whole:
        raise InputError(
            f"{path}: the run was stopped while it changed its number of draws; "
            f"`sdn-mc resume {path}` mends it."
        )
    if damaged := store.damaged():
        raise InputError(
            f"{path}: damaged since it was written: {told(damaged)}; `sdn-mc resume {path}` makes "
            "that again, with the same bits. xarray.open_datatree opens the rest."
        )
    with store.place.explained():
        return xr.open_datatree(store.place.to_read(), engine="zarr", consolidated=False)


@dataclasses.dataclass(frozen=True)
class Store:
    """A result that can be written to."""

    place: Place

    @property
    def path(self) -> Path | str:
        """The `result.zarr`."""
        return self.place.path

    @property
    def folder(self) -> Path | str:
        """The run folder, or the URL that stands for it."""
        return self.place.folder

    @property
    def n_draw(self) -> int:
        """Draws the result is to have, whether written yet or not."""
        return self.attributes()["n_draw"]

    @property
    def n_block(self) -> int:
        """Blocks of 256 draws; the last may be a part."""
        return n_blocks(self.n_draw)

    @property
    def is_whole(self) -> bool:
        """Whether every array has the declared number of draws (see `repair`)."""
        lengths = self._lengths(self.n_draw)
        return all(a.shape[draw_axis(a)] == lengths[name] for name, a in self._by_draw.items())

    @property
    def draw_kinds(self) -> dict[str, np.dtype]:
        """The arrays that `write_block` wants, with their types."""
        return {name: np.dtype(array.dtype) for name, array in self._by_draw.items()}

    def block_draws(self, block: int) -> int:
        """Draws in one block: 256, or what is left for the last."""
        return min(DRAWS_PER_GROUP, self.n_draw - block * DRAWS_PER_GROUP)

    def write_block(self, block: int, values: Mapping[str, np.ndarray]) -> None:
        """All draws of one block, "/group/name" -> array with that block's draws on its draw axis.

        Not counted until `commit`. Groups that keep fewer draws take what they keep.
        """
        first, count = block * DRAWS_PER_GROUP, self.block_draws(block)
        if count <= 0:
            raise ValueError(f"block {block} is beyond the {self.n_draw} draws of {self.path}")
        needed = {
            name
            for name, array in self._by_draw.items()
            if array.shape[draw_axis(array)] > axis_length(draw_word(array), first)
        }
        if not needed <= values.keys() <= self._by_draw.keys():
            wrong = (needed - values.keys()) | (values.keys() - self._by_draw.keys())
            raise ValueError(f"block {block}: missing or unknown variables {sorted(wrong)}")
        for name, given in values.items():
            array = self._by_draw[name]
            if given.shape[draw_axis(array)] != axis_length(draw_word(array), count):
                raise ValueError(
                    f"{name}: shape {given.shape}, but block {block} has {count} draws"
                )
        with self.place.explained():
            self.place.remove(_stamp_name(block))
            self._remove_files(block)  # a part of a shard is written into what is there
            self.place.each(
                lambda name: write_draws(name, self._by_draw[name], first, values[name]), values
            )

    def commit(self, block: int, stamp: Mapping[str, Any]) -> None:
        """Declare a block written. `stamp` says by what: seed, config_hash, code_version."""
        missing = [key for key in _STAMP_KEYS if key not in stamp]
        if missing:
            raise ValueError(f"the stamp of block {block} lacks {', '.join(missing)}")
        content = dict(stamp) | {"n_draw": self.block_draws(block)}
        with self.place.explained():
            content["crc32"] = sums_of(self.place, self._by_draw, block)
            self.place.replace(_stamp_name(block), as_json(content))

    def done_blocks(self) -> dict[int, dict[str, Any]]:
        """Committed blocks, in order, with their stamps."""
        found = {}
        with self.place.explained():
            stamps = self.place.stamps()
        for name, content in stamps.items():
            try:
                found[int(name.removesuffix(".json"))] = dict(json.loads(content))
            except (ValueError, TypeError):  # emptied by a loss of power: it is computed again
                continue
        n_draw = self.n_draw  # a block that was a part when it was committed counts for no more
        left = {block: min(DRAWS_PER_GROUP, n_draw - block * DRAWS_PER_GROUP) for block in found}
        return {b: stamp for b, stamp in found.items() if stamp["n_draw"] >= left[b] > 0}

    def discard(self, block: int) -> None:
        """Take back that a block is written."""
        with self.place.explained():
            self.place.remove(_stamp_name(block))

    def _remove_files(self, block: int) -> None:
        """What is there of a block, which may be damaged. Object stores replace objects whole."""
        if not is_url(self.folder):
            for name, array in self._by_draw.items():
                self.place.remove(file_of(name, array, block))

    def damaged(self) -> list[Damage]:
        """What is no longer as it was written, in committed blocks and in arrays without draws.

        Object stores check what they keep by themselves, and reading all of it takes long.
        """
        if is_url(self.folder):
            return []
        found = []
        for block, stamp in self.done_blocks().items():
            if before := stamp.get("crc32"):  # an older result has none
                now = sums_of(self.place, self._by_draw, block)
                found += [Damage(n, block) for n in before if before[n] != now.get(n)]
        return found + self.damaged_whole()

    def damaged_whole(self) -> list[Damage]:
        """The same of arrays without draws alone."""
        whole = {n: array for n, array in self.arrays().items() if draw_axis(array) is None}
        every = self._has_every_chunk
        return [Damage(name, None) for name, array in whole.items() if not is_sound(array, every)]

    def rewrite(self, name: str, values: np.ndarray) -> None:
        """Write an array without draws again."""
        with self.place.explained():
            rewrite_whole(name, self.arrays()[name], values)

    def n_committed(self) -> int:
        """Draws, from the first on without a gap, that are committed."""
        done, n_draw = self.done_blocks(), self.n_draw
        whole = next((b for b in range(n_blocks(n_draw)) if b not in done), n_blocks(n_draw))
        return min(n_draw, whole * DRAWS_PER_GROUP)

    def extend(self, n_draw: int) -> None:
        """Make room for more draws; a last block that was a part must be computed again."""
        self.repair()
        before = self.n_draw
        if n_draw < before:
            raise ValueError(f"{self.path} has {before} draws; extend({n_draw}) would lose some")
        self.place.check_space(self._draw_bytes(n_draw) - self._draw_bytes(before))
        if n_draw > before and before % DRAWS_PER_GROUP:
            self.place.remove(_stamp_name(before // DRAWS_PER_GROUP))
        self._resize(n_draw)
        self.set_attributes({"n_draw": n_draw})  # last: until here, `repair` goes back to `before`

    def shorten(self, n_draw: int) -> None:
        """Keep the first draws only, as for a run that stopped early."""
        if not 0 < n_draw <= self.n_draw:
            raise ValueError(f"{self.path} has {self.n_draw} draws, not {n_draw} or more")
        self.set_attributes({"n_draw": n_draw})  # first: from here on, `repair` goes on to the end
        self.repair()

    def repair(self) -> None:
        """Undo or finish what a killed process left half done; while no other process writes."""
        self.place.clean()
        self._resize(self.n_draw)
        n_block = self.n_block
        for name in self.place.stamps():
            if int(name.removesuffix(".json")) >= n_block:
                self.place.remove(f"{DONE_NAME}/{name}")

    def write_group(
        self, group: str, variables: Sequence[Variable], values: Mapping[str, np.ndarray]
    ) -> None:
        """Replace a group without draws. Readers see the old one, none for a moment, the new."""
        check_variables(variables)
        _check_constants(variables, values)
        if any(v.by_draw or v.group != group for v in variables):
            raise ValueError(f"{group}: only variables of this group, without draws")
        sizes = {d: n for v in variables for d, n in zip(v.dims, values[v.path].shape, strict=True)}

        def fill(root: zarr.Group) -> None:
            arrays = make_group(root, "/", variables, sizes, None)
            for variable in variables:
                write_whole(arrays[variable.path], variable, values[variable.path])

        with self.place.explained():
            self.place.put_tree(f"{RESULT_NAME}{group}", fill)

    def read(self, name: str, first_draws: int | None = None) -> np.ndarray:
        """An array in draw order, or its first draws; what is not yet written is NaN (or 0)."""
        with self.place.explained():
            array = self.place.root("r")[name.strip("/")]
            if isinstance(array, zarr.Group):
                raise KeyError(f"{name} is a group of {self.path}; name one of its arrays")
            try:
                return read_draws(array, first_draws)
            except (ValueError, RuntimeError, TypeError) as error:  # a damaged chunk
                raise InputError(
                    f"{self.path}: {name} cannot be read ({error}); `sdn-mc resume {self.folder}` "
                    "makes again what is damaged"
                ) from None

    def is_readable(self, group: str) -> bool:
        """Whether a group is there and every array of it can be read."""
        arrays = [a for name, a in self.arrays().items() if name.startswith(f"{group}/")]
        every = self._has_every_chunk
        return bool(arrays) and all(is_sound(array, every) for array in arrays)

    def arrays(self) -> dict[str, Array]:
        """All arrays now in the result, by "/group/name"."""
        with self.place.explained():
            try:
                groups = self.place.root().groups()
                return {f"/{g}/{n}": a for g, node in groups for n, a in node.arrays()}
            except (ValueError, TypeError, KeyError) as error:  # a damaged zarr.json
                raise InputError(
                    f"{self.folder}: the description of an array is damaged ({error}), and cannot "
                    "be made again; start a new run"
                ) from None

    def attributes(self) -> dict[str, Any]:
        """The root's attributes."""
        with self.place.explained():
            return json.loads(self.place.read(_ROOT))["attributes"]

    def set_attributes(self, changes: Mapping[str, Any]) -> None:
        """Add or replace attributes of the root, in one step."""
        with self.place.explained():
            root = json.loads(self.place.read(_ROOT))
            root["attributes"] |= dict(changes)
            self.place.replace(_ROOT, as_json(root))

    @property
    def _has_every_chunk(self) -> bool:
        """Were chunks of zeros written too, in arrays without draws? Not by older versions."""
        return ARRAYS in self.attributes()

    @functools.cached_property
    def _by_draw(self) -> dict[str, Array]:
        return {n: a for n, a in self.arrays().items() if draw_axis(a) is not None}

    def _lengths(self, n_draw: int) -> dict[str, int]:
        limit = self.attributes()["draw_limit"]
        return {
            name: axis_length(
                draw_word(array), stored_draws(n_draw, limit.get(name.rpartition("/")[0]))
            )
            for name, array in self._by_draw.items()
        }

    def _draw_bytes(self, n_draw: int) -> int:
        """Size of so many draws before compression."""
        lengths, found = self._lengths(n_draw), 0
        for name, array in self._by_draw.items():
            axis = draw_axis(array)
            others = array.shape[:axis] + array.shape[axis + 1 :]
            found += lengths[name] * math.prod(others) * np.dtype(array.dtype).itemsize
        return found

    def _resize(self, n_draw: int) -> None:
        lengths = self._lengths(n_draw)
        with self.place.explained():
            for name, array in self._by_draw.items():
                axis = draw_axis(array)
                if array.shape[axis] != lengths[name]:
                    array.resize((*array.shape[:axis], lengths[name], *array.shape[axis + 1 :]))


def _stamp_name(block: int) -> str:
    return f"{DONE_NAME}/{block:06d}.json"


def _check_constants(variables: Sequence[Variable], values: Mapping[str, np.ndarray]) -> None:
    whole = {variable.path for variable in variables if not variable.by_draw}
    if whole != values.keys():
        raise ValueError(f"missing or undeclared values: {sorted(whole ^ values.keys())}")


def _fill(
    root: zarr.Group,
    variables: Sequence[Variable],
    sizes: Mapping[str, int],
    constants: Mapping[str, np.ndarray],
    attributes: Mapping[str, Any],
) -> None:
    root.update_attributes(dict(attributes))
    limits = attributes["draw_limit"]
    for group in GROUPS:
        members = [variable for variable in variables if variable.group == group]
        if members:
            arrays = make_group(root, group, members, sizes, limits.get(group))
            for variable in members:
                if not variable.by_draw:
                    write_whole(arrays[variable.path], variable, constants[variable.path])
