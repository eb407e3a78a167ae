"""Independent loss of satellites of a square lattice: the published numbers of site percolation.

A fleet of L planes of L satellites, each linked to its four neighbours, is an L x L lattice on a
torus. At the threshold p_c = 0.59274605 (Jacobsen, J. Phys. A 48, 454003, 2015) the probability
that a cluster wraps around it is known exactly in the limit of large L (Pinson, J. Stat. Phys. 75,
1167, 1994; the numbers in Newman & Ziff, Phys. Rev. E 64, 016706, 2001): 0.521058 around a given
direction, 0.690474 around one or the other. At L = 24 both are off by less than 0.01 (corrections
fall as L^-2 for sites, same paper).
"""

import numpy as np
import pytest

from sdn_mc.core.constants import S_PER_DAY, S_PER_YEAR
from sdn_mc.engine import Prepared
from sdn_mc.graph import component_of, largest_component_share
from tests.engine.scenarios import GRID
from tests.small_run import small_run
from tests.threats.test_contract import masks_of

SIDE, N_DRAW = 24, 768
THRESHOLD = 0.59274605
AROUND_ONE, AROUND_ANY = 0.521058, 0.690474
FINITE = 0.01


def lattice(share_up: float, seed: int, planes: int, slots: int) -> Prepared:
    """A torus whose satellites are up with this probability, independently."""
    repair_d = 10.0
    rate_per_year = (1 / share_up - 1) / (repair_d * S_PER_DAY) * S_PER_YEAR
    return small_run(
        f"constellation.shells.shell.satellites={planes * slots}",
        f"constellation.shells.shell.planes={planes}",
        *GRID,
        "threats=[satellite_failure]",
        f"threats.satellite_failure.rate_per_year={rate_per_year!r}",
        f"threats.satellite_failure.replacement_d={repair_d}",
        f"seed={seed}",
        times=("times.count=1", "times.n_epoch=1"),
    )


def wraps(neighbour: np.ndarray, up: np.ndarray, ahead: np.ndarray, back: np.ndarray) -> bool:
    """Does a cluster go around, in the direction whose seam is crossed by the slots `ahead`?

    On two copies of the torus joined at the seam, a cluster that goes around (an odd number of
    times, as all but about one in 1e4 do) holds both copies of a satellite.
    """
    n_sat = len(neighbour)
    crosses = ahead | back
    first = np.where(crosses, neighbour + n_sat, neighbour)
    second = np.where(crosses, neighbour, neighbour + n_sat)
    component = component_of(np.concatenate([first, second]), np.concatenate([up, up]))
    alive = up.any(axis=1)
    return bool(np.any((component[:n_sat] == component[n_sat:]) & alive))


def found(
    share_up: float, n_draw: int = N_DRAW, seed: int = 1, planes: int = SIDE, slots: int = SIDE
) -> tuple[np.ndarray, np.ndarray]:
    """Whether a cluster wraps, around planes and around slots [draw, two]; largest share."""
    run = lattice(share_up, seed, planes, slots)
    links, fleet = run.scenes[0].links, run.fleet
    link, _ = masks_of(run, range(n_draw))
    around, share = [], []
    seams = []
    for place in (fleet.plane, fleet.slot):
        here, there, last = place[:, None], place[links.neighbour], place.max()
        seams.append(((here == last) & (there == 0), (here == 0) & (there == last)))
    for draw in range(n_draw):
        up = link[0, ..., draw]
        around.append([wraps(links.neighbour, up, *seam) for seam in seams])
        share.append(largest_component_share(links.neighbour, up, up.any(axis=1)))
    return np.array(around), np.array(share)


def test_clusters_wrap_at_the_threshold_as_often_as_published():
    around, _ = found(THRESHOLD)
    for share, exact in ((around[:, 0].mean(), AROUND_ONE), (around[:, 1].mean(), AROUND_ONE),
                         (around.any(axis=1).mean(), AROUND_ANY)):  # fmt: skip
        assert abs(share - exact) < 4 * np.sqrt(exact * (1 - exact) / N_DRAW) + FINITE


@pytest.mark.parametrize("share_up, low, high", [(0.45, 0, 0.02), (0.72, 0.98, 1)])
def test_below_the_threshold_no_cluster_wraps_and_above_it_one_does(share_up, low, high):
    around, share = found(share_up, 128)
    assert low <= around.any(axis=1).mean() <= high
    # Below, the largest of many small clusters; above, nearly everybody who is up and linked.
    assert share.mean() < 0.3 if share_up < THRESHOLD else share.mean() > 0.95
