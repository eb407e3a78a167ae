"""A rare event whose chance is known: two opposite corners of a dodecahedron are cut apart."""

import json
import time

import numpy as np
import pytest

import sdn_mc
from tests.validation.dodecahedron import (
    CHANCE,
    EXACT,
    LINKS,
    second_moment,
    variance_in_strata,
)

NAME = "experiment=validation/dodecahedron"
FIRST, SHARES = [0, 3, 4, 5, 6], [0.02, 0.8, 0.12, 0.04, 0.02]
STRATA = ("sampling=strata", "~sampling.factors", "sampling.of=[ends,others]",
          f"sampling.first={FIRST}", f"sampling.shares={SHARES}")  # fmt: skip
N_DRAW = 10_240


def found(folder, *words: str):
    """Estimate of being cut apart, its standard error, and what is said of the sampling."""
    result = sdn_mc.simulate([NAME, "metrics=[degradation]", *words], str(folder))
    summary = result["summary"]
    value, error = (
        float(summary[f"availability_lost{part}"].values[1, -1]) for part in ("", "_standard_error")
    )
    said = json.loads(result.attrs["sampling"])
    (row,) = (row for row in said["rows"] if row["output"] == "availability_lost")
    return value, error, row, said


def test_counted_cuts_give_the_exact_unreliability():
    degree = np.bincount(np.ravel(LINKS))
    assert len(LINKS) == 30 and np.all(degree == 3) and len(degree) == 20
    # Twelve digits: sums of thirty powers in float64 are good to fourteen.
    assert second_moment(CHANCE, CHANCE) == pytest.approx(EXACT, rel=1e-12)


def test_tilted_draws_find_a_rare_cut(tmp_path):
    value, error, row, said = found(tmp_path / "run", f"draws={N_DRAW}")
    variance = second_moment(0.4, 0.03)  # the factors of the experiment, to 0.1 %
    assert abs(value - EXACT) < 4 * np.sqrt(variance / N_DRAW)
    # Of 1,000 cuts seen, weighted unequally: 4 sigma of their variance's own estimate is 0.4.
    assert error == pytest.approx(np.sqrt(variance / N_DRAW), rel=0.4)
    assert row["plain_variance"] / row["variance"] > 1000
    assert row["gain"] == pytest.approx(
        row["plain_variance"] / row["variance"] * said["plain_core_s"] / said["core_s"]
    )


def test_strata_of_failed_links_find_it_too(tmp_path):
    n_draw = 2 * N_DRAW  # about thirteen cuts are seen: too few to hold their own error to anything
    value, _, row, _ = found(tmp_path / "run", *STRATA, f"draws={n_draw}")
    assert abs(value - EXACT) < 4 * np.sqrt(variance_in_strata(FIRST, SHARES) / n_draw)
    assert row["plain_variance"] / row["variance"] > 50


@pytest.mark.slow
def test_within_ten_percent_in_under_a_minute_by_tilting(tmp_path):
    began = time.monotonic()
    value, _, row, _ = found(tmp_path / "run")
    assert time.monotonic() - began < 60  # on two cores; the run itself takes a quarter of it
    assert abs(value / EXACT - 1) < 0.1  # 4.3 sigma
    assert row["gain"] > 1000
