"""Label rules as enemies: patterns that would never end, sizes and values that do not fit."""

import random
import re
import time
from collections import Counter
from typing import Any

import numpy as np
import pytest

from sdn_mc.constellation.labels import (
    AllSame,
    Alternate,
    Blocks,
    ByLaunch,
    ByName,
    Groups,
    LabelRule,
    Members,
    Table,
    groups_of,
)
from sdn_mc.constellation.patterns import MAX_WAYS, quick_pattern
from sdn_mc.core.fleet import Catalogue
from sdn_mc.core.problems import InputError
from sdn_mc.core.records import LabelRecords
from tests.fuzz.harness import SIZES, clear, hold
from tests.fuzz.mutations import TEXTS, changed

WHERE = "constellation.labels.prime"
PATTERNS = (
    "York", "high p.. s(00|04|08|12)|low p0[01]", "polar p0[0145]", ".* p0[23]", "[a-z]+ p[0-9]{2}",
    "STARLINK-1[0-9]*$", "(T2|T3) (Alpha|Beta)?", "^gamma", "a+b+c+", r"FLOCK \d+P \d+", "[^A]x?y",
)  # fmt: skip
PARTS = (
    "(a+)+", "(a|a)*", "(a|ab)(c|bcd)", "(?=a)", "(?!x)", r"\1", "(?P<n>.)", "(?P=n)", "(?i)",
    "(?i:york)", "a{2,}", "a{99999999999}", "{", "[[", "[]", "(", ")", "*", "+", "?", "*+", "|",
    "(?>a)", "(?#x)", r"\N{BULLET}", r"\x", r"\8", "$", "^", r"\b", r"\Z", ".*", "(.*)*", "(x?)",
    "(x?){20}", "(" * 300, "(" * 300 + ")" * 300, "(a*)*" * 9, "(a|b|ab)+", "x*" * 12,
)  # fmt: skip
NAMES = (
    "York 1", "high p00 s04", "low p01 s11", "polar p02 s1", "STARLINK-1008", "T2 Alpha 7",
    "gamma p01", "a" * 30, "a" * 24 + "!", "aabbcc", "FLOCK 4P 12", "", "é x", "x" * 200,
)  # fmt: skip


def some_members(rng: random.Random) -> Members:
    n_sat = rng.randint(1, 12)
    names = tuple(rng.choice(NAMES) for _ in range(n_sat))
    plane = np.array([rng.randint(-1, 4) for _ in range(n_sat)])
    launch = tuple(rng.choice(("2025-203A", "1998-067", "x", "", "٢٠٢٥-203")) for _ in names)
    return Members(plane, plane.copy(), Catalogue(names, tuple(range(n_sat)), launch))


def some_rule(rng: random.Random) -> LabelRule:
    def text() -> str:
        return changed(rng.choice(PATTERNS + PARTS) + rng.choice((*PARTS, "")), rng)

    values = tuple(rng.choice(("a", "b", "c", *TEXTS[:4])) for _ in range(rng.randint(0, 4)))
    sizes = [None, tuple(rng.randint(-1, 6) for _ in values), (10**30,) * len(values)]
    patterns = {text(): rng.choice("xyz") for _ in range(rng.randint(0, 3))}
    table = {rng.choice((*NAMES, *map(str, range(12)))): rng.choice("rs") for _ in range(20)}
    return rng.choice(
        (
            ByName(patterns=patterns, otherwise=rng.choice(("other", None))),
            ByName(patterns={text(): "x"}, otherwise="other"),
            Blocks(values=values, sizes=rng.choice(sizes), by=rng.choice(("plane", "sat"))),
            Alternate(values=values, by=rng.choice(("plane", "slot", "sat"))),
            Table(path=LabelRecords(table, "t.csv")),
            AllSame(value="x"),
            ByLaunch(),
        )
    )


