"""A row of the table of validation, and how its verdict is found.

A check yields rows: what was expected, what was got, how far apart they may be, and who says so.
Random ones are held to four standard deviations: one false alarm in 16,000 rows.
"""

import math
from pathlib import Path
from typing import NamedTuple

PASSED, FAILED = "passed", "FAILED"
SHORT = "short"  # of the design's number, as the README says it is; no regression
SKIPPED = "skipped"
SIGMAS = 4.0
FOUR_SIGMA = 3.2e-5  # chance of so much on one side


class Row(NamedTuple):
    """One comparison."""

    name: str
    expected: float | str
    got: float | str
    tolerance: float | str
    unit: str
    verdict: str
    source: str


class Setting(NamedTuple):
    """What a check may use."""

    seed: int
    quick: bool
    folder: Path  # empty, for files of this check
    data: Path | None  # element sets and tables that are not part of the project


def near(
    name: str, got: float, expected: float, tolerance: float, unit: str, source: str
) -> Row:  # fmt: skip
    """Within a tolerance of a number; NaN is not."""
    apart = abs(got - expected)
    return Row(name, expected, got, tolerance, unit, _verdict(apart <= tolerance), source)


def equal(name: str, got: float | str, expected: float | str, unit: str, source: str) -> Row:
    """The same number or words."""
    return Row(name, expected, got, "exact", unit, _verdict(got == expected), source)


def at_most(name: str, got: float, limit: float, unit: str, source: str) -> Row:
    """No more than a limit."""
    return Row(name, f"<= {shown(limit)}", got, "none", unit, _verdict(got <= limit), source)


def between(name: str, got: float, low: float, high: float, unit: str, source: str) -> Row:
    """From a number to another one."""
    words = f"{shown(low)} to {shown(high)}"
    return Row(name, words, got, "inside", unit, _verdict(low <= got <= high), source)


def share(name: str, k: int, n: int, exact: float, source: str) -> Row:
    """k of n independent trials against their exact probability, at four binomial sigma."""
    sigma = math.sqrt(exact * (1 - exact) / n)
    return near(name, k / n, exact, SIGMAS * sigma, f"of {n}", source)


def floor(name: str, got: float, wanted: float, known: float, unit: str, source: str) -> Row:
    """At least what is wanted; or short of it, and no less than four fifths of what is known."""
    verdict = PASSED if got >= wanted else SHORT if got >= 0.8 * known else FAILED
    words = f"known: {shown(known)}"
    return Row(name, f">= {shown(wanted)}", got, words, unit, verdict, source)


def skipped(name: str, why: str, source: str = "") -> Row:
    """Not judged here, and why."""
    return Row(name, "", why, "", "", SKIPPED, source)


def raised(name: str, error: BaseException) -> Row:
    """A check that could not be finished."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return Row(name, "no error", text[:160], "", "", FAILED, "")


def shown(value: float | str, tolerance: float | str = "") -> str:
    """A number in six digits, or in as many as its tolerance asks for."""
    if isinstance(value, str) or not math.isfinite(value):
        return str(value)
    if value == round(value) and abs(value) < 1e9:
        return f"{value:,.0f}"
    if isinstance(tolerance, str) or tolerance <= 0 or value == tolerance:
        return f"{value:.4g}" if value == tolerance else f"{value:.6g}"
    decimals = max(0, 1 - math.floor(math.log10(tolerance)))
    return f"{value:.{decimals}f}" if abs(value) > tolerance else f"{value:.3g}"


def _verdict(is_good: bool) -> str:
    return PASSED if is_good else FAILED
