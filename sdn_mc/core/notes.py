"""Notes of a result: sentences that a reader should have beside the numbers."""

from collections.abc import Iterable

WARNING = "warning:"  # how a note begins that is told before the numbers


def warnings_in(notes: Iterable[str]) -> list[str]:
    """Those that a reader must know first."""
    return [note for note in notes if note.startswith(WARNING)]


def others_in(notes: Iterable[str]) -> list[str]:
    """Those that may stand below."""
    return [note for note in notes if not note.startswith(WARNING)]
