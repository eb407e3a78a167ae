"""What the commands print on, how they write paths, and what they say of one they cannot write."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

TELL_WIDTH = 100


def console() -> Console:
    """The terminal, or a page as wide as one."""
    return Console(width=None if sys.stdout.isatty() else TELL_WIDTH)


def shown(folder: Path) -> Path:
    """Relative to where the command started, where that is shorter to read."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


@contextlib.contextmanager
def place_explained(failed: list[str], key: str) -> Iterator[None]:
    """Note that a folder cannot be made or written."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            raise
        failed.append(
            f"{error.filename}: this cannot be made or written ({error.strerror}); give another "
            f"place with {key}=FOLDER"
        )
