"""What the figures of a sweep show, as labelled arrays over the swept keys and the columns.

Each function takes an open dataset of a sweep. Estimates are over flows, with `low` and `high`, the
ends of their 95 % interval, beside `value`. NaN: the point is not done, or has no such column; inf:
no path. Values of a key that are numbers are in rising order. Nothing here knows how it is drawn.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from sdn_mc.core.constants import DRAWS_PER_GROUP, S_PER_H, S_PER_MIN
from sdn_mc.core.notes import warnings_in
from sdn_mc.engine import epoch_of
from sdn_mc.report import figures_data
from sdn_mc.report.figures_data import ENDS, OVER_FLOWS, about
from sdn_mc.report.summary import MAIN_METRIC, days_covered, share
from sdn_mc.statistics import paired_difference
from sdn_mc.store import STATUS

DONE = STATUS[0]
AT_TIME = f"{MAIN_METRIC}_at_time"
FIRST_METRICS = (
    MAIN_METRIC,
    "availability_lost",
    "latency_p50_s",
    "latency_p95_s",
    "latency_p99_s",
)
MOST_COLUMNS = 7  # as many as there are colours
MOST_SCORES = 2_000_000_000  # that are read for paired differences: some minutes
WIDE_FACTOR = 20  # from smallest to largest value: then the axis is logarithmic


class Key(NamedTuple):
    """A swept key."""

    name: str  # of its axis
    key: str  # of the configuration
    unit: str  # "1": none
    meaning: str
    values: list[Any]
    is_number: bool

    def is_wide(self) -> bool:
        """Do its values ask for a logarithmic axis?"""
        lowest, highest = (float(self.values[k]) for k in (0, -1)) if self.is_number else (0, 0)
        return lowest > 0 and highest > WIDE_FACTOR * lowest

    def words(self, k: int) -> str:
        """Its k-th value, with its unit."""
        text = value_words(self.values[k])
        if self.unit in ("", "1"):
            return text
        rate = self.unit.startswith("1/")
        return f"{text} per {self.unit[2:]}" if rate else f"{text} {self.unit}"

    def title(self, most: int = 60) -> str:
        """For an axis with room for so many letters."""
        name = self.key if len(self.key) <= most else self.name
        return name if self.unit in ("", "1") else f"{name} ({self.unit})"


def value_words(value: Any) -> str:
    """A swept value as a user writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def keys_of(tree: xr.DataTree) -> list[Key]:
    """The swept keys, in the order of the dataset's axes."""
    points = points_of(tree)
    return [key_of(points[name]) for name in points["status"].dims]


def key_of(axis: xr.DataArray) -> Key:
    """A swept key from its coordinate."""
    said, is_number = axis.attrs, axis.dtype.kind in "iuf"
    values = np.atleast_1d(axis.values).tolist()
    return Key(str(axis.name), said["key"], said["units"], said["meaning"], values, is_number)


def points_of(tree: xr.DataTree) -> xr.Dataset:
    """Status, draws, seed and folder of every point."""
    return _in_order(tree, tree.to_dataset()).load()


def _in_order(tree: xr.DataTree, data: xr.Dataset) -> xr.Dataset:
    """Numbers rise; words stay as they were given. Axes and columns of a table in one order.

    A stored group gives up its variables in any order, and tables would differ from time to time.
    """
    names = [str(name) for name in tree["status"].dims]
    rising = [name for name in names if tree[name].dtype.kind in "iuf"]
    data = data.sortby(rising).transpose(*names, ...)
    labels = (*names, *sorted(set(map(str, data.coords)) - set(names)))
    coords = {name: data.coords[name].variable for name in labels}
    parts = {str(name): data[name].variable for name in data.data_vars}
    return xr.Dataset(parts, coords, data.attrs)


def metrics_of(tree: xr.DataTree) -> list[str]:
    """Outputs that have an interval in every column, the main one first."""
    if "summary" not in tree.children:
        return []
    summary = tree["/summary"]
    names = [str(n) for n in summary.data_vars if f"{n}_low" in summary.data_vars]
    names = [name for name in names if "column" in summary[name].dims]
    order = {name: k for k, name in enumerate(FIRST_METRICS)}
    return sorted(names, key=lambda name: (order.get(name, len(order)), name))


