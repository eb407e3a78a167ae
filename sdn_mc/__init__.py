"""Monte Carlo resilience of satellite laser meshes: availability and latency under attack draws.

>>> import sdn_mc
>>> result = sdn_mc.simulate(["draws=512"])       # an xarray.DataTree
>>> again = sdn_mc.open_result("outputs/…/…")
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xarray import DataTree

__version__ = "0.1.0"


def simulate(
    overrides: "list[str] | tuple[str, ...]" = (), folder: str | None = None
) -> "DataTree":
    """Run one job and open its result.

    Args:
        overrides: as on the command line, for example ["experiment=starlink_today", "draws=512"].
        folder: where the result goes; None: `outputs/<date>/<time>` below the current directory.

    Raises:
        InputError: what was given cannot be used; its text says what to do.
    """
    cli = importlib.import_module("sdn_mc.cli")
    words = [overrides] if isinstance(overrides, str) else list(overrides)
    return cli.simulate_job(words, folder)


def open_result(path: Any) -> "DataTree":
    """Open the result of a run, by its folder, its `result.zarr` or its URL (s3://…)."""
    store = importlib.import_module("sdn_mc.store")
    return store.open_result(path)
