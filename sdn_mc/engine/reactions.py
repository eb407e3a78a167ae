"""Reactions: what is done about the losses of a column, one after the other in a fixed order.

A cause is drawn once and acts in several columns; reactions differ by column. So the windows of a
column with reactions are worked out for it alone, from the same draws: what a reaction returns
stands in the place of the causes' windows, under names of the column's own. Chains have no windows
to react to: a law that some reaction reads keeps its windows, in every column alike.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sdn_mc.core.outage import Spans
from sdn_mc.core.problems import InputError
from sdn_mc.core.protocols import REACTIONS
from sdn_mc.core.scene import Scene
from sdn_mc.engine.causes import Drawn, Reacting, is_answered
from sdn_mc.engine.chains import Chain
from sdn_mc.engine.types import Column


def check_order(threats: Mapping[str, Any]) -> None:
    """Refuse reactions that stand nowhere in the order."""
    for name, threat in threats.items():
        stage = getattr(threat, "reacts", None)
        if hasattr(threat, "react") and stage not in REACTIONS:
            raise InputError(
                f"threats.{name}: it reacts as {stage!r}, which is not in the order; let `reacts` "
                f"be one of {', '.join(REACTIONS)}"
            )


def reactions_of(threats: Mapping[str, Any], column: Column) -> list[str]:
    """The reactions of a column in the order in which they run."""
    names = sorted({name for name in column.causes if hasattr(threats.get(name), "react")})
    return sorted(names, key=lambda name: REACTIONS.index(threats[name].reacts))


def answered_in(threats: Mapping[str, Any], columns: Sequence[Column]) -> frozenset[str]:
    """Causes of columns with reactions."""
    reacting = [column.causes for column in columns if reactions_of(threats, column)]
    return frozenset(cause for causes in reacting for cause in causes)


def after_reactions(
    threats: Mapping[str, Any],
    outages: Mapping[str, Drawn],
    column: Column,
    scene: Scene,
    tables: Mapping[str, Any],
) -> dict[str, Drawn]:
    """What each cause of the column has down once all reactions have run."""
    parts = {cause: list(outages[cause]) for cause in sorted(column.causes)}
    for name in reactions_of(threats, column):
        read = [
            (cause, k)
            for cause, each in parts.items()
            for k, part in enumerate(each)
            if isinstance(part, Spans | Chain) and is_answered(threats[cause], part)
        ]
        spans = [parts[cause][k] for cause, k in read]
        assert not any(isinstance(part, Chain) for part in spans)
        (own,) = (part for part in outages[name] if isinstance(part, Reacting))
        found = own.threat.react(own.state, spans, scene, tables.get(name))
        for (cause, k), replaced in zip(read, found, strict=False):
            parts[cause][k] = replaced
        parts[name] += found[len(read) :]
    return {cause: tuple(each) for cause, each in parts.items()}


def reacted(
    threats: Mapping[str, Any],
    outages: Mapping[str, Drawn],
    columns: Sequence[Column],
    scene: Scene,
    tables: Mapping[str, Any],
) -> tuple[dict[str, Drawn], list[Column]]:
    """Outages with what columns with reactions have of their own, and columns that name it.

    What a reaction hands back as it was stays shared between columns.
    """
    found, acting = dict(outages), []
    for column in columns:
        own: dict[str, Drawn] = {}
        if reactions_of(threats, column):
            own = after_reactions(threats, outages, column, scene, tables)
        named = {
            cause: f"{cause} in {column.name}"  # no cause has blanks in its name
            for cause, parts in own.items()
            if list(map(id, parts)) != list(map(id, outages[cause]))
        }
        found |= {name: own[cause] for cause, name in named.items()}
        causes = tuple(named.get(cause, cause) for cause in column.causes)
        acting.append(Column(column.name, causes))
    return found, acting
