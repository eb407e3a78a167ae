"""The questions about a study and their answers in words, and the words that they use.

Numbers are those of its decisions, and of the first of its cases as assumed, in the same digits as
in the tables.
"""

import json
from collections.abc import Iterable, Mapping

import numpy as np
import xarray as xr

from sdn_mc.config.study import EVERY_CASE
from sdn_mc.core.notes import warnings_in
from sdn_mc.report.answers import Answer, answers_of
from sdn_mc.report.catalogue import sentence_of
from sdn_mc.report.decisions import (
    DECIDED,
    FLIPS,
    HOLDS,
    STATES,
    flips,
    is_swept,
    row_words,
    state_of,
)
from sdn_mc.report.figures_data import about
from sdn_mc.report.summary import notes_of

MOST_COLUMNS = 24  # whose availability is told in words
WORDS = (
    ("draw", "one random outcome of everything that may fail, over the whole window; every column "
     "and every run has the same draws, so that differences are taken draw by draw"),
    ("column", "a choice of threats that act; healthy has none"),
    ("case", "what a study compares: a column of a run, of this fleet or of another"),
    ("flow", "a source and a destination on the ground that want a path over the satellites"),
    ("given", "an event that happens once in every draw, whatever its chance would be"),
    ("process", "failures that come at their own rate, all the time"),
    ("window, epoch, instant", "each draw belongs to one of a few epochs, which start at different "
     "days and hours; after its start runs the window, at instants of which paths are found"),
    ("verdict", "better: the paired interval leaves out 0 (higher or lower is better as the study "
     "says; of causes of loss, better means that it costs less); better, by less than: so, but the "
     "difference found is below what matters; no difference: the interval holds 0 and nothing that "
     "matters; not decided: neither, with the number of draws that would do"),
    ("as assumed", "with every assumed value as the tables list it; in a setting one is changed"),
    ("95 % interval", "sampling error alone, of draws, instants and epochs"),
)  # fmt: skip


def study_answers(found: xr.Dataset, trees: Mapping[str, xr.DataTree], n_run: int) -> list[Answer]:
    """The eight questions of a run, of a study; `trees` are its cases as assumed."""
    case, first = next(iter(trees.items()))
    said = dict(answers_of(first, MOST_COLUMNS))
    own = {
        "What was asked?": [*_asked(found), *said["What was asked?"][1:]],
        "What was found?": _found(found),
        "What was assumed?": [_assumed(found)],
        "What would flip the verdict?": _flipping(found),
        "How many draws?": [_draws(found, n_run), *said["How many draws?"]],
    }
    where = "" if case == EVERY_CASE else f"Of the case {case}, as assumed. "
    for asked in said.keys() - own.keys() - {"On what machine?"}:
        own[asked] = [where + said[asked][0], *said[asked][1:]]
    own["What hurt most?"] += warnings_in(notes_of(first))
    order = list(said)
    order.insert(1, "What was found?")
    return [(asked, own.get(asked, said.get(asked, []))) for asked in order]


def _asked(found: xr.Dataset) -> list[str]:
    """The question, what is compared, and by what."""
    against = dict[str, list[str]]()
    for a, b in zip(found["first"].values, found["second"].values, strict=True):
        against.setdefault(str(a), []).append(str(b))
    pairs = "; ".join(f"{a} against {_listed(bs)}" for a, bs in against.items())
    margins = json.loads(found.attrs["margins"])
    measures = _listed(f"{name} (differences of less than {margins[name]:g} "
                       f"{'s ' if name.endswith('_s') else ''}do not matter)"
                       for name in map(str, found["measure"].values))  # fmt: skip
    title = str(found.attrs["title"])
    return [
        title if title.endswith(("?", ".")) else f"{title}.",
        f"Compared, on common draws: {pairs}. Measured by {measures}.",
    ]


