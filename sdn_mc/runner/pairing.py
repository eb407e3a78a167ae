"""Whether the draws of two runs are the same draws, which of them, and of what study.

Draws pair where their random numbers are common: under one seed, with the same epochs and instants,
and where a draw is a draw. Two runs that one study compares are paired as the study does.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sdn_mc import runner, store
from sdn_mc.config.stored import Difference, differences_of, stored_metrics
from sdn_mc.config.study import Measure, study_of
from sdn_mc.core.constants import DRAWS_PER_GROUP
from sdn_mc.core.problems import InputError
from sdn_mc.core.protocols import Output
from sdn_mc.runner import study
from sdn_mc.runner.estimates import epochs_of
from sdn_mc.runner.scoring import Run, Table, outputs_of, table_of

NAMES = ("A", "B")
BY_TARGET = {"Snapshot": "snapshot", "Episode": "episode", "Instants": "instants"}


class Side(NamedTuple):
    """One of two runs that are compared."""

    place: Path | str  # of its folder
    run: Run
    metrics: dict[str, Any]  # components
    config: dict[str, Any]
    about: dict[str, Any]  # attributes of the root
    flows: list[str]
    time_s: np.ndarray  # [epoch, time]
    start: list[str]  # of each epoch

    @property
    def has_nets(self) -> bool:
        """Are its draws points that hang together?"""
        return "/draws/net" in self.run.result.arrays()


class Roles(NamedTuple):
    """What two runs are to each other."""

    names: tuple[str, str]
    columns: tuple[str, str]
    measures: dict[str, Measure]  # of the study of both
    is_decided: bool  # are they two cases of it under the same assumptions?


class Pair(NamedTuple):
    """Two runs with what of them is compared."""

    first: Side
    second: Side
    roles: Roles
    epoch: np.ndarray  # of each common draw
    flows: list[str]  # that both have
    of_both: tuple[list[int], list[int]] | None  # their numbers; None: every flow of each
    notes: list[str]

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both."""
        return self.first, self.second

    @property
    def is_one(self) -> bool:
        """Are both the same column of the same run?"""
        one, other = (Path(side.place).resolve() for side in self.sides)
        return one == other and self.roles.columns[0] == self.roles.columns[1]

    def outputs(self, name: str) -> tuple[Output, Output]:
        """What each says of an output that both have."""
        return self.first.run.outputs[name], self.second.run.outputs[name]

    def tables(self, name: str, cap: float | None) -> tuple[Table, Table]:
        """An output of each by its common draws and its own flows."""
        of = zip(self.sides, self.outputs(name), self.roles.columns, strict=True)
        one, other = (table_of(side.run, output, column, cap) for side, output, column in of)
        return one, other


def paired(
    a: Path | str, b: Path | str, columns: tuple[str, str] | None, plugins: Sequence[str]
) -> Pair:
    """Two runs on their common draws and flows; refused where they have none."""
    first, second = opened(a, plugins), opened(b, plugins)
    roles = roles_of(first, second, columns)
    check_columns((first, second), roles.columns)
    notes = list[str]()
    if not roles.is_decided or _instants_clash(first, second):
        check_pairable(first, second)
    elif other := unpaired(first, second):
        notes.append(f"{'; '.join(said for said, _ in other)}: paired as their study does")
    n_draw, of_draws = common_draws(first, second)
    flows, of_flows = common_flows(first, second, roles.is_decided)
    first, second = (s._replace(run=s.run._replace(n_draw=n_draw)) for s in (first, second))
    of_both = None
    if first.flows != second.flows and not roles.is_decided:
        of_both = numbers_of(flows, first.flows), numbers_of(flows, second.flows)
    epoch = epochs_of(n_draw, first.run.n_epoch)
    return Pair(first, second, roles, epoch, flows, of_both, [*notes, *of_draws, *of_flows])


def _instants_clash(first: Side, second: Side) -> bool:
    """Are there means at instants whose numbers are not the same?"""
    return first.time_s.shape != second.time_s.shape and any(
        name.endswith("_at_time") for name in first.run.result.arrays()
    )


