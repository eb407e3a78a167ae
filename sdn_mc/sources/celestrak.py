"""Element sets by group from CelesTrak's GP interface, with an on-disk cache and polite limits.

Query: gp.php?GROUP=<group>&FORMAT=json (celestrak.org/NORAD/documentation/gp-data-formats.php).
CelesTrak renews its data every two hours and asks that nobody downloads a group more often; a copy
younger than `max_age_h` (never less than those two hours) is used as it is, and a group that
CelesTrak has refused is not asked for again for two hours. A failed, partial or strange answer
leaves the cached copy as it was, and the copy is used with a note.
"""

import http.client
import os
import re
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from sdn_mc.core.problems import InputError
from sdn_mc.core.records import ElementRecords
from sdn_mc.sources.element_files import parse_elements
from sdn_mc.sources.files import read_text

CELESTRAK_URL = "https://celestrak.org/NORAD/elements/gp.php"
URL_VARIABLE = "SDN_MC_CELESTRAK_URL"  # another address: a mirror, a test
CACHE_VARIABLE = "SDN_MC_CACHE"  # another cache folder
CREDIT = "element sets: US Space Force catalogue via CelesTrak"
UPDATE_INTERVAL_H = 2.0  # CelesTrak renews its data this often
MAX_AGE_H = 24.0  # one copy serves a day, so that the runs of a sweep see the same satellites
TIMEOUT_S = 30.0  # without a byte
WHOLE_S = 300.0  # for the whole answer, however it trickles in
MAX_BYTES = 64 << 20  # the whole active catalogue is about 7 MB
USER_AGENT = "sdn_mc (element sets by group; caches; at most one request in two hours)"
GROUP_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


class _Refused(Exception):
    """CelesTrak answered, but not with element sets."""


class _Unreachable(Exception):
    """No whole answer came."""


def download_elements(
    group: str,
    *,
    cache_dir: str | Path | None = None,
    base_url: str | None = None,
    max_age_h: float = MAX_AGE_H,
    now: float | None = None,
) -> ElementRecords:
    """The element sets of a CelesTrak group ("starlink", "oneweb", "iridium-next", ...).

    Args:
        group: the group's name in CelesTrak's addresses.
        cache_dir: where copies are kept; None: see `cache_folder`.
        base_url: address of the GP interface; None: the environment's, else CelesTrak's.
        max_age_h: hours for which a copy is used without asking.
        now: seconds since 1970; None: the clock.
    """
    if not GROUP_NAME.fullmatch(group):
        raise InputError(
            f"CelesTrak group {group!r:.60}: allowed are small letters, digits and '-', such as "
            "starlink or iridium-next; take a name from celestrak.org/NORAD/elements"
        )
    now_s = time.time() if now is None else now
    copy = cache_folder(cache_dir) / f"{group}.json"
    age_h = _age_h(copy, now_s)
    if age_h is not None and age_h < max(max_age_h, UPDATE_INTERVAL_H):
        return _from_copy(copy, group, age_h)
    try:
        return _renewed(copy, group, base_url, now_s)
    except (_Refused, _Unreachable) as failure:
        if age_h is not None:
            return _from_copy(copy, group, age_h, f"a new one could not be had: {failure}")
        raise InputError(
            f"CelesTrak group {group}: {failure}; check the name and the network, or download the "
            "file by hand and use constellation=element_sets constellation.path=FILE"
        ) from None


def cache_folder(given: str | Path | None = None) -> Path:
    """Where copies are kept: as given, $SDN_MC_CACHE, or sdn_mc in the user's cache folder."""
    if given is not None:
        return Path(given)
    if os.environ.get(CACHE_VARIABLE):
        return Path(os.environ[CACHE_VARIABLE]) / "elements"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "sdn_mc" / "elements"


def _age_h(file: Path, now_s: float) -> float | None:
    """Hours since the file was written, or None if there is none."""
    try:
        return (now_s - file.stat().st_mtime) / 3600
    except OSError:
        return None


