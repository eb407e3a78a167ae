"""Makes sdn_mc/report/coastlines.json, once: python scripts/coastlines.py land-110m.json OUT.json

Source: Natural Earth 1:110m land, version 4.1.0, public domain, as TopoJSON in npm's world-atlas
2.0.2 (land-110m.json). An arc is a chain of integer steps, scaled and shifted to degrees. What the
file adds to close its polygons is dropped: edges along the antimeridian and below Antarctica.
"""

import json
import sys
from pathlib import Path

import numpy as np

SOURCE = "Natural Earth 1:110m land 4.1.0, public domain, from npm world-atlas 2.0.2"
DECIMALS = 1  # 11 km: a world map of 700 pixels has 57 km in one
EDGE_DEG = 0.01  # of the cut at 180 degrees
BOTTOM_DEG = -85.5


def main() -> None:
    """Read, cut, round, write."""
    land = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    scale, shift = (np.array(land["transform"][key]) for key in ("scale", "translate"))
    lines = [
        line for arc in land["arcs"] for line in pieces(np.cumsum(arc, axis=0) * scale + shift)
    ]
    content = {"source": SOURCE, "lines": [np.round(line, DECIMALS).tolist() for line in lines]}
    text = json.dumps(content, separators=(",", ":")).replace("]],[[", "]],\n[[")
    Path(sys.argv[2]).write_text(text + "\n", encoding="utf-8")


def pieces(line: np.ndarray) -> list[np.ndarray]:
    """Longitude and latitude, deg, cut wherever an edge is no coast."""
    a, b = line[:-1], line[1:]
    at_edge = (np.abs(a[:, 0]) > 180 - EDGE_DEG) & (np.abs(b[:, 0]) > 180 - EDGE_DEG)
    at_bottom = (a[:, 1] < BOTTOM_DEG) & (b[:, 1] < BOTTOM_DEG)
    jumps = np.abs(a[:, 0] - b[:, 0]) > 180
    cuts = np.flatnonzero(at_edge | at_bottom | jumps) + 1
    return [piece for piece in np.split(line, cuts) if len(piece) > 1]


if __name__ == "__main__":
    main()
