"""A fleet without lasers has no links, and says what that means."""

import numpy as np

from sdn_mc.topology.bent_pipe import BentPipe
from tests.orbit_fleets import walker


def test_there_are_no_links_and_the_summary_says_so():
    links = BentPipe().build(*walker(6, 11, 3, 86.4, 780.0, 180.0, time_s=(0.0, 60.0)))
    assert links.delay_s.shape == (2, 66, 1) and np.all(np.isinf(links.delay_s))
    assert np.array_equal(links.neighbour[:, 0], np.arange(66))
    assert "same satellite" in links.notes[0]