def _from_copy(copy: Path, group: str, age_h: float, reason: str = "") -> ElementRecords:
    note = f"CelesTrak group {group}: a copy {max(age_h, 0):.1f} h old was used"
    note += f"; {reason}" if reason else ""
    records = parse_elements(read_text(copy, str(copy)), str(copy))
    return _named(records, group, note)


def _renewed(copy: Path, group: str, base_url: str | None, now_s: float) -> ElementRecords:
    """Ask once; keep the answer if it holds element sets, remember a refusal if it does not."""
    refusal = copy.with_suffix(".refused")
    since_h = _age_h(refusal, now_s)
    if since_h is not None and since_h < UPDATE_INTERVAL_H:
        raise _Refused(
            f"CelesTrak refused it {max(since_h, 0):.1f} h ago; ask again 2 h after that"
        )
    try:
        text = _answer(group, base_url)
        try:
            records = parse_elements(text, f"answer for group {group}")
        except InputError as error:
            raise _Refused(
                f"the answer holds no usable element sets ({error.problems[0]})"
            ) from None
    except _Refused as failure:
        _write(refusal, f"{failure}\n", now_s)
        raise
    _write(copy, text, now_s)
    refusal.unlink(missing_ok=True)
    return _named(records, group, f"CelesTrak group {group}: downloaded")


def _named(records: ElementRecords, group: str, note: str) -> ElementRecords:
    return records._replace(
        origin=f"CelesTrak group {group}", notes=(*records.notes, note, f"credit: {CREDIT}")
    )


def _answer(group: str, base_url: str | None) -> str:
    """The whole text of CelesTrak's answer."""
    base = base_url or os.environ.get(URL_VARIABLE) or CELESTRAK_URL
    if not base.startswith(("https://", "http://")):
        raise InputError(
            f"{URL_VARIABLE}: {base!r} given; give an address with https:// or http://"
        )
    request = urllib.request.Request(
        f"{base}?GROUP={group}&FORMAT=json", headers={"User-Agent": USER_AGENT}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            body = _body(response)
            promised = response.headers.get("Content-Length") or ""
    except urllib.error.HTTPError as error:
        with error:
            said = _first_words(error.read(400))
        raise _Refused(f"the server answered {error.code} {said}".rstrip()) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _Unreachable(f"no answer from {base} ({error})") from None
    if re.fullmatch("[0-9]{1,12}", promised) and len(body) < int(promised):
        raise _Unreachable(f"the answer was cut off after {len(body)} of {promised} bytes")
    if len(body) > MAX_BYTES:
        raise _Refused(f"the answer is larger than {MAX_BYTES >> 20} MB")
    if not body.lstrip().startswith(b"["):
        raise _Refused(f"the server answered {_first_words(body) or 'nothing'}")
    if not body.rstrip().endswith(b"]"):  # of a server that promised no length
        raise _Unreachable(f"the answer was cut off after {len(body)} bytes")
    return body.decode("utf-8", "replace")


def _body(response: http.client.HTTPResponse) -> bytes:
    """The bytes of an answer, of which no more than one beyond the limit are taken."""
    body, end_s = bytearray(), time.monotonic() + WHOLE_S
    while len(body) <= MAX_BYTES and (more := response.read1(MAX_BYTES + 1 - len(body))):
        body += more
        if time.monotonic() > end_s:
            raise _Unreachable(f"the answer was not whole after {WHOLE_S:g} s")
    return bytes(body)


def _first_words(body: bytes) -> str:
    text = body.decode("utf-8", "replace").strip()
    line = text.splitlines()[0] if text else ""
    return repr(line[:120]) if line else ""


def _write(file: Path, text: str, now_s: float) -> None:
    """Write whole or not at all: under another name, then renamed."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=file.parent, prefix=f".{file.stem}-")
        try:
            with open(handle, "w", encoding="utf-8", newline="") as out:
                out.write(text)
            os.utime(part, (now_s, now_s))
            os.replace(part, file)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(
            f"{file.parent}: the download cannot be kept here ({error.strerror or error}); make "
            f"room, or name another folder in the environment variable {CACHE_VARIABLE}"
        ) from None
