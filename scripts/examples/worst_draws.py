"""The per-draw table in pandas: what sets the worst 5 % of the draws apart?

python scripts/examples/worst_draws.py [FOLDER]

FOLDER: a new one for the results; none: a temporary one.
"""

import json
import sys
import tempfile
from pathlib import Path

import pandas as pd

import sdn_mc
from sdn_mc import cli

WORDS = ["draws=1024", "times.count=24", "metrics=[availability,latency]"]
COLUMN, SHARE = "vendor_fault", 0.05


def main(folder: Path) -> None:
    """Run, export, compare."""
    sdn_mc.simulate(WORDS, str(folder / "run"))
    cli.main(["export", str(folder / "run"), str(folder / "draws.csv")])
    said = json.loads((folder / "draws.csv.json").read_text(encoding="utf-8"))["columns"]

    table = pd.read_csv(folder / "draws.csv")
    table = table[table["column"] == COLUMN].set_index("draw")
    n_worst = round(SHARE * len(table))
    worst = table.nsmallest(n_worst, "availability")
    others = table.drop(worst.index)
    limit = worst["availability"].max()
    print(
        f"{n_worst} of {len(table)} draws of {COLUMN} have an availability of {limit:.4f} or less"
    )

    # What was drawn once a draw, for a threat that acts in this column.
    drawn = [
        name for name, words in said.items()
        if words["meaning"].startswith("Drawn once") and f"acts in {COLUMN}" in words["meaning"]
        and table[name].nunique() > 1
    ]  # fmt: skip
    for name in drawn:
        # By chance alone half of all pairs have the larger number among the worst.
        ranks = table[name].rank()[worst.index]
        larger = (ranks.sum() - n_worst * (n_worst + 1) / 2) / (n_worst * len(others))
        units = "" if said[name]["units"] == "1" else f" {said[name]['units']}"
        medians = f"{worst[name].median():.4g}{units} against {others[name].median():.4g}{units}"
        print(f"{name:24} median {medians}; larger among the worst in {larger:.0%} of pairs")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()))
