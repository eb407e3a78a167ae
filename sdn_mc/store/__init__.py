"""The schema of a result, and reading and writing it as xarray/zarr.

A run folder, or a prefix of an object store, holds::

    result.zarr/     zarr v3, an xarray DataTree; plain `xarray.open_datatree` opens it
    done/000012.json one stamp for each committed block of 256 draws, renamed into place last

What is in `result.zarr` is declared by the caller as a list of `Variable`s: those with the axis
`draw` are written block by block (a block is one shard file of each array), the others once, whole.
Nothing here knows what the numbers mean.

Faults: every file is written beside its place and renamed, and a block counts only when its stamp
is there. So a process killed at any instant loses at most the block it was writing. Loss of power
is not covered, because zarr does not fsync. Several processes may write different blocks of one
store at the same time: `write_block` and `commit` touch only that block's own files. Everything
else (`create`, `extend`, `shorten`, `repair`, `write_group`, `set_attributes`) is for one process.
`alone_in`, `holding` and `changing` see to both.
"""

from sdn_mc.store.collected import (
    COLLECTED_NAME,
    COLLECTED_WORDS,
    STATUS,
    Axis,
    Point,
    is_collected,
    open_collected,
    points_of_collected,
    write_collected,
)
from sdn_mc.store.compare import differences
from sdn_mc.store.comparison import comparison_of
from sdn_mc.store.damage import Damage
from sdn_mc.store.decisions import open_decisions, read_note, write_decisions, write_note
from sdn_mc.store.files import RESULT_NAME, check_space, full_disk_explained, is_url
from sdn_mc.store.folders import not_yet_there, remove_unbegun
from sdn_mc.store.locks import alone_in, changing, holding
from sdn_mc.store.places import check_access, has_result, point
from sdn_mc.store.result import Store, create, open_result, open_store
from sdn_mc.store.schema import (
    GROUPS,
    NOT_ENDED,
    SCHEMA_VERSION,
    UNKNOWN,
    Variable,
    predicted_bytes,
)

__all__ = [
    "COLLECTED_NAME",
    "COLLECTED_WORDS",
    "GROUPS",
    "NOT_ENDED",
    "RESULT_NAME",
    "SCHEMA_VERSION",
    "STATUS",
    "UNKNOWN",
    "Axis",
    "Damage",
    "Point",
    "Store",
    "Variable",
    "alone_in",
    "changing",
    "check_access",
    "check_space",
    "comparison_of",
    "create",
    "differences",
    "full_disk_explained",
    "has_result",
    "holding",
    "is_collected",
    "is_url",
    "not_yet_there",
    "open_collected",
    "open_decisions",
    "open_result",
    "open_store",
    "point",
    "points_of_collected",
    "predicted_bytes",
    "read_note",
    "remove_unbegun",
    "write_collected",
    "write_decisions",
    "write_note",
]
