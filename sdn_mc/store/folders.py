"""The folder of a run: what of it was there before, and taking away one that never began."""

import contextlib
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from sdn_mc.core.problems import InputError
from sdn_mc.store.files import POINTER_NAME, RESULT_NAME
from sdn_mc.store.locks import LOCK_NAME, alone_in


def not_yet_there(folder: str | Path) -> list[Path]:
    """The folder and those above it that do not exist yet, the innermost first."""
    whole = Path(folder).absolute()
    return [path for path in (whole, *whole.parents) if not path.exists()]


def remove_unbegun(folder: str | Path, new: Sequence[Path], own: Sequence[str]) -> None:
    """Take away a folder without any result, and what was made to hold it.

    Args:
        folder: of a run, or of a sweep.
        new: what `not_yet_there` said before it was made.
        own: what else of a folder that was there before may go, by name.
    """
    whole = Path(folder).absolute()
    if any(found for name in (RESULT_NAME, POINTER_NAME) for found in whole.glob(f"**/{name}")):
        return
    if whole.is_dir():
        with contextlib.suppress(InputError), alone_in(whole):  # or another process begins it now
            _remove([whole] if whole in new else [whole / name for name in (*own, LOCK_NAME)])
    for path in new:
        with contextlib.suppress(OSError):  # it holds something else, or is gone
            path.rmdir()


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        shutil.rmtree(path, ignore_errors=True)
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
