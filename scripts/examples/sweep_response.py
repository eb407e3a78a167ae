"""Sweep an assumption, collect the runs into one dataset, and draw the response curve.

    python scripts/examples/sweep_response.py [FOLDER]

FOLDER: a new one for the results; none: a temporary one.
Nobody knows how long a vendor-wide fault lasts, so it is swept instead of guessed. Needs
matplotlib: pip install 'sdn-mc[report]'.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # a file, no window
import matplotlib.pyplot as plt

import sdn_mc

SWEPT = "threats.vendor_fault.repair_h=1,2,4,8"
SAME = ["draws=1024", "times.count=24", "metrics=[availability]"]
STYLE = {"vendor_fault": ("#D55E00", "o", "-"), "failures": ("#0072B2", "s", "--")}  # Okabe, Ito


def main(folder: Path) -> None:
    """Sweep, collect, draw."""
    sweep = folder / "sweep"
    command = [sys.executable, "-m", "sdn_mc", "run", "-m", SWEPT, *SAME]
    subprocess.run([*command, f"hydra.sweep.dir={sweep}"], check=True, stdout=subprocess.DEVNULL)

    # One dataset, with an axis called by the end of the swept key.
    summary = sdn_mc.collect(sweep)["/summary"].to_dataset().sel(flow="over flows")
    repair_h = summary["repair_h"].values.astype(float)
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for column, (colour, marker, dashes) in STYLE.items():
        at = summary.sel(column=column)
        value, low, high = (at[f"availability{end}"].values for end in ("", "_low", "_high"))
        axes.errorbar(
            repair_h, value, yerr=[value - low, high - value], color=colour, marker=marker,
            linestyle=dashes, capsize=3, label=column.replace("_", " "),
        )  # fmt: skip
        for hours, *ends in zip(repair_h, value, low, high, strict=True):
            print(f"{column:14} {hours:3.0f} h  {ends[0]:.4f} [{ends[1]:.4f}, {ends[2]:.4f}]")
    axes.set(
        xlabel="repair of a vendor-wide fault, h", ylabel="availability over flows, share of times"
    )
    axes.set_title("Given one such fault in a day; bars: 95 % interval", fontsize=10)
    axes.legend()
    figure.savefig(folder / "response.png", dpi=150)
    plt.close(figure)
    print(f"figure: {folder / 'response.png'}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()))
