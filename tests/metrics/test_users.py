"""Several users at once: k of n, the worst, and by latitude, of hand-made series."""

import dataclasses

import numpy as np
import pytest

from sdn_mc.core.protocols import Series
from sdn_mc.metrics.coverage import Coverage
from sdn_mc.metrics.k_of_n import KOfN
from sdn_mc.metrics.worst_user import WorstUser
from tests.test_config import faults

# One draw; four instants of three flows: 3, 2, 1 and 2 are up.
UP = np.array([[[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 1, 1]]], bool)
SERIES = Series(np.where(UP, 0.05, np.inf), None)
THREE_FLOWS = (0.01,) * 3


@pytest.mark.parametrize(("least", "found"), [(1, 1.0), (2, 0.75), (3, 0.25)])
def test_instants_with_enough_flows_up_are_counted(least, found, scene_of):
    metric = KOfN(least=least, least_share=None)
    scores = metric.score(SERIES, SERIES, scene_of(range(4), bound_s=THREE_FLOWS))
    assert scores["k_of_n"].tolist() == [[found]]


@pytest.mark.parametrize(("share", "found"), [(0.0, 1.0), (2 / 3, 0.75), (0.67, 0.25), (1.0, 0.25)])
def test_a_share_of_the_flows_is_rounded_up(share, found, scene_of):
    metric = KOfN(least=None, least_share=share)
    scores = metric.score(SERIES, SERIES, scene_of(range(4), bound_s=THREE_FLOWS))
    assert scores["k_of_n"].tolist() == [[found]]


def test_the_worst_flow_may_be_another_in_each_draw(scene_of):
    both = Series(np.concatenate([SERIES.latency_s, SERIES.latency_s[..., ::-1]]), None)
    found = WorstUser().score(both, both, scene_of(range(4), bound_s=THREE_FLOWS))
    assert found["worst_user_availability"].tolist() == [[0.5], [0.5]]


def test_flows_are_put_into_bands_by_the_latitude_of_their_source(scene_of):
    scene = scene_of(range(4), bound_s=THREE_FLOWS)  # from 10, 40 and 70 degrees north
    south = dataclasses.replace(scene.sites, latitude_deg=np.array([-10.0, 30.0, 90.0, 0.0]))
    for sites in (scene.sites, south):
        here = dataclasses.replace(scene, sites=sites)
        found = Coverage(edges_deg=(0, 30, 60, 90)).score(SERIES, SERIES, here)
        assert [float(v[0, 0]) for v in found.values()] == [0.75, 0.75, 0.5]
    wide = Coverage(edges_deg=(0, 45)).score(SERIES, SERIES, scene)
    assert wide["coverage_lat_0_45"].tolist() == [[6 / 8]]


def test_what_does_not_fit_the_flows_is_told_before_anything_is_built():
    more = "metrics.k_of_n.least: 5 given, but there are 2 flows"
    given = "metrics.k_of_n.least=5", "metrics.k_of_n.least_share=null"
    assert any(more in fault for fault in faults("metrics=[k_of_n]", *given))
    assert any("give one of the two" in f for f in faults("metrics=[k_of_n]", given[0]))
    empty = "metrics.coverage.edges_deg: no flow begins between 60 and 90 deg"
    assert any(empty in fault for fault in faults("metrics=[coverage]"))
    assert any(
        "two or more" in f for f in faults("metrics=[coverage]", "metrics.coverage.edges_deg=[30]")
    )
