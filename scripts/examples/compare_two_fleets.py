"""Compare two fleets on common draws: a paired difference with its interval, by hand.

    python scripts/examples/compare_two_fleets.py [FOLDER]

FOLDER: a new one for the results; none: a temporary one.
Both runs have the same seed, so draw 17 of one has the same fault, at the same time and for as
long, as draw 17 of the other. What the draws have in common cancels in the difference.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

import sdn_mc
from sdn_mc.statistics import paired_difference

FLEETS = {"70 deg": "constellation=backbone", "53 deg": "constellation=backbone_53"}
SAME = ["seed=1", "draws=1024", "times.n_epoch=4", "times.count=48", "metrics=[availability]"]
COLUMN = "vendor_fault"


def main(folder: Path) -> None:
    """Run both, and compare them draw by draw."""
    scores = []
    for name, fleet in FLEETS.items():
        result = sdn_mc.simulate([fleet, *SAME], str(folder / name))
        scores.append(result["/metrics"].to_dataset().sel(column=COLUMN))
    one, other = scores

    # A draw's availability is the mean of its flows; then one difference for each draw.
    a, b = (each["availability"].mean("flow").values.astype(float) for each in scores)
    n_draw = len(a)
    print(f"availability over flows, {COLUMN}: {a.mean():.4f} and {b.mean():.4f}")

    # The error of the draws alone, as a textbook has it, and what it were without pairing.
    paired = np.std(a - b, ddof=1) / np.sqrt(n_draw)
    apart = np.sqrt((np.var(a, ddof=1) + np.var(b, ddof=1)) / n_draw)
    print(f"standard error of {n_draw} draws: {paired:.5f} paired, {apart:.5f} if not")

    # All draws of an epoch share its instants, which are a sample too: the honest interval has
    # that error as well. Blocks of 256 draws take the epochs in turn, so block k is epoch k here.
    at_time = (one["availability_at_time"] - other["availability_at_time"]).mean("flow").values
    found = paired_difference(a, b, one["epoch"].values, per_instant=at_time, within=(-1.0, 1.0))
    names = " minus ".join(FLEETS)
    print(f"{names}: {found.value:+.4f} [{found.low:+.4f}, {found.high:+.4f}] (95 %)")
    print(f"method: {found.method}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()))
