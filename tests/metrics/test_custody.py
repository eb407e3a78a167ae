"""Custody of hand-made scenes: who is in view, who of them is up, who is the highest."""

import dataclasses

import numpy as np

from sdn_mc.core.protocols import Series
from sdn_mc.core.scene import Flows
from sdn_mc.engine import network_of
from sdn_mc.metrics.custody import BEST, SENSORS, Custody
from sdn_mc.metrics.custody_gaps import CustodyGaps
from tests.metrics.meshes import masks_of, with_mesh

N_SAT = 5
# Sensors of the target at six steps of 10 s, the highest first; the user always sees satellite 4.
IN_VIEW = [[0, 1], [0, 1], [1, 2], [2], [], [3, 2]]


def watched(scene_of, out=(), reached=True):
    """Scene and series of one draw with some satellites out."""
    scene = scene_of(10.0 * np.arange(6), "episode")
    scene = with_mesh(scene, N_SAT, [(0, 4)], [[each, [4]] for each in IN_VIEW])
    up = ~np.isin(scene.access.sat, out)[None]
    masks = masks_of(np.ones((1, *scene.links.delay_s.shape), bool), up)
    seen = Custody().observe(masks, network_of(scene), scene)
    latency_s = np.where(np.broadcast_to(reached, 6), 0.1, np.inf)[None, :, None]
    return scene, Series(latency_s, None, observed={k: v[:1] for k, v in seen.items()})


def scores(metric, scene, series):
    return [float(v[0, 0]) for v in metric.score(series, series, scene).values()]


def test_sensors_in_view_and_up_are_counted(scene_of):
    scene, series = watched(scene_of)
    assert series.observed[SENSORS][0, :, 0].tolist() == [2, 2, 2, 1, 0, 2]
    assert series.observed[BEST][0, :, 0].tolist() == [0, 0, 1, 2, -1, 3]
    assert scores(Custody(), scene, series) == [5 / 6, 4 / 6, 5 / 6]
    scene, series = watched(scene_of, out=[0, 2], reached=[1, 0, 1, 1, 1, 1])
    assert series.observed[SENSORS][0, :, 0].tolist() == [1, 1, 1, 0, 0, 1]
    assert series.observed[BEST][0, :, 0].tolist() == [1, 1, 1, -1, -1, 3]
    assert scores(Custody(), scene, series) == [4 / 6, 0.0, 3 / 6]


def test_gaps_and_handovers(scene_of):
    # From 0 to 1 to 2, a gap of one step, then found by 3: two handovers in a minute.
    assert scores(CustodyGaps(gap_s=10.0), *watched(scene_of)) == [10.0, 0.0, 120.0]
    assert scores(CustodyGaps(gap_s=10.0), *watched(scene_of, out=[0, 2])) == [20.0, 1.0, 0.0]
    assert scores(CustodyGaps(gap_s=10.0), *watched(scene_of, out=[0, 1, 2, 3])) == [60.0, 1.0, 0.0]


def test_a_sensor_that_sees_two_sites_of_a_flow_counts_once(scene_of):
    scene = with_mesh(scene_of([0.0], bound_s=(0.01, 0.01)), 4, [(0, 1)], [[0, 1], [2, 1], [3]])
    pair = np.array([0, 1], np.int32)
    anycast = Flows(pair, 0 * pair + 2, 0 * pair, np.array([0.01]), ("a",), ("b",), ("c",))
    scene = dataclasses.replace(scene, flows=anycast)
    masks = masks_of(np.ones((1, 1, 4, 1), bool), np.ones((1, 1, 3, 2), bool))
    seen = Custody().observe(masks, network_of(scene), scene)
    assert seen[SENSORS][0, 0, 0] == 3
