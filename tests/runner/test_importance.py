"""What each threat changes, alone and last, is the paired difference of two columns."""

import io

import pytest
from rich.console import Console

import sdn_mc
from sdn_mc.report.summary import print_summary
from sdn_mc.statistics import paired_difference
from tests.runner_fleet import FLEET

NAMES = ["satellite_failure", "terminal_failure", "vendor_fault"]


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    words = ["columns=importance", "draws=512", "metrics=[availability]", "store.paths=none"]
    folder = tmp_path_factory.mktemp("importance") / "run"
    return sdn_mc.simulate([*FLEET, *words], str(folder)).load()


def test_what_a_threat_changes_is_paired_with_the_columns_without_it(result):
    summary, of_draw = result["summary"], result["metrics"]["availability"].mean("flow")
    epoch = result["metrics"]["epoch"].values
    assert summary["threat"].values.tolist() == NAMES
    every = of_draw.sel(column="all").values.astype(float)
    for name in NAMES:
        one = summary.sel(threat=name)
        without = of_draw.sel(column=f"all_but_{name}").values.astype(float)
        # Values are stored in float32; the summary takes their mean over flows in float64.
        mean = (every - without).mean()
        assert float(one["availability_change_last"]) == pytest.approx(mean, abs=1e-6)
        alone = summary["availability"].sel(column=f"only_{name}", flow="over flows")
        alone = float(alone - summary["availability"].sel(column="healthy", flow="over flows"))
        assert float(one["availability_change_alone"]) == pytest.approx(alone, abs=1e-6)
        # Two blocks are the two epochs.
        at_time = result["metrics"]["availability_at_time"].mean("flow")
        instants = at_time.sel(column="all").values - at_time.sel(column=f"all_but_{name}").values
        found = paired_difference(every, without, epoch, per_instant=instants, within=(-1.0, 1.0))
        ends = [float(one[f"availability_change_last_{end}"]) for end in ("low", "high")]
        assert ends == pytest.approx([found.low, found.high], abs=1e-6)
        assert ends[0] < ends[1]


def test_the_table_has_a_row_for_each_threat(result):
    told = io.StringIO()
    print_summary(result, Console(file=told, width=200))
    rows = told.getvalue().partition("What each threat changes over flows, paired")[2].splitlines()
    assert "availability, alone" in rows[1] and "availability, last" in rows[1]
    assert [row.split()[0] for row in rows[2:] if row and not row.startswith(" ")][:3] == NAMES
