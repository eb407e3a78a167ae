"""What is drawn: who is out, when, in which draw and epoch, and at what charge to the user.

By whole runs and what they store, against the numbers that the same results say were drawn.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import sdn_mc
from scripts.validation.rows import SIGMAS, Row, Setting, equal, near
from sdn_mc import config, engine
from sdn_mc.core.bits import unpack_draws
from sdn_mc.runner import prepare
from tests.engine.scenarios import FOUR_PLANES, GRID
from tests.small_run import SMALL

GROUP = 256  # draws that share an epoch
DAY_S, YEAR_S = 86_400.0, 365.25 * 86_400.0
N_PORT = 4
# One fault of every satellite: the flow between two of its users is cut while it lasts.
ALL_AT_ONCE = (
    *SMALL,
    "constellation.shells.shell.satellites=60",
    "constellation.shells.shell.planes=6",
    "flows.flows=[[London,Paris]]",
    "access.min_elevation_deg=0",
    "threats=[vendor_fault]",
    "metrics=[availability,latency,degradation]",
    "store.paths=all",
)  # fmt: skip
IN_AN_HOUR = ("times=episode", "times.before_h=0.5", "times.horizon_h=1.5", "times.step_s=60",
              "times.n_epoch=1")  # fmt: skip


def window_of_a_given_fault(setting: Setting) -> Iterator[Row]:
    """Onset and end on instants: down from the first one, up again at the second one."""
    words = [
        *ALL_AT_ONCE,
        *IN_AN_HOUR,
        "draws=32",
        f"seed={setting.seed}",
        "threats.vendor_fault.repair_h=0.5",
        "metrics=[availability,time_to_restore]",
    ]
    result = _simulated(words, setting.folder / "window")
    time_s, down = _times(result)[0], np.isinf(_latency(result))[:, :, 0]
    closed = "[onset, onset + repair)"
    yield equal("first instant down", _only(time_s[np.argmax(down, axis=1)]), 1800, "s", closed)
    last = down.shape[1] - 1 - np.argmax(down[:, ::-1], axis=1)
    yield equal("last instant down", _only(time_s[last]), 3540, "s", closed)
    yield equal("instants down", _only(down.sum(axis=1)), 30, "", closed)
    restored_s = float(result["metrics"]["time_to_restore_s"].values[0, 0, 0])
    yield equal("time to restore", restored_s, 1800, "s", "the same window")


def faults_at_random(setting: Setting) -> Iterator[Row]:
    """Every instant of every draw against the onset and the length that the result tells."""
    n_draw = 512
    words = [*ALL_AT_ONCE, f"draws={n_draw}", f"seed={setting.seed}", "times.n_epoch=2"]
    result = _simulated(words, setting.folder / "random")
    drawn = result["draws"]
    onset_s = drawn["vendor_fault_onset_s"].values.astype(float)
    repair_h = drawn["vendor_fault_repair_h"].values.astype(float)
    epoch = np.arange(n_draw) // GROUP % 2
    time_s = _times(result)[epoch]
    end_s = onset_s + 3600 * repair_h
    healthy_s = result["scene"]["latency_healthy_s"].values[epoch][:, :, 0].astype(np.float32)
    inside = (onset_s[:, None] <= time_s) & (time_s < end_s[:, None])
    found_s = _latency(result)[:, :, 0]
    # At the very edges hours in float32 are good to a hundredth of a second.
    edge = np.minimum(*(np.abs(time_s - each[:, None]) for each in (onset_s, end_s))) < 0.05
    differs = (found_s != np.where(inside, np.inf, healthy_s)) & ~edge
    name = f"instants of {n_draw} draws in 2 epochs that differ from what was drawn"
    yield equal(
        name, int(differs.sum()), 0, f"of {differs.size:,}", "onset, length, healthy column"
    )
    yield equal(
        "epoch of each draw", _differing(drawn["epoch"], epoch), 0, "differ", "i // 256 % 2"
    )
    yield from _scores(result, found_s, healthy_s)
    yield from _shape(onset_s, repair_h)


def _scores(result: Any, found_s: np.ndarray, healthy_s: np.ndarray) -> Iterator[Row]:
    """Metrics of each draw, worked out anew from the stored series."""
    scores = {name: values.values[0, :, 0] for name, values in result["metrics"].data_vars.items()
              if values.dims[-1] == "flow" and "time" not in values.dims}  # fmt: skip
    ordered = np.sort(found_s, axis=1)
    for percent in (50, 95, 99):
        expected = ordered[:, int(np.ceil(percent / 100 * ordered.shape[1])) - 1]
        name = f"p{percent} latency by sorting"
        yield equal(name, _differing(scores[f"latency_p{percent}_s"], expected), 0, "draws", "")
    up, healthy_up = np.isfinite(found_s), np.isfinite(healthy_s)
    lost = (healthy_up & ~up).mean(axis=1)
    got = float(scores["availability_lost"].mean())
    yield near(
        "availability lost, mean", got, float(lost.mean()), 1e-7, "", "healthy less attacked"
    )
    expected = float((healthy_up.mean(axis=1) - scores["availability"]).mean())
    yield near("availability: healthy less attacked", got, expected, 1e-6, "", "both columns")
    summary = result["summary"]["availability_lost"].values[1, 0]
    yield near("summary of it", float(summary), float(lost.mean()), 1e-7, "", "mean over draws")


def _shape(onset_s: np.ndarray, repair_h: np.ndarray) -> Iterator[Row]:
    """Laws of what is drawn once a draw: uniform onsets, lognormal lengths, none twice."""
    n = len(onset_s)
    mean, spread = onset_s.mean() / DAY_S, onset_s.std() / DAY_S
    root = np.sqrt(n)
    yield near(
        "onset, mean share of the day", mean, 0.5, SIGMAS / np.sqrt(12) / root, "", "uniform"
    )
    # Standard error of the deviation of a uniform: sqrt(1/180) / (2 sqrt(1/12) sqrt n).
    error = np.sqrt(1 / 180) / (2 * np.sqrt(1 / 12)) / root
    yield near("onset, its deviation", spread, np.sqrt(1 / 12), SIGMAS * error, "", "uniform")
    log = np.log(repair_h / 2.5)
    yield near(
        "length, median over 2.5 h, log", log.mean(), 0, SIGMAS * 0.5 / root, "", "lognormal"
    )
    error = 0.5 / np.sqrt(2) / root
    yield near("length, deviation of its log", log.std(), 0.5, SIGMAS * error, "", "lognormal")
    both = np.corrcoef(onset_s, repair_h)[0, 1]
    yield near("correlation of onset and length", both, 0, SIGMAS / root, "", "independent")
    beside = np.corrcoef(onset_s[1:], onset_s[:-1])[0, 1]
    yield near("correlation of neighbouring draws", beside, 0, SIGMAS / root, "", "independent")
    n_different = len(np.unique(np.stack([onset_s, repair_h]), axis=1).T)
    yield equal("draws that repeat another one", n - n_different, 0, "", "")


def shares_down(setting: Setting) -> Iterator[Row]:
    """Satellites and terminals that fail and come back: shares at the start, middle and end."""
    n_draw = 1024
    words = (
        "threats=[satellite_failure,terminal_failure]",
        "threats.satellite_failure.rate_per_year=100",
        "threats.satellite_failure.replacement_d=1",
        "threats.terminal_failure.rate_per_year=50",
        "threats.terminal_failure.repair_d=2",
        "columns={sats: [satellite_failure], terminals: [terminal_failure]}",
        f"seed={setting.seed}",
    )
    job = config.load(config.compose([*SMALL, *FOUR_PLANES, *GRID, "times.n_epoch=1", *words]))
    run = prepare(job)
    _, outages = engine.sample_draws(run, 0, np.arange(n_draw, dtype=np.uint32))
    masks = engine.masks_at(run, 0, outages, run.columns, run.scenes[0].time_s, n_draw)
    days = {"sats": (100 * 1, 2), "terminals": (50 * 2, 2)}
    up = {}
    for column, mask in zip(run.columns, masks, strict=True):
        link_up = unpack_draws(np.moveaxis(mask.link_up, 1, -1))  # time, sat, port, draw
        up[column.name] = link_up
        load, ends = days[column.name][0] * DAY_S / YEAR_S, days[column.name][1]
        exact = (1 / (1 + load)) ** ends  # both ends of a link
        for time, name in ((0, "start"), (len(link_up) // 2, "middle"), (-1, "end")):
            by_draw = link_up[time].mean(axis=(0, 1))
            tolerance = SIGMAS * by_draw.std(ddof=1) / np.sqrt(n_draw)
            what = f"links up, {column.name} that fail, {name} of the day"
            yield near(
                what, by_draw.mean(), exact, tolerance, "", "1 / (1 + rate repair), both ends"
            )
    yield from _both_ways(run.scenes[0].links, up)


def _both_ways(links: Any, up: dict[str, np.ndarray]) -> Iterator[Row]:
    """A link leads back, over the same port, and is up in both directions or in neither."""
    far = links.neighbour, links.peer
    here = np.arange(len(links.neighbour))[:, None]
    yield equal("links that do not lead back", int((links.neighbour[far] != here).sum()), 0, "", "")
    for name, flags in up.items():
        one_way = int((flags[:, far[0], far[1]] != flags).sum())
        yield equal(f"links up in one direction alone, {name}", one_way, 0, "", "")


def _simulated(words: list[str], folder: Path) -> Any:
    return sdn_mc.simulate(words, str(folder))


def _times(result: Any) -> np.ndarray:
    """Instants of each epoch, s."""
    return np.atleast_2d(result["scene"]["time_s"].values)


def _latency(result: Any) -> np.ndarray:
    return result["paths"]["latency_s"].values


def _differing(a: Any, b: Any) -> int:
    return int((np.asarray(a) != np.asarray(b)).sum())


def _only(values: np.ndarray) -> float | str:
    """The value that all have, or how many there are."""
    found = np.unique(values)
    return float(found[0]) if len(found) == 1 else f"{len(found)} different ones"


CHECKS = (window_of_a_given_fault, faults_at_random, shares_down)
