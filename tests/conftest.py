"""Shared by all tests: where outside data lie, and whether there is a GPU."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real element sets and cross-check rows, beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"outside data are not there ({SHARED.name}/ beside the checkout)")
    return SHARED


@pytest.fixture(autouse=True)
def _gpu_tests_need_one(request) -> None:
    if request.node.get_closest_marker("gpu") is None:
        return
    from sdn_mc.core import cuda  # only here: JAX takes seconds to import

    reason = cuda.why_not()
    if reason is not None:
        pytest.skip(reason)
