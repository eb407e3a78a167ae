"""What the figures show, as labelled arrays: read from a result, or found by `statistics`.

Each function takes an open result and returns a dataset with units and long names, or None where
the run has not computed what it needs. Estimates have `low` and `high`, the ends of their 95 %
interval, beside `value`. Nothing here knows how it is drawn, so that any drawing shows the same.
"""

from sdn_mc.report.figures_data.episodes import longest_gaps, stage_budget, still_waiting
from sdn_mc.report.figures_data.losses import concentration, what_hurts
from sdn_mc.report.figures_data.places import arcs, great_circle, on_map, places_of
from sdn_mc.report.figures_data.reading import (
    ALL,
    ALONE,
    ENDS,
    HEALTHY,
    OVER_FLOWS,
    WITHOUT,
    about,
    array,
    as_csv,
    availability,
    columns_of,
    ends_of,
    estimates,
    is_plain,
    is_snapshot,
    shown_columns,
    shown_flows,
)
from sdn_mc.report.figures_data.series import latencies, latency_shares, through_time
from sdn_mc.report.figures_data.studies import (
    RUNS,
    base_runs,
    concentration_and_loss,
    differences,
)

__all__ = [
    "ALL",
    "ALONE",
    "ENDS",
    "HEALTHY",
    "OVER_FLOWS",
    "RUNS",
    "WITHOUT",
    "about",
    "arcs",
    "array",
    "as_csv",
    "availability",
    "base_runs",
    "columns_of",
    "concentration",
    "concentration_and_loss",
    "differences",
    "ends_of",
    "estimates",
    "great_circle",
    "is_plain",
    "is_snapshot",
    "latencies",
    "latency_shares",
    "longest_gaps",
    "on_map",
    "places_of",
    "shown_columns",
    "shown_flows",
    "stage_budget",
    "still_waiting",
    "through_time",
    "what_hurts",
]
