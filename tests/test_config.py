"""Bad input: one message each, all faults of a configuration together, before anything runs."""

import pytest

from sdn_mc import config
from sdn_mc.core.problems import InputError
from tests.small_run import SMALL


def faults(*overrides: str) -> list[str]:
    """Problems of the small configuration with something wrong in it."""
    with pytest.raises(InputError) as caught:
        config.load(config.compose([*SMALL, *overrides]))
    return caught.value.problems


CASES = [
    (("draws=0",), "draws: 0 given"),
    (("draws=many",), "draws: 'many' given"),
    (("seed=-1",), "seed: -1 given"),
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


def test_plugins_of_a_stored_configuration_are_not_trusted():
    composed = config.compose([*SMALL, "plugins=[os]", "earth._target_=os.path.join"])
    from omegaconf import OmegaConf

    stored = OmegaConf.to_container(composed)
    assert isinstance(stored, dict)
    with pytest.raises(InputError, match="outside sdn_mc"):
        config.load({str(k): v for k, v in stored.items()}, trusted=False)


def test_every_assumed_value_is_listed():
    job = config.load(config.compose([*SMALL, "threats=[satellite_failure]"]))
    names = {item["name"] for item in job.assumptions}
    assert "threats.satellite_failure.rate_per_year" in names


@pytest.mark.parametrize(
    "name", sorted(p.stem for p in (config.config_folder() / "experiment").glob("*.yaml"))
)
def test_every_experiment_composes(name):
    if name == "crosscheck":
        with pytest.raises(InputError, match=r"mesh\.planes"):
            config.load(config.compose([f"experiment={name}"]))
        return
    composed = config.compose([f"experiment={name}"])
    assert composed.draws == 1024
