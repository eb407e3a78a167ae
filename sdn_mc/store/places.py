"""Where a result lies: in a folder, or under a prefix of an object store that a URL names.

A `Place` holds named contents, `result.zarr/…` and `done/000012.json`, and knows how one is
replaced in one step and how a whole tree appears in one step. Everything else of a result is the
same for both.
"""

import contextlib
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import zarr

from sdn_mc.core.problems import InputError
from sdn_mc.store.arrays import open_root
from sdn_mc.store.files import (
    DONE_NAME,
    PARTIAL_PREFIX,
    POINTER_NAME,
    RESULT_NAME,
    check_space,
    full_disk_explained,
    is_url,
    locate,
    remove_partial,
    replace_bytes,
)
from sdn_mc.store.objects import Prefix


class Place(Protocol):
    """Named contents of one run. `folder` and `path` are what a user is told and gives back."""

    @property
    def folder(self) -> Path | str:
        """The run's."""

    @property
    def path(self) -> Path | str:
        """The `result.zarr` in it."""

    def check_access(self) -> None:
        """Refuse, before anything is computed, a place that cannot be written to."""

    def begin(self) -> None:
        """Make ready for a new result: nothing of an older one counts; refuse where one is."""

    def put_tree(self, name: str, fill: Callable[[zarr.Group], None]) -> None:
        """A tree of arrays appears, whole, in the place of an older one."""

    def root(self, mode: Any = "r+") -> zarr.Group:
        """The arrays of `result.zarr`."""

    def to_read(self) -> Any:
        """What xarray opens."""

    def read(self, name: str) -> bytes:
        """One content."""

    def replace(self, name: str, content: bytes) -> None:
        """Whoever reads sees the old content or the new one, whole."""

    def remove(self, name: str) -> None:
        """Take one content away, if it is there."""

    def stamps(self) -> dict[str, bytes]:
        """The contents below `done/`, by name."""

    def each(self, act: Callable[[Any], None], items: Iterable[Any]) -> None:
        """Do independent writes, at once where each waits for a network."""

    def clean(self) -> None:
        """Delete what a killed process left half written; while no other process writes.

        Refuse what lies here by name only, and would be changed elsewhere.
        """

    def explained(self) -> AbstractContextManager[None]:
        """Turn what can go wrong outside the program into a message with a way out."""

    def check_space(self, needed_bytes: int) -> None:
        """Refuse what will not fit."""


def place_of(where: str | Path) -> Place:
    """The place of a run that is to be made: a folder or a URL."""
    return Prefix(str(where)) if is_url(where) else Folder(Path(where) / RESULT_NAME)


def place_at(given: str | Path, to_write: bool = False) -> Place:
    """The place of a result that is there, by its run folder, its `result.zarr` or its URL."""
    pointer = Path(given) / POINTER_NAME
    if not is_url(given) and not pointer.is_file():
        return Folder(locate(given, to_write))
    place = Prefix(str(given) if is_url(given) else pointer.read_text(encoding="utf-8").strip())
    place.check_result(to_write)
    return place


def has_result(where: str | Path) -> bool:
    """Whether a run has made its result: in a folder, at a URL, or there where a folder points."""
    if is_url(where):
        return Prefix(str(where)).is_begun()
    return any((Path(where) / name).exists() for name in (RESULT_NAME, POINTER_NAME))


def check_access(where: str | Path) -> None:
    """Refuse, before anything is computed, a place that cannot be written to."""
    place_of(where).check_access()


def point(folder: str | Path, where: str | Path) -> None:
    """Note in the run folder where its result is, if that is elsewhere."""
    if is_url(where):
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / POINTER_NAME).write_text(f"{where}\n", encoding="utf-8")


class Folder:
    """A run folder on a disk. Files are written beside their place and renamed."""

    def __init__(self, result: Path) -> None:
        self.folder, self.path = result.parent, result

    def check_access(self) -> None:
        """Whoever made the run folder could write there."""

    def begin(self) -> None:
        """Make the folder, without leftovers and without stamps of a result that was deleted."""
        if self.path.exists():
            raise InputError(
                f"{self.folder}: there is a result in this folder already; continue it with "
                f"`sdn-mc resume {self.folder}`, or choose another hydra.run.dir."
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        remove_partial(self.folder)
        shutil.rmtree(self.folder / DONE_NAME, ignore_errors=True)

    def put_tree(self, name: str, fill: Callable[[zarr.Group], None]) -> None:
        """Made beside its place, then renamed; for a moment neither the old nor the new is there.

        Killed in that moment, the result opens without the tree, which a resumed run writes again.
        """
        target = self._at(name)
        new, old = (self.folder / f"{PARTIAL_PREFIX}{w}{target.name}" for w in ("new-", "old-"))
        for leftover in (new, old):
            shutil.rmtree(leftover, ignore_errors=True)
        try:
            fill(open_root(new, "w"))
            if target.exists():
                target.rename(old)
            new.rename(target)
        finally:
            for leftover in (new, old):
                shutil.rmtree(leftover, ignore_errors=True)

    def root(self, mode: Any = "r+") -> zarr.Group:
        """The arrays."""
        return open_root(self.path, mode)

    def to_read(self) -> Path:
        """The path."""
        return self.path

    def read(self, name: str) -> bytes:
        """A file."""
        return self._at(name).read_bytes()

    def replace(self, name: str, content: bytes) -> None:
        """Write beside, rename."""
        self._at(name).parent.mkdir(exist_ok=True)
        replace_bytes(self._at(name), content, self.folder)

    def remove(self, name: str) -> None:
        """Delete a file."""
        self._at(name).unlink(missing_ok=True)

    def stamps(self) -> dict[str, bytes]:
        """Every stamp."""
        found = {}
        for file in sorted((self.folder / DONE_NAME).glob("[0-9]*.json")):
            with contextlib.suppress(FileNotFoundError):  # taken away meanwhile
                found[file.name] = file.read_bytes()
        return found

    def each(self, act: Callable[[Any], None], items: Iterable[Any]) -> None:
        """One after the other: a disk is not made faster by asking it twice."""
        for item in items:
            act(item)

    def clean(self) -> None:
        """Ours in the run folder, and zarr's own beside the chunks; refuse what leads elsewhere."""
        for path in (self.folder / DONE_NAME, *self.path.rglob("*")):
            if path.is_symlink():  # what is written there would change something else
                raise InputError(f"{path}: this link leads out of the result; put a copy there")
        remove_partial(self.folder)
        for leftover in self.path.rglob("*.partial"):
            leftover.unlink()

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """A full disk."""
        with full_disk_explained(self.folder):
            yield

    def check_space(self, needed_bytes: int) -> None:
        """On the disk of the folder."""
        check_space(self.folder, needed_bytes)

    def _at(self, name: str) -> Path:
        """Where a content lies; a result that was copied may be called otherwise."""
        top, _, below = name.partition("/")
        return self.path / below if top == RESULT_NAME else self.folder / name
