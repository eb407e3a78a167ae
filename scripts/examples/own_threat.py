"""A threat of one's own: one module, one YAML file, and the words that name both.

    python scripts/examples/own_threat.py [FOLDER]

FOLDER: a new one for the results; none: a temporary one.
The module is `my_threats/launch_loss.py`, the file `mine/threats/launch_loss.yaml`, both beside
this one.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import sdn_mc

HERE = Path(__file__).resolve().parent
LAUNCHES = 12  # of the default fleet's 24 planes, two at a time
LABEL = (
    "+constellation.labels.launch={_target_: sdn_mc.constellation.labels.Blocks, "
    f"values: [{', '.join(f'launch {k}' for k in range(LAUNCHES))}], sizes: null, by: plane}}"
)
WORDS = [LABEL, "columns=null", "title=Launches that fail", "metrics=[availability,degradation]"]
SMALL = ["draws=1024", "times.count=24"]


def main(folder: Path) -> None:
    """Run with the threat, and see whether it did what it says."""
    run = folder / "run"
    chosen = ["--config-dir", str(HERE / "mine"), "threats=[launch_loss]", "plugins=[my_threats]"]
    command = [sys.executable, "-m", "sdn_mc", "run", *chosen, *WORDS, *SMALL]
    path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])  # where my_threats lies
    subprocess.run(
        [*command, f"hydra.run.dir={run}"],
        check=True, stdout=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": path},
    )  # fmt: skip
    result = sdn_mc.open_result(run)

    hit = result["/draws"]["launch_loss_hit"].values  # [draw, launch]
    print(f"launches hit: {hit.mean():.4f} of {hit.size} coins (0.1 was asked)")

    # A draw that lost more launches should fare worse.
    available = result["/metrics"]["availability"].values[-1].mean(axis=-1)
    n_hit = hit.sum(axis=-1)
    for n in range(n_hit.max() + 1):
        if (n_hit == n).any():
            mean = available[n_hit == n].astype(float).mean()
            print(f"{n} launches lost: {(n_hit == n).sum():3} draws, availability {mean:.4f}")
    at = result["/summary"].to_dataset().isel(column=-1, flow=-1)
    value, low, high = (float(at[f"availability_lost{end}"]) for end in ("", "_low", "_high"))
    print(f"availability lost over flows: {value:.4f} [{low:.4f}, {high:.4f}] (95 %)")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()))
