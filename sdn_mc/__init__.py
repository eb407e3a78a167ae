"""Monte Carlo resilience of satellite laser meshes: availability and latency under attack draws.

>>> import sdn_mc
>>> result = sdn_mc.simulate(["draws=512"])       # an xarray.DataTree
>>> again = sdn_mc.open_result("outputs/…/…")
>>> sdn_mc.compare("outputs/…/a", "outputs/…/b")["difference"]
"""

import importlib
import pathlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xarray import Dataset, DataTree

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


def collect(path: Any, output: Any = None) -> "DataTree":
    """One dataset of all runs of a sweep, by its folder; written to its `collected.zarr`.

    Args:
        path: the folder of the sweep.
        output: where the dataset goes instead.

    Raises:
        InputError: it is no sweep, or its runs cannot be combined.
    """
    sweep, store = (importlib.import_module(f"sdn_mc.{name}") for name in ("runner.sweep", "store"))
    place = None if output is None else pathlib.Path(output)
    return store.open_collected(sweep.collect(pathlib.Path(path), place))


def compare(
    a: Any,
    b: Any,
    columns: "tuple[str, str] | None" = None,
    metrics: "list[str] | tuple[str, ...]" = (),
    plugins: "list[str] | tuple[str, ...]" = (),
) -> "Dataset":
    """What differs between two runs on common draws: `difference` is the first less the second.

    Args:
        a: the first run, by its folder, its `result.zarr` or its URL.
        b: the second one, which may be the first again.
        columns: of each; None: the last of each, or those of the cases of a study.
        metrics: names of outputs, or of metrics; none: all that both have.
        plugins: packages of your own whose metrics may be built.

    Raises:
        InputError: their draws cannot be paired; its text says what would make them so.
    """
    comparing = importlib.import_module("sdn_mc.runner.comparing")
    paths = [str(each) if "://" in str(each) else pathlib.Path(each) for each in (a, b)]
    return comparing.compare(*paths, columns, metrics, plugins)
