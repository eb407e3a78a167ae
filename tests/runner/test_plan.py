"""What is told before a run starts."""

from pathlib import Path

from rich.console import Console

from sdn_mc.runner.plan import describe
from tests.small_run import small_job, small_run


def told(preparing_s: dict[str, float]) -> str:
    run = small_run()._replace(preparing_s=preparing_s)
    console = Console(width=100, record=True, quiet=True)
    with console.capture() as capture:
        console.quiet = False
        console.print(describe(small_job(), run, Path("somewhere"), 10**6, 5.0))
    return capture.get()


def test_a_long_preparation_is_told_apart_by_threat():
    text = told({"adversary": 23.44, "region_loss": 0.01})
    assert "prepared" in text and "adversary 23.4 s" in text and "region_loss" not in text
    assert "prepared" not in told({"region_loss": 0.01})
