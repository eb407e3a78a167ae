"""Nearest-visible links, for comparison: greedy, and short-lived."""

import numpy as np

from sdn_mc.topology.nearest import NearestVisible
from tests.orbit_fleets import walker
from tests.topology.mesh_checks import check_mesh, link_list

NEAREST = NearestVisible(terminals=4, max_range_km=5400.0, grazing_km=80.0, max_rate_deg_s=None)


def test_it_is_the_greedy_choice_among_all_visible_pairs():
    fleet, ephemeris = walker(12, 10, 1, 53.0, 1200.0)
    links = NEAREST.build(fleet, ephemeris)
    position_km = ephemeris.position_km[0]
    a, b = np.triu_indices(120, 1)
    range_km = np.linalg.norm(position_km[a] - position_km[b], axis=1)
    room, expected = np.full(120, 4), set()
    sight_km = 2 * np.sqrt((6378.135 + 1200) ** 2 - (6378.137 + 80) ** 2)
    for k in np.argsort(range_km, kind="stable"):
        if range_km[k] <= min(5400, sight_km) and room[a[k]] and room[b[k]]:
            room[[a[k], b[k]]] -= 1
            expected.add((int(a[k]), int(b[k])))
    found = link_list(links)
    # the 24 nearest hold all that is taken here; ties of a symmetric pattern leave some choice
    assert len(found) == len(expected)
    lengths = [np.sort([np.linalg.norm(position_km[i] - position_km[j]) for i, j in pairs])
               for pairs in (found, expected)]  # fmt: skip
    assert np.allclose(*lengths, atol=1e-6)


def test_neighbours_change_with_time_and_every_instant_is_a_mesh():
    fleet, ephemeris = walker(24, 20, 13, 70.0, 577.0, time_s=(0.0, 60.0, 600.0))
    links = NEAREST.build(fleet, ephemeris)
    assert links.neighbour.shape == (3, 480, 4)
    for time in range(3):
        check_mesh(links, np.zeros(480, bool), time)
    kept = len(link_list(links, 0) & link_list(links, 2)) / len(link_list(links, 0))
    assert kept < 0.9
