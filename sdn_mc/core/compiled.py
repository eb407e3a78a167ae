"""How functions are compiled for the CPU: numba, GIL released, no checks, kept on disk.

`typing.no_type_check` below either decorator keeps run-time checks of annotations away from code
that numba translates.

Compiled functions allocate nothing: their memory comes with the call. So numba's reference counts
are switched off; an atomic count for every array that is named inside a loop cost more than half of
the walk.
"""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba import njit

# `_nrt` has no public spelling; a function that needs memory then fails to compile.
OPTIONS: dict[str, Any] = {
    "nogil": True,
    "boundscheck": False,
    "error_model": "numpy",
    "_nrt": False,
}


def kernel(function: Any) -> Any:
    """A part of a compiled function."""
    return njit(**OPTIONS)(function)


def inlined(function: Any) -> Any:
    """A part that is always built into its caller, with nothing to pass: for long loops."""
    return njit(forceinline=True, **OPTIONS)(function)


def entry(function: Any) -> Any:
    """A compiled function that Python calls: compiled on first use and kept on disk.

    numba looks for edits only in the function's own file; the fingerprint in the name of the disk
    copy covers every file that it may use.
    """
    function.__qualname__ += f"_{_fingerprint(Path(function.__code__.co_filename).parent)}"
    try:
        return njit(cache=True, **OPTIONS)(function)
    except RuntimeError:  # nowhere to write it
        return kernel(function)


@cache
def _fingerprint(folder: Path) -> str:
    """Of all sources of a folder, and of those beside this one."""
    sources = sorted({*folder.glob("*.py"), *Path(__file__).parent.glob("*.py")})
    return sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
