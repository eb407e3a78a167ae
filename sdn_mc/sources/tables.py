"""CSV tables: sites, pairs, losses, labels. UTF-8, a header line, other columns ignored.

| table | columns |
|---|---|
| sites | name, lat_deg, lon_deg (WGS-84 geodetic degrees), alt_m (metres, 0 if absent) |
| pairs | source, destination (names of sites) |
| losses | kind, a, b: `satellite,12,` or `link,12,34`; satellites counted from 0 in fleet order |
| labels | satellite (name or catalogue number), value |
"""

import csv
import io
from pathlib import Path

import numpy as np

from sdn_mc.core.problems import InputError
from sdn_mc.core.records import LabelRecords, LossRecords, PairRecords, SiteRecords
from sdn_mc.sources.files import Faults, decimal, read_text

Row = tuple[int, dict[str, str]]  # line number, cells by column


def read_sites(path: str | Path, origin: str | None = None) -> SiteRecords:
    """Sites in file order; longitudes are brought into -180 to 180."""
    said = origin or str(path)
    faults = Faults(said)
    rows = _rows(path, said, ("name", "lat_deg", "lon_deg"), ("alt_m",), faults)
    columns: dict[str, list[float]] = {"lat_deg": [], "lon_deg": [], "alt_m": []}
    limits = {"lat_deg": (-90.0, 90.0), "lon_deg": (-360.0, 360.0), "alt_m": (-500.0, 1e5)}
    first_line: dict[str, int] = {}
    for line, cells in rows:
        name = _text(cells, "name", line, faults)
        if name and first_line.setdefault(name, line) != line:
            faults.add(
                line,
                f"line {line}",
                f"site {name!r:.60} stands here and in line {first_line[name]}, but names must "
                "differ; rename or delete one",
            )
        for key, (low, high) in limits.items():
            columns[key].append(_number(cells, key, low, high, line, faults))
    faults.raise_all()
    _some(rows, said, "site")
    longitude = np.array(columns["lon_deg"], np.float64)
    around = np.where(np.abs(longitude) <= 180, longitude, (longitude + 180) % 360 - 180)
    return SiteRecords(
        name=tuple(first_line),
        latitude_deg=np.array(columns["lat_deg"], np.float64),
        longitude_deg=around,
        altitude_m=np.array(columns["alt_m"], np.float64),
        origin=said,
    )


def read_pairs(path: str | Path, origin: str | None = None) -> PairRecords:
    """Pairs of site names in file order."""
    said = origin or str(path)
    faults = Faults(said)
    rows = _rows(path, said, ("source", "destination"), (), faults)
    source, destination = [], []
    for line, cells in rows:
        source.append(_text(cells, "source", line, faults))
        destination.append(_text(cells, "destination", line, faults))
        if source[-1] and source[-1] == destination[-1]:
            faults.add(
                line,
                f"line {line}",
                f"source and destination are both {source[-1]!r:.60}, but a pair is two sites; "
                "correct or delete it",
            )
    faults.raise_all()
    _some(rows, said, "pair")
    return PairRecords(tuple(source), tuple(destination), said)


def read_losses(path: str | Path, origin: str | None = None) -> LossRecords:
    """Lost satellites and cut links; a table with a header only means that nothing is lost."""
    said = origin or str(path)
    faults = Faults(said)
    satellites: list[int] = []
    links: list[tuple[int, int]] = []
    for line, cells in _rows(path, said, ("kind", "a"), ("b",), faults):
        kind = cells["kind"].lower()
        if kind == "satellite":
            satellites.append(_index(cells, "a", line, faults))
            if cells.get("b"):
                faults.add(
                    line,
                    f"line {line}",
                    f"a satellite has no b, but {cells['b']!r:.60} is given; write satellite,12, "
                    "or link,12,34",
                )
        elif kind == "link":
            links.append((_index(cells, "a", line, faults), _index(cells, "b", line, faults)))
            if links[-1][0] == links[-1][1] >= 0:
                faults.add(
                    line,
                    f"line {line}",
                    f"the link joins satellite {links[-1][0]} to itself; give two satellites",
                )
        else:
            faults.add(
                line,
                f"line {line}",
                f"kind is {cells['kind']!r:.60}, allowed are satellite and link; write "
                "satellite,12, or link,12,34",
            )
    faults.raise_all()
    ends = np.array(links, np.int64).reshape(-1, 2)
    return LossRecords(np.array(satellites, np.int64), ends[:, 0], ends[:, 1], said)


