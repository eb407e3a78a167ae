"""A sweep in words: what was asked, over which values, and what the answer hangs on.

Every number is the summary's of a point, in the same digits as in the tables.
"""

import json
from collections.abc import Sequence

import numpy as np
import xarray as xr

from sdn_mc.report import sweep_data
from sdn_mc.report.answers import (
    MOST_NAMED,
    Answer,
    assumed_value,
    constellation_name,
)
from sdn_mc.report.figures_data import HEALTHY, about, ends_of
from sdn_mc.report.summary import MAIN_METRIC, value_and_interval
from sdn_mc.report.sweep_data import DONE, Key, Move
from sdn_mc.store import STATUS

LOST = "availability_lost"
NONE = "Not known: no point is done."
CHOSEN = (
    "Best and worst are chosen by their estimates, so among points that are nearly alike by "
    "chance. Intervals are sampling error alone, each at its one point of the assumptions."
)


def answers_of_sweep(tree: xr.DataTree) -> list[Answer]:
    """Nine questions about a sweep."""
    metrics = sweep_data.metrics_of(tree)
    metric = MAIN_METRIC if MAIN_METRIC in metrics else next(iter(metrics), None)
    nothing = ["No point is done, or none has an estimate."]
    return [
        ("What was asked?", _asked(tree)),
        ("How available is it, at best and at worst?", _range(tree, metric) if metric else nothing),
        ("What hurt most?", _hurt_most(tree) if metric else nothing),
        ("Which swept key moves it most?", _moved(tree, metric) if metric else nothing),
        ("What was assumed?", [_assumed(tree)]),
        ("Which points are not done?", [_undone(tree)]),
        ("How many draws?", [_draws(tree)]),
        ("Which constellation?", [_constellation(tree)]),
        ("On what machine?", [_machine(tree)]),
    ]


def _asked(tree: xr.DataTree) -> list[str]:
    keys, n_point = sweep_data.keys_of(tree), tree["status"].size
    title = str(tree.attrs["title"])
    said = [] if any(key.key in title for key in keys) else [f"{title}."]  # else it is a command
    said += [
        "How often flows are connected over the satellites, and how late their data are, at every "
        f"combination of these values, {n_point} points:",
        *(f"{key.key}: {values_words(key)}. {key.meaning}" for key in keys),
    ]
    acts = about(tree, "columns", [])
    if acts:
        said.append(f"Columns, beside the healthy one, at {sweep_data.told_of(tree)}:")
    said += [f"{column['name']}: {column['text']}." for column in acts[:MOST_NAMED]]
    more = len(acts) - MOST_NAMED
    return said + ([f"{more} more columns stand below."] if more > 0 else [])


def values_words(key: Key, most: int = 12) -> str:
    """The values of a key; of many the first and the last."""
    words = [sweep_data.value_words(value) for value in key.values]
    listed = ", ".join(words)
    if len(words) > most:
        listed = f"{', '.join(words[:3])}, … {words[-1]} ({len(words)} values)"
    return listed if key.unit in ("", "1") else f"{listed} ({key.unit})"


def _range(tree: xr.DataTree, metric: str) -> list[str]:
    """The best and the worst point of every column."""
    found, keys = sweep_data.response(tree, metric), sweep_data.keys_of(tree)
    ends = ("best", "worst") if metric == MAIN_METRIC else ("highest", "lowest")
    said = [f"{_sentence(found.attrs['long_name'])}, over flows; {ends[0]} and {ends[1]} point:"]
    columns = sweep_data.shown_columns(found)
    everywhere = "every point" + (" that is done" if sweep_data.undone(tree) else "")
    for column in columns:
        row = found.sel(column=column)
        value = row["value"].values
        if np.isnan(value).all():
            continue
        top, bottom = (_place(k, value.shape) for k in (np.nanargmax(value), np.nanargmin(value)))
        name = "Healthy, without threats" if column == HEALTHY else f"Column {column}"
        if value[top] == value[bottom]:
            said.append(f"{name}: {_estimate(row, top)} at {everywhere}.")
        else:
            at = [
                f"{_estimate(row, k)} at {sweep_data.place_words(row['value'], keys, k)}"
                for k in (top, bottom)
            ]
            said.append(f"{name}: {ends[0]} {at[0]}; {ends[1]} {at[1]}.")
    if more := found.sizes["column"] - len(columns):
        said.append(f"{more} more columns stand below.")
    return [*said, CHOSEN]


