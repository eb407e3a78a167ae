"""What a way of sampling made of the draws, and what it bought against plain draws.

For a mean the error after n draws is the root of v / n, v the variance a draw, so that the core
time to a given error is v times the core time of a draw. Beside plain sampling's, which the same
draws estimate by their weights, this tells how many times sooner the method is there:

    gain = (v_plain t_plain) / (v t).

Variances are those of draws inside epochs: what epochs and instants add, no way of sampling takes
away. They are estimates, and rough ones where an event was seen in few draws. Times are of drawing,
masks and routes, measured on the first draws before the run; scores and writing cost both alike.
"""

import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from sdn_mc import engine
from sdn_mc.core.constants import DRAWS_PER_GROUP
from sdn_mc.core.protocols import Output
from sdn_mc.engine import Prepared
from sdn_mc.statistics import NOT_KNOWN, Design, effective_draws, variances
from sdn_mc.store import UNKNOWN, Store

SAID_OF_DRAWS = {  # by a way of sampling: dtype, what it is
    "weight": ("float64", "Statistical weight of the draw; 1 for plain sampling."),
    "stratum": ("int32", "Stratum of the draw, by the number of rare failures, from 0."),
    "net": ("int32", "Net of points that the draw belongs to, from 0."),
}
FEW_EFFECTIVE = 100.0  # draws that count for fewer leave common means unsure
TIMED = 3  # of which the fastest counts
MEANS = ("mean", "share")


def design_of(sampling: Any, result: Store, n_draw: int | None = None) -> Design | None:
    """How the first draws of a result were made; None: plain, as `sampling` is None."""
    if sampling is None:
        return None
    there = set(result.arrays())
    said = {
        name: result.read(f"/draws/{name}", n_draw)
        for name in SAID_OF_DRAWS
        if f"/draws/{name}" in there
    }
    return Design(**said)


def timed_sampling(run: Prepared, n_draw: int) -> dict[str, Any]:
    """The method, and the core seconds of a draw by it and by plain draws."""
    sampling = run.system.sampling
    if sampling is None:
        return {}
    plain = run._replace(system=run.system._replace(sampling=None))
    n_timed = min(n_draw, DRAWS_PER_GROUP)
    return {
        "method": type(sampling).__name__,
        "core_s": _core_s(run, n_timed),
        "plain_core_s": _core_s(plain, n_timed),
    }


def _core_s(run: Prepared, n_draw: int) -> float:
    """Least core time of a draw, compiled."""
    engine.run_block(run, 0, n_draw)
    spent = []
    for _ in range(TIMED):
        began = time.process_time()
        engine.run_block(run, 0, n_draw)
        spent.append(time.process_time() - began)
    return min(spent) / n_draw


def bought(
    output: Output, column: str, over_flows: np.ndarray, epoch: np.ndarray, design: Design
) -> list[dict[str, Any]]:
    """One output of one column over flows: variance a draw, by the method and by plain draws."""
    if output.interval not in MEANS or design.lacks():
        return []
    own, plain = variances(over_flows, epoch, design)
    told = {"output": output.name, "column": column, "variance": own, "plain_variance": plain}
    return [told] if own > 0 and np.isfinite(own) else []


def told(said: dict[str, Any], design: Design, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """All that the root says of the sampling."""
    slower = said["core_s"] / max(said["plain_core_s"], 1e-12)
    gains = [row | {"gain": row["plain_variance"] / row["variance"] / slower} for row in rows]
    return said | {
        "effective_draws": effective_draws(design.weight),
        "largest_share": float(design.weight.max() / design.weight.sum()),
        "rows": gains,
    }


def unknown(methods: Iterable[str]) -> dict[str, str]:
    """The attribute of a variable some of whose estimates have no value."""
    why = next((method for method in methods if method.startswith(NOT_KNOWN)), "")
    return {UNKNOWN: why} if why else {}


def warnings(design: Design) -> list[str]:
    """Weights that few draws hold."""
    effective = effective_draws(design.weight)
    if why := design.lacks():
        return [
            f"warning: {why}: the columns with threats are not known; take smaller factors, tilt "
            "what is rare alone, or take more draws"
        ]
    if design.stratum is not None or effective >= FEW_EFFECTIVE:
        return []
    return [
        f"warning: {len(design.weight)} draws weigh as {effective:.1f} equal ones: what is common "
        "is not sure, and intervals may be too short; take smaller factors, or more draws"
    ]