def read_labels(path: str | Path, origin: str | None = None) -> LabelRecords:
    """Which group each satellite is in."""
    said = origin or str(path)
    faults = Faults(said)
    rows = _rows(path, said, ("satellite", "value"), (), faults)
    value_of: dict[str, str] = {}
    for line, cells in rows:
        satellite = _text(cells, "satellite", line, faults)
        value = _text(cells, "value", line, faults)
        if value_of.setdefault(satellite, value) != value:
            faults.add(
                line,
                f"line {line}",
                f"satellite {satellite!r:.60} has the value {value!r:.60} here and "
                f"{value_of[satellite]!r:.60} above; keep one of them",
            )
    faults.raise_all()
    _some(rows, said, "satellite")
    return LabelRecords(value_of, said)


def _rows(
    path: str | Path,
    origin: str,
    required: tuple[str, ...],
    optional: tuple[str, ...],
    faults: Faults,
) -> list[Row]:
    """The rows of a table with the columns asked for, blank lines left out."""
    reader = csv.reader(io.StringIO(read_text(path, origin), newline=""), strict=True)
    header: list[str] = []
    rows: list[Row] = []
    try:
        for cells in reader:
            if any("\n" in cell or "\r" in cell for cell in cells):
                faults.add(
                    reader.line_num,
                    f"line {reader.line_num}",
                    "a text in double quotes runs over several lines; close every double quote",
                )
                continue
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = _header(cells, required, optional, origin)
                continue
            if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
                faults.add(
                    reader.line_num,
                    f"line {reader.line_num}",
                    f"it has {len(cells)} columns, the header has {len(header)}; put a text with "
                    "a comma in double quotes",
                )
                continue
            cells = [*cells, *[""] * (len(header) - len(cells))]
            named = dict(zip(header, (cell.strip() for cell in cells), strict=False))
            rows.append((reader.line_num, named))
    except csv.Error as error:
        faults.add(
            reader.line_num,
            f"line {reader.line_num}",
            f"not CSV ({error}); close every double quote",
        )
    if not header and not faults:
        raise InputError(f"{origin}: the table has no header; {_wanted(required, optional)}")
    return rows


def _header(
    cells: list[str], required: tuple[str, ...], optional: tuple[str, ...], origin: str
) -> list[str]:
    header = [cell.strip().lower() for cell in cells]
    missing = [column for column in required if column not in header]
    twice = [column for column in (*required, *optional) if header.count(column) > 1]
    if missing or twice:
        fault = f"{', '.join(missing)} missing" if missing else f"{', '.join(twice)} given twice"
        raise InputError(
            f"{origin}, line 1: the header is {','.join(header)!r:.80} with {fault}; "
            f"{_wanted(required, optional)}"
        )
    return header


def _wanted(required: tuple[str, ...], optional: tuple[str, ...]) -> str:
    columns = ",".join((*required, *(f"[{column}]" for column in optional)))
    return f"write the header {columns} ([ ] may be left out)"


def _some(rows: list[Row], origin: str, what: str) -> None:
    if not rows:
        raise InputError(f"{origin}: the table has a header but no {what}; add at least one line")


def _text(cells: dict[str, str], key: str, line: int, faults: Faults) -> str:
    if not cells[key]:
        faults.add(line, f"line {line}", f"{key} is empty, allowed is any text; fill it in")
    return cells[key]


def _number(
    cells: dict[str, str], key: str, low: float, high: float, line: int, faults: Faults
) -> float:
    text = cells.get(key, "")
    if key == "alt_m" and not text:
        return 0.0
    value = decimal(text)
    if value is None or not low <= value <= high:
        faults.add(
            line,
            f"line {line}",
            f"{key} is {text!r:.60}, allowed is a number from {low:g} to {high:g}; correct it",
        )
        return 0.0
    return value


def _index(cells: dict[str, str], key: str, line: int, faults: Faults) -> int:
    text = cells.get(key, "")
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    faults.add(
        line,
        f"line {line}",
        f"{key} is {text!r:.60}, allowed is the index of a satellite, counted from 0; correct it",
    )
    return -1
