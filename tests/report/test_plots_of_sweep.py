"""Static figures of sweeps: what is drawn is the dataset's, and what is no number is a gap."""

import importlib.util

import numpy as np
import pytest
import xarray as xr

from sdn_mc.core.problems import InputError
from sdn_mc.report import figures_data, sweep_data, sweep_slices
from sdn_mc.report.sweep_axes import edges_of
from tests.report.sweep_here import COLUMNS, made_up

if importlib.util.find_spec("matplotlib") is None:
    pytest.skip("matplotlib is absent: pip install matplotlib", allow_module_level=True)

from matplotlib.image import imread

from sdn_mc.report import plots
from tests.report.test_plots import assert_band, ends_of, line_of

HOURS, RATES = [1.0, 2.0, 4.0, 8.0], [0.01, 0.1, 1.0]


def texts_of(figure) -> list[tuple[float, float, str]]:
    """Words inside the axes, and where they stand."""
    return [(*text.get_position(), text.get_text()) for text in figure.axes[0].texts]


def test_a_curve_has_the_line_and_the_band_of_every_column():
    tree = made_up({"repair_h": HOURS, "rate": RATES})
    data = sweep_slices.along(tree, "repair_h", rate=0.1)
    known = sweep_data.response(tree, "availability").sel(rate=0.1)
    figure = plots.response(data)
    for column in COLUMNS:
        assert_band(figure, column, np.array(HOURS), known.sel(column=column))
    assert figure.axes[0].get_xlabel() == "part.repair_h (h)"
    assert data.attrs["held"] == "rate = 0.1 h"
    assert sweep_slices.along(tree, "repair_h").attrs["held"] == "rate = 0.01 h"  # else the first
    assert figure.axes[0].get_xscale() == "linear"
    assert plots.response(sweep_slices.along(tree, "rate")).axes[0].get_xscale() == "log"


def test_tables_have_their_axes_and_columns_in_one_order():
    tree = made_up({"repair_h": HOURS, "topology": ["a", "b"], "rate": RATES})
    groups = {path: tree[path].to_dataset() for path in ("/", "/summary")}
    names = {path: [*data.coords, *data.data_vars][::-1] for path, data in groups.items()}
    mixed = xr.DataTree.from_dict(
        {path: xr.Dataset({n: data[n] for n in names[path]}) for path, data in groups.items()}
    )
    mixed.attrs = tree.attrs
    for one in (tree, mixed):
        data = sweep_slices.over(one, "repair_h", "rate")
        first, second = figures_data.as_csv(data).splitlines()[:2]
        assert first == "repair_h,rate_h,value,low,high,topology_h,column,status"
        assert second == "1.0,0.01,1.0,0.99,1.01,a,fault,done"
        every = figures_data.as_csv(sweep_data.all_points(one))
        assert every.startswith("repair_h,topology_h,rate_h,column,status,")


def test_gaps_have_marks_and_a_value_alone_has_a_bar():
    tree = made_up({"repair_h": HOURS}, undone=[1])
    figure = plots.response(sweep_slices.along(tree, "repair_h", "latency_p95_s"))
    known = 1e3 * sweep_data.response(tree, "latency_p95_s").sel(column="fault")
    drawn = line_of(figure, "fault")[:, 1]
    assert np.isnan(drawn[[1, 3]]).all() and np.allclose(drawn[[0, 2]], known["value"][[0, 2]])
    marks = texts_of(figure)
    assert [(x, word) for x, _, word in marks] == [(2.0, "×"), *[(8.0, "∞")] * len(COLUMNS)]
    (bars,) = [
        c
        for c in figure.axes[0].collections
        if c.get_label() == "_fault" and hasattr(c, "get_segments")
    ]
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    assert np.allclose(ends, np.stack([known["low"][[0, 2]], known["high"][[0, 2]]], axis=1))


def test_words_have_marks_with_bars_beside_each_other():
    tree = made_up({"topology": ["fixed", "bypass"]})
    figure, known = plots.response(sweep_slices.along(tree, "topology")), sweep_data.response
    row = known(tree, "availability").sel(column="fault")
    assert np.array_equal(line_of(figure, "fault")[:, 1], row["value"])
    assert np.array_equal(ends_of(figure, "fault", 1), np.stack([row["low"], row["high"]], axis=1))
    places = [line_of(figure, column)[0, 0] for column in COLUMNS]
    assert len(set(places)) == 3 and max(map(abs, places)) < 0.5
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["fixed", "bypass"]


