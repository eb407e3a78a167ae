"""Calendar instants as two-part Julian dates (UTC), exact to a microsecond over decades."""

import datetime as dt
from typing import NamedTuple

from sdn_mc.core.constants import S_PER_DAY
from sdn_mc.core.problems import InputError

UNIX_EPOCH_JD = 2440587.5  # 1970-01-01T00:00:00 UTC
_ORIGIN = dt.datetime(1970, 1, 1)


class JulianDate(NamedTuple):
    """A UTC instant: `day` is a whole or half number of days, `fraction` the rest of the day."""

    day: float
    fraction: float

    @classmethod
    def parse(cls, text: str, where: str = "instant") -> "JulianDate":
        """From ISO 8601 in UTC ("2027-01-01T00:00:00Z"); a bare text is taken as UTC."""
        try:
            given = dt.datetime.fromisoformat(str(text).strip().replace("Z", "+00:00"))
        except ValueError:
            raise InputError(
                f"{where}: {text!r} is not an instant; write it as 2027-01-01T00:00:00Z"
            ) from None
        if given.tzinfo is not None:
            given = given.astimezone(dt.UTC).replace(tzinfo=None)
        since = given - _ORIGIN
        seconds = since.seconds + since.microseconds / 1e6
        return cls(UNIX_EPOCH_JD + since.days, seconds / S_PER_DAY)

    def plus_s(self, seconds: float) -> "JulianDate":
        """The instant `seconds` later (or earlier)."""
        days, fraction = divmod(self.fraction + seconds / S_PER_DAY, 1.0)
        return JulianDate(self.day + days, fraction)

    def seconds_since(self, other: "JulianDate") -> float:
        """Seconds from `other` to this instant."""
        return ((self.day - other.day) + (self.fraction - other.fraction)) * S_PER_DAY

    def iso(self) -> str:
        """ISO 8601 in UTC to the second, or to the microsecond where it is not whole."""
        micro = round(((self.day - UNIX_EPOCH_JD) + self.fraction) * S_PER_DAY * 1e6)
        return (_ORIGIN + dt.timedelta(microseconds=micro)).isoformat() + "Z"

    def next_whole_hour(self) -> "JulianDate":
        """This instant if it is a whole hour, else the next whole hour."""
        seconds = round(self.fraction * S_PER_DAY, 6)
        return JulianDate(self.day, -(-seconds // 3600) * 3600 / S_PER_DAY).plus_s(0.0)
