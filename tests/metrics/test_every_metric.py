"""What holds for every metric: declared names, shapes, dtypes, and the same bits at any width."""

import importlib

import jax
import numpy as np
import pytest
import yaml

from sdn_mc import config
from sdn_mc.core.network import Masks
from sdn_mc.core.protocols import Series
from sdn_mc.engine import network_of
from tests.metrics.meshes import random_masks, with_mesh


def every_metric():
    """As its YAML file has it."""
    for path in sorted((config.config_folder() / "metrics").glob("*.yaml")):
        for node in yaml.safe_load(path.read_text()).values():
            module, _, kind = node["_target_"].rpartition(".")
            fields = {
                name: tuple(value) if isinstance(value, list) else value
                for name, value in node.items()
                if not name.startswith("_")
            }
            yield getattr(importlib.import_module(module), kind)(**fields)


METRICS = list(every_metric())
CASES = [(metric, mode) for metric in METRICS for mode in metric.modes]
LOOKING = [(m, mode) for m, mode in CASES if hasattr(m, "observe")]
SAMPLED = [(m, mode) for m, mode in CASES if mode == "snapshot" and hasattr(m, "per_instant")]
N_DRAW, N_TIME, N_FLOW = 256, 97, 3
N_SAT = 9  # a ring with two chords; three sources and one destination see two each
EDGES = [(k, (k + 1) % N_SAT) for k in range(N_SAT)] + [(0, 4), (2, 7)]
SEEN_BY = [[0, 1], [2, 3], [4, 3], [6, 7]]


def name_of(case):
    return f"{type(case[0]).__name__}-{case[1]}"


@pytest.fixture(params=CASES, ids=name_of)
def case(request, scene_of):
    return make_case(*request.param, scene_of)


@pytest.fixture(params=LOOKING, ids=name_of)
def looking_case(request, scene_of):
    return make_case(*request.param, scene_of)


@pytest.fixture(params=SAMPLED, ids=name_of)
def sampled_case(request, scene_of):
    return make_case(*request.param, scene_of)


def make_case(metric, mode, scene_of):
    rng = np.random.default_rng(1)
    scene = scene_of(5.0 * np.arange(N_TIME), mode, (0.01, 0.02, 0.03))
    scene = with_mesh(scene, N_SAT, EDGES, SEEN_BY)
    series = some_series(rng, N_DRAW), some_series(rng, 1)
    if hasattr(metric, "observe"):
        masks = random_masks(scene, rng, N_DRAW), random_masks(scene, rng, 1, share_up=1.0)
        seen = [metric.observe(each, network_of(scene), scene) for each in masks]
        series = tuple(
            each._replace(
                observed={name: values[: len(each.latency_s)] for name, values in s.items()}
            )
            for each, s in zip(series, seen, strict=True)
        )
    return metric, *series, scene


def some_series(rng, n_draw):
    shape = (n_draw, N_TIME, N_FLOW)
    hops = np.where(rng.random(shape) < 0.3, -1, rng.integers(0, 20, shape)).astype(np.int16)
    latency_s = np.where(hops < 0, np.inf, rng.uniform(0.02, 2, shape)).astype(np.float32)
    tampered = np.isfinite(latency_s) & (rng.random(shape) < 0.2)
    return Series(latency_s, hops, tampered)


def part(series, draws):
    return jax.tree.map(lambda each: each[draws], series)


def test_the_scores_are_those_declared(case):
    metric, series, healthy, scene = case
    scores = metric.score(series, healthy, scene)
    outputs = {output.name: output for output in metric.outputs()}
    assert scores.keys() == outputs.keys()
    for name, values in scores.items():
        assert values.dtype == np.float64
        assert values.shape == (N_DRAW, N_FLOW if outputs[name].per_flow else 1)
        assert not np.isnan(values).any()
        assert np.all(values <= outputs[name].within[1])
        assert outputs[name].meaning.endswith(".")


def test_what_a_draw_shows_does_not_depend_on_those_beside_it(looking_case):
    metric, _, _, scene = looking_case
    masks = random_masks(scene, np.random.default_rng(2), N_DRAW)
    network = network_of(scene)
    whole = metric.observe(masks, network, scene)
    for word in (0, 5):
        own = Masks(*(words[:, word : word + 1] for words in (masks.link_up, masks.access_up)))
        draws = slice(32 * word, 32 * word + 32)
        for name, values in metric.observe(own, network, scene).items():
            assert len(whole[name]) == N_DRAW
            np.testing.assert_array_equal(values, whole[name][draws])


def test_the_bits_do_not_depend_on_the_width_of_the_block(case):
    metric, series, healthy, scene = case
    whole = metric.score(series, healthy, scene)
    for width in (1, 32, 64):
        for start in range(0, 64, width):
            draws = slice(start, start + width)
            for name, values in metric.score(part(series, draws), healthy, scene).items():
                np.testing.assert_array_equal(values, whole[name][draws])


def test_the_bits_do_not_depend_on_the_memory_order_of_the_series(case):
    metric, series, healthy, scene = case
    moved = jax.tree.map(
        lambda each: np.moveaxis(np.ascontiguousarray(np.moveaxis(each, 0, -1)), -1, 0), series
    )
    whole = metric.score(series, healthy, scene)
    for name, values in metric.score(moved, healthy, scene).items():
        np.testing.assert_array_equal(values, whole[name])


def test_instants_average_to_the_score_in_a_snapshot(sampled_case):
    metric, series, healthy, scene = sampled_case
    scores = metric.score(series, healthy, scene)
    for name, values in metric.per_instant(series, healthy, scene).items():
        # Rounding of a sum of 97 numbers below 2.
        np.testing.assert_allclose(values.mean(axis=1), scores[name], rtol=1e-12, atol=1e-15)
