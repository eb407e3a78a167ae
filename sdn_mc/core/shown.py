"""What a picture of some draws needs and a result does not hold: places, mesh, routes, losses.

Frames are instants of the scene, so that what is shown stands in the result too. Axes: `frame`
counts them, `link` the links that the mesh has at any of them, `flow` the flows that are shown.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64, Int


class ShownRoute(NamedTuple):
    """One route, source first; `delivered`: every leg of it is up in truth."""

    source: int  # site
    sat: tuple[int, ...]
    destination: int  # site
    latency_s: float  # inf: not delivered
    delivered: bool


class ShownEpoch(NamedTuple):
    """Where everything is, along the Earth's own axes, and which links there could be."""

    epoch: int
    start: str
    time: Int[np.ndarray, " frame"]  # number of the scene's instant
    time_s: Float64[np.ndarray, " frame"]
    sat_km: Float[np.ndarray, "frame sat xyz"]
    site_km: Float[np.ndarray, "frame site xyz"]
    link: Int[np.ndarray, "link two"]  # satellites


class ShownDraw(NamedTuple):
    """One draw of one column: what is up, what is lost, and each flow's route."""

    name: str  # why it was chosen
    column: str
    draw: int
    epoch: int
    availability: float  # over flows, as the result has it; NaN: not computed
    sat_lost: Bool[np.ndarray, "frame sat"]
    link_up: Bool[np.ndarray, "frame link"]
    link_lost: Bool[np.ndarray, "frame link"]  # geometry has it, the draw does not
    lost: tuple[dict[str, int], ...]  # a frame: "cause: kind" and how many
    routes: tuple[tuple[ShownRoute | None, ...], ...]  # a frame, a flow; None: no route
    sat_causes: tuple[dict[int, tuple[str, ...]], ...]  # a frame: what holds a lost one down
    site_causes: tuple[dict[int, tuple[str, ...]], ...]


class Shown(NamedTuple):
    """Some draws of a run; the first is the one without threats."""

    sat: tuple[str, ...]
    site: tuple[str, ...]
    carries_traffic: Bool[np.ndarray, " sat"]
    flow: tuple[str, ...]
    flow_index: tuple[int, ...]  # in the result
    epochs: dict[int, ShownEpoch]
    draws: tuple[ShownDraw, ...]
    earth: tuple[float, float]  # equatorial radius, km, and flattening
