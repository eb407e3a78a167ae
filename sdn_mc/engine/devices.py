"""Which device computes what, for solvers that work on JAX's devices.

The parts of a run are dealt to the devices of this process in turn; each part stays on its own from
the draws to the series. The same code runs on equal devices, so their number changes no bit. What
every part of an epoch reads there is put on each device once.
"""

import threading

import jax

from sdn_mc.core.protocols import Solver
from sdn_mc.engine.types import Place, Wiring

# One is computed while the host prepares the next; each holds its masks in the device's memory.
PARTS_AT_ONCE = 2


def is_on_device(solver: Solver) -> bool:
    """Does the solver take masks on a device?"""
    return getattr(solver, "on_device", False)


def places_of(solver: Solver, wirings: tuple[Wiring, ...]) -> tuple[Place, ...]:
    """Every device of this process; none for a solver that works on the host."""
    devices = jax.local_devices() if is_on_device(solver) else []
    return tuple(
        Place(
            each,
            threading.Semaphore(PARTS_AT_ONCE),
            tuple(_put(wiring, each) for wiring in wirings),
        )
        for each in devices
    )


def _place(device: jax.Device, wirings: tuple[Wiring, ...]) -> Place:
    there = tuple(_put(wiring, device) for wiring in wirings)
    return Place(device, threading.Semaphore(PARTS_AT_ONCE), there)


def _put(wiring: Wiring, device: jax.Device) -> Wiring:
    return wiring._replace(slots=jax.device_put(wiring.slots, device))
