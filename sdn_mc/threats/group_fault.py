"""A given fault of whole groups: at the onset every satellite of a hit group is lost at once.

Model: the event is given, not drawn: it happens in every draw, at `onset_s`; in a snapshot whose
onset is not fixed, at a time uniform over the window. Which of the named groups are hit is drawn
once a draw (`probability` each); all return together after `repair_h`. The default duration,
lognormal with median 2.5 h and sigma 0.5, has the length of the fleet-wide outage of Starlink's
core-network software on 2025-07-24 (19:15 to 21:44 UTC); its spread is an assumption to sweep.
Limits: the whole group goes dark (no frozen paths), no staged recovery.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from sdn_mc.core.constants import S_PER_H
from sdn_mc.core.distributions import Bernoulli, Distribution
from sdn_mc.core.fields import Scalar, field
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.outage import Outage, windows
from sdn_mc.core.problems import InputError
from sdn_mc.core.scene import Scene

GIVEN = "given"
LISTED = 10  # names in a message
PROCESS = "process"


class GroupFault(eqx.Module):
    """Every satellite of a group that is hit fails at the onset and returns after the repair."""

    label: str = field(doc="Which grouping: prime, software, bus, plane, …", static=True)
    groups: tuple[str, ...] | int | None = field(
        doc="The groups that may be hit: names, or how many from the first on; null: all.",
        within=(1, 1_000_000),
        static=True,
    )
    probability: Scalar = field(
        unit="1", within=(0, 1), doc="Chance that a named group is hit, given the event."
    )
    repair_h: Scalar = field(
        unit="h", within=(0, 87_660), doc="Time from the onset to the return.", assumed=True
    )
    onset_s: Scalar | None = field(
        unit="s", within=(0, 2_592_000), doc="Onset in the scene; null: see the model."
    )
    stream: str | None = field(
        doc="Name of the random stream; two faults with one stream share onset and duration.",
        static=True,
    )
    event: str = eqx.field(static=True, default=GIVEN)

    def misfits(self, fleet: Fleet) -> list[str]:
        """Groups that the fleet does not have."""
        return missing_groups(fleet, self.label, self.groups)

    def macros(self, scene: Scene) -> dict[str, Distribution]:
        """Which groups are hit."""
        count = len(named_groups(scene, self.label, self.groups))
        return {"hit": Bernoulli(self.probability, shape=(count,))}

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """One window for each group that is hit."""
        del key, prepared
        named = named_groups(scene, self.label, self.groups)
        hit = jnp.zeros(scene.fleet.n_group(self.label), bool).at[named].set(macros["hit"])
        onset_s = macros["onset_s"]
        return windows(onset_s, onset_s + self.repair_h * S_PER_H, of=self.label, when=hit)


def named_groups(scene: Scene, label: str, groups: tuple[str, ...] | int | None) -> np.ndarray:
    """Indices of the named groups under a label; clear messages where they do not exist."""
    if problems := missing_groups(scene.fleet, label, groups):
        raise InputError(problems)
    names = scene.fleet.group_names[label]
    chosen = names if groups is None else names[:groups] if isinstance(groups, int) else groups
    return np.array([names.index(group) for group in chosen], np.int64)


def missing_groups(fleet: Fleet, label: str, groups: tuple[str, ...] | int | None) -> list[str]:
    """What is wrong with a label and the names of its groups, for this fleet."""
    names = fleet.group_names
    if label not in names:
        return [
            f"the fleet has no grouping {label!r}; it has {', '.join(sorted(names))}; "
            f"name one of them, or add a rule under constellation.labels.{label}"
        ]
    if isinstance(groups, int):
        count = len(names[label])
        told = f"{groups} groups of {label!r} asked for, but the fleet has {count}; ask for fewer"
        return [told] if groups > count else []
    missing = [group for group in groups or () if group not in names[label]]
    if not missing:
        return []
    given, known = _listed([repr(group) for group in missing]), _listed(names[label])
    what = "no group" if len(missing) == 1 else f"{len(missing)} times no group"
    return [f"{what} of {label!r} is named {given}; there are {known}; correct the name"]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:LISTED]) + (", …" if len(names) > LISTED else "")
