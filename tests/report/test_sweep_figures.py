"""Curves and surfaces of sweeps: every number drawn is the dataset's, and what is none is blank."""

import itertools
import json

import numpy as np
import pytest

from sdn_mc.report import sweep_data
from tests.report.sweep_here import COLUMNS, made_up

pytest.importorskip("plotly", reason="plotly is absent: pip install plotly")

from sdn_mc.report import sweep_page
from sdn_mc.report.menus import numbers, view_name
from sdn_mc.report.sweep_axes import MOST_LEVELS, round_levels
from sdn_mc.report.sweep_page import figures_of_sweep

HOURS = [1.0, 2.0, 4.0, 8.0]


def points_drawn(view) -> dict[str, list[float | None]]:
    """Values of each line of a view of a curve, by the line's name."""
    return {line["name"]: line["y"] for line in view["data"][1::2]}


def test_one_key_has_one_curve_with_a_line_for_each_column():
    tree = made_up({"repair_h": HOURS})
    (curve,) = figures_of_sweep(tree, {})
    assert [menu.label for menu in curve.menus] == ["metric"]
    known = sweep_data.response(tree, "availability")
    drawn = points_drawn(curve.views["0"])
    assert list(drawn) == list(COLUMNS)
    for column in COLUMNS:
        assert drawn[column] == numbers(known["value"].sel(column=column))
    band = curve.views["0"]["data"][4]  # of the last column: high ends forth, low ends back
    row = known.sel(column="fault")
    assert band["y"] == numbers([*row["high"].values, *row["low"].values[::-1]])
    assert band["x"] == [*HOURS, *HOURS[::-1]]


def test_no_path_is_a_gap_with_a_mark_and_never_a_number():
    (curve,) = figures_of_sweep(made_up({"repair_h": HOURS}), {})
    view = curve.views["1"]  # p95 latency, in milliseconds
    for y in points_drawn(view).values():
        assert y[-1] is None and 50 <= min(y[:-1]) <= max(y[:-1]) <= 60
    assert view["last"]["text"] == ["∞"] * len(COLUMNS)
    assert set(view["last"]["x"]) == {HOURS[-1]}
    low, high = view["layout"]["yaxis"]["range"]
    assert all(low < y < high for y in view["last"]["y"])


def test_a_point_that_is_not_done_is_blank_and_marked():
    (curve,) = figures_of_sweep(made_up({"repair_h": HOURS}, undone=[1]), {})
    view = curve.views["0"]
    assert all(y[1] is None for y in points_drawn(view).values())
    last = view["last"]
    assert (last["text"], last["x"], last["hovertext"]) == (["×"], [2.0], ["failed"])
    alone = view["data"][1]["error_y"]["array"]  # before the gap a band has no width
    assert alone[0] == pytest.approx(0.01) and alone[1:] == [None] * 3
    assert "not done" in curve.words


@pytest.mark.parametrize("free", ["column", "rate"])
def test_with_two_keys_every_number_is_drawn_and_none_is_averaged(free):
    keys = {"repair_h": HOURS, "rate": [0.01, 0.1, 1.0]}
    tree = made_up(keys)
    known = sweep_data.response(tree, "availability")["value"]
    curve = figures_of_sweep(tree, {})[0]
    assert [menu.label for menu in curve.menus] == ["metric", "a line for each", "column", "rate"]
    columns, rates = (menu.entries for menu in curve.menus[2:])
    if free == "column":
        for k in range(len(keys["rate"])):
            drawn = points_drawn(curve.views[f"0,0,0,{k}"])
            for column in COLUMNS:
                assert drawn[column] == numbers(known.isel(rate=k).sel(column=column))
    else:
        for c, column in enumerate(columns):
            drawn = points_drawn(curve.views[f"0,1,{c},0"])
            for k, words in enumerate(rates):
                row = known.isel(rate=k).sel(column=column)
                assert drawn[f"rate = {words}"] == numbers(row)
    assert columns[0] == "fault"  # changes most, so it is shown first


