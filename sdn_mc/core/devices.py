"""What stays on a device from block to block, where blocks may go to several devices."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import jax

T = TypeVar("T")


def current_device() -> jax.Device:
    """Where this thread's computations go: see `jax.default_device`."""
    return jax.default_device.value or jax.local_devices()[0]


class OnDevices(Generic[T]):
    """One thing on every device that asks for it, made there once; threads may share it."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: dict[jax.Device, T] = {}
        self._lock = threading.Lock()

    def here(self) -> T:
        """That of the current device."""
        device = current_device()
        with self._lock:
            if device not in self._made:
                self._made[device] = self._make()
            return self._made[device]
