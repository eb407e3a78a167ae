"""What every propagator does at the end: count what failed, wrap angles."""

import numpy as np
from jaxtyping import Bool, Float64, Int8

from sdn_mc.core.fleet import CARRIES_TRAFFIC, Status


def status_after(
    status: Int8[np.ndarray, " sat"], failed: Bool[np.ndarray, " sat"]
) -> Int8[np.ndarray, " sat"]:
    """Fleet status with the failures added; who carried no traffic anyway keeps that reason."""
    lost = failed & np.isin(status, CARRIES_TRAFFIC)
    return np.where(lost, np.int8(Status.PROPAGATION_ERROR), status)


def wrapped_deg(angle_rad: Float64[np.ndarray, " sat"]) -> Float64[np.ndarray, " sat"]:
    """Degrees in [0, 360): a tiny negative angle, which `%` rounds up to 360, is 0."""
    degrees = np.rad2deg(angle_rad) % 360
    return np.where(degrees == 360, 0.0, degrees)
