"""The per-draw table of a result as CSV or Parquet, for tools that read tables.

A row for each draw and column: what was drawn once for the draw, and every output of the metrics
over flows, which is the mean of the draw's flows, or their median where the summary takes that
(latencies, times to restore). By flow, a row for each draw, column and flow. Rows are in the order
of draws. The column without threats has no draws and is left out: /summary has it. Names are those
of the store, with `n_` before counts of what is true. ∞ is `inf`; nothing is missing.
"""

import csv
import importlib.util
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from sdn_mc.core.constants import DRAWS_PER_GROUP
from sdn_mc.core.problems import InputError
from sdn_mc.report.writing import in_one_step

CSV, PARQUET = ".csv", ".parquet"
INSTALL = (
    "export: Parquet needs pyarrow, which is not installed; `pip install 'sdn-mc[tables]'`, or "
    "`pip install pyarrow`, or name a file that ends in .csv"
)
ROWS_AT_A_TIME = 2**17  # by flow: some 100 MB
FIRST = ("weight", "stratum", "net")  # of /draws: how the draw counts
MEAN, MEDIAN, COUNT, AS_IT_IS = "mean", "median", "count", "as it is"
SAID = ("title", "question", "citation", "licence", "seed", "n_draw", "config_hash", "versions")

Rows = dict[str, np.ndarray]


class Entry(NamedTuple):
    """One column of the table, and what of the result it is made of."""

    name: str
    path: str
    how: str
    units: str
    long_name: str
    meaning: str


def check_installed(ending: str) -> None:
    """Refuse, in one line, where the library of the format is absent."""
    if ending == PARQUET and importlib.util.find_spec("pyarrow") is None:
        raise InputError(INSTALL)


def write_table(tree: xr.DataTree, file: Path, by_flow: bool = False) -> int:
    """Write the table of a whole result by the file's ending; how many rows it has.

    Units and meanings stand in a Parquet file's metadata, and beside a CSV in FILE.json.
    """
    check_installed(file.suffix)
    found = entries(tree, by_flow)
    about = description(tree, found, by_flow)
    write = _write_parquet if file.suffix == PARQUET else _write_csv
    with in_one_step(file) as partial:
        n_row = write(partial, rows(tree, found, by_flow), about)
        if file.suffix == CSV:
            with in_one_step(file.with_name(f"{file.name}.json")) as beside:
                text = json.dumps(about, indent=1, ensure_ascii=False, allow_nan=False)
                beside.write_text(text + "\n", encoding="utf-8")
    return n_row


def entries(tree: xr.DataTree, by_flow: bool) -> list[Entry]:
    """The columns of the table, in order."""
    labels = ("draw", "epoch", "column", *(("flow", "source", "destination") if by_flow else ()))
    scores = tree["/metrics"].data_vars.items()
    outputs = [str(name) for name, v in scores if v.dims[:2] == ("column", "draw")]
    outputs.sort(key=lambda name: (name != "availability", name))
    found = [_entry(tree, f"/metrics/{name}", AS_IT_IS) for name in labels]
    found += _drawn(tree)
    found = [e._replace(name=f"drawn_{e.name}") if e.name in outputs else e for e in found]
    for name in outputs:
        how = AS_IT_IS if by_flow else _over_flows(tree, name)
        more = f" Over flows: their {how}." if how in (MEAN, MEDIAN) else ""
        found.append(_entry(tree, f"/metrics/{name}", how, more))
    return found


def description(tree: xr.DataTree, found: list[Entry], by_flow: bool) -> dict[str, Any]:
    """What a reader of the table must know."""
    draws = tree["/draws"].to_dataset()
    taken = {entry.path for entry in found}
    left = {str(n): v for n, v in draws.data_vars.items() if f"/draws/{n}" not in taken}
    return said_of(tree) | {
        "rows": f"one for each {'draw, column and flow' if by_flow else 'draw and column'}; the "
        "column without threats (healthy) has no draws and is left out: /summary has it",
        "infinite": "inf: no path, or not within the horizon; nothing is missing",
        "left_out": {
            name: f"{' x '.join(map(str, v.shape[1:]))} numbers a draw; /draws has them"
            for name, v in sorted(left.items())
        },
        "columns": {
            e.name: {"units": e.units, "long_name": e.long_name, "meaning": e.meaning}
            for e in found
        },
    }


def said_of(tree: xr.DataTree) -> dict[str, Any]:
    """Which run it is, and how to cite it."""
    said = {name: tree.attrs[name] for name in SAID if name in tree.attrs}
    return said | {"versions": json.loads(said["versions"])}


