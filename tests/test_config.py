"""Bad input: one message each, all faults of a configuration together, before anything runs."""

import copy
import math
import random
from typing import Any

import pytest
from omegaconf import OmegaConf

from sdn_mc import config
from sdn_mc.core.problems import InputError
from tests.small_run import SMALL


def faults(*overrides: str) -> list[str]:
    """Problems of the small configuration with something wrong in it."""
    with pytest.raises(InputError) as caught:
        config.load(config.compose([*SMALL, *overrides]))
    return caught.value.problems


def tree_of(*overrides: str) -> dict[str, Any]:
    """The small configuration as plain values."""
    plain = OmegaConf.to_container(config.compose([*SMALL, *overrides]))
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


def faults_with(values: dict[str, Any]) -> list[str]:
    """Problems of the small configuration under a vendor fault, with other values somewhere."""
    tree = tree_of("threats=[vendor_fault]")
    for place, value in values.items():
        node, (*parents, last) = tree, place.split(".")
        for key in parents:
            node = node[key]
        node[last] = value
    with pytest.raises(InputError) as caught:
        config.load(tree)
    return caught.value.problems


CASES = [
    (("draws=0",), "draws: 0 given"),
    (("draws=many",), "draws: 'many' given"),
    (("seed=-1",), "seed: -1 given"),
    (("draws=1000", "sampling=sobol"), "needs a multiple of 256; set draws=1024"),
    (("sampling=tilt",), "sampling.factors: none given"),
    (("sampling=tilt", "+sampling.factors.vendor=2"), "sampling: no threat is named 'vendor'"),
    (("sampling=strata", "sampling.of=[satellite_failure]", "sampling.first=[1]"), "from 0, as"),
    (("threats=[vendor_fault]", "threats.vendor_fault.probability=1.5"), "allowed are 0 to 1"),
    (("access.min_elevation_deg=95",), "allowed are -10 to 90 deg"),
    (("access.min_elevation_deg=high",), "'high' given; give a number"),
    (("access.attachment=best",), "allowed are any, best_elevation"),
    (("times.count=2.5",), "times.count: 2.5 given"),
    (("flows.flows=[[London,Atlantis]]",), "no site is named 'Atlantis'"),
    (("flows.flows=[[London,London]]",), "the same site"),
    (("flows.flows=[]",), "no flow is listed"),
    (("+sites.sites.Here=[95, 0, 0]",), "latitude 95 deg given"),
    (("constellation.shells.shell.satellites=17",), "do not divide into 2 planes"),
    (("metrics=[continuity]",), "it needs episode times"),
    (("sites=file", "sites.path=no/such.csv"), "no/such.csv"),
    (("+columns={a: [vendor]}",), "no threat is named 'vendor'"),
    (("+columns={a-b: []}",), "name a column by letters"),
    (("store.paths=some",), "allowed are auto, all, first_1000, none"),
    (("run.block_draws=48",), "allowed are 32, 64, 128, 256"),
    (("+drawz=10",), "drawz: unknown key"),
    (("+access.elevation=10",), "access.elevation: unknown key"),
    (("constellation._target_=os.system",), "outside sdn_mc"),
    (("constellation._target_=sdn_mc.cli.main",), "is not a component"),
]


@pytest.mark.parametrize("overrides, words", CASES, ids=[c[0][-1] for c in CASES])
def test_bad_input_is_one_clear_message(overrides, words):
    problems = faults(*overrides)
    assert any(words in problem for problem in problems), problems


@pytest.mark.parametrize(
    "override, words",
    [
        ("drawz=10", "drawz=10: there is no such key"),
        ("access.min_elevation=10", "did you mean min_elevation_deg?"),
        ("sites.sites={X: [0, 0, 0]}", "+sites.sites"),
        ("constellation=backbon", "backbon"),
        ("draws=[1", "draws=[1"),
    ],
)
def test_what_hydra_refuses_is_one_clear_message(override, words):
    with pytest.raises(InputError) as caught:
        config.compose([*SMALL, override])
    assert len(caught.value.problems) == 1 and words in caught.value.problems[0]


