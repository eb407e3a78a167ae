"""`sdn-mc export`: the per-draw table, or routes on a map, for other tools."""

from pathlib import Path
from typing import TYPE_CHECKING

from sdn_mc.cli.kinds import STUDY, kind_of
from sdn_mc.cli.words import place, plugins_apart
from sdn_mc.core.problems import InputError
from sdn_mc.terminal import console, shown

if TYPE_CHECKING:
    from xarray import DataTree

HELP = """\
sdn-mc export RUN FILE.csv|FILE.parquet [flows=all]
sdn-mc export RUN FILE.geojson draw=17,40 [time=41,42|all] [column=NAME] [plugins=[PACKAGE]]

  A table: a row for each draw and column, with what was drawn once for the draw and every metric
  over flows (the mean, of latencies and times to restore the median flow). The column healthy has
  no draws and is left out. Units and meanings: FILE.csv.json, or the metadata of the Parquet file,
  which needs pyarrow: pip install 'sdn-mc[tables]'.

  flows=all      a row for each draw, column and flow

  GeoJSON: the routes of every flow in some draws, over the ground with heights in metres, the
  sites, the satellites on the routes, and what is lost and why. The scene is built again. All count
  from 0.

  draw=17,40     which draws
  time=41,42     which instants; all: every one; else at most 24, evenly spread
  column=NAME    which case; else the last one
"""
GEOJSON = ".geojson"
KEYS = {".csv": ("flows",), ".parquet": ("flows",), GEOJSON: ("draw", "time", "column")}
ALL = "all"


def command(words: list[str]) -> None:
    from sdn_mc.report import table

    words, plugins = plugins_apart(words)
    run, file = _run_and_file([word for word in words if "=" not in word])
    keys = _keys([word for word in words if "=" in word], file)
    table.check_installed(file.suffix)
    tree = _whole_result(run)
    if file.suffix == GEOJSON:
        said = _write_map(run, tree, file, keys, plugins)
    else:
        said = f"{table.write_table(tree, file, by_flow='flows' in keys):,} rows"
    size_mb = file.stat().st_size / 1e6
    told = f"export: {shown(file)} ({said}, {size_mb:.1f} MB)"
    console().print(told, markup=False, soft_wrap=True)


def _run_and_file(paths: list[str]) -> tuple[Path | str, Path]:
    if len(paths) != 2:
        raise InputError(
            "export: name a run and a file, for example sdn-mc export outputs/2027-01-01/12-00-00 "
            "draws.csv"
        )
    file = Path(paths[1])
    if file.suffix not in KEYS:
        raise InputError(
            f"export: {file} given; the file's ending says what is written: {', '.join(KEYS)}"
        )
    if file.is_dir():
        raise InputError(f"export: {file} is a folder; name a file")
    return place(paths[0]), file


def _keys(words: list[str], file: Path) -> dict[str, str]:
    """What is said of the file, where it fits its kind."""
    keys = dict[str, str]()
    for word in words:
        key, _, value = word.partition("=")
        if key not in KEYS[file.suffix]:
            known = ", ".join(KEYS[file.suffix])
            raise InputError(f"export: {word} given; of a {file.suffix} file known are {known}")
        if key == "flows" and value != ALL:
            raise InputError(f"export: {word} given; write flows=all, or leave it out")
        keys[key] = value
    if file.suffix == GEOJSON and "draw" not in keys:
        raise InputError("export: no draw given; write draw=17, or draw=17,40 for several")
    return keys


def _whole_result(run: Path | str) -> "DataTree":
    """The result of one run that has ended."""
    from sdn_mc.config.sweep import is_sweep, places, stored_sweep, sweep_of
    from sdn_mc.report import page
    from sdn_mc.report.summary import open_summary
    from sdn_mc.store import NOT_ENDED

    if isinstance(run, Path) and kind_of(run) == STUDY:
        raise InputError(f"export: {run} is a study; name one of its runs: {page.first_run(run)}")
    if isinstance(run, Path) and is_sweep(run):
        job = run / places(run, sweep_of(stored_sweep(run).words))[0]
        raise InputError(
            f"export: {run} is a sweep; name one of its jobs, such as {job}; `sdn-mc collect "
            f"{run}` makes one dataset of all"
        )
    tree = open_summary(run)
    if tree.attrs["stop_reason"] == NOT_ENDED:
        raise InputError(f"export: the run has not ended; `sdn-mc resume {run}` goes on with it")
    return tree


def _write_map(
    run: Path | str, tree: "DataTree", file: Path, keys: dict[str, str], plugins: list[str]
) -> str:
    """Write the GeoJSON; what is in it."""
    from sdn_mc.report import figures_data, geojson
    from sdn_mc.report.table import said_of
    from sdn_mc.report.writing import in_one_step
    from sdn_mc.runner import showing

    columns = figures_data.columns_of(tree)[1:]
    column, n_time = keys.get("column", columns[-1]), tree["/scene"].sizes["time"]
    if column not in columns:
        raise InputError(f"export: no column is called {column!r}; there are {', '.join(columns)}")
    draws = _numbers("draw", keys["draw"], int(tree.attrs["n_draw"]))
    asked = keys.get("time")
    times = list(range(n_time)) if asked == ALL else None
    if asked is not None and times is None:
        times = _numbers("time", asked, n_time)
    with in_one_step(file) as partial:
        console().print("building the scene again …", style="dim")
        found = showing.shown_of(run, draws, column, plugins, times, every_flow=True)
        counts = geojson.write_geojson(found, said_of(tree), partial)
    return "features: " + ", ".join(f"{kind} {n:,}" for kind, n in counts.items())


def _numbers(key: str, value: str, limit: int) -> list[int]:
    """17,40 as numbers, each once, in order."""
    parts = value.split(",")
    if not all(part.isdecimal() for part in parts):
        raise InputError(
            f"export: {key}={value} given; write whole numbers, such as {key}=17 or {key}=17,40"
        )
    numbers = sorted({int(part) for part in parts})
    if numbers[-1] >= limit:
        raise InputError(f"export: {key}={numbers[-1]} given; the run has 0 to {limit - 1}")
    return numbers
