"""The comparison of two runs: one small dataset, each variable with units and meaning."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

MEASURE, FLOW, KEY = "measure", "flow", "key"
_UNIT = "as `unit` says"
_END = "end of the paired 95 % interval of the difference: sampling error alone."
_VERDICT = (
    "Which is higher, or better where a study says what is, if the interval excludes 0; 'no "
    "matter' where it lies inside the margin; else 'open'."
)
# name: axis, units, meaning
WORDS = {
    "long_name_of": (MEASURE, "1", "What the output is called in tables."),
    "unit": (MEASURE, "1", "Unit of the measure; 1: a share or a count."),
    "is_share": (MEASURE, "1", "True where its values lie between 0 and 1."),
    "better": (MEASURE, "1", "Whether higher or lower is better, by the study; '' where not said."),
    "margin": (MEASURE, _UNIT, "Smaller differences do not matter; NaN: any might."),
    "cap": (MEASURE, _UNIT, "Larger values, and no path, count as this; NaN: none do."),
    "first_mean": (MEASURE, _UNIT, "Mean over common draws and flows of the first run."),
    "second_mean": (MEASURE, _UNIT, "Mean over common draws and flows of the second run."),
    "difference": (MEASURE, _UNIT, "Mean over common draws of the first run less the second."),
    "difference_low": (MEASURE, _UNIT, f"Lower {_END}"),
    "difference_high": (MEASURE, _UNIT, f"Upper {_END}"),
    "verdict": (MEASURE, "1", _VERDICT),
    "draws_needed": (
        MEASURE,
        "1",
        "Draws that would decide, by what is known now; 0 where it is decided, or not known.",
    ),
    "flow_first_mean": (FLOW, "1", "Availability of the flow in the first run."),
    "flow_second_mean": (FLOW, "1", "Availability of the flow in the second run."),
    "flow_difference": (FLOW, "1", "Mean over common draws of the first run less the second."),
    "flow_difference_low": (FLOW, "1", f"Lower {_END}"),
    "flow_difference_high": (FLOW, "1", f"Upper {_END}"),
    "flow_verdict": (FLOW, "1", _VERDICT),
    "flow_draws_needed": (FLOW, "1", "Draws that would decide; 0 where decided, or not known."),
    "first_value": (KEY, "1", "Value of the key in the first run; '-': it has none."),
    "second_value": (KEY, "1", "Value of the key in the second run; '-': it has none."),
}
LABELS = {
    MEASURE: "Name of the output: the mean over flows in each draw.",
    FLOW: "Source and destination, as both runs name them.",
    KEY: "Of the resolved configuration: what differs between the two.",
}


def comparison_of(arrays: Mapping[str, Any], attributes: Mapping[str, Any]) -> xr.Dataset:
    """The dataset from its arrays, those named as axes being their labels."""
    coordinates = {
        name: (name, _array(arrays[name]), {"units": "1", "long_name": name, "meaning": meaning})
        for name, meaning in LABELS.items()
    }
    variables = {
        name: (axis, _array(arrays[name]), _said(name, units, meaning))
        for name, (axis, units, meaning) in WORDS.items()
    }
    return xr.Dataset(variables, coordinates, dict(attributes))


def _array(values: Any) -> np.ndarray:
    """Text with no fixed length, as the decisions of a study have it."""
    array = np.asarray(values)
    return array.astype(object) if array.dtype.kind == "U" else array


def _said(name: str, units: str, meaning: str) -> dict[str, str]:
    return {"units": units, "long_name": name.replace("_", " "), "meaning": meaning}
