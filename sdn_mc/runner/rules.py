"""By what two runs are compared: outputs, margins, and what larger values count as.

A study says what is better, from which difference on it matters, and what no path counts as. Else
nobody says what is better, shares (unit 1, within 0 and 1) have a margin of 0.005, and others none,
so that of them no difference is ever called too small.

What has no largest value needs one, since two without a path have no difference. Larger values
count as

    a chain's own `charged_s`                        of its times,
    the larger `deadline_s` of the runs' metrics     of other percentiles over times in s,
    the horizon                                      of times to restore,
    the whole scene                                  of other times in s;

what else may be infinite, and is, is left out, and said to be.
"""

import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sdn_mc.core.constants import S_PER_H
from sdn_mc.core.problems import InputError
from sdn_mc.core.protocols import Output
from sdn_mc.runner.pairing import Pair, Side

MARGIN_OF_SHARES = 0.005
SHARE = (0.0, 1.0)


class Rule(NamedTuple):
    """By what an output is compared."""

    better: str  # "higher", "lower"; "": nobody says
    margin: float | None
    cap: float | None


def asked_of(pair: Pair, metrics: Sequence[str]) -> list[str]:
    """Outputs of both, or those asked for by their names or by those of their metrics."""
    there = pair.second.run.outputs
    both = [name for name in pair.first.run.outputs if name in there]
    both.sort(key=lambda name: name not in pair.roles.measures)  # those of the study first
    if not both:
        raise InputError(
            f"compare: {pair.first.place} and {pair.second.place} score nothing alike; give both "
            "the same metrics, as `sdn-mc run … metrics=[availability]`"
        )
    asked = set[str]()
    for word in metrics:
        of_word = {word} if word in both else set(_outputs_of(pair.first, word)) & set(both)
        if not of_word:
            raise InputError(
                f"compare: metrics: nothing that both runs score is called {word!r}; there are "
                f"{', '.join(both)}"
            )
        asked |= of_word
    return [name for name in both if not metrics or name in asked]


def _outputs_of(side: Side, metric: str) -> list[str]:
    """Outputs of one metric, by its name."""
    return [o.name for o in side.metrics[metric].outputs()] if metric in side.metrics else []


def is_share(output: Output) -> bool:
    """Do its values lie between 0 and 1?"""
    return output.units == "1" and output.within == SHARE


def rules_of(pair: Pair, names: Sequence[str]) -> tuple[dict[str, Rule], list[str]]:
    """By what each output is compared; and notes, also on those that cannot be."""
    rules, left_out = dict[str, Rule](), dict[str, list[str]]()
    for name in names:
        found = _rule(pair, name)
        if isinstance(found, Rule):
            rules[name] = found
        else:
            left_out.setdefault(found, []).append(name)
    if not rules:
        why = "; ".join(f"{', '.join(of)}: {reason}" for reason, of in left_out.items())
        raise InputError(f"compare: nothing is left to compare; {why}")
    notes = [f"{', '.join(of)}: left out; {reason}" for reason, of in left_out.items()]
    return rules, _notes(pair, rules) + notes


def _rule(pair: Pair, name: str) -> Rule | str:
    """By what an output is compared, or why it cannot be."""
    if (measure := pair.roles.measures.get(name)) is not None:
        return Rule(measure.better, measure.margin, measure.cap)
    one, other = outputs = pair.outputs(name)
    if (one.units, one.tail, one.per_flow) != (other.units, other.tail, other.per_flow):
        return "another quantity in each run"
    if one.tail is not None and any(side.run.sampling for side in pair.sides):
        return "a mean of the worst draws is compared by plain draws alone"
    if np.isfinite([output.within[1] for output in outputs]).all():
        return Rule("", MARGIN_OF_SHARES if is_share(one) else None, None)
    caps = [_cap(side, output) for side, output in zip(pair.sides, outputs, strict=True)]
    known = [cap for cap in caps if cap is not None]
    if known or all(np.isfinite(table.of_draw).all() for table in pair.tables(name, None)):
        return Rule("", None, max(known, default=None))
    if one.units != "s":
        return "infinite in some draws, and nothing that this could count as"
    return (
        "infinite in some draws, and no metric of the runs has a `deadline_s` for that to count "
        "as; `degradation` has"
    )


def _cap(side: Side, output: Output) -> float | None:
    """What larger values of an output without a largest one count as; None: not known."""
    if output.units != "s":
        return None
    of = next(m for m in side.metrics.values() if output.name in {o.name for o in m.outputs()})
    if (charged_s := getattr(of, "charged_s", None)) is not None:
        return float(charged_s)
    if output.interval == "quantile":
        limits = [getattr(metric, "deadline_s", None) for metric in side.metrics.values()]
        return max((float(limit) for limit in limits if limit is not None), default=None)
    times = side.config["times"]
    if output.interval == "survival" and "horizon_h" in times:
        return S_PER_H * float(times["horizon_h"])
    return float(side.time_s[:, -1].max() + np.diff(side.time_s[:, -2:]).max(initial=0.0))


def _notes(pair: Pair, rules: dict[str, Rule]) -> list[str]:
    """What a reader must know of the rows."""
    capped = dict[str, list[str]]()
    for name, rule in rules.items():
        output = pair.outputs(name)[0]
        if rule.cap is not None and output.average == "median":
            capped.setdefault(f"{rule.cap:,g} {output.units}", []).append(name)
    found = [
        f"{', '.join(names)}: no path, and more than {cap}, count as {cap}; the mean of flows and "
        "draws, where summaries tell the median"
        for cap, names in capped.items()
    ]
    both = {name: pair.outputs(name) for name in rules}
    other = [n for n, (a, b) in both.items() if (a.meaning, a.within) != (b.meaning, b.within)]
    if other:
        found.append(f"{', '.join(other)}: defined otherwise in each run")
    whole = [name for name, (output, _) in both.items() if not output.per_flow]
    if whole and pair.of_both is not None:
        found.append(f"{', '.join(whole)}: of all flows of each run, which are not the same")
    versions = [json.loads(side.about["versions"])["sdn_mc"] for side in pair.sides]
    if versions[0] != versions[1]:
        found.append(f"made by sdn_mc {' and '.join(versions)}, whose draws may differ")
    return found
