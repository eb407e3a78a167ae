"""The two clocks: epochs on the calendar, and the instants of a scene inside one epoch.

`Snapshot` instants are stratified over the window and jittered inside each stratum, so that their
mean is the mean over the window; they are not neighbours in time, so nothing with a duration can be
scored. `Episode` instants are contiguous steps around a given onset. `Instants` are plain steps
without jitter, for comparison with other programs.
"""

import equinox as eqx
import numpy as np
from jaxtyping import Float64

from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.constants import S_PER_DAY, S_PER_H
from sdn_mc.core.fields import field
from sdn_mc.core.problems import InputError
from sdn_mc.core.random import host_uniform

LONGEST_SCENE_D = 30.0  # float32 seconds are exact to 0.25 s up to here


class Snapshot(eqx.Module):
    """Instants spread over a day or more: probabilities at a random time."""

    start: str | None = field(doc="First epoch (UTC); null: where the fleet starts.", static=True)
    window_h: float = field(unit="h", within=(0.001, 720), doc="Length of each epoch's window.")
    count: int = field(within=(1, 1e6), doc="Instants in each epoch, one a stratum.", static=True)
    n_epoch: int = field(within=(1, 10_000), doc="Epochs, dealt to groups of draws.", static=True)
    epoch_spacing_h: float = field(
        unit="h", within=(0, 1e6), doc="Calendar time from one epoch to the next."
    )
    mode: str = eqx.field(static=True, default="snapshot")

    @property
    def window_s(self) -> float:
        return self.window_h * S_PER_H

    @property
    def onset_s(self) -> float | None:
        return None

    def epoch_start(self, reference: JulianDate, epoch: int) -> JulianDate:
        """Start of an epoch's window."""
        return first_start(self.start, reference).plus_s(epoch * self.epoch_spacing_h * S_PER_H)

    def time_s(self, seed: int, epoch: int) -> Float64[np.ndarray, " time"]:
        """One jittered instant in each stratum, the same for every draw of the epoch."""
        jitter = host_uniform(seed, "times", epoch, self.count)
        return single_precision((np.arange(self.count) + jitter) * (self.window_s / self.count))


class Episode(eqx.Module):
    """Contiguous steps from before a given onset to a horizon: outages, restoration, age."""

    start: str | None = field(doc="First epoch (UTC); null: where the fleet starts.", static=True)
    before_h: float = field(unit="h", within=(0, 720), doc="Time shown before the onset.")
    horizon_h: float = field(unit="h", within=(0.001, 720), doc="Time from the onset to the end.")
    step_s: float = field(unit="s", within=(0.1, 3600), doc="Time between instants.")
    n_epoch: int = field(within=(1, 10_000), doc="Epochs, dealt to groups of draws.", static=True)
    epoch_spacing_h: float = field(
        unit="h", within=(0, 1e6), doc="Calendar time from one epoch to the next."
    )
    mode: str = eqx.field(static=True, default="episode")

    @property
    def window_s(self) -> float:
        return (self.before_h + self.horizon_h) * S_PER_H

    @property
    def onset_s(self) -> float | None:
        return self.before_h * S_PER_H

    def epoch_start(self, reference: JulianDate, epoch: int) -> JulianDate:
        """Start of an epoch's window."""
        return first_start(self.start, reference).plus_s(epoch * self.epoch_spacing_h * S_PER_H)

    def time_s(self, seed: int, epoch: int) -> Float64[np.ndarray, " time"]:
        """Every step from the start to the horizon."""
        del seed, epoch
        return single_precision(np.arange(0.0, self.window_s, self.step_s))


class Instants(eqx.Module):
    """Plain instants, no jitter, one epoch: for comparison with other programs."""

    start: str | None = field(doc="First instant (UTC); null: where the fleet starts.", static=True)
    step_s: float = field(unit="s", within=(0, 86_400), doc="Time between instants.")
    count: int = field(within=(1, 1e6), doc="Number of instants.", static=True)
    mode: str = eqx.field(static=True, default="snapshot")
    n_epoch: int = eqx.field(static=True, default=1)

    @property
    def window_s(self) -> float:
        return max(self.step_s * self.count, 1.0)

    @property
    def onset_s(self) -> float | None:
        return 0.0

    def epoch_start(self, reference: JulianDate, epoch: int) -> JulianDate:
        """The first instant."""
        del epoch
        return first_start(self.start, reference)

    def time_s(self, seed: int, epoch: int) -> Float64[np.ndarray, " time"]:
        """Every step."""
        del seed, epoch
        return np.arange(self.count) * float(self.step_s)


def first_start(start: str | None, reference: JulianDate) -> JulianDate:
    """The start the user gave, or the fleet's reference rounded up to the hour."""
    return reference.next_whole_hour() if start is None else JulianDate.parse(start, "times.start")


def single_precision(time_s: Float64[np.ndarray, " time"]) -> Float64[np.ndarray, " time"]:
    """Times that float32 holds exactly, so that geometry and causes see the same instant."""
    if time_s[-1] > LONGEST_SCENE_D * S_PER_DAY:
        raise InputError(
            f"times: a scene of {time_s[-1] / S_PER_DAY:.1f} days was asked for; at most "
            f"{LONGEST_SCENE_D:.0f} are allowed (seconds are kept in float32); use epochs instead"
        )
    return time_s.astype(np.float32).astype(np.float64)
