"""Components of hand-made meshes, and of random ones against scipy's."""

import numpy as np

from sdn_mc import graph
from sdn_mc.core.bits import unpack_draws
from sdn_mc.core.protocols import Series
from sdn_mc.engine import network_of
from sdn_mc.metrics.giant_component import LARGEST, LINKED, GiantComponent
from tests.metrics.meshes import masks_of, random_masks, with_mesh

RING = [(k, (k + 1) % 6) for k in range(6)]


def test_a_ring_cut_twice_leaves_its_longer_arc(scene_of):
    scene = with_mesh(scene_of([0.0]), 6, RING, [[0], [3]])
    link_up = np.ones((1, 1, *scene.links.neighbour.shape), bool)
    for a, b in ((0, 1), (2, 3)):  # parts {1, 2} and {3, 4, 5, 0}
        link_up[0, 0, a, scene.links.neighbour[a] == b] = False
        link_up[0, 0, b, scene.links.neighbour[b] == a] = False
    seen = GiantComponent().observe(
        masks_of(link_up, np.ones((1, 1, 2, 1), bool)), network_of(scene), scene
    )
    series = Series(np.zeros((1, 1, 1)), None, observed={k: v[:1] for k, v in seen.items()})
    found = GiantComponent().score(series, series, scene)
    assert found["giant_component"].tolist() == [[4 / 6]]
    assert found["giant_component_of_linked"].tolist() == [[4 / 6]]


def test_what_has_lost_its_last_link_is_not_left_and_no_link_is_no_mesh(scene_of):
    scene = with_mesh(scene_of([0.0]), 6, RING, [[0], [3]])
    near = scene.links.neighbour
    only = np.zeros((2, 1, *near.shape), bool)
    only[0, 0, 0, near[0] == 1] = only[0, 0, 1, near[1] == 0] = True  # one link, then none
    seen = GiantComponent().observe(
        masks_of(only, np.ones((2, 1, 2, 1), bool)), network_of(scene), scene
    )
    series = Series(np.zeros((2, 1, 1)), None, observed={k: v[:2] for k, v in seen.items()})
    found = GiantComponent().score(series, series, scene)
    assert found["giant_component"].tolist() == [[2 / 6], [0.0]]
    assert found["giant_component_of_linked"].tolist() == [[1.0], [0.0]]


def test_components_are_scipys_on_random_meshes(scene_of):
    rng = np.random.default_rng(1)
    n_sat = 40
    edges = [tuple(rng.choice(n_sat, 2, replace=False)) for _ in range(60)]
    scene = with_mesh(scene_of(range(3)), n_sat, edges, [[0], [3]])
    masks = random_masks(scene, rng, 64)
    seen = GiantComponent().observe(masks, network_of(scene), scene)
    up = unpack_draws(np.moveaxis(masks.link_up, 1, -1)) & np.isfinite(
        scene.links.delay_s[..., None]
    )
    for draw in range(0, 64, 7):
        for t in range(3):
            size = np.bincount(graph.component_of(scene.links.neighbour, up[t, :, :, draw]))
            assert seen[LARGEST][draw, t] == max(size.max(), 2) * (size.max() > 1)
            assert seen[LINKED][draw, t] == size[size > 1].sum()
