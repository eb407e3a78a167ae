"""Arrays that stay on a device from block to block, where blocks may go to several devices."""

import threading
from collections.abc import Mapping
from typing import Any

import jax


def current_device() -> jax.Device:
    """Where this thread's computations go: see `jax.default_device`."""
    chosen = jax.config.jax_default_device  # type: ignore[attr-defined]
    return jax.devices(chosen)[0] if isinstance(chosen, str) or chosen is None else chosen


class OnDevices:
    """The same arrays on every device that asks for them, each put there once."""

    def __init__(self, arrays: Mapping[str, Any]):
        self._arrays = dict(arrays)
        self._by_device: dict[jax.Device, dict[str, jax.Array]] = {}
        self._lock = threading.Lock()

    def here(self) -> dict[str, jax.Array]:
        """The arrays on the current device."""
        device = current_device()
        with self._lock:
            if device not in self._by_device:
                self._by_device[device] = jax.device_put(self._arrays, device)
            return self._by_device[device]
