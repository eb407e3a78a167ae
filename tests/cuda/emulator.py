"""CUDA C++ sources under real threads of the processor, for tests where there is no GPU."""

import ctypes
import functools
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from sdn_mc.core import cuda
from sdn_mc.core.cuda import Launch

EMULATOR = Path(__file__).parent / "emulator.cpp"
ONE_AT_A_TIME = threading.Lock()  # a built emulator has one shared memory


@pytest.fixture
def emulated(monkeypatch):
    """Kernels run here, as if on an H100."""
    if shutil.which("g++") is None:
        pytest.skip("the emulation of CUDA needs g++, which is not installed")
    monkeypatch.setattr(cuda, "on_cpu", emulate)
    monkeypatch.setattr(cuda, "why_not", lambda: None)
    monkeypatch.setattr(cuda, "limits", lambda: cuda.H100)


def emulate(launch: Launch, arguments: Sequence[np.ndarray]) -> None:
    """Run a launch; arguments are numpy arrays where a GPU has pointers."""
    assert launch.shared_bytes <= cuda.H100.shared_bytes
    values = [ctypes.c_void_p(array.ctypes.data) for array in arguments]
    sizes = [ctypes.c_int32(size) for size in launch.sizes]
    every = [*values, *sizes]
    argument = (ctypes.c_void_p * len(every))(*(ctypes.addressof(value) for value in every))
    with ONE_AT_A_TIME:
        _built(launch.source, launch.kernel, launch.macros).run(
            launch.n_block, launch.n_thread, argument
        )


@functools.cache
def _built(source: Path, kernel: str, macros: tuple[tuple[str, int], ...]) -> ctypes.CDLL:
    folder = Path(tempfile.mkdtemp())
    target = folder / f"{kernel}.so"
    defined = [f"-D{name}={value}" for name, value in macros]
    defined += [f'-DSOURCE="{source}"', f"-DKERNEL={kernel}"]
    flags = ["-std=c++20", "-O1", "-pthread", "-shared", "-fPIC", "-w"]
    environment = dict(os.environ, TMPDIR=str(folder))
    subprocess.run(
        ["g++", *flags, *defined, str(EMULATOR), "-o", str(target)], check=True, env=environment
    )
    return ctypes.CDLL(str(target))
