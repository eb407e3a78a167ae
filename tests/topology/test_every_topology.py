"""What holds for every YAML file of the group: fields, slots, two ends, no doubles, terminals."""

import dataclasses
import importlib
from pathlib import Path

import numpy as np
import pytest
import yaml

from sdn_mc.core.fields import fields_of
from sdn_mc.core.records import PairRecords
from tests.orbit_fleets import Orbits, walker
from tests.topology.mesh_checks import check_mesh

FOLDER = Path(__file__).resolve().parents[2] / "configs" / "topology"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
LIST = PairRecords(("S0", "1", "S2", "0"), ("1", "S2", "3", "S100"), "links.csv")
TIMES_S = (0.0, 700.0, 1900.0)


def built(name: str, **changed):
    """The component of a YAML file, with some fields changed, also in topologies inside of it."""
    return made(yaml.safe_load((FOLDER / f"{name}.yaml").read_text()), changed)


def made(node: dict, changed: dict):
    """The component of a node."""
    module, _, kind = node["_target_"].rpartition(".")
    values = {
        key: made(value, changed) if isinstance(value, dict) and "_target_" in value else value
        for key, value in node.items()
        if key != "_target_"
    }
    if "path" in values:
        values["path"] = LIST
    if "links" in values:
        values["links"] = tuple(map(tuple, values["links"]))
    if "allowed" in values:
        values["allowed"] = tuple(values["allowed"])
    known = {key: value for key, value in changed.items() if key in values}
    return getattr(importlib.import_module(module), kind)(**(values | known))


@pytest.fixture(scope="module")
def fleet() -> Orbits:
    return walker(24, 20, 13, 70.0, 577.0, time_s=TIMES_S)


@pytest.mark.parametrize("name", NAMES)
def test_the_file_lists_every_field_and_no_other(name):
    node = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    component = built(name)
    assert set(node) - {"_target_"} == {f.name for f in dataclasses.fields(component)}
    assert set(fields_of(component)) == set(node) - {"_target_"}


@pytest.mark.parametrize("mend", ["fixed", "bypass"])
@pytest.mark.parametrize("name", NAMES)
def test_a_link_has_two_ends_and_a_terminal_one_link_whatever_is_lost(name, mend, fleet):
    links = built(name, mend=mend).build(*fleet)
    random = np.random.default_rng(5)
    for share in (0.0, 0.1, 0.4):
        lost = random.random(480) < share
        for time in range(len(TIMES_S)):
            check_mesh(links, lost, time)


@pytest.mark.parametrize("mend", ["fixed", "bypass"])
@pytest.mark.parametrize("name", NAMES)
def test_the_number_of_slots_does_not_depend_on_the_fleet(name, mend, fleet):
    small = walker(4, 4, 1, 70.0, 577.0, time_s=TIMES_S)
    if name == "explicit":
        small = walker(11, 10, 1, 70.0, 577.0, time_s=TIMES_S)
    one, other = (built(name, mend=mend).build(*orbits) for orbits in (fleet, small))
    for field in ("neighbour", "peer", "terminal", "wakes_on", "delay_s"):
        a, b = getattr(one, field), getattr(other, field)
        port = -2 if field == "wakes_on" else -1
        assert a.shape[port:] == b.shape[port:]
    assert one.delay_s.shape == (len(TIMES_S), 480, one.terminal.shape[1])
    assert one.notes


@pytest.mark.parametrize("n_terminal", [0, 1, 2, 3])
@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("bent_pipe", "explicit", "listed")])
def test_no_satellite_uses_more_terminals_than_it_has(name, n_terminal):
    orbits = walker(24, 20, 13, 70.0, 577.0, n_terminal=n_terminal)
    links = built(name).build(*orbits)
    assert np.all(np.isfinite(links.delay_s[0]).sum(axis=1) <= n_terminal)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("bent_pipe", "explicit")])
def test_a_fleet_without_a_usable_satellite_has_no_links(name):
    orbits = walker(4, 4, 1, 70.0, 577.0)
    orbits.ephemeris.status[:] = 1
    links = built(name).build(*orbits)
    assert np.all(np.isinf(links.delay_s))


@pytest.mark.parametrize("name", NAMES)
def test_the_same_input_gives_the_same_bits(name, fleet):
    one, other = built(name, mend="bypass").build(*fleet), built(name, mend="bypass").build(*fleet)
    for field in ("neighbour", "peer", "delay_s"):
        assert getattr(one, field).tobytes() == getattr(other, field).tobytes()
