"""Files for other programs: written beside their place and renamed, so that none is ever half."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from sdn_mc.core.problems import InputError


@contextlib.contextmanager
def in_one_step(file: Path) -> Iterator[Path]:
    """A path beside the file, which becomes the file at the end; one line where it cannot be."""
    if file.exists() and not file.is_file():
        raise InputError(f"{file}: this is no file that could be replaced; name a file elsewhere")
    partial = file.with_name(f".partial-{file.name}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.touch()  # before anything that takes long
        yield partial
        partial.replace(file)
    except OSError as error:
        raise InputError(
            f"{file}: this cannot be written ({error.strerror or error}); name a file elsewhere"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
