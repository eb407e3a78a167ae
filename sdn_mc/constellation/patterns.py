"""Regular expressions from a configuration, known to be quick.

Model: Python tries the ways in which an expression may match a name one after the other, and there
may be exponentially many. The number of ways is bounded from the parsed expression (alternatives
add up, what follows multiplies, a repetition is the sum over its counts), and one that could keep
the computer busy is refused.
Limits: the bound knows no look-around and no reference back to a group; they are refused too. It
counts every repetition of what has alternatives as many ways, though some are not.
"""

import re
import warnings
from re import _constants as RE  # type: ignore[attr-defined]
from re import _parser as re_parser  # type: ignore[attr-defined]
from typing import Any

from sdn_mc.core.problems import InputError

MAX_WAYS = 10**8  # of matching, over all names: about a second
ONE_WAY = (RE.LITERAL, RE.NOT_LITERAL, RE.ANY, RE.IN, RE.AT)
REPEATS = (RE.MAX_REPEAT, RE.MIN_REPEAT, RE.POSSESSIVE_REPEAT)


def quick_pattern(text: str, where: str, n_name: int, longest: int) -> re.Pattern[str]:
    """The pattern, known to be quick on so many names of at most so many characters."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what a later Python would read otherwise
            pattern = re.compile(text)
            ways = _ways(re_parser.parse(text), longest, MAX_WAYS // max(n_name, 1))
    except (re.error, ValueError, OverflowError, RecursionError, Warning) as error:
        raise InputError(
            f"{where}: the pattern {text!r:.60} is no regular expression ({error!s:.100}); "
            "correct it"
        ) from None
    if ways is None or ways * n_name > MAX_WAYS:
        what = "looks around or back" if ways is None else "may match in too many ways"
        raise InputError(
            f"{where}: the pattern {text!r:.60} {what} to be tried on {n_name} names; write it "
            "without a repetition of what repeats or has alternatives, such as (a+)+ or (a|b)*"
        )
    return pattern


def _ways(items: Any, longest: int, most: int) -> int | None:
    """In how many ways the items may match parts of a text; None where no bound is known.

    Counted up to a little above `most`.
    """
    total = 1
    for kind, given in items:
        if kind in ONE_WAY:
            continue
        if kind is RE.BRANCH:
            parts = [_ways(branch, longest, most) for branch in given[1]]
        elif kind in (RE.SUBPATTERN, RE.ATOMIC_GROUP):
            parts = [_ways(given if kind is RE.ATOMIC_GROUP else given[-1], longest, most)]
        elif kind in REPEATS:
            once = _ways(given[2], longest, most)
            parts = [None if once is None else _repeated(once, given[0], given[1], longest, most)]
        else:
            return None
        if None in parts:
            return None
        total *= sum(part for part in parts if part is not None)
        if total > most:
            return most + 1
    return total


def _repeated(once: int, low: int, high: int, longest: int, most: int) -> int:
    """Ways of something that comes from `low` to `high` times, each time in `once` ways."""
    total, n_time = 0, min(low, longest + 1)
    while n_time <= min(int(high), longest + 1) and total <= most:
        total += once ** min(n_time, 64) if once > 1 else 1
        n_time += 1
    return max(total, 1)
