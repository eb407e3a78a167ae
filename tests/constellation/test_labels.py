"""Label rules: which satellites fail together."""

import numpy as np
import pytest

from sdn_mc.constellation.labels import (
    AllSame,
    Alternate,
    Blocks,
    ByLaunch,
    ByName,
    Groups,
    Members,
    Table,
    groups_of,
    numbered_groups,
)
from sdn_mc.core.fleet import Catalogue
from sdn_mc.core.problems import InputError
from sdn_mc.core.records import LabelRecords

WHERE = "constellation.labels.prime"


@pytest.fixture
def members() -> Members:
    """Six planes of 2, 1, 2, 1, 1 and 1 satellites, and one satellite without a plane."""
    return Members(
        plane=np.array([0, 0, 1, 2, 2, 3, 4, 5, -1]),
        slot=np.array([0, 1, 0, 0, 1, 0, 0, 0, -1]),
        catalogue=Catalogue(
            ("York 1", "York 2", "LM 1", "LM 2", "LM 3", "NG 1", "NG 2", "NG 3", "spare"),
            tuple(range(101, 110)),
            ("2025-203A", "2025-203B", *["2025-230C"] * 6, "2025-203ZZ"),
        ),
    )


def named(groups: Groups) -> list[str]:
    """The group of each satellite by name; every group has a member."""
    assert set(groups.member_of.tolist()) == set(range(len(groups.names)))
    return [groups.names[k] for k in groups.member_of]


def test_all_satellites_are_the_same(members):
    assert named(AllSame("SpaceX").assign(members, WHERE)) == ["SpaceX"] * 9


def test_blocks_of_two_planes_go_to_three_vendors_as_in_tranche_1(members):
    rule = Blocks(values=("York", "Lockheed", "Northrop"), sizes=None, by="plane")
    expected = ["York"] * 3 + ["Lockheed"] * 3 + ["Northrop"] * 2 + ["none"]
    assert named(rule.assign(members, WHERE)) == expected
    same = Blocks(values=("York", "Lockheed", "Northrop"), sizes=(2, 2, 2), by="plane")
    assert named(same.assign(members, WHERE)) == expected


def test_blocks_of_satellites_have_the_sizes_given(members):
    rule = Blocks(values=("a", "b", "c"), sizes=(4, 0, 5), by="sat")
    assert named(rule.assign(members, WHERE)) == ["a"] * 4 + ["c"] * 5


def test_equal_blocks_differ_by_one_member_at_most():
    for n_sat, n_value in ((480, 7), (10, 3), (5, 5), (3, 2)):
        index = np.arange(n_sat)
        crowd = Members(index, index, Catalogue(("x",) * n_sat, tuple(index), ("",) * n_sat))
        rule = Blocks(values=tuple("abcdefg"[:n_value]), sizes=None, by="plane")
        groups = rule.assign(crowd, WHERE)
        sizes = np.bincount(groups.member_of)
        assert len(sizes) == n_value
        assert sizes.max() - sizes.min() <= 1
        assert np.all(np.diff(groups.member_of) >= 0)


def test_neighbouring_planes_alternate(members):
    groups = Alternate(values=("blue", "green"), by="plane").assign(members, WHERE)
    assert named(groups) == [
        "blue", "blue", "green", "blue", "blue", "green", "blue", "green", "none",
    ]  # fmt: skip


def test_slots_and_satellites_alternate_too(members):
    by_slot = Alternate(values=("blue", "green"), by="slot").assign(members, WHERE)
    assert named(by_slot)[:5] == ["blue", "green", "blue", "blue", "green"]
    by_sat = Alternate(values=("x", "y", "z"), by="sat").assign(members, WHERE)
    assert named(by_sat) == ["x", "y", "z"] * 3


def test_a_table_goes_by_name_and_by_number(members):
    names = members.catalogue.name
    by_name = {name: name.split()[0] for name in names[:5]}
    by_number = {str(number): "rest" for number in members.catalogue.number[5:]}
    rule = Table(path=LabelRecords(by_name | by_number, "makers.csv"))
    assert named(rule.assign(members, WHERE)) == ["York"] * 2 + ["LM"] * 3 + ["rest"] * 4
    with pytest.raises(InputError, match=r"prime: no group for NG 1, NG 2, NG 3, spare \(makers"):
        Table(path=LabelRecords(by_name, "makers.csv")).assign(members, WHERE)


def test_launches_come_from_the_international_designator(members):
    groups = ByLaunch().assign(members, WHERE)
    assert groups.names == ("2025-203", "2025-230")
    assert groups.member_of.tolist() == [0, 0, 1, 1, 1, 1, 1, 1, 0]
    nameless = members._replace(catalogue=members.catalogue._replace(designator=("",) * 9))
    with pytest.raises(InputError, match=r"York 1, York 2, LM 1, LM 2 and 5 more .*no launch"):
        ByLaunch().assign(nameless, WHERE)


def test_names_are_matched_from_their_start_by_the_first_pattern(members):
    rule = ByName(patterns={"York": "York", "[LN].": "others"}, otherwise="unknown")
    assert named(rule.assign(members, WHERE)) == ["York"] * 2 + ["others"] * 6 + ["unknown"]
    with pytest.raises(InputError, match=r"labels.prime: no group for spare \(no pattern"):
        ByName(patterns={"York|[LN].": "all"}, otherwise=None).assign(members, WHERE)
    with pytest.raises(InputError, match="no regular expression"):
        ByName(patterns={"(": "all"}, otherwise=None).assign(members, WHERE)


@pytest.mark.parametrize(
    "rule",
    [
        Blocks(values=("a", "b"), sizes=(3, 2), by="plane"),
        Blocks(values=("a", "b"), sizes=(6,), by="plane"),
        Blocks(values=("a", "b"), sizes=(7, -1), by="plane"),
        Alternate(values=(), by="plane"),
        Alternate(values=("a", "a"), by="slot"),
    ],
)
def test_sizes_and_values_that_do_not_fit_are_told_with_their_key(rule, members):
    with pytest.raises(InputError, match=f"^{WHERE}: (sizes|values) "):
        rule.assign(members, WHERE)


def test_labels_are_in_name_order_whatever_the_configuration_says(members):
    fixed = {"plane": numbered_groups(members.plane, tuple("abcdef"))}
    rules = {"software": AllSame("one"), "bus": AllSame("two")}
    group, labels = groups_of(rules, members, fixed)
    again, same = groups_of(dict(reversed(rules.items())), members, fixed)
    assert (
        labels
        == same
        == (
            ("bus", ("two",)),
            ("plane", ("a", "b", "c", "d", "e", "f", "none")),
            ("software", ("one",)),
        )
    )
    assert list(group) == list(again) == ["bus", "plane", "software"]
    assert group["plane"].tolist() == [0, 0, 1, 2, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("label", ["plane", "terminal", "sat"])
def test_a_label_that_means_something_else_is_refused(label, members):
    with pytest.raises(InputError, match=f"labels.{label}: .*choose another name"):
        groups_of({label: AllSame("x")}, members, {})
