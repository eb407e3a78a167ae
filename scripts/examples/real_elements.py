"""A real fleet from published element sets: what is in the file, and how it carries traffic.

    python scripts/examples/real_elements.py [FOLDER [ELEMENTS]]

FOLDER: a new one for the results; none: a temporary one.
ELEMENTS: two- or three-line sets, OMM CSV or OMM JSON, such as CelesTrak's group iridium-next.
Without it this says so and does nothing.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

import sdn_mc

WORDS = ["constellation=element_sets", "topology=planned", "threats=[satellite_failure]",
         "columns=null", "title=A real fleet", "access.min_elevation_deg=8",
         "metrics=[availability]", "draws=1024", "times.count=24"]  # fmt: skip


def main(folder: Path, elements: Path | None = None) -> None:
    """Run, and say what was found."""
    if elements is None:
        print("skipped: name a file of element sets as the second word")
        return
    result = sdn_mc.simulate([f"constellation.path={elements}", *WORDS], str(folder / "run"))

    # A real fleet holds satellites that are raising, lowering, old or alone: all are counted.
    fleet = json.loads(result.attrs["satellites"])
    print(f"{elements.name}: {fleet['read']} satellites, {fleet['in_mesh']} of them in the mesh")
    for reason, count in fleet["left_out"].items():
        print(f"  left out: {count} {reason}")
    plane = result["/scene"]["plane"].values
    sizes = np.unique(plane[plane >= 0], return_counts=True)[1]
    print(f"planes recovered: {len(sizes)}, with {sizes.min()} to {sizes.max()} satellites")

    summary = result["/summary"].to_dataset().isel(flow=-1)
    for k, column in enumerate(summary["column"].values):
        at = summary.isel(column=k)
        value, low, high = (float(at[f"availability{end}"]) for end in ("", "_low", "_high"))
        print(f"availability over flows, {column}: {value:.4f} [{low:.4f}, {high:.4f}] (95 %)")


if __name__ == "__main__":
    given = [Path(word) for word in sys.argv[1:3]]
    main(given[0] if given else Path(tempfile.mkdtemp()), *given[1:])
