"""Two runs compared on common draws, output by output and flow by flow.

Every output that both score in each draw is compared over flows, the first less the second, with
its paired 95 % interval: of two runs of one study as it does, else by `rules`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from sdn_mc import store
from sdn_mc.config.stored import Difference, differences_of
from sdn_mc.core.notes import warnings_in
from sdn_mc.runner.pairing import Pair, numbers_of, paired
from sdn_mc.runner.rules import Rule, asked_of, is_share, rules_of
from sdn_mc.runner.scoring import Scores, Table, compared, scores_of
from sdn_mc.statistics import Estimate
from sdn_mc.statistics.decision import FIRST, NO_MATTER, SECOND, Verdict

BY_FLOW = "availability"
Flows = Sequence[int] | None  # None: all


class Row(NamedTuple):
    """What was found of one output, over flows or of one flow."""

    name: str
    first_mean: float
    second_mean: float
    verdict: Verdict


def compare(
    a: Path | str,
    b: Path | str,
    columns: tuple[str, str] | None = None,
    metrics: Sequence[str] = (),
    plugins: Sequence[str] = (),
) -> xr.Dataset:
    """What differs between two runs, by their folders or URLs.

    Args:
        a: the first run.
        b: the second one, which may be the first again.
        columns: of each; None: the last of each, or those of a study's cases.
        metrics: names of outputs or of metrics; none: all that both runs have.
        plugins: packages whose metrics may be built.
    """
    pair = paired(a, b, columns, plugins)
    rules, notes = rules_of(pair, asked_of(pair, metrics))
    rows = [_over_flows(pair, name, rule) for name, rule in rules.items()]
    by_flow = _by_flow(pair, rules[BY_FLOW]) if BY_FLOW in rules else []
    arrays = _arrays(pair, rules, rows, by_flow)
    return store.comparison_of(arrays, _about(pair, [*_warnings(pair), *pair.notes, *notes]))


def _over_flows(pair: Pair, name: str, rule: Rule) -> Row:
    """One output over the flows that are compared."""
    per_flow = pair.outputs(name)[0].per_flow
    flows = pair.of_both if per_flow and pair.of_both is not None else (None, None)
    return _row(pair, name, rule, pair.tables(name, rule.cap), flows)


def _by_flow(pair: Pair, rule: Rule) -> list[Row]:
    """Availability of each flow that both have."""
    tables = pair.tables(BY_FLOW, rule.cap)
    numbers = zip(*(numbers_of(pair.flows, side.flows) for side in pair.sides), strict=True)
    rows = [_row(pair, BY_FLOW, rule, tables, ([a], [b])) for a, b in numbers]
    return [row._replace(name=flow) for row, flow in zip(rows, pair.flows, strict=True)]


def _row(
    pair: Pair, name: str, rule: Rule, tables: tuple[Table, Table], flows: tuple[Flows, Flows]
) -> Row:
    """The paired difference of one output over some flows of each."""
    both = zip(pair.sides, pair.outputs(name), tables, flows, strict=True)
    one, other = (scores_of(side.run, output, table, of) for side, output, table, of in both)
    if not rule.better and pair.is_one:
        return _same(name, one)
    if not rule.better:  # else as in the study, which takes the reach of the first
        one = one._replace(reach=max(one.reach, other.reach))
    return Row(name, *compared(one, other, pair.epoch, rule.better or "higher", rule.margin))


def _same(name: str, one: Scores) -> Row:
    """A column and itself: not by these draws alone, but always."""
    value, count = float(one.of_draw.mean()), len(one.of_draw)
    nothing = Estimate(0.0, 0.0, 0.0, 0.0, count, np.inf, "one column of one run")
    return Row(name, value, value, Verdict(NO_MATTER, nothing, None))


def _arrays(
    pair: Pair, rules: dict[str, Rule], rows: Sequence[Row], by_flow: Sequence[Row]
) -> dict[str, Any]:
    """What the dataset holds, by name."""
    outputs = [pair.outputs(name)[0] for name in rules]
    better = [rule.better for rule in rules.values()]
    differing = _differing(pair)
    found = {
        "measure": list(rules),
        "long_name_of": [output.long_name for output in outputs],
        "unit": [output.units for output in outputs],
        "is_share": [is_share(output) for output in outputs],
        "better": better,
        "margin": _or_nan([rule.margin for rule in rules.values()]),
        "cap": _or_nan([rule.cap for rule in rules.values()]),
        "flow": _texts([row.name for row in by_flow]),
        "key": _texts([each.key for each in differing]),
        "first_value": _texts([each.first for each in differing]),
        "second_value": _texts([each.second for each in differing]),
    }
    of_flow = [rules[BY_FLOW].better if by_flow else ""] * len(by_flow)
    flows = _found(by_flow, pair.roles.names, of_flow)
    found |= {f"flow_{name}": values for name, values in flows.items()}
    return found | _found(rows, pair.roles.names, better)


def _found(
    rows: Sequence[Row], names: tuple[str, str], better: Sequence[str]
) -> dict[str, np.ndarray]:
    """Means, differences and verdicts of some rows."""
    verdicts = [row.verdict for row in rows]
    words = [_words(verdict, names, by) for verdict, by in zip(verdicts, better, strict=True)]
    return {
        "first_mean": np.array([row.first_mean for row in rows]),
        "second_mean": np.array([row.second_mean for row in rows]),
        "difference": np.array([verdict.difference.value for verdict in verdicts]),
        "difference_low": np.array([verdict.difference.low for verdict in verdicts]),
        "difference_high": np.array([verdict.difference.high for verdict in verdicts]),
        "verdict": _texts(words),
        "draws_needed": np.array([verdict.draws_needed or 0 for verdict in verdicts], np.int64),
    }


def _words(verdict: Verdict, names: tuple[str, str], better: str) -> str:
    if verdict.word not in (FIRST, SECOND):
        return verdict.word
    return f"{names[verdict.word == SECOND]} {'better' if better else 'higher'}"


def _texts(words: Sequence[str]) -> np.ndarray:
    return np.array(words, object)


def _or_nan(values: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values])


def _differing(pair: Pair) -> list[Difference]:
    """Which threats act in each, files that changed, and keys of the configuration."""
    acts = [
        next(each for each in json.loads(side.about["columns"]) if each["name"] == column)
        for side, column in zip(pair.sides, pair.roles.columns, strict=True)
    ]
    causes = [", ".join(each["causes"]) or "none" for each in acts]
    found = [] if causes[0] == causes[1] else [Difference("threats that act", *causes)]
    one, other = (json.loads(side.about.get("inputs", "{}")) for side in pair.sides)
    found += [
        Difference(f"contents of {path}", digest[:12], other[path][:12])
        for path, digest in one.items()
        if other.get(path, digest) != digest
    ]
    return found + differences_of(pair.first.config, pair.second.config)


def _warnings(pair: Pair) -> list[str]:
    """What must be known of each run before its numbers."""
    said = dict[str, list[str]]()
    for name, side in zip(pair.roles.names, pair.sides, strict=True):
        for note in warnings_in(json.loads(side.about["notes"])):
            said.setdefault(note, []).append(name)
    return [
        f"{note} ({'both' if len(of) == len(pair.sides) else of[0]})" for note, of in said.items()
    ]


def _about(pair: Pair, notes: Sequence[str]) -> dict[str, Any]:
    """What the dataset says of itself."""
    found: dict[str, Any] = {"n_draw": len(pair.epoch), "seed": pair.first.about["seed"]}
    for k, (word, side) in enumerate(zip(("first", "second"), pair.sides, strict=True)):
        found |= {
            word: str(side.place),
            f"{word}_name": pair.roles.names[k],
            f"{word}_column": pair.roles.columns[k],
            f"{word}_title": str(side.about["title"]),
            f"{word}_draws": side.run.result.n_draw,
        }
    return found | {"notes": json.dumps(list(notes))}
