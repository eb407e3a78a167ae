"""Listed links: by name or index, and every fault of the list told at once."""

import numpy as np
import pytest

from sdn_mc.core.problems import InputError
from sdn_mc.core.records import PairRecords
from sdn_mc.topology.explicit import ExplicitLinks
from tests.orbit_fleets import walker
from tests.topology.mesh_checks import link_list


def explicit(source: tuple[str, ...], destination: tuple[str, ...], terminals: int = 2):
    records = PairRecords(source, destination, "links.csv")
    return ExplicitLinks(
        path=records,
        terminals=terminals,
        max_range_km=None,
        grazing_km=None,
        max_rate_deg_s=None,
    )


def test_names_and_indices_mean_the_same_and_ports_follow_the_list():
    ring = walker(1, 22, 0, 53.0, 550.0)
    links = explicit(("S0", "2", "S0"), ("1", "S1", "21")).build(*ring)
    assert link_list(links) == {(0, 1), (1, 2), (0, 21)}
    assert links.neighbour[0].tolist() == [1, 21] and links.neighbour[1].tolist() == [0, 2]
    assert np.isfinite(links.delay_s).sum() == 6


def test_every_fault_of_the_list_is_told_with_its_line():
    ring = walker(1, 22, 0, 53.0, 550.0)
    with pytest.raises(InputError) as error:
        explicit(("S0", "22", "S5", "1"), ("S1", "nobody", "S5", "S0")).build(*ring)
    told = "\n".join(error.value.problems)
    assert len(error.value.problems) == 2
    assert "link 2" in told and "'22'" in told and "'nobody'" in told


def test_a_link_to_itself_or_listed_twice_is_refused():
    ring = walker(1, 22, 0, 53.0, 550.0)
    with pytest.raises(InputError, match="link 2: S5 is linked to itself"):
        explicit(("S0", "S5"), ("S1", "S5")).build(*ring)
    with pytest.raises(InputError, match="linked already by link 1"):
        explicit(("S0", "1"), ("S1", "0")).build(*ring)


def test_more_links_than_terminals_are_refused():
    ring = walker(1, 22, 0, 53.0, 550.0)
    with pytest.raises(InputError, match=r"link 3: satellite 0 would have 3 links.*2 terminals"):
        explicit(("0", "0", "0"), ("1", "2", "3")).build(*ring)
