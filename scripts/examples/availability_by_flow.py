"""Run a study, open its dataset in plain xarray, and print each flow's availability.

    python scripts/examples/availability_by_flow.py [FOLDER]

FOLDER: a new folder for the result; none: a temporary one.
"""

import sys
import tempfile
from pathlib import Path

import xarray as xr

import sdn_mc

# As on the command line. Groups of 256 draws take the four epochs, which are days, in turn.
WORDS = ["experiment=vendor_fault", "draws=1024", "times.count=48"]


def main(folder: Path) -> None:
    """Run, open, print."""
    sdn_mc.simulate(WORDS, str(folder / "run"))

    # From here on nothing needs sdn_mc: a result is a zarr store, with groups like folders.
    path = folder / "run" / "result.zarr"
    result = xr.open_datatree(path, engine="zarr", consolidated=False)
    summary = result["/summary"].to_dataset()
    print(result.attrs["title"], f"({result.attrs['n_draw']} draws)")
    print(summary["availability"].attrs["meaning"])

    # An estimate has its 95 % interval beside it. The last flow is "over flows".
    for column in summary["column"].values:
        print(f"\n{column}")
        for flow in summary["flow"].values:
            at = summary.sel(column=column, flow=flow)
            value, low, high = (float(at[f"availability{end}"]) for end in ("", "_low", "_high"))
            print(f"  {flow:28} {value:.4f} [{low:.4f}, {high:.4f}]")
    print(f"\ndataset: {path}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()))