def test_all_faults_come_together():
    problems = faults("draws=0", "access.min_elevation_deg=95", "+sites.sites.X=[95, 0, 0]")
    assert len(problems) >= 3


def test_a_distribution_outside_its_range_is_refused():
    problems = faults(
        "threats=[vendor_fault]",
        "threats.vendor_fault.probability={_target_: sdn_mc.core.distributions.Uniform, low: 0.5, "
        "high: 1.5}",
    )
    assert any("the distribution runs from" in problem for problem in problems)


@pytest.mark.parametrize(
    "name, given, words",
    [
        ("Triangular", {"low": 1, "mode": 1, "high": 1}, "makes no sense"),
        ("Triangular", {"low": 0, "mode": 2, "high": 1}, "makes no sense"),
        ("LogNormal", {"median": 2.5, "sigma": "wide"}, "repair_h.sigma: 'wide' given; give a num"),
        ("LogNormal", {"median": 2.5}, "repair_h.sigma: no value given"),
        ("Uniform", {"low": 1, "high": 2, "shape": [3]}, "repair_h.shape: unknown key"),
    ],
)
def test_a_distribution_without_sense_is_refused(name, given, words):
    node = {"_target_": f"sdn_mc.core.distributions.{name}"} | given
    problems = faults_with({"threats.vendor_fault.repair_h": node})
    assert len(problems) == 1 and words in problems[0]


def test_only_threats_may_be_drawn():
    node = {"_target_": "sdn_mc.core.distributions.Uniform", "low": 1.0, "high": 2.0}
    for key in ("constellation.unit_cost_musd", "constellation.shells.shell.altitude_km"):
        (problem,) = faults_with({key: node})
        assert f"{key}: a distribution given, but only threats are drawn" in problem


def test_a_misspelt_assumption_is_told():
    (problem,) = faults_with({"constellation._assumed_": ["n_terminals"]})
    assert "constellation._assumed_: ['n_terminals'] given; list fields" in problem


# ---- nothing but our own components is built


@pytest.mark.parametrize(
    "target", ["os.system", "sdn_mcx.evil.Thing", "subprocess.Popen", "builtins.eval", 5, None]
)
@pytest.mark.parametrize(
    "place",
    ["earth", "threats.vendor_fault", "constellation.labels.prime", "constellation.shells.shell",
     "threats.vendor_fault.repair_h", "metrics.availability"],
)  # fmt: skip
def test_targets_outside_the_package_are_refused_wherever_they_stand(place, target):
    problems = faults_with({place: {"_target_": target}})
    assert any(f"{place}._target_: " in p and "outside sdn_mc" in p for p in problems), problems


@pytest.mark.parametrize(
    "target, words",
    [
        ("sdn_mc.cli.main", "is not a component"),
        ("sdn_mc.config.load", "is not a component"),
        ("sdn_mc.config.building.importlib", "is not a component"),
        ("sdn_mc.access.sites.SiteList", "does not fit here"),
        ("sdn_mc.core.scene.Sites", "does not fit here"),
        ("sdn_mc.threats.nothing.AtAll", "there is no"),
        ("sdn_mc.", "there is no"),
        ("sdn_mc..threats.X", "there is no"),
    ],
)
def test_what_is_no_component_of_that_place_is_refused(target, words):
    problems = faults_with({"threats.vendor_fault": {"_target_": target}})
    assert any(words in p for p in problems), problems


def test_plugins_of_a_stored_configuration_are_not_trusted():
    stored = tree_of("plugins=[os]") | {"earth": {"_target_": "os.path.join"}}
    with pytest.raises(InputError, match="outside sdn_mc"):
        config.load(stored, plugins=())


def test_a_name_that_only_begins_like_a_plugin_is_refused():
    stored = tree_of("plugins=[sub]") | {"earth": {"_target_": "subprocess.Popen"}}
    with pytest.raises(InputError, match="outside sdn_mc"):
        config.load(stored)


