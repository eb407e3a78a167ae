"""One row of the summary for each flow: the method that an output names, applied to its table."""

import numpy as np
from jaxtyping import Float, Int

from sdn_mc.core.protocols import Output
from sdn_mc.statistics.estimate import LEVEL, Estimate
from sdn_mc.statistics.mean import mean_interval
from sdn_mc.statistics.quantile import MEDIAN, quantile_interval
from sdn_mc.statistics.share import share_interval
from sdn_mc.statistics.survival import survival_interval
from sdn_mc.statistics.tail import tail_mean_interval
from sdn_mc.statistics.weighted import Design, weighted_interval


def summarise(
    output: Output,
    values: Float[np.ndarray, "draw flow"],
    epoch: Int[np.ndarray, " draw"],
    per_instant: Float[np.ndarray, "epoch time flow"] | None = None,
    *,
    design: Design | None = None,
    level: float = LEVEL,
) -> dict[str, np.ndarray]:
    """Arrays over flows: estimate, low, high, standard_error, count, dof, method.

    Args:
        output: names the method and the possible range of values. "mean", which is taken as a
            share where each draw gave one yes or no; "share" of yes or no;
            "quantile": the median over draws; "survival": the same where inf is "not by the
            horizon"; "tail": the mean of the highest share `output.tail` of the draws.
        values: one value a draw and flow, in draw order.
        epoch: of each draw.
        per_instant: in a snapshot, for a mean over instants: see `spread.spread_of_mean`. None in
            an episode, whose instants are no sample.
        design: how the draws were made; None: plain.
    """
    rows = [
        interval_of(
            output,
            values[:, flow],
            epoch,
            None if per_instant is None else per_instant[:, :, flow],
            level,
            design,
        )
        for flow in range(values.shape[1])
    ]
    return {
        "estimate": np.array([row.value for row in rows]),
        "low": np.array([row.low for row in rows]),
        "high": np.array([row.high for row in rows]),
        "standard_error": np.array([row.standard_error for row in rows]),
        "count": np.array([row.n_draw for row in rows], np.int64),
        "dof": np.array([row.dof for row in rows]),
        "method": np.array([row.method for row in rows]),
    }


def interval_of(
    output: Output,
    values: Float[np.ndarray, " draw"],
    epoch: Int[np.ndarray, " draw"],
    per_instant: Float[np.ndarray, "epoch time"] | None,
    level: float = LEVEL,
    design: Design | None = None,
) -> Estimate:
    """One row of it."""
    if design is not None:
        return weighted_interval(output, values, epoch, per_instant, design, level)
    if output.interval == "mean" and _is_yes_or_no(output, values, per_instant):
        return share_interval(values, epoch, level=level)
    if output.interval == "mean":
        return mean_interval(
            values,
            epoch,
            per_instant=per_instant,
            within=output.within,
            paired=output.pairs == "difference",
            level=level,
        )
    if output.interval == "share":
        return share_interval(values, epoch, level=level)
    if output.interval == "quantile":
        return quantile_interval(values, MEDIAN, epoch, within=output.within, level=level)
    if output.interval == "survival":
        return survival_interval(values, epoch, level=level)
    if output.interval == "tail" and output.tail is not None:
        return tail_mean_interval(values, epoch, output.tail, within=output.within, level=level)
    raise ValueError(f"{output.name}: no interval method is called {output.interval!r}")


def _is_yes_or_no(
    output: Output,
    values: Float[np.ndarray, " draw"],
    per_instant: Float[np.ndarray, "epoch time"] | None,
) -> bool:
    """Did each draw give one yes or no, as it does of a single instant?"""
    one_instant = per_instant is None or per_instant.shape[1] == 1
    is_share = output.within == (0.0, 1.0) and not output.pairs and len(values) > 1
    return one_instant and is_share and bool(np.all((values == 0) | (values == 1)))