def _place(k: np.integer, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Where the k-th value of an array stands."""
    return tuple(map(int, np.unravel_index(k, shape)))


def _estimate(row: xr.Dataset, index: Sequence[int]) -> str:
    """A value with its interval, in words."""
    ends = ends_of(row.isel(dict(zip(row["value"].dims, index, strict=True))))
    value, interval = value_and_interval(*ends, row.attrs["units"])
    words = interval.strip("[]").replace(", ", " to ")
    return value + (f" (95 % interval {words})" if interval else "")


def _hurt_most(tree: xr.DataTree) -> list[str]:
    """The column that loses most, and where."""
    metrics, keys = sweep_data.metrics_of(tree), sweep_data.keys_of(tree)
    if LOST not in metrics and MAIN_METRIC not in metrics:
        return ["Not known: neither `availability` nor `degradation` was among the metrics."]
    found = sweep_data.response(tree, LOST if LOST in metrics else MAIN_METRIC)
    sign = 1 if LOST in metrics else -1
    worst = dict[str, tuple[int, ...]]()
    for column in map(str, found["column"].values):
        value = sign * found["value"].sel(column=column).values
        if column != HEALTHY and np.isfinite(value).any():
            worst[column] = _place(np.nanargmax(value), value.shape)
    rows = {column: found.sel(column=column) for column in worst}
    order = sorted(worst, key=lambda c: -sign * float(rows[c]["value"].values[worst[c]]))
    if not order:
        return ["No attacked column was scored."]
    if sign > 0 and float(rows[order[0]]["value"].values[worst[order[0]]]) <= 0:
        return ["Nothing: at no point did a draw lose a path."]
    does = "loses up to {} of the time" if sign > 0 else "is available down to {} of the time"
    said = [
        f"column {c} {does.format(_estimate(rows[c], worst[c]))}, at "
        f"{sweep_data.place_words(rows[c]['value'], keys, worst[c])}"
        for c in order[:2]
    ]
    words = f"{_sentence(said[0])}." + (f" Next, {said[1]}." if said[1:] else "")
    if sign > 0:
        return [f"{words} Losses are paired draw by draw with the healthy column."]
    return [f"{words} What that is less than without threats, paired, `degradation` would score."]


def _moved(tree: xr.DataTree, metric: str) -> list[str]:
    """Each key by how far it alone moves the metric at most."""
    name = sweep_data.response(tree, metric).attrs["long_name"]
    found = sweep_data.moves(tree, metric)
    if not found:
        return ["Not known: no two points that are done differ by one key alone."]
    pairs = metric == MAIN_METRIC and sweep_data.why_unpaired(tree) is None
    scores = sweep_data.Scores(tree) if pairs else None
    said = [f"By how far a key alone, the others held, moves {name} over flows at most:"]
    return said + [_one_move(tree, move, metric, scores) for move in found]


def _one_move(tree: xr.DataTree, move: Move, metric: str, scores: sweep_data.Scores | None) -> str:
    row = sweep_data.response(tree, metric).sel(column=move.column)
    if move.size == 0:
        return f"{move.key.key}: not at all, in any column."
    ends = [_at(row, end) for end in (move.upper, move.lower)]
    words = [
        f"{_estimate(row, index)} at {move.key.name} = {move.key.words(end[move.key.name])}"
        for index, end in zip(ends, (move.upper, move.lower), strict=True)
    ]
    difference = ""
    if scores is not None and move.column in scores.columns:
        less = scores.less(scores.at(move.upper), scores.at(move.lower))
        value, low, high = less[:, scores.columns.index(move.column)]
        difference = f", a paired difference of {value:.4f} (95 % interval {low:.4f} to {high:.4f})"
    keys = sweep_data.keys_of(tree)
    held = [
        f"{key.name} = {key.words(move.lower[key.name])}"
        for key in keys
        if key.name != move.key.name
    ]
    place = f", with {', '.join(held)}" if held else ""
    return (
        f"{move.key.key}: in column {move.column} from {words[0]} to {words[1]}{difference}{place}."
    )


def _at(row: xr.Dataset, place: dict[str, int]) -> tuple[int, ...]:
    return tuple(place[str(dim)] for dim in row["value"].dims)


def _assumed(tree: xr.DataTree) -> str:
    items = about(tree, "assumptions", [])
    swept = {key.key for key in sweep_data.keys_of(tree)}
    known = [item["name"] for item in items if item["name"] in swept]
    rest = [item for item in items if item["name"] not in swept]
    if not items:
        return "Nothing that was read is marked as assumed." if tree.attrs["config_of"] else NONE
    words = f"{len(items)} values that no public source states. "
    words += f"Swept here: {', '.join(known)}. " if known else "None of them is swept here. "
    if rest:
        named = ", ".join(f"{item['name']} = {assumed_value(item)}" for item in rest[-MOST_NAMED:])
        words += f"Held at one value: {len(rest)}, among them {named}. "
    return words + "All of them stand under Assumed, not known, below."


def _undone(tree: xr.DataTree) -> str:
    points = sweep_data.points_of(tree)["status"]
    counts = [(word, int((points == word).sum())) for word in STATUS]
    n_done = counts[0][1]
    if n_done == points.size:
        return f"All {points.size} are done."
    told = ", ".join(f"{n} {word}" for word, n in counts[1:] if n)
    left = sweep_data.undone(tree)
    listed = "; ".join(f"{words} ({status})" for words, status in left[: 2 * MOST_NAMED])
    more = len(left) - 2 * MOST_NAMED
    listed += f"; and {more} more" if more > 0 else ""
    return (
        f"{n_done} of {points.size} are done; {told}: {listed}. They have no values, are blank in "
        "the figures and left out of every answer here. `sdn-mc resume`, with the folder of the "
        "sweep, does what is left."
    )


def _draws(tree: xr.DataTree) -> str:
    points = sweep_data.points_of(tree)
    is_done = points["status"].values == DONE
    if not is_done.any():
        return NONE
    n_draw = np.unique(points["draws_done"].values[is_done])
    seeds = np.unique(points["run_seed"].values[is_done])
    counted = f"{n_draw[0]:,}" if len(n_draw) == 1 else f"{n_draw[0]:,} to {n_draw[-1]:,}"
    words = f"{counted} draws at each point that is done, "
    words += f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {', '.join(map(str, seeds))}"
    why = sweep_data.why_unpaired(tree)
    if why is None:
        return f"{words}: the same draws everywhere, so that points are compared draw by draw."
    return f"{words}. Points are not compared draw by draw: {why}."


def _constellation(tree: xr.DataTree) -> str:
    swept = [k.key for k in sweep_data.keys_of(tree) if k.key.partition(".")[0] == "constellation"]
    node, fleet = about(tree, "config", {}).get("constellation", {}), about(tree, "satellites", {})
    if not node:
        return NONE
    words = constellation_name(node)
    if fleet:
        words += f": {fleet['read']:,} satellites, {fleet['in_mesh']:,} of them in the mesh"
    if swept:
        return f"At {sweep_data.told_of(tree)}: {words}. Swept: {', '.join(swept)}."
    return f"{words}."


def _machine(tree: xr.DataTree) -> str:
    if not tree.attrs["config_of"]:
        return NONE
    kinds = [_either(tree.attrs.get(name, "")) for name in ("device", "versions")]
    versions = [
        ", ".join(f"{name} {version}" for name, version in json.loads(each).items())
        for each in kinds[1]
        if each
    ]
    return f"{' and '.join(kinds[0])}; {'; or '.join(versions)}."


def _either(text: str) -> list[str]:
    """An attribute that the runs share, or the list of all that they have."""
    try:
        found = json.loads(text)
    except ValueError:
        return [text]
    return [str(each) for each in found] if isinstance(found, list) else [text]


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
