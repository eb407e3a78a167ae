"""The summary's rows, from the per-draw table."""

import numpy as np

import sdn_mc
from tests.small_run import SMALL


def test_what_the_healthy_column_loses_against_itself_is_exactly_nothing(tmp_path):
    words = [*SMALL, "metrics=[availability,degradation]", "draws=4"]
    summary = sdn_mc.simulate(words, str(tmp_path / "run"))["summary"]
    for name in ("availability_lost", "latency_added_s"):
        for part in ("", "_low", "_high", "_standard_error"):
            assert np.all(summary[name + part].values[0] == 0), name + part
        assert summary[name].attrs["method"].startswith("healthy: 0 by definition")
        assert np.all(summary[f"{name}_standard_error"].values[1] >= 0)
