"""Disjoint paths of hand-made meshes, and of random ones against scipy's maximum flow."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_flow

from sdn_mc.core.bits import unpack_draws
from sdn_mc.engine import network_of
from sdn_mc.metrics.disjoint_paths import COUNT, DisjointPaths
from tests.metrics.meshes import masks_of, random_masks, with_mesh


def number(scene, masks, most=16, every=1):
    return DisjointPaths(most=most, every=every).observe(masks, network_of(scene), scene)[COUNT]


def all_up(scene):
    up = np.ones((1, *scene.links.delay_s.shape), bool)
    return masks_of(up, np.ones((1, *scene.access.sat.shape), bool))


def test_a_ring_has_two_ways_around_and_one_through_a_cut_satellite(scene_of):
    ring = [(k, (k + 1) % 6) for k in range(6)]
    # The sites see both neighbours of satellite 0, and those of 3.
    scene = with_mesh(scene_of([0.0]), 6, ring, [[1, 5], [2, 4]])
    assert number(scene, all_up(scene))[0, 0, 0] == 2
    # Two rings that meet in one satellite: every path passes it.
    eight = [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 2)]
    scene = with_mesh(scene_of([0.0]), 5, eight, [[0, 1], [3, 4]])
    assert number(scene, all_up(scene))[0, 0, 0] == 1


def test_the_first_path_gives_way_to_two(scene_of):
    # The shortest, 0-1-2-3, bars all others; the two are 0-4-8-2-3 and 5-9-1-6-7.
    edges = [(0, 1), (1, 2), (2, 3), (0, 4), (4, 8), (8, 2), (5, 9), (9, 1), (1, 6), (6, 7)]
    scene = with_mesh(scene_of([0.0]), 10, edges, [[0, 5], [3, 7]])
    assert number(scene, all_up(scene))[0, 0, 0] == 2


def test_a_path_is_pushed_back_over_several_satellites(scene_of):
    # The first is 0-1-2-3; 5-9-8-2-3 is possible once it goes 0-4-6-7-10-11, not from 1 but from 0.
    edges = [(0, 1), (1, 2), (2, 3), (5, 9), (9, 8), (8, 2)]
    edges += [(0, 4), (4, 6), (6, 7), (7, 10), (10, 11)]
    scene = with_mesh(scene_of([0.0]), 12, edges, [[0, 5], [3, 11]])
    assert number(scene, all_up(scene))[0, 0, 0] == 2


def test_a_satellite_that_sees_both_ends_is_a_path(scene_of):
    scene = with_mesh(scene_of([0.0]), 3, [(0, 1)], [[0, 2], [1, 2]])
    assert number(scene, all_up(scene))[0, 0, 0] == 2
    assert number(scene, all_up(scene), most=1)[0, 0, 0] == 1


@pytest.mark.parametrize(("n_sat", "n_edge"), [(12, 20), (30, 60)])
def test_the_number_is_scipys_maximum_flow_on_random_meshes(n_sat, n_edge, scene_of):
    rng = np.random.default_rng(n_sat)
    edges = [tuple(rng.choice(n_sat, 2, replace=False)) for _ in range(n_edge)]
    seen_by = [list(rng.choice(n_sat, 5, replace=False)) for _ in range(3)]
    scene = with_mesh(scene_of(range(4), bound_s=(0.01, 0.02)), n_sat, edges, seen_by)
    masks = random_masks(scene, rng, 96, share_up=0.9)
    found = number(scene, masks)
    link_up = unpack_draws(np.moveaxis(masks.link_up, 1, -1))
    access_up = unpack_draws(np.moveaxis(masks.access_up, 1, -1))
    for draw in range(0, 96, 5):
        for t in range(4):
            for flow in range(2):
                up = link_up[t, :, :, draw], access_up[t, :, :, draw]
                assert found[draw, t, flow] == by_scipy(scene, *up, t, flow)
    assert len(np.unique(found)) >= 4  # none, one, two, three ...
    every = number(scene, masks, most=2, every=3)
    np.testing.assert_array_equal(every, np.minimum(found[:, ::3], 2))


def by_scipy(scene, link_up, access_up, time, flow):
    """Maximum flow with every satellite split into an entry and an exit of capacity 1."""
    n_sat, n_port = scene.links.neighbour.shape
    source, sink = 2 * n_sat, 2 * n_sat + 1
    capacity = np.zeros((sink + 1, sink + 1), np.int32)
    for sat in range(n_sat):
        capacity[2 * sat, 2 * sat + 1] = 1
        for port in range(n_port):
            if link_up[sat, port] and np.isfinite(scene.links.delay_s[time, sat, port]):
                capacity[2 * sat + 1, 2 * scene.links.neighbour[sat, port]] = 1
    access, ends = scene.access, (flow, scene.sites.n_site - 1)
    for k in range(access.sat.shape[2]):
        for site, is_source in zip(ends, (True, False), strict=True):
            sat = access.sat[time, site, k]
            if access_up[site, k] and np.isfinite(access.delay_s[time, site, k]):
                at = (source, 2 * sat) if is_source else (2 * sat + 1, sink)
                capacity[at] = 1
    return maximum_flow(csr_matrix(capacity), source, sink).flow_value
