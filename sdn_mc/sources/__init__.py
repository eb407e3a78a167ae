"""The only reader of input files and URLs: text in, checked records out (`core.records`).

Every fault is told in a full sentence with file and line: what was found, what is allowed, what to
do. Faulty lines of a file are told together. Nothing is guessed and nothing becomes NaN.
"""

from sdn_mc.sources.celestrak import cache_folder, download_elements
from sdn_mc.sources.element_files import read_elements
from sdn_mc.sources.files import sha256_of
from sdn_mc.sources.reading import read_input
from sdn_mc.sources.tables import read_labels, read_losses, read_pairs, read_sites

__all__ = [
    "cache_folder",
    "download_elements",
    "read_elements",
    "read_input",
    "read_labels",
    "read_losses",
    "read_pairs",
    "read_sites",
    "sha256_of",
]