def numbers_of(names: Sequence[str], among: Sequence[str]) -> list[int]:
    """Where each name stands, first, among others."""
    at = {name: k for k, name in reversed(list(enumerate(among)))}
    return [at[name] for name in names]


def opened(path: Path | str, plugins: Sequence[str] = ()) -> Side:
    """A run that has ended, to be compared."""
    if not store.is_url(path) and study.is_study(Path(path)):
        raise InputError(
            f"compare: {path} is a study, which compares its runs itself: `sdn-mc summary {path}`; "
            f"name two of its runs, such as {path}/{study.RUNS}/000"
        )
    result = store.open_store(path)
    if not runner.is_done(result):
        raise InputError(
            f"compare: the run in {path} has not ended, or is damaged; `sdn-mc resume {path}` does "
            "what is left"
        )
    about = result.attributes()
    config = json.loads(about["config"])
    if not all(isinstance(config.get(key), dict) for key in ("times", "metrics")):
        raise InputError(
            f"compare: the result in {path} is damaged (its configuration has no times and "
            "metrics); take a copy of it, or start a new run"
        )
    metrics = stored_metrics(config, about.get("start_directory", "."), plugins)
    time_s = result.read("/scene/time_s")
    return Side(
        place=result.folder,
        run=Run(
            result=result,
            outputs=outputs_of(metrics.values()),
            columns=[str(name) for name in result.read("/metrics/column")],
            n_epoch=len(time_s),
            sampling=config.get("sampling"),
        ),
        metrics=metrics,
        config=config,
        about=about,
        flows=[str(name) for name in result.read("/metrics/flow")],
        time_s=time_s,
        start=[str(each) for each in result.read("/scene/start")],
    )


def roles_of(first: Side, second: Side, asked: tuple[str, str] | None) -> Roles:
    """Names and columns of both, by the study that holds them if one does."""
    columns = asked or (first.run.columns[-1], second.run.columns[-1])
    found = _study_of_both(first, second)
    if found is None:
        return Roles(NAMES, columns, {}, False)
    measures = {measure.name: measure for measure in found.measures}
    case_column = {case.name: case.column for case in found.cases}
    tasks = study.tasks_of(found)
    cases = [[at for at, task in tasks.items() if _is_of(side, task)] for side in (first, second)]
    pairs = [(a, b) for point, a in cases[0] for other, b in cases[1] if point == other]
    pairs = [(a, b) for a, b in pairs if asked in (None, (case_column[a], case_column[b]))]
    listed = [pair for pair in pairs if pair in found.compare]
    if not pairs:
        return Roles(NAMES, columns, measures, False)
    one, other = (listed or pairs)[0]
    names = (one, other) if one != other else NAMES
    return Roles(names, (case_column[one], case_column[other]), measures, True)


def _study_of_both(first: Side, second: Side) -> study.Study | None:
    """The study in whose folder both runs lie."""
    folders = [side.place for side in (first, second)]
    if not all(isinstance(folder, Path) for folder in folders):
        return None
    runs = {Path(folder).resolve().parent for folder in folders}
    if len(runs) > 1 or (inside := runs.pop()).name != study.RUNS:
        return None
    if not study.is_study(inside.parent) or first.config.get("study") != second.config.get("study"):
        return None
    return study_of(first.config)


def _is_of(side: Side, task: study.Task) -> bool:
    words = str(side.about["title"])
    return Path(side.place).resolve().name == task.name and words.endswith(f": {task.words}")


def check_columns(sides: tuple[Side, Side], columns: tuple[str, str]) -> None:
    """Refuse a column that a run has not."""
    for side, column in zip(sides, columns, strict=True):
        if column not in side.run.columns:
            raise InputError(
                f"compare: {side.place} has no column {column!r} with draws; there are "
                f"{', '.join(side.run.columns)}; choose with columns=NAME,NAME"
            )


