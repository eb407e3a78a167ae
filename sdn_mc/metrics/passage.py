"""How messages pass a transport stage: waiting for a path, and the age of what has arrived.

Model: the state of an instant holds until the next one, that of the last until the horizon. With
t_m the instants and L_m the latency of the flow at each (inf: no path), a message that reaches the
stage at s, in the step of instant k, is through it at the earliest arrival

    E(s) = min(s + L_k, A_{k+1}),    A_k = min over m >= k of (t_m + L_m),

and leaves at s, or at the instant that attains A (the first of several; at s where both are equal).
Where latencies are shorter than a step this is: leave at once if there is a path, else at the first
instant that has one. E never falls as s grows, nor as a latency grows, so earliest arrivals of
stages in a row make the earliest arrival of the chain, a message never overtakes an earlier one,
and more outage never makes one earlier. A message that would leave beyond the horizon never does.

One backward pass over the instants gives A and its departures; messages are then looked up.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float64, Int


class Departures(NamedTuple):
    """The best that a message can do by leaving at an instant or later; a last entry: never."""

    time_s: Float64[np.ndarray, " time"]
    end_s: float  # the horizon
    latency_s: Float64[np.ndarray, "draw time"]
    arrival_s: Float64[np.ndarray, "draw timeandnever"]
    leaving_s: Float64[np.ndarray, "draw timeandnever"]


def departures(
    latency_s: Float[np.ndarray, "draw time"], time_s: Float64[np.ndarray, " time"], end_s: float
) -> Departures:
    """The backward pass for one flow in every draw."""
    n_time = len(time_s)
    latency_s = latency_s.astype(np.float64)
    by_leaving_s = np.pad(time_s + latency_s, ((0, 0), (0, 1)), constant_values=np.inf)
    arrival_s = _least_from(by_leaving_s)
    # Where an instant attains its own minimum, so do those before it that wait for it.
    attains = np.where(by_leaving_s == arrival_s, np.arange(n_time + 1), n_time)
    leaving_s = np.append(time_s, np.inf)[_least_from(attains)]
    return Departures(time_s, end_s, latency_s, arrival_s, leaving_s)


def sent(
    table: Departures, at_s: Float64[np.ndarray, "draw release"]
) -> tuple[Float64[np.ndarray, "draw release"], Float64[np.ndarray, "draw release"]]:
    """When messages that reach the stage at `at_s` leave it, and when they arrive; inf: never."""
    here = np.maximum(np.searchsorted(table.time_s, at_s, side="right") - 1, 0)
    now_s = at_s + np.take_along_axis(table.latency_s, here, axis=1)
    now_s = np.where(at_s < table.end_s, now_s, np.inf)
    later_s = np.take_along_axis(table.arrival_s, here + 1, axis=1)
    leaving_s = np.take_along_axis(table.leaving_s, here + 1, axis=1)
    arrives_s = np.minimum(now_s, later_s)
    leaves_s = np.where(later_s < now_s, leaving_s, at_s)
    return np.where(np.isfinite(arrives_s), leaves_s, np.inf), arrives_s


def ages_s(
    release_s: Float64[np.ndarray, " release"],
    arrival_s: Float64[np.ndarray, "draw release"],
    time_s: Float64[np.ndarray, " instant"],
) -> Float64[np.ndarray, "draw instant"]:
    """Time since the release of the newest message there is at the user; inf: none yet.

    Messages arrive in the order of their release.
    """
    n_there = np.stack([np.searchsorted(row, time_s, side="right") for row in arrival_s])
    newest_s = np.append(-np.inf, release_s)[n_there]
    return time_s - newest_s


def _least_from(
    values: Float64[np.ndarray, "draw time"] | Int[np.ndarray, "draw time"],
) -> Float64[np.ndarray, "draw time"] | Int[np.ndarray, "draw time"]:
    """The least of each entry and all later ones."""
    return np.minimum.accumulate(values[:, ::-1], axis=1)[:, ::-1]
