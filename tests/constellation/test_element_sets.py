"""Fleets from element sets: both patterns, the real files, and the bundled configurations."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import yaml

from sdn_mc import sources
from sdn_mc.constellation.element_sets import CelestrakGroup, ElementSets
from sdn_mc.constellation.labels import ByLaunch
from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.fields import fields_of
from sdn_mc.core.fleet import Fleet, Status
from sdn_mc.core.problems import InputError
from sdn_mc.core.records import ElementRecords

ROOT = Path(__file__).resolve().parents[2]
ELEMENTS = ROOT.parent / "shared" / "data" / "elements"
FOLDER = ROOT / "configs" / "constellation"
OF_RECORDS = sorted(p for p in FOLDER.glob("*.yaml") if "element_sets" in p.read_text())


def records(name: str) -> ElementRecords:
    file = ELEMENTS / f"{name}_2026-08-22.tle"
    if not file.is_file():
        pytest.skip(f"{file.name} is not beside this checkout")
    return sources.read_elements(file, file.name)


def element_sets(given: ElementRecords, **changes) -> ElementSets:
    options = {
        "name": "fleet",
        "pattern": "recover",
        "planes": None,
        "slots": None,
        "n_terminal": 4,
        "unit_cost_musd": None,
        "labels": {},
    }
    return ElementSets(path=given, **(options | changes))


def in_service(fleet: Fleet) -> int:
    return int(np.count_nonzero(fleet.shell >= 0))


@pytest.mark.parametrize(
    # satellites in working shells, planes and shells measured with another implementation on the
    # same files at the newest epoch's next whole hour; OneWeb's and Iridium's are also public
    "name, shells, planes, members",
    [
        ("oneweb", 1, 12, 644),
        ("iridium-next", 1, 6, 67),
        ("sda", 2, 4, 57),
    ],
)
def test_real_fleets_have_the_shells_and_planes_that_are_known(name, shells, planes, members):
    given = records(name)
    fleet = element_sets(given, labels={"launch": ByLaunch()}).build(None)
    assert fleet.n_sat == len(given.elements)
    assert in_service(fleet) == members
    assert len(set(fleet.shell[fleet.shell >= 0])) == shells
    assert len(set(fleet.plane[fleet.plane >= 0])) == planes
    left_out = fleet.shell < 0
    assert np.all(fleet.status[left_out] != Status.IN_SERVICE)
    for label, names in fleet.labels:
        assert set(fleet.group[label].tolist()) == set(range(len(names))), label
    none = fleet.group_names["shell"].index("none") if left_out.any() else -1
    assert np.array_equal(fleet.group["shell"] == none, left_out)


def test_shells_are_named_by_inclination_and_height():
    fleet = element_sets(records("sda")).build(None)
    # 81.0 deg and 81.3 deg, medians 942 km and 950 km of the public table
    assert fleet.group_names["shell"] == ("81.0 deg 942 km", "81.3 deg 950 km", "none")


def test_the_reference_is_the_newest_epoch_and_planes_are_found_at_the_start():
    given = records("iridium-next")
    fleet = element_sets(given).build(None)
    assert fleet.reference.iso().startswith("2026-08-21T15:2")  # README: newest is 15:29 rounded
    a_day_on = fleet.reference.plus_s(86_400.0)
    later = element_sets(given).build(a_day_on)
    np.testing.assert_array_equal(later.plane, fleet.plane)  # measured: all keep their plane
    too_late = element_sets(given).build(JulianDate.parse("2026-10-01T00:00:00Z"))
    assert in_service(too_late) == 0
    assert np.all(too_late.status == Status.OLD_ELEMENTS)


def test_a_celestrak_group_makes_the_same_fleet_as_its_file():
    given = records("iridium-next")
    file = element_sets(given).build(None)
    group = CelestrakGroup(
        group=given, name="fleet", n_terminal=4, unit_cost_musd=None, labels={}
    ).build(None)
    np.testing.assert_array_equal(group.plane, file.plane)
    assert group.labels == file.labels


def test_file_order_takes_planes_and_slots_as_they_stand_and_leaves_nobody_out():
    given = records("kuiper")  # 391 = 17 * 23; raising satellites are kept too
    fleet = element_sets(given, pattern="file_order", planes=17, slots=23).build(None)
    np.testing.assert_array_equal(fleet.plane, np.repeat(np.arange(17), 23))
    np.testing.assert_array_equal(fleet.slot, np.tile(np.arange(23), 17))
    np.testing.assert_array_equal(fleet.layer, fleet.plane)
    assert np.all(fleet.status == Status.IN_SERVICE)
    assert len(fleet.group_names["plane"]) == 17
    assert fleet.group_names["shell"] == ("all",)


@pytest.mark.parametrize(
    "changes, part",
    [
        (
            {"pattern": "file_order", "planes": 17, "slots": 22},
            "constellation: 17 x 22 = 374, but the file has 391 satellites; correct planes",
        ),
        ({"pattern": "file_order", "planes": 17}, "needs both"),
        ({"planes": 17, "slots": 23}, "with pattern: recover"),
    ],
)
def test_planes_and_slots_that_do_not_fit_are_told_in_one_sentence(changes, part):
    made = element_sets(records("kuiper"), **changes)
    assert len(made.problems()) == 1
    assert part in made.problems()[0]
    with pytest.raises(InputError):
        made.build(None)


def test_notes_of_the_records_reach_the_fleet():
    given = records("iridium-next")._replace(notes=("one was dropped",))
    assert "one was dropped" in element_sets(given).build(None).notes


# ---- the bundled configurations


def built(node: dict):
    """A component from its YAML node; the element files come from beside the checkout."""
    module, _, name = node["_target_"].rpartition(".")
    kind = getattr(__import__(module, fromlist=[name]), name)
    given = {key: value for key, value in node.items() if not key.startswith("_")}
    assert set(given) == set(fields_of(kind)), name
    static = {f.name for f in dataclasses.fields(kind) if f.metadata.get("static")}
    for key, info in fields_of(kind).items():
        if isinstance(given[key], int) and key not in static:
            given[key] = float(given[key])
        elif info.reads:
            file = "sda" if "SDA" in str(node.get("name")) else "oneweb"
            given[key] = records(file)
        elif isinstance(given[key], dict):
            values = given[key]
            nested = {k: built(v) if isinstance(v, dict) else v for k, v in values.items()}
            given[key] = nested
    return kind(**given)


@pytest.mark.parametrize("file", OF_RECORDS, ids=lambda file: file.stem)
def test_every_bundled_constellation_of_records_lists_all_fields_and_builds(file):
    fleet = built(yaml.safe_load(file.read_text())).build(None)
    assert fleet.n_sat == (71 if file.stem == "sda_today" else 651)
    assert {"plane", "shell", "constellation"} <= set(fleet.group)
    assert len(OF_RECORDS) == 7


def test_the_default_backbone_has_two_software_groups_on_neighbouring_planes():
    node = yaml.safe_load((ROOT / "configs" / "constellation" / "backbone.yaml").read_text())
    fleet = built(node).build(None)
    assert fleet.group_names["software"] == ("blue", "green")
    np.testing.assert_array_equal(fleet.group["software"], fleet.plane % 2)
    assert fleet.group_names["prime"] == ("SpaceX",)