def check_pairable(first: Side, second: Side) -> None:
    """Refuse, in one line, runs whose draws have nothing in common."""
    found = unpaired(first, second)
    words = [word for _, word in found]
    if nets := [str(side.place) for side in (first, second) if side.has_nets]:
        found.append((f"points of nets, which are no draws, in {' and '.join(nets)}", ""))
        words.append("sampling=null")
    if found:
        again = second.place if not nets or second.has_nets else first.place
        raise InputError(
            f"compare: {'; '.join(said for said, _ in found)}; draws pair only where these are "
            f"alike: make {again} again, with the words it had and `sdn-mc run … "
            f"{' '.join(words)}`"
        )


def unpaired(first: Side, second: Side) -> list[tuple[str, str]]:
    """What of seed and times differs, and the word that would make the second as the first."""
    found = list[Difference]()
    if first.about["seed"] != second.about["seed"]:
        found.append(Difference("seed", *(str(side.about["seed"]) for side in (first, second))))
    if first.start != second.start or not np.array_equal(first.time_s, second.time_s):
        times = differences_of(*({"times": side.config["times"]} for side in (first, second)))
        times = [each for each in times if each.key != "times.start"]  # null: as the fleet has it
        if first.start[0] != second.start[0] and not any(each.key == "times" for each in times):
            times.append(Difference("times.start", first.start[0], second.start[0]))
        if not times and not found:  # made by another code; a seed moves the instants, too
            return [("instants came out otherwise, though configured alike,", "")]
        found += times
    return [(_told(each, first, second), _word(each)) for each in found]


def _told(each: Difference, first: Side, second: Side) -> str:
    return f"{each.key} is {each.first} in {first.place} and {each.second} in {second.place}"


def _word(each: Difference) -> str:
    """What a command would say to have it."""
    if each.key != "times":
        return f"{each.key}={each.first}"
    return f"times={BY_TARGET.get(each.first.partition('(')[0], '…')}"


def common_draws(first: Side, second: Side) -> tuple[int, list[str]]:
    """How many first draws both have, in whole groups and epochs, and a note on it."""
    few, many = sorted((first, second), key=lambda side: side.run.result.n_draw)
    fewest, most = few.run.result.n_draw, many.run.result.n_draw
    if fewest == most:
        return fewest, []
    every_epoch = DRAWS_PER_GROUP * first.run.n_epoch
    whole = every_epoch if fewest >= every_epoch else DRAWS_PER_GROUP
    n_draw = fewest // whole * whole
    if not n_draw:
        raise InputError(
            f"compare: {few.place} has {fewest} draws and {many.place} has {most}; different "
            f"numbers pair in whole groups of {DRAWS_PER_GROUP}: `sdn-mc resume {few.place} "
            f"draws={min(most, DRAWS_PER_GROUP)}` gives it as many"
        )
    note = f"{first.run.result.n_draw:,} and {second.run.result.n_draw:,} draws: compared by the "
    note += f"first {n_draw:,} of both, in whole groups of {DRAWS_PER_GROUP}"
    used = n_draw // DRAWS_PER_GROUP
    if used < first.run.n_epoch:
        note += f", which reach {used} of {first.run.n_epoch} epochs"
    return n_draw, [note]


def common_flows(first: Side, second: Side, is_decided: bool) -> tuple[list[str], list[str]]:
    """Names of the flows that both have, in the order of the first, and a note on others."""
    common = list(dict.fromkeys(name for name in first.flows if name in set(second.flows)))
    if not common and not is_decided:
        raise InputError(
            f"compare: no flow of {first.place} ({_some(first.flows)}) has a name that one of "
            f"{second.place} has ({_some(second.flows)}); give both the same flows, as "
            "`sdn-mc run … flows=NAME`"
        )
    if first.flows == second.flows:
        return common, []
    note = f"{len(first.flows)} and {len(second.flows)} flows: "
    note += (
        "each over all its own, as their study does"
        if is_decided
        else f"compared by the {len(common)} whose names both have"
    )
    return common, [note]


def _some(names: Sequence[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
