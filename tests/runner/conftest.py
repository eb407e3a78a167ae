"""Undisturbed runs that several tests compare with."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runner_fleet import run_here


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Callable[..., Path]:
    """Undisturbed runs of the small fleet, each made once."""
    root, runs = tmp_path_factory.mktemp("runs"), {}

    def make(*overrides: str) -> Path:
        if overrides not in runs:
            runs[overrides] = root / str(len(runs))
            run_here(runs[overrides], *overrides)
        return runs[overrides]

    return make
