"""What input files say, after `sources` has read them and before a component uses them."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int

from sdn_mc.core.fleet import Catalogue, Elements


class ElementRecords(NamedTuple):
    """Element sets in file order."""

    elements: Elements
    catalogue: Catalogue
    origin: str  # the path or URL as the user gave it
    notes: tuple[str, ...] = ()  # what the summary must say of them


class SiteRecords(NamedTuple):
    """Sites of a CSV file: name, lat_deg, lon_deg, alt_m."""

    name: tuple[str, ...]
    latitude_deg: Float64[np.ndarray, " site"]
    longitude_deg: Float64[np.ndarray, " site"]
    altitude_m: Float64[np.ndarray, " site"]
    origin: str


class PairRecords(NamedTuple):
    """Pairs of site names of a CSV file: source, destination."""

    source: tuple[str, ...]
    destination: tuple[str, ...]
    origin: str


class LossRecords(NamedTuple):
    """Satellites and links (by end points) of a CSV file: kind, a, b. Indices in fleet order."""

    satellite: Int[np.ndarray, " lost"]
    link_a: Int[np.ndarray, " cut"]
    link_b: Int[np.ndarray, " cut"]
    origin: str


class LabelRecords(NamedTuple):
    """A table that says which group each satellite is in: satellite (name or number), value."""

    value_of: dict[str, str]
    origin: str
