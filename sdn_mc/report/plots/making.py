"""Which figures a run, a study or a sweep can show, made with their words and data."""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from sdn_mc.report import figures_data, sweep_data, sweep_slices, wording
from sdn_mc.report.plots import runs, studies, sweeps
from sdn_mc.report.plots.style import Width
from sdn_mc.report.summary import MAIN_METRIC
from sdn_mc.report.wording import Wording
from sdn_mc.store import open_decisions


class Plot(NamedTuple):
    """One figure: the name of its files, its data, and what it says."""

    name: str
    figure: Figure
    data: xr.Dataset
    said: Wording


Found = tuple[list[Plot], list[str]]  # and of what cannot be shown, what would give it
Maker = Callable[[Any, Width], Iterator[Plot]]


def of_run(tree: xr.DataTree, width: Width = "single", names: Sequence[str] = ()) -> Found:
    """All figures of an open run, or those of some names."""
    made, missing = _made(RUN, wording.MISSING, tree, width, names)
    if missing and not figures_data.is_plain(tree):
        missing.insert(0, wording.WEIGHTED)
    return made, missing


def of_study(study: Path, width: Width = "single", names: Sequence[str] = ()) -> Found:
    """All figures of the folder of a study, or those of some names; not those of its runs."""
    return _made(STUDY, wording.MISSING_OF_STUDY, study, width, names)


def of_sweep(
    tree: xr.DataTree,
    width: Width = "single",
    names: Sequence[str] = (),
    metric: str = MAIN_METRIC,
) -> Found:
    """All figures of one metric in the open dataset of a sweep, or those of some names.

    What is on no axis stands at its first value, and the caption says so.
    """
    return _made(SWEEP, wording.MISSING_OF_SWEEP, (tree, metric), width, names)


def _made(
    makers: Mapping[str, Maker],
    told: Mapping[str, str],
    shown: Any,
    width: Width,
    names: Sequence[str],
) -> Found:
    made, missing = list[Plot](), list[str]()
    for name in names or makers:
        found = list(makers[name](shown, width))
        made += found
        missing += [] if found else [told[name]]
    return made, missing


def _one(
    name: str,
    read: Callable[[xr.DataTree], xr.Dataset | None],
    draw: Callable[[xr.Dataset, Width], Figure],
    say: Callable[[xr.Dataset], Wording],
) -> Maker:
    """Where a run has one such figure."""

    def make(tree: xr.DataTree, width: Width) -> Iterator[Plot]:
        if (data := read(tree)) is not None:
            yield Plot(name, draw(data, width), data, say(data))

    return make


def _availability(tree: xr.DataTree, width: Width) -> Iterator[Plot]:
    """Drawn are some flows and columns; the data hold all."""
    every, data = figures_data.estimates(tree, "availability"), figures_data.availability(tree)
    if every is not None and data is not None:
        figure, said = runs.availability(data, width), wording.availability(data)
        yield Plot("availability", figure, every, said)


def _latency(data: xr.Dataset) -> Wording:
    said = wording.latency(data)
    return said._replace(words=f"{said.words} Mean over flows; the data hold them one by one.")


def _map(data: xr.Dataset) -> Wording:
    said, column = wording.world_map(), data["column"].values[-1]
    return said._replace(words=f"{said.words} Column: {column}; the data hold all.")


def _budget(tree: xr.DataTree, width: Width) -> Iterator[Plot]:
    for chain, data in figures_data.stage_budget(tree).items():
        figure, said = runs.budget(data, width), wording.budget(chain)
        yield Plot(_file_name(f"budget_{chain}"), figure, data, said)


def _decisions(study: Path, width: Width) -> Iterator[Plot]:
    found = open_decisions(study)
    for c, m in np.ndindex(found.sizes["comparison"], found.sizes["measure"]):
        data = figures_data.differences(found, c, m)
        name = "decisions_{first}_minus_{second}_{measure}".format(**data.attrs)
        yield Plot(_file_name(name), studies.decisions(data, width), data, wording.decisions(data))


def _concentration_loss(study: Path, width: Width) -> Iterator[Plot]:
    data = figures_data.concentration_and_loss(figures_data.base_runs(study))
    if data is not None:
        said = wording.concentration_loss(data)
        yield Plot("concentration_loss", studies.concentration_loss(data, width), data, said)


def _responses(shown: tuple[xr.DataTree, str], width: Width) -> Iterator[Plot]:
    tree, metric = shown
    for key in _several(tree):
        data = sweep_slices.along(tree, key.name, metric)
        if np.isfinite(data["value"].values).any():
            name, said = _file_name(f"response_{key.name}_{metric}"), wording.sweep_response(data)
            yield Plot(name, sweeps.response(data, width), data, said)


def _surfaces(shown: tuple[xr.DataTree, str], width: Width) -> Iterator[Plot]:
    tree, metric = shown
    numeric = [key.name for key in _several(tree) if key.is_number]
    for x, y in itertools.combinations(numeric, 2):
        data = sweep_slices.over(tree, x, y, metric)
        if np.isfinite(data["value"].values).any():
            name, said = _file_name(f"surface_{x}_{y}_{metric}"), wording.sweep_surface(data)
            yield Plot(name, sweeps.surface(data, width), data, said)


def _several(tree: xr.DataTree) -> list[sweep_data.Key]:
    """Keys that are swept over more than one value."""
    return [key for key in sweep_data.keys_of(tree) if len(key.values) > 1]


def _file_name(words: str) -> str:
    return re.sub(r"[^\w.-]+", "_", words)


RUN: dict[str, Maker] = {
    "availability": _availability,
    "through_time": _one(
        "through_time", figures_data.through_time, runs.through_time, wording.through_time
    ),
    "latency": _one("latency", figures_data.latency_shares, runs.latency, _latency),
    "map": _one("map", figures_data.on_map, runs.world_map, _map),
    "what_hurts": _one(
        "what_hurts",
        figures_data.what_hurts,
        runs.what_hurts,
        lambda data: wording.what_hurts(data)[0],
    ),
    "restored": _one(
        "restored", figures_data.still_waiting, runs.restored, lambda _: wording.RESTORED
    ),
    "outages": _one("outages", figures_data.longest_gaps, runs.outages, lambda _: wording.OUTAGES),
    "budget": _budget,
    "concentration": _one(
        "concentration",
        figures_data.concentration,
        runs.concentration,
        lambda _: wording.CONCENTRATION,
    ),
}
STUDY: dict[str, Maker] = {"decisions": _decisions, "concentration_loss": _concentration_loss}
SWEEP: dict[str, Maker] = {"response": _responses, "surface": _surfaces}
