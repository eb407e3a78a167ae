"""Fixtures of the tests of CUDA sources."""

from tests.cuda.emulator import emulated

__all__ = ["emulated"]
