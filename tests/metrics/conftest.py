"""A scene of one satellite: metrics look at its times, mode and flows alone."""

import numpy as np
import pytest

from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.fleet import Elements, Fleet
from sdn_mc.core.protocols import Series
from sdn_mc.core.scene import Flows, Scene, Sites

START = JulianDate(2461406.5, 0.0)


@pytest.fixture
def scene_of():
    """Makes a scene from times, a mode, and the great-circle bound of each flow."""
    return make_scene


@pytest.fixture
def series_of():
    """Makes a series of one draw and one flow from its latencies."""
    return lambda latency_s: Series(np.array(latency_s, np.float64)[None, :, None], None)


def make_scene(time_s, mode="snapshot", bound_s=(0.01,), onset_s=None):
    """Flow k goes from site k, at 10 + 30 k degrees north, to one last site."""
    time_s = np.asarray(time_s, np.float64)
    n_flow = len(bound_s)
    flow = np.arange(n_flow, dtype=np.int32)
    names = tuple(f"flow {k}" for k in range(n_flow))
    latitude_deg = np.append(10.0 + 30.0 * flow, 0.0)
    places = tuple(f"site {k}" for k in range(n_flow + 1))
    return Scene(
        time_s=time_s,
        window_s=float(time_s[-1] - time_s[0]) or 1.0,
        onset_s=onset_s,
        fleet=_one_satellite(),
        links=None,
        access=None,
        sites=Sites(latitude_deg, 0 * latitude_deg, 0 * latitude_deg, places),
        flows=Flows(flow, 0 * flow + n_flow, flow, np.array(bound_s), names, names, names),
        start=START,
        epoch=0,
        mode=mode,
    )


def _one_satellite():
    one, index = np.zeros(1), np.zeros(1, np.int64)
    return Fleet(
        elements=Elements(one, one, one, one, one, one, one, one, one),
        status=np.zeros(1, np.int8),
        plane=index,
        slot=index,
        shell=index,
        layer=index,
        n_terminal=index,
        unit_cost_musd=one,
        group={"plane": index},
        labels=(("plane", ("0",)),),
        reference=START,
        catalogue=None,
    )
