"""`field`: a component's parameter with its unit, range and meaning, written once, read everywhere.

`config` checks ranges, `sdn-mc explain` prints them, the store records them. Ranges are not checked
in `__init__`, because JAX rebuilds components with placeholders inside.
"""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float

from sdn_mc.core.distributions import Distribution

# One number that may be swept without recompiling, or a distribution to draw it from. A component's
# verbs see the number only, so type checkers are told nothing of the distribution.
# A `Constant` may be swept too, but not drawn: a cause needs it before there are draws (`prepare`).
if TYPE_CHECKING:
    Scalar = Any
    Constant = Any
else:
    Constant = float | Float[Array, ""] | Float[np.ndarray, ""]
    Scalar = Constant | Distribution


@dataclasses.dataclass(frozen=True)
class FieldInfo:
    """What a reader must know of one parameter."""

    unit: str
    doc: str
    within: tuple[float | int, float | int] | None
    choices: tuple[str, ...] | None
    reads: str | None
    assumed: bool
    drawn: bool


def field(
    *,
    doc: str,
    unit: str = "",
    within: tuple[float | int, float | int] | None = None,
    choices: Sequence[str] | None = None,
    reads: str | None = None,
    assumed: bool = False,
    drawn: bool = False,
    static: bool = False,
) -> Any:
    """A parameter of a component.

    Args:
        doc: what it means, one sentence.
        unit: the user's unit ("h", "km", "deg", "1" for a share); "" for text and choices.
        within: lowest and highest allowed value, both included.
        choices: the allowed words.
        reads: the field holds a path; `sources` reads it in this form ("sites", "pairs",
            "elements", "losses", "table") and the component receives the records instead.
        assumed: no public source states the value: sweep it. Listed in every result.
        drawn: of a metric: may be a distribution, which its `macros` then name.
        static: changes code or shapes, so a new value compiles anew.
    """
    info = FieldInfo(unit, doc, within, tuple(choices) if choices else None, reads, assumed, drawn)
    return eqx.field(static=static or choices is not None, metadata={"sdn_mc": info})


def fields_of(component: Any) -> dict[str, FieldInfo]:
    """The parameters of a component (or its class), by name."""
    return {
        f.name: f.metadata["sdn_mc"]
        for f in dataclasses.fields(component)
        if "sdn_mc" in f.metadata
    }
