"""One draw's routes as GeoJSON, for a map, when one of them takes the longest way of all.

    python scripts/examples/route_on_a_map.py [FOLDER]

FOLDER: a new one for the results; none: a temporary one.
QGIS, kepler.gl, geopandas and leaflet open the file.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

import sdn_mc
from sdn_mc import cli

WORDS = ["draws=256", "times.n_epoch=1", "times.count=24", "metrics=[availability,latency]"]


def main(folder: Path) -> None:
    """Run, choose the most telling draw and instant, export, read it again."""
    result = sdn_mc.simulate(WORDS, str(folder / "run"))

    # Where a flow has the latest data of all that arrive at all, of the last column.
    latency_s = result["/paths"]["latency_s"].values  # [draw, time, pair]
    latest = np.argmax(np.where(np.isfinite(latency_s), latency_s, 0))
    draw, time, pair = (int(k) for k in np.unravel_index(latest, latency_s.shape))
    flow = str(result["/paths"]["pair"].values[pair])

    file = folder / "routes.geojson"
    cli.main(["export", str(folder / "run"), str(file), f"draw={draw}", f"time={time}"])

    features = json.loads(file.read_text(encoding="utf-8"))["features"]
    said = [each["properties"] for each in features]
    route = next(each for each in said if each.get("flow") == flow)
    healthy_s = float(result["/scene"]["latency_healthy_s"][0, time, pair])
    print(f"draw {draw} at {route['utc']}: {flow}")
    print(f"  {route['latency_ms']:.3f} ms, and {1e3 * healthy_s:.3f} ms without threats")
    print(f"  {route['stops']}")
    n_lost = sum(each["kind"] == "satellite" and each["lost"] for each in said)
    n_cut_off = sum(each["kind"] == "flow" and not each["delivered"] for each in said)
    print(f"  {n_lost} satellites are lost, and {n_cut_off} flows have no path")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()))
