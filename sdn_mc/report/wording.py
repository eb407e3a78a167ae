"""What every drawing of a figure says: its title, its axes, what to read, what would give it.

For the page and for paper alike; what only one of them can do (menus, pointing) it says itself.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from sdn_mc.report.sweep_data import DONE, key_of, metric_words

INTERVAL = "Bars and bands are 95 % intervals of sampling error alone."
OVER_DRAWS = (
    "Bands are 95 % intervals of sampling error over draws, for the run's epochs and instants as "
    "they are; the intervals of the tables hold their error too."
)
WEIGHTED = (
    "Draws of unequal weight: figures over draws need plain draws (sampling=null); the estimates "
    "of the summary hold the weights."
)
MISSING = {
    "availability": "Availability: list `availability` in metrics.",
    "through_time": "Availability through time: keep the latency series with store.paths=all.",
    "latency": "Latency distribution: keep the latency series with store.paths=all.",
    "map": "World map of availability: list `availability` in metrics.",
    "what_hurts": "What hurts most: list `availability` in metrics, and threats.",
    "restored": "Time to restore: times=episode, and `time_to_restore` in metrics.",
    "outages": "Outage durations: times=episode, and `continuity` in metrics.",
    "budget": "Stage budget: `chain` or `missile_warning` in metrics, with times=episode.",
    "concentration": "Concentration: the fleet has no labels.",
}  # of a run, in their order; what is said where one cannot be shown
MISSING_OF_STUDY = {
    "decisions": "Differences over the assumptions: compare cases in study.compare.",
    "concentration_loss": (
        "Concentration against loss: compare cases whose fleets differ in a label, with "
        "`availability` in metrics."
    ),
}

MISSING_OF_SWEEP = {
    "response": "Responses: sweep a key over several values, as KEY=a,b,c.",
    "surface": "Surfaces: sweep two keys whose values are numbers, over several values each.",
}


class Wording(NamedTuple):
    """Words of one figure; an axis of names has none."""

    title: str
    x: str
    y: str
    words: str


def axis_words(values: xr.DataArray) -> str:
    """What a coordinate is, with its unit."""
    return f"{values.attrs['long_name']} ({values.attrs['units']})"


def availability(data: xr.Dataset) -> Wording:
    words = f"Mean over draws of each draw's share of instants with a path. {INTERVAL}"
    n_shown, n_flow = data.sizes["flow"] - 1, data.attrs["n_flow"]
    if n_flow > n_shown:
        words += f" Of {n_flow} flows the {n_shown} least available are shown."
    return Wording("Availability by flow", "availability (share of time with a path)", "", words)


def through_time(data: xr.Dataset) -> Wording:
    axes = axis_words(data["time"]), "share of flows with a path"
    words = "Mean over draws of the share of flows with a path"
    if data.attrs["is_snapshot"]:
        return Wording(
            "Availability through the window",
            *axes,
            f"{words}, in parts of the window, all days taken together. {OVER_DRAWS} A given event "
            "strikes at a random time, so its loss is spread over the window.",
        )
    return Wording(
        "Resilience: service before, during and after the onset",
        *axes,
        f"{words}. {OVER_DRAWS} Thin lines hold nine of ten draws of the main column. A mean over "
        "draws is shallower and smoother than any draw: depth, area lost and time to recover, "
        "where computed, are measured draw by draw and stand in the table of all metrics.",
    )


def latency(data: xr.Dataset) -> Wording:
    return Wording(
        "Latency distribution",
        axis_words(data["latency"]),
        "share of all times delivered by then",
        "Share of all times, of all draws, at which a message arrives within the latency. What is "
        "not delivered never arrives, so each curve ends at the availability, not at 1. "
        f"{INTERVAL if data.attrs['is_snapshot'] else OVER_DRAWS}",
    )


def world_map() -> Wording:
    return Wording(
        "World map of availability",
        "longitude (deg east)",
        "latitude (deg north)",
        "Availability of every flow, along the great circle between its ends; of many flows, or "
        "where an end is any of several sites, at the source. Coastlines: Natural Earth. Intervals "
        "stand in the data.",
    )


def what_hurts(data: xr.Dataset) -> tuple[Wording, dict[str, str]]:
    """And what each kind of row is."""
    words = (
        "Availability over flows, healthy minus attacked in the same draws: a paired difference. "
        f"{INTERVAL}"
    )
    axis, kinds = "availability lost (share of time)", {"lost": "lost against the healthy column"}
    if "saved" in data["kind"].values:
        axis = "availability lost or saved (share of time)"
        kinds = {"lost": "lost with it", "saved": "saved without it, all others acting"}
        words += (
            " Alone a cause may cost little and still matter beside others, or the other way "
            "round: so both are told."
        )
    return Wording("What hurts most", axis, "", words), kinds


RESTORED = Wording(
    "Time to restore",
    "time since the onset (h)",
    "share of draws not yet restored",
    "Share of draws in which the median flow is still without unbroken service, by Kaplan and "
    f"Meier; those not restored within the horizon are censored there. {OVER_DRAWS}",
)
OUTAGES = Wording(
    "Outage durations",
    "duration (min)",
    "share of draws with a longer outage",
    "Longest outage of the worst user of each draw, within the horizon; one still open at its "
    f"end counts for its part inside. {OVER_DRAWS}",
)


def budget(chain: str) -> Wording:
    return Wording(
        f"Stage budget: {chain}",
        "time (s), logarithmic",
        "",
        f"Mean time in each stage of the messages of {chain} that arrive, median over draws, and "
        "waiting for a path. A stage of 0 s has no place on a logarithmic axis. Read it beside the "
        f"share undelivered in the table of all metrics. {INTERVAL}",
    )


CONCENTRATION = Wording(
    "Concentration",
    "effective number of groups (1 / HHI)",
    "",
    "As how many equal suppliers each kind counts; 1: all satellites hang on one. A property "
    "of the fleet, without sampling error.",
)


def decisions(data: xr.Dataset) -> Wording:
    pair = f"{data.attrs['first']} minus {data.attrs['second']}"
    unit = "s" if data["value"].attrs.get("units") == "s" else "share"
    return Wording(
        "Differences over the assumptions",
        f"{data.attrs['measure']}, {pair} ({unit})",
        "",
        "Paired difference on common draws as assumed (top), then with one assumption changed. "
        f"{INTERVAL}",
    )


def concentration_loss(data: xr.Dataset) -> Wording:
    label = data.attrs["label"]
    return Wording(
        "Concentration against loss",
        f"concentration of {label} (HHI: 1 is all in one group)",
        "availability lost (share of time)",
        "What each case loses in each of its columns, against how concentrated its fleet is by "
        f"{label}. {INTERVAL} Cases differ in more than concentration.",
    )


def sweep_response(data: xr.Dataset) -> Wording:
    """Of `sweep_slices.along`."""
    key = key_of(data[data.attrs["along"]])
    words = f"{key.key}: {key.meaning} Over flows. {INTERVAL}{_held(data)}"
    if np.isinf(data["value"].values).any():
        words += " ∞ at the upper edge: no path at that share of the times, so no line goes there."
    if (data["status"] != DONE).any():
        words += " × at the lower edge: a point that is not done, or has failed; it has no value."
    return Wording(f"Response to {key.name}", key.title(), metric_words(data), words)


def sweep_surface(data: xr.Dataset) -> Wording:
    """Of `sweep_slices.over`."""
    x, y = (key_of(data[data.attrs[axis]]) for axis in ("along", "over"))
    words = (
        f"{x.key}: {x.meaning} {y.key}: {y.meaning} Over flows, column {data.attrs['column']}, "
        f"printed where the values fit; intervals stand in the data.{_held(data)} Lines stand at "
        "the round values ticked beside the colours, straight between points. Colours span all "
        "values of the metric in this column, and no less than its widest 95 % interval."
    )
    if np.isinf(data["value"].values).any():
        words += " ∞: no path at that share of the times."
    if (data["status"] != DONE).any():
        words += " Blank with ×: a point that is not done, or has failed."
    return Wording(f"{x.name} and {y.name} together", x.title(), y.title(34), words)


def _held(data: xr.Dataset) -> str:
    """Where the keys stand that are on no axis."""
    return f" Held: {data.attrs['held']}." if data.attrs["held"] else ""
