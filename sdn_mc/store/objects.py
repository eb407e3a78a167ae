"""A result in an object store (S3, GCS, Azure, …), through obstore (extra `cloud`).

Objects appear whole or not at all, so a block's arrays and then its stamp are as safe as files that
are renamed. A tree of arrays is made in memory and its `zarr.json`, without which nobody sees it,
is put last. That of a new result is put first, too, empty and on the condition that none is there,
so of two runs that are begun at one URL the second is refused (where the store has conditional
puts; S3, GCS, Azure and MinIO do).

There are no locks. None is needed for blocks: two processes that write the same block put the same
bytes. Changing a run's number of draws is for one process, and it is for the user to see to that.

Credentials come from the environment, for S3 AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION,
and AWS_ENDPOINT_URL for a server that is not Amazon's.
"""

import contextlib
import datetime as dt
import json
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import zarr
from zarr.abc.buffer import Buffer
from zarr.storage import MemoryStore, ObjectStore

from sdn_mc.core.problems import InputError
from sdn_mc.store.files import DONE_NAME, RESULT_NAME, check_schema

_AT_ONCE = 32  # requests, each of which mostly waits
_ROOT = "zarr.json"
_EMPTY = b'{"zarr_format": 3, "node_type": "group"}'
_FIRST_TRY = {"max_retries": 2, "retry_timeout": dt.timedelta(seconds=10)}  # then the user is told

# What stands in the text of an error, and what it means.
_MEANINGS = {
    "NoSuchBucket": "there is no such bucket; make it, or correct the URL",
    "169.254.169.254|metadata|CredentialsNotLoaded": "no credentials are set; set "
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or what your provider names)",
    "401 Unauthorized|403 Forbidden|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch": "the "
    "credentials do not give the right to this; check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and "
    "the rights to read, write, list and delete there",
    "Connect|error sending request|dns error|timed out|operation timeout": "the server cannot be "
    "reached; check the network, AWS_REGION and AWS_ENDPOINT_URL",
}