def rows(tree: xr.DataTree, found: list[Entry], by_flow: bool) -> Iterator[Rows]:
    """The table in pieces of some thousands of draws."""
    sizes = tree["/metrics"].sizes
    n_column, n_flow, n_draw = sizes["column"], sizes["flow"], int(tree.attrs["n_draw"])
    n_group = ROWS_AT_A_TIME // (n_column * n_flow * DRAWS_PER_GROUP)
    step = DRAWS_PER_GROUP * max(1, n_group)
    for first in range(0, n_draw, step):
        shape = min(step, n_draw - first), n_column, n_flow if by_flow else 1
        chosen = slice(first, first + step)
        yield {e.name: np.broadcast_to(_values(tree, e, chosen), shape).ravel() for e in found}


def _values(tree: xr.DataTree, entry: Entry, draws: slice) -> np.ndarray:
    """What stands in some draws' rows, to be spread over [draw, column, flow]."""
    variable = tree[entry.path]
    values = np.asarray(variable.isel(draw=draws, missing_dims="ignore").values)
    if values.dtype.kind in "OTU":
        values = np.array(list(map(str, values)), object)
    if entry.path.startswith("/draws/"):
        values = values.reshape(len(values), -1)
        return (values.sum(axis=-1) if entry.how == COUNT else values[:, 0])[:, None, None]
    if entry.how in (MEAN, MEDIAN):
        of_flows = np.median if entry.how == MEDIAN else np.mean
        values = of_flows(values.astype(np.float64), axis=-1, keepdims=True)
    if variable.dims[0] == "column":  # [column] or [column, draw, flow]
        return values[:, None] if values.ndim == 1 else values.swapaxes(0, 1)
    return values[:, None, None] if variable.dims[0] == "draw" else values


def _drawn(tree: xr.DataTree) -> Iterator[Entry]:
    """What was drawn, where it is one number a draw; of several yes or no, how many are true."""
    columns = json.loads(tree.attrs["columns"])
    names = sorted(map(str, tree["/draws"].data_vars))
    for name in sorted(names, key=lambda n: FIRST.index(n) if n in FIRST else len(FIRST)):
        variable = tree["/draws"][name]
        threat = str(variable.attrs["long_name"]).rpartition(".")[0]
        acts = ", ".join(column["name"] for column in columns if threat in column["causes"])
        more = f" It acts in {acts}." if acts else ""
        if variable.dtype == bool and variable.ndim > 1:
            more += f" How many of {math.prod(variable.shape[1:])} are true."
            yield _entry(tree, f"/draws/{name}", COUNT, more)._replace(name=f"n_{name}")
        elif math.prod(variable.shape[1:]) == 1:
            yield _entry(tree, f"/draws/{name}", AS_IT_IS, more)


def _over_flows(tree: xr.DataTree, name: str) -> str:
    """As the summary takes it; results from before the store said so tell it in words there."""
    variable = tree["/metrics"][name]
    if "flow" not in variable.dims:
        return AS_IT_IS
    first_word = str(tree["/summary"][name].attrs["meaning"]).partition(" ")[0].lower()
    return str(variable.attrs.get("over_flows", first_word))


def _entry(tree: xr.DataTree, path: str, how: str, more: str = "") -> Entry:
    said = tree[path].attrs
    name = path.rpartition("/")[2]
    return Entry(name, path, how, said["units"], said["long_name"], said["meaning"] + more)


def _write_csv(path: Path, pieces: Iterator[Rows], about: dict[str, Any]) -> int:
    n_row = 0
    with path.open("w", encoding="utf-8", newline="") as page:
        writer = csv.writer(page, lineterminator="\n")
        writer.writerow(about["columns"])
        for piece in pieces:
            writer.writerows(zip(*map(_in_words, piece.values()), strict=True))
            n_row += len(next(iter(piece.values())))
    return n_row


def _in_words(values: np.ndarray) -> list[Any]:
    """As CSV has it: of float32 no more digits than it holds."""
    return (values.astype(str) if values.dtype == np.float32 else values).tolist()


def _write_parquet(path: Path, pieces: Iterator[Rows], about: dict[str, Any]) -> int:
    """Each column has its words in its own metadata; the file has all of them as JSON."""
    import pyarrow as pa
    from pyarrow import parquet

    n_row, writer = 0, None
    for piece in pieces:
        arrays = [pa.array(values) for values in piece.values()]
        if writer is None:
            fields = [
                pa.field(name, array.type, nullable=False, metadata=about["columns"][name])
                for name, array in zip(piece, arrays, strict=True)
            ]
            schema = pa.schema(fields, {"sdn_mc": json.dumps(about, ensure_ascii=False)})
            writer = parquet.ParquetWriter(path, schema)
        writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
        n_row += len(arrays[0])
    assert writer is not None  # a run has at least one draw
    writer.close()
    return n_row
