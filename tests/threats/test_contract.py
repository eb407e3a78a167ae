"""Every threat keeps its promises: fields in its YAML, off changes nothing, same in any batch."""

import dataclasses
import importlib.util
from pathlib import Path

import numpy as np
import pytest
import yaml

from sdn_mc import config, engine
from sdn_mc.core.bits import unpack_draws
from sdn_mc.core.fields import fields_of
from sdn_mc.engine import Column, Prepared
from sdn_mc.engine.causes import sample
from tests.small_run import one_threat

FOLDER = config.config_folder() / "threats"
EVERY = [p.stem for p in sorted(FOLDER.glob("*.yaml")) if p.stem != "none"]


# What a reaction reacts to: satellites lost for years, terminals for hours.
LOSSES = ("satellite_failure", "terminal_failure")
STRENGTHS = (
    "threats.satellite_failure.rate_per_year=0.1",
    "threats.satellite_failure.replacement_d=3650",
    "threats.terminal_failure.rate_per_year=1000",
    "threats.terminal_failure.repair_d=0.2",
)


def run_of(name: str, settings: dict | None = None) -> Prepared:
    """A run of the threat alone; of a reaction, beside what it reacts to."""
    if not hasattr(kind_of(name), "react"):
        return one_threat(name, settings)
    return one_threat(name, settings, STRENGTHS, LOSSES)


def masks_of(run, draws: range, without: str | None = None):
    """Link and access booleans [time, …, draw] of the only column, with or without a threat."""
    _, outages = engine.sample_draws(run, 0, np.array(draws, np.uint32))
    columns = (Column("all", tuple(name for name in run.system.threats if name != without)),)
    (masks,) = engine.masks_at(run, 0, outages, columns, run.scenes[0].time_s, len(draws))
    link = unpack_draws(np.moveaxis(masks.link_up, 1, -1))
    access = unpack_draws(np.moveaxis(masks.access_up, 1, -1))
    return link, access


def node_of(name: str) -> dict:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text())[name]


def kind_of(name: str) -> type:
    module, _, kind = node_of(name)["_target_"].rpartition(".")
    return getattr(importlib.import_module(module), kind)


def named(name: str):
    """The name, skipped where a library that its YAML needs is absent."""
    library = node_of(name).get("_needs_")
    absent = library is not None and importlib.util.find_spec(library) is None
    reason = f"the optional library {library} is not installed"
    return pytest.param(name, marks=pytest.mark.skipif(absent, reason=reason))


NAMES = [named(name) for name in EVERY]
# A list of losses is an input, not a strength.
WITH_SETTINGS = [named(name) for name in EVERY if name != "explicit_loss"]


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
        keys = {key for key in node if not key.startswith("_") and key != "defaults"}
        own = {f.name for f in dataclasses.fields(kind)}
        assert keys <= own and set(fields_of(kind)) <= keys


@pytest.mark.parametrize("name", WITH_SETTINGS)
def test_off_changes_nothing(name):
    run = run_of(name, node_of(name)["_off_"])
    found, without = masks_of(run, range(64)), masks_of(run, range(64), without=name)
    assert all(np.array_equal(a, b) for a, b in zip(found, without, strict=True))
    assert all(each.all() for each in without) == (len(run.system.threats) == 1)


@pytest.mark.parametrize("name", WITH_SETTINGS)
def test_worst_takes_all_there_is_to_take_from_the_onset_on(name):
    """Every satellite of the groups named, laser or site, at every time (but one in 1e9).

    `_takes_: access` says every candidate instead; `own`: a limit of its own, told in its own test,
    and here only more than at its default (of a reaction: more is down).
    """
    run = run_of(name, node_of(name)["_worst_"])
    scene, draws = run.scenes[0], range(64)
    link, access = masks_of(run, draws)
    takes = node_of(name).get("_takes_", "satellites")
    drawn, _ = engine.sample_draws(run, 0, np.array(draws, np.uint32))
    onset_s = drawn.get(f"{name}.onset_s", np.full(64, -np.inf))
    since = scene.time_s[:, None] >= onset_s[None]
    if takes == "access":
        lost = ~access | ~np.isfinite(scene.access.delay_s)[..., None]  # or nothing to lose
        assert since.any() and np.all(lost | ~since[:, None, None]) and link.all()
        return
    if takes == "own":
        default = masks_of(run_of(name), draws)
        worse = [here <= there for here, there in zip((link, access), default, strict=True)]
        assert all(each.all() for each in worse)
        assert np.sum(~link) + np.sum(~access) > np.sum(~default[0]) + np.sum(~default[1])
        return
    taken = np.ones(scene.fleet.n_sat, bool)
    if groups := node_of(name).get("groups"):
        label = node_of(name)["label"]
        names = scene.fleet.group_names[label]
        first = names[:groups] if isinstance(groups, int) else groups
        chosen = [names.index(group) for group in first]
        taken = np.isin(scene.fleet.group[label], chosen)
    out = taken[:, None] | taken[scene.links.neighbour]
    assert since.any()
    if takes != "sites":
        assert not np.any(link & out[None, ..., None] & since[:, None, None])
    if takes != "terminals":
        assert not np.any(access & taken[scene.access.sat][..., None] & since[:, None, None])


@pytest.mark.parametrize("name", WITH_SETTINGS)
def test_sweeping_its_numbers_compiles_nothing(name):
    node = node_of(name)
    traced = [f.name for f in dataclasses.fields(kind_of(name)) if not f.metadata.get("static")]
    swept = {k: 0.9 * node[k] for k in traced if isinstance(node.get(k), int | float)}
    masks_of(run_of(name), range(32))
    before = sample._cache_size()
    masks_of(run_of(name, swept), range(32))
    assert swept and sample._cache_size() == before


@pytest.mark.parametrize("name", NAMES)
def test_a_draw_is_the_same_in_any_batch(name):
    run = run_of(name, {"path": "null"} if name == "explicit_loss" else None)
    whole, part = masks_of(run, range(128)), masks_of(run, range(96, 128))
    for all_draws, some in zip(whole, part, strict=True):
        assert np.array_equal(all_draws[..., 96:128], some)
