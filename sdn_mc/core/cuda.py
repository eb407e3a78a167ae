"""CUDA C++ inside `jax.jit`: compiled when first needed, launched on XLA's own stream.

NVRTC compiles a source file with a few constants (`macros`) for the device at hand; no compiler has
to be installed. The launch is a buffer callback: it gets the device pointers of XLA's arrays,
enqueues the kernel and returns, so nothing is copied and the host does not wait. Where there is no
GPU, the same call may be lowered for one and compiled, and tests run the same source under real
threads of the processor in place of `on_cpu`.

Needs the extra `gpu`. Limits: not under `jax.export`, nor inside CUDA graphs.
"""

import functools
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.experimental.buffer_callback import buffer_callback

STANDARD = "c++17"
ALL_OF_IT = 100  # percent of the first cache that may be shared memory
RESERVED_BYTES = 1024  # of shared memory, by CUDA in every block
INSTALL = "pip install 'sdn-mc[gpu]'"


class Launch(NamedTuple):
    """One kernel and how it is started; hashable, and known before anything is computed."""

    source: Path
    kernel: str
    macros: tuple[tuple[str, int], ...]
    n_block: int
    n_thread: int  # in a block
    shared_bytes: int  # of dynamic shared memory in a block
    sizes: tuple[int, ...]  # int32 arguments that follow the pointers


class Limits(NamedTuple):
    """What a device can do."""

    n_multiprocessor: int
    shared_bytes: int  # that one block may ask for


H100 = Limits(n_multiprocessor=132, shared_bytes=232_448)  # "CUDA C++ Programming Guide", table 21


def launched(
    launch: Launch, outputs: Sequence[jax.ShapeDtypeStruct], *inputs: Any
) -> tuple[Any, ...]:
    """The outputs of one launch; its arguments are the inputs, the outputs, then the sizes."""
    on_device = buffer_callback(functools.partial(_enqueue, launch), tuple(outputs))
    elsewhere = buffer_callback(functools.partial(_emulate, launch), tuple(outputs))
    return tuple(jax.lax.platform_dependent(*inputs, cpu=elsewhere, cuda=on_device))


def why_not() -> str | None:
    """Why kernels cannot run on JAX's default device, and what to do; None if they can."""
    backend = jax.default_backend()
    if backend != "gpu":
        return f"JAX's default device is a {backend}, and this needs an NVIDIA GPU"
    try:
        import cuda.bindings.driver  # noqa: F401
        from cuda.core import Device, LaunchConfig, Program, Stream, launch  # noqa: F401
    except ImportError as error:
        return f"{error.name} is not installed, or too old; {INSTALL}"
    return None


def limits() -> Limits:
    """Of JAX's default device."""
    from cuda.core import Device

    properties = Device(jax.local_devices()[0].local_hardware_id).properties
    return Limits(properties.multiprocessor_count, properties.max_shared_memory_per_block_optin)


def on_cpu(launch: Launch, arguments: Sequence[np.ndarray]) -> None:
    """Stands for the launch where there is no GPU; tests put an emulation here."""
    raise RuntimeError(f"{launch.kernel}: {why_not()}")


@functools.cache
def compiled(source: Path, macros: tuple[tuple[str, int], ...], architecture: str) -> Any:
    """A source for one architecture, such as sm_90, as an object that kernels are taken from."""
    from cuda.core import Program, ProgramOptions

    defined = [f"{name}={value}" for name, value in macros]
    options = ProgramOptions(arch=architecture, std=STANDARD, define_macro=defined or None)
    return Program(source.read_text(), "c++", options=options).compile("cubin")


_one_at_a_time = threading.Lock()  # threads that ask at once would compile several times


def _kernel(launch: Launch, device: int) -> Any:
    with _one_at_a_time:
        return _loaded(launch.source, launch.kernel, launch.macros, device)


@functools.cache
def _loaded(source: Path, kernel: str, macros: tuple[tuple[str, int], ...], device: int) -> Any:
    """The kernel with leave to use all the shared memory that a device gives one block.

    The leave belongs to the kernel, which launches of different sizes share: so it is for all.
    """
    from cuda.bindings import driver
    from cuda.core import Device

    major, minor = Device(device).compute_capability
    found = compiled(source, macros, f"sm_{major}{minor}").get_kernel(kernel)
    what = driver.CUfunction_attribute
    most = Device(device).properties.max_shared_memory_per_block_optin
    for name, value in (
        (what.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, most),
        (what.CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, ALL_OF_IT),
    ):
        (error,) = driver.cuKernelSetAttribute(name, value, found.handle, device)
        if int(error):
            raise RuntimeError(f"{kernel}: {name.name} = {value}: {error}")
    return found


def _enqueue(launch: Launch, context: Any, outputs: Sequence[Any], *inputs: Any) -> None:
    """Start the kernel on XLA's stream; runs on a thread of XLA's."""
    from cuda.core import LaunchConfig, Stream
    from cuda.core import launch as start

    stream = Stream.from_handle(context.stream)
    stream.device.set_current()
    pointers = [each.__cuda_array_interface__["data"][0] for each in (*inputs, *outputs)]
    shape = LaunchConfig(grid=launch.n_block, block=launch.n_thread, shmem_size=launch.shared_bytes)
    sizes = [np.int32(size) for size in launch.sizes]
    start(stream, shape, _kernel(launch, stream.device.device_id), *pointers, *sizes)


def _emulate(launch: Launch, context: Any, outputs: Sequence[Any], *inputs: Any) -> None:
    on_cpu(launch, [np.asarray(each) for each in (*inputs, *outputs)])