def response(tree: xr.DataTree, metric: str) -> xr.Dataset:
    """One metric over flows at every point, by column; in the unit of the dataset."""
    summary = tree["/summary"].to_dataset()
    names = (metric, f"{metric}_low", f"{metric}_high")
    found = xr.Dataset({part: summary[name] for part, name in zip(ENDS, names, strict=True)})
    if "flow" in found.dims:
        found = found.sel(flow=OVER_FLOWS, drop=True)
    else:
        found = found.isel({found["value"].dims[-1]: -1})
    said = summary[metric].attrs | {"metric": metric}
    return _in_order(tree, found).load().assign_attrs(said)


def in_reading_unit(found: xr.Dataset) -> xr.Dataset:
    """Times in the unit that suits the largest of them, as the tables have it."""
    if found.attrs["units"] != "s":
        return found
    sizes = np.abs(found["value"].values[np.isfinite(found["value"].values)])
    largest_s = float(sizes.max(initial=0.0))
    limits = ((1.0, "ms", 1e-3), (2 * S_PER_MIN, "s", 1.0), (2 * S_PER_H, "min", S_PER_MIN))
    unit, scale_s = next(((u, s) for limit, u, s in limits if largest_s < limit), ("h", S_PER_H))
    return (found / scale_s).assign_attrs(found.attrs | {"units": unit})


def metric_words(found: xr.Dataset) -> str:
    """What a metric is called on an axis, with its unit."""
    unit = found.attrs["units"]
    if unit == "1":
        ends = np.concatenate([found[part].values.ravel() for part in ENDS])
        ends = ends[np.isfinite(ends)]
        unit = "share" if np.all(np.abs(ends) <= 1) else "number"
    return f"{found.attrs['long_name']} ({unit})"


def number_words(value: float, units: str) -> str:
    """A value in a figure, whose scale tells the unit."""
    if not np.isfinite(value):
        return "∞" if np.isinf(value) else ""
    return share(value) if units == "1" and 0 <= value <= 1 else f"{value:.4g}"


def by_change(found: xr.Dataset) -> list[str]:
    """Columns, those that change most over the points first."""
    value = found["value"].where(np.isfinite(found["value"]))
    others = [d for d in value.dims if d != "column"]
    change = (value.max(others) - value.min(others)).fillna(0)
    names = [str(name) for name in found["column"].values]
    return sorted(names, key=lambda name: -float(change.sel(column=name)))


def shown_columns(found: xr.Dataset, most: int = MOST_COLUMNS) -> list[str]:
    """Those that one figure can tell apart: the first, the last, and of others the lowest."""
    names = [str(name) for name in found["column"].values]
    if len(names) <= most:
        return names
    lowest = found["value"].min([d for d in found["value"].dims if d != "column"]).values
    others = sorted(range(1, len(names) - 1), key=lambda k: lowest[k])[: most - 2]
    return [names[k] for k in sorted({0, len(names) - 1, *others})]


def all_points(tree: xr.DataTree, more: Sequence[xr.Dataset] = ()) -> xr.Dataset:
    """Every metric over flows, and some `more`, at every point and column, with its status."""
    found = points_of(tree)[["status", "draws_done", "folder"]]
    responses = [response(tree, metric) for metric in metrics_of(tree)]
    for one in (*responses, *(each.reindex_like(responses[0]) for each in more)):
        metric = one.attrs["metric"]
        ends = {part: metric if part == "value" else f"{metric}_{part}" for part in ENDS}
        found = found.assign({name: one[part] for part, name in ends.items()})
    return found


class Move(NamedTuple):
    """Two points that differ by one key, between which a column changes most."""

    key: Key
    column: str
    lower: dict[str, int]  # where each key stands, at the end with the lower value
    upper: dict[str, int]
    size: float


def moves(tree: xr.DataTree, metric: str) -> list[Move]:
    """How far each key alone moves a metric at most, the others held; the largest first.

    Infinite values are left out.
    """
    found = response(tree, metric)["value"]
    values, largest = found.where(np.isfinite(found)), []
    for key in keys_of(tree):
        change = values.max(key.name) - values.min(key.name)
        if len(key.values) < 2 or not bool(change.notnull().any()):
            continue
        at = {str(d): int(k) for d, k in change.argmax(...).items()}
        line = values.isel(at)
        ends = [at | {key.name: int(k)} for k in (line.argmin(key.name), line.argmax(key.name))]
        column = str(values["column"].values[at["column"]])
        both = [{name: k for name, k in end.items() if name != "column"} for end in ends]
        largest.append(Move(key, column, both[0], both[1], float(change.isel(at))))
    return sorted(largest, key=lambda move: -move.size)


