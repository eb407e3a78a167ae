"""Reading a whole text file, with one clear sentence for each way in which that can fail."""

import hashlib
from pathlib import Path

from sdn_mc.core.problems import InputError

MAX_FAULTS = 10  # faulty lines told one by one; the rest are counted


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
    if not data.strip():
        raise InputError(f"{origin}: the file is empty; give a file with data in it")
    text = _decoded(data)
    if text is None:
        raise InputError(
            f"{origin}: the file is not text (it holds bytes that are not UTF-8 text); unpack it "
            "if it is compressed, or save it as UTF-8 text"
        )
    return text


def sha256_of(path: str | Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    return hashlib.sha256(_read_bytes(path, str(path))).hexdigest()


def _read_bytes(path: str | Path, origin: str) -> bytes:
    file = Path(path).expanduser()
    advice = "give a path relative to the folder the command started in, or an absolute one"
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{origin}: there is no such file; {advice}") from None
    except IsADirectoryError:
        raise InputError(f"{origin}: this is a folder, not a file; name a file in it") from None
    except PermissionError:
        raise InputError(f"{origin}: the file may not be read; allow reading it") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{origin}: the file cannot be read ({error}); {advice}") from None


def _decoded(data: bytes) -> str | None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