def test_a_surface_has_the_value_of_every_pair_and_blanks():
    tree = made_up({"repair_h": HOURS, "rate": [0.01, 0.1, 1.0]}, undone=[5])
    surface = figures_of_sweep(tree, {})[-1]
    assert surface.name == "surface_repair_h_rate"
    known = sweep_data.response(tree, "availability")["value"].sel(column="fault")
    view = surface.views["0,0"]
    assert view["data"][0]["z"] == [numbers(row) for row in known.transpose("rate", "repair_h")]
    assert view["data"][0]["z"][2][1] is None  # point 5: the second time at the third rate
    words = dict(zip(zip(view["last"]["x"], view["last"]["y"], strict=True),
                     view["last"]["text"], strict=True))  # fmt: skip
    assert words[2.0, 1.0] in ("failed", "×")
    assert words[8.0, 0.01] == f"{float(known.sel(repair_h=8, rate=0.01)):.4f}"
    assert (1.0, 0.01) not in words  # its cell is too narrow
    infinite = surface.views["1,0"]
    assert infinite["data"][0]["z"][-1][-1] is None and "∞" in infinite["last"]["text"]


def test_words_have_marks_with_bars_beside_each_other_and_no_surface():
    tree = made_up({"topology": ["fixed", "bypass"], "repair_h": HOURS})
    made = figures_of_sweep(tree, {})
    assert [each.name for each in made] == ["response_topology", "response_repair_h"]
    curve = made[0]
    assert curve.frame.data[1].mode == "markers"
    assert list(curve.frame.layout.xaxis.ticktext) == ["fixed", "bypass"]
    lines = curve.views["0,0,0,0"]["data"][1::2]
    assert len({line["x"][0] for line in lines}) == len(COLUMNS)
    for line in lines:
        assert line["error_y"]["array"] == pytest.approx([0.01, 0.01], rel=1e-4)
    assert curve.views["0,0,0,0"]["data"][0] is None  # no band


def test_an_axis_is_logarithmic_where_positive_values_span_more_than_a_factor_of_20():
    kinds = {(1.0, 20.0): "linear", (1.0, 21.0): "log", (-1.0, 30.0): "linear", (0, 30): "linear"}
    for values, kind in kinds.items():
        (curve,) = figures_of_sweep(made_up({"key": list(values)}), {})
        assert curve.frame.layout.xaxis.type == kind


def test_numbers_rise_along_their_axis_whatever_the_order_they_were_given_in():
    tree = made_up({"repair_h": [4.0, 1.0, 2.0]})
    assert sweep_data.keys_of(tree)[0].values == [1.0, 2.0, 4.0]
    given = tree["/summary/availability"].sel(column="fault", flow="over flows")
    drawn = points_drawn(figures_of_sweep(tree, {})[0].views["0"])
    assert drawn["fault"] == numbers(given.values[[1, 2, 0]])


def test_a_large_sweep_is_thinned_in_the_menus_and_says_so(monkeypatch):
    monkeypatch.setattr(sweep_page, "MOST_POINTS", most := 3000)
    tree = made_up({name: list(range(1, 6)) for name in "abc"}, n_metric=6)
    made = figures_of_sweep(tree, {})
    assert len(made) == 6 and all(each.views for each in made)
    drawn = [y for m in made[:3] for v in m.views.values() for y in points_drawn(v).values()]
    drawn += [row for m in made[3:] for v in m.views.values() for row in v["data"][0]["z"]]
    assert most / 4 < sum(map(len, drawn)) <= most
    for each in (made[0], made[-1]):
        assert "of 5 values of" in each.words
        for at in itertools.product(*(range(len(menu.entries)) for menu in each.menus)):
            frees = each.menus[1].frees
            at = at if frees is None else [0 if k == frees[at[1]] else n for k, n in enumerate(at)]
            assert view_name(at) in each.views


def test_views_are_json():
    for made in figures_of_sweep(made_up({"a": HOURS, "b": HOURS}, undone=[3]), {}):
        json.dumps(made.views, allow_nan=False)


def test_contour_lines_stand_at_few_round_values():
    for low, high in ((0.0, 1.0), (0.8912, 0.8955), (3.0, 47.0), (-0.36, 0.0), (120.0, 9000.0)):
        levels = round_levels(low, high)
        assert 2 <= len(levels) <= MOST_LEVELS
        assert low <= levels[0] and levels[-1] <= high
        step = levels[1] - levels[0]
        digit = step / 10.0 ** np.floor(np.log10(step) + 1e-9)
        assert min(abs(digit - d) for d in (1, 2, 5)) < 1e-6  # steps are rounded to ten digits
