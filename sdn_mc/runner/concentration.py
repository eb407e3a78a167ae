"""How much of the fleet hangs on how few: concentration by each kind of group.

With s_i the share of the satellites in group i, the Herfindahl-Hirschman index and its inverse are

    HHI = sum s_i^2,    effective groups = 1 / HHI,

1 where one group has all, 1/n where n groups share alike. Competition law tells it in points of
10,000: above 1,800 a market is highly concentrated, from 1,000 on moderately (US Department of
Justice and Federal Trade Commission, Merger Guidelines, 2023). It is a property of the fleet, not
of draws: satellites that carry traffic in the first epoch count. Planes and shells are places, not
suppliers, and are left out; so are satellites whose group nobody knows.
"""

from typing import Any

import numpy as np

from sdn_mc.constellation.labels import NO_GROUP
from sdn_mc.core.fleet import CARRIES_TRAFFIC, Fleet

PLACES = ("plane", "shell")


def concentration(fleet: Fleet, status: np.ndarray) -> list[dict[str, Any]]:
    """One row a label that divides the fleet or could: its groups, HHI and effective groups."""
    working = np.isin(status, CARRIES_TRAFFIC)
    rows = []
    for label, names in fleet.labels:
        if label in PLACES or (label == "constellation" and len(names) == 1):
            continue
        count = np.bincount(fleet.group[label][working], minlength=len(names))
        count[[name == NO_GROUP for name in names]] = 0
        hhi = float(np.sum((count / max(1, count.sum())) ** 2))
        rows.append(
            {
                "label": label,
                "satellites": int(count.sum()),
                "groups": int(np.count_nonzero(count)),
                "hhi": hhi,
                "effective": 1 / hhi if hhi else 0.0,
                "largest": names[int(count.argmax())],
            }
        )
    return rows


def cost_musd(fleet: Fleet, status: np.ndarray) -> tuple[float, int]:
    """What the working satellites cost by their public prices, and how many have one."""
    price = fleet.unit_cost_musd[np.isin(status, CARRIES_TRAFFIC)]
    return float(np.nansum(price)), int(np.count_nonzero(np.isfinite(price)))
