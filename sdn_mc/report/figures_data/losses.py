"""What is lost, by cause and by how concentrated a fleet is."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from sdn_mc.core.constants import DRAWS_PER_GROUP
from sdn_mc.report.figures_data.reading import (
    ALL,
    ALONE,
    ENDS,
    SHARE,
    WITHOUT,
    about,
    array,
    columns_of,
    is_plain,
)
from sdn_mc.statistics import Estimate, paired_difference


def what_hurts(tree: xr.DataTree) -> xr.Dataset | None:
    """Availability that each column loses against the healthy one, paired draw by draw.

    In a run for importance also what is saved where one cause is left out (`kind` "saved").
    """
    if not is_plain(tree):
        return None
    columns = columns_of(tree)[1:]
    if "availability" not in tree["/metrics"] or not columns:
        return None
    rows: list[tuple[str, str, Estimate]] = []
    scores, epoch = _scores(tree), array(tree, "/metrics/epoch")
    everything = columns.index(ALL) if ALL in columns else None
    for k, column in enumerate(columns):
        if column.startswith(WITHOUT) and everything is not None:
            found = _difference(scores, k + 1, everything + 1, epoch)
            rows.append((column.removeprefix(WITHOUT), "saved", found))
        else:
            found = _difference(scores, 0, k + 1, epoch)
            rows.append((column.removeprefix(ALONE), "lost", found))
    order = sorted(range(len(rows)), key=lambda k: -rows[k][2].value)
    data = {part: ("row", [getattr(rows[k][2], part) for k in order]) for part in ENDS}
    labels = {"cause": ("row", [rows[k][0] for k in order])}
    labels["kind"] = ("row", [rows[k][1] for k in order])
    return xr.Dataset(data | labels, attrs={"units": "1", "long_name": "availability lost"})


class _Scores(NamedTuple):
    """Availability over flows, the healthy column first."""

    of_draw: np.ndarray  # [column, draw]
    at_time: np.ndarray | None  # [column, epoch, time]


def _scores(tree: xr.DataTree) -> _Scores:
    """Of each draw the healthy column has that of its epoch."""
    epoch = array(tree, "/metrics/epoch")
    up = np.isfinite(array(tree, "/scene/latency_healthy_s")).mean(axis=-1)  # [epoch, time]
    of_draw = array(tree, "/metrics/availability").astype(np.float64).mean(axis=-1)
    of_draw = np.concatenate([up.mean(axis=1)[epoch][None], of_draw])
    if "availability_at_time" not in tree["/metrics"]:
        return _Scores(of_draw, None)
    by_block = array(tree, "/metrics/availability_at_time").mean(axis=-1)  # [column, block, time]
    count = np.bincount(np.arange(len(epoch)) // DRAWS_PER_GROUP, minlength=by_block.shape[1])
    of_block = epoch[::DRAWS_PER_GROUP][: by_block.shape[1]]
    means = np.zeros((len(by_block), *up.shape))
    for e in np.unique(epoch):
        own = of_block == e
        means[:, e] = np.einsum("b,cbt->ct", count[own], by_block[:, own]) / count[own].sum()
    return _Scores(of_draw, np.concatenate([up[None], means]))


def _difference(scores: _Scores, a: int, b: int, epoch: np.ndarray) -> Estimate:
    """Column a less column b, paired; against the healthy one as the metric of the same name."""
    at_time = None if scores.at_time is None else scores.at_time[a] - scores.at_time[b]
    pair = scores.of_draw[a], scores.of_draw[b]
    within = SHARE if a == 0 and np.all(pair[0] >= pair[1]) else (-1.0, 1.0)
    return paired_difference(*pair, epoch, per_instant=at_time, within=within)


def concentration(tree: xr.DataTree) -> xr.Dataset | None:
    """Effective number of groups of each kind, and the HHI."""
    groups = about(tree, "concentration", [])
    if not groups:
        return None
    data = {
        name: ("label", [row[key] for row in groups])
        for name, key in (("groups", "groups"), ("effective", "effective"), ("hhi", "hhi"))
    }
    data["largest"] = ("label", [row["largest"] for row in groups])
    return xr.Dataset(data, {"label": [row["label"] for row in groups]})
