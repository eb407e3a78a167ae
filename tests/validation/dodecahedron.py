"""All ways to cut two opposite corners of a dodecahedron, counted: the exact values of the tests.

`python -m tests.validation.dodecahedron` prints the unreliability, and the variance of one draw by
each way of sampling. Sets of failed links are counted, not sampled: links are taken one by one, and
sets that leave the corners met so far joined in the same way are one state, with a polynomial of
how many links of each class have failed (state-space decomposition).
"""

from collections import defaultdict
from math import comb
from pathlib import Path

import numpy as np
import yaml

FILE = Path(__file__).resolve().parents[2] / "configs/experiment/validation/dodecahedron.yaml"
LINKS = [tuple(link) for link in yaml.safe_load(FILE.read_text())["topology"]["links"]]
ENDS = 0, 19
AT_ENDS = np.array([bool({*link} & {*ENDS}) for link in LINKS])
CHANCE = 0.01
EXACT = 2.061891098334e-06  # two-terminal unreliability at 0.01, which the count must give


def cuts() -> np.ndarray:
    """Sets that cut the ends apart, [failed links at the ends, failed links elsewhere]."""
    last = {corner: k for k, link in enumerate(LINKS) for corner in link}
    shape = int(AT_ENDS.sum()) + 1, int((~AT_ENDS).sum()) + 1
    start = np.zeros(shape)
    start[0, 0] = 1
    states = {(): start}  # corners in play with the part that each is in, and how many sets
    for k, link in enumerate(LINKS):
        after: dict[tuple, np.ndarray] = defaultdict(lambda: np.zeros(shape))
        for state, sets in states.items():
            part = dict(state)
            for corner in link:
                part.setdefault(corner, max(part.values(), default=-1) + 1)
            one, other = (part[corner] for corner in link)
            joined = {c: one if p == other else p for c, p in part.items()}
            for found, counted in (
                (joined, sets),
                (part, np.roll(sets, 1, 0 if AT_ENDS[k] else 1)),
            ):
                if all(end in found for end in ENDS) and found[ENDS[0]] == found[ENDS[1]]:
                    continue
                after[_state(found, last, k)] += counted
        states = after
    return sum(states.values())


def _state(part: dict[int, int], last: dict[int, int], k: int) -> tuple:
    """Corners with links to come, and the ends, with their parts numbered anew."""
    kept = sorted(corner for corner in part if last[corner] > k or corner in ENDS)
    names: dict[int, int] = {}
    return tuple((corner, names.setdefault(part[corner], len(names))) for corner in kept)


def second_moment(at_ends: float, elsewhere: float) -> float:
    """Mean of w^2 over draws that cut, at these chances: CHANCE itself gives the unreliability."""
    found = cuts()
    a, b = np.indices(found.shape)
    failed = CHANCE**2 / at_ends, CHANCE**2 / elsewhere
    stood = (1 - CHANCE) ** 2 / (1 - at_ends), (1 - CHANCE) ** 2 / (1 - elsewhere)
    ends, others = (n - 1 for n in found.shape)
    return float(
        np.sum(
            found * failed[0] ** a * stood[0] ** (ends - a)
            * failed[1] ** b * stood[1] ** (others - b)
        )
    )  # fmt: skip


def of_number() -> tuple[np.ndarray, np.ndarray]:
    """Chance of each number of failed links, and of a cut given the number."""
    found, n = cuts(), len(LINKS)
    number = np.add.outer(np.arange(found.shape[0]), np.arange(found.shape[1])).ravel()
    sets = np.array([comb(n, k) for k in range(n + 1)], float)
    cut = np.bincount(number, found.ravel(), n + 1) / sets
    k = np.arange(n + 1)
    return sets * CHANCE**k * (1 - CHANCE) ** (n - k), cut


def variance_in_strata(first: list[int], shares: list[float]) -> float:
    """Variance a draw of the stratified estimate."""
    chance, cut = of_number()
    total = 0.0
    for low, high, share in zip(first, [*first[1:], len(chance)], shares, strict=True):
        of = chance[low:high].sum()
        mean = chance[low:high] @ cut[low:high] / of
        total += of**2 * mean * (1 - mean) / share
    return float(total)


if __name__ == "__main__":
    exact = second_moment(CHANCE, CHANCE)
    print(f"exact {exact:.12e}, plain {exact:.3e}")
    for both in (0.05, 0.1, 0.2, 0.3):
        found = second_moment(both, both)
        print(f"all links at {both}: {found:.3e}, {exact / found:.0f} times less")
    for ends, others in ((0.4, 0.03), (0.5, 0.03), (0.4, 0.05)):
        found = second_moment(ends, others)
        print(f"ends at {ends}, others at {others}: {found:.3e}, {exact / found:.0f} times less")
    for shares in ([0.2] * 5, [0.02, 0.8, 0.12, 0.04, 0.02]):
        found = variance_in_strata([0, 3, 4, 5, 6], shares)
        print(f"strata 0-2, 3, 4, 5, 6+ with {shares}: {found:.3e}, {exact / found:.0f} times less")
