"""Some draws as the page's globe reads them: compact, exact where it matters.

Positions are whole steps of the largest coordinate / 32767 (0.2 km in low orbit), 16 bits; links
are pairs of satellites, written once an epoch; what is up or lost is one bit. Latencies and routes
are what the scene has, unrounded.
"""

import base64
import math
from typing import Any

import numpy as np

from sdn_mc.core.shown import Shown, ShownDraw, ShownEpoch, ShownRoute
from sdn_mc.report.coastlines import coastlines

STEPS = 32767
EARTH_KM = 6371.0  # the ball that is drawn
MS_PER_S = 1e3


def payload(shown: Shown) -> dict[str, Any]:
    """Plain values for JSON."""
    return {
        "sat": list(shown.sat),
        "serves": bits(shown.carries_traffic),
        "site": list(shown.site),
        "flow": list(shown.flow),
        "flow_index": list(shown.flow_index),
        "earth_km": EARTH_KM,
        "coast": [[None if math.isnan(x) else x for x in point] for point in coastlines().tolist()],
        "epochs": {str(e): epoch_payload(each) for e, each in shown.epochs.items()},
        "draws": [draw_payload(each) for each in shown.draws],
    }


def epoch_payload(epoch: ShownEpoch) -> dict[str, Any]:
    """Positions of satellites and sites, and the links."""
    scale = float(max(np.abs(epoch.sat_km).max(), np.abs(epoch.site_km).max())) / STEPS
    return {
        "start": epoch.start,
        "time": epoch.time.tolist(),
        "time_s": epoch.time_s.tolist(),
        "scale_km": scale,
        "sat": whole(epoch.sat_km / scale, "<i2"),
        "place": whole(epoch.site_km / scale, "<i2"),
        "link": whole(epoch.link, "<u4"),
        "n_link": len(epoch.link),
    }


def draw_payload(draw: ShownDraw) -> dict[str, Any]:
    """What is up, what is lost and the routes of one draw."""
    return {
        "name": draw.name,
        "column": draw.column,
        "draw": draw.draw,
        "epoch": draw.epoch,
        "availability": None if np.isnan(draw.availability) else draw.availability,
        "sat_lost": bits(draw.sat_lost),
        "link_up": bits(draw.link_up),
        "link_lost": bits(draw.link_lost),
        "lost": [list(each.items()) for each in draw.lost],
        "routes": [[route_payload(route) for route in frame] for frame in draw.routes],
    }


def route_payload(route: ShownRoute | None) -> dict[str, Any] | None:
    """One route; no latency where it is not delivered."""
    if route is None:
        return None
    latency_ms = MS_PER_S * route.latency_s if np.isfinite(route.latency_s) else None
    ends = {"source": route.source, "destination": route.destination}
    return ends | {"sat": list(route.sat), "ms": latency_ms, "delivered": route.delivered}


def whole(values: np.ndarray, kind: str) -> str:
    """Base64 of whole numbers, little end first."""
    return base64.b64encode(np.rint(values).astype(kind).tobytes()).decode()


def bits(flags: np.ndarray) -> str:
    """Base64 of bits, each row padded to whole bytes, the lowest bit first."""
    return base64.b64encode(np.packbits(flags, axis=-1, bitorder="little").tobytes()).decode()
