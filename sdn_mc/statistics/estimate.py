"""A result with its uncertainty."""

from typing import NamedTuple

LEVEL = 0.95  # nominal coverage of every two-sided interval, unless a caller says otherwise
NOT_KNOWN = "not known"  # how the method of an estimate without a value begins
UNBOUNDED = (-float("inf"), float("inf"))


class Estimate(NamedTuple):
    """A value, its interval, and how it was found. `standard_error` is inf where unknown."""

    value: float
    low: float
    high: float
    standard_error: float
    n_draw: int
    dof: float  # degrees of freedom of the standard error; inf where it has none to speak of
    method: str
