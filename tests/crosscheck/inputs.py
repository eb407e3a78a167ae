"""The inputs of the cross-check networks, written as files that the command line reads."""

import csv
from pathlib import Path

import numpy as np

PLANES, SLOTS = 72, 22
N_SAT = PLANES * SLOTS
SITES = {
    "Tokyo": (35.6895, 139.69171),
    "NewYork": (40.717042, -74.003663),
    "LosAngeles": (34.031656, -118.241716),
    "Paris": (48.85341, 2.3488),
    "Singapore": (1.28967, 103.85007),
    "SaoPaulo": (-23.5475, -46.63611),
    "Istanbul": (41.0138, 28.9497),
    "Moscow": (55.754996, 37.621849),
    "London": (51.50853, -0.12574),
    "Nairobi": (-1.28333, 36.81667),
}
PAIRS = (
    ("Istanbul", "Nairobi"),
    ("London", "Singapore"),
    ("LosAngeles", "Tokyo"),
    ("NewYork", "London"),
    ("Paris", "Moscow"),
    ("SaoPaulo", "Tokyo"),
)


def write_sites_and_pairs(folder: Path) -> list[str]:
    """Both CSV files; returns the overrides that name them."""
    sites, pairs = folder / "sites.csv", folder / "pairs.csv"
    rows = [f"{name},{lat},{lon},0" for name, (lat, lon) in SITES.items()]
    sites.write_text("name,lat_deg,lon_deg,alt_m\n" + "\n".join(rows) + "\n")
    pairs.write_text("source,destination\n" + "\n".join(",".join(p) for p in PAIRS) + "\n")
    return [f"sites.path={sites}", f"pairs.path={pairs}"]


def write_hypatia_elements(path: Path) -> None:
    """One two-line set a satellite, angles rounded as a TLE prints them."""
    lines = []
    for k in range(N_SAT):
        plane, slot = divmod(k, SLOTS)
        raan_deg = 360 * plane / PLANES
        anomaly_deg = 360 * slot / SLOTS + (180 / SLOTS if plane % 2 else 0.0)
        one = f"1 {k + 1:05d}U 00000ABC 00001.00000000  .00000000  00000-0  00000+0 0    0"
        two = (
            f"2 {k + 1:05d} {53.0:8.4f} {raan_deg:8.4f} 0000001 {0.0:8.4f} "
            f"{anomaly_deg % 360:8.4f} {15.05491974:11.8f}    0"
        )
        lines += [f"sat {k}", one + _checksum(one), two + _checksum(two)]
    path.write_text("\n".join(lines) + "\n")


def write_closed_form_elements(path: Path, period_s: float) -> None:
    """OMM CSV with full precision: the circular Walker pattern 53:1584/72/17."""
    head = (
        "OBJECT_NAME,OBJECT_ID,EPOCH,MEAN_MOTION,ECCENTRICITY,INCLINATION,RA_OF_ASC_NODE,"
        "ARG_OF_PERICENTER,MEAN_ANOMALY,EPHEMERIS_TYPE,CLASSIFICATION_TYPE,NORAD_CAT_ID,"
        "ELEMENT_SET_NO,REV_AT_EPOCH,BSTAR,MEAN_MOTION_DOT,MEAN_MOTION_DDOT"
    )
    rows = [head]
    for k in range(N_SAT):
        plane, slot = divmod(k, SLOTS)
        anomaly_deg = (360 * slot / SLOTS + plane * 360 * 17 / N_SAT) % 360
        rows.append(
            f"sat {k},2000-001A,2000-01-01T00:00:00.000000,{86_400 / period_s!r},0,53,"
            f"{360 * plane / PLANES!r},0,{anomaly_deg!r},0,U,{k + 1},0,0,0,0,0"
        )
    path.write_text("\n".join(rows) + "\n")


def write_losses(path: Path, case: str) -> None:
    """The fixed losses that a case's name says."""
    links = [
        (plane * SLOTS + slot, other)
        for plane in range(PLANES)
        for slot in range(SLOTS)
        for other in (
            plane * SLOTS + (slot + 1) % SLOTS,
            (plane + 1) % PLANES * SLOTS + slot,
        )
    ]
    lost = {
        "node10pct": [f"satellite,{k}," for k in _first(N_SAT, 158)],
        "node50pct": [f"satellite,{k}," for k in _first(N_SAT, 792)],
        "planes0to5": [f"satellite,{k}," for k in range(132)],
        "isl10pct": [f"link,{links[k][0]},{links[k][1]}" for k in _first(len(links), 317)],
    }[case]
    path.write_text("kind,a,b\n" + "\n".join(lost) + "\n")


def expected(case: str) -> dict[tuple[float, str, str], float]:
    """One-way path, m, by (time, source, destination); inf where there is none."""
    with (Path(__file__).parent / "paths.csv").open() as file:
        return {
            (float(row["t_s"]), row["src"], row["dst"]): float(row["one_way_path_m"] or "inf")
            for row in csv.DictReader(file)
            if row["case"] == case
        }


def _first(count: int, chosen: int) -> list[int]:
    """The `chosen` indices with the smallest hash."""
    return sorted(np.lexsort((np.arange(count), _mix(np.arange(count))))[:chosen].tolist())


def _mix(index: np.ndarray) -> np.ndarray:
    word = np.uint64(0xFFFFFFFF)
    h = (index.astype(np.uint64) * np.uint64(2654435761)) & word
    h ^= h >> np.uint64(16)
    h = (h * np.uint64(0x45D9F3B)) & word
    return h ^ (h >> np.uint64(16))


def _checksum(line: str) -> str:
    return str(sum(int(c) if c.isdigit() else c == "-" for c in line) % 10)
