"""Reading a whole text file, with one clear sentence for each way in which that can fail.

A file is read whole, so that devices, pipes and files beyond `MAX_BYTES` are refused unread.
"""

import hashlib
import re
import stat
from pathlib import Path

from sdn_mc.core.problems import InputError

MAX_FAULTS = 10  # faulty lines told one by one; the rest are counted
MAX_BYTES = 256 << 20  # the whole public catalogue is about 20 MB in the longest of its formats
CONTROL = re.compile(  # characters that nobody sees, or that change what others look like
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
DECIMAL = re.compile(r"\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
SAVE_AS_TEXT = "unpack it if it is compressed, or save it as UTF-8 text"


class Faults:
    """Collects what is wrong in one file, so that the user sees its faulty lines together."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, place: str, what: str) -> None:
        """Note a fault; `line` orders the faults, `place` names where ("line 12")."""
        self._found.append((line, f"{self._origin}, {place}: {what}"))

    def __len__(self) -> int:
        return len(self._found)

    def raise_all(self) -> None:
        """Raise one `InputError` with the first faults and the number of the others."""
        if not self._found:
            return
        told = [text for _, text in sorted(self._found, key=lambda fault: fault[0])]
        more = len(told) - MAX_FAULTS
        if more > 0:
            told = [*told[:MAX_FAULTS], f"{self._origin}: and {more} more faults like these"]
        raise InputError(told)


def read_text(path: str | Path, origin: str) -> str:
    """The text of a file in UTF-8 (a byte-order mark is dropped); line ends as they are."""
    data = _read_bytes(path, origin)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{origin}: the file is not text (not UTF-8); {SAVE_AS_TEXT}") from None
    if not text.strip():
        raise InputError(f"{origin}: the file is empty; give a file with data in it")
    if found := CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise InputError(
            f"{origin}, line {line}: the file is not text (it holds the control character "
            f"{found.group()!r}); {SAVE_AS_TEXT}"
        )
    return text


def sha256_of(path: str | Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    return hashlib.sha256(_read_bytes(path, str(path))).hexdigest()


def _read_bytes(path: str | Path, origin: str) -> bytes:
    file = Path(path).expanduser()
    advice = "give a path relative to the folder the command started in, or an absolute one"
    try:
        status = file.stat()
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            raise InputError(f"{origin}: this is a pipe or a device, not a file; save it as a file")
        if status.st_size > MAX_BYTES:
            raise InputError(
                f"{origin}: the file has {status.st_size >> 20} MB, allowed are "
                f"{MAX_BYTES >> 20} MB; leave out what is not needed"
            )
        return file.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{origin}: there is no such file; {advice}") from None
    except IsADirectoryError:
        raise InputError(f"{origin}: this is a folder, not a file; name a file in it") from None
    except PermissionError:
        raise InputError(f"{origin}: the file may not be read; allow reading it") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{origin:.200}: the file cannot be read ({why}); {advice}") from None


def decimal(text: str) -> float | None:
    """The number that a text is, in plain ASCII digits (`float` takes "1_0" and "\u0663" too)."""
    return float(text) if DECIMAL.fullmatch(text) else None
