"""Deep space: satellites with a period of 225 min and more, by the `sgp4` package on the host.

The Sun, the Moon and resonances with the Earth's turning need the SDP4 branch (Hoots & Roehrich
1980, section 7; Vallado et al. 2006), whose integration depends on the data; relays are few, so the
package, which reproduces the published verification set, computes them once. WGS-72, improved mode.
Treating them as near-earth instead would cost 15 km a day in geostationary orbit and up to 1,300 km
in highly eccentric ones.
"""

import numpy as np
from jaxtyping import Bool, Float64, UInt8
from sgp4.api import WGS72, Satrec, SatrecArray

from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.constants import S_PER_DAY, TWO_PI
from sdn_mc.core.fleet import Elements
from sdn_mc.propagation.kozai import brouwer_mean_motion_rad_min

DEEP_SPACE_PERIOD_MIN = 225.0  # Hoots & Roehrich 1980, section 4
EPOCH_ORIGIN_JD = 2433281.5  # 1949-12-31 00:00, from which the package counts days


def is_deep_space(elements: Elements) -> Bool[np.ndarray, " sat"]:
    """Whose period, from Brouwer's mean motion, is 225 min or longer."""
    with np.errstate(all="ignore"):
        motion = brouwer_mean_motion_rad_min(
            elements.mean_motion_rad_min, elements.eccentricity, elements.inclination_rad
        )
        return TWO_PI / motion >= DEEP_SPACE_PERIOD_MIN


def deep_space_positions(
    elements: Elements, start: JulianDate, time_s: Float64[np.ndarray, " time"]
) -> tuple[Float64[np.ndarray, "time sat xyz"], UInt8[np.ndarray, "sat time"]]:
    """TEME positions, km, and the package's error codes; a failed one stands at the centre."""
    day = np.full(len(time_s), start.day)
    code, position_km, _ = SatrecArray(_records(elements)).sgp4(
        day, start.fraction + time_s / S_PER_DAY
    )
    finite = np.isfinite(position_km).all(axis=-1)
    code = np.where(finite, code, np.maximum(code, 1)).astype(np.uint8)
    kept = np.where((code == 0)[..., None], position_km, 0.0)
    return kept.transpose(1, 0, 2), code


def deep_space_mean(
    elements: Elements, instant: JulianDate
) -> tuple[Float64[np.ndarray, "sat element"], UInt8[np.ndarray, " sat"]]:
    """Axis (Earth radii), eccentricity, inclination, node, perigee, anomaly (rad); error codes."""
    rows, codes = [], []
    for record in _records(elements):
        code, _, _ = record.sgp4(instant.day, instant.fraction)
        rows.append((record.am, record.em, record.im, record.Om, record.om, record.mm))
        codes.append(code)
    return np.array(rows).reshape(-1, 6), np.array(codes, np.uint8)


def _records(elements: Elements) -> list[Satrec]:
    return [_record(elements, k) for k in range(len(elements))]


def _record(elements: Elements, k: int) -> Satrec:
    record = Satrec()
    record.sgp4init(
        WGS72,
        "i",
        0,  # catalogue number: of no effect
        elements.epoch_day[k] + elements.epoch_fraction[k] - EPOCH_ORIGIN_JD,
        elements.bstar_per_radius[k],
        0.0,  # derivatives of the mean motion: SGP4 does not use them
        0.0,
        elements.eccentricity[k],
        elements.argument_of_perigee_rad[k],
        elements.inclination_rad[k],
        elements.mean_anomaly_rad[k],
        elements.mean_motion_rad_min[k],
        elements.raan_rad[k],
    )
    # One number is enough to place the Sun and the Moon, not to count the time since the epoch.
    record.jdsatepoch = elements.epoch_day[k]
    record.jdsatepochF = elements.epoch_fraction[k]
    return record