# ---- any value at any key


WEIRD = (
    None, -1, 0, 2.5, math.nan, math.inf, 10**400, True, "text", "", [], [1], [None], [[1, 2]], {},
    {"a": 1}, {"_target_": "sdn_mc.access.sites.SiteList"}, {"_target_": 5},
    {"_target_": "sdn_mc.core.distributions.Normal", "mean": 0, "sigma": -1},
)  # fmt: skip
RICH = (
    ("threats=[satellite_failure,vendor_fault,software_fault,plane_outage]",
     "metrics=[availability,latency,deadline,degradation]"),
    ("times=episode", "times.horizon_h=0.1", "metrics=[continuity]", "routing=lagged",
     "topology=planned", "propagation=two_body", "earth=sphere", "threats=none"),
)  # fmt: skip


def places(node, path=()):
    """Every place of a configuration, parents before what is in them."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in pairs:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def told_or_taken(tree, path, value):
    """Loads the configuration with a value somewhere; faults are whole lines, and never others."""
    changed = copy.deepcopy(tree)
    node = changed
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    try:
        config.load(changed)
    except InputError as error:
        for problem in error.problems:
            assert "\n" not in problem and len(problem) < 800, (path, value, problem)


@pytest.mark.parametrize("overrides", RICH, ids=["snapshot", "episode"])
def test_some_values_at_some_keys_are_taken_or_told(overrides):
    tree = tree_of(*overrides)
    every = [(path, value) for path in places(tree) for value in WEIRD]
    for path, value in random.Random(1).sample(every, 60):
        told_or_taken(tree, path, value)


@pytest.mark.slow
@pytest.mark.parametrize("overrides", RICH, ids=["snapshot", "episode"])
def test_any_value_at_any_key_is_taken_or_told(overrides):
    tree = tree_of(*overrides)
    tree["sites"]["sites"] = {k: tree["sites"]["sites"][k] for k in ("London", "Paris", "New York")}
    for path in places(tree):
        for value in WEIRD:
            told_or_taken(tree, path, value)


def test_every_assumed_value_is_listed():
    job = config.load(config.compose([*SMALL, "threats=[satellite_failure]"]))
    names = {item["name"] for item in job.assumptions}
    assert "threats.satellite_failure.rate_per_year" in names


@pytest.mark.parametrize(
    "name",
    sorted(
        path.relative_to(config.config_folder() / "experiment").with_suffix("").as_posix()
        for path in (config.config_folder() / "experiment").rglob("*.yaml")
    ),
)
def test_every_experiment_composes(name):
    if name == "crosscheck":
        with pytest.raises(InputError, match=r"mesh\.planes"):
            config.load(config.compose([f"experiment={name}"]))
        return
    composed = config.compose([f"experiment={name}"])
    assert composed.draws % 256 == 0  # whole groups of an epoch


def test_importance_is_asked_for_by_one_word():
    three = "threats=[satellite_failure,terminal_failure,vendor_fault]"
    job = config.load(config.compose([*SMALL, three, "columns=importance"]))
    a, b, c = "satellite_failure", "terminal_failure", "vendor_fault"
    assert list(job.columns.items()) == [
        (f"only_{a}", (a,)),
        (f"only_{b}", (b,)),
        (f"only_{c}", (c,)),
        (f"all_but_{a}", (b, c)),
        (f"all_but_{b}", (a, c)),
        (f"all_but_{c}", (a, b)),
        ("all", (a, b, c)),
    ]
    assert config.load(job.resolved).columns == job.columns  # as a resumed run reads it


def test_equal_columns_of_importance_are_not_computed_twice():
    two = config.load(
        config.compose([*SMALL, "threats=[plane_outage,vendor_fault]", "columns=importance"])
    )
    assert list(two.columns) == ["only_plane_outage", "only_vendor_fault", "all"]
    one = config.load(config.compose([*SMALL, "threats=[vendor_fault]", "columns=importance"]))
    assert one.columns == {"all": ("vendor_fault",)}
