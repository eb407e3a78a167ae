"""Losses that a column counts twice, by what its causes say of themselves.

A process whose rate has all losses of some kind in it `covers` that kind; one whose rate is a share
of them is `part_of` it. Given events have no rate, so nothing is counted twice beside them.
"""

from collections.abc import Mapping, Sequence

from sdn_mc.core.protocols import Threat
from sdn_mc.engine import Column


def counted_twice(threats: Mapping[str, Threat], columns: Sequence[Column]) -> list[str]:
    """One warning for all columns in which a cause that covers all acts beside a part of it."""
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for column in columns:
        for kind in sorted({_of(threats[c], "covers") for c in column.causes} - {""}):
            whole = tuple(c for c in column.causes if _of(threats[c], "covers") == kind)
            part = tuple(c for c in column.causes if _of(threats[c], "part_of") == kind)
            if len(whole) + len(part) > 1:
                found.setdefault((whole, part), []).append(column.name)
    if not found:
        return []
    told = [
        f"{' and '.join((*whole, *part))} in {', '.join(names)}"
        for (whole, part), names in found.items()
    ]
    return [
        f"warning: losses are counted twice by {'; '.join(told)}: the rate of "
        f"{', '.join(dict.fromkeys(c for whole, _ in found for c in whole))} has all causes in it, "
        "so take the others' share off it, or leave one out"
    ]


def _of(threat: Threat, word: str) -> str:
    return str(getattr(threat, word, ""))
