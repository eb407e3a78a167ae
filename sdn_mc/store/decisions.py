"""The decisions of a study: one small dataset, and the same rows as CSV for other tools."""

import csv
import io
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from sdn_mc.core.problems import InputError
from sdn_mc.store.files import PARTIAL_PREFIX, replace_json

DECISIONS_NAME = "decisions.zarr"
TABLE_NAME = "decisions.csv"
WORDS = {
    "first": "The first of the two cases that are compared.",
    "second": "The second of the two cases that are compared.",
    "measure": "The output that the comparison is made by: the mean over flows in each draw.",
    "point": "The assumption that is changed, and to what; all others are as the experiment says.",
    "first_mean": "Mean over draws of the first case.",
    "second_mean": "Mean over draws of the second case.",
    "difference": "Mean over common draws of the first case less the second.",
    "difference_low": "Lower end of the paired 95 % interval of the difference.",
    "difference_high": "Upper end of the paired 95 % interval of the difference.",
    "verdict": "Which is better, where the interval excludes 0; 'no matter' where it lies inside "
    "the margin; else 'open'.",
    "draws_needed": "Draws that would decide, by what is known now; 0 where it is decided.",
}
AXES = ("comparison", "measure", "point")
COORDINATES = {"first": AXES[:1], "second": AXES[:1], "measure": AXES[1:2], "point": AXES[2:]}


def write_decisions(
    folder: str | Path, arrays: Mapping[str, Any], attributes: Mapping[str, Any]
) -> Path:
    """Write both, in the place of older ones; returns the path of the dataset."""
    variables = {
        name: (COORDINATES.get(name, AXES), _array(values), _said(name))
        for name, values in arrays.items()
    }
    coordinates = {name: variables.pop(name) for name in COORDINATES}
    dataset = xr.Dataset(variables, coordinates, dict(attributes))
    path, table_path = Path(folder) / DECISIONS_NAME, Path(folder) / TABLE_NAME
    new, new_table = (each.with_name(PARTIAL_PREFIX + each.name) for each in (path, table_path))
    shutil.rmtree(new, ignore_errors=True)
    text = io.StringIO()
    table = dataset.to_dataframe().reset_index(level=["measure", "point"])
    table.to_csv(text, index=False, quoting=csv.QUOTE_MINIMAL)
    try:
        dataset.to_zarr(new, zarr_format=3, consolidated=False)
        new_table.write_text(text.getvalue(), encoding="utf-8")
        shutil.rmtree(path, ignore_errors=True)
        new.replace(path)
        new_table.replace(table_path)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        new_table.unlink(missing_ok=True)
    return path


def open_decisions(path: str | Path) -> xr.Dataset:
    """The decisions of a study, by its folder or their own path."""
    given = Path(path)
    inside = given if given.name == DECISIONS_NAME else given / DECISIONS_NAME
    if not inside.is_dir():
        raise InputError(
            f"{given}: there are no decisions here yet; `sdn-mc resume {given}` ends the study"
        )
    try:
        return xr.open_zarr(inside, consolidated=False).load()
    except Exception as error:  # a damaged chunk: each codec raises what it likes
        raise InputError(
            f"{given}: the decisions cannot be read ({error}); `sdn-mc resume {given}` writes them "
            "again"
        ) from None


def write_note(path: Path, content: Mapping[str, Any]) -> None:
    """A small JSON file, written in one step; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_json(path, content, path.parent)


def read_note(path: Path) -> dict[str, Any]:
    """What `write_note` wrote."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError, RecursionError):
        raise InputError(f"{path}: this note is damaged; start anew in another folder") from None


def _array(values: Any) -> np.ndarray:
    """Text with no fixed length, which zarr 3 has a specification for."""
    array = np.asarray(values)
    return array.astype(object) if array.dtype.kind == "U" else array


def _said(name: str) -> dict[str, str]:
    units = {"units": "1"} if name == "draws_needed" else {}
    return {"long_name": name.replace("_", " "), "meaning": WORDS[name], **units}
