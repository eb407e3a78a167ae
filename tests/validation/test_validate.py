"""Validation itself: it passes, it fails where it should, and its mutations still fit the code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.validation import rows
from scripts.validation.mutations import MUTATIONS

REPOSITORY = Path(__file__).resolve().parents[2]


def validate(*words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "scripts.validation", *words]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=1800)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutation_fits_its_file_exactly_once(mutation):
    text = (REPOSITORY / "sdn_mc" / mutation.file).read_text(encoding="utf-8")
    assert text.count(mutation.before) == 1 and mutation.before != mutation.after


def test_verdicts_are_those_of_the_tolerance():
    nan = float("nan")
    assert rows.near("", 1.1, 1.0, 0.2, "", "").verdict == rows.PASSED
    assert rows.near("", 1.3, 1.0, 0.2, "", "").verdict == rows.FAILED
    assert rows.near("", nan, 1.0, 0.2, "", "").verdict == rows.FAILED
    assert rows.at_most("", nan, 1.0, "", "").verdict == rows.FAILED
    assert rows.between("", 3.0, 1.0, 2.0, "", "").verdict == rows.FAILED
    assert rows.equal("", "a", "b", "", "").verdict == rows.FAILED
    # 4 sigma of 100 trials at a half is 0.2.
    assert rows.share("", 69, 100, 0.5, "").verdict == rows.PASSED
    assert rows.share("", 71, 100, 0.5, "").verdict == rows.FAILED


def test_a_number_short_of_the_design_is_told_from_a_regression():
    def verdict(got: float, wanted: float, known: float) -> str:
        return rows.floor("", got, wanted, known, "", "").verdict

    assert verdict(181, 180, 144) == rows.PASSED
    assert verdict(140, 180, 144) == rows.SHORT
    assert verdict(110, 180, 144) == rows.FAILED
    assert verdict(99, 100, 117) == rows.SHORT
    assert verdict(93, 100, 117) == rows.FAILED


def test_a_mutation_that_no_area_should_notice_is_told(monkeypatch, tmp_path):
    """The command fails where a fault goes unnoticed: that needs no copy to be run."""
    from rich.console import Console

    from scripts.validation import mutations

    monkeypatch.setattr(mutations, "in_copy", lambda _: mutations.Noticed([], ""))
    assert mutations.tried(["J2"], Console(quiet=True)) == 1


@pytest.mark.slow
def test_the_quick_validation_passes(tmp_path):
    file = tmp_path / "rows.json"
    ended = validate("--quick", "--json", str(file))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = json.loads(file.read_text(encoding="utf-8"))
    assert {row["verdict"] for row in found} <= {rows.PASSED, rows.SKIPPED}
    assert sum(row["verdict"] == rows.PASSED for row in found) > 100


@pytest.mark.slow
def test_a_wrong_sign_and_a_wrong_quantile_are_noticed():
    ended = validate("--mutations", "a sign in SGP4", "degrees of freedom")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "2 mutations, 0 wrong" in ended.stdout
