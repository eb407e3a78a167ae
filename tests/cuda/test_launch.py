"""What launching asks of the driver, without one."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from sdn_mc.core import cuda
from sdn_mc.core.cuda import Launch


def test_launches_of_all_sizes_share_a_kernel_that_may_use_all_shared_memory(monkeypatch):
    """Set for each launch, the limit of a later, smaller one would hold for earlier ones too."""
    core = pytest.importorskip("cuda.core", reason="cuda-core is not installed")
    from cuda.bindings import driver

    asked, kernel = [], SimpleNamespace(handle=7)
    properties = SimpleNamespace(max_shared_memory_per_block_optin=232_448)
    device = SimpleNamespace(compute_capability=(9, 0), properties=properties)
    monkeypatch.setattr(core, "Device", lambda _: device)
    loaded = SimpleNamespace(get_kernel=lambda _: kernel)
    monkeypatch.setattr(cuda, "compiled", lambda *_: loaded)
    monkeypatch.setattr(
        driver, "cuKernelSetAttribute", lambda *all_of: asked.append(all_of) or (0,)
    )
    for shared_bytes in (199_168, 198_784, 199_168):
        launch = Launch(Path("none.cu"), "none", (), 1, 32, shared_bytes, ())
        assert cuda._kernel(launch, 0) is kernel
    what = driver.CUfunction_attribute
    most = what.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    assert [(each[0], each[1]) for each in asked if each[0] == most] == [(most, 232_448)]
    assert len(asked) == 2 and all(each[2:] == (7, 0) for each in asked)
    cuda._loaded.cache_clear()
