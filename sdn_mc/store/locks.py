"""Who may write to a run: byte ranges of one lock file in its folder, held while a process lives.

Byte k stands for block k of 256 draws, and one byte far above for what is no block: the making of a
result, its attributes, its summary. A process that works alone holds every byte; one that fills a
part of the blocks holds theirs. So parts go on side by side, two writers of one block are refused
whatever parts they were given, and a process that is killed holds nothing.

An object store has no locks and needs none (see `objects`): there, all of this does nothing.

Limits: the locks are the operating system's (on Linux those of an open file, elsewhere those of the
process) and reach other machines where the shared disk passes them on, as NFS does. A disk that has
no locks is told in the log, and then it is for the user to start each part once.
"""

import contextlib
import errno
import fcntl
import logging
import os
import struct
from collections.abc import Iterator
from pathlib import Path

from sdn_mc.core.problems import InputError
from sdn_mc.store.files import is_url

LOCK_NAME = ".lock"

_NOT_A_BLOCK = 2**40
_TO_THE_END = 0  # as a count of bytes
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}
_LOG = logging.getLogger("sdn_mc")


@contextlib.contextmanager
def alone_in(folder: str | Path) -> Iterator[None]:
    """While this lasts, no other process writes to the run folder, which is made if missing."""
    with _lock_file(folder) as file:
        if not _is_taken(file, 0, _TO_THE_END, waits=False):
            raise InputError(
                f"{folder}: another process is writing to this run; wait until it has ended"
            )
        yield


@contextlib.contextmanager
def holding(folder: str | Path, blocks: range) -> Iterator[None]:
    """While this lasts, no other process writes these blocks, nor anything alone."""
    with _lock_file(folder) as file:
        if len(blocks) and not _is_taken(file, blocks.start, len(blocks), waits=False):
            raise InputError(
                f"{folder}: another process is writing some of the blocks {blocks.start} to "
                f"{blocks.stop - 1}, which are this part; give each process a part of its own, or "
                "wait until that one has ended"
            )
        yield


@contextlib.contextmanager
def changing(folder: str | Path) -> Iterator[None]:
    """Wait until no other process makes the result or writes its summary; then be that process."""
    with _lock_file(folder) as file:
        _is_taken(file, _NOT_A_BLOCK, 1, waits=True)
        yield


@contextlib.contextmanager
def _lock_file(folder: str | Path) -> Iterator[int | None]:
    if is_url(folder):
        yield None
        return
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        file = os.open(Path(folder) / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError as error:
        raise InputError(
            f"{folder}: this folder cannot be written to ({error.strerror}); ask its owner, or "
            "copy the run to a folder of your own"
        ) from None
    try:
        yield file
    finally:
        os.close(file)


def _is_taken(file: int | None, first: int, n_byte: int, waits: bool) -> bool:
    """Lock some bytes; False where another process holds any of them."""
    if file is None:
        return True
    try:
        if hasattr(fcntl, "F_OFD_SETLK"):
            command = fcntl.F_OFD_SETLKW if waits else fcntl.F_OFD_SETLK
            # struct flock on 64-bit Linux: type, whence, start, length, process
            asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, first, n_byte, 0)
            fcntl.fcntl(file, command, asked)
        else:
            fcntl.lockf(file, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB), n_byte, first)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        if error.errno not in _NO_LOCKS:
            raise
        _LOG.warning("this disk has no locks (%s): start each part once only", error.strerror)
    return True
