"""What metrics see in the masks of a column, beside its routes: on the host, only where asked for.

Metrics with the verb `observe` are given the masks of the present, whatever age routing knows.
"""

from collections.abc import Iterable
from typing import Any

import jax
import numpy as np

from sdn_mc.core.network import Masks
from sdn_mc.core.protocols import Metric
from sdn_mc.core.scene import Scene
from sdn_mc.engine.scenes import network_of


def observed_in(
    masks: Masks, metrics: Iterable[Metric], scene: Scene, count: int
) -> dict[str, np.ndarray] | None:
    """Everything that metrics observe, arrays [draw, time, ...] by name; None where none does."""
    observers = [metric for metric in metrics if hasattr(metric, "observe")]
    if not observers:
        return None
    here, network = jax.tree.map(_read_only, masks), network_of(scene)
    found: dict[str, np.ndarray] = {}
    for metric in observers:
        for name, values in metric.observe(here, network, scene).items():
            found[name] = values[:count]
    return found


def _read_only(words: Any) -> np.ndarray:
    """Contiguous words of the host, of one type for compiled code wherever they come from."""
    view = np.ascontiguousarray(words).view()
    view.flags.writeable = False
    return view
