"""Every experiment that compares cases: its study fits its run; run small it ends in verdicts."""

import numpy as np
import pytest
from omegaconf import OmegaConf
from rich.console import Console

from sdn_mc import config
from sdn_mc.config.study import covers
from sdn_mc.runner import study
from sdn_mc.store import open_decisions

FOLDER = config.config_folder() / "experiment"
STUDIES = sorted(path.stem for path in FOLDER.glob("*.yaml") if "\nstudy:" in path.read_text())
SMALL = ("draws=32", "times.n_epoch=1", "study.assumptions=null")
FEW = {"snapshot": "times.count=3", "episode": "times.step_s=120"}


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_names_columns_outputs_and_keys_that_there_are(name):
    composed = config.compose([f"experiment={name}"])
    job = config.load(composed)
    asked = config.study_of(job.resolved)
    outputs = {o.name for metric in job.parts["metrics"].values() for o in metric.outputs()}
    assert {case.column for case in asked.cases} <= set(job.columns)
    assert {measure.name for measure in asked.measures} <= outputs
    for key, values in asked.assumptions:
        if "*" in key:
            assert any(covers(key, item["name"]) for item in job.assumptions), key
        else:
            assert key.rpartition(".")[2] in OmegaConf.select(composed, key.rpartition(".")[0]), key
        assert all(isinstance(value, bool | int | float | str | dict) for value in values)
    assert len({name for pair in asked.compare for name in pair}) > 1


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_a_study_run_small_ends_in_verdicts(name, tmp_path):
    mode = config.job_of([f"experiment={name}"]).parts["times"].mode
    overrides = [f"experiment={name}", *SMALL, FEW[mode]]
    asked = config.study_of(config.job_of(overrides).resolved)
    found = open_decisions(study.begin(asked, overrides, (), tmp_path, Console(quiet=True)))
    assert found.sizes["point"] == 1 and found.sizes["comparison"] == len(asked.compare)
    assert np.all(np.isfinite(found["difference"]))
    assert all(str(word) for word in found["verdict"].values.ravel())
