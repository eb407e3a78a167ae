"""Tools on neighbour lists: components, degrees and least delays worked out by hand."""

import numpy as np

from sdn_mc.core.network import Network
from sdn_mc.graph import component_of, degree, largest_component_share, least_from, shortest_delay_s

# 0 = 1 (two parallel links), 1 - 2, and 3 alone; empty slots point at the satellite itself.
NEIGHBOUR = np.array([[1, 1, 0], [0, 0, 2], [1, 2, 2], [3, 3, 3]], np.int32)
UP = np.array([[1, 1, 0], [1, 1, 1], [1, 0, 0], [0, 0, 0]], bool)


def test_components_and_degrees_of_four_satellites():
    component = component_of(NEIGHBOUR, UP)
    assert component[0] == component[1] == component[2] != component[3]
    assert degree(NEIGHBOUR, UP).tolist() == [2, 3, 1, 0]
    assert degree(NEIGHBOUR, np.ones_like(UP)).tolist() == [2, 3, 1, 0]


def test_largest_component_counts_only_satellites_that_are_up():
    up = np.array([True, True, True, True])
    assert largest_component_share(NEIGHBOUR, UP, up) == 3 / 4
    up[1] = False  # cuts 0 from 2: three singles
    assert largest_component_share(NEIGHBOUR, UP, up) == 1 / 3
    assert largest_component_share(NEIGHBOUR, UP, np.zeros(4, bool)) == 0.0


def test_the_shorter_of_parallel_links_counts():
    weight = np.array([[5.0, 3.0, np.inf], [5.0, 3.0, 2.0], [2.0, np.inf, np.inf], [np.inf] * 3])
    distance = least_from(NEIGHBOUR, weight, np.array([0]), np.array([1.0]))
    assert distance.tolist() == [1.0, 4.0, 6.0, np.inf]


def test_least_delay_between_sites_by_hand():
    delay_s = np.array([[[5.0, 3.0, np.inf], [5.0, 3.0, 2.0], [2.0, np.inf, np.inf], [np.inf] * 3]])
    network = Network(
        neighbour=NEIGHBOUR,
        delay_s=delay_s,
        access_sat=np.array([[[0, 1], [2, 3]]], np.int32),
        access_delay_s=np.array([[[1.0, 9.0], [1.0, 1.0]]]),
        source=np.array([0], np.int32),
        pair_source=np.array([0], np.int32),
        pair_site=np.array([1], np.int32),
    )
    access_up = np.ones((2, 2), bool)
    assert shortest_delay_s(network, 0, UP, access_up)[0, 1] == 1 + 3 + 2 + 1
    access_up[0, 0] = False  # enter at satellite 1 instead
    assert shortest_delay_s(network, 0, UP, access_up)[0, 1] == 9 + 2 + 1
    access_up[1, 0] = False  # satellite 3 leads nowhere
    assert np.isinf(shortest_delay_s(network, 0, UP, access_up)[0, 1])
