"""Causes whose rates hold each other are warned of, once, in the notes."""

import pytest

from sdn_mc import runner
from sdn_mc.runner.contents import notes
from tests.small_run import small_job


def warnings_of(threats: str, *more: str) -> list[str]:
    run = runner.prepare(small_job(f"threats=[{threats}]", *more))
    return [note for note in notes(run) if "counted twice" in note]


@pytest.mark.parametrize(
    "threats, n",
    [
        ("satellite_failure,common_mode", 1),
        ("wear_out,plane_outage", 1),
        ("satellite_failure,wear_out", 1),
        ("satellite_failure,terminal_failure,vendor_fault", 0),  # a given event has no rate
        ("common_mode,plane_outage", 0),
    ],
)
def test_an_all_cause_hazard_beside_a_part_of_it_is_one_warning(threats, n):
    found = warnings_of(threats)
    assert len(found) == n and all(note.startswith("warning:") for note in found)


def test_only_columns_in_which_both_act_are_named():
    both = "[satellite_failure, common_mode]"
    columns = f"+columns={{one: [satellite_failure], two: [common_mode], both: {both}}}"
    (note,) = warnings_of("satellite_failure,common_mode", columns)
    assert "satellite_failure and common_mode in both:" in note
