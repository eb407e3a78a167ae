"""Which reader serves which kind of input: the words that a component's `field(reads=...)` uses."""

from typing import Any

from sdn_mc.sources.celestrak import download_elements
from sdn_mc.sources.element_files import read_elements
from sdn_mc.sources.tables import read_labels, read_losses, read_pairs, read_sites

FILE_READERS = {
    "elements": read_elements,
    "sites": read_sites,
    "pairs": read_pairs,
    "losses": read_losses,
    "labels": read_labels,
}
KINDS = (*FILE_READERS, "celestrak")


def read_input(kind: str, path: str, origin: str | None = None) -> Any:
    """The records of one input.

    Args:
        kind: one of `KINDS`.
        path: the file, or for "celestrak" the name of the group.
        origin: how messages and results name the file; None: the path itself.
    """
    if kind == "celestrak":
        return download_elements(path)
    if kind not in FILE_READERS:
        raise ValueError(f"no reader for inputs of kind {kind!r}; there are {', '.join(KINDS)}")
    return FILE_READERS[kind](path, origin)
