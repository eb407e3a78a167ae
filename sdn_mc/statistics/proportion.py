"""Limits for k of n independent yes or no.

Wilson (1927), the score interval; Clopper & Pearson (1934), exact and never short; and, where no
event was seen, the one-sided 95 % bound 1 - 0.05^(1/n), which is Clopper & Pearson's too: near 3/n
("rule of three").
"""

import numpy as np
from scipy import special

from sdn_mc.statistics.estimate import LEVEL


def wilson(k: int | float, n: int | float, level: float = LEVEL) -> tuple[float, float]:
    """Score interval for k of n; both may be fractions of an effective sample."""
    z = float(special.ndtri((1 + level) / 2))
    share, shrink = k / n, 1 + z * z / n
    middle = (share + z * z / (2 * n)) / shrink
    arm = z / shrink * np.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    return max(0.0, float(middle - arm)), min(1.0, float(middle + arm))


def clopper_pearson(k: int | float, n: int | float, level: float = LEVEL) -> tuple[float, float]:
    """Exact two-sided interval for k of n."""
    tail = (1 - level) / 2
    low = float(special.betaincinv(k, n - k + 1, tail)) if k > 0 else 0.0
    high = float(special.betainccinv(k + 1, n - k, tail)) if k < n else 1.0
    return low, high


def zero_events_bound(n: int | float, alpha: float = 1 - LEVEL) -> float:
    """Largest share that leaves no event in n independent trials with probability `alpha`."""
    return float(-np.expm1(np.log(alpha) / n))
