"""Flows: pairs, sets of sites, the lower bound, and names that do not exist."""

import numpy as np
import pytest

from sdn_mc.access.flows import FlowList
from sdn_mc.access.sites import SiteList
from sdn_mc.core.problems import InputError

SITES = SiteList(
    sites={
        "New York": (40.7128, -74.0060, 10.0),
        "London": (51.5074, -0.1278, 11.0),
        "Guam": (13.4763, 144.7502, 3.0),
        "Honolulu": (21.3069, -157.8583, 5.0),
    }
).build()


def test_the_bound_is_the_great_circle_at_light_speed():
    flows = FlowList(flows=(("New York", "London"), ("Guam", "Honolulu"))).build(SITES)
    # One-way lower bounds of domain notes: 18.58 and 20.41 ms (city coordinates to 0.01 deg).
    assert np.allclose(flows.bound_s * 1e3, [18.58, 20.41], atol=0.02)
    assert flows.name == ("New York - London", "Guam - Honolulu")


def test_a_set_of_sites_makes_every_pair_of_one_flow():
    flows = FlowList(flows=((("New York", "London"), ("Guam", "Honolulu")),)).build(SITES)
    assert flows.n_flow == 1 and flows.pair_flow.tolist() == [0, 0, 0, 0]
    pairs = list(zip(flows.pair_source.tolist(), flows.pair_destination.tolist(), strict=True))
    assert pairs == [(0, 2), (0, 3), (1, 2), (1, 3)]


def test_every_unknown_name_is_reported():
    with pytest.raises(InputError) as caught:
        FlowList(flows=(("Paris", "London"), ("Guam", "Rome"))).build(SITES)
    assert len(caught.value.problems) == 2


def test_a_flow_to_itself_is_refused():
    with pytest.raises(InputError, match="two sites"):
        FlowList(flows=(("London", "London"),)).build(SITES)
