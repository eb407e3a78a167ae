"""Element files of any known format: which one it is shows in the text, not in the name."""

from pathlib import Path

from sdn_mc.core.problems import InputError
from sdn_mc.core.records import ElementRecords
from sdn_mc.sources.element_records import FORMATS, ElementSet, records_of
from sdn_mc.sources.files import Faults, read_text
from sdn_mc.sources.omm import parse_csv, parse_json
from sdn_mc.sources.tle import parse_tle


def read_elements(path: str | Path, origin: str | None = None) -> ElementRecords:
    """Element sets of a file: two or three lines each, OMM CSV or OMM JSON.

    Args:
        path: the file.
        origin: how messages and results name it; None: the path itself.
    """
    said = origin or str(path)
    return parse_elements(read_text(path, said), said)


def parse_elements(text: str, origin: str) -> ElementRecords:
    """Element sets of a text in any of the formats; messages name `origin`."""
    faults = Faults(origin)
    return records_of(_sets(text, faults, origin), faults, origin)


def _sets(text: str, faults: Faults, origin: str) -> list[ElementSet]:
    start = text.lstrip()
    if start.startswith(("[", "{")):
        return parse_json(text, faults)
    if start.startswith("<"):
        kind = "a web page" if "<html" in start[:500].lower() else "XML"
        raise InputError(f"{origin}: this is {kind}; allowed are {FORMATS}; download it again")
    header = start.split("\n", 1)[0].upper()
    if "," in header and ("MEAN_MOTION" in header or "NORAD_CAT_ID" in header):
        return parse_csv(text, faults)
    return parse_tle(text, faults)
