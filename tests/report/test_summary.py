"""The closing table says what was asked, what was given, what is assumed, and how sure it is."""

import io
import json

import numpy as np
import pytest
import xarray as xr
from rich.console import Console

from sdn_mc.core.problems import InputError
from sdn_mc.report.summary import print_summary, share, value_and_interval
from sdn_mc.store import Variable, create

COLUMNS = ["healthy", "independent", "vendor fault", "one software group"]
FLOWS = ["New York–London", "Washington DC–Djibouti", "Sao Paulo–Tokyo"]
AVAILABILITY = np.array(
    [
        [1.0, 0.99999, 0.98],
        [0.9912, 0.9312, 0.9701],
        [0.9011, 0.8312, 0.8701],
        [0.9511, 0.9012, 0.9201],
    ]
)


def a_result(folder):
    """A small result as a run leaves it."""
    attributes = {
        "title": "sdn_mc result",
        "question": "What does one vendor-wide fault cost the backbone?",
        "citation": "-",
        "licence": "-",
        "seed": 7,
        "config": "{}",
        "versions": "{}",
        "device": "cpu",
        "stop_reason": "count",
        "assumptions": json.dumps(
            [
                {
                    "name": "threats.fault.repair_h",
                    "value": 2.5,
                    "unit": "h",
                    "meaning": "Median repair.",
                }
            ]
        ),
        "columns": json.dumps(
            [
                {"name": "independent", "causes": ["satellite"], "given": [], "text": ""},
                {
                    "name": "vendor fault",
                    "causes": ["satellite", "fault"],
                    "given": ["fault"],
                    "when": "one event in the window of 24 h",
                },
                {
                    "name": "one software group",
                    "causes": ["satellite", "half"],
                    "given": ["half"],
                    "when": "one event in the window of 24 h",
                },
            ]
        ),
        "satellites": json.dumps(
            {
                "read": 10746,
                "in_mesh": 9000,
                "left_out": {"raising": 1500, "alone": 246},
                "cost_musd": 1204.5,
                "priced": 9000,
            }
        ),
        "concentration": json.dumps(
            [
                {
                    "label": "prime",
                    "satellites": 9000,
                    "groups": 4,
                    "hhi": 0.2807,
                    "effective": 3.5625,
                    "largest": "York",
                }
            ]
        ),
        "notes": json.dumps(["any candidate attachment is an upper bound"]),
    }
    epoch = Variable("/draws", "epoch", ("draw",), "int32", "1", "epoch", "Epoch of the draw.")
    store = create(folder, [epoch], {"draw": 512}, {}, attributes)
    values = {"/summary/column": np.array(COLUMNS), "/summary/flow": np.array(FLOWS)}
    variables = [
        Variable("/summary", name, (name,), "str", "1", name, f"Name of the {name}.")
        for name in ("column", "flow")
    ]
    latency_s = np.where(AVAILABILITY > 0.85, 0.0712 / AVAILABILITY, np.inf)
    for name, units, of in (
        ("availability", "1", AVAILABILITY),
        ("latency_p50_s", "s", latency_s),
    ):
        low = np.where(of < 1, of - 0.004, of)
        parts = {"": of, "_low": low, "_high": np.minimum(of + 0.004, 1) if units == "1" else of}
        parts |= {"_count": np.full((4, 3), 512.0)}
        for end, array in parts.items():
            variables.append(
                Variable(
                    "/summary", name + end, ("column", "flow"), "float64", units,
                    {"availability": "Availability", "latency_p50_s": "Median latency"}[name] + end,
                    "A meaning.", attributes={"method": "t over draws, clustered by epoch, 95 %"},
                )
            )  # fmt: skip
            values[f"/summary/{name}{end}"] = array
    store.write_group("/summary", variables, values)
    return store


def printed(result, width=100):
    text = io.StringIO()
    print_summary(result, Console(file=text, width=width, color_system=None))
    return text.getvalue()


def test_the_table_names_what_is_given_assumed_and_left_out(tmp_path):
    text = printed(a_result(tmp_path).folder)
    for part in (
        "What does one vendor-wide fault cost the backbone?",
        "512 draws",
        "one event in the window of 24 h",
        "t over draws, clustered by epoch, 95 %",
        "10,746 read = 9,000 in the mesh + 1,746 left out (1,500 raising, 246 alone)",
        "1,204 MUSD for the 9,000 with a price",
        "prime  4       3.56       2,807  York",
        "threats.fault.repair_h",
        "2.5 h",
        "any candidate attachment is an upper bound",
    ):
        assert part in text
    assert max(map(len, text.splitlines())) <= 100


def test_healthy_stands_beside_attacked_with_intervals(tmp_path):
    store = a_result(tmp_path)
    wide = next(line for line in printed(store.folder, 160).splitlines() if "Djibouti" in line)
    assert "0.9312 [0.9272, 0.9352]" in wide and "1 - 1e-05 [0.9960, 1.0000]" in wide
    narrow = printed(store.folder)
    assert "0.9312" in narrow and "[0.9272, 0.9352]" in narrow
    assert "ms" in narrow and "∞: no path" in narrow


def test_a_share_never_rounds_to_certainty():
    assert [share(x) for x in (1.0, 0.99996, 0.93124, 1e-6, 0.0)] == [
        "1.0000",
        "1 - 4e-05",
        "0.9312",
        "1e-06",
        "0.0000",
    ]


def test_seconds_are_shown_in_the_unit_that_suits_them():
    assert value_and_interval(0.0712, 0.0705, np.inf, "s") == ("71.2 ms", "[70.5, ∞]")
    assert value_and_interval(9000.0, 9000.0, 9000.0, "s") == ("2.50 h", "")
    assert value_and_interval(np.inf, 600.0, np.inf, "s") == ("∞", "[10.0, ∞]")
    assert value_and_interval(-0.0123, -0.02, -0.01, "1") == ("-0.0123", "[-0.0200, -0.0100]")
    assert value_and_interval(-0.00002, -0.02, 0.01, "1") == ("-2e-05", "[-0.0200, 0.0100]")
    assert value_and_interval(np.nan, 0.0, 1.0, "1") == ("not known", "[0.0000, 1.0000]")
    assert value_and_interval(np.nan, 0.0, np.inf, "s") == ("not known", "")
    assert value_and_interval(1.25, 1.2, 1.3, "1") == ("1.250", "[1.200, 1.300]")


def test_a_result_without_summary_says_that_its_run_has_not_ended():
    with pytest.raises(InputError, match="has not ended"):
        print_summary(xr.DataTree(), Console(file=io.StringIO()))
