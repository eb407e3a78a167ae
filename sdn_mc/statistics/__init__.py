"""Scores of many draws: intervals that hold when draws share epochs and instants.

Pure functions of the table of per-draw values, in draw order.
"""

from sdn_mc.statistics.estimate import NOT_KNOWN, Estimate
from sdn_mc.statistics.mean import instants_interval, mean_interval, paired_difference
from sdn_mc.statistics.proportion import clopper_pearson, wilson, zero_events_bound
from sdn_mc.statistics.quantile import quantile_interval
from sdn_mc.statistics.share import share_interval
from sdn_mc.statistics.stopping import Look, half_width, is_enough, least_events, looks
from sdn_mc.statistics.summary import interval_of, summarise
from sdn_mc.statistics.survival import (
    kaplan_meier,
    median_time,
    survival_interval,
)
from sdn_mc.statistics.tail import tail_mean_interval, worst_part
from sdn_mc.statistics.weighted import Design, as_plain, effective_draws, not_known, variances

__all__ = [
    "NOT_KNOWN",
    "Design",
    "Estimate",
    "Look",
    "as_plain",
    "clopper_pearson",
    "effective_draws",
    "half_width",
    "instants_interval",
    "interval_of",
    "is_enough",
    "kaplan_meier",
    "least_events",
    "looks",
    "mean_interval",
    "median_time",
    "not_known",
    "paired_difference",
    "quantile_interval",
    "share_interval",
    "summarise",
    "survival_interval",
    "tail_mean_interval",
    "variances",
    "wilson",
    "worst_part",
    "zero_events_bound",
]
