"""Every threat keeps its promises: fields in its YAML, off changes nothing, same in any batch."""

import dataclasses
import importlib
from pathlib import Path

import numpy as np
import pytest
import yaml

from sdn_mc import config, engine
from sdn_mc.core.bits import unpack_draws
from sdn_mc.core.fields import fields_of
from sdn_mc.engine import Column
from tests.small_run import one_threat

FOLDER = config.config_folder() / "threats"
NAMES = [p.stem for p in sorted(FOLDER.glob("*.yaml")) if p.stem != "none"]
WITH_SETTINGS = [n for n in NAMES if n != "explicit_loss"]  # its input is a list, not a strength


def masks_of(run, draws: range):
    """Link and access booleans [time, …, draw] of the only column."""
    _, outages = engine.sample_draws(run, 0, np.array(draws, np.uint32))
    (masks,) = engine.masks_at(
        run, 0, outages, (Column("all", tuple(run.system.threats)),), run.scenes[0].time_s
    )
    link = unpack_draws(np.moveaxis(masks.link_up, 1, -1))
    access = unpack_draws(np.moveaxis(masks.access_up, 1, -1))
    return link, access


def node_of(name: str) -> dict:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text())[name]


@pytest.mark.parametrize("path", sorted(Path(config.config_folder()).glob("*/*.yaml")), ids=str)
def test_yaml_keys_are_the_fields_of_the_component(path):
    if path.parent.name == "experiment":
        return
    content = yaml.safe_load(path.read_text()) or {}
    nodes = [content] if "_target_" in content else list(content.values())
    for node in nodes:
        if not (isinstance(node, dict) and "_target_" in node):
            continue
        module, _, name = node["_target_"].rpartition(".")
        kind = getattr(importlib.import_module(module), name)
        keys = {key for key in node if not key.startswith("_")}
        own = {f.name for f in dataclasses.fields(kind)}
        assert keys <= own and set(fields_of(kind)) <= keys


@pytest.mark.parametrize("name", WITH_SETTINGS)
def test_off_changes_nothing(name):
    link, access = masks_of(one_threat(name, node_of(name)["_off_"]), range(64))
    assert link.all() and access.all()


@pytest.mark.parametrize("name", NAMES)
def test_a_draw_is_the_same_in_any_batch(name):
    run = one_threat(name, {"path": "null"} if name == "explicit_loss" else None)
    whole, _ = masks_of(run, range(128))
    part, _ = masks_of(run, range(96, 128))
    assert np.array_equal(whole[..., 96:128], part)
