"""How functions are compiled for the CPU: numba, GIL released, no checks, kept on disk.

`typing.no_type_check` below either decorator keeps run-time checks of annotations away from code
that numba translates.
"""

from typing import Any

from numba import njit


def kernel(function: Any) -> Any:
    """A part of a compiled function."""
    return njit(nogil=True, boundscheck=False, error_model="numpy")(function)


def entry(function: Any) -> Any:
    """A compiled function that Python calls: compiled on first use and kept on disk.

    The disk copy is renewed when the function's own file changes: after an edit of another file
    that it uses (`simd.py`), touch that file.
    """
    try:
        return njit(cache=True, nogil=True, boundscheck=False, error_model="numpy")(function)
    except RuntimeError:  # nowhere to write it
        return kernel(function)