class Prefix:
    """All objects of one run. `folder` is the URL that the user gave."""

    def __init__(self, url: str) -> None:
        self.folder = url.rstrip("/").removesuffix(f"/{RESULT_NAME}")
        self.path = f"{self.folder}/{RESULT_NAME}"
        self._objects = _opened(self.folder)

    def check_access(self) -> None:
        """Refuse, soon, a store that cannot be reached or written to."""
        import obstore

        first, name = _opened(self.folder, retry_config=_FIRST_TRY), ".may-we-write"
        with self.explained():
            obstore.put(first, name, b"")
            obstore.delete(first, name)

    def check_result(self, to_write: bool = False) -> None:
        """Refuse a place without a result that this program can read."""
        import obstore

        try:
            with self.explained():
                first = _opened(self.path, retry_config=_FIRST_TRY)
                attributes = _attributes_in(bytes(obstore.get(first, _ROOT).bytes()))
        except FileNotFoundError:
            raise InputError(
                f"{self.folder}: there is no result of sdn-mc here (no {RESULT_NAME}); give the "
                "store.url of a run"
            ) from None
        if "schema_version" not in attributes:
            raise InputError(_half_made(self.folder))
        check_schema(self.folder, attributes, to_write)

    def is_begun(self) -> bool:
        """Whether a run has made its result here, or begun to."""
        try:
            with self.explained():
                self.read(f"{RESULT_NAME}/{_ROOT}")
        except FileNotFoundError:
            return False
        return True

    def begin(self) -> None:
        """Claim the place; whose root is there already is told."""
        import obstore

        root = f"{RESULT_NAME}/{_ROOT}"
        try:
            obstore.put(self._objects, root, _EMPTY, mode="create", use_multipart=False)
        except obstore.exceptions.AlreadyExistsError:
            self.check_result()
            raise InputError(
                f"{self.folder}: there is a result here already; continue it with `sdn-mc resume "
                f"{self.folder}`, or choose another store.url"
            ) from None
        for name in self._names(DONE_NAME):  # of a result that was deleted
            self.remove(name)

    def put_tree(self, name: str, fill: Callable[[zarr.Group], None]) -> None:
        """Readers see the old tree, none or a part of it for a moment, the new one."""
        made: dict[str, Buffer] = {}
        fill(zarr.open_group(MemoryStore(made), mode="w", zarr_format=3))
        contents = {f"{name}/{key}": value.to_bytes() for key, value in made.items()}
        root, before = f"{name}/{_ROOT}", self._names(name)
        if root in before and name != RESULT_NAME:
            self.remove(root)
        self.each(self.remove, (old for old in before if old not in contents))
        self.each(lambda key: self.replace(key, contents[key]), (k for k in contents if k != root))
        self.replace(root, contents[root])

    def root(self, mode: Any = "r+") -> zarr.Group:
        """The arrays."""
        return zarr.open_group(ObjectStore(_opened(self.path)), mode=mode, zarr_format=3)

    def to_read(self) -> Any:
        """zarr's view of the objects."""
        return ObjectStore(_opened(self.path), read_only=True)

    def read(self, name: str) -> bytes:
        """An object."""
        import obstore

        return bytes(obstore.get(self._objects, name).bytes())

    def replace(self, name: str, content: bytes) -> None:
        """Put it."""
        import obstore

        obstore.put(self._objects, name, content)

    def remove(self, name: str) -> None:
        """Delete it."""
        import obstore

        with contextlib.suppress(FileNotFoundError):
            obstore.delete(self._objects, name)

    def stamps(self) -> dict[str, bytes]:
        """Every stamp."""
        found: dict[str, bytes] = {}

        def read(name: str) -> None:
            with contextlib.suppress(FileNotFoundError):  # taken away meanwhile
                found[name.rpartition("/")[2]] = self.read(name)

        self.each(read, self._names(DONE_NAME))
        return dict(sorted(found.items()))

    def each(self, act: Callable[[Any], None], items: Iterable[Any]) -> None:
        """At once."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(act, items))

    def clean(self) -> None:
        """Nothing is ever half written."""

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Network, rights, bucket. What is not there stays `FileNotFoundError`."""
        import obstore

        try:
            with warnings.catch_warnings():  # of a tree that is being put, whose root is not there
                warnings.filterwarnings("ignore", "Object at .* is not recognized")
                yield
        except (obstore.exceptions.BaseError, FileNotFoundError) as error:
            known = [told for sign, told in _MEANINGS.items() if re.search(sign, str(error))]
            if isinstance(error, FileNotFoundError) and not known:
                raise
            said = known[0] if known else str(error).partition("\n")[0]
            raise InputError(f"{self.folder}: {said}") from error

    def check_space(self, needed_bytes: int) -> None:
        """A bucket has no end."""

    def _names(self, below: str) -> list[str]:
        import obstore

        return [found["path"] for found in obstore.list(self._objects, below).collect()]


def _attributes_in(root: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(root)["attributes"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}


def _half_made(folder: str) -> str:
    return (
        f"{folder}: a run is making its result here, or was stopped while it did; wait, or delete "
        "the objects below it and start the run again"
    )


def _opened(url: str, **options: Any) -> Any:
    try:
        from obstore.store import from_url
    except ImportError:
        raise InputError(
            f"{url}: object stores need obstore, which is not installed; pip install "
            "'sdn-mc[cloud]'"
        ) from None
    try:
        if not url.startswith(("s3://", "gs://", "az://")):
            raise ValueError("another kind of URL")
        # plain http only where AWS_ENDPOINT_URL asks for it
        return from_url(url, client_options={"allow_http": True}, **options)
    except Exception as error:  # obstore's own, of several kinds
        raise InputError(
            f"{url}: this names no object store ({str(error).partition(chr(10))[0]}); write "
            "s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://ACCOUNT/CONTAINER/PREFIX"
        ) from None