@pytest.mark.parametrize("width", plots.WIDTHS_MM)
def test_a_map_has_the_value_of_every_pair_where_it_belongs(width):
    tree = made_up({"repair_h": HOURS, "rate": RATES}, undone=[5])
    data = sweep_slices.over(tree, "repair_h", "rate")
    known = sweep_data.response(tree, "availability")["value"].sel(column="fault")
    assert data.attrs["column"] == "fault"  # which changes most
    figure = plots.surface(data, width)
    (mesh,) = [c for c in figure.axes[0].collections if hasattr(c, "get_coordinates")]
    drawn = np.ma.filled(mesh.get_array().reshape(3, 4), np.nan)
    np.testing.assert_array_equal(drawn, known.transpose("rate", "repair_h"))
    assert np.isnan(drawn[2, 1])
    x, y = (edges_of(key) for key in sweep_data.keys_of(tree))
    np.testing.assert_allclose(mesh.get_coordinates()[0, :, 0], x)
    np.testing.assert_allclose(mesh.get_coordinates()[:, 0, 1], y)  # logarithms
    words = {(at, above): word for at, above, word in texts_of(figure)}
    assert words[2.0, 0.0] == "×"
    assert words[8.0, -2.0] == f"{float(known.sel(repair_h=8, rate=0.01)):.4f}"
    infinite = plots.surface(sweep_slices.over(tree, "repair_h", "rate", "latency_p95_s"), width)
    assert (8.0, 0.0, "∞") in texts_of(infinite)


def test_every_figure_of_a_sweep_has_its_words_and_inside_its_paper():
    tree = made_up({"topology": ["fixed", "bypass"], "repair_h": HOURS, "rate": RATES}, undone=[3])
    for width in plots.WIDTHS_MM:
        made, missing = plots.of_sweep(tree, width, metric="latency_p95_s")
        assert [plot.name for plot in made] == [
            *(f"response_{name}_latency_p95_s" for name in ("topology", "repair_h", "rate")),
            "surface_repair_h_rate_latency_p95_s",
        ]
        assert missing == []
        for plot in made:
            assert "Held: " in plot.said.words and "value" in plot.data
            plot.figure.draw_without_rendering()
            inked, paper = plot.figure.get_tightbbox(), plot.figure.bbox_inches
            assert inked.x0 >= 0 and inked.y0 >= 0
            assert inked.x1 <= paper.x1 and inked.y1 <= paper.y1
    made, missing = plots.of_sweep(made_up({"repair_h": HOURS}))
    assert len(made) == 1 and len(missing) == 1


def test_files_are_the_same_bytes_again(tmp_path):
    tree = made_up({"repair_h": HOURS, "rate": RATES})
    for folder in ("a", "b"):
        made, _ = plots.of_sweep(tree, names=["surface"])
        plots.write_all(made, tmp_path / folder, ("png", "pdf"))
    for kind in ("png", "pdf", "csv"):
        a, b = (tmp_path / f / f"surface_repair_h_rate_availability.{kind}" for f in ("a", "b"))
        assert a.read_bytes() == b.read_bytes()
    assert imread(tmp_path / "a" / "surface_repair_h_rate_availability.png").shape[1] == 1039


@pytest.mark.parametrize(
    ("axes", "held", "message"),
    [
        (("hours",), {}, "hours: not among the swept keys, repair_h, rate"),
        (("repair_h",), {"metric": "hops"}, "this sweep has availability, latency_p95_s"),
        (("repair_h",), {"other": 1}, "other: not among the swept keys"),
        (("repair_h",), {"rate": 3}, r"rate: 3 given; swept are \[0.01, 0.1, 1.0\]"),
        (("repair_h", "rate"), {"column": "x"}, "column: 'x' given; there are fault"),
    ],
)
def test_what_was_not_swept_is_refused_in_one_line(axes, held, message):
    draw = sweep_slices.along if len(axes) == 1 else sweep_slices.over
    with pytest.raises(InputError, match=message):
        draw(made_up({"repair_h": HOURS, "rate": RATES}), *axes, **held)
