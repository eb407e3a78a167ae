"""Static figures of a sweep draw the numbers of the dataset, at the values that they name."""

import importlib.util

import numpy as np
import pytest
from matplotlib.image import imread

from tests.report.sweep_here import COLUMNS, made_up

if importlib.util.find_spec("matplotlib") is None:
    pytest.skip("matplotlib is absent: pip install matplotlib", allow_module_level=True)

from sdn_mc.report import plots, sweep_data

KEYS = {"repair_h": [1.0, 4.0, 40.0], "mask_deg": [10, 25], "mend": ["fixed", "bypass"]}


@pytest.fixture(scope="module")
def tree():
    return made_up(KEYS)


def test_there_is_a_curve_for_each_key_and_a_surface_for_each_pair_of_numbers(tree):
    made, missing = plots.of_sweep(tree)
    names = [f"response_{key}_availability" for key in KEYS]
    assert [plot.name for plot in made] == [*names, "surface_repair_h_mask_deg_availability"]
    assert not missing
    made, missing = plots.of_sweep(made_up({"mend": ["fixed", "bypass"]}))
    assert len(made) == 1 and "two keys whose values are numbers" in missing[0]


def test_curves_hold_the_values_at_the_first_values_of_the_other_keys(tree):
    curve = plots.of_sweep(tree, names=["response"])[0][0]
    known = sweep_data.response(tree, "availability").isel(mask_deg=0, mend=0)
    axes = curve.figure.axes[0]
    assert axes.get_xscale() == "log" and "mask_deg = 10 h, mend = fixed" in curve.said.words
    for line, column in zip(axes.lines, COLUMNS, strict=True):
        assert line.get_label() == column and list(line.get_xdata()) == KEYS["repair_h"]
        np.testing.assert_array_equal(line.get_ydata(), known["value"].sel(column=column))
    assert axes.get_ylabel().replace("\n", " ") == "availability (share)"


def test_what_is_infinite_or_not_done_has_no_mark():
    undone = made_up(KEYS, undone=[0])
    marks = plots.of_sweep(undone, names=["response"], metric="latency_p95_s")[0][2]
    drawn = [line.get_ydata() for line in marks.figure.axes[0].lines]
    assert all(np.isnan(y[0]) and y[1] > 50 for y in drawn), "in ms, but for what failed"
    last = made_up({"repair_h": [1, 2]})
    curve = plots.of_sweep(last, names=["response"], metric="latency_p95_s")[0][0]
    assert all(np.isnan(line.get_ydata()[-1]) for line in curve.figure.axes[0].lines)


def test_a_surface_prints_the_values_of_the_column_that_moves_most(tree):
    surface = plots.of_sweep(tree, names=["surface"])[0][0]
    known = sweep_data.response(tree, "availability")["value"].isel(mend=0).sel(column="fault")
    assert "column fault, at mend = fixed" in surface.said.words
    mesh = surface.figure.axes[0].collections[0]
    np.testing.assert_array_equal(np.ravel(mesh.get_array()), known.values.T.ravel())
    words = [text.get_text() for text in surface.figure.axes[0].texts]
    assert words == [f"{each:.3g}" for each in known.values.T.ravel()]


def test_files_are_the_same_bytes_again(tree, tmp_path):
    for folder in ("a", "b"):
        made, _ = plots.of_sweep(tree, names=["surface"])
        plots.write_all(made, tmp_path / folder, ("png", "pdf"))
    name = "surface_repair_h_mask_deg_availability"
    for kind in ("png", "pdf", "csv"):
        a, b = (tmp_path / folder / f"{name}.{kind}" for folder in ("a", "b"))
        assert a.read_bytes() == b.read_bytes()
    assert imread(tmp_path / "a" / f"{name}.png").shape[1] == 1039