@pytest.mark.parametrize("n_case", SIZES)
def test_every_rule_gives_each_satellite_its_group_or_is_refused(n_case):
    def make(rng: random.Random) -> tuple[LabelRule, Members]:
        return some_rule(rng), some_members(rng)

    def read(case: Any) -> Groups:
        rule, members = case
        return rule.assign(members, WHERE)

    hold(n_case, make, read, right_groups, set(), WHERE)


def right_groups(case: tuple[LabelRule, Members], groups: Groups) -> None:
    """What the rule says of each satellite, by plain code."""
    rule, members = case
    found = [groups.names[k] for k in groups.member_of]
    assert set(groups.member_of.tolist()) == set(range(len(groups.names)))
    names, numbers = members.catalogue.name, members.catalogue.number
    if isinstance(rule, ByName):
        tests = [(re.compile(p), v) for p, v in rule.patterns.items()]
        assert found == [next((v for t, v in tests if t.match(n)), rule.otherwise) for n in names]
    elif isinstance(rule, Table):
        said = rule.path.value_of
        assert found == [said.get(n, said.get(str(k))) for n, k in zip(names, numbers, strict=True)]
    elif isinstance(rule, ByLaunch):
        assert found == [text[:8] for text in members.catalogue.designator]
        assert all(name.isascii() for name in found)
    elif isinstance(rule, Alternate):
        index = range(len(names)) if rule.by == "sat" else members.plane.tolist()
        of_each = [rule.values[k % len(rule.values)] if k >= 0 else "none" for k in index]
        assert found == of_each
    elif isinstance(rule, Blocks):
        index = range(len(names)) if rule.by == "sat" else members.plane.tolist()
        n_unit = max(index) + 1
        sizes = rule.sizes or [
            len(part) for part in np.array_split(range(n_unit), len(rule.values))
        ]
        assert sum(sizes) == n_unit or not n_unit
        if rule.sizes is not None:
            every = [v for v, size in zip(rule.values, sizes, strict=True) for _ in range(size)]
            assert found == [every[k] if k >= 0 else "none" for k in index]
        else:
            units = {k: g for k, g in zip(index, found, strict=True) if k >= 0}
            assert [units[k] for k in sorted(units)] == sorted(
                units.values(), key=list(rule.values).index
            )
            assert all(n <= max(sizes) for n in Counter(units.values()).values())


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|a)*$", "(a|aa)+$", "(.*)*x", "(x+x+)+y", "(a?){25}a{25}", "((a*)*)*b",
                "(.*a){12}", "(a|ab|b)*c", "x*" * 12, "(a|a)" * 40]
)  # fmt: skip
def test_patterns_that_never_end_are_refused_at_once(pattern):
    began = time.monotonic()
    with pytest.raises(InputError, match="too many ways") as caught:
        quick_pattern(pattern, WHERE, 10_000, 40)
    clear(caught.value, WHERE)
    assert time.monotonic() - began < 1.0  # a busy machine; it takes less than a millisecond


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_of_use_are_allowed_on_the_largest_fleet(pattern):
    if pattern != "a+b+c+":
        assert quick_pattern(pattern, WHERE, 10_746, 24).pattern == pattern


def test_the_slowest_pattern_that_is_allowed_ends_soon():
    name, most = "a" * 400, 0
    for count in range(1, 12):
        try:
            most, pattern = count, quick_pattern("a*" * count + "b", WHERE, 1, len(name))
        except InputError:
            break
    assert 400**most <= MAX_WAYS * 400
    began = time.monotonic()
    assert not pattern.match(name)
    assert time.monotonic() - began < 20  # 10^8 steps; a second or two on an idle core


@pytest.mark.parametrize("label", ["a/b", "../x", "", "a b", "1", "x" + chr(27) + "[2J", "a\n"])
def test_a_label_that_could_not_name_an_array_is_refused(label):
    members = some_members(random.Random(1))
    with pytest.raises(InputError, match="letters, digits and _"):
        groups_of({label: AllSame(value="x")}, members, {})