def why_unpaired(tree: xr.DataTree) -> str | None:
    """Why points of this sweep are not compared draw by draw; None: they are."""
    config = about(tree, "config", {})
    times, swept = config.get("times", {}), {key.key for key in keys_of(tree)}
    if "metrics" not in tree.children or MAIN_METRIC not in tree["/metrics"].data_vars:
        return "the dataset holds no availability of single draws"
    if config.get("sampling") is not None or any(key.startswith("sampling") for key in swept):
        return "draws have unequal weights"
    if "seed" in swept or any(key.partition(".")[0] == "times" for key in swept):
        return "seeds or times are swept, so that draws of two points have nothing in common"
    if len(np.unique([s for s in points_of(tree)["run_seed"].values.ravel() if s >= 0])) > 1:
        return "the points have different seeds"
    if figures_data.is_snapshot(tree) and _epochs_reached(tree, times.get("n_epoch", 1)) < 2:
        return (
            "draws of a single epoch do not tell the error of its instants; use draws that reach "
            "several epochs, 256 each"
        )
    if tree["/metrics"][MAIN_METRIC].size > MOST_SCORES:
        return "it has too many scores to be read for a page"
    return None


def _epochs_reached(tree: xr.DataTree, n_epoch: int) -> int:
    """By the draws of every point that is done."""
    points = points_of(tree)
    done = points["draws_done"].values[points["status"].values == DONE]
    return min(n_epoch, -(-int(done.min(initial=np.iinfo(np.int64).max)) // DRAWS_PER_GROUP))


def warnings_of(tree: xr.DataTree) -> list[str]:
    """What epochs and draws of the points leave to be desired, and what the runs warn of."""
    points, n_epoch = points_of(tree), about(tree, "config", {}).get("times", {}).get("n_epoch", 1)
    done = points["draws_done"].values[points["status"].values == DONE]
    snapshot = figures_data.is_snapshot(tree)
    found = [w for n in np.unique(done) for w in days_covered(int(n), n_epoch, snapshot)]
    return [*found, *warnings_in(notes_of_sweep(tree))]


class PointScores(NamedTuple):
    """Availability over flows at one point."""

    of_draw: np.ndarray  # [column, draw]
    at_time: np.ndarray | None  # [column, block, time]: its mean in each group of draws


class Scores:
    """Availability over flows of every draw, point by point; of pairable points."""

    def __init__(self, tree: xr.DataTree) -> None:
        metrics = tree["/metrics"].to_dataset()
        names = [name for name in (MAIN_METRIC, AT_TIME) if name in metrics]
        data = _in_order(tree, metrics[names])
        self._scores = data[MAIN_METRIC]
        self._at_time = data.get(AT_TIME)
        self.columns = [str(name) for name in data["column"].values]
        self._n_draw = points_of(tree)["draws_done"]
        self._n_epoch = int(about(tree, "config", {}).get("times", {}).get("n_epoch", 1))

    def at(self, point: dict[str, int]) -> PointScores:
        """The draws of one point."""
        n_draw = int(self._n_draw.isel(point))
        one = self._scores.isel(point).isel(draw=slice(0, n_draw))
        values = one.transpose("column", "draw", "flow").values.astype(np.float64)
        is_there = ~np.isnan(values).all(axis=(0, 1))  # other points may have other flows
        of_draw = values[..., is_there].mean(axis=-1)
        at_time: np.ndarray | None = None
        if self._at_time is not None:
            n_block = -(-n_draw // DRAWS_PER_GROUP)
            means = self._at_time.isel(point).isel(block=slice(0, n_block))
            by_flow = means.transpose("column", "block", "time", "flow").values
            at_time = by_flow[..., is_there].mean(axis=-1)
        return PointScores(of_draw, at_time)

    def less(self, one: PointScores, other: PointScores) -> np.ndarray:
        """Value, low and high of one less another on their common draws [part, column]."""
        n_draw, n_other = (each.of_draw.shape[1] for each in (one, other))
        if n_draw != n_other:  # whole groups, as `sdn-mc compare` does
            n_draw = min(n_draw, n_other)
            n_draw -= n_draw % DRAWS_PER_GROUP if n_draw > DRAWS_PER_GROUP else 0
        epoch = np.array([epoch_of(k, self._n_epoch) for k in range(n_draw)])
        at_time = self._at_times(one, other, n_draw)
        found = np.full((len(ENDS), len(self.columns)), np.nan)
        for k in range(len(self.columns)):
            a, b = one.of_draw[k, :n_draw], other.of_draw[k, :n_draw]
            if n_draw and np.isfinite(a).all() and np.isfinite(b).all():
                instants = None if at_time is None else at_time[k]
                difference = paired_difference(
                    a, b, epoch, per_instant=instants, within=(-1.0, 1.0)
                )
                found[:, k] = difference.value, difference.low, difference.high
        return found

    def _at_times(self, one: PointScores, other: PointScores, n_draw: int) -> np.ndarray | None:
        """Differences of means at instants [column, epoch, time]."""
        if one.at_time is None or other.at_time is None:
            return None
        n_block = -(-n_draw // DRAWS_PER_GROUP)
        count = np.diff(np.minimum(np.arange(n_block + 1) * DRAWS_PER_GROUP, n_draw))
        apart = one.at_time[:, :n_block] - other.at_time[:, :n_block]
        found = np.zeros((len(apart), self._n_epoch, apart.shape[-1]))
        for k in range(min(self._n_epoch, n_block)):
            own = slice(k, None, self._n_epoch)
            found[:, k] = np.average(apart[:, own], axis=1, weights=count[own])
        return found


def against_first(tree: xr.DataTree, key: Key) -> xr.Dataset | None:
    """Availability less that at a key's first value, all else alike: paired draw by draw.

    The draws of all points have one seed, so what is random alike drops out. None: see
    `why_unpaired`. The healthy column has no draws and is not there.
    """
    if why_unpaired(tree) is not None:
        return None
    points, scores = points_of(tree)["status"], Scores(tree)
    found = np.full((len(ENDS), *points.shape, len(scores.columns)), np.nan)
    axis = list(points.dims).index(key.name)
    others = [range(n) if d != axis else range(1) for d, n in enumerate(points.shape)]
    for index in np.ndindex(*map(len, others)):
        base = None
        for k in range(points.shape[axis]):
            at = (*index[:axis], k, *index[axis + 1 :])
            if points.values[at] != DONE:
                continue
            own = scores.at(dict(zip(map(str, points.dims), at, strict=True)))
            if k == 0:
                base, found[(slice(None), *at)] = (
                    own,
                    np.where(np.isnan(own.of_draw[:, 0]), np.nan, 0.0),
                )
            elif base is not None:
                found[(slice(None), *at)] = scores.less(own, base)
    data = {part: ((*points.dims, "column"), found[n]) for n, part in enumerate(ENDS)}
    said = {"units": "1", "metric": f"{MAIN_METRIC}_minus_first_{key.name}"}
    said["long_name"] = f"availability minus that at {key.name} = {key.words(0)}"
    coords = {str(d): points[d].values for d in points.dims} | {"column": scores.columns}
    return xr.Dataset(data, coords, said)


def undone(tree: xr.DataTree) -> list[tuple[str, str]]:
    """What is not done: the values of each such point in words, and its status."""
    points, keys = points_of(tree), keys_of(tree)
    return [
        (point_words(keys, index), str(points["status"].values[index]))
        for index in np.ndindex(*points["status"].shape)
        if str(points["status"].values[index]) != DONE
    ]


def point_words(keys: Sequence[Key], index: Sequence[int]) -> str:
    """Where each key stands at a point."""
    return ", ".join(f"{key.name} = {key.words(k)}" for key, k in zip(keys, index, strict=True))


def told_of(tree: xr.DataTree) -> str:
    """The point whose configuration, columns, satellites and assumptions the dataset tells."""
    folders = points_of(tree)["folder"].values
    at = np.argwhere(folders == tree.attrs.get("config_of", ""))
    return point_words(keys_of(tree), at[0]) if len(at) else "no point"


def place_words(value: xr.DataArray, keys: Sequence[Key], index: Sequence[int]) -> str:
    """The same, of a place where a value is met; of a key that makes no difference there, any."""
    told = []
    place = {key.name: k for key, k in zip(keys, index, strict=True)}
    for key in keys:
        k = place[key.name]
        along = value.isel({name: at for name, at in place.items() if name != key.name}).values
        known = along[~np.isnan(along)]
        is_free = len(known) > 1 and bool(np.all(known == along[k]))
        told.append(f"any {key.name}" if is_free else f"{key.name} = {key.words(k)}")
    return ", ".join(told)


def notes_of_sweep(tree: xr.DataTree) -> list[str]:
    """What `collect` found worth saying."""
    return list(json.loads(tree.attrs.get("notes", "[]")))