def _listed(names: Iterable[str]) -> str:
    """A, B and C."""
    words = list(names)
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _found(found: xr.Dataset) -> list[str]:
    """How many rows are decided, and the largest difference that is."""
    base = found.isel(point=0)
    states = np.array([[state_of(str(word)) for word in row] for row in base["verdict"].values])
    counts = [int((states == k).sum()) for k in range(len(STATES))]
    n_pair, n_measure = states.shape
    rows = f"{n_pair} comparison{'s' * (n_pair > 1)}"
    rows += f" by {n_measure} measures" if n_measure > 1 else ""
    turning = len({(c, m) for c, m, _, words in _swept(found) if words.startswith(FLIPS)})
    small = int(_are_small(found)[states == DECIDED].sum())
    said = [
        f"Of {rows}, as assumed: {counts[1]} decided ({small} of them by less than what matters), "
        f"{counts[0]} without a difference that matters, {counts[2]} not decided. {turning} of "
        "those decided turn within the values that assumptions were swept over."
    ]
    for m, name in enumerate(map(str, found["measure"].values)):
        size = np.abs(base["difference"].values[:, m]) * (states[:, m] == DECIDED)
        if size.max() > 0:
            c = int(size.argmax())
            first, second, difference, verdict = row_words(found, c, m)
            pair = f"{found['first'].values[c]} ({first}) against {found['second'].values[c]}"
            said.append(
                f"Largest difference in {name}: {pair} ({second}): {verdict}, {difference}. "
                + _held(found, c, m)
            )
    return said


def _are_small(found: xr.Dataset) -> np.ndarray:
    """Which differences, as assumed, are below what matters, [comparison, measure]."""
    margins = json.loads(found.attrs["margins"])
    of = np.array([margins[name] for name in map(str, found["measure"].values)])
    return np.abs(found["difference"].values[:, :, 0]) < of


def _held(found: xr.Dataset, comparison: int, measure: int) -> str:
    """At how many settings a verdict is the assumed one."""
    now, *others = map(str, found["verdict"].values[comparison, measure])
    same = sum(words == now for words in others)
    return f"It is so at {same} of {len(others)} settings of the assumptions." if others else ""


def _assumed(found: xr.Dataset) -> str:
    names = [item["name"] for item in json.loads(found.attrs["assumptions"])]
    n_swept = sum(is_swept(found, name) for name in names)
    return (
        f"{len(names)} values that no public source states; they are listed below. {n_swept} of "
        f"them are swept or follow one that is, one at a time; with choices of parts these are "
        f"{found.sizes['point'] - 1} settings. The others are as assumed throughout."
    )


def _flipping(found: xr.Dataset) -> list[str]:
    """Which assumption turns which verdict, and which decides one that is open as assumed."""
    turned, opened = list[str](), dict[str, list[str]]()
    base = json.loads(found.attrs["base"])
    for c, m, key, words in _swept(found):
        pair = f"{found['first'].values[c]} against {found['second'].values[c]}"
        pair += f", by {found['measure'].values[m]}" if found.sizes["measure"] > 1 else ""
        now = str(found["verdict"].values[c, m, 0])
        if words.startswith(FLIPS):
            words = f"for {key} (assumed: {base.get(key)}) {words.removeprefix(FLIPS)}"
            turned.append(f"{pair}: {now} as assumed; {words}.")
        elif state_of(now) != DECIDED and words != HOLDS:
            opened.setdefault(f"{pair}: {STATES[state_of(now)]} as assumed", []).append(key)
    told = ["Over the values they were swept over, no assumption turns a decided verdict."]
    if turned:
        told = ["Verdicts that turn, each by one assumption alone:", *turned]
    return told + [
        f"{row}; decided at other values of {_listed(keys)}." for row, keys in opened.items()
    ]


def _swept(found: xr.Dataset) -> list[tuple[int, int, str, str]]:
    """Every row with every swept key, and what sweeping it does."""
    return [
        (c, m, key, flips(found, c, m, key))
        for c, m in np.ndindex(found.sizes["comparison"], found.sizes["measure"])
        for key in json.loads(found.attrs["swept"])
    ]


def words_of(first: xr.DataTree) -> list[tuple[str, str]]:
    """What the page's words and the names of its threats mean."""
    names = about(first, "config", {}).get("threats", {})
    causes = [(name, words) for name in names if (words := sentence_of("threats", name))]
    return [*WORDS, *causes]


def _draws(found: xr.Dataset, n_run: int) -> str:
    return (
        f"{found.attrs['n_draw']:,} draws in each of {n_run} runs, seed {found.attrs['seed']}: the "
        f"cases as assumed, and again with one assumption changed. Of the first run:"
    )
