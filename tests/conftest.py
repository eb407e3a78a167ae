"""Shared by all tests: where outside data lie, small fleets, and one prepared run."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real element sets and cross-check rows, beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"outside data are not there ({SHARED.name}/ beside the checkout)")
    return SHARED
